"""Journals of these tests: in one directory, on a file system that the test names."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nbagent.clock import ManualClock
from nbagent.events import Event, to_dict
from nbagent.journal import Journal, Keeper
from nbagent.messages import Message, json_bytes
from nbagent.run import Run
from tests.scripted import call, calls, drive, make_run, says

MADE_OF = {"loop": "agent_loop", "tools": ["echo"]}


def a_journal(directory: Path, **named: Any) -> Journal:
    """A journal in this directory or nowhere, unless the test says so."""
    named = {"elsewhere": lambda: iter(()), "file_system": lambda _: "ext4"} | named
    return Journal(lambda: directory, clock=named.pop("clock", ManualClock()), **named)


def a_script(n_calls: int = 1) -> list[Message]:
    return [*(calls(call(f"a:{i}")) for i in range(n_calls)), says("done")]


def a_run(run_id: str = "run-1", script: Any = None, **named: Any) -> Run:
    run = make_run(a_script() if script is None else script, **named)
    run.run_id = run_id
    return run


def keep(journal: Journal, run: Run) -> Keeper:
    """Keep a run from now on."""
    keeper = journal.keep(run, MADE_OF, kernel="boot-1", notebook="a.ipynb")
    run.subscribe(keeper.apply)
    return keeper


def kept(journal: Journal, run: Run | None = None) -> Run:
    """A run that was kept from its beginning to its end."""
    run = run or a_run()
    keeper = keep(journal, run)
    drive(run)
    assert keeper.problem == ""
    return run


def as_json(events: Iterable[Event]) -> list[bytes]:
    return [json_bytes(to_dict(event)) for event in events]


def sends_seq(run: Run) -> int:
    """The event from which on things happened after the last send, of a run of one call a step."""
    of_calls = [e.seq for e in run.events if e.kind == "tool_finished"]
    replies = [e.seq for e in run.events if e.kind == "reply_received"]
    last = max(of_calls + replies, default=-1)
    return min((e.seq for e in run.events if e.seq > last), default=last + 1)


def assert_is_there(journal: Journal, run: Run) -> None:
    """What the journal holds of a run is what there is of it."""
    back = journal.load(run.run_id)
    assert as_json(back.events) == as_json(run.events)
    assert back.origin == run.cursor.origin
    assert list(back.sends) == run.cursor.sends
    assert back.sends_seq == sends_seq(run)


def assert_is_whole(path: Path) -> None:
    """SQLite finds nothing wrong with a file."""
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    db.close()
