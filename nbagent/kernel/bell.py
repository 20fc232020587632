"""Hears an interrupt that no handler can take yet: the main thread is in C code.

Python runs signal handlers between bytecodes, so a long call into C puts them off; the number of
the signal is written to the wakeup socket all the same, and another thread can look there.
"""

from __future__ import annotations

import contextlib
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager


class Bell:
    """Rings from a SIGINT's arrival until its handler runs."""

    def __init__(self) -> None:
        self._ends: tuple[socket.socket, socket.socket] | None = None

    @contextmanager
    def hung(self) -> Iterator[None]:
        """Listen meanwhile; for the main thread. Where somebody else does already, it is deaf."""
        hears, rings = socket.socketpair()
        with hears, rings:
            hears.settimeout(0.0)
            rings.settimeout(0.0)
            before = signal.set_wakeup_fd(rings.fileno(), warn_on_full_buffer=False)
            if before == -1:
                self._ends = hears, rings
            else:
                signal.set_wakeup_fd(before)
            try:
                yield
            finally:
                self._take_down(rings)

    def _take_down(self, rings: socket.socket) -> None:
        if self._ends is None:
            return
        self._ends = None
        now = signal.set_wakeup_fd(-1)
        if now not in (-1, rings.fileno()):
            signal.set_wakeup_fd(now)  # an event loop that a tool has left running

    @property
    def rings(self) -> bool:
        """Whether a SIGINT has arrived whose handler has not run; from any thread."""
        return signal.SIGINT in self._heard(socket.MSG_PEEK)

    def silence(self) -> None:
        """The handler runs: what has arrived so far is known."""
        self._heard()

    def _heard(self, how: int = 0) -> bytes:
        ends = self._ends
        with contextlib.suppress(OSError):  # nothing has arrived, or it was just taken down
            return ends[0].recv(4096, how) if ends else b""
        return b""
