"""The tool calls of one `Act`: each passes the gate, is run by the driver, and gets one result.

Approving, editing, denying and stopping happen here, per call, while the loop rests on its line.
The assistant message is never touched: what the person changed is said in the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

from nbagent.events import ApprovalAsked, ApprovalGiven, Event, ToolFinished, ToolStarted
from nbagent.messages import Content, Message, Part, ToolCall, json_bytes
from nbagent.policy import Allow, Deny, Edit, Gate, ProposedCall, Wait
from nbagent.redact import Redactor
from nbagent.run.work import Decide, Decision, RunTool
from nbagent.tools import ToolResult, Toolset

STOPPED = "Stopped by the user before it ran; do not retry unless they ask."


class PendingCalls:
    """Answers the calls of one `Act`, in order.

    Args:
        calls: the calls that the loop wants run.
        places: where each of them stands among the step's calls.
        step: the step they belong to.
        tools: where they are looked up.
        gate: asked before each one.
        redact: everything that a tool returns passes it.
        emit: where events go.
    """

    def __init__(
        self,
        calls: Sequence[ToolCall],
        *,
        places: Sequence[int],
        step: int,
        tools: Toolset,
        gate: Gate,
        redact: Redactor,
        emit: Callable[[Event], None],
    ) -> None:
        self.calls = list(calls)
        self._places = list(places)
        self._step = step
        self._tools = tools
        self._gate = gate
        self._redact = redact
        self._emit = emit
        self._results: list[ToolResult] = []
        self._decision: Decision | None = None
        self._edited: dict[str, Any] | None = None

    @property
    def answered(self) -> bool:
        """Whether every call has its result."""
        return len(self._results) == len(self.calls)

    @property
    def _call(self) -> ToolCall:
        return self.calls[len(self._results)]

    @property
    def _index(self) -> int:
        return self._places[len(self._results)]

    def next(self) -> RunTool | Decide | None:
        """What to do now: run a call, ask the person about one, or nothing (all are answered)."""
        while not self.answered:
            call = self._call
            arguments = self._tools.arguments_of(call)
            verdict = self._verdict(call)
            if isinstance(verdict, Wait):
                name = call["function"]["name"]
                self._emit(
                    ApprovalAsked(step=self._step, index=self._index, name=name, why=verdict.why)
                )
                return Decide("call", f"Run {name}?", verdict.why, call)
            if isinstance(verdict, Deny):
                self._give("deny", verdict.why)
                self._finish(
                    ToolResult(content=f"Denied: {verdict.why}", is_error=True, outcome="denied")
                )
                continue
            if isinstance(verdict, Edit):
                self._give("edit")
                self._edited = arguments = verdict.arguments
                text = json_bytes(arguments).decode()
                call = {**call, "function": {**call["function"], "arguments": text}}
            return self._run(call, arguments)
        return None

    def _verdict(self, call: ToolCall) -> Allow | Edit | Deny | Wait:
        """The person's decision if there is one, else the gate's."""
        decision, self._decision = self._decision, None
        if decision is None:
            tool = self._tools.get(call["function"]["name"])
            effect = tool.effect if tool else "pure"
            arguments = self._tools.arguments_of(call)
            return self._gate(ProposedCall(call["function"]["name"], arguments, effect, self._step))
        if decision.action == "deny":
            return Deny(decision.why or "the user does not want this")
        if decision.action == "edit" and decision.arguments is not None:
            return Edit(decision.arguments)
        self._give("run")
        return Allow()

    def _run(self, call: ToolCall, arguments: dict[str, Any]) -> RunTool:
        name = call["function"]["name"]
        tool = self._tools.get(name)
        self._emit(
            ToolStarted(
                step=self._step,
                index=self._index,
                call_id=call["id"],
                name=name,
                arguments=self._redact.value(arguments),
                effect=tool.effect if tool else "pure",
                edited=self._edited is not None,
            )
        )
        return RunTool(call, self._step, self._index)

    def decide(self, decision: Decision) -> None:
        """Take the person's decision on the call that `next` asked about."""
        self._decision = decision

    def finish(self, result: ToolResult) -> None:
        """Take the result of the call that `next` handed out."""
        if self._edited is not None:
            changed = json_bytes(self._edited).decode()
            note = f"[The user changed the arguments before it ran: {changed}]"
            result = _with_note(result, note)
            self._edited = None
        self._finish(result)

    def stop(self) -> None:
        """Answer every open call: stopped by the user."""
        while not self.answered:
            self._finish(ToolResult(content=STOPPED, is_error=True, outcome="did not run"))

    def _give(self, decision: Literal["run", "edit", "deny"], why: str = "") -> None:
        self._emit(ApprovalGiven(step=self._step, index=self._index, decision=decision, why=why))

    def _finish(self, result: ToolResult) -> None:
        content: Content = self._redact.value(result.content) or "(no output)"
        outcome = self._redact(result.outcome)
        if content != result.content and not outcome.isidentifier():
            outcome = "hidden value"  # it may hold the beginning of what was masked
        self._emit(
            ToolFinished(
                step=self._step,
                index=self._index,
                name=self._call["function"]["name"],
                content=content,
                display=tuple(self._redact.value(list(result.display))),
                is_error=result.is_error,
                outcome=outcome,
                changes=result.changes,
                cut_bytes=result.cut_bytes,
                spill=result.spill,
            )
        )
        self._results.append(ToolResult(content=content))

    def messages(self, *, images_inline: bool) -> list[Message]:
        """The messages to append: one per call, in order.

        Args:
            images_inline: whether a tool message may carry pictures; if not, they follow in one
                user message.
        """
        answers: list[Message] = []
        pictures: list[Part] = []
        for call, result in zip(self.calls, self._results, strict=True):
            content = result.content
            if isinstance(content, list) and not images_inline:
                shown = [part for part in content if part["type"] == "image_url"]
                pictures += shown
                content = "\n".join(p["text"] for p in content if p["type"] == "text")
                content += f"\n[{len(shown)} pictures follow in the next message]" * bool(shown)
            answers.append({"role": "tool", "tool_call_id": call["id"], "content": content})
        if pictures:
            label: Part = {"type": "text", "text": "Pictures from the tool results above:"}
            answers.append({"role": "user", "content": [label, *pictures]})
        return answers


def _with_note(result: ToolResult, note: str) -> ToolResult:
    """Put a line before what the model gets."""
    if isinstance(result.content, str):
        content: Content = f"{note}\n{result.content}"
    else:
        content = [{"type": "text", "text": note}, *result.content]
    return replace(result, content=content)
