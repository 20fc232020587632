"""What is removed from the journal: runs, and the messages and texts that no run needs then.

A run goes on in another kernel meanwhile, so the file is never held for long: rows go some at a
time, and what was written since it was looked through is looked at again before each of them.
A sweep that is broken off is finished by the next one, so nothing here waits for the disk.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from json import loads
from sqlite3 import Connection
from typing import Literal, TypeAlias

from nbagent.errors import LeaseHeld
from nbagent.journal.database import Database
from nbagent.journal.lease import Holder, held_by
from nbagent.journal.packing import from_spans, references

Shared: TypeAlias = Literal["message", "text"]
"""What several runs may need."""

ROWS_AT_A_TIME = 4000
PAGES_AT_A_TIME = 1000
DAY_S = 86_400.0
_KEYS = {"event": "seq", "send": "k", "partial": "n"}
_LAST = 2**62


@dataclass(frozen=True, slots=True)
class Swept:
    """What was removed: how many runs, and by how many bytes the journal shrank."""

    n_runs: int
    n_bytes: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """How far the rows were looked through: the last event and send of each run, messages."""

    runs: dict[int, tuple[int, int]]
    message: int


# Which runs


def removable(db: Connection, me: Holder, now: float) -> list[tuple[int, float]]:
    """Runs that nobody goes on with, oldest first: their number and when they began."""
    rows = db.execute("SELECT id, wall FROM run ORDER BY id").fetchall()
    return [(n, wall) for n, wall in rows if held_by(db, n, me, now) is None]


def check_free(db: Connection, run_id: str, number: int, me: Holder, now: float) -> None:
    """Make sure that nobody goes on with a run.

    Raises:
        LeaseHeld: somebody does.
    """
    holder = held_by(db, number, me, now)
    if holder is not None:
        who = "this kernel" if holder.owner == me.owner else f"process {holder.pid}"
        raise LeaseHeld(f"{run_id} goes on in {who}.", "Stop it first. Nothing was deleted.")


def oldest_beyond(db: Connection, runs: Sequence[tuple[int, float]], n_bytes: int) -> list[int]:
    """The oldest of these runs, as many as must go for the journal to hold about `n_bytes`."""
    chosen: list[int] = []
    excess = used_bytes(db) - n_bytes
    for number, _ in runs:
        if excess <= 0:
            break
        chosen.append(number)
        excess -= weight(db, number)
    return chosen


def weight(db: Connection, number: int) -> int:
    """How many bytes a run's events hold, the long texts that they name included."""
    bodies = [b for (b,) in db.execute("SELECT body FROM event WHERE run = ?", (number,))]
    weight = sum(map(len, bodies))
    for text in references(bodies):
        found = db.execute("SELECT length(body) FROM text WHERE id = ?", (text,)).fetchone()
        weight += found[0] if found else 0
    return weight


# What of them


def unlist(db: Connection, numbers: Iterable[int]) -> None:
    """Take runs out of the list; `sweep` removes the rest of them."""
    for number in numbers:
        db.execute("DELETE FROM run WHERE id = ?", (number,))
        db.execute("DELETE FROM lease WHERE run = ?", (number,))


def sweep(database: Database) -> None:
    """Remove all that belongs to no run of the list."""
    with database.writing(durable=False) as db:
        gone = db.execute("SELECT run FROM beginning WHERE run NOT IN (SELECT id FROM run)")
        numbers = [number for (number,) in gone]
    for number in numbers:
        for table in _KEYS:
            while _remove_some(database, table, number):
                pass
        with database.writing(durable=False) as db:
            db.execute("DELETE FROM beginning WHERE run = ?", (number,))
    _sweep_shared(database, "message")
    _sweep_shared(database, "text")


