"""Events on disk: what is read back is what was kept, and a full disk stops nobody."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from nbagent.spool import KEPT_RUNS, Spool, load, stored_runs
from tests.scripted import call, calls, drive, make_run, says


def spooled(directory: Path, run_id: str = "run-1") -> Any:
    run = make_run([calls(call("a:0")), says("done")])
    spool = Spool(lambda: directory, run_id)
    run.subscribe(spool.apply)
    drive(run)
    return run, spool


def test_the_kept_events_come_back(tmp_path: Path) -> None:
    run, _ = spooled(tmp_path / "runs")
    assert list(load(tmp_path / "runs", "run-1")) == run.events
    assert stat.S_IMODE((tmp_path / "runs" / "run-1.jsonl").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "runs").stat().st_mode) == 0o700


def test_a_line_cut_by_a_crash_is_left_out(tmp_path: Path) -> None:
    run, _ = spooled(tmp_path)
    path = tmp_path / "run-1.jsonl"
    whole = path.read_bytes()
    for cut in range(1, 60, 7):
        path.write_bytes(whole[:-cut])
        back = list(load(tmp_path, "run-1"))
        assert back == run.events[: len(back)]
        assert len(back) >= len(run.events) - 1


def test_a_disk_that_refuses_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    run, spool = spooled(tmp_path)
    assert run.answer == "done"
    assert "No space left" in spool.problem


def test_a_directory_that_cannot_be_made_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    run, spool = spooled(tmp_path / "file" / "runs")
    assert run.answer == "done"
    assert spool.problem


def test_the_oldest_runs_make_room(tmp_path: Path) -> None:
    for i in range(KEPT_RUNS + 5):
        path = tmp_path / f"run-{i:04}.jsonl"
        path.touch()
        os.utime(path, (i, i))
    Spool(lambda: tmp_path, "run-new").close()
    names = stored_runs(tmp_path)
    assert len(names) == KEPT_RUNS
    assert names[0] == "run-new"
    assert "run-0000" not in names
