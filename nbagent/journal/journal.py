"""The journal of one user: every run of every kernel, in one file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from os import getpid
from pathlib import Path
from typing import Any, TypeAlias

from nbagent.clock import Clock
from nbagent.errors import UsageError
from nbagent.events import Event, RunStarted
from nbagent.journal import reading, restoring, spools, sweeping
from nbagent.journal.database import Database, cause_of
from nbagent.journal.home import homes, local_directories
from nbagent.journal.keeper import Keeper
from nbagent.journal.lease import Holder
from nbagent.journal.packing import Texts
from nbagent.journal.reading import RunLine, StoredRun
from nbagent.journal.sweeping import Swept
from nbagent.paths import data_dir, file_system_of
from nbagent.run import Run

Choice: TypeAlias = Callable[[sqlite3.Connection, list[tuple[int, float]]], list[int]]
"""Chooses runs to remove from those that can be: their numbers and when they began."""


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

    @property
    def is_there(self) -> bool:
        """Whether there is a file, if only one that can be read; known from the first use on."""
        return self._database.path is not None

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

    def page(
        self, text: str = "", *, limit: int = 200, before: int | None = None
    ) -> tuple[list[RunLine], int | None]:
        """Some of the runs, newest first, and what to give as `before` for those after them.

        Args:
            text: only those with it in their name, prompt, conversation, notebook or model.
            limit: how many at most.
            before: what the page before this one has said.

        Returns:
            The runs; None in the second place if there are no more.

        Raises:
            UsageError: the journal cannot be read.
        """
        with self._reading() as db:
            if db is None:
                return [], None
            return reading.page(db, text, limit, self._me, self._clock.wall(), before=before)

    def line(self, run_id: str) -> RunLine | None:
        """One run as the list has it; None if there is no such run.

        Raises:
            UsageError: the journal cannot be read.
        """
        with self._reading() as db:
            return reading.line(db, run_id, self._me, self._clock.wall()) if db else None

    def version(self) -> tuple[int, int, int]:
        """What is another one once anything was written, by whichever process; quick to ask.

        Raises:
            UsageError: the journal cannot be read.
        """
        with self._reading() as db:
            if db is None:
                return 0, 0, 0
            (others,) = db.execute("PRAGMA data_version").fetchone()
            return self._database.opened, others, db.total_changes

    def cut_off(self, notebook: str = "") -> list[RunLine]:
        """Runs that were cut off and that nobody goes on with, newest first; replays left out.

        Args:
            notebook: the path of a notebook whose runs come first.

        Raises:
            UsageError: the journal cannot be read.
        """
        found = [
            line
            for line in self.runs()
            if line.state == "running" and not line.held_by and not self._is_replay(line.run_id)
        ]
        return sorted(found, key=lambda line: not notebook or line.notebook != notebook)

    def _is_replay(self, run_id: str) -> bool:
        first = next(self.events(run_id), None)
        return isinstance(first, RunStarted) and bool(first.replays)

    def find(self, beginning: str) -> str:
        """The name of the one run whose name begins so.

        Raises:
            UsageError: there is none, or more than one, or the journal cannot be read.
        """
        with self._reading() as db:
            return reading.find(_there(db), beginning)

    def events(
        self, run_id: str, since: int = 0, *, at_once: int = reading.CHUNK
    ) -> Iterator[Event]:
        """The events of a run from number `since` on, read some at a time.

        Args:
            run_id: the run.
            since: the `seq` of the first one.
            at_once: how many are read at a time.

        Raises:
            UsageError: there is no such run, or the journal cannot be read.
        """
        with self._reading() as db:
            number = reading.number_of(_there(db), run_id)
        return self._events(number, since, at_once)

    def _events(self, number: int, since: int | None, at_once: int) -> Iterator[Event]:
        while since is not None:
            texts: Texts = {}
            with self._reading() as db:
                events, since = reading.some_events(_there(db), number, since, texts, at_once)
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
        try:
            folder = self._directory() / "runs"
        except OSError:  # the data directory cannot be used, so nothing waits in it
            return
        for path in spools.waiting(folder):
            spools.take_over(path, self._put, self._clock.wall())

    def _put(self, stored: StoredRun) -> None:
        with self._database.writing() as db:
            restoring.put(db, stored)

    # Removing

    def delete(self, run_ids: Iterable[str]) -> int:
        """Remove runs for good, and return how many there were; what others need of them stays.

        Raises:
            LeaseHeld: one of them still goes on; nothing was removed.
            UsageError: there is no such run, or the journal cannot be written.
        """
        names = list(dict.fromkeys(run_ids))
        now = self._clock.wall()
        with self._removing(), self._database.writing() as db:
            numbers = [reading.number_of(db, name) for name in names]
            for name, number in zip(names, numbers, strict=True):
                sweeping.check_free(db, name, number, self._me, now)
            sweeping.unlist(db, numbers)
        self._sweep()
        return len(numbers)

    def gc(
        self,
        *,
        older_than_days: float | None = None,
        max_mb: float | None = None,
        dry_run: bool = False,
    ) -> Swept:
        """Remove old runs; those that somebody goes on with stay.

        Args:
            older_than_days: remove what began longer ago.
            max_mb: remove the oldest until the journal holds no more, in megabytes.
            dry_run: only find out what would be removed.

        Raises:
            UsageError: the journal cannot be written.
        """
        if dry_run:
            return self._would_remove(older_than_days, max_mb)
        before, n_runs = self._size(), 0
        if older_than_days is not None:
            n_runs += self._remove(lambda _, runs: self._older(runs, older_than_days))
        if max_mb is not None:
            most = int(max_mb * 1e6)
            while n_more := self._remove(partial(sweeping.oldest_beyond, n_bytes=most)):
                n_runs += n_more
        return Swept(n_runs, max(before - self._size(), 0))

    def _older(self, runs: Iterable[tuple[int, float]], days: float) -> list[int]:
        since = self._clock.wall() - days * sweeping.DAY_S
        return [number for number, wall in runs if wall < since]

    def _would_remove(self, older_than_days: float | None, max_mb: float | None) -> Swept:
        with self._reading() as found:
            db = _there(found)
            runs = sweeping.removable(db, self._me, self._clock.wall())
            old = [] if older_than_days is None else self._older(runs, older_than_days)
            n_bytes = sum(sweeping.weight(db, number) for number in old)
            left = [run for run in runs if run[0] not in old]
            most = int(max_mb * 1e6) + n_bytes if max_mb is not None else None
            more = [] if most is None else sweeping.oldest_beyond(db, left, n_bytes=most)
            n_bytes += sum(sweeping.weight(db, number) for number in more)
        return Swept(len(old) + len(more), n_bytes)

    def _remove(self, choose: Choice) -> int:
        """Remove runs of those that nobody goes on with, and return how many."""
        with self._removing(), self._database.writing() as db:
            chosen = choose(db, sweeping.removable(db, self._me, self._clock.wall()))
            sweeping.unlist(db, chosen)
        self._sweep()
        return len(chosen)

    def _sweep(self) -> None:
        with self._removing():
            sweeping.sweep(self._database)
            with self._database.reading() as db:
                sweeping.shrink(_there(db))

    @contextmanager
    def _removing(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise UsageError(
                f"The journal cannot be written: {cause_of(error)}.",
                "What was not removed is still there. Try again.",
            ) from error

    def _size(self) -> int:
        with self._reading() as db:
            return sweeping.used_bytes(_there(db))


def _there(db: sqlite3.Connection | None) -> sqlite3.Connection:
    if db is None:
        raise UsageError("There is no journal to look in.", "`%kimi doctor` says why.")
    return db
