"""Where a run goes on whose kernel ended, found in its record alone.

What was sent into the loop is its state (see `cursor`); the events after the last send say what
had come of the move under way. A reply that was received is in hand, a result that was recorded
is reused. A call that was begun and has no result is the hard case: nobody knows whether it took
place, so it is run again only where that changes nothing, or where the person says so.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from nbagent.errors import HistoryError
from nbagent.events import (
    ApprovalAsked,
    Edited,
    Event,
    Paused,
    ReplyReceived,
    Resumed,
    RunFinished,
    RunStarted,
    Steered,
    StepStarted,
    ToolFinished,
    ToolStarted,
)
from nbagent.loop import Ask, Loop
from nbagent.messages import Message
from nbagent.phrases import plural
from nbagent.run.cursor import Cursor, Send
from nbagent.run.fork import Beginning
from nbagent.run.recorded import result_of
from nbagent.tools import Tool, ToolResult

FRESH_KERNEL = (
    "[The kernel was restarted: variables, imports and functions from before are gone. Files are "
    "still there. Make again what you need.]"
)
GO_ON = "Go on where you stopped."


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What is on record of a run.

    Attributes:
        events: what happened, without the transient pieces.
        origin: the messages with which its loop began.
        sends: what was sent into the loop.
        sends_seq: from this event on, things happened after the last send; -1 if an older nbagent
            has not noted it.
        partial: what the reply on its way had streamed.
        masked: whether secrets were masked in it, so that hashes of the loop's yields differ.
    """

    events: Sequence[Event]
    origin: Sequence[Message] = ()
    sends: Sequence[Send] = ()
    sends_seq: int = 0
    partial: str = ""
    masked: bool = False

    @property
    def started(self) -> RunStarted:
        """How the run began.

        Raises:
            HistoryError: the record does not begin with that.
        """
        first = self.events[0] if self.events else None
        if not isinstance(first, RunStarted):
            raise HistoryError("The record of this run has no beginning, so it cannot go on.")
        return first

    @property
    def finished(self) -> RunFinished | None:
        """How the run ended, if it did."""
        last = self.events[-1] if self.events else None
        return last if isinstance(last, RunFinished) else None


@contextmanager
def uncollected() -> Iterator[None]:
    """Make the many objects of a run, none of them garbage, without a search for cycles in them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def resumed(
    record: RunRecord, loop: Loop, tools: Sequence[Tool], *, kernel: str, is_fresh: bool
) -> Beginning:
    """Where a run that was cut off goes on, under its own name.

    Args:
        record: the run's record.
        loop: its loop function.
        tools: what the loop may offer.
        kernel: the kernel in which it goes on.
        is_fresh: whether that is another kernel than the one in which it ran.

    Raises:
        ReplayError: the loop does not repeat what it did; the text names the first difference.
        HistoryError: the record does not say where the run was cut off.
    """
    if record.sends_seq < 0:
        raise HistoryError(
            "An older nbagent has kept this run, and not where it was cut off, so it cannot go on.",
            "It can be shown and exported.",
        )
    events = record.events
    after = [event for event in events if event.seq >= record.sends_seq]
    reply, (unknown, held) = _reply_in_hand(after), _open_call(after)
    note = FRESH_KERNEL if is_fresh else ""
    cursor = replayed(record, loop, tools, note if reply is None else "")
    is_told = reply is None and _asks_next(cursor)
    text = _told(unknown, record.partial, is_fresh=is_fresh)
    begun = max((e.step for e in events if isinstance(e, StepStarted)), default=0)
    last = events[-1]
    return Beginning(
        cursor,
        step=max((e.step for e in events if isinstance(e, ReplyReceived)), default=0),
        reply=reply,
        results=_results(after),
        unknown=unknown,
        held=held,
        events=events,
        resumed=Resumed(step=begun, text=text, kernel=kernel, fresh=is_fresh),
        partial=record.partial,
        note="" if is_told else note,
        said=[event.text for event in after if isinstance(event, Steered)],
        rests=isinstance(last, Paused) and bool(last.place),
    )


def restored(record: RunRecord, loop: Loop, tools: Sequence[Tool]) -> Beginning:
    """A run that has ended, as it was at its end, so that its conversation can go on.

    Raises:
        ReplayError: see `resumed`.
    """
    return Beginning(replayed(record, loop, tools), events=record.events)


def gone_on(record: RunRecord, loop: Loop, tools: Sequence[Tool], *, is_fresh: bool) -> Beginning:
    """Where another run goes on from the end of one that ended without an answer.

    Raises:
        ReplayError: see `resumed`.
    """
    was_stopped = record.finished is not None and record.finished.reason == "stopped"
    notes = [FRESH_KERNEL if is_fresh else "", GO_ON if was_stopped else ""]
    return Beginning(replayed(record, loop, tools, " ".join(filter(None, notes))))


def replayed(record: RunRecord, loop: Loop, tools: Sequence[Tool], note: str = "") -> Cursor:
    """The loop where the record leaves it, with a note for the model if it is about to ask.

    The note joins what was sent last; a loop that waits for a result is told beside that.

    Raises:
        ReplayError: see `resumed`.
    """
    cursor = Cursor(loop, record.origin, tools).replay(record.sends, is_checked=not record.masked)
    if not note or not _asks_next(cursor):
        return cursor
    if not cursor.sends:
        return Cursor(loop, [*record.origin[:-1], _with_note(record.origin[-1], note)], tools)
    *before, last = record.sends
    assert isinstance(last.value, list)  # `_asks_next`
    message: Message = {"role": "user", "content": note}
    told = replace(last, value=[*last.value, message])
    return cursor.replay([*before, told], is_checked=not record.masked)


def _asks_next(cursor: Cursor) -> bool:
    """Whether the loop is about to ask the model, and was not given a reply last."""
    return isinstance(cursor.want, Ask) and (not cursor.sends or cursor.sends[-1].move != "ask")


def _with_note(prompt: Message, note: str) -> Message:
    """The person's prompt, with a note after it."""
    content = prompt.get("content", "")
    if isinstance(content, str):
        return {**prompt, "content": f"{content}\n\n{note}"}
    return {**prompt, "content": [*content, {"type": "text", "text": note}]}


