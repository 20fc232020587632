"""The live trace: a view that follows the run, and the HTML trace where no view can.

The cell's output is one bundle: our JSON, a widget, HTML and text; the front end draws the first
that it knows. What happens goes to the views in batches. Once a view has answered, the widget
leaves the bundle, since a notebook that is saved with it shows nothing but an error later; where
the widget is the view, it gets an output of its own beside a line that says how to find the run.
If no view has answered after a while, the HTML is refreshed in its place. At the end the bundle is
the whole trace, which needs neither kernel nor widget.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbagent.clock import Clock
from nbagent.events import Event
from nbagent.kernel.mailbox import Command, Mailbox
from nbagent.magics.desk import Desk
from nbagent.magics.display import TraceDisplay
from nbagent.run import Run
from nbagent.settings import Settings
from nbagent.trace import TRACE_MIME
from nbagent.trace.feed import Feed
from nbagent.trace.markup import QUIET, coded, tag
from nbagent.trace.widget import close, trace_widget
from nbagent.words import t

BATCH_S = 0.033
"""Shortest time between two batches."""
PATIENCE_S = 5.0
"""How long a view may take to answer before the HTML trace takes its place."""
KEPT_S, KEPT_SHARE = 30.0, 0.01
"""How far the trace in a notebook that is saved while the run goes on may be behind: so many
seconds, or this share of the run's time, as drawing a long run takes longer."""
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
NO_VIEW = (
    "No live view has answered, so this text is refreshed twice a second. JupyterLab draws the "
    "live one if nbagent-kimi, or at least anywidget, is installed beside it; `%kimi doctor` looks."
)
SAVED = "This was saved while the run went on. `%kimi show {run}` draws all of it from disk."
BELOW = (
    "The live trace stands below. If there is none, this was saved while the run went on: "
    "`%kimi show {run}` draws all of it from disk."
)


class LiveDisplay(TraceDisplay):
    """The trace of one run, live.

    Args:
        shell: the IPython shell.
        run: the run.
        settings: how much to show and to save.
        clock: for the pace.
        mailbox: brings what views ask.
    """

    def __init__(
        self, shell: Any, run: Run, settings: Settings, clock: Clock, mailbox: Mailbox
    ) -> None:
        super().__init__(shell, run.run_id, settings, clock, run.meter)
        self._desk = Desk(run)
        self._feed = Feed(run.run_id)
        self._seen = False
        self._settled = False
        self._drawn = False
        self._batched_at = clock.now()
        self._deliver: Callable[[Command], dict[str, Any]] = mailbox.deliver
        self._widget: Any = None
        self._n_widget_views = 0
        self._below = False
        mailbox.put_up(run.run_id, self.answer)
        if run.started.cell_id:
            mailbox.put_up(f"cell:{run.started.cell_id}", self.answer)

    def apply(self, event: Event) -> None:
        """Take an event."""
        with self._lock:
            self._feed.apply(event)
        super().apply(event)

    @property
    def seen(self) -> bool:
        """Whether a view has answered."""
        return self._seen

    @property
    def lost_s(self) -> float:
        """For how long the end of a run that a page followed has waited to be drawn by one."""
        is_lost = self._finished and self._seen and not self._drawn
        return self._clock.now() - (self._shown_at or 0.0) if is_lost else 0.0

    def answer(self, action: str, command: Command) -> Any:
        """Answer a view; runs on whichever thread brings the command.

        Raises:
            LookupError: there is no such action, or it cannot be done now.
        """
        own: dict[str, Callable[[Command], Any]] = {
            "ready": self._ready,
            "bundle": lambda _: self._locked_bundle(),
            "find": self._find,
            "drawn": self._note_drawn,
        }
        if action in own:
            return own[action](command) or {}
        return self._desk.answer(action, command)

    def _ready(self, command: Command) -> dict[str, Any]:
        with self._lock:
            self._seen = True
            self._n_widget_views += command.get("by") == "widget"
            return self._feed.snapshot(self._elapsed_s, self._comm_id)

    def _note_drawn(self, _command: Command) -> None:
        self._drawn = True

    def _locked_bundle(self) -> dict[str, Any]:
        with self._lock:
            return self._bundle()

    def _find(self, _command: Command) -> dict[str, Any]:
        """The bundle for a page whose cell has no output, as the page before it was not saved."""
        if self._drawn:
            raise LookupError("a page has drawn this run to its end")
        with self._lock:
            return super()._bundle()

    @property
    def _comm_id(self) -> str:
        return self._widget.comm.comm_id if self._widget is not None else ""

    def _refresh(self, *, final: bool) -> None:
        """Send what is new to the views; refresh the bundle where it is read or may be saved."""
        if self._shown_at is None:
            self._begin()
        self._send(final=final)
        if self._finished or self._is_due():
            self._show()
        if self._seen and not self._settled:
            self._settle()
        if self._finished:
            self._end()

    def _is_due(self) -> bool:
        if self._seen:
            behind_s = self._clock.now() - (self._shown_at or 0.0)
            return behind_s > max(KEPT_S, KEPT_SHARE * self._elapsed_s)
        return self._elapsed_s > PATIENCE_S and self._is_time()

    def _begin(self) -> None:
        """Show the first bundle: it names the run, and holds the widget."""
        data = super()._bundle()
        self._widget = trace_widget(data.get(TRACE_MIME, {}), self._from_view)
        self._publish(data | self._widget_view, {}, transient=self._transient)
        self._shown_at = self._clock.now()

    @property
    def _widget_view(self) -> dict[str, Any]:
        view = {"version_major": 2, "version_minor": 0, "model_id": self._widget.model_id}
        return {WIDGET_MIME: view}

    def _settle(self) -> None:
        """A view has answered: take the widget out of the bundle, into an output of its own."""
        self._settled = True
        if self._finished:
            return
        self._show()
        if self._n_widget_views:
            data = self._widget_view | {"text/plain": "<live trace>"}
            self._publish(data, {}, transient=self._transient_below)
            self._below = True

    @property
    def _transient_below(self) -> dict[str, str]:
        return {"display_id": f"{self._transient['display_id']}-live"}

    def _end(self) -> None:
        """Leave the trace alone in the cell; a widget that a lost page may ask for stays."""
        if self._below:
            self._publish({}, {}, transient=self._transient_below, update=True)
            self._below = False
        if not self._n_widget_views:
            self._close()

    def _close(self) -> None:
        if self._widget is not None:
            close(self._widget)
            self._widget = None

    def _from_view(self, content: dict[str, Any]) -> None:
        answer = self._deliver(content)
        if content.get("action") == "ready" and answer["ok"]:
            answer = answer["data"]
        if self._widget is not None:
            self._widget.send(answer)
        if self._finished and self._drawn and self._n_widget_views == 1:
            self._close()  # the only page has the finished trace in its place

    def _send(self, *, final: bool) -> None:
        now = self._clock.now()
        if self._widget is None or (now - self._batched_at < BATCH_S and not final):
            return
        batch = self._feed.drain(self._elapsed_s)
        if batch is not None:
            self._widget.send(batch)
            self._batched_at = now

    def _bundle(self) -> dict[str, Any]:
        data = super()._bundle()
        if self._finished or "text/html" not in data:
            return data
        words = BELOW if self._n_widget_views else SAVED if self._seen else NO_VIEW
        line = _line(t(words, run=self.run_id))
        return data | {"text/html": line if self._n_widget_views else data["text/html"] + line}


def _line(words: str) -> str:
    """A quiet line of HTML; what stands in backticks is code."""
    return tag("p", coded(words), style=f"font-size:13px;margin:0 0 8px;{QUIET}")
