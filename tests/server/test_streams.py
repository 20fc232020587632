"""Streams bring what another process writes, as it is written, and end with their reader."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nbagent.clock import ManualClock
from nbagent.events import to_dict
from nbagent.journal import Journal
from nbagent.messages import json_bytes
from nbagent.run import Run
from nbagent.server.watch import Watch
from nbagent.settings import Settings
from tests.journal.harness import a_journal, a_run, a_script, as_json, keep, kept
from tests.scripted import call, calls, drive, says
from tests.server.served import Served, lines_of

Lines = Iterator[dict[str, Any]]


@contextmanager
def stream(server: Served, path: str, **query: Any) -> Iterator[Lines]:
    session = server.by_token()
    with session.get(f"{server.api}{path}", params=query, stream=True, timeout=60) as answer:
        assert answer.status_code == 200
        yield lines_of(answer)


def events_in(lines: Lines) -> Lines:
    return (line for line in lines if "kind" in line)


def test_a_run_is_followed_while_another_process_writes_it(
    server: Served, journal: Journal
) -> None:
    run = a_run("run-followed", a_script(3))
    keeper = keep(journal, run)
    heard: list[bytes] = []
    with stream(server, "/runs/run-followed/stream") as lines:
        assert next(lines)["run"]["state"] == "running"

        def hear(run: Run, i: int) -> None:
            while i % 4 == 0 and len(heard) < len(run.events):
                heard.append(json_bytes(next(events_in(lines))))

        drive(run, between=hear)
        hear(run, 0)
        last = next(lines)
    keeper.close()
    assert heard == as_json(run.events)
    assert (last["type"], last["run"]["state"]) == ("ended", "answer")
    with stream(server, "/runs/run-followed/stream", since=run.events[5].seq) as lines:
        assert [e["seq"] for e in events_in(lines)] == [e.seq for e in run.events[5:]]


def states(line: dict[str, Any]) -> dict[str, str]:
    return {row["run_id"]: row["state"] for row in line["runs"]}


def until(lines: Lines, kind: str) -> dict[str, Any]:
    return next(line for line in lines if line["type"] == kind)


def test_the_list_is_followed_from_a_run_that_comes_to_one_that_is_deleted(
    server: Served, journal: Journal, story: str
) -> None:
    with stream(server, "/stream") as lines:
        first = next(lines)
        assert story in [row["run_id"] for row in first["runs"]]
        run = a_run("run-listed")
        keeper = keep(journal, run)
        come = until(lines, "changed")
        assert states(come) == {"run-listed": "running"}
        drive(run)
        keeper.close()
        ended = until(lines, "changed")
        assert states(ended) == {"run-listed": "answer"}
        assert server.by_token().delete(f"{server.api}/runs/run-listed", timeout=30).ok
        assert until(lines, "changed")["gone"] == ["run-listed"]


def test_a_stream_of_a_run_that_is_deleted_ends(server: Served, journal: Journal) -> None:
    run = a_run("run-gone")
    keeper = keep(journal, run)
    with stream(server, "/runs/run-gone/stream") as lines:
        next(events_in(lines))
        keeper.close()  # nobody goes on with it, which is an end too
        assert list(lines)[-1]["type"] in {"ended", "gone"}


class Gate(ManualClock):
    """A clock whose waits last until the test lets them end."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting, self.open = threading.Semaphore(0), threading.Semaphore(0)

    def sleep(self, seconds: float) -> None:
        self.waiting.release()
        self.open.acquire()
        super().sleep(seconds)


def watching() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "nbagent-watch"]


def test_nobody_looks_while_nobody_follows(tmp_path: Path) -> None:
    clock, journal = Gate(), a_journal(tmp_path)
    watch = Watch(journal, clock)

    async def follow() -> tuple[Any, Any]:
        with watch.follow() as turn:
            clock.open.release()
            before = await turn()
            with watch.follow() as another:
                kept(journal)
                clock.open.release()
                after = await another()
            assert len(watching()) == 1
            for _ in range(3):  # it has looked twice and waits again: nobody ends it in between
                assert clock.waiting.acquire(timeout=30)
        return before, after

    before, after = asyncio.run(follow())
    assert before != after
    (thread,) = watching()
    clock.open.release()
    thread.join(timeout=30)
    assert not watching()
    journal.close()


@pytest.mark.long
def test_a_server_ends_although_streams_are_open(tmp_path: Path) -> None:
    with Served(tmp_path) as server, stream(server, "/stream") as lines:
        assert next(lines)["type"] == "runs"
        server.process.terminate()
        assert server.process.wait(timeout=20) is not None


CUT_OFF = """
import os, sys
from pathlib import Path
from nbagent.clock import SystemClock
from tests.journal.harness import a_journal, a_run, a_script, keep
from tests.scripted import drive

journal = a_journal(Path(sys.argv[1]), clock=SystemClock())
run = a_run("run-cut-off", a_script(5))
keep(journal, run)
def between(run, i):
    if i == 4:
        print("half", flush=True)
        sys.stdin.read()
drive(run, between=between)
"""


@pytest.mark.long
def test_a_run_whose_process_was_killed_ends_as_interrupted(server: Served) -> None:
    """Nobody writes that down, so the stream finds out when it next says that it is there."""
    command = [sys.executable, "-c", CUT_OFF, str(server.data / "nbagent")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"half\n"
    assert server.get("/runs/run-cut-off").json()["held_by"] == f"process {process.pid}"
    with stream(server, "/runs/run-cut-off/stream") as lines, stream(server, "/stream") as listed:
        assert next(lines)["run"]["state"] == "running"
        next(listed)
        process.kill()
        process.wait()
        assert server.get("/runs/run-cut-off").json()["state"] == "interrupted"
        *_, last = lines
        assert (last["type"], last["run"]["state"]) == ("ended", "interrupted")
        rows = states(until(listed, "changed"))
        assert rows == {"run-cut-off": "interrupted"}
        assert until(listed, "beat") == {"type": "beat"}


def most_mb(pid: int) -> float:
    """The most memory that a process has had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1000


@pytest.mark.long
def test_a_slow_reader_costs_no_memory(server: Served, journal: Journal) -> None:
    """What it has not read stays in the journal; naively all of it would be in the server."""
    texts = (json.dumps({"text": f"{i} " + "x" * 1_000_000}) for i in range(100))
    script = [*(calls(call("a", arguments=text)) for text in texts), says("done")]
    run = kept(journal, a_run("run-large", script, settings=Settings(max_steps=200)))
    total_mb = sum(len(json_bytes(to_dict(event))) for event in run.events) / 1e6
    before = most_mb(server.process.pid)
    with stream(server, "/runs/run-large/stream") as lines:
        next(lines)
        for _ in range(50):
            assert server.get("/ping").ok  # the server has had time to run ahead
        assert sum(1 for _ in events_in(lines)) == len(run.events)
    grown = most_mb(server.process.pid) - before
    print(f"{grown:.0f} MB for a run of {total_mb:.0f} MB")
    assert grown < total_mb / 2
