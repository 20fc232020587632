"""What the bench's notebooks run: the baselines, the marks' arrival times, a long run shown live.

The reply that is measured holds marks, `q0042`. Noted is when the code that shows the reply had
each mark in its hands: `%%kimi` by the run's own events, the baselines in their loop.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from IPython.display import Markdown, clear_output, display
from openai import DefaultHttpxClient, OpenAI

from nbagent.clock import SystemClock
from nbagent.events import Delta, Event
from nbagent.lessons.process import ensure
from nbagent.magics.live import LiveDisplay
from nbagent.magics.session import Session
from nbagent.meter import Meter
from nbagent.run import Run

MARK = re.compile(r"q\d{4}")
CLOCK = SystemClock()


class Marks:
    """Notes when each piece of a reply arrived, and writes it to a file that the bench reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.clear()

    def clear(self) -> None:
        self.n_deltas = 0
        self.arrived: list[tuple[int, float]] = []

    def note(self, text: str) -> None:
        self.n_deltas += 1
        if found := MARK.findall(text):
            self.arrived.append((int(found[-1][1:]), 1000 * CLOCK.wall()))

    def follow(self, session: Session) -> None:
        """Note what arrives for the runs of a session."""
        drive = session.driving.drive

        def apply(event: Event) -> None:
            if isinstance(event, Delta) and event.text:
                self.note(event.text)

        def noted(run: Run) -> None:
            run.subscribe(apply)
            drive(run)
            self.save()

        session.driving.drive = noted  # type: ignore[method-assign] # this one session's, for the figures

    def save(self) -> None:
        value = {"pid": os.getpid(), "deltas": self.n_deltas, "arrived": self.arrived}
        written = self._path.with_suffix(".new")
        written.write_text(json.dumps(value))
        written.replace(self._path)


def session_of(shell: Any) -> Session:
    """The session behind `%%kimi` in this kernel."""
    session: Session = shell.magics_manager.registry["KimiMagics"].session
    return session


def client() -> OpenAI:
    """The plain SDK, for the lesson server that `%%kimi` uses too."""
    server = ensure(CLOCK)
    plain = DefaultHttpxClient(trust_env=False)
    return OpenAI(base_url=server.url, api_key=server.token, http_client=plain)


def rewrite(openai: OpenAI, prompt: str, marks: Marks, every_s: float = 0.0) -> None:
    """Show a reply as people write it: all of its text so far, anew, at most each `every_s`."""
    text, shown_at = "", 0.0
    for chunk in openai.chat.completions.create(
        model="kimi-k2.6", messages=[{"role": "user", "content": prompt}], stream=True
    ):
        for choice in chunk.choices:
            delta = choice.delta
            piece = getattr(delta, "reasoning_content", None) or delta.content or ""
            if not piece:
                continue
            text += piece
            marks.note(piece)
            if CLOCK.now() - shown_at >= every_s:
                shown_at = CLOCK.now()
                clear_output(wait=True)
                display(Markdown(text))
    clear_output(wait=True)
    display(Markdown(text))
    marks.save()


def show_long_run(shell: Any, steps: int) -> None:
    """Show a run of many steps as one that goes on; the kernel keeps it for pages that come."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "trace"))
    from render_view import long_run  # noqa: PLC0415 -- its folder has just been named

    *events, _finished = long_run(steps).events
    meter = Meter()
    for event in events:
        meter.apply(event)
    started = SimpleNamespace(cell_id="")
    run: Any = SimpleNamespace(run_id="r1", started=started, events=events, meter=meter)
    session = session_of(shell)
    settings, _ = session.settings()
    live = LiveDisplay(shell, run, settings, CLOCK, session.driving.mailbox)
    for event in events:
        live.apply(event)
    live.refresh()
