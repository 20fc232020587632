"""Keeps one run: an event consumer that has each event on disk before it returns.

A disk that refuses never stops it: `problem` says what is wrong, what was not written stays in
memory, and the next event or `retry` writes all of it. What the file holds is asked of the file,
so a write whose outcome is unknown is never made twice.
"""

from __future__ import annotations

import sqlite3
import threading
from array import array
from collections.abc import Mapping
from contextlib import suppress
from itertools import takewhile
from os import getpid
from typing import Any

from nbagent.clock import Clock
from nbagent.errors import LeaseHeld
from nbagent.events import TRANSIENT, Delta, Event, RunFinished
from nbagent.journal import lease
from nbagent.journal.database import Database, NoJournal, cause_of
from nbagent.journal.figures import PROMPT_CHARS, Figures
from nbagent.journal.lease import Fenced, Holder
from nbagent.journal.packing import message_id, pack, pack_event, storable, to_json, to_spans
from nbagent.messages import Message
from nbagent.run import Run

PARTIAL_S = 0.25
"""How often what streams is written, in seconds."""
BEAT_S = 5.0
"""How often a sign of life is written, in seconds."""
AGAIN_S = 5.0
"""How long a disk that refused is left alone, in seconds; `retry` does not wait."""

_FENCED = (
    "Another kernel goes on with this run, so nothing more of it is written here. What it made "
    "stays in this kernel and notebook."
)
_ENDS_PARTIAL = {"step_started", "reply_received", "retry_scheduled", "run_finished"}


