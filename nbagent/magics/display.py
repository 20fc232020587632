"""Shows a run's trace in the cell that started it, in place, at most twice a second."""

from __future__ import annotations

import threading
from contextvars import copy_context
from typing import Any

from nbagent.clock import Clock
from nbagent.events import Event, Resumed, RunFinished, ToolFinished
from nbagent.kernel.frontend import publisher
from nbagent.meter import Meter
from nbagent.settings import Settings
from nbagent.trace import mimebundle
from nbagent.view import RunView, goes_below
from nbagent.words import told_series

REFRESH_S = 0.5
"""Shortest time between two refreshes while the run goes on."""
COUNT_S = 1.0
"""The same while nothing happens and only the waiting time counts on."""


class TraceDisplay:
    """The trace as one output of the cell, refreshed by display update.

    The shell's publisher is taken at the start and used directly: while a tool runs, the shell's
    own is replaced by the tool's capture.

    Args:
        shell: the IPython shell.
        run_id: names the output.
        settings: how much to show and to save.
        clock: for the pace.
        meter: the run's own figures, if it goes on; otherwise they are made of the events.
    """

    def __init__(
        self,
        shell: Any,
        run_id: str,
        settings: Settings,
        clock: Clock,
        meter: Meter | None = None,
    ) -> None:
        self._publish = publisher(shell)
        self.run_id = run_id
        self._transient = {"display_id": f"nbagent-{run_id}"}
        self._settings = settings
        self._clock = clock
        self._view = RunView()
        self._meter = meter or Meter()
        self._is_metered = meter is not None
        self._lock = threading.RLock()
        self._cell = copy_context()  # where ipykernel 7.0 looks for the cell that output is of
        self._t0 = clock.now()
        self._shown_at: float | None = None
        self._stale = True
        self._finished = False

    def apply(self, event: Event) -> None:
        """Take an event; what has a renderer of its own goes on below the trace."""
        with self._lock:
            self._view.apply(event)
            if not self._is_metered:
                self._meter.apply(event)
            self._stale = True
            self._finished = isinstance(event, RunFinished)
            if isinstance(event, Resumed):
                self._t0 = self._clock.now() - event.t  # the run's time goes on where it was
        if isinstance(event, ToolFinished) and self._settings.view != "answer":
            for output in event.display:
                if goes_below(output):
                    self._publish(output["data"], output.get("metadata", {}))

    def refresh(self, *, final: bool = False) -> None:
        """Show what is new, if the last refresh is long enough ago or `final`; on any thread."""
        with self._lock:
            self._cell.copy().run(self._refresh, final=final)

    def _refresh(self, *, final: bool) -> None:
        if final or self._is_time():
            self._show()

    def _is_time(self) -> bool:
        if self._shown_at is None:
            return True
        age_s = self._clock.now() - self._shown_at
        return age_s >= (REFRESH_S if self._stale else COUNT_S)

    def _show(self) -> None:
        if self._finished and not self._stale:
            return
        update = self._shown_at is not None
        self._publish(self._bundle(), {}, transient=self._transient, update=update)
        self._shown_at = self._clock.now()
        self._stale = False

    def _bundle(self) -> dict[str, Any]:
        return mimebundle(
            self._view,
            self._meter,
            save=self._settings.save,
            mode=self._settings.view,
            running=not self._finished,
            t=self._elapsed_s,
        )

    @property
    def _elapsed_s(self) -> float:
        return self._clock.now() - self._t0


class TextDisplay:
    """The trace as lines of text, for plain IPython: a line a step, then the answer."""

    def __init__(self, run_id: str, settings: Settings) -> None:
        self._settings = settings
        self._run_id = run_id
        self._view = RunView()
        self._meter = Meter()
        self._printed = False

    def apply(self, event: Event) -> None:
        """Take an event; print a line when a tool call has ended."""
        self._view.apply(event)
        self._meter.apply(event)
        if isinstance(event, ToolFinished) and self._settings.view != "answer":
            print(f"  {event.step}  {event.name} → {told_series(event.outcome)}", flush=True)  # noqa: T201

    def refresh(self, *, final: bool = False) -> None:
        """Print the whole trace once, at the end."""
        if final and not self._printed and not self._view.running:
            self._printed = True
            data = mimebundle(
                self._view,
                self._meter,
                save=self._settings.save,
                mode=self._settings.view,
                running=False,
            )
            print(data["text/plain"], flush=True)  # noqa: T201 -- a terminal's display
