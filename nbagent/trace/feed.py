"""The live feed of a run: what has happened, for a view that comes late; what is new, for the rest.

A view that begins, or begins again after a reload, is given a snapshot and folds it; after that
it is sent batches. Both are made of the same events, so nothing needs to be known of the view.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from nbagent.events import (
    Delta,
    Event,
    ReplyReceived,
    RetryScheduled,
    RunStarted,
    StepStarted,
    ToolFinished,
    ToolOutput,
    to_dict,
)
from nbagent.trace.base import Base

KEPT_STEPS = 50
"""Steps of which a snapshot holds the events; a `view_base` stands for those before."""
RUNNING_OUTPUTS = 200
"""Outputs of the tool call under way that a snapshot holds."""
STEPS_AT_ONCE = 20
"""Steps whose events are told in one answer."""


class Feed:
    """Folds a run's events into snapshots and batches of JSON values.

    Args:
        run_id: the run's name.
    """

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.running = True
        self._started: RunStarted | None = None
        self._kept: deque[Event] = deque()
        self._base: Base | None = None
        self._streaming: dict[tuple[str, int], dict[str, Any]] = {}
        self._outputs: list[dict[str, Any]] = []
        self._batch: list[dict[str, Any]] = []
        self._seq = -1

    def apply(self, event: Event) -> None:
        """Take an event."""
        data = to_dict(event)
        self._batch.append(data)
        self._seq = event.seq
        if isinstance(event, Delta):
            self._join(event, data)
        elif isinstance(event, ToolOutput):
            self._outputs = [*self._outputs[-RUNNING_OUTPUTS:], data]
        else:
            self._keep(event)
            self._settle(event)

    def _keep(self, event: Event) -> None:
        """Keep an event; those of a step that is too long ago go into the base."""
        if isinstance(event, RunStarted):
            self._started = event
            return
        self._kept.append(event)
        oldest = event.step - KEPT_STEPS if isinstance(event, StepStarted) else 0
        while oldest and getattr(self._kept[0], "step", oldest + 1) <= oldest:
            if self._base is None:
                self._base = Base()
                if self._started:
                    self._base.apply(self._started)
            self._base.apply(self._kept.popleft())

    def _join(self, event: Delta, data: Mapping[str, Any]) -> None:
        key = (event.phase, event.call_index)
        earlier = self._streaming.get(key)
        text = (earlier["text"] if earlier else "") + event.text
        name = (earlier["name"] if earlier else "") or event.name
        self._streaming[key] = {**data, "text": text, "name": name}

    def _settle(self, event: Event) -> None:
        """Forget what the kept events now say better."""
        if isinstance(event, (StepStarted, ReplyReceived, RetryScheduled)):
            self._streaming.clear()
        if isinstance(event, ToolFinished):
            self._outputs = []
        if event.kind == "run_finished":
            self.running = False

    def drain(self, t: float) -> dict[str, Any] | None:
        """What happened since the last drain, as a message; None if nothing did.

        Args:
            t: seconds since the run began.
        """
        if not self._batch:
            return None
        batch, self._batch = self._batch, []
        return {"nbagent": 1, "type": "events", "run_id": self.run_id, "t": t, "events": batch}

    def snapshot(self, t: float, comm_id: str) -> dict[str, Any]:
        """Everything so far, as a message; what streams now is one delta for each part.

        Args:
            t: seconds since the run began.
            comm_id: where batches will come; '' if nowhere.
        """
        kept = [to_dict(event) for event in (self._started, *self._kept) if event]
        base = [self._base.message()] if self._base else []
        first = 1 if self._started else 0
        now = [*self._streaming.values(), *self._outputs]
        return {
            "nbagent": 1,
            "type": "snapshot",
            "run_id": self.run_id,
            "comm_id": comm_id,
            "seq": self._seq,
            "t": t,
            "running": self.running,
            "events": [*kept[:first], *base, *kept[first:], *now],
        }


def steps_told(events: Iterable[Event], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Some steps of a run, for a view that has only their lines.

    Args:
        events: the run's kept events.
        asked: `first` and `last`, numbers of steps; at most `STEPS_AT_ONCE` are told.

    Returns:
        Their events, as JSON values.
    """
    first = max(int(asked.get("first", 0)), 1)
    last = min(int(asked.get("last", 0)), first + STEPS_AT_ONCE - 1)
    wanted = (event for event in events if first <= getattr(event, "step", 0) <= last)
    return {"events": [to_dict(event) for event in wanted]}
