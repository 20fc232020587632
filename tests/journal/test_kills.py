"""kill -9 at any moment: what was acknowledged is there, and the file is whole."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbagent.events import Delta
from nbagent.journal import Journal
from nbagent.messages import json_bytes
from nbagent.run import Run
from tests.conftest import seed
from tests.journal.harness import a_journal, a_run, assert_is_whole, keep
from tests.journal.test_full_disk import long_script
from tests.scripted import drive

Write = Callable[[Path, str, Callable[[int], None]], None]
SCRIPT = long_script(40)


def journalled(directory: Path, run_id: str, acknowledge: Callable[[int], None]) -> None:
    """Drive a run that is kept; each event is acknowledged when the next line is reached."""
    journal, run = a_journal(directory), a_run(run_id, SCRIPT)
    keeper = keep(journal, run)
    run.subscribe(lambda event: acknowledge(event.seq) if not isinstance(event, Delta) else None)
    drive(run)
    assert keeper.problem == ""


def buffered(directory: Path, run_id: str, acknowledge: Callable[[int], None]) -> None:
    """The naive writer: lines in a buffer, flushed at the end."""
    run = a_run(run_id, SCRIPT)
    with (directory / f"{run_id}.jsonl").open("ab") as file:

        def write(event: Any) -> None:
            if not isinstance(event, Delta):
                file.write(json_bytes(event.seq) + b"\n")
                acknowledge(event.seq)

        run.subscribe(write)
        drive(run)


def killed(write: Write, directory: Path, run_id: str, chance: random.Random) -> set[int]:
    """Let a process write a run, kill it at some moment, and return what it has acknowledged."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            write(directory, run_id, lambda seq: os.write(writing, seq.to_bytes(4)) and None)
        finally:
            os._exit(0)
    os.close(writing)
    n_more = chance.randrange(1, 110)
    acknowledged: set[int] = set()
    for seq in _numbers(reading):
        acknowledged.add(seq)
        if len(acknowledged) == n_more:
            for _ in range(chance.randrange(40_000)):  # somewhere within the next writes
                pass
            os.kill(child, signal.SIGKILL)
    os.close(reading)
    os.waitpid(child, 0)
    return acknowledged


def _numbers(pipe: int) -> Iterator[int]:
    while data := os.read(pipe, 4):
        yield int.from_bytes(data)


def lost(journal: Journal, run_id: str, acknowledged: set[int], whole: Run) -> set[int]:
    """What was acknowledged and is not there; what is there is as it happened."""
    if not acknowledged:
        return set()
    events = list(journal.events(run_id))
    assert events == whole.events[: len(events)]
    sends = journal.load(run_id).sends
    assert list(sends) == whole.cursor.sends[: len(sends)]
    return acknowledged - {event.seq for event in events}


@pytest.mark.parametrize("n", [10, pytest.param(300, marks=[pytest.mark.long])])
@pytest.mark.timeout(600)
def test_nothing_that_was_acknowledged_is_lost(n: int, tmp_path: Path) -> None:
    chance = random.Random(seed())
    total, whole = 0, drive(a_run("run-1", SCRIPT))
    for i in range(n):
        acknowledged = killed(journalled, tmp_path, f"run-{i}", chance)
        journal = a_journal(tmp_path)
        assert lost(journal, f"run-{i}", acknowledged, whole) == set(), (
            f"kill {i}, CI_SEED={seed()}"
        )
        total += len(acknowledged)
        if i % 10 == 9:
            journal.close()
            assert_is_whole(tmp_path / "journal.sqlite")
    print(f"{n} kills, {total} acknowledged, 0 lost")
    assert total > 10 * n


def test_a_run_that_was_killed_goes_on(tmp_path: Path) -> None:
    chance = random.Random(seed())
    acknowledged = killed(journalled, tmp_path, "run-1", chance)
    journal = a_journal(tmp_path)
    run = a_run("run-1", SCRIPT)
    keeper = keep(journal, run)
    drive(run)
    assert keeper.problem == ""
    assert acknowledged <= {event.seq for event in run.events}
    assert list(journal.events("run-1")) == run.events


def test_a_writer_that_buffers_loses_what_it_has_acknowledged(tmp_path: Path) -> None:
    """The control."""
    chance = random.Random(seed())
    acknowledged = killed(buffered, tmp_path, "run-1", chance)
    assert acknowledged
    assert (tmp_path / "run-1.jsonl").read_bytes() == b""
