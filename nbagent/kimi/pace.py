"""The account's pace: limits learnt from a 429, kept by all of this user's kernels together.

A new Moonshot account may send 3 requests a minute. Once a refusal has said so, each request
books its place in a small database that the user's kernels share, and waits for it. Nothing here
can break a run: if the database is missing, damaged or not writable, this process keeps the pace
alone. A limit is forgotten after an hour, as accounts are upgraded; learning it anew costs one
refused request.
"""

from __future__ import annotations

import hashlib
import math
import re
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from nbagent.paths import data_dir
from nbagent.settings import Secret

T = TypeVar("T")

MINUTE_S = 60.0
LEARNT_FOR_S = 3600.0
"""How long a learnt limit is believed, in seconds."""
MAX_PAUSE_S = 600.0
"""A pause that a server asks for is kept up to this; a longer one is the caller's to report."""
BUSY_S = 0.5
"""How long another kernel may hold the database before this one goes on alone, in seconds."""

_RPM = re.compile(r"(?i)max RPM: ?(\d+)")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS account (
    account TEXT PRIMARY KEY, rpm INTEGER, learnt REAL NOT NULL, pause_until REAL NOT NULL);
CREATE TABLE IF NOT EXISTS place (
    account TEXT NOT NULL, at REAL NOT NULL);
"""


def requests_per_minute(text: str) -> int | None:
    """The limit that a refusal names ("max RPM: 3"), or None."""
    found = _RPM.search(text)
    return int(found[1]) or None if found else None


def held_text(rpm: int | None, wait_s: float) -> str:
    """What the reader is told while a request waits for its place."""
    seconds = max(math.ceil(wait_s), 1)
    if rpm is None:
        return (
            f"The server asked for a pause; the next request goes in {seconds} s. "
            "Nothing is wrong and nothing is lost."
        )
    number = "1 request" if rpm == 1 else f"{rpm} requests"
    return (
        f"Your account allows {number} a minute; the next one goes in {seconds} s. "
        "Nothing is wrong and nothing is lost."
    )


@dataclass(frozen=True, slots=True)
class Place:
    """A request's place in time: it goes `wait_s` after it was booked, at wall time `at`."""

    at: float
    wait_s: float
    rpm: int | None


class Pace:
    """Books places for one account's requests.

    Args:
        host: where the requests go.
        secret: the key; an account is told apart by a hash of host and key.
        wall: gives seconds since the epoch, which all kernels share.
        directory: gives the private directory that holds `pace.sqlite`.
    """

    def __init__(
        self,
        host: str,
        secret: Secret | None,
        wall: Callable[[], float],
        directory: Callable[[], Path] = data_dir,
    ) -> None:
        key = secret.reveal() if secret else ""
        self._account = hashlib.sha256(f"{host}\n{key}".encode()).hexdigest()[:16]
        self._wall = wall
        self._directory = directory
        self._own: deque[float] = deque(maxlen=1000)
        self._alone: sqlite3.Connection | None = None

    def book(self) -> Place:
        """Book the next free place."""
        now = self._wall()
        place = self._transact(lambda db: self._booked(db, now)) or Place(now, 0.0, None)
        self._own.append(place.at)
        return place

    def give_back(self, place: Place) -> None:
        """Free a place whose request was never sent."""
        if place.at in self._own:
            self._own.remove(place.at)
        self._transact(
            lambda db: db.execute(
                "DELETE FROM place WHERE account = ? AND at = ?", (self._account, place.at)
            )
        )

    def learn(self, text: str, wait_s: float | None) -> None:
        """Learn from a refusal: its limit, if it names one, and the pause that it asks for.

        Args:
            text: the server's words.
            wait_s: the pause it asks for, in seconds; None if it asks for none.
        """
        now = self._wall()
        rpm, pause_s = requests_per_minute(text), min(wait_s or 0.0, MAX_PAUSE_S)
        self._transact(lambda db: self._learnt(db, now, rpm, pause_s), create=True)

    # Inside one transaction

    def _booked(self, db: sqlite3.Connection, now: float) -> Place:
        rpm, pause_until = self._known(db, now) or (None, now)
        at = max(now, min(pause_until, now + MAX_PAUSE_S))
        if rpm is not None:
            db.execute(
                "DELETE FROM place WHERE at <= ? OR at > ?", (now - MINUTE_S, now + LEARNT_FOR_S)
            )
            latest = self._latest(db, rpm)
            at = max(at, latest[-1] + MINUTE_S) if len(latest) == rpm else at
            self._put(db, [at])
        return Place(at, at - now, rpm)

    def _learnt(self, db: sqlite3.Connection, now: float, rpm: int | None, pause_s: float) -> None:
        known = self._known(db, now)
        known_rpm = known[0] if known else None
        if known_rpm is None:
            self._put(db, [at for at in self._own if now - MINUTE_S < at <= now])
        rpm = rpm or known_rpm
        if rpm is not None:
            # The server frees one place when its pause ends: its word counts. The other places
            # were taken within the last minute, by requests that may not have been ours.
            latest = self._latest(db, rpm - 1)
            db.execute("DELETE FROM place WHERE account = ?", (self._account,))
            self._put(db, latest + [now] * (rpm - 1 - len(latest)))
        db.execute(
            "INSERT OR REPLACE INTO account VALUES (?, ?, ?, ?)",
            (self._account, rpm, now, now + pause_s),
        )

    def _known(self, db: sqlite3.Connection, now: float) -> tuple[int | None, float] | None:
        row: tuple[int | None, float] | None = db.execute(
            "SELECT rpm, pause_until FROM account WHERE account = ? AND learnt > ?",
            (self._account, now - LEARNT_FOR_S),
        ).fetchone()
        return row

    def _latest(self, db: sqlite3.Connection, n: int) -> list[float]:
        rows = db.execute(
            "SELECT at FROM place WHERE account = ? ORDER BY at DESC LIMIT ?", (self._account, n)
        )
        return [float(at) for (at,) in rows]

    def _put(self, db: sqlite3.Connection, times: list[float]) -> None:
        db.executemany("INSERT INTO place VALUES (?, ?)", [(self._account, at) for at in times])

    # The database

    def _transact(
        self, work: Callable[[sqlite3.Connection], T], *, create: bool = False
    ) -> T | None:
        """Run `work` on the shared database, or on this process's own if that cannot be had.

        Where there is neither yet, nothing was ever learnt: then nothing is done and None is
        returned, unless `create` is set.
        """
        try:
            path = self._directory() / "pace.sqlite"
            if create or path.exists():
                with closing(_opened(str(path))) as db:
                    return _in_one(db, work)
        except (sqlite3.Error, OSError):
            create = True
        if self._alone is None and create:
            self._alone = _opened(":memory:")
        return _in_one(self._alone, work) if self._alone else None


def _opened(name: str) -> sqlite3.Connection:
    db = sqlite3.connect(name, timeout=BUSY_S, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")  # losing a few places in a power cut costs nothing
    db.executescript(_SCHEMA)
    return db


def _in_one(db: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    with db:
        db.execute("BEGIN IMMEDIATE")
        return work(db)
