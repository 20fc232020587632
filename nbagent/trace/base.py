"""What stands for the older events of a long run: a view that comes late begins from it.

The events that a feed forgets are folded here, step by step; memory and size stay bounded.
"""

from __future__ import annotations

from typing import Any

from nbagent.events import Event, StepStarted
from nbagent.meter import Meter
from nbagent.trace.bundle import measured, packed, stored
from nbagent.view import RunView

REACH = 3
"""The last steps stay whole, as far as a repair reaches back."""


class Base:
    """Folds events that are kept no longer; `apply` each once, in order."""

    def __init__(self) -> None:
        self._view = RunView()
        self._meter = Meter()

    def apply(self, event: Event) -> None:
        """Take an event that is forgotten."""
        self._view.apply(event)
        self._meter.apply(event)
        if isinstance(event, StepStarted):
            self._meter.pack()

    def message(self) -> dict[str, Any]:
        """The fold as an event of its own: lines of steps, figures, geometry, in the stored form.

        `called` names the calls that were made, so that a later one is known as a repeated one.
        """
        return {
            "kind": "view_base",
            "view": stored(self._view.snapshot(REACH)),
            "metrics": measured(self._meter.metrics(), whole=True),
            "chart": packed(self._meter.chart()),
            "called": " ".join(self._view.called),
        }
