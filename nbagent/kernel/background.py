"""Runs in the background: driven between the user's cells, on the thread that runs them.

A task on the kernel's own loop gives each run its turns. The model is awaited whatever the user
does; a tool waits until no cell runs, also none that merely awaits, since two pieces of code in
one namespace at a time would be a race. `Run.wait` and `Run.step` drive a run in their own cell.

Read next: `nbagent.kernel.pump`, which moves the runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from nbagent.errors import UsageError
from nbagent.kernel.pump import TICK_S, Job, Pump
from nbagent.run import Run


class Background:
    """Drives runs whose cells are over.

    Args:
        pump: moves them; its person must not need a cell.
    """

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        self._jobs: list[Job] = []
        self._task: asyncio.Task[None] | None = None
        self._cells = 0

    def note_cell_begins(self, _info: Any) -> None:
        """A cell of the user begins to run (IPython's `pre_run_cell`)."""
        self._cells += 1

    def note_cell_ends(self, _result: Any) -> None:
        """It has ended (`post_run_cell`)."""
        self._cells = max(self._cells - 1, 0)  # the first to end began before anybody counted

    def start(self, job: Job) -> None:
        """Begin a run here, and let it go on when this cell is over."""
        self._pump.begin(job)
        job.display.refresh()
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
        while self._jobs:
            await asyncio.sleep(TICK_S)
            self._pump.receive(0)
            unfinished = self._pump.turn(list(self._jobs), tools=self._cells == 0)
            for job in [job for job in self._jobs if job not in unfinished]:
                self._end(job)

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
