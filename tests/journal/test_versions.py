"""Older journals, and the lines of still older versions, come into the present one whole."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbagent.clock import ManualClock
from nbagent.errors import UsageError
from nbagent.events import Event, StepStarted
from nbagent.journal.schema import APPLICATION_ID, STEPS, VERSION, migrate, version_of
from nbagent.journal.spools import STILL_WRITTEN_S
from nbagent.run.reading import write_events
from tests.journal.harness import a_journal, a_run, assert_is_there, assert_is_whole, kept
from tests.scripted import call, calls, drive, says

HERE = Path(__file__).parent
THAT_RUN = [calls(call("a:0"), reasoning="I think at length. " * 20), says("done")]


def made_by(version: int, directory: Path) -> Path:
    """A journal as that version left it."""
    path = directory / "journal.sqlite"
    db = sqlite3.connect(path)
    db.executescript((HERE / f"version_{version}.sql").read_text())
    db.close()
    return path


def tables(db: sqlite3.Connection) -> dict[str, list[str]]:
    names = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return {
        name: sorted(row[1] for row in db.execute(f"PRAGMA table_info({name})"))
        for (name,) in names
    }


def test_there_is_a_journal_of_every_older_version() -> None:
    there = {int(path.stem.removeprefix("version_")) for path in HERE.glob("version_*.sql")}
    assert there == set(range(1, VERSION))


def as_told_by(version: int, event: Event) -> Event:
    """An event without what was not told of it then."""
    if version < 2 and isinstance(event, StepStarted):
        return replace(event, est_tokens=0, est_usd=None, sha256="")
    return event


@pytest.mark.parametrize("version", range(1, VERSION))
def test_an_older_journal_is_brought_up_to_date(version: int, tmp_path: Path) -> None:
    path = made_by(version, tmp_path)
    journal = a_journal(tmp_path)
    run, back = drive(a_run("run-1", THAT_RUN)), journal.load("run-1")
    assert (back.origin, list(back.sends)) == (run.cursor.origin, run.cursor.sends)
    told = [as_told_by(version, event) for event in back.events]
    assert told == [as_told_by(version, event) for event in run.events]
    assert back.sends_seq == -1
    assert journal.load("run-1").made_of == {"loop": "agent_loop", "tools": ["echo"]}
    assert journal.load("run-1").line.answer == "done"
    assert_is_there(journal, kept(journal, a_run("run-2")))
    journal.close()
    assert_is_whole(path)
    old, new = sqlite3.connect(path), sqlite3.connect(":memory:")
    migrate(new)
    assert tables(old) == tables(new)
    assert version_of(old) == VERSION
    assert old.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_a_step_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = made_by(1, tmp_path)
    db = sqlite3.connect(path, isolation_level=None)
    before = (tables(db), version_of(db))
    with pytest.raises(sqlite3.Error):
        migrate(db, [*STEPS, "CREATE TABLE more (x); CREATE TABLE run (x)"])
    assert (tables(db), version_of(db)) == before
    migrate(db)
    assert version_of(db) == VERSION


def test_without_its_steps_an_older_journal_cannot_be_used(tmp_path: Path) -> None:
    """The control: what reads the present tables fails on those of version 1."""
    db = sqlite3.connect(made_by(1, tmp_path))
    with pytest.raises(sqlite3.Error, match="masked"):
        db.execute("SELECT masked FROM run")


def test_the_lines_of_older_versions_are_taken_over(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    runs = [drive(a_run(f"run-{i}", prompt=f"prompt {i}")) for i in range(3)]
    told: dict[str, list[Any]] = {}
    for i, run in enumerate(runs):
        first: Any = run.events[0]
        told[run.run_id] = [replace(first, run_id=run.run_id), *run.events[1:]]
        path = write_events(told[run.run_id], folder / f"{run.run_id}.jsonl")
        os.utime(path, (i, i))
    journal = a_journal(tmp_path)
    new = kept(journal, a_run("run-new"))
    assert [line.run_id for line in journal.runs()] == ["run-new", "run-2", "run-1", "run-0"]
    for run in runs:
        back = journal.load(run.run_id)
        assert list(back.events) == told[run.run_id]
        assert (back.origin, back.sends, back.made_of) == ((), (), {})
        assert (back.line.state, back.line.n_tool_calls, back.line.answer) == ("answer", 1, "done")
    assert list(folder.iterdir()) == []
    assert_is_there(a_journal(tmp_path), new)


def test_lines_that_cannot_be_read_are_kept_aside(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    run = drive(a_run("run-1"))
    path = write_events(run.events, folder / "run-1.jsonl")
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    (folder / "notes.jsonl").write_text("[1]\nnull\nfoo\n")
    for old in folder.iterdir():
        os.utime(old, (0, 0))
    journal = a_journal(tmp_path)
    assert list(journal.events("run-1")) == run.events[:-1]
    assert journal.load("run-1").line.state == "running"
    assert {path.name for path in folder.iterdir()} == {"run-1.jsonl.unread", "notes.jsonl.unread"}
    assert (folder / "run-1.jsonl.unread").read_bytes() == whole[:-20]


def test_lines_that_may_still_grow_are_left_alone(tmp_path: Path) -> None:
    """An older nbagent may be writing them in another kernel just now."""
    folder = tmp_path / "runs"
    folder.mkdir()
    run = drive(a_run("run-1"))
    path = write_events(run.events[:3], folder / "run-1.jsonl")
    clock = ManualClock()
    os.utime(path, (clock.wall(), clock.wall()))
    with pytest.raises(UsageError):
        a_journal(tmp_path, clock=clock).find("run-1")
    assert path.exists()
    clock.sleep(STILL_WRITTEN_S + 1)
    assert a_journal(tmp_path, clock=clock).find("run-1") == "run-1"
    assert not path.exists()
