"""What is behind a run, packed: the steps that its requests carry no longer.

A long run is compacted every hundred steps or so. What belongs to the steps that left then is
packed: their events, moves, requests and sends, and the messages themselves. So a run holds as
much unpacked as the window holds, however long it is; an old step is unpacked when it is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from nbagent.events import Event, StepStarted
from nbagent.messages import Record, Revision
from nbagent.packed import Packed, Packer
from nbagent.run.asking import Asking
from nbagent.run.cursor import Cursor, Send
from nbagent.run.moves import Moves

TOGETHER = 600
"""About so many events are packed together."""


class Older:
    """Packs what a run needs no longer to go on.

    Args:
        events: what happened.
        moves: where it was.
        asking: its requests.
        cursor: its loop; a learner's keeps its own list of messages.
    """

    def __init__(self, events: Packed[Event], moves: Moves, asking: Asking, cursor: Cursor) -> None:
        self._events = events
        self._moves = moves
        self._asking = asking
        self._cursor = cursor
        self._packer = Packer(Revision)
        self._first = 0

    def pack(self) -> None:
        """Pack what the next request does not carry, if more has left since the last time."""
        shown, cursor, requests = (
            self._asking.window.projection,
            self._cursor,
            self._asking.requests,
        )
        if shown.first <= self._first:
            return
        self._first = shown.first
        records = self._asking.transcript.current.records
        kept = records[shown.first :]
        step = self._asking.step + 1 - _n_replies(kept)
        events = _before(self._events.recent, step)
        n_requests = sum(isinstance(e, StepStarted) for e in self._events.recent[len(events) :])
        lists: list[tuple[Packed[Any], int]] = [
            (self._events, len(events)),
            (self._moves.made, len(_before(self._moves.made.recent, step))),
            (requests, max(len(requests.recent) - n_requests, 0)),
            (cursor.sends, len(cursor.sends.recent) - _n_sends(cursor.sends.recent, len(kept))),
        ]
        left = (r for i, r in enumerate(records[: shown.first]) if not shown.carries(i))
        self._put(lists, [r for r in left if not r.is_packed] if cursor.trusted else [])

    def _put(self, lists: Sequence[tuple[Packed[Any], int]], records: Sequence[Record]) -> None:
        """Pack the beginnings of lists, and these records, some at a time."""
        n_blocks = -(-max(lists[0][1], len(records)) // TOGETHER)
        for k in range(n_blocks):
            some = records[_share(len(records), k, n_blocks)]
            cuts = [len(range(n)[_share(n, k, n_blocks)]) for _, n in lists]
            items = [[*packed.recent[:n]] for (packed, _), n in zip(lists, cuts, strict=True)]
            block = self._packer.pack([record.message for record in some], *items)
            for place, ((packed, _), n) in enumerate(zip(lists, cuts, strict=True), 1):
                packed.pack_first(n, block, place)
            for i, record in enumerate(some):
                record.pack(block, i)


def _share(n: int, k: int, of: int) -> slice:
    """The `k`-th of so many equal parts of `n` items."""
    return slice(n * k // of, n * (k + 1) // of)


def _before(items: Sequence[Any], step: int) -> list[Any]:
    """The items at the beginning that belong to earlier steps."""
    return list(takewhile(lambda item: getattr(item, "step", 0) < step, items))


def _n_replies(records: Sequence[Record]) -> int:
    return sum(record.message["role"] == "assistant" for record in records)


def _n_sends(sends: Sequence[Send], n_messages: int) -> int:
    """How many sends, from the end, hold the last messages."""
    n = 0
    for send in reversed(sends):
        if n_messages <= 0:
            break
        n_messages -= len(send.value) if isinstance(send.value, list) else 1
        n += 1
    return n
