"""How this kernel's runs are driven: in their cell, behind it, move by move, and forked.

Read next: `nbagent.kernel.pump`, which moves them; `nbagent.magics.live`, which shows them.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

from nbagent.clock import Clock
from nbagent.errors import UsageError
from nbagent.events import Event
from nbagent.journal import Journal, Keeper
from nbagent.kernel.background import Background
from nbagent.kernel.drain import ShellDrain
from nbagent.kernel.frontend import cell_id, has_kernel, is_headless, publish_status
from nbagent.kernel.identity import kernel_id
from nbagent.kernel.interrupts import Interrupts
from nbagent.kernel.mailbox import Mailbox
from nbagent.kernel.person import Keyboard, Nobody, Views
from nbagent.kernel.pump import Display, Job, Person, Pump, Unseen
from nbagent.kernel.read_output import read_output_tool
from nbagent.kernel.replayed import ReplayedKernel
from nbagent.kernel.run_python import run_python_tool
from nbagent.kernel.shell import LiveShell
from nbagent.kernel.undo import Snapshot
from nbagent.magics.desk import Desk
from nbagent.magics.display import TextDisplay, TraceDisplay
from nbagent.magics.live import LiveDisplay
from nbagent.magics.stepping import StepPrompt
from nbagent.meter import Meter
from nbagent.notebook import notebook_path
from nbagent.redact import Redactor
from nbagent.run import Run
from nbagent.run.fork import worked
from nbagent.run.recipe import unseen
from nbagent.settings import Settings
from nbagent.tools import Toolset
from nbagent.trace.feed import steps_told
from nbagent.trace.widget import is_built
from nbagent.words import told

LOST_S = 5.0
"""How long after a run's end a page may still draw it before it counts as lost."""


