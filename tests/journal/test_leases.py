"""One kernel writes a run at a time: the other is told, and one that comes back finds out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nbagent.clock import ManualClock
from nbagent.errors import LeaseHeld
from nbagent.events import StepStarted
from nbagent.journal.lease import GRACE_S
from tests.journal.harness import a_journal, a_run, assert_is_there, keep, kept
from tests.scripted import drive

DAY_S = 86_400.0

OTHER_KERNEL = """
import sys, pathlib
from tests.journal.harness import a_journal, a_run, keep
keeper = keep(a_journal(pathlib.Path(sys.argv[1])), a_run())
print("held", flush=True)
sys.stdin.read()
"""


def other_kernel(directory: Path) -> subprocess.Popen[str]:
    """A process that keeps `run-1`, until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", OTHER_KERNEL, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def elsewhere(directory: Path, **columns: object) -> None:
    """Let the lease of `run-1` look as another machine left it."""
    journal = a_journal(directory)
    values = {"host": "another", "owner": "somebody", "pid": 1, "born": "7"} | columns
    with journal._database.writing() as db:
        for name, value in values.items():
            db.execute(f"UPDATE lease SET {name} = ?", (value,))
    journal.close()


def test_two_kernels_write_two_runs(tmp_path: Path) -> None:
    first, second = a_journal(tmp_path), a_journal(tmp_path)
    runs = [a_run("run-1"), a_run("run-2")]
    keepers = [keep(first, runs[0]), keep(second, runs[1])]
    for seq in range(1, 30):
        for keeper in keepers:
            keeper.apply(StepStarted(seq=seq, step=seq))
    for journal in (first, second):
        for name in ("run-1", "run-2"):
            assert [event.seq for event in journal.events(name)] == list(range(30))


def test_a_run_that_goes_on_is_not_taken(tmp_path: Path) -> None:
    first, second = a_journal(tmp_path), a_journal(tmp_path)
    run = a_run()
    keeper = keep(first, run)
    with pytest.raises(LeaseHeld, match=f"process {os.getpid()}"):
        second.keep(a_run(), {})
    assert second.load("run-1").line.held_by == f"process {os.getpid()}"
    assert first.load("run-1").line.held_by == "this kernel"
    drive(run)
    assert keeper.problem == ""
    assert second.load("run-1").line.held_by == ""
    second.keep(a_run(), {}).close()


def test_the_same_kernel_may_take_it_anew(tmp_path: Path) -> None:
    journal = a_journal(tmp_path)
    run = a_run()
    old, new = keep(journal, run), keep(journal, run)
    drive(run)
    assert "Another kernel" in old.problem
    assert new.problem == ""
    assert_is_there(journal, run)


def test_one_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    process = other_kernel(tmp_path)
    journal = a_journal(tmp_path)
    assert journal.load("run-1").line.held_by == f"process {process.pid}"
    with pytest.raises(LeaseHeld):
        journal.keep(a_run(), {})
    process.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert journal.load("run-1").line.held_by == "", "dead, though nobody has noted it yet"
    process.communicate()
    run = kept(journal)
    assert_is_there(journal, run)


def test_one_that_sleeps_holds_on(tmp_path: Path) -> None:
    """A laptop that slept: its process is there, its last sign of life a day old."""
    process = other_kernel(tmp_path)
    process.send_signal(signal.SIGSTOP)
    journal = a_journal(tmp_path, clock=ManualClock(DAY_S))
    with pytest.raises(LeaseHeld):
        journal.keep(a_run(), {})
    process.kill()
    process.communicate()
    kept(journal)


def test_another_process_with_the_same_number_is_another(tmp_path: Path) -> None:
    keep(a_journal(tmp_path), a_run())
    journal = a_journal(tmp_path)
    with journal._database.writing() as db:
        db.execute("UPDATE lease SET born = 'long ago'")
    kept(journal)


@pytest.mark.parametrize(
    ("age_s", "is_held"),
    [(0.0, True), (GRACE_S - 1, True), (GRACE_S + 1, False), (-DAY_S, False), (DAY_S, False)],
)
def test_another_machine_s_sign_of_life(age_s: float, is_held: bool, tmp_path: Path) -> None:  # noqa: FBT001 -- a table
    clock = ManualClock(2 * DAY_S)
    keep(a_journal(tmp_path, clock=clock), a_run())
    elsewhere(tmp_path, beat=clock.wall() - age_s)
    journal = a_journal(tmp_path, clock=clock)
    if is_held:
        with pytest.raises(LeaseHeld):
            journal.keep(a_run(), {})
    else:
        journal.keep(a_run(), {})


def test_signs_of_life_are_few(tmp_path: Path) -> None:
    clock = ManualClock()
    journal = a_journal(tmp_path, clock=clock)
    keeper = keep(journal, a_run())
    beats = set()
    for _ in range(100):
        clock.sleep(0.5)
        keeper.beat()
        with journal._database.reading() as db:
            assert db is not None
            beats.add(db.execute("SELECT beat FROM lease").fetchone()[0])
    assert 9 <= len(beats) <= 11, "each five seconds, in fifty"


def test_who_was_fenced_off_writes_nothing_more(tmp_path: Path) -> None:
    clock = ManualClock()
    run = a_run("run-1", None, clock=clock)
    stale = keep(a_journal(tmp_path, clock=clock), run)
    elsewhere(tmp_path, beat=0.0)
    journal = a_journal(tmp_path, clock=clock)
    new = journal.keep(run, {})
    n_there = len(list(journal.events("run-1")))
    stale.apply(StepStarted(seq=50, step=1))
    assert "Another kernel goes on with this run" in stale.problem
    assert stale.is_lost
    assert not stale.retry()
    stale.beat()
    stale.close()
    assert len(list(journal.events("run-1"))) == n_there
    assert journal.load("run-1").line.held_by == "this kernel"
    run.subscribe(new.apply)
    drive(run)
    assert (new.problem, new.is_lost) == ("", False)
    assert_is_there(journal, run)


def test_without_fencing_both_would_write(tmp_path: Path) -> None:
    """The control: two writers of one file who ask nobody."""
    path = tmp_path / "events.jsonl"
    for who in ("stale", "new"):
        with path.open("a") as file:
            file.write(json.dumps({"seq": 1, "by": who}) + "\n")
    assert len({json.loads(line)["seq"] for line in path.read_text().splitlines()}) == 1
