"""Where the journal goes when the data directory will not do, and what it says of that."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from nbagent.errors import UsageError
from nbagent.journal.home import local_directories
from nbagent.journal.schema import VERSION
from tests.journal.harness import a_journal, a_run, assert_is_there, assert_is_whole, kept
from tests.journal.test_full_disk import long_script
from tests.scripted import drive


def network_only(directory: Path) -> Callable[[Path], str]:
    return lambda path: "nfs4" if path.is_relative_to(directory) else "ext4"


def mode_of(path: Path | None) -> str:
    assert path is not None
    db = sqlite3.connect(path)
    mode = str(db.execute("PRAGMA journal_mode").fetchone()[0])
    db.close()
    return mode


def as_nobody(look: Callable[[], bool]) -> bool:
    """Call a function as a user without rights, in a process of its own."""
    child = os.fork()
    if child == 0:
        if os.getuid() == 0:
            os.setuid(65_534)
        try:
            os._exit(int(look()))
        except BaseException:  # noqa: BLE001 -- the child must not come back
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1


def test_on_a_local_disk_it_stays_and_says_nothing(tmp_path: Path) -> None:
    journal = a_journal(tmp_path, elsewhere=lambda: iter([tmp_path / "other"]))
    kept(journal)
    assert (journal.path, journal.note) == (tmp_path / "journal.sqlite", "")
    assert mode_of(journal.path) == "wal"


def test_from_a_network_home_it_moves_and_says_so_once(tmp_path: Path) -> None:
    home, local = tmp_path / "home", tmp_path / "local" / "nbagent"
    for n in range(2):
        journal = a_journal(
            home, file_system=network_only(home), elsewhere=lambda: iter([home / "x", local])
        )
        kept(journal, a_run(f"run-{n}"))
        assert journal.path == local / "journal.sqlite"
        said = f"network file system (nfs4), where it could be damaged; runs are kept in {local}."
        assert journal.note.endswith(said) if n == 0 else not journal.note
        journal.close()
    assert mode_of(journal.path) == "wal"
    assert not (home / "journal.sqlite").exists()


def test_with_nowhere_to_go_it_is_written_by_means_that_a_network_bears(tmp_path: Path) -> None:
    home = tmp_path / "home"
    journal = a_journal(home, file_system=network_only(home))
    run = kept(journal)
    assert journal.path == home / "journal.sqlite"
    assert "written more slowly to be safe" in journal.note
    assert_is_there(journal, run)
    assert [path.name for path in home.iterdir()] == ["journal.sqlite"]
    journal.close()
    assert mode_of(home / "journal.sqlite") == "delete"
    with journal._database.writing(durable=False) as db:
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    journal = a_journal(tmp_path / "file" / "nbagent")
    run = kept(journal)
    assert run.answer == "done"
    assert journal.path is None
    assert "not kept on disk" in journal.note
    assert journal.runs() == []
    elsewhere = a_journal(
        tmp_path / "file" / "nbagent", elsewhere=lambda: iter([tmp_path / "other"])
    )
    run = kept(elsewhere, a_run("run-2"))
    assert f"runs are kept in {tmp_path / 'other'}" in elsewhere.note
    assert_is_there(elsewhere, run)


def test_a_directory_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == os.getuid() and parent.name.startswith(("pytest", "popen")):
            parent.chmod(0o755)
    (tmp_path / "mine").mkdir()
    (tmp_path / "all").mkdir()
    (tmp_path / "all").chmod(0o777)

    def alone() -> bool:
        journal = a_journal(tmp_path / "mine")
        return kept(journal).answer == "done" and journal.path is None and bool(journal.note)

    def moves() -> bool:
        journal = a_journal(
            tmp_path / "mine", elsewhere=lambda: iter([tmp_path / "all" / "nobody"])
        )
        assert_is_there(journal, kept(journal))
        return journal.path == tmp_path / "all" / "nobody" / "journal.sqlite"

    assert as_nobody(alone)
    assert as_nobody(moves)
    assert as_nobody(lambda: not os.access(tmp_path / "mine", os.W_OK)), "the control"


def test_a_shared_directory_is_taken_only_if_it_is_ours(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "link").symlink_to(target)
    wrong, wide = tmp_path / "theirs", tmp_path / "wide"
    wrong.mkdir()
    if os.getuid() == 0:
        os.chown(wrong, 65_534, 65_534)
    wide.mkdir(mode=0o777)
    (tmp_path / "file").write_text("")
    candidates = [tmp_path / "link", *([wrong] if os.getuid() == 0 else []), wide]
    journal = a_journal(tmp_path / "file", elsewhere=lambda: iter(candidates))
    kept(journal)
    assert journal.path == wide / "journal.sqlite"
    assert wide.stat().st_mode & 0o077 == 0
    assert not list(target.iterdir())


def test_local_directories_name_this_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    first, *others = local_directories()
    assert first == Path("/state/nbagent")
    assert {path.name for path in others} == {f"nbagent-{os.geteuid()}"}


GARBAGE = {
    "text": lambda whole: b"this is no database, but somebody's notes" * 40,
    "beginning": lambda whole: b"\0" * 50 + whole[50:],
    "schema": lambda whole: whole[:100] + b"\xff" * 900 + whole[1000:],
    "cut": lambda whole: whole[: len(whole) // 3],
    "zeros": lambda whole: whole[:4096] + bytes(len(whole) - 4096),
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_a_damaged_file_is_set_aside(kind: str, tmp_path: Path) -> None:
    journal = a_journal(tmp_path)
    kept(journal, a_run("run-old"))
    journal.close()
    path = tmp_path / "journal.sqlite"
    damaged = GARBAGE[kind](path.read_bytes())
    path.write_bytes(damaged)
    journal = a_journal(tmp_path)
    run = kept(journal)
    assert_is_there(journal, run)
    aside = tmp_path / "journal-damaged-1.sqlite"
    assert str(aside) in journal.note
    assert aside.read_bytes()[100:] == damaged[100:], "all but what SQLite counts in the header"
    journal.close()
    assert_is_whole(path)


def test_what_can_be_read_of_a_damaged_file_is_brought_over(tmp_path: Path) -> None:
    """One page in the middle is broken: most runs do not stand on it."""
    journal = a_journal(tmp_path)
    runs = [kept(journal, a_run(f"run-{i:02}", long_script(8)[i::4])) for i in range(30)]
    (page,) = journal._database._db.execute(  # type: ignore[union-attr] # it is open
        "SELECT pageno FROM dbstat WHERE name = 'event' AND pagetype = 'leaf' LIMIT 1 OFFSET 4"
    ).fetchone()
    journal.close()
    with (tmp_path / "journal.sqlite").open("r+b") as file:
        file.seek(4096 * (page - 1))
        file.write(b"\xff" * 4096)
    damaged = (tmp_path / "journal.sqlite").read_bytes()
    journal = a_journal(tmp_path)
    unread = []
    for run in runs:
        try:
            assert_is_there(journal, run)
        except UsageError:
            unread.append(run.run_id)
    with suppress(UsageError):
        journal.load(unread[0])
    there = [line.run_id for line in journal.runs()]
    assert 1 <= len(unread) <= 8
    assert there == sorted({run.run_id for run in runs} - set(unread), reverse=True)
    assert f"in the new one: {len(there)} runs." in journal.note
    for run in runs:
        if run.run_id in there:
            assert_is_there(journal, run)
    assert (tmp_path / "journal-damaged-1.sqlite").read_bytes()[100:] == damaged[100:]


def test_damage_that_shows_later_is_set_aside_then(tmp_path: Path) -> None:
    """The pages of the events are overwritten while a run is kept."""
    journal = a_journal(tmp_path)
    kept(journal, a_run("run-old"))
    run = a_run()
    keeper = journal.keep(run, {})
    with journal._database.reading() as db:
        assert db is not None
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.execute("PRAGMA cache_size = 0")
    with journal.path.open("r+b") as file:  # type: ignore[union-attr] # it is open
        file.seek(4096)
        file.write(b"\xff" * 4096 * 12)
    journal._database._db.execute("PRAGMA shrink_memory")  # type: ignore[union-attr] # as above
    run.subscribe(keeper.apply)
    drive(run)
    assert keeper.retry()
    assert_is_there(journal, run)
    assert str(tmp_path / "journal-damaged-1.sqlite") in journal.note


def test_somebody_else_s_database_is_left_alone(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "journal.sqlite")
    db.execute("PRAGMA application_id = 42")
    db.execute("CREATE TABLE theirs (x)")
    db.close()
    before = (tmp_path / "journal.sqlite").read_bytes()
    journal = a_journal(tmp_path)
    kept(journal)
    assert "no journal" in journal.note
    assert journal.path is None
    assert (tmp_path / "journal.sqlite").read_bytes() == before


def test_a_newer_journal_is_read_and_never_written(tmp_path: Path) -> None:
    journal = a_journal(tmp_path)
    old = kept(journal, a_run("run-old"))
    journal._database._db.execute(f"PRAGMA user_version = {VERSION + 1}")  # type: ignore[union-attr] # open
    journal.close()
    before = (tmp_path / "journal.sqlite").read_bytes()
    journal = a_journal(tmp_path)
    assert_is_there(journal, old)
    assert kept(journal).answer == "done"
    assert "newer nbagent" in journal.note
    assert journal.path is None
    assert [line.run_id for line in journal.runs()] == ["run-old"]
    journal.close()
    assert (tmp_path / "journal.sqlite").read_bytes() == before


def test_a_newer_sqlite_s_file_is_not_taken_for_damage(tmp_path: Path) -> None:
    """An SQLite that does not know a table's option calls the file malformed."""
    journal = a_journal(tmp_path)
    kept(journal)
    db = journal._database._db
    assert db is not None
    db.execute("PRAGMA writable_schema = ON")
    db.execute("UPDATE sqlite_schema SET sql = replace(sql, ' STRICT', ' STRICTEST')")
    journal.close()
    before = (tmp_path / "journal.sqlite").read_bytes()
    journal = a_journal(tmp_path)
    kept(journal, a_run("run-2"))
    assert journal.path is None
    assert (tmp_path / "journal.sqlite").read_bytes() == before
    assert [path.name for path in tmp_path.glob("*damaged*")] == []
