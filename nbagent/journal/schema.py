"""The journal's tables, as the ordered steps that lead from an empty file to the present version.

A step is never changed once it was released: a later version is a further step, and
`PRAGMA user_version` counts those that a file has taken.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

APPLICATION_ID = 0x6E626167
"""`nbag`, in the file's header: it tells a journal from any other database."""

RUNS = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL UNIQUE, conversation TEXT NOT NULL,
    cell_id TEXT NOT NULL, notebook TEXT NOT NULL, kernel TEXT NOT NULL, model TEXT NOT NULL,
    scripted INTEGER NOT NULL, prompt TEXT NOT NULL, wall REAL NOT NULL, state TEXT NOT NULL,
    n_steps INTEGER NOT NULL DEFAULT 0, n_tool_calls INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0, cost_usd REAL,
    elapsed_s REAL NOT NULL DEFAULT 0, answer TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE beginning (
    run INTEGER PRIMARY KEY, origin TEXT NOT NULL, made_of BLOB NOT NULL) STRICT;
CREATE TABLE text (
    id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, zipped INTEGER NOT NULL,
    body BLOB NOT NULL) STRICT;
CREATE TABLE message (
    id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, body BLOB NOT NULL) STRICT;
CREATE TABLE send (
    run INTEGER NOT NULL, k INTEGER NOT NULL, move TEXT NOT NULL, yielded TEXT NOT NULL,
    given TEXT NOT NULL, PRIMARY KEY (run, k)) STRICT, WITHOUT ROWID;
CREATE TABLE event (
    run INTEGER NOT NULL, seq INTEGER NOT NULL, t REAL NOT NULL, kind TEXT NOT NULL,
    body BLOB NOT NULL, PRIMARY KEY (run, seq)) STRICT, WITHOUT ROWID;
"""
"""What a run is: its origin, its sends, its events; each message and long text once."""

WRITERS = """
ALTER TABLE run ADD COLUMN masked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE send ADD COLUMN seq INTEGER NOT NULL DEFAULT -1;
CREATE TABLE lease (
    run INTEGER PRIMARY KEY, owner TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL,
    born TEXT NOT NULL, beat REAL NOT NULL, fence INTEGER NOT NULL) STRICT;
CREATE TABLE partial (
    run INTEGER NOT NULL, n INTEGER NOT NULL, text BLOB NOT NULL,
    PRIMARY KEY (run, n)) STRICT, WITHOUT ROWID;
"""
"""Who writes it, what has streamed of a reply in flight, whether secrets were masked in it, and
from which event on things happened after a send."""

STEPS: Sequence[str] = (RUNS, WRITERS)
VERSION = len(STEPS)

_STRICT_SINCE = (3, 37, 0)


def version_of(db: sqlite3.Connection) -> int:
    """How many steps a file has taken."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def migrate(db: sqlite3.Connection, steps: Sequence[str] = STEPS) -> None:
    """Take the steps that are missing, all or none of them.

    Args:
        db: the connection, outside a transaction.
        steps: all steps, the first one first.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        for n in range(version_of(db), len(steps)):
            for statement in _statements(steps[n]):
                db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {len(steps)}")
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _statements(step: str) -> list[str]:
    """The statements of a step, for this version of SQLite."""
    if sqlite3.sqlite_version_info < _STRICT_SINCE:
        step = step.replace(" STRICT, WITHOUT", " WITHOUT").replace(" STRICT;", ";")
    return [statement for statement in step.split(";") if statement.strip()]
