"""What is removed is gone from the file; what other runs need stays, and so does what goes on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from nbagent.clock import ManualClock
from nbagent.conversation import Conversation, history_after
from nbagent.errors import LeaseHeld, UsageError
from nbagent.journal import Journal, sweeping
from tests.journal.harness import a_journal, a_run, assert_is_there, assert_is_whole, keep, kept
from tests.journal.test_full_disk import long_script
from tests.scripted import drive, says

DAY_S = 86_400.0
TABLES = ("run", "beginning", "send", "event", "message", "text", "partial", "lease")


def n_rows(path: Path) -> dict[str, int]:
    db = sqlite3.connect(path)
    counts = {t: db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in TABLES}
    db.close()
    return counts


def test_what_is_deleted_is_gone_from_the_file(tmp_path: Path) -> None:
    word = "unforgettable"
    journal = a_journal(tmp_path)
    kept(journal, a_run("run-1", [says(f"{word} {'x' * 300}", reasoning=word)], prompt=word))
    with journal._database.reading() as db:
        assert db is not None
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert any(word.encode() in data for data in files), "the control"
    assert journal.delete(["run-1"]) == 1
    assert all(word.encode() not in path.read_bytes() for path in tmp_path.iterdir())
    assert set(n_rows(tmp_path / "journal.sqlite").values()) == {0}


def test_what_other_runs_need_stays(tmp_path: Path) -> None:
    journal, conversation, runs = a_journal(tmp_path), Conversation(), []
    for i in range(4):
        opening = conversation.opening("")
        run = a_run(f"run-{i}", long_script(2), history=history_after(opening.parent, "Brief."))
        conversation.add(run, opening, "")
        runs.append(kept(journal, run))
    journal.delete(["run-0", "run-2"])
    assert [line.run_id for line in journal.runs()] == ["run-3", "run-1"]
    for i in (1, 3):
        assert_is_there(journal, runs[i])
    journal.delete(["run-1", "run-3"])
    assert set(n_rows(tmp_path / "journal.sqlite").values()) == {0}
    assert_is_whole(tmp_path / "journal.sqlite")


def test_what_goes_on_is_not_deleted(tmp_path: Path) -> None:
    journal, other = a_journal(tmp_path), a_journal(tmp_path)
    done = kept(journal, a_run("run-1"))
    run = a_run("run-2")
    keep(journal, run)
    for looks, words in ((journal, "this kernel"), (other, "process")):
        with pytest.raises(LeaseHeld, match=words):
            looks.delete(["run-1", "run-2"])
    assert_is_there(journal, done)
    assert journal.gc(older_than_days=-1).n_runs == 1
    assert other.gc(max_mb=0).n_runs == 0
    with pytest.raises(UsageError, match="no run"):
        journal.delete(["run-x"])
    drive(run)
    assert_is_there(journal, run)
    assert done.run_id not in {line.run_id for line in journal.runs()}


def filled(tmp_path: Path, clock: ManualClock, n: int) -> Journal:
    journal = a_journal(tmp_path, clock=clock)
    for i in range(n):
        kept(journal, a_run(f"run-{i}", long_script(40)[i::n], clock=clock))
        clock.sleep(DAY_S)
    return journal


def test_old_runs_are_swept_by_age(tmp_path: Path) -> None:
    clock = ManualClock()
    journal = filled(tmp_path, clock, 4)
    before = journal._size()
    swept = journal.gc(older_than_days=2.5)
    assert swept.n_runs == 2
    assert swept.n_bytes > 0
    assert [line.run_id for line in journal.runs()] == ["run-3", "run-2"]
    assert journal.gc(older_than_days=2.5).n_runs == 0
    assert (tmp_path / "journal.sqlite").stat().st_size == journal._size() < before


def test_the_oldest_are_swept_until_it_is_small(tmp_path: Path) -> None:
    journal = filled(tmp_path, ManualClock(), 4)
    before = journal._size()
    assert journal.gc(max_mb=before / 1e6).n_runs == 0
    swept = journal.gc(max_mb=before / 1e6 * 0.7)
    assert 1 <= swept.n_runs <= 3
    assert journal._size() <= before * 0.7
    assert journal.runs()[0].run_id == "run-3"
    assert journal.gc(max_mb=0).n_runs == 4 - swept.n_runs
    assert_is_whole(tmp_path / "journal.sqlite")


def test_a_large_journal_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(a_journal(tmp_path))
    monkeypatch.setattr("nbagent.journal.database.LARGE_BYTES", 1000)
    journal = a_journal(tmp_path)
    journal.runs()
    assert "`nbagent runs gc`" in journal.note


@pytest.mark.parametrize("n", [1, 2])
def test_what_another_kernel_needs_again_meanwhile_stays(
    n: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look and the removal a run is kept that needs just what was to be removed."""
    journal, other = a_journal(tmp_path), a_journal(tmp_path)
    script = long_script(3)
    kept(journal, a_run("run-1", list(script)))
    looked, again = sweeping._seen, a_run("run-2", list(script))
    looks: list[int] = []

    def look(db: sqlite3.Connection) -> sweeping._Seen:
        looks.append(len(looks))
        seen = looked(db)
        if len(looks) == n:
            kept(other, again)
        return seen

    monkeypatch.setattr(sweeping, "_seen", look)
    journal.delete(["run-1"])
    assert len(looks) == 2
    assert_is_there(journal, again)
    assert [line.run_id for line in journal.runs()] == ["run-2"]


def test_a_sweep_that_was_broken_off_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = a_journal(tmp_path)
    kept(journal, a_run("run-1"))

    def killed(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sweeping, "_remove_some", killed)
        with pytest.raises(KeyboardInterrupt):
            journal.delete(["run-1"])
    assert journal.runs() == []
    assert n_rows(tmp_path / "journal.sqlite")["event"] > 0
    run = kept(journal, a_run("run-1"))
    assert_is_there(journal, run)
    journal.delete([])
    assert_is_there(journal, run)
    journal.delete(["run-1"])
    assert set(n_rows(tmp_path / "journal.sqlite").values()) == {0}
