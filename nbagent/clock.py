"""Time, in one place: everything that waits or stamps is given a clock.

`SystemClock` is the machine's; `ManualClock` stands still until told to move, so that tests of
back-off, pacing and watchdogs take no time and depend on no machine.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """What the rest of the package may know about time."""

    def now(self) -> float:
        """Monotonic seconds, for durations and order."""
        ...

    def wall(self) -> float:
        """Seconds since the epoch, for showing and for sharing between processes."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass; a signal ends the wait by its exception."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Monotonic seconds."""
        return time.perf_counter()

    def wall(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Sleep for `seconds`."""
        time.sleep(max(seconds, 0.0))


class ManualClock:
    """A clock that moves only when slept on or advanced.

    Args:
        start: the first reading, in seconds.
    """

    def __init__(self, start: float = 0.0) -> None:
        self.t = start
        self.slept: list[float] = []

    def now(self) -> float:
        """The current reading."""
        return self.t

    def wall(self) -> float:
        """The current reading, counted from a fixed day."""
        return 1_795_000_000.0 + self.t

    def sleep(self, seconds: float) -> None:
        """Move on by `seconds` at once."""
        self.slept.append(seconds)
        self.t += max(seconds, 0.0)
