"""One private event loop per kernel, for what tool code awaits and leaves running.

Tool code cannot use the kernel's own loop: it is busy running the cell that the agent works in,
and driving it from inside loses queued cells (measured). A loop of our own, on the same thread,
runs a cell that awaits to its end; afterwards it is stepped, by the pump between two looks at its
queue and by a small task on the kernel's loop while there is work, so that servers and background
tasks which a tool started live on. `bridge` lets a user's cell await what belongs to this loop.

Private names of asyncio are touched here only: swapping the running loop, as event loops do
themselves, and looking whether a loop has work.
"""

from __future__ import annotations

import asyncio
from asyncio import tasks
from collections.abc import Awaitable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

TICK_S = 0.02
"""How often the kernel's loop lets the private one go on while it has work."""

_HOME = "nbagent_private_loop"


def private_loop(shell: Any) -> PrivateLoop:
    """The private loop of a kernel; it lives on the shell object and is made at first use.

    Args:
        shell: the IPython shell.
    """
    home = vars(shell)
    if _HOME not in home:
        home[_HOME] = PrivateLoop()
    loop: PrivateLoop = home[_HOME]
    return loop


async def bridge(awaitable: Awaitable[T]) -> T:
    """Await, in a cell of your own, something that agent code started.

    Tasks, futures and coroutines of agent code belong to an event loop of their own; a plain
    `await` in your cell would say that they are "attached to a different loop".

    Args:
        awaitable: a task, a future, or a coroutine such as `queue.get()`.

    Returns:
        What the awaitable returns; its exception is raised here.
    """
    from IPython import get_ipython  # noqa: PLC0415 -- only a running shell has a private loop

    return await private_loop(get_ipython()).join(awaitable)


class PrivateLoop:
    """An event loop that runs inside another one's thread, in turns."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._main: asyncio.Task[Any] | None = None
        self._cancelled = False
        self._ticker: asyncio.Task[None] | None = None

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Let plain code see this loop as the running one: `create_task` works in any cell."""
        with _running(self.loop):
            yield

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end, with everything else that lives on this loop.

        Raises:
            RuntimeError: the loop is already running, in a coroutine further up.
        """
        if self.loop.is_running():
            coroutine.close()
            raise RuntimeError("This event loop is already running")
        with _running(None):
            self._cancelled = False
            self._main = main = self.loop.create_task(coroutine)
            if self._cancelled:
                main.cancel()
            try:
                return self.loop.run_until_complete(main)
            finally:
                self._give_up(main)
                self._main = None

    def _give_up(self, task: asyncio.Task[Any]) -> None:
        """End a task that an interrupt of something else on the loop left unfinished."""
        if not task.done():
            task.cancel()
            self.loop.run_until_complete(asyncio.wait([task]))

    def cancel(self) -> None:
        """Cancel what `run` runs; safe inside a signal handler, and wakes a waiting loop."""
        self._cancelled = True
        if self._main is not None:
            self.loop.call_soon_threadsafe(self._main.cancel)

    @property
    def busy(self) -> bool:
        """Whether anything lives on the loop: a task, a timer, a socket."""
        if asyncio.all_tasks(self.loop):
            return True
        inner: Any = self.loop
        try:
            own_wakeup_only = len(inner._selector.get_map()) <= 1  # noqa: SLF001 -- no public way
            return bool(inner._ready or inner._scheduled) or not own_wakeup_only  # noqa: SLF001 -- same
        except AttributeError:  # another implementation: assume that there is
            return True

    def step(self) -> None:
        """Let everything that is ready on the loop go on for one turn."""
        if self.loop.is_running() or not self.busy:
            return
        with _running(None):
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()

    def keep_going(self) -> None:
        """Have the kernel's loop, running now, step this one while it has work."""
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:  # plain IPython: there is no loop between cells
            return
        if here is not self.loop and self.busy and (self._ticker is None or self._ticker.done()):
            self._ticker = here.create_task(self._tick())

    async def _tick(self) -> None:
        while self.busy:
            self.step()
            await asyncio.sleep(TICK_S)

    async def join(self, awaitable: Awaitable[T]) -> T:
        """Await something of this loop from the loop that is running now."""
        here = asyncio.get_running_loop()
        if here is self.loop or (asyncio.isfuture(awaitable) and awaitable.get_loop() is here):
            return await awaitable
        with _running(self.loop):
            inner = asyncio.ensure_future(awaitable, loop=self.loop)
            done = here.create_future()
            inner.add_done_callback(lambda _: None if done.done() else done.set_result(None))
        self.keep_going()
        try:
            await done
        except asyncio.CancelledError:
            inner.cancel()
            raise
        return inner.result()


@contextmanager
def _running(loop: asyncio.AbstractEventLoop | None) -> Iterator[None]:
    """Swap the running loop, and step out of the outer loop's task meanwhile."""
    outer = asyncio._get_running_loop()  # noqa: SLF001 -- documented for event loops
    task = asyncio.current_task(outer) if outer else None
    if outer and task:
        tasks._leave_task(outer, task)  # noqa: SLF001 -- Python 3.14 has one current task a thread
    asyncio._set_running_loop(loop)  # noqa: SLF001 -- documented for event loops
    try:
        yield
    finally:
        asyncio._set_running_loop(outer)  # noqa: SLF001 -- same
        if outer and task:
            tasks._enter_task(outer, task)  # noqa: SLF001 -- same
