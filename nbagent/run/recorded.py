"""What a run's events tell of it, step by step: what was said, called, run, and came of it.

Exports write this out; a replay goes by it. It takes any events, whole or cut short.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from nbagent.events import (
    ApprovalGiven,
    Edited,
    Event,
    ReplyReceived,
    RunFinished,
    RunStarted,
    Sent,
    Steered,
    StepStarted,
    ToolFinished,
    ToolStarted,
)
from nbagent.messages import Content, Message
from nbagent.tools import ToolResult

CODE_TOOLS = ("run_python", "run_cell")
"""The tools whose calls are code."""
UNKNOWN_OUTCOME = "outcome unknown"
"""How the result of a call says that nobody saw its end."""


@dataclass(slots=True)
class RecordedCall:
    """One tool call.

    Attributes:
        step: the step that made it, from 1.
        index: its place among the step's calls.
        name: the tool.
        proposed: its arguments as the reply has them.
        started: that it began to run, with the arguments that it ran with; None if it did not.
        finished: its result; None if nobody saw its end.
        withheld: whether the person kept its result to themselves or changed it.
        told: what the model got as its result.
    """

    step: int
    index: int
    name: str
    proposed: dict[str, Any] = field(default_factory=dict)
    started: ToolStarted | None = None
    finished: ToolFinished | None = None
    withheld: bool = False
    told: Content = ""

    @property
    def ran(self) -> bool:
        """Whether it ran to an end of its own, with an error or without."""
        end = self.finished
        is_known = end is not None and not end.stopped and end.outcome != UNKNOWN_OUTCOME
        return self.started is not None and is_known

    @property
    def succeeded(self) -> bool:
        """Whether it ran without an error."""
        return self.ran and self.finished is not None and not self.finished.is_error

    @property
    def code(self) -> str | None:
        """The Python that it ran, or would have run; None if it is no code."""
        arguments = self.started.arguments if self.started else self.proposed
        code = arguments.get("code") if self.name in CODE_TOOLS else None
        return code if isinstance(code, str) else None


@dataclass(slots=True)
class RecordedStep:
    """One step: the reply, its calls in the order in which they ended, what the person said."""

    number: int
    message: Message | None = None
    finish_reason: str = ""
    calls: list[RecordedCall] = field(default_factory=list)
    steered: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Recorded:
    """One run.

    Attributes:
        started: its first event.
        steps: its steps, in order.
        sent: the pieces that its requests carried.
        finished: its last event; None if it has not ended.
    """

    started: RunStarted
    steps: list[RecordedStep] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    finished: RunFinished | None = None

    @property
    def calls(self) -> list[RecordedCall]:
        """Every call, in order."""
        return [call for step in self.steps for call in step.calls]


def recorded(events: Iterable[Event]) -> Recorded:
    """Read a run's events."""
    reading = _Reading()
    for event in events:
        reading.apply(event)
    return reading.run


class _Reading:
    """Reads events in order; of a call that was begun twice, the last time counts."""

    def __init__(self) -> None:
        self.run = Recorded(RunStarted(run_id="", prompt="", model=""))
        self._steps: dict[int, RecordedStep] = {}
        self._calls: dict[tuple[int, int], RecordedCall] = {}

        self._on: dict[type[Event], Callable[[Any], None]] = {
            RunStarted: self._run_started,
            StepStarted: self._step_started,
            ReplyReceived: self._reply_received,
            Edited: self._edited,
            ApprovalGiven: self._approval_given,
            ToolStarted: self._tool_started,
            ToolFinished: self._tool_finished,
            Steered: self._steered,
            RunFinished: self._run_finished,
        }

    def apply(self, event: Event) -> None:
        """Take one event."""
        handler = self._on.get(type(event))
        if handler is not None:
            handler(event)

    def _run_started(self, event: RunStarted) -> None:
        self.run.started = event

    def _step_started(self, event: StepStarted) -> None:
        self.run.sent += event.sent

    def _reply_received(self, event: ReplyReceived) -> None:
        step = self._step(event.step)
        step.message, step.finish_reason = event.message, event.finish_reason

    def _edited(self, event: Edited) -> None:
        if event.place == "reply" and event.message is not None:
            self._step(event.step).message = event.message
        elif event.place == "result":
            self._withhold(event.step, event.index, event.content)

    def _approval_given(self, event: ApprovalGiven) -> None:
        if event.about == "result" and event.decision != "run":
            self._withhold(event.step, event.index, "")

    def _tool_started(self, event: ToolStarted) -> None:
        call = self._call(event.step, event.index, event.name)
        call.started, call.finished = event, None

    def _steered(self, event: Steered) -> None:
        self._step(event.step).steered.append(event.text)

    def _run_finished(self, event: RunFinished) -> None:
        self.run.finished = event

    def _tool_finished(self, event: ToolFinished) -> None:
        call = self._call(event.step, event.index, event.name)
        call.finished, call.told = event, event.content
        calls = self._step(event.step).calls
        calls.remove(call)
        calls.append(call)

    def _withhold(self, step: int, index: int, content: Content) -> None:
        call = self._call(step, index, "")
        call.withheld, call.told = True, content

    def _step(self, number: int) -> RecordedStep:
        if number not in self._steps:
            self._steps[number] = RecordedStep(number)
            self.run.steps.append(self._steps[number])
        return self._steps[number]

    def _call(self, step: int, index: int, name: str) -> RecordedCall:
        place = (step, index)
        if place not in self._calls:
            proposed = _proposed(self._step(step).message, index)
            self._calls[place] = RecordedCall(step, index, name, proposed)
            self._step(step).calls.append(self._calls[place])
        call = self._calls[place]
        call.name = name or call.name
        return call


def _proposed(message: Message | None, index: int) -> dict[str, Any]:
    """The arguments of a reply's call; {} where they cannot be read."""
    calls: Any = message.get("tool_calls") or [] if message else []
    if not 0 <= index < len(calls):
        return {}
    try:
        arguments = json.loads(calls[index]["function"]["arguments"], strict=False)
    except (ValueError, RecursionError, KeyError, TypeError):
        return {}
    return arguments if isinstance(arguments, dict) else {}


def result_of(event: ToolFinished, content: Content | None = None) -> ToolResult:
    """The result that a call's end tells of.

    Args:
        event: the end.
        content: what the model got, if not what the call brought.
    """
    return ToolResult(
        content=event.content if content is None else content,
        display=event.display,
        is_error=event.is_error,
        outcome=event.outcome,
        changes=event.changes,
        interrupted=event.stopped,
        cut_bytes=event.cut_bytes,
        spill=event.spill,
    )
