"""The journal's file: found, opened, migrated, and set aside where it is damaged.

One connection a process, shared by its threads under a lock and never carried over a fork. What
is written is one short transaction at a time, so several kernels can write to one file.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from os import getpid
from pathlib import Path

from nbagent.clock import Clock
from nbagent.journal.home import Home
from nbagent.journal.restoring import salvage
from nbagent.journal.schema import APPLICATION_ID, VERSION, migrate, version_of
from nbagent.phrases import plural, size

NAME = "journal.sqlite"
BUSY_S = 5.0
"""How long another kernel may hold the file before a write fails, in seconds."""
LARGE_BYTES = 500_000_000
"""From this size on the person is told."""
_WAL_LIMIT_BYTES = 16_000_000
_OPEN_TRIES = 20
_SIDE_FILES = ("", "-wal", "-shm")

_CAUSES = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_READONLY: "the file cannot be written",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_BUSY: "another program holds the file",
    sqlite3.SQLITE_LOCKED: "another program holds the file",
    sqlite3.SQLITE_CORRUPT: "the file was damaged",
    sqlite3.SQLITE_NOTADB: "the file was damaged",
}


class NoJournal(OSError):
    """There is no file in which runs can be kept; `Database.note` says why."""


class Database:
    """The journal's file.

    Args:
        homes: the directories to try, best first.
        clock: for waiting while another kernel makes the file.

    Attributes:
        path: the file; None while it is not open.
        note: what the person should know about where it is.
        writable: whether runs can be kept in it.
        opened: how many times it was opened: what was known of the rows before holds no longer.
    """

    def __init__(self, homes: Callable[[], Iterator[Home]], clock: Clock) -> None:
        self.path: Path | None = None
        self.note = ""
        self.writable = False
        self.opened = 0
        self._homes = homes
        self._clock = clock
        self._db: sqlite3.Connection | None = None
        self._wal = True
        self._damage = ""
        self._to_salvage: Path | None = None
        self._inode = (0, 0)
        self._pid = getpid()
        self._lock = threading.RLock()
        self._of_parents: list[sqlite3.Connection] = []

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """The connection, to read from; None if there is no journal.

        Raises:
            sqlite3.Error: the file cannot be read.
        """
        with self._locked():
            db = self._connection()
            try:
                yield db
            except sqlite3.DatabaseError as error:
                self._look_at(error)
                raise

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """The connection in a transaction of its own, which is on disk when this ends.

        Args:
            durable: whether it must outlive a power cut; otherwise it outlives the process.

        Raises:
            sqlite3.Error: it could not be written; nothing of it was.
            NoJournal: there is none that can be written.
            OSError: it cannot be looked for.
        """
        with self._locked():
            db = self._connection()
            if db is None or not self.writable:
                raise NoJournal(2, "there is no journal")
            level = "FULL" if durable or not self._wal else "NORMAL"
            try:
                db.execute(f"PRAGMA synchronous = {level}")
                db.execute("BEGIN IMMEDIATE")
                yield db
                db.execute("COMMIT")
            except BaseException as error:
                with suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
                if isinstance(error, sqlite3.DatabaseError):
                    self._look_at(error)
                raise

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if getpid() != self._pid:
            self._leave_to_parent()
        with self._lock:
            yield

    def _leave_to_parent(self) -> None:
        """In a forked process: open the file anew, and leave the parent's connection alone."""
        self._pid, self._lock = getpid(), threading.RLock()
        if self._db is not None:
            self._of_parents.append(self._db)  # closing it here could write to the file
        self._db = None

    def _connection(self) -> sqlite3.Connection | None:
        if self._db is not None and self.path and _inode(self.path) != self._inode:
            self._db.close()
            self._db = None
        if self._db is None:
            self._find()
        return self._db

    # How it is opened

    def _find(self) -> None:
        """Open the file in the first home that takes it.

        Raises:
            sqlite3.Error: another program holds it.
        """
        cause = ""
        self.path, self.note, self.writable = None, "", False
        for home in self._homes():
            try:
                self._open(home)
            except (OSError, sqlite3.Error) as error:
                if _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                    raise
                cause = cause or cause_of(error)
            else:
                return
        self.note = (
            f"Runs are not kept on disk ({cause or 'there is no directory for them'}), only in "
            "this kernel and notebook. `%kimi doctor` looks at the data directory."
        )

    def _open(self, home: Home) -> None:
        path = home.directory / NAME
        is_new = _make(path)
        try:
            db = self._prepared(path, wal=home.wal)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            self._put_aside(path)
            is_new = _make(path)
            db = self._prepared(path, wal=home.wal)
        self._db, self.path, self._inode = db, path, _inode(path)
        self.opened += 1
        self.writable = version_of(db) == VERSION
        aside, self._to_salvage = self._to_salvage, None
        if aside is not None:
            self._damage += _what_was_read(salvage(aside, db))
        self._tell(home, is_new=is_new)

    def _tell(self, home: Home, *, is_new: bool) -> None:
        """Note what the person should know, once: where it went, that it is large or too new."""
        notes = [self._damage]
        if home.why and (is_new or not home.is_settled):
            how = "" if home.wal else ", written more slowly to be safe"
            notes.append(f"{home.why}; runs are kept in {home.directory}{how}.")
        if not self.writable:
            notes.append(
                f"{self.path} was written by a newer nbagent. It can be read here, but runs of "
                "this kernel are kept only in it and its notebook. Update nbagent to keep them."
            )
        n_bytes = self.path.stat().st_size if self.path else 0
        if n_bytes > LARGE_BYTES:
            notes.append(f"The journal holds {size(n_bytes)}. `nbagent runs gc` makes it smaller.")
        self.note = " ".join(note for note in notes if note)

    def _prepared(self, path: Path, *, wal: bool) -> sqlite3.Connection:
        """A connection to a file that is of this version, or of a newer one and only read."""
        db = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            for left in reversed(range(_OPEN_TRIES)):
                try:
                    self._wal = _prepare(db, wal=wal)
                    break
                except sqlite3.OperationalError as error:
                    if _code(error) != sqlite3.SQLITE_BUSY or not left:
                        raise
                    self._clock.sleep(0.1)  # another kernel makes the file just now
        except BaseException:
            db.close()
            raise
        return db

    def _look_at(self, error: sqlite3.DatabaseError) -> None:
        """Set a file aside that turned out to be damaged; a new one is begun at the next use."""
        if not _is_damage(error) or self.path is None or self._db is None:
            return
        if _inode(self.path) == self._inode:
            with suppress(OSError):
                self._put_aside(self.path)  # before it is closed, which would write to it
        self._db.close()
        self._db = None

    def _put_aside(self, path: Path) -> None:
        self._to_salvage = aside = _set_aside(path)
        self._damage = f"The journal was damaged. It is kept as {aside}, and a new one begun."

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        with self._locked():
            if self._db is not None:
                self._db.close()
            self._db = None


