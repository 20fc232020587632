"""What is removed from the journal: runs, and the messages and texts that no run needs then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from json import loads
from sqlite3 import Connection

from nbagent.errors import LeaseHeld
from nbagent.journal.lease import Holder, held_by
from nbagent.journal.packing import from_spans, references

PER_RUN = ("beginning", "send", "event", "partial", "lease")
PAGES_AT_A_TIME = 1000
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Swept:
    """What was removed: how many runs, and by how many bytes the journal shrank."""

    n_runs: int
    n_bytes: int


def remove(db: Connection, numbers: Sequence[int]) -> None:
    """Remove runs, and then every message and text that no other run needs."""
    for number in numbers:
        for table in PER_RUN:
            db.execute(f"DELETE FROM {table} WHERE run = ?", (number,))  # noqa: S608 -- our own names
        db.execute("DELETE FROM run WHERE id = ?", (number,))
    if numbers:
        _sweep(db)


def _sweep(db: Connection) -> None:
    spans = db.execute("SELECT given FROM send UNION ALL SELECT origin FROM beginning")
    messages = {number for (text,) in spans for number in from_spans(loads(text))}
    _keep_only(db, "message", messages)
    bodies = db.execute(
        "SELECT body FROM event UNION ALL SELECT body FROM message "
        "UNION ALL SELECT made_of FROM beginning"
    )
    _keep_only(db, "text", references(body for (body,) in bodies))


def _keep_only(db: Connection, table: str, numbers: set[int]) -> None:
    there = {number for (number,) in db.execute(f"SELECT id FROM {table}")}  # noqa: S608 -- our own names
    dead = [(number,) for number in there - numbers]
    db.executemany(f"DELETE FROM {table} WHERE id = ?", dead)  # noqa: S608 -- our own names


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
    """The oldest of these runs that together hold about so many bytes."""
    chosen: list[int] = []
    for number, _ in runs:
        if n_bytes <= 0:
            break
        chosen.append(number)
        n_bytes -= _weight(db, number)
    return chosen


def _weight(db: Connection, number: int) -> int:
    """How many bytes a run's events hold, the long texts that they name included."""
    bodies = [b for (b,) in db.execute("SELECT body FROM event WHERE run = ?", (number,))]
    texts = sum(
        db.execute("SELECT length(body) FROM text WHERE id = ?", (text,)).fetchone()[0]
        for text in references(bodies)
    )
    return int(texts + sum(map(len, bodies)))


def used_bytes(db: Connection) -> int:
    """How many bytes of the file are in use."""
    pages, free, page = (
        db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * page)


def shrink(db: Connection) -> None:
    """Give the free pages back to the disk, some at a time, and empty the log."""
    while db.execute("PRAGMA freelist_count").fetchone()[0]:
        before = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA incremental_vacuum({PAGES_AT_A_TIME})").fetchall()
        if db.execute("PRAGMA page_count").fetchone()[0] == before:
            break
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
