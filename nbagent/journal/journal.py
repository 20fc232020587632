"""The journal of one user: every run of every kernel, in one file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from os import getpid
from pathlib import Path
from typing import Any

from nbagent.clock import Clock
from nbagent.errors import UsageError
from nbagent.events import Event
from nbagent.journal import reading, spools, sweeping
from nbagent.journal.database import Database, cause_of
from nbagent.journal.home import homes, local_directories
from nbagent.journal.keeper import Keeper
from nbagent.journal.lease import Holder
from nbagent.journal.packing import Texts
from nbagent.journal.reading import RunLine, StoredRun
from nbagent.journal.sweeping import Swept
from nbagent.paths import data_dir, file_system_of
from nbagent.run import Run


class Journal:
    """The journal of one user; opened at its first use.

    Args:
        directory: makes and gives the data directory.
        clock: the one clock.
        file_system: gives the type of the file system that holds a path.
        elsewhere: local directories for when the data directory will not do.
    """

    def __init__(
        self,
        directory: Callable[[], Path] = data_dir,
        *,
        clock: Clock,
        file_system: Callable[[Path], str] = file_system_of,
        elsewhere: Callable[[], Iterator[Path]] = local_directories,
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._database = Database(partial(homes, directory, file_system, elsewhere), clock)
        self._holder = Holder.of_this_process()
        self._has_looked = False

    @property
    def path(self) -> Path | None:
        """The file; None if nothing can be kept on disk, or it was not opened yet."""
        return self._database.path if self._database.writable else None

    @property
    def note(self) -> str:
        """What the person should be told once: it moved, fell back, is read only, or is large."""
        return self._database.note

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        self._database.close()

    # Keeping

    def keep(
        self, run: Run, made_of: Mapping[str, Any], *, kernel: str = "", notebook: str = ""
    ) -> Keeper:
        """Begin to keep a run, or go on with one that is kept already; subscribe `Keeper.apply`.

        Args:
            run: the run.
            made_of: what a resume needs to make its recipe again, as JSON; no secrets.
            kernel: the kernel's boot id.
            notebook: the notebook's path.

        Raises:
            LeaseHeld: another kernel goes on with this run.
        """
        keeper = Keeper(
            self._database,
            run,
            made_of,
            kernel=kernel,
            notebook=notebook,
            me=self._me,
            clock=self._clock,
        )
        keeper.begin()
        return keeper

    @property
    def _me(self) -> Holder:
        if self._holder.pid != getpid():
            self._holder = Holder.of_this_process()
        return self._holder

    # Reading

    def runs(self, text: str = "", *, limit: int = 200) -> list[RunLine]:
        """The runs, newest first.

        Args:
            text: only those with it in their name, prompt, conversation, notebook or model.
            limit: how many at most.

        Raises:
            UsageError: the journal cannot be read.
        """
        with self._reading() as db:
            return reading.lines(db, text, limit, self._me, self._clock.wall()) if db else []

    def find(self, beginning: str) -> str:
        """The name of the one run whose name begins so.

        Raises:
            UsageError: there is none, or more than one, or the journal cannot be read.
        """
        with self._reading() as db:
            return reading.find(_there(db), beginning)

    def events(self, run_id: str, since: int = 0) -> Iterator[Event]:
        """The events of a run from number `since` on, read some at a time.

        Raises:
            UsageError: there is no such run, or the journal cannot be read.
        """
        with self._reading() as db:
            number = reading.number_of(_there(db), run_id)
        return self._events(number, since)

    def _events(self, number: int, since: int | None) -> Iterator[Event]:
        while since is not None:
            texts: Texts = {}
            with self._reading() as db:
                events, since = reading.some_events(_there(db), number, since, texts)
            yield from events

    def load(self, run_id: str) -> StoredRun:
        """A whole run.

        Raises:
            UsageError: there is no such run, or the journal cannot be read.
        """
        with self._reading() as db:
            return reading.stored_run(_there(db), run_id, self._me, self._clock.wall())

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        try:
            if not self._has_looked:
                self._has_looked = True
                self._take_over_spools()
            with self._database.reading() as db:
                yield db
        except (sqlite3.Error, OSError) as error:
            raise UsageError(
                f"The journal cannot be read: {cause_of(error)}.",
                "Runs of this kernel are still here. Try again, or run `%kimi doctor`.",
            ) from error

    def _take_over_spools(self) -> None:
        """Bring the runs of older versions in, the first time that anything is read."""
        with self._database.reading() as db:
            if db is None or not self._database.writable:
                return
        for path in spools.waiting(self._directory() / "runs"):
            spools.take_over(path, self._put, self._clock.wall())

    def _put(self, events: list[Event]) -> None:
        with self._database.writing() as db:
            spools.put(db, events)

    # Removing

    def delete(self, run_ids: Iterable[str]) -> int:
        """Remove runs for good, and return how many there were; what others need of them stays.

        Raises:
            LeaseHeld: one of them still goes on; nothing was removed.
            UsageError: there is no such run, or the journal cannot be written.
        """
        names = list(dict.fromkeys(run_ids))
        now = self._clock.wall()
        with self._removing() as db:
            numbers = [reading.number_of(db, name) for name in names]
            for name, number in zip(names, numbers, strict=True):
                sweeping.check_free(db, name, number, self._me, now)
            sweeping.remove(db, numbers)
        self._shrink()
        return len(numbers)

    def gc(self, *, older_than_days: float | None = None, max_mb: float | None = None) -> Swept:
        """Remove old runs; those that somebody goes on with stay.

        Args:
            older_than_days: remove what began longer ago.
            max_mb: remove the oldest until the journal holds no more, in megabytes.

        Raises:
            UsageError: the journal cannot be written.
        """
        now, n_runs = self._clock.wall(), 0
        before = self._size()
        with self._removing() as db:
            if older_than_days is not None:
                since = now - older_than_days * sweeping.DAY_S
                runs = sweeping.removable(db, self._me, now)
                old = [number for number, wall in runs if wall < since]
                sweeping.remove(db, old)
                n_runs += len(old)
            while max_mb is not None:
                excess = sweeping.used_bytes(db) - int(max_mb * 1e6)
                runs = sweeping.removable(db, self._me, now)
                oldest = sweeping.oldest_beyond(db, runs, excess)
                if not oldest:
                    break
                sweeping.remove(db, oldest)
                n_runs += len(oldest)
        self._shrink()
        return Swept(n_runs, max(before - self._size(), 0))

    @contextmanager
    def _removing(self) -> Iterator[sqlite3.Connection]:
        """A transaction in which what is removed is overwritten."""
        try:
            with self._database.reading() as db:
                _there(db).execute("PRAGMA secure_delete = ON")
            with self._database.writing() as db:
                yield db
        except (sqlite3.Error, OSError) as error:
            raise UsageError(
                f"The journal cannot be written: {cause_of(error)}.", "Nothing was removed."
            ) from error

    def _shrink(self) -> None:
        with self._reading() as db:
            sweeping.shrink(_there(db))

    def _size(self) -> int:
        with self._reading() as db:
            return sweeping.used_bytes(_there(db))


def _there(db: sqlite3.Connection | None) -> sqlite3.Connection:
    if db is None:
        raise UsageError("There is no journal to look in.", "`%kimi doctor` says why.")
    return db