def cause_of(error: BaseException) -> str:
    """Why something could not be written or read, in words."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return _CAUSES.get(_code(error), str(error))


def _code(error: BaseException) -> int:
    """SQLite's primary code of an error, 0 for none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is broken; one that a newer SQLite has made is not."""
    is_broken = _code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
    return is_broken and "malformed database schema" not in str(error)


def _make(path: Path) -> bool:
    """Make the file, for this user only, and say whether it is new.

    A file that is there is never opened here: closing it would drop SQLite's locks on it.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if path.lstat().st_mode & 0o077:
            path.chmod(0o600)
        return False
    return True


def _prepare(db: sqlite3.Connection, *, wal: bool) -> bool:
    """Bring a file to this version, look whether it is whole, and say whether it has a log.

    Raises:
        sqlite3.Error: it cannot be written, or it is damaged.
    """
    application = db.execute("PRAGMA application_id").fetchone()[0]
    if version_of(db) > VERSION:
        db.execute("PRAGMA query_only = ON")
        return wal
    if application not in {0, APPLICATION_ID}:
        raise sqlite3.DatabaseError("this database is no journal")
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")
    db.execute("PRAGMA secure_delete = ON")
    (mode,) = db.execute(f"PRAGMA journal_mode = {'WAL' if wal else 'DELETE'}").fetchone()
    db.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
    if version_of(db) < VERSION:
        migrate(db)
    for table in ("run", "text", "message"):
        db.execute(f"SELECT * FROM {table} ORDER BY id DESC LIMIT 1").fetchone()  # noqa: S608 -- our own names
    db.execute("SELECT * FROM event ORDER BY run DESC LIMIT 1").fetchone()
    return bool(mode == "wal")


def _what_was_read(n_runs: int) -> str:
    return f" What could be read of it is in the new one: {plural(n_runs, 'run')}."


def _inode(path: Path) -> tuple[int, int]:
    """Which file a path names now."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


def _set_aside(path: Path) -> Path:
    """Give a damaged file and its log another name, and return it."""
    n = 1
    while (aside := path.with_name(f"journal-damaged-{n}.sqlite")).exists():
        n += 1
    for ending in _SIDE_FILES:
        with suppress(FileNotFoundError):
            Path(f"{path}{ending}").rename(f"{aside}{ending}")
    return aside
