"""Runs in the background: driven between the user's cells, on the thread that runs them.

A task on the kernel's own loop gives each run its turns. The model is awaited whatever the user
does; a tool waits until no cell runs, also none that merely awaits, since two pieces of code in
one namespace at a time would be a race. While a cell holds the thread, another one shows what the
model says meanwhile. `Run.wait` and `Run.step` drive a run in their own cell.

Read next: `nbagent.kernel.pump`, which moves the runs.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from nbagent.errors import UsageError
from nbagent.kernel.pump import TICK_S, Job, Pump
from nbagent.run import Run
from nbagent.run.work import RunTool

HELD_S = 0.1
"""From here on the thread that gives turns counts as held; how often what comes is shown then."""
ALIVE_S = 5.0
"""How often a kernel whose runs await the model shows that it is in use; cullers look at that."""


class Background:
    """Drives runs whose cells are over.

    Args:
        pump: moves them; its person must not need a cell.
        tell: publishes that the kernel is `busy` or `idle`.
    """

    def __init__(self, pump: Pump, tell: Callable[[str], None]) -> None:
        self._pump = pump
        self._tell = tell
        self._told_at = 0.0
        self._jobs: list[Job] = []
        self._task: asyncio.Task[None] | None = None
        self._cells = 0
        self._turned = threading.Event()

    @property
    def is_held(self) -> bool:
        """Whether code runs on the thread: a cell, or a tool between cells."""
        return self._cells > 0

    def note_cell_begins(self, _info: Any) -> None:
        """A cell of the user, or a tool's code, begins to run (IPython's `pre_run_cell`)."""
        self._cells += 1

    def note_cell_ends(self, _result: Any) -> None:
        """It has ended (`post_run_cell`)."""
        self._cells = max(self._cells - 1, 0)  # the first to end began before anybody counted

    def start(self, job: Job) -> None:
        """Begin a run here, and let it go on when this cell is over."""
        self._pump.begin(job)
        try:
            with self._pump.moving:
                self._pump.turn([job], tools=False)  # the next cell may hold the thread for long
        except BaseException:
            self._pump.wind_up(job)  # the learner's loop broke at once: its cell shows where
            raise
        self.take(job)

    def take(self, job: Job) -> None:
        """Let a run that has begun go on here; without a loop between cells, only by `carry_on`."""
        self._jobs.append(job)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # plain IPython
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._go_on())

    async def _go_on(self) -> None:
        with self._overheard():
            while self._jobs:
                await asyncio.sleep(TICK_S)
                self._turned.set()
                with self._pump.moving:
                    self._turn()

    def _turn(self) -> None:
        self._pump.receive(0)
        self.beside()

    def beside(self) -> None:
        """Move the runs on that wait for no tool; also beside a run that is driven in a cell."""
        try:
            self._advance(list(self._jobs))
        except Exception:
            if not any(job.run.finished for job in self._jobs):
                raise
            # A learner's loop broke: its run has ended, and says so; the others go on.

    def _advance(self, jobs: list[Job]) -> None:
        is_free = not self.is_held
        has_tool = is_free and any(isinstance(job.run.pending(), RunTool) for job in jobs)
        with self._shown_busy() if has_tool else nullcontext():
            unfinished = self._pump.turn(jobs, tools=is_free)
        for job in jobs:
            if job not in unfinished and job in self._jobs:
                self._end(job)
        if is_free:
            self._show_alive()

    @contextmanager
    def _shown_busy(self) -> Iterator[None]:
        """Show the kernel as busy while a tool has it, though no cell runs."""
        self._tell("busy")
        try:
            yield
        finally:
            self._tell("idle")

    def _show_alive(self) -> None:
        """Show now and then that the kernel is in use while nothing else tells of it."""
        now = asyncio.get_running_loop().time()
        if now - self._told_at > ALIVE_S:
            self._told_at = now
            self._tell("idle")

    @contextmanager
    def _overheard(self) -> Iterator[None]:
        """Show on another thread what comes while this one is held."""
        over = threading.Event()

        def listen() -> None:
            while not over.is_set():
                if self._turned.wait(HELD_S):
                    self._turned.clear()
                    over.wait(HELD_S)
                else:
                    self._pump.overhear(list(self._jobs))

        thread = threading.Thread(target=listen, name="nbagent-background", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            self._turned.set()
            thread.join()

    def _end(self, job: Job) -> None:
        self._jobs.remove(job)
        self._pump.wind_up(job)

    def carry_on(self, run: Run, until: Callable[[], bool]) -> None:
        """Drive a run on in the cell that runs now, until it has ended or `until` holds.

        An interrupt that comes before the run is driven here ends the cell, not the run.

        Raises:
            UsageError: it is not driven here.
        """
        job = next((job for job in self._jobs if job.run is run), None)
        if job is None:
            raise UsageError("Another cell drives this run.", "It goes on there.")
        self._pump.carry_on([job], until)
        if run.finished:
            self._jobs.remove(job)
