"""What a run holds: its trace, steps, requests and events, and files made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, get_args

from jupyter_server.auth.decorator import authorized
from tornado import web

from nbagent.events import Compacted, Event, RunFinished, StepStarted, to_dict
from nbagent.journal import Journal, RunLine, StoredRun
from nbagent.messages import Message, json_bytes
from nbagent.meter import Meter
from nbagent.redact import Redactor
from nbagent.server.handler import Handler
from nbagent.server.records import Refused
from nbagent.trace.bundle import whole_trace
from nbagent.trace.feed import STEPS_AT_ONCE, steps_told
from nbagent.view import RunView

EVENTS, MOST_EVENTS = 200, 500
"""How many events an answer has, and at most."""
EVENTS_BYTES = 8_000_000
"""An answer has no further event once it holds so much."""
READ_AT_ONCE = 20
"""Events that are read at a time, as one may hold megabytes."""
MOST_STEPS = 1_000_000
FORMATS = ("notebook", "html", "jsonl")
MEDIA = {
    "notebook": "application/x-ipynb+json",
    "html": "text/html; charset=utf-8",
    "jsonl": "application/x-ndjson",
}


class TraceHandler(Handler):
    """A run as a page draws it, its pictures included."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        """Answer with what the trace's renderer takes."""
        self.json(await self.records.ask_about(self.run_id(run_id), _trace))


def _trace(journal: Journal, line: RunLine) -> dict[str, Any]:
    view, meter = RunView(), Meter()
    for event in journal.events(line.run_id):
        view.apply(event)
        meter.apply(event)
    return whole_trace(view, meter, running=line.state == "running" and bool(line.held_by))


class StepsHandler(Handler):
    """The events of some steps, for a trace that has only their lines."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        """Answer as a kernel does."""
        first = self.number("first", 1, 1, MOST_STEPS)
        last = self.number("last", first + STEPS_AT_ONCE - 1, 1, MOST_STEPS)
        asked = partial(_steps, {"first": first, "last": last})
        self.json(await self.records.ask_about(self.run_id(run_id), asked))


def _steps(asked: Mapping[str, int], journal: Journal, line: RunLine) -> dict[str, Any]:
    return steps_told(journal.events(line.run_id), asked)


class RequestHandler(Handler):
    """The messages of a step's request, as far as the record tells."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        """Answer with them, or say why they are not known."""
        step = self.number("step", 1, 1, MOST_STEPS)
        self.json(await self.records.ask_about(self.run_id(run_id), partial(_request, step)))


def _request(step: int, journal: Journal, line: RunLine) -> dict[str, Any]:
    stored = journal.load(line.run_id)
    starts = [e for e in stored.events if isinstance(e, StepStarted) and e.step == step]
    if not starts:
        raise Refused(404, f"Step {step} has sent no request.", "no_such_step")
    messages = _sent(stored, starts[-1])
    if messages is None:
        words = (
            "The record does not hold this request: it was shortened, changed or forked. While "
            "its kernel lives, the trace in the notebook shows it."
        )
        raise Refused(404, words, "not_kept")
    body = {"model": line.model, "messages": messages}
    return {"url": stored.started.host, "body": body, "exact": False}


def _sent(stored: StoredRun, start: StepStarted) -> list[Message] | None:
    """The messages of a request: all that was said before its step, if that is as many as went."""
    is_shortened = stored.started.past is not None or any(
        isinstance(event, Compacted) and event.seq < start.seq for event in stored.events
    )
    messages, n_asked = list(stored.origin), 0
    for send in stored.sends:
        n_asked += send.move == "ask"
        if n_asked == start.step:
            break
        given = send.value if isinstance(send.value, list) else [send.value]
        messages += given
    return messages if not is_shortened and len(messages) == start.n_messages else None


class EventsHandler(Handler):
    """A run's events, some at a time."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        """Answer with the next ones."""
        since, limit = self.number("since", 0, 0), self.number("limit", EVENTS, 1, MOST_EVENTS)
        asked = partial(_events, since, limit)
        self.json(await self.records.ask_about(self.run_id(run_id), asked))


def _events(since: int, limit: int, journal: Journal, line: RunLine) -> dict[str, Any]:
    events, following = some_events(journal, line.run_id, since, limit)
    is_over = line.state != "running" or not line.held_by
    told = [to_dict(event) for event in events]
    return {"events": told, "next": following, "ended": is_over and following is None}


def some_events(
    journal: Journal, run_id: str, since: int, limit: int
) -> tuple[Sequence[Event], int | None]:
    """The next events of a run, within the size of an answer.

    Args:
        journal: the journal.
        run_id: the run.
        since: the `seq` of the first.
        limit: how many at most.

    Returns:
        The events, and the `seq` of the one after them; None if these are the last so far.
    """
    events: list[Event] = []
    n_bytes = 0
    for event in journal.events(run_id, since, at_once=READ_AT_ONCE):
        if len(events) == limit or n_bytes > EVENTS_BYTES:
            return events, event.seq
        events.append(event)
        n_bytes += len(json_bytes(to_dict(event)))
    return events, None


def has_ended(events: Sequence[Event]) -> bool:
    """Whether the last of these events is a run's last."""
    return bool(events) and isinstance(events[-1], RunFinished)


class ExportHandler(Handler):
    """A run as a file that needs no nbagent."""

    @property
    def content_security_policy(self) -> str:
        """What is sent is for the disk: shown in a page, it could do nothing there."""
        return f"{super().content_security_policy}; sandbox"

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        """Answer with the file."""
        name, form = self.run_id(run_id), self.word("format", FORMATS)
        text, suffix = await self.records.ask_about(
            name, partial(_export, form, self.records.redact)
        )
        self.set_attachment_header(f"{name}{suffix}")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish(text.encode(errors="replace"), set_content_type=MEDIA[form])


def _export(form: str, redact: Redactor, journal: Journal, line: RunLine) -> tuple[str, str]:
    from nbagent.export import SUFFIXES, Format, written  # noqa: PLC0415 -- slow; only an export
    from nbagent.export.stored import stored_source  # noqa: PLC0415 -- as above

    kind: Format = next(each for each in get_args(Format) if each == form)
    source = stored_source(journal, line.run_id).masked(redact)  # before Markdown escapes it
    return written(kind, [source]), SUFFIXES[kind]
