"""What is read back from the journal is what happened, each message stored once."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from nbagent.clock import ManualClock
from nbagent.journal import Journal
from tests.scripted import call, calls, drive, make_run, says


def a_journal(directory: Path, **named: Any) -> Journal:
    """A journal in this directory or nowhere else, unless the test says so."""
    named = {"elsewhere": lambda: iter(()), "file_system": lambda _: "ext4"} | named
    return Journal(lambda: directory, clock=named.pop("clock", ManualClock()), **named)


def kept(journal: Journal, run: Any = None) -> Any:
    """A run that was kept from its beginning to its end."""
    run = run or make_run([calls(call("a:0")), says("done")])
    keeper = journal.keep(run, {"loop": "agent_loop"})
    run.subscribe(keeper.apply)
    drive(run)
    assert keeper.problem == ""
    return run


def test_a_run_comes_back(tmp_path: Path) -> None:
    run = kept(a_journal(tmp_path))
    back = a_journal(tmp_path).load("run-1")
    assert list(back.events) == run.events
    assert back.origin == run.cursor.origin
    assert list(back.sends) == run.cursor.sends
    assert back.made_of == {"loop": "agent_loop"}
    assert not back.masked
    assert back.line.state == "answer"
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert len(list(tmp_path.iterdir())) == 3