def _remove_some(database: Database, table: str, number: int) -> bool:
    """Remove the first rows of a run from a table, and say whether there are more."""
    key = _KEYS[table]
    with database.writing(durable=False) as db:
        later = db.execute(
            f"SELECT {key} FROM {table} WHERE run = ? ORDER BY {key} LIMIT 1 OFFSET ?",  # noqa: S608 -- our own names
            (number, ROWS_AT_A_TIME),
        ).fetchone()
        db.execute(
            f"DELETE FROM {table} WHERE run = ? AND {key} < ?",  # noqa: S608 -- our own names
            (number, later[0] if later else _LAST),
        )
    return later is not None


def _sweep_shared(database: Database, table: Shared) -> None:
    with database.reading() as db:
        assert db is not None
        db.execute("BEGIN")
        try:
            needed = _needed(db, table, _Seen({}, -1))
            there = {number for (number,) in db.execute(f"SELECT id FROM {table}")}  # noqa: S608 -- our own names
            seen = _seen(db)
        finally:
            db.execute("ROLLBACK")
    dead = sorted(there - needed)
    for first in range(0, len(dead), ROWS_AT_A_TIME):
        with database.writing(durable=False) as db:
            needed_now = _needed(db, table, seen)
            some = [(n,) for n in dead[first : first + ROWS_AT_A_TIME] if n not in needed_now]
            db.executemany(f"DELETE FROM {table} WHERE id = ?", some)  # noqa: S608 -- our own names


def _seen(db: Connection) -> _Seen:
    runs = {}
    for (number,) in db.execute("SELECT id FROM run").fetchall():
        (seq,) = db.execute("SELECT max(seq) FROM event WHERE run = ?", (number,)).fetchone()
        (k,) = db.execute("SELECT max(k) FROM send WHERE run = ?", (number,)).fetchone()
        runs[number] = (-1 if seq is None else seq, -1 if k is None else k)
    (message,) = db.execute("SELECT coalesce(max(id), -1) FROM message").fetchone()
    return _Seen(runs, message)


def _needed(db: Connection, table: Shared, seen: _Seen) -> set[int]:
    """The numbers of the rows of a table to which rows refer that were not seen yet."""
    numbers: set[int] = set()
    if table == "text":
        rows = db.execute("SELECT body FROM message WHERE id > ?", (seen.message,))
        numbers |= references(body for (body,) in rows)
    for (run,) in db.execute("SELECT id FROM run").fetchall():
        seq, k = seen.runs.get(run, (-1, -1))
        begun = [] if run in seen.runs else _column(db, table, "beginning", run, _LAST)
        if table == "text":
            numbers |= references([*begun, *_column(db, table, "event", run, seq)])
        else:
            spans = [*begun, *_column(db, table, "send", run, k)]
            numbers |= {number for text in spans for number in from_spans(loads(text))}
    return numbers


_COLUMNS = {
    ("text", "beginning"): "SELECT made_of FROM beginning WHERE run = ? AND ? > 0",
    ("text", "event"): "SELECT body FROM event WHERE run = ? AND seq > ?",
    ("message", "beginning"): "SELECT origin FROM beginning WHERE run = ? AND ? > 0",
    ("message", "send"): "SELECT given FROM send WHERE run = ? AND k > ?",
}


def _column(db: Connection, table: Shared, of: str, run: int, since: int) -> Iterable[bytes]:
    """What rows of a run say of a table, those after `since`."""
    return (value for (value,) in db.execute(_COLUMNS[table, of], (run, since)))


# How much room there is


def used_bytes(db: Connection) -> int:
    """How many bytes of the file are in use."""
    pages, free, page = (
        db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * page)


def shrink(db: Connection) -> None:
    """Give free pages back to the disk, some at a time, and empty the log, if nobody is in it."""
    with suppress(sqlite3.OperationalError):
        while free := db.execute("PRAGMA freelist_count").fetchone()[0]:
            db.execute(f"PRAGMA incremental_vacuum({PAGES_AT_A_TIME})").fetchall()
            if db.execute("PRAGMA freelist_count").fetchone()[0] == free:
                break
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
