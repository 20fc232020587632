"""A disk that refuses while a run is kept: nothing is raised, lost or broken."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbagent.clock import ManualClock
from nbagent.journal import Journal
from nbagent.journal.keeper import AGAIN_S
from tests.journal.harness import a_journal, a_run, a_script, assert_is_there, assert_is_whole, keep
from tests.scripted import call, calls, drive, says


def long_script(n: int) -> list[Any]:
    """Calls whose texts are new each time, and do not compress."""
    texts = [" ".join(f"{(i * 7919 + k * k) ** 3:x}" for k in range(150)) for i in range(n)]
    return [*(calls(call(f"a:{i}"), reasoning=text) for i, text in enumerate(texts)), says("done")]


def connection(journal: Journal) -> sqlite3.Connection:
    db = journal._database._db
    assert db is not None
    return db


def fill(journal: Journal) -> Callable[[], object]:
    db = connection(journal)
    db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0] + 2}")
    return lambda: connection(journal).execute("PRAGMA max_page_count = 1000000")


def forbid(journal: Journal) -> Callable[[], object]:
    connection(journal).execute("PRAGMA query_only = ON")
    return lambda: connection(journal).execute("PRAGMA query_only = OFF")


def hold(journal: Journal) -> Callable[[], object]:
    connection(journal).execute("PRAGMA busy_timeout = 0")
    assert journal.path is not None
    other = sqlite3.connect(journal.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other.close


FAULTS = {"the disk is full": fill, "cannot be written": forbid, "another program holds": hold}


@pytest.mark.parametrize("words", FAULTS)
def test_a_disk_that_refuses_stops_nobody(words: str, tmp_path: Path) -> None:
    journal, run = a_journal(tmp_path), a_run("run-1", long_script(30))
    keeper = keep(journal, run)
    undo = FAULTS[words](journal)
    drive(run)
    assert run.answer == "done"
    assert words in keeper.problem
    assert "kernel's memory" in keeper.problem
    back = list(journal.events("run-1"))
    assert back == run.events[: len(back)]
    assert not keeper.retry()
    undo()
    assert keeper.retry()
    assert keeper.problem == ""
    assert_is_there(journal, run)
    assert journal.load("run-1").line.held_by == ""
    journal.close()
    assert_is_whole(tmp_path / "journal.sqlite")


def test_what_waits_is_written_with_what_comes(tmp_path: Path) -> None:
    clock = ManualClock()
    journal, run = a_journal(tmp_path, clock=clock), a_run("run-1", a_script(20), clock=clock)
    keeper = keep(journal, run)
    undo = forbid(journal)
    told: list[str] = []

    def between(_run: Any, i: int) -> None:
        told.append(keeper.problem)
        if i == 10:
            undo()
        clock.sleep(AGAIN_S / 4)

    drive(run, between=between)
    assert "cannot be written" in told[5]
    assert told[-1] == keeper.problem == ""
    assert_is_there(journal, run)


def test_a_sign_of_life_finds_a_full_disk_too(tmp_path: Path) -> None:
    clock = ManualClock()
    journal = a_journal(tmp_path, clock=clock)
    keeper = keep(journal, a_run())
    undo = forbid(journal)
    clock.sleep(10)
    keeper.beat()
    assert keeper.problem
    undo()
    clock.sleep(10)
    keeper.beat()
    assert keeper.problem == ""


@pytest.mark.parametrize("names", [("", "-wal", "-shm"), ("",)])
def test_a_file_that_is_deleted_is_written_anew(names: tuple[str, ...], tmp_path: Path) -> None:
    journal, run = a_journal(tmp_path), a_run("run-1", a_script(3))
    keeper = keep(journal, run)

    def delete(_run: Any, i: int) -> None:
        if i == 5:
            for name in names:
                (tmp_path / f"journal.sqlite{name}").unlink()

    drive(run, between=delete)
    assert keeper.retry(), keeper.problem
    journal.close()
    assert_is_there(a_journal(tmp_path), run)
    assert_is_whole(tmp_path / "journal.sqlite")


def test_a_directory_that_is_deleted(tmp_path: Path) -> None:
    directory = tmp_path / "nbagent"
    journal, run = a_journal(directory), a_run("run-1", a_script(3))
    keeper = keep(journal, run)
    for path in directory.iterdir():
        path.unlink()
    directory.rmdir()
    (directory).write_text("in the way")
    drive(run)
    assert run.answer == "done"
    assert keeper.problem
    directory.unlink()
    assert keeper.retry(), keeper.problem
    assert_is_there(a_journal(directory), run)


LIMITED = """
import pathlib, resource, sys
from tests.journal.harness import a_journal, a_run, assert_is_there, keep
from tests.journal.test_full_disk import long_script
from tests.scripted import drive
journal, run = a_journal(pathlib.Path(sys.argv[1])), a_run("run-1", long_script(60))
keeper = keep(journal, run)
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))
drive(run)
assert run.answer == "done"
print(keeper.problem)
n = len(list(journal.events("run-1")))
assert 0 < n < len(run.events)
assert not keeper.retry()
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    assert keeper.retry(), keeper.problem
    assert_is_there(journal, run)
    n = len(run.events)
print(n)
"""


@pytest.mark.parametrize("is_lifted", [True, False])
def test_a_process_that_may_write_no_larger_files(is_lifted: bool, tmp_path: Path) -> None:  # noqa: FBT001 -- a table
    """The kernel itself refuses the bytes; the process ends with the disk still full."""
    arguments = [sys.executable, "-c", LIMITED, str(tmp_path), *(["lift"] if is_lifted else [])]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    problem, n = done.stdout.splitlines()
    assert "not kept on disk now" in problem
    assert len(list(a_journal(tmp_path).events("run-1"))) == int(n)
    assert_is_whole(tmp_path / "journal.sqlite")


def test_a_writer_of_lines_leaves_half_of_one(tmp_path: Path) -> None:
    """The control: the same limit cuts a line in two, and the next one is written after it."""
    code = (
        "import resource, os, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))\n"
        "fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)\n"
        "for i in range(9):\n"
        "    try: os.write(fd, b'{\"event\": \"%s\"}\\n' % (b'x' * 150))\n"
        "    except OSError: pass\n"
    )
    path = tmp_path / "events.jsonl"
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    assert not path.read_bytes().endswith(b'"}\n')
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