def _reply_in_hand(after: Sequence[Event]) -> Message | None:
    """The reply that was received and not yet given to the loop, as the person has edited it."""
    reply: Message | None = None
    for event in after:
        if isinstance(event, RunStarted) and event.in_hand is not None:
            reply = event.in_hand["reply"]
        elif isinstance(event, ReplyReceived) or (
            isinstance(event, Edited) and event.place == "reply"
        ):
            reply = event.message or reply
    return reply


def _results(after: Sequence[Event]) -> list[ToolResult]:
    """The results that are not in the history yet, as the person has edited them."""
    results: list[ToolResult] = []
    for event in after:
        if isinstance(event, RunStarted) and event.in_hand is not None:
            results = [ToolResult(content=content) for content in event.in_hand["results"]]
        elif isinstance(event, ToolFinished):
            results.append(result_of(event))
        elif isinstance(event, Edited) and event.place == "result":
            results[-1] = replace(results[-1], content=event.content)
    return results


def _open_call(after: Sequence[Event]) -> tuple[ToolStarted | None, ToolResult | None]:
    """The call that has no result: its start, or the result that waits for the person's OK.

    Neither of a call that can be made again, as that changes nothing.
    """
    begun: ToolStarted | None = None
    held: ToolResult | None = None
    for event in after:
        if isinstance(event, ToolStarted):
            begun, held = event, None
        elif isinstance(event, ApprovalAsked) and event.about == "result":
            held = ToolResult(content=event.content)
        elif isinstance(event, ToolFinished):
            begun = held = None
    is_known = begun is None or held is not None or begun.effect == "pure"
    return None if is_known else begun, held


def _told(unknown: ToolStarted | None, partial: str, *, is_fresh: bool) -> str:
    """What the reader is told of how the run goes on."""
    parts = ["Resumed from the record."]
    if is_fresh:
        parts = ["Resumed from the record in a new kernel; variables from before are gone."]
    if unknown is not None:
        parts.append(f"Nobody saw {unknown.name} end.")
    if partial:
        n = plural(len(partial), "character")
        parts.append(f"The reply on its way ({n}) is asked for again.")
    return " ".join(parts)


def messages_of(record: RunRecord) -> list[Message]:
    """The messages that a record holds, in order, as far as it does; they may be no whole history.

    An older nbagent kept events alone: the history is put together from them.
    """
    if record.origin:
        messages = list(record.origin)
        for send in record.sends:
            messages += send.value if isinstance(send.value, list) else [send.value]
        return messages
    messages, ids = [{"role": "user", "content": record.started.prompt}], dict[int, str]()
    for event in record.events:
        if isinstance(event, ReplyReceived):
            messages.append(event.message)
            ids = {i: call["id"] for i, call in enumerate(event.message.get("tool_calls") or [])}
        elif isinstance(event, ToolFinished):
            call_id = ids.get(event.index, "")
            messages.append({"role": "tool", "tool_call_id": call_id, "content": event.content})
        elif isinstance(event, Steered):
            messages.append({"role": "user", "content": event.text})
    return messages
