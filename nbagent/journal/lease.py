"""Who writes a run: one kernel at a time, by a lease that each of its writes checks.

The holder is a random name; on the same machine a kernel whose process is there holds its lease
however long it was asleep, elsewhere one whose last sign of life is recent. A lease that was taken
over has a higher fencing number, so a holder that comes back finds out before it writes anything.
"""

from __future__ import annotations

import os
import platform
import uuid
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from sqlite3 import Connection

from nbagent.errors import LeaseHeld

GRACE_S = 120.0
"""How old another machine's last sign of life may be, in seconds."""


class Fenced(Exception):
    """The lease has gone to another kernel."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A journal that is open in a process.

    Attributes:
        owner: a random name.
        host: which machine, boot and container; process ids mean something only within one.
        pid: the process.
        born: when that process began, as the machine counts ('' if it does not tell).
    """

    owner: str
    host: str
    pid: int
    born: str

    @classmethod
    def of_this_process(cls) -> Holder:
        """A new holder in this process."""
        return cls(uuid.uuid4().hex, _host(), os.getpid(), _born(os.getpid()))

    def is_alive(self, here: Holder, beat: float, now: float) -> bool:
        """Whether it can still write.

        Args:
            here: a holder in the process that asks.
            beat: its last sign of life, in seconds since the epoch.
            now: the same clock now, which may have been set since.
        """
        if self.host != here.host:
            return abs(now - beat) < GRACE_S
        return _exists(self.pid) and _born(self.pid) == self.born


def take(db: Connection, row: int, me: Holder, now: float) -> int:
    """Take the lease of a run, and return its fencing number.

    Args:
        db: the connection, in a transaction.
        row: the run's number.
        me: who takes it.
        now: seconds since the epoch.

    Raises:
        LeaseHeld: another kernel has it.
    """
    other = held_by(db, row, me, now)
    if other is not None and other.owner != me.owner:
        raise LeaseHeld(
            f"Another kernel (process {other.pid}) goes on with this run.",
            "It can be read here. Stop that kernel to go on with it in this one.",
        )
    found = db.execute("SELECT fence FROM lease WHERE run = ?", (row,)).fetchone()
    fence = found[0] + 1 if found else 1
    db.execute(
        "INSERT OR REPLACE INTO lease (run, owner, host, pid, born, beat, fence) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (row, me.owner, me.host, me.pid, me.born, now, fence),
    )
    return int(fence)


def held_by(db: Connection, row: int, me: Holder, now: float) -> Holder | None:
    """Who holds the lease of a run, None if nobody who is alive does."""
    found = db.execute(
        "SELECT owner, host, pid, born, beat FROM lease WHERE run = ? AND owner <> ''", (row,)
    ).fetchone()
    if found is None:
        return None
    *who, beat = found
    holder = Holder(*who)
    return holder if holder.is_alive(me, beat, now) else None


def check(db: Connection, row: int, me: Holder, fence: int, beat: float | None) -> None:
    """Make sure that a lease is still held, within the transaction that writes.

    Args:
        db: the connection, in a transaction.
        row: the run's number.
        me: who should hold it.
        fence: the fencing number it was taken with.
        beat: seconds since the epoch, if a sign of life is due.

    Raises:
        Fenced: another kernel has taken it.
    """
    found = db.execute("SELECT owner, fence FROM lease WHERE run = ?", (row,)).fetchone()
    if found != (me.owner, fence):
        raise Fenced
    if beat is not None:
        db.execute("UPDATE lease SET beat = ? WHERE run = ?", (beat, row))


def release(db: Connection, row: int, me: Holder, fence: int) -> None:
    """Give a lease back; the fencing number stays."""
    db.execute(
        "UPDATE lease SET owner = '' WHERE run = ? AND owner = ? AND fence = ?",
        (row, me.owner, fence),
    )


def _host() -> str:
    """Names this machine, its boot and its container."""
    parts = [platform.node()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        parts.append(str(uuid.getnode()))
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def _born(pid: int) -> str:
    """When a process began, as the kernel counts; '' if it does not tell."""
    state = _stat_of(pid)
    return state[19] if state else ""


def _exists(pid: int) -> bool:
    """Whether a process can still run: one that has ended and waits to be noted cannot."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    state = _stat_of(pid)
    return not state or state[0] not in {"Z", "X"}


def _stat_of(pid: int) -> list[str]:
    """The fields of `/proc/PID/stat` from the process's state on; empty if there are none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()
