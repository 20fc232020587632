"""The tool calls of one `Act`: each passes the gate, is run by the driver, and gets one result.

Approving, editing, denying and stopping happen here, per call, while the loop rests on its line.
The assistant message is never touched: what the person changed is said in the result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

from nbagent.events import (
    About,
    ApprovalAsked,
    ApprovalGiven,
    Event,
    Place,
    ToolFinished,
    ToolStarted,
)
from nbagent.messages import Content, Message, ToolCall, json_bytes
from nbagent.policy import Allow, Deny, Edit, ProposedCall, Recall, Verdict, Wait
from nbagent.run.answers import answers_of, with_note
from nbagent.run.moves import InHand, Move, Moves
from nbagent.run.recipe import Recipe
from nbagent.run.work import Decide, Decision, RunTool
from nbagent.tools import ToolResult

STOPPED = "Stopped by the user before it ran; do not retry unless they ask."
WITHHELD = "The user keeps this result to themselves. The call has run."
UNKNOWN = (
    "The kernel ended while this ran, so nobody knows whether it took place. It was not run again. "
    "Do not assume that it did or did not: look first."
)
DONE = "The kernel ended while this ran. The user says that it was done; its output is not known."
OUTCOME_ASKED = "the kernel ended while it ran, so nobody knows whether it finished"
RESULTS_ASKED = "you are asked before every result leaves for the model"


class PendingCalls:
    """Answers the calls of one `Act`, in order.

    Args:
        calls: the calls that the loop wants run.
        places: where each of them stands among the step's calls.
        step: the step they belong to.
        recipe: tools, gate, what was allowed for good, and what masks secrets.
        emit: where events go.
        moves: records each call and result, and rests there.
        here: adds to a move where the loop is.
        results: what the first calls have brought already, in a fork.
        is_fresh: whether the fork begins right after the last of them.
        unknown: the start of the call after these, of which nobody knows whether it took place.
        held: the result of that call, which waits for the person's OK to leave.
    """

    def __init__(
        self,
        calls: Sequence[ToolCall],
        *,
        places: Sequence[int],
        step: int,
        recipe: Recipe,
        emit: Callable[[Event], None],
        moves: Moves,
        here: Callable[[Move], Move],
        results: Sequence[ToolResult] = (),
        is_fresh: bool = False,
        unknown: ToolStarted | None = None,
        held: ToolResult | None = None,
    ) -> None:
        self.calls = list(calls)
        self._places = list(places)
        self._step = step
        self._recipe = recipe
        self._emit = emit
        self._moves = moves
        self._here = here
        self._results: list[Content] = [result.content for result in results]
        self._fresh = results[-1] if is_fresh else None
        self._unknown = unknown
        self._full: dict[str, Any] | None = None
        self._changed: dict[str, Any] | None = None
        self._told: Content | None = None
        self._asked: ApprovalAsked | None = None
        self._decision: Decision | None = None
        self._held = held

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
        """What to do now: run a call, ask the person, or nothing (all are answered)."""
        while (rest := self._rest_after_result()) is None and not self.answered:
            work = self._answer_asked() if self._held or self._unknown else self._next_call()
            if work is not None:
                return work
        return rest

    def _answer_asked(self) -> RunTool | Decide | None:
        """Ask about the result that is held, or the outcome that is unknown; then do as is said."""
        decision = self._decision
        if self._held is not None:
            if decision is None:
                return self._ask_about_result(self._held)
            self._release(self._held, decision)
            return None
        assert self._unknown is not None
        if decision is None:
            return self._ask_about_outcome(self._unknown)
        return self._settle(self._unknown, decision)

    def _next_call(self) -> RunTool | Decide | None:
        """Bring the next call past the pause and the gate; None once it is answered."""
        arguments, rest = self._proposed()
        if rest is not None:
            return rest
        verdict = self._verdict(arguments)
        if isinstance(verdict, Wait):
            return self._ask_about_call(arguments, verdict)
        if isinstance(verdict, Recall):
            self._finish(verdict.result)
            return None
        if isinstance(verdict, Deny):
            denial = f"Denied: {self._recipe.redact(verdict.why)}"
            self._finish(ToolResult(content=denial, is_error=True, outcome="denied"))
            return None
        return self._run(arguments, verdict)

    def _proposed(self) -> tuple[dict[str, Any], Decide | None]:
        """The arguments of the call that is next, and the pause before it, if there is one."""
        if self._full is None:  # once: what was asked about is what runs
            self._full = self._recipe.tools.arguments_of(self._call)
        arguments = self._full
        name = self._call["function"]["name"]
        rest = self._pass_by("call", arguments, what=f"before {name}.")
        changed = self._moves.taken() if rest is None else None
        if changed is not None:
            self._changed = cast("dict[str, Any]", changed)
            self._decision = None  # what was decided of other arguments holds no longer
        return arguments if self._changed is None else self._changed, rest

    def _rest_after_result(self) -> Decide | None:
        """The pause after the result that was just made, if there is one."""
        if self._fresh is None:
            return None
        result = self._fresh
        name = self.calls[len(self._results) - 1]["function"]["name"]
        what = f"after {name}. The result is not yet in the history."
        rest = self._pass_by("result", result, what=what)
        if rest is None:
            self._fresh = None
            changed = cast("ToolResult | None", self._moves.taken())
            if changed is not None:
                self._results[-1] = changed.content
        return rest

    def _pass_by(self, place: Place, in_hand: InHand, *, what: str) -> Decide | None:
        at = len(self._results) - (place == "result")
        index = self._places[at]
        move = self._here(Move(0, place, self._step, index, in_hand, call=self.calls[at]))
        return self._moves.pass_by(move, what=what)

    def _verdict(self, arguments: dict[str, Any]) -> Verdict:
        """The person's decision if there is one, else the gate's."""
        decision, self._decision = self._decision, None
        if decision is None:
            return self._by_policy(arguments)
        self._give(decision)
        if decision.action == "deny":
            return Deny(decision.why or "the user does not want this")
        if decision.action == "edit" and decision.arguments is not None:
            return Edit(decision.arguments)
        return Allow()

    def _by_policy(self, arguments: dict[str, Any]) -> Verdict:
        name = self._call["function"]["name"]
        tool = self._recipe.tools.get(name)
        if tool is None:
            return Allow()  # it is answered with the names that there are
        reasons, changes = tool.reasons(arguments), tool.changes(arguments)
        call = ProposedCall(name, arguments, tool.effect, self._step, reasons, changes)
        verdict = self._recipe.gate(call)
        if isinstance(verdict, Deny):
            self._give(Decision("deny", why=verdict.why, by="policy"))
        elif isinstance(verdict, Edit):
            self._give(Decision("edit", by="policy"))
        elif isinstance(verdict, Wait) and self._recipe.standing.covers(verdict.reasons):
            return Allow()
        return verdict

    def _ask_about_call(self, arguments: dict[str, Any], verdict: Wait) -> Decide:
        name = self._call["function"]["name"]
        masked = self._recipe.redact.value(arguments)
        asked = ApprovalAsked(
            step=self._step,
            index=self._index,
            name=name,
            why=self._recipe.redact(verdict.why),
            key=self._key("call", json_bytes(arguments)),
            arguments=masked,
            reasons=verdict.reasons,
        )
        return self._ask(asked, f"Run {name}?")

    def _ask_about_outcome(self, begun: ToolStarted) -> Decide:
        name = begun.name
        asked = ApprovalAsked(
            step=self._step,
            index=self._index,
            name=name,
            why=OUTCOME_ASKED,
            about="outcome",
            key=self._key("outcome", json_bytes(begun.arguments)),
            arguments=begun.arguments,
        )
        return self._ask(asked, f"Run {name} again?")

    def _settle(self, begun: ToolStarted, decision: Decision) -> RunTool | None:
        """Run a call again whose outcome nobody knows, or give it the result that is told of it."""
        self._unknown = self._decision = None
        self._give(decision)
        if decision.action == "run":
            if begun.edited:
                self._changed = begun.arguments
            arguments = self._recipe.tools.arguments_of(self._call)
            tool = self._recipe.tools.get(begun.name)
            in_full = begun.arguments if tool and tool.spelled_out else None
            return self._run(self._changed or arguments, Allow(arguments=in_full))
        if decision.action == "done":
            self._finish(ToolResult(content=DONE, outcome="done, as you said"))
        else:
            self._finish(_nobody_knows())
        return None

    def _ask(self, asked: ApprovalAsked, text: str) -> Decide:
        self._asked = asked
        self._emit(asked)
        return Decide(asked.about, text, asked.why, self._call, asked, asked.key)

    def _ask_about_result(self, result: ToolResult) -> Decide:
        asked = ApprovalAsked(
            step=self._step,
            index=self._index,
            name=self._call["function"]["name"],
            why=RESULTS_ASKED,
            about="result",
            key=self._key("result", json_bytes(result.content)),
            content=result.content,
        )
        return self._ask(asked, "Send this result?")

    def _key(self, about: str, shown: bytes) -> str:
        """Names a question: an answer to it is no answer to another, nor to other bytes."""
        return f"{self._step}.{self._index}.{about}.{hashlib.sha256(shown).hexdigest()[:16]}"

    def _run(self, arguments: dict[str, Any], verdict: Allow | Edit) -> RunTool:
        call = self._call
        name = call["function"]["name"]
        tool = self._recipe.tools.get(name)
        self._told = verdict.told
        if isinstance(verdict, Edit):
            self._changed = arguments = verdict.arguments
        in_full = isinstance(verdict, Allow) and verdict.arguments
        arguments = in_full or arguments
        if self._changed is not None or in_full or (tool and tool.spelled_out and arguments):
            text = json_bytes(arguments).decode()
            call = {**call, "function": {**call["function"], "arguments": text}}
        self._emit(
            ToolStarted(
                step=self._step,
                index=self._index,
                call_id=call["id"],
                name=name,
                arguments=self._recipe.redact.value(arguments),
                effect=tool.effect if tool else "pure",
                edited=self._changed is not None,
            )
        )
        return RunTool(call, self._step, self._index)

    def decide(self, decision: Decision) -> None:
        """Take the person's decision on what `next` asked about."""
        self._decision = decision

    def finish(self, result: ToolResult) -> None:
        """Take the result of the call that `next` handed out."""
        if self._changed is not None:
            changed = json_bytes(self._changed).decode()
            note = f"[The user changed the arguments before it ran: {changed}]"
            result = with_note(result, note)
        if self._told is not None:
            result = replace(result, content=self._told)
        content: Content = self._recipe.redact.value(result.content) or "(no output)"
        outcome = self._recipe.redact(result.outcome)
        if content != result.content and not outcome.isidentifier():
            outcome = "hidden value"  # it may hold the beginning of what was masked
        result = replace(result, content=content, outcome=outcome)
        if self._recipe.settings.ask == "always" and not result.interrupted:
            self._held = result
        else:
            self._finish(result)

    def _release(self, result: ToolResult, decision: Decision) -> None:
        """Send a result as it is, as the person has edited it, or not at all."""
        self._held = self._decision = None
        self._give(decision)
        if decision.action == "deny":
            why = f" They say: {decision.why}" if decision.why else ""
            result = replace(result, content=f"{WITHHELD}{why}")
        elif decision.action == "edit" and decision.arguments is not None:
            text = str(decision.arguments.get("content", ""))
            note = "[The user changed this result before you got it.]"
            result = replace(result, content=f"{note}\n{self._recipe.redact(text)}")
        self._finish(result)

    def stop(self) -> None:
        """Answer every open call: stopped by the user."""
        if self._held is not None:
            held, self._held = self._held, None
            self._finish(replace(held, content=WITHHELD))
        if self._unknown is not None:
            self._unknown = None
            self._finish(_nobody_knows())
        while not self.answered:
            result = ToolResult(
                content=STOPPED, is_error=True, outcome="did not run", interrupted=True
            )
            self._finish(result)
        self._fresh = None

    def _give(self, decision: Decision) -> None:
        about: About = "call"
        always: tuple[str, ...] = ()
        if self._asked is not None:
            about = self._asked.about
            if decision.always:
                always = self._recipe.standing.allow(self._asked.reasons)
            self._asked = None
        if about == "call":
            self._moves.note(_who_decided(decision))
        self._emit(
            ApprovalGiven(
                step=self._step,
                index=self._index,
                decision=decision.action,
                why=self._recipe.redact(decision.why),
                by=decision.by,
                about=about,
                always=always,
            )
        )

    def _finish(self, result: ToolResult) -> None:
        self._emit(
            ToolFinished(
                step=self._step,
                index=self._index,
                name=self._call["function"]["name"],
                content=result.content,
                display=tuple(self._recipe.redact.value(list(result.display))),
                is_error=result.is_error,
                stopped=result.interrupted,
                outcome=result.outcome,
                changes=result.changes,
                cut_bytes=result.cut_bytes,
                spill=result.spill,
            )
        )
        self._results.append(result.content)
        self._fresh, self._full, self._changed, self._told = result, None, None, None

    def messages(self, *, images_inline: bool) -> list[Message]:
        """The messages to append; see `answers_of`."""
        return answers_of(self.calls, self._results, images_inline=images_inline)


def _nobody_knows() -> ToolResult:
    return ToolResult(content=UNKNOWN, is_error=True, outcome="outcome unknown")


def _who_decided(decision: Decision) -> str:
    """Who let a call run or refused it, in words."""
    done = {"run": "approved", "edit": "changed"}.get(decision.action, "denied")
    why = f": {decision.why}" if decision.why else ""
    return f"{done} by {decision.by}{why}"
