"""One thread with an event loop of its own, in which all of a model's network traffic happens.

The kernel's main thread stays free for the user's code, and a request can be given up at once
from any thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class IoThread:
    """Runs coroutines in its own thread, which is started at first use.

    Args:
        name: the thread's name, for debuggers.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine in the thread; cancelling the future cancels it. From any thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._running())

    def close(self, last: Coroutine[Any, Any, None], timeout_s: float = 2.0) -> None:
        """Cancel what runs, run `last`, end the thread; a second call does nothing.

        Args:
            last: what has to be closed inside the loop.
            timeout_s: how long the thread is waited for; it is a daemon and holds up no exit.
        """
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            last.close()
            return
        asyncio.run_coroutine_threadsafe(_wind_up(last), loop)
        thread.join(timeout_s)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_serve, args=(self._loop,), name=self._name, daemon=True
                )
                self._thread.start()
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _wind_up(last: Coroutine[Any, Any, None]) -> None:
    """Cancel every other task of this loop, wait for them, run `last`, stop the loop."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    try:
        await asyncio.gather(*others, return_exceptions=True)
        await last
    finally:
        asyncio.get_running_loop().stop()
