"""Ends a task that has waited too long, by the injected clock.

A read timeout cannot do this: a server that drips keep-alive comments never lets one pass. The
watchdog is told when something of *use* arrived.
"""

from __future__ import annotations

import asyncio
import math
from typing import Self

from nbagent.clock import Clock

TICK_S = 0.1
"""How often the clock is looked at; a stall is noticed at most this much late."""


class Watchdog:
    """Cancels the task that enters it as a context, once a limit has passed.

    Args:
        clock: the clock that limits are counted by.

    Attributes:
        expired: `(seconds waited, what did not come)` once a limit has passed.
    """

    def __init__(self, clock: Clock) -> None:
        self.expired: tuple[float, str] | None = None
        self._clock = clock
        self._next = self._whole = (math.inf, math.inf, "")
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def limit_whole(self, seconds: float) -> None:
        """Let everything from now on take at most so many seconds."""
        self._whole = (self._clock.now() + seconds, seconds, "end of the reply")

    def arm(self, seconds: float, what: str) -> None:
        """Wait from now on for `what`, at most so many seconds; replaces what was armed before."""
        self._next = (self._clock.now() + seconds, seconds, what)

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        self._tick()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        limit, seconds, what = min(self._next, self._whole)
        if self._clock.now() >= limit and self._task is not None:
            self.expired = (seconds, what)
            self._task.cancel()
            return
        self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)