class Driving:
    """Drives the runs of one kernel.

    Args:
        shell: the IPython shell.
        clock: the one clock.
        redact: what tools show passes it.

    Attributes:
        runs: every run of this kernel, by name, oldest first.
        mailbox: brings what views ask.
        background: drives runs whose cells are over.
        journal: keeps the runs of this and earlier kernels.
        kernel: this kernel's name.
        on_successor: is told of a run and the one that goes on from its end.
        on_driven: is told of a run that has ended in its cell.
    """

    def __init__(self, shell: Any, clock: Clock, redact: Redactor) -> None:
        self.shell = shell
        self.runs: dict[str, Run] = {}
        self.journal = Journal(clock=clock)
        self.kernel = kernel_id(shell)
        self.on_successor: Callable[[Run, Run], None] = lambda _run, _successor: None
        self.on_driven: Callable[[Run], None] = lambda _run: None
        self._keepers: dict[str, Keeper] = {}
        self._told = ""
        self.mailbox = Mailbox()
        self.mailbox.listen(shell, lambda: self._pumping or self.background.is_held)
        self._clock = clock
        self._redact = redact
        self._interrupts = Interrupts()
        self._executor = LiveShell(shell, clock, self._interrupts, redact)
        self._drain = ShellDrain(shell, self._interrupts)
        self._behind = Views(clock, lambda: True, Nobody())
        self._pump = Pump(
            executor=self._executor,
            person=self._behind,
            clock=clock,
            guard=self._interrupts.guard,
            tick=self.tick,
        )
        self._pumping = False
        self.background = Background(self._pump, partial(publish_status, shell))
        self._loop: asyncio.AbstractEventLoop | None = None
        """The loop that runs between cells, once a run was begun."""
        self._last_live: LiveDisplay | None = None
        self._undo: Snapshot | None = None

    @property
    def notebook(self) -> str:
        """The path of this kernel's notebook, '' if it is not known."""
        return str(notebook_path(os.environ, self.shell.user_ns) or "")

    @property
    def interactive(self) -> bool:
        """Whether somebody can answer a question now."""
        return not is_headless(self.shell)

    def drive(self, run: Run) -> None:
        """Drive a run to its end in this cell, showing its trace."""
        self._note_before()
        keeper = self._keep(run)
        job = Job(run, self.display(run), run.recipe.model.close, person=self._person(run))
        self._pumping = True
        try:
            left = self._pump.drive([job])
        finally:
            self._pumping = False
        for other in left:
            self.background.take(other)
        self.on_driven(run)
        self._tell(keeper.problem or self._journal_note())

    def _tell(self, text: str) -> None:
        if text:
            print(told(text), file=sys.stderr)  # noqa: T201 -- the cell's output

    def _journal_note(self) -> str:
        """What is to be said of the journal, once."""
        note = self.journal.note
        told, self._told = self._told, note
        return "" if note == told else note

    def _person(self, run: Run) -> Person:
        if not self.interactive:
            return Nobody()
        keyboard = Keyboard(self._interrupts, input)
        return Views(self._clock, self._is_seen, StepPrompt(run, self._interrupts, input, keyboard))

    def drive_in_background(self, run: Run) -> None:
        """Let a run go on when this cell is over."""
        self._note_before()
        self._keep(run)
        self.background.start(Job(run, self.display(run), run.recipe.model.close))

    def carry_on(self, run: Run, until: Callable[[], bool]) -> None:
        """Drive a run of the background on in this cell; see `Driver`.

        Raises:
            UsageError: a run is driven in this cell already.
        """
        if self._pumping:
            raise UsageError("A run is driven in this cell already.", "Nothing was changed.")
        self.background.carry_on(run, until)

    def fork(self, run: Run, n: int, edit: object, *, fresh: bool) -> Run:
        """Fork a run at a move and let the fork be driven; from any thread. See `Run.fork`."""
        recipe = replace(run.recipe, model=run.recipe.model.again())
        job_executor = None
        if fresh:
            codes = worked(run.moves[:n])
            job_executor = ReplayedKernel(self._clock, self._interrupts, self._redact, codes)
            tool = run_python_tool(recipe.settings.tool_seconds, self._redact)
            recipe = replace(recipe, tools=Toolset([tool, read_output_tool()]), alive=unseen)
        fork = run.forked(n, edit, recipe)
        self._keep(fork)

        def end() -> None:
            recipe.model.close()
            if job_executor is not None:
                job_executor.close()

        job = Job(fork, Unseen(), end, job_executor, self._behind)
        if self._pumping:
            self._pump.join(job)
        elif threading.current_thread() is threading.main_thread():
            self.background.start(job)
        elif self._loop is not None:
            self._loop.call_soon_threadsafe(self.background.start, job)
        return fork

    def resume(self, run: Run) -> Run:
        """Go on where a run of this kernel has ended; see `Driver`.

        Raises:
            UsageError: a run is driven in this cell already.
        """
        if self._pumping:
            raise UsageError("A run is driven in this cell already.", "Nothing was changed.")
        recipe = replace(run.recipe, model=run.recipe.model.again())
        successor = Run.going_on(run.record, recipe, cell_id=cell_id(self.shell))
        self.on_successor(run, successor)
        self.drive(successor)
        return successor

    def _note_before(self) -> None:
        """Note what there is before a cell's run: the user's names, the loop between cells.

        Not for a fork: that may come on a thread which has a loop of its own, and an undo is to
        take back what it did together with the run that it was made from.
        """
        self._undo = Snapshot(self.shell)
        with suppress(RuntimeError):  # plain IPython has no loop
            self._loop = asyncio.get_running_loop()

    def _keep(self, run: Run) -> Keeper:
        """Keep a run that begins or goes on, by name and on disk.

        Raises:
            LeaseHeld: another kernel goes on with it.
        """
        keeper = self.journal.keep(
            run,
            run.recipe.made_of,
            kernel=self.kernel,
            notebook=self.notebook,
        )
        run.driver = self
        self.runs[run.run_id] = run
        self.mailbox.put_up(run.run_id, Desk(run).answer)  # a live display takes its place
        for run_id, other in list(self._keepers.items()):
            if self.runs[run_id].finished is not None and other.retry():
                del self._keepers[run_id]
        self._keepers[run.run_id] = keeper
        run.subscribe(keeper.apply)
        if not run.started.scripted and not run.started.replays:
            run.keeping.keeper = keeper  # a lesson or a replay goes on without a record
        return keeper

    def undo(self) -> tuple[list[str], list[str]]:
        """Put back the names that the last run rebound; see `Snapshot.restore`.

        Raises:
            UsageError: there was no run, or it was undone already.
        """
        snapshot, self._undo = self._undo, None
        if snapshot is None:
            raise UsageError("There is no run to undo.", "Only the last run can be, and once.")
        return snapshot.restore()

    def tick(self) -> None:
        """Let everything but the runs' own work go on for a moment."""
        self._executor.step()
        self._drain.drain()
        for keeper in self._keepers.values():
            keeper.beat()
        if self._pumping:
            self.background.beside()

    @contextmanager
    def stops(self) -> Iterator[Callable[[], bool]]:
        """Meanwhile the function that is given says whether a stop has come."""
        with self._interrupts:
            yield lambda: self._interrupts.pending

    def _is_seen(self) -> bool:
        """Whether a live view follows the run of this cell."""
        return self._last_live is not None and self._last_live.seen

    def display(self, run: Run) -> Display:
        """The display for a run in this cell: live where a person looks on and a view is built."""
        settings = run.recipe.settings
        if has_kernel(self.shell) and self.interactive and settings.view == "live" and is_built():
            self._last_live = LiveDisplay(self.shell, run, settings, self._clock, self.mailbox)
            return self._last_live
        return self._still(run.run_id, settings, run.meter)

    def _still(self, run_id: str, settings: Settings, meter: Meter | None = None) -> Display:
        if has_kernel(self.shell):
            return TraceDisplay(self.shell, run_id, settings, self._clock, meter)
        return TextDisplay(run_id, settings)

    def show(self, run_id: str, events: Sequence[Event], settings: Settings) -> None:
        """Show a finished run's trace in the present cell; its old steps can be asked for."""
        if run_id not in self.runs:
            self.mailbox.put_up(run_id, partial(_from_disk, events))
        display = self._still(f"{run_id}-{secrets.token_hex(2)}", settings)
        for event in events:
            display.apply(event)
        display.refresh(final=True)

    def find(self, run_id: str | None) -> Run | None:
        """A run by name (or its beginning), the last one if no name is given."""
        if run_id is None:
            return next(reversed(self.runs.values()), None)
        return next((run for name, run in self.runs.items() if name.startswith(run_id)), None)

    def lost_note(self) -> str:
        """Where the last run is to be found, if the page that followed it went away too early."""
        last, self._last_live = self._last_live, None
        if last is None or last.lost_s < LOST_S:
            return ""
        return (
            "No page has shown the end of the run before this one: "
            f"`%kimi show {last.run_id}` draws it."
        )


def _from_disk(events: Sequence[Event], action: str, command: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a view of a run that an earlier kernel made."""
    if action != "steps":
        raise LookupError("this kernel has the run's record alone")
    return steps_told(events, command)
