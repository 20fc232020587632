"""A model with a small window: it counts what it is sent, refuses too much, writes summaries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from nbagent.clock import ManualClock
from nbagent.errors import ContextOverflow
from nbagent.events import Changes, Compacted, RunStarted
from nbagent.messages import Message, Request
from nbagent.ports import Failure, Piece, Reply
from nbagent.run import Run
from nbagent.run.recipe import Recipe
from nbagent.run.window import NO_PAST
from nbagent.settings import Settings
from nbagent.summary import HEADINGS, is_ask
from nbagent.tools import Tool, ToolResult, Toolset
from tests.scripted import ScriptedModel, call, calls, says

WINDOW = 8_000
SUMMARY = "\n".join(f"## {heading}\nWhat there is of it." for heading in HEADINGS)


def tokens_in(request: Request) -> int:
    return request.n_bytes // 4


class SmallModel(ScriptedModel):
    """Calls `work` for so many steps, then answers; `summaries` are what it answers when asked."""

    def __init__(
        self,
        n_steps: int,
        *,
        summaries: Iterator[Any] | None = None,
        holds: int = 10**9,
        **facts: Any,
    ) -> None:
        super().__init__([], **({"window_tokens": WINDOW} | facts))
        self.n_steps = n_steps
        self.holds = holds
        self.asked: list[Request] = []
        self.sent: list[Request] = []
        """Every request that was answered, summaries included, in order."""
        self._summaries = summaries

    def arrivals(self, t: float) -> list[Any]:
        request = self.requests[-1]
        if tokens_in(request) > self.holds:
            return [Failure(t, ContextOverflow("too long"))]
        self.sent.append(request)
        usage = {"prompt_tokens": tokens_in(request), "completion_tokens": 50, "cached_tokens": 0}
        if is_ask(request.records[-1].message):
            self.asked.append(request)
            given = next(self._summaries, SUMMARY) if self._summaries else SUMMARY
            if isinstance(given, Exception):
                return [Failure(t, given)]
            message = says(given) if isinstance(given, str) else given
        else:
            n = len(self.sent) - len(self.asked)
            message = self.step(n) if n <= self.n_steps else says("done")
        finish = "tool_calls" if message.get("tool_calls") else "stop"
        return [Piece(t, "answer", "…"), Reply(t, message, finish, usage)]

    def step(self, n: int) -> Message:
        return calls(call(f"work:{n}", "work", f'{{"n": {n}}}'), reasoning=f"Step {n}.")


def work_tool(content: Callable[[int], Any] = lambda n: f"{n}: " + "result " * 150) -> Tool:
    def work(arguments: dict[str, Any], _: Any) -> ToolResult:
        n = int(arguments["n"])
        changes = Changes(added=(f"x{n}",), removed=(f"x{n - 3}",), files=(f"out{n % 4}.csv",))
        return ToolResult(content=content(n), changes=changes)

    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    return Tool("work", "Work.", schema, work, "pure")


def run_of(
    model: ScriptedModel,
    *,
    prompt: str = "Clean all of it.",
    tools: Sequence[Tool] = (),
    history: Any = (),
    past: Any = NO_PAST,
    recipe: dict[str, Any] | None = None,
    **settings: Any,
) -> Run:
    given = {"max_steps": 1_000} | settings
    return Run(
        Recipe(
            model=model,
            tools=Toolset(list(tools) or [work_tool()]),
            settings=Settings(**given),
            clock=ManualClock(),
            **(recipe or {}),
        ),
        prompt=prompt,
        started=RunStarted(
            run_id="run-1",
            prompt=prompt,
            model="test",
            price=model.facts.price,
            past=past.told(),
        ),
        history=history,
    )


def compactions(run: Run) -> list[Compacted]:
    return [event for event in run.events if isinstance(event, Compacted)]


def picture(n_bytes: int = 8_000) -> Any:
    url = "data:image/png;base64," + "A" * n_bytes
    return {"type": "image_url", "image_url": {"url": url}}
