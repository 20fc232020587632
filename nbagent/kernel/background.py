"""Runs in the background: driven between the user's cells, on the thread that runs them.

A task on the kernel's own loop gives each run its turns. The model is awaited whatever the user
does; a tool waits until no cell runs, also none that merely awaits, since two pieces of code in
one namespace at a time would be a race. `Run.wait` drives a run to its end in the cell that waits.

Read next: `nbagent.kernel.pump`, which moves the runs.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from nbagent.kernel.pump import TICK_S, Job, Pump


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
        """Begin a run here, and let it go on when this cell is over.

        Raises:
            RuntimeError: the shell has no loop that runs between cells.
        """
        loop = asyncio.get_running_loop()
        self._pump.begin(job)
        job.display.refresh()
        job.run.drive_here = partial(self._finish, job)
        self._jobs.append(job)
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
        job.run.drive_here = None
        self._pump.wind_up(job)

    def _finish(self, job: Job) -> None:
        """Drive a run to its end in the cell that runs now.

        An interrupt that comes before the run is driven here ends the cell, not the run.
        """
        self._pump.carry_on([job])
        self._jobs.remove(job)
        job.run.drive_here = None
