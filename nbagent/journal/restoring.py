"""Runs that come from elsewhere than a kernel: a damaged journal, or an older version's files."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from sqlite3 import Connection

from nbagent.journal.lease import Holder
from nbagent.journal.packing import message_id, pack, pack_event, storable, to_json, to_spans
from nbagent.journal.reading import STORED, StoredRun, lines, stored_run

SALVAGED_BYTES = 64_000_000
"""A larger damaged journal is not read at once, as that would take long."""
_NOBODY = Holder("", "", 0, "")


def put(db: Connection, stored: StoredRun) -> bool:
    """Store a run as the oldest of all, and say whether it was new.

    Args:
        db: the connection, in a transaction.
        stored: the run.
    """
    line = stored.line
    if db.execute("SELECT 1 FROM run WHERE run_id = ?", (line.run_id,)).fetchone():
        return False
    (oldest,) = db.execute(
        "SELECT min(n) FROM (SELECT 1 AS n UNION SELECT min(id) FROM run "
        "UNION SELECT min(run) FROM event)"
    ).fetchone()
    number = oldest - 1
    given = [getattr(line, name) for name in STORED]
    values = [storable(value) if isinstance(value, str) else value for value in given]
    places = ", ".join("?" * (len(values) + 2))
    db.execute(
        f"INSERT INTO run (id, masked, {', '.join(STORED)}) VALUES ({places})",  # noqa: S608 -- our own names
        (number, int(stored.masked), *values),
    )
    origin = to_spans(message_id(db, message) for message in stored.origin)
    row = (number, to_json(origin).decode(), pack(db, stored.made_of))
    db.execute("INSERT INTO beginning VALUES (?, ?, ?)", row)
    for k, send in enumerate(stored.sends):
        given = send.value if isinstance(send.value, list) else [send.value]
        spans = to_spans(message_id(db, message) for message in given)
        values = [number, k, send.move, send.yielded, to_json(spans).decode(), stored.sends_seq]
        db.execute("INSERT INTO send VALUES (?, ?, ?, ?, ?, ?)", values)
    for event in stored.events:
        values = [number, event.seq, event.t, event.kind, pack_event(db, event)]
        db.execute("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?)", values)
    return True


def salvage(path: Path, db: Connection) -> int:
    """Bring what can be read of a damaged journal into a new one, and return how many runs.

    Args:
        path: the damaged file, which is only read.
        db: a connection to the new one, outside a transaction.
    """
    n = 0
    if path.stat().st_size > SALVAGED_BYTES:
        return n
    with suppress(sqlite3.Error), closing(_read_only(path)) as old:
        for line in lines(old, "", -1, _NOBODY, 0.0):
            # Whatever is wrong with one run, the next one may be whole.
            with suppress(sqlite3.Error, ValueError, TypeError, LookupError, OverflowError):
                stored = stored_run(old, line.run_id, _NOBODY, 0.0)
                db.execute("BEGIN IMMEDIATE")
                try:
                    n += put(db, stored)
                    db.execute("COMMIT")
                finally:
                    if db.in_transaction:
                        db.execute("ROLLBACK")
    return n


def _read_only(path: Path) -> Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
