"""The live trace: a view that follows the run, and the HTML trace where no view can.

The cell's output is one bundle: our JSON, a widget, HTML and text; the front end draws the first
that it knows. What happens goes to the views in batches. If no view has answered after a while,
the HTML is refreshed in its place, with a line that says how to get the live view. At the end the
widget leaves the bundle, so that the saved notebook needs neither kernel nor widget.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbagent.clock import Clock
from nbagent.events import Event
from nbagent.kernel.mailbox import Command, Mailbox
from nbagent.magics.display import TraceDisplay
from nbagent.run import Run
from nbagent.settings import Settings
from nbagent.trace import TRACE_MIME, mimebundle
from nbagent.trace.feed import Feed
from nbagent.trace.widget import trace_widget

BATCH_S = 0.033
"""Shortest time between two batches."""
PATIENCE_S = 5.0
"""How long a view may take to answer before the HTML trace takes its place."""
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
NO_VIEW = (
    "No live view has answered, so this text is refreshed twice a second. JupyterLab draws the "
    "live one if nbagent-kimi, or at least anywidget, is installed beside it; `%kimi doctor` looks."
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
        super().__init__(shell, run.run_id, settings, clock)
        self._run = run
        self._feed = Feed(run.run_id)
        self._seen = False
        self._drawn = False
        self._batched_at = clock.now()
        self._deliver: Callable[[Command], dict[str, Any]] = mailbox.deliver
        self._widget: Any = None
        mailbox.put_up(run.run_id, self.answer)
        if run.started.cell_id:
            mailbox.put_up(f"cell:{run.started.cell_id}", self.answer)

    def apply(self, event: Event) -> None:
        """Take an event."""
        with self._lock:
            self._feed.apply(event)
        super().apply(event)

    def answer(self, action: str, command: Command) -> Any:
        """Answer a view; runs on whichever thread brings the command.

        Raises:
            LookupError: there is no such action, or no such request.
        """
        if action == "ready":
            with self._lock:
                self._seen = True
                return self._feed.snapshot(self._elapsed_s, self._comm_id)
        if action == "stop":
            self._run.stop()
            return {}
        if action == "request":
            return self._request(int(command.get("step", 0)))
        if action == "bundle":
            with self._lock:
                return self._bundle()
        if action == "find":
            return self._lost()
        if action == "drawn":
            self._drawn = True
            return {}
        raise LookupError(f"there is no action {action!r}")

    def _lost(self) -> dict[str, Any]:
        """The bundle for a page whose cell has no output, as the page before it was not saved."""
        if self._drawn:
            raise LookupError("a page has drawn this run to its end")
        with self._lock:
            return super()._bundle()

    def _request(self, step: int) -> dict[str, Any]:
        requests = {e.step: r for e, r in zip(self._starts(), self._run.requests, strict=False)}
        if step not in requests:
            raise LookupError(f"step {step} has sent no request")
        facts = self._run.recipe.model.facts
        return {"url": facts.url, "body": requests[step].json()}

    def _starts(self) -> list[Any]:
        return [event for event in self._run.events if event.kind == "step_started"]

    @property
    def _comm_id(self) -> str:
        return self._widget.comm.comm_id if self._widget is not None else ""

    def refresh(self, *, final: bool = False) -> None:
        """Send what is new to the views; refresh the bundle only where nobody draws it live."""
        with self._lock:
            if self._shown_at is None:
                self._begin()
            self._send(final=final)
            no_view = not self._seen and self._elapsed_s > PATIENCE_S
            if self._finished or (no_view and self._is_time()):
                self._show()
            if self._finished and self._widget is not None:
                self._widget.close()
                self._widget = None

    def _begin(self) -> None:
        """Show the first bundle: it names the run, and holds the widget."""
        data = mimebundle(self._view, self._meter, running=True, t=self._elapsed_s)
        self._widget = trace_widget(data[TRACE_MIME], self._from_view)
        data[WIDGET_MIME] = {
            "version_major": 2,
            "version_minor": 0,
            "model_id": self._widget.model_id,
        }
        self._publish(data, {}, transient=self._transient)
        self._shown_at = self._clock.now()

    def _from_view(self, content: dict[str, Any]) -> None:
        answer = self._deliver(content)
        if content.get("action") == "ready" and answer["ok"]:
            answer = answer["data"]
        if self._widget is not None:
            self._widget.send(answer)

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
        if not self._finished and "text/html" in data:
            data["text/html"] += f'<p style="opacity:.75">{NO_VIEW}</p>'
        return data
