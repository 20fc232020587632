"""The pump: drives runs on the kernel's main thread while their cell is busy.

A set of runs is driven (`%%kimi` is the set of one): their model calls stream in together from
the I/O thread, their tools run here, one at a time, where figures, signals and the user's
variables are at home. Between two looks at the queue the pump lets background tasks of earlier
tools go on and refreshes the displays.

Read next: `nbagent.kernel.shell`, which runs a tool's code.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from queue import Empty, Queue
from typing import Protocol

from nbagent.clock import Clock
from nbagent.events import Event, Output
from nbagent.ports import Arrival, Executor, Held, Piece
from nbagent.run import Run
from nbagent.run.work import AskModel, Decide, Decision, Elapsed, RunTool, Shown, WaitUntil, Work
from nbagent.tools import ToolContext, ToolResult

TICK_S = 0.02
"""How long the pump waits for an arrival before it looks at everything else."""
WATCH_S = 0.25
"""How often a display is offered a refresh while a tool runs."""


class Display(Protocol):
    """Shows one run; it keeps its own pace. While a tool runs, another thread calls `refresh`."""

    def apply(self, event: Event) -> None:
        """Take an event of the run."""
        ...

    def refresh(self, *, final: bool = False) -> None:
        """Show what has changed, if it is time to; the last call has `final`."""
        ...


class Unseen:
    """Shows nothing: a run that is looked at by other ways, as a fork is."""

    def apply(self, event: Event) -> None:
        """Nothing is shown."""

    def refresh(self, *, final: bool = False) -> None:
        """Nothing is shown."""


class Person(Protocol):
    """Whoever answers questions: someone at the keyboard, or a policy where nobody is."""

    def decide(self, question: Decide, is_answered: Callable[[], bool]) -> Decision | None:
        """Answer a question, or None for "not yet": then it is asked again on the next turn.

        Args:
            question: what is asked.
            is_answered: whether it was answered by another way meanwhile.
        """
        ...


class Guard(Protocol):
    """Interrupt handling for the time of the pump; see `nbagent.kernel.interrupts`."""

    def __call__(self, on_stop: Callable[[], None]) -> AbstractContextManager[object]:
        """A context in which an interrupt calls `on_stop`."""
        ...


@dataclass(slots=True, eq=False)
class Job:
    """A run being driven: its display, what is to be done at its end, the work under way."""

    run: Run
    display: Display
    on_end: Callable[[], None] = lambda: None
    executor: Executor | None = None
    """Runs this run's tools, if not the pump's."""
    person: Person | None = None
    """Answers this run's questions, if not the pump's."""
    work: Work | None = None
    cancel: Callable[[], None] | None = None
    over: bool = False

    def drop(self) -> None:
        """Cancel the model call under way, if there is one."""
        if self.cancel is not None:
            self.cancel()
        self.work = self.cancel = None


class Pump:
    """Drives runs until all have finished.

    Args:
        executor: runs tools.
        person: answers questions.
        clock: the one clock.
        guard: installs the interrupt handler; an interrupt stops every run driven here.
        tick: lets background tasks of tools go on for a moment.

    Attributes:
        moving: held by the thread that moves runs.
    """

    def __init__(
        self,
        *,
        executor: Executor,
        person: Person,
        clock: Clock,
        guard: Guard,
        tick: Callable[[], None],
    ) -> None:
        self._executor = executor
        self._person = person
        self._clock = clock
        self._guard = guard
        self._tick = tick
        self._ticked_at = clock.now()
        self._joining: deque[Job] = deque()
        self.moving = threading.RLock()
        # Not a SimpleQueue: a signal that outlasts its timeout makes `get` wait for ever (3.11).
        self._arrivals: Queue[tuple[Job, Work, Arrival]] = Queue()
        self._kept: list[tuple[Job, Work, Arrival]] = []

    def drive(self, jobs: Iterable[Job]) -> list[Job]:
        """Drive runs to their end; when this returns or raises, each has its RunFinished.

        Returns:
            Runs that have joined them and have not ended.
        """
        active, own = list(jobs), list(jobs)
        for job in active:
            self.begin(job)
        return self.carry_on(active, lambda: all(job.run.finished for job in own))

    def carry_on(self, active: list[Job], until: Callable[[], bool]) -> list[Job]:
        """Drive runs that have begun, and those that join them, in this cell.

        Args:
            active: the runs.
            until: leaves them as they are once it holds; otherwise they are driven to their end.

        Returns:
            Those that have not ended.
        """

        def stop_all() -> None:
            for job in active:
                job.run.stopping = True

        is_left = False
        try:
            with self.moving, self._guard(stop_all):
                try:
                    while not (is_left := until()) and self.turn(active):
                        self.receive(TICK_S)
                        self._look_round()
                        active += self._joined()
                finally:
                    self._wind_up_all(active, is_left=is_left)
        finally:
            self._wind_up_all(active, is_left=is_left)
        return [job for job in active if not job.run.finished]

    def join(self, job: Job) -> None:
        """Let a run be driven with those that are driven now; from any thread."""
        self._joining.append(job)

    def _joined(self) -> Iterator[Job]:
        while self._joining:
            job = self._joining.popleft()
            self.begin(job)
            yield job

    def begin(self, job: Job) -> None:
        """Show a run from now on."""
        job.run.subscribe(job.display.apply)

    def turn(self, active: Iterable[Job], *, tools: bool = True) -> list[Job]:
        """Move each run on as far as it goes without waiting; those that have not ended.

        Args:
            active: the runs.
            tools: whether a tool may take the main thread now.
        """
        unfinished = [job for job in active if self._advance(job, tools=tools)]
        for job in unfinished:
            job.display.refresh()
        return unfinished

    def _look_round(self) -> None:
        """Let everything else go on for a moment, however fast arrivals come."""
        now = self._clock.now()
        if now - self._ticked_at >= TICK_S:
            self._ticked_at = now
            self._tick()

    def _advance(self, job: Job, *, tools: bool) -> bool:
        """Start or continue a job's pending work; False once its run has finished."""
        work = job.run.pending()
        if job.work is not None and work is not job.work:
            job.drop()
        if work is None:
            return False
        if isinstance(work, WaitUntil):
            if self._clock.now() >= work.until:
                job.run.deliver(work, Elapsed())
        elif isinstance(work, Decide):
            self._decide(job, work)
        elif isinstance(work, RunTool):
            self._tool_turn(job, work, may_run=tools)
        elif work is not job.work:
            self._ask(job, work)
        return True

    def _tool_turn(self, job: Job, work: RunTool, *, may_run: bool) -> None:
        """Run a tool, or note once that it waits for the kernel."""
        waited = work is job.work
        if may_run:
            if waited:
                job.run.await_kernel(over=True)
            self._run_tool(job, work)
        elif not waited:
            job.work = work
            job.run.await_kernel()

    def _decide(self, job: Job, work: Decide) -> None:
        """Bring the answer to a question, if there is one by now."""
        run = job.run
        job.display.refresh(final=work is not job.work)
        job.work = work
        person = job.person or self._person
        decision = person.decide(work, lambda: run.decided is not None)
        if run.decided is not None:
            _, decision = run.decided
        if decision is not None:
            job.work = None
            run.deliver(work, decision)

    def _ask(self, job: Job, work: AskModel) -> None:
        def arrive(arrival: Arrival) -> None:
            self._arrivals.put((job, work, arrival))

        job.work = work
        job.cancel = job.run.recipe.model.start(work.request, arrive)

    def receive(self, wait_s: float) -> None:
        """Wait a moment for arrivals and deliver all that are there.

        Args:
            wait_s: the longest wait, in seconds; 0 for none.
        """
        kept, self._kept = self._kept, []
        for job, work, arrival in kept:
            job.run.await_kernel(over=True)
            job.run.deliver(work, arrival)
        try:
            job, work, arrival = self._arrivals.get(block=wait_s > 0, timeout=wait_s)
            while True:
                job.run.deliver(work, arrival)
                job, work, arrival = self._arrivals.get_nowait()
        except Empty:
            return

    def overhear(self, active: Iterable[Job]) -> None:
        """Show what streams in, on a thread beside the held one, unless that moves runs itself.

        Whatever moves a run on is kept for `receive`, since it may run the loop's or the user's
        own code; but a stop ends a call to the model at once.
        """
        if not self.moving.acquire(blocking=False):
            return
        try:
            self._overhear(active)
        finally:
            self.moving.release()

    def _overhear(self, active: Iterable[Job]) -> None:
        try:
            while True:
                job, work, arrival = self._arrivals.get_nowait()
                if isinstance(arrival, Piece | Held):
                    job.run.deliver(work, arrival)
                else:
                    self._kept.append((job, work, arrival))
                    job.run.await_kernel()
        except Empty:
            pass
        for job in active:
            if job.run.stopping and isinstance(job.work, AskModel):
                job.drop()
                job.run.pending()
            job.display.refresh()

    def _run_tool(self, job: Job, work: RunTool) -> None:
        run, display, executor = job.run, job.display, job.executor or self._executor

        def show(output: Output) -> None:
            run.deliver(work, Shown(output))
            display.refresh()

        display.refresh()
        run.interrupt_tool = executor.interrupt
        try:
            with self._watched(job, executor):
                context = ToolContext(executor, show, run_id=run.run_id, call_id=work.call["id"])
                result = run.recipe.tools.call(work.call, context)
        finally:
            run.interrupt_tool = None
        if result.interrupted:
            run.stopping = True
        run.deliver(work, result)

    @contextmanager
    def _watched(self, job: Job, executor: Executor) -> Iterator[None]:
        """While a tool has the main thread: keep the display fresh, tell of a stop unheeded."""
        over = threading.Event()

        def look() -> None:
            while not over.wait(WATCH_S):
                if job.run.stopping or executor.interrupted:
                    job.run.note_stop()
                job.display.refresh()

        thread = threading.Thread(target=look, name="nbagent-watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _wind_up_all(self, jobs: Iterable[Job], *, is_left: bool) -> None:
        for job in jobs:
            if not job.over and (job.run.finished or not is_left):
                self.wind_up(job)

    def wind_up(self, job: Job) -> None:
        """Leave a run finished and its display final, whatever happened."""
        job.over = True
        job.drop()
        if job.run.finished is None:
            job.run.stopping = True
        work = job.run.pending()
        if isinstance(work, RunTool):
            text = "Interrupted; nobody knows whether it finished. Do not assume that it did."
            result = ToolResult(
                content=text, is_error=True, outcome="interrupted", interrupted=True
            )
            job.run.deliver(work, result)
            job.run.pending()
        job.display.refresh(final=True)
        job.on_end()
