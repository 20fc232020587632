"""Time that the server and the kernels of a soak share: real time, and what was jumped over."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Literal

from nbagent.clock import SystemClock

_SLOT = struct.Struct("d")
SLOTS = ("server", "kernel")


class SharedClock:
    """A clock whose waits are over at once, in every process that has its file.

    Each side counts in a place of its own what it has jumped over, so that none overwrites the
    other's.

    Args:
        path: the file, made if it is not there.
        side: who counts here.
    """

    def __init__(self, path: Path, side: Literal["server", "kernel"]) -> None:
        path.touch()
        with path.open("r+b") as file:
            file.truncate(_SLOT.size * len(SLOTS))
            self._jumped = mmap.mmap(file.fileno(), 0)
        self._at = SLOTS.index(side) * _SLOT.size
        self._real = SystemClock()

    @property
    def jumped_s(self) -> float:
        """What was jumped over in all, in seconds."""
        return sum(seconds for (seconds,) in _SLOT.iter_unpack(self._jumped[:]))

    def now(self) -> float:
        """Monotonic seconds."""
        return self._real.now() + self.jumped_s

    def wall(self) -> float:
        """Seconds since the epoch."""
        return self._real.wall() + self.jumped_s

    def sleep(self, seconds: float) -> None:
        """Let `seconds` have passed."""
        (before,) = _SLOT.unpack_from(self._jumped, self._at)
        _SLOT.pack_into(self._jumped, self._at, before + max(seconds, 0.0))
