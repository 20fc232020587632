"""Wherever the journal is and whatever state it is in, the answer is words: never a 500."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbagent.clock import SystemClock
from nbagent.journal.database import NAME
from nbagent.journal.schema import VERSION
from tests.journal.harness import a_journal, a_run, kept
from tests.server.served import Served

OF_RUN = ("", "/trace", "/steps", "/request", "/events", "/stream", "/export")


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose journal the tests put into odd states, one after the other."""
    home = tmp_path_factory.mktemp("odd")
    with Served(home, env={"HOME": str(home)}) as server:
        yield server


@pytest.fixture
def file(odd: Served) -> Iterator[Path]:
    """Where the journal would be; nothing is there, or elsewhere, before and after."""
    folder, elsewhere = odd.data / "nbagent", odd.home / ".local"
    yield folder / NAME
    if folder.is_file():
        folder.unlink()
    for each in (folder, elsewhere):
        shutil.rmtree(each, ignore_errors=True)


def filled(file: Path, *names: str) -> None:
    journal = a_journal(file.parent, clock=SystemClock())
    for name in names:
        kept(journal, a_run(name))
    journal.close()


def names(server: Served) -> list[str]:
    return [row["run_id"] for row in server.get("/runs").json()["runs"]]


def answers(server: Served, run_id: str) -> dict[str, int]:
    found = {path: server.get(f"/runs/{run_id}{path}") for path in OF_RUN}
    for answer in found.values():
        assert answer.status_code < 500, answer.text
        assert "Traceback" not in answer.text
        if answer.status_code >= 400:
            assert set(answer.json()) == {"message", "reason"}
    return {path: answer.status_code for path, answer in found.items()}


def test_no_journal_yet(odd: Served, file: Path) -> None:
    assert odd.get("/runs").json() == {
        "runs": [],
        "next": None,
        "journal": {"here": True, "note": ""},
    }
    assert set(answers(odd, "run-1").values()) == {404}


def test_a_journal_that_comes_and_goes(odd: Served, file: Path) -> None:
    filled(file, "run-1", "run-2")
    assert names(odd) == ["run-2", "run-1"]
    shutil.rmtree(file.parent)
    assert names(odd) == []
    filled(file, "run-3")
    assert names(odd) == ["run-3"]


def test_a_journal_of_a_newer_version_is_read_and_said_to_be(odd: Served, file: Path) -> None:
    filled(file, "run-1")
    db = sqlite3.connect(file)
    db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    page = odd.get("/runs").json()
    assert [row["run_id"] for row in page["runs"]] == ["run-1"]
    assert "newer nbagent" in page["journal"]["note"]
    assert set(answers(odd, "run-1").values()) == {200}
    refused = odd.by_token().delete(f"{odd.api}/runs/run-1", timeout=30)
    assert (refused.status_code, refused.json()["reason"]) == (409, "no_journal")


@pytest.mark.long
def test_a_damaged_journal_is_set_aside_and_said_to_be(tmp_path: Path) -> None:
    """On a server of its own, which goes on saying so."""
    with Served(tmp_path) as server:
        file = server.data / "nbagent" / NAME
        filled(file, "run-1")
        file.write_bytes(b"SQLite format 3\0" + b"\xff" * 8_000)
        page = server.get("/runs").json()
        assert "was damaged" in page["journal"]["note"]
        assert set(answers(server, "run-1").values()) == {404}
        assert file.with_name("journal-damaged-1.sqlite").exists()


def test_bytes_that_were_changed_within_a_record_are_said_to_be(odd: Served, file: Path) -> None:
    """SQLite does not check what its rows hold; naively this would be a 500."""
    filled(file, "run-1", "run-2")
    db = sqlite3.connect(file)
    (run,) = db.execute("SELECT id FROM run WHERE run_id = 'run-1'").fetchone()
    db.execute("UPDATE beginning SET origin = '[[77, 1]]' WHERE run = ?", (run,))
    db.execute("UPDATE event SET body = x'ff00' WHERE run = ? AND seq < 3", (run,))
    db.execute("UPDATE run SET notebook = 'a' || char(0) || 'b' WHERE id = ?", (run,))
    db.commit()
    db.close()
    told = answers(odd, "run-1")
    assert told[""] == 200
    assert 409 in told.values()
    assert set(answers(odd, "run-2").values()) == {200}


def test_a_data_directory_that_cannot_be_used(odd: Served, file: Path) -> None:
    """Where it is a file, kernels keep their runs elsewhere, and so does the server look there."""
    file.parent.write_text("in the way")
    page = odd.get("/runs").json()
    assert page["journal"]["here"] is True
    assert "Your data directory cannot be used" in page["journal"]["note"]


def test_kernels_that_keep_their_runs_elsewhere(odd: Served, file: Path) -> None:
    filled(file, "run-1")
    spec = {
        "argv": ["sleep", "600"],
        "display_name": "Moved",
        "language": "python",
        "env": {"JUPYTER_DATA_DIR": "/elsewhere"},
    }
    folder = odd.data / "kernels" / "moved"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(spec))
    session = odd.by_token()
    begun = session.post(f"{odd.url}api/kernels", json={"name": "moved"}, timeout=60).json()
    page = odd.get("/runs").json()
    assert page["journal"]["here"] is False
    assert "JUPYTER_DATA_DIR" in page["journal"]["note"]
    assert [row["run_id"] for row in page["runs"]] == ["run-1"]
    session.delete(f"{odd.url}api/kernels/{begun['id']}", timeout=60)
    assert odd.get("/runs").json()["journal"] == {"here": True, "note": ""}