class Keeper:
    """The event consumer that keeps one run; made by `Journal.keep`.

    Args:
        database: the journal's file.
        run: the run; its sends and earlier events are read from it.
        made_of: what a resume needs to know of its recipe.
        kernel: the kernel's boot id.
        notebook: the notebook's path.
        me: who writes.
        clock: the one clock.

    Attributes:
        problem: '' while everything is durable, otherwise what is wrong, in words.
        is_lost: whether another kernel goes on with the run.
        masked: whether secrets were masked in what the loop was sent.
    """

    def __init__(
        self,
        database: Database,
        run: Run,
        made_of: Mapping[str, Any],
        *,
        kernel: str,
        notebook: str,
        me: Holder,
        clock: Clock,
    ) -> None:
        self.problem = ""
        self.is_lost = False
        self.masked = False
        self._database = database
        self._run = run
        self._made_of = made_of
        self._where = {"kernel": kernel, "notebook": notebook}
        self._me = me
        self._clock: Clock = clock
        self._pid = getpid()
        self._lock = threading.RLock()
        self._closed = False
        self._row = 0
        """The run's number in the file; 0 while it is not known."""
        self._opened = 0
        self._fence = 0
        self._is_leased = False
        self._seen = -1
        self._n_sends = 0
        self._marks = array("q")
        """For each send, the event from which on things happened after it."""
        self._figures = Figures()
        self._unwritten: list[Event] = []
        self._streamed: list[str] = []
        self._n_partials = 0
        self._partial_at = self._beat_at = self._failed_at = float("-inf")

    def apply(self, event: Event) -> None:
        """Keep an event, or what has streamed by now; never raises for the disk's sake."""
        if self._closed or not self._is_ours:
            return
        with self._lock:
            if isinstance(event, Delta):
                self._stream(event)
            elif not isinstance(event, TRANSIENT) and event.seq > self._seen:
                self._mark_sends(event.seq)
                self._seen = event.seq
                self._unwritten.append(event)
                self._write()

    def beat(self) -> None:
        """Give a sign of life, if one is due; call it as often as you like."""
        if self._due() is not None and self._is_ours:
            with self._lock:
                self._write()

    def retry(self) -> bool:
        """Write all that is missing, and say whether nothing is missing now."""
        if not self._is_ours:
            return False
        with self._lock:
            self._failed_at = float("-inf")
            self._write()
            return not self.problem

    def close(self) -> None:
        """Give the lease back; nothing more is written."""
        if not self._is_ours:
            return
        with self._lock:
            if self._row and not self._closed:
                with suppress(sqlite3.Error, OSError), self._database.writing() as db:
                    lease.release(db, self._row, self._me, self._fence)
            self._closed = True

    def begin(self) -> None:
        """Take the lease and write what there is of the run.

        Raises:
            LeaseHeld: another kernel has it.
        """
        with self._lock:
            self._write(is_first=True)

    @property
    def _is_ours(self) -> bool:
        """Whether this is the process that keeps the run, and no fork of it."""
        return getpid() == self._pid

    # Writing

    def _stream(self, delta: Delta) -> None:
        self._streamed.append(delta.text)
        now = self._clock.now()
        if now - self._partial_at < PARTIAL_S or self.problem or not self._row:
            return
        self._partial_at = now
        try:
            with self._database.writing(durable=False) as db:
                if self._database.opened != self._opened:
                    return
                lease.check(db, self._row, self._me, self._fence, None)
                text = "".join(self._streamed).encode("utf-8", "surrogatepass")
                row = (self._row, self._n_partials, text)
                db.execute("INSERT INTO partial VALUES (?, ?, ?)", row)
        except (sqlite3.Error, OSError, Fenced):
            return  # the event that follows will tell
        self._streamed.clear()
        self._n_partials += 1

    def _write(self, *, is_first: bool = False) -> None:
        """Write all that was not, in one transaction, or say why it could not be."""
        now = self._clock.now()
        if self._closed or (self.problem and now - self._failed_at < AGAIN_S):
            return
        n_sends = None
        try:
            with self._database.writing() as db:
                if self._database.opened != self._opened or not self._row:
                    self._meet(db)
                lease.check(db, self._row, self._me, self._fence, self._due())
                n_sends = self._put(db)
        except (Fenced, LeaseHeld):
            if is_first:
                raise
            self.problem, self.is_lost, self._closed = _FENCED, True, True
        except (sqlite3.Error, OSError) as error:
            if is_first and isinstance(error, NoJournal):
                self._closed = True  # the journal's note says so, and nothing is stopped
            else:
                self._fail(cause_of(error))
        else:
            self._written(n_sends)
        finally:
            if n_sends is None:
                self._row = 0  # what the file holds now is asked of the file

    def _written(self, n_sends: int) -> None:
        """Note that a transaction is on disk."""
        if self._due() is not None:
            self._beat_at = self._clock.now()
        self._n_sends, self._is_leased = n_sends, True
        ended = any(event.kind in _ENDS_PARTIAL for event in self._unwritten)
        finished = any(isinstance(event, RunFinished) for event in self._unwritten)
        self._unwritten.clear()
        self.problem = ""
        if ended:
            self._streamed.clear()
            self._n_partials = 0
        if finished:
            self.close()

    def _due(self) -> float | None:
        """The sign of life to be written now, None if the last one is recent."""
        is_due = self._clock.now() - self._beat_at >= BEAT_S
        return self._clock.wall() if is_due else None

    def _fail(self, cause: str) -> None:
        self._failed_at = self._clock.now()
        self.problem = (
            f"This run is not kept on disk now: {cause}. What was not written is in this "
            "kernel's memory and is written as soon as that can be. `%kimi doctor` looks at the "
            "data directory."
        )

    def _meet(self, db: sqlite3.Connection) -> None:
        """Find the run in the file, or put it there, take its lease, and see how far it came."""
        run_id = self._run.run_id
        found = db.execute("SELECT id FROM run WHERE run_id = ?", (run_id,)).fetchone()
        row = found[0] if found else self._introduce(db)
        if not (self._is_leased and found):
            self._fence = lease.take(db, row, self._me, self._clock.wall())
            self._agree(db, row)
        (last,) = db.execute("SELECT max(seq) FROM event WHERE run = ?", (row,)).fetchone()
        (sends,) = db.execute("SELECT count(*) FROM send WHERE run = ?", (row,)).fetchone()
        (partials,) = db.execute("SELECT count(*) FROM partial WHERE run = ?", (row,)).fetchone()
        since = -1 if last is None else last
        missing = [*takewhile(lambda event: event.seq > since, reversed(self._run.events))]
        known = {event.seq: event for event in [*missing, *self._unwritten] if event.seq > since}
        self._unwritten = [known[seq] for seq in sorted(known)]
        self._seen = max([since, *known])
        self._n_sends, self._n_partials = sends, partials
        if not self._marks:
            (mark,) = db.execute("SELECT max(seq) FROM send WHERE run = ?", (row,)).fetchone()
            self._mark_sends(mark or 0)
        self._figures = Figures.of(db, row)
        self._row, self._opened = row, self._database.opened

    def _agree(self, db: sqlite3.Connection, row: int) -> None:
        """Note where a run goes on, and what the model is told of that beside the last send."""
        where = {name: storable(text) for name, text in self._where.items()} | {"id": row}
        db.execute("UPDATE run SET kernel = :kernel, notebook = :notebook WHERE id = :id", where)
        (n,) = db.execute("SELECT count(*) FROM send WHERE run = ?", (row,)).fetchone()
        cursor = self._run.cursor
        told = cursor.sends[n - 1].value if 0 < n <= len(cursor.sends) else None
        if isinstance(told, list):
            given = _text(to_spans(self._message_id(db, message) for message in told))
            db.execute("UPDATE send SET given = ? WHERE run = ? AND k = ?", (given, row, n - 1))
        elif n == 0:
            origin = _text(to_spans(self._message_id(db, message) for message in cursor.origin))
            db.execute("UPDATE beginning SET origin = ? WHERE run = ?", (origin, row))

    def _introduce(self, db: sqlite3.Connection) -> int:
        """Put the run itself into the file: where it begins and what it is made of."""
        started, redact = self._run.started, self._run.recipe.redact
        row = {
            "run_id": self._run.run_id,
            "conversation": started.conversation,
            "cell_id": started.cell_id,
            "model": started.model,
            "scripted": int(started.scripted),
            "prompt": redact(started.prompt)[:PROMPT_CHARS],
            "wall": started.wall or self._clock.wall(),
            "state": "running",
            **self._where,
        }
        row = {k: storable(v) if isinstance(v, str) else v for k, v in row.items()}
        columns, places = ", ".join(row), ", ".join(f":{name}" for name in row)
        number = db.execute(f"INSERT INTO run ({columns}) VALUES ({places})", row).lastrowid  # noqa: S608 -- our own names
        assert number is not None
        origin = to_spans(self._message_id(db, message) for message in self._run.cursor.origin)
        made_of = pack(db, redact.value(dict(self._made_of)))
        db.execute("INSERT INTO beginning VALUES (?, ?, ?)", (number, _text(origin), made_of))
        return number

    def _put(self, db: sqlite3.Connection) -> int:
        """Write the sends and events that are not in the file; return how many sends it holds."""
        self._mark_sends(self._seen + 1)
        sends = self._run.cursor.sends[self._n_sends :]
        for k, send in enumerate(sends, self._n_sends):
            given = send.value if isinstance(send.value, list) else [send.value]
            numbers = [self._message_id(db, message) for message in given]
            spans = _text(to_spans(numbers))
            row = (self._row, k, send.move, send.yielded, spans, self._marks[k])
            db.execute("INSERT INTO send VALUES (?, ?, ?, ?, ?, ?)", row)
        for event in self._unwritten:
            body = pack_event(db, event)
            values = (self._row, event.seq, event.t, event.kind, body)
            db.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?)", values)
        started = self._run.started
        price = None if started.scripted else started.price
        self._figures = self._figures.after(self._unwritten, price)
        self._figures.write(db, self._row, masked=self.masked)
        if any(event.kind in _ENDS_PARTIAL for event in self._unwritten):
            db.execute("DELETE FROM partial WHERE run = ?", (self._row,))
        return self._n_sends + len(sends)

    def _mark_sends(self, seq: int) -> None:
        """Note of the sends that are new that what happens from `seq` on comes after them."""
        n_new = len(self._run.cursor.sends) - len(self._marks)
        self._marks.extend([seq] * n_new)

    def _message_id(self, db: sqlite3.Connection, message: Message) -> int:
        clean = self._run.recipe.redact.value(message)
        self.masked = self.masked or clean is not message
        return message_id(db, clean)


def _text(spans: list[list[int]]) -> str:
    return to_json(spans).decode()
