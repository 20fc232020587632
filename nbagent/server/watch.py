"""Looks whether anything was written to the journal, only while somebody follows it.

One thread looks for all that follow, so that the clock's wait holds up nothing else.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from nbagent.clock import Clock
from nbagent.errors import UsageError
from nbagent.journal import Journal

LOOK_S = 0.25
"""How long between two looks, in seconds: kernels write what streams as often."""

Version: TypeAlias = tuple[int, int, int]
Turn: TypeAlias = Callable[[], Awaitable[Version]]
"""Waits for the next look, and tells which version of the journal it has found."""


class Watch:
    """Tells those that follow the journal which version of it there is.

    Args:
        journal: the journal.
        clock: for the wait between two looks.
    """

    def __init__(self, journal: Journal, clock: Clock) -> None:
        self._journal, self._clock = journal, clock
        self._following = 0
        self._stop = threading.Event()
        self._turned: asyncio.Future[Version] | None = None

    @contextmanager
    def follow(self) -> Iterator[Turn]:
        """Follow the journal, within a coroutine; gives the wait for the next look."""
        loop = asyncio.get_running_loop()
        self._following += 1
        if self._following == 1:
            self._stop, self._turned = threading.Event(), loop.create_future()
            arguments = (loop, self._stop)
            threading.Thread(
                target=self._look, args=arguments, name="nbagent-watch", daemon=True
            ).start()
        try:
            yield self._turn
        finally:
            self._following -= 1
            if not self._following:
                self._stop.set()

    async def _turn(self) -> Version:
        assert self._turned is not None
        return await asyncio.shield(self._turned)

    def _look(self, loop: asyncio.AbstractEventLoop, stop: threading.Event) -> None:
        """Look again and again, on a thread of its own."""
        while not stop.is_set():
            self._clock.sleep(LOOK_S)
            try:
                version = self._journal.version()
            except UsageError:
                version = (-1, 0, 0)  # it cannot be read now; those that follow will find out
            try:
                loop.call_soon_threadsafe(self._tell, version, stop)
            except RuntimeError:  # the server has ended
                return

    def _tell(self, version: Version, stop: threading.Event) -> None:
        if stop is not self._stop or self._turned is None:
            return
        turned, self._turned = self._turned, asyncio.get_running_loop().create_future()
        turned.set_result(version)
