"""Kernels of the state machine: each drives one run, keeps it, and may die at any event."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbagent.clock import ManualClock
from nbagent.events import TRANSIENT, Event, to_dict
from nbagent.journal import Journal
from nbagent.messages import json_bytes
from nbagent.run import Run
from nbagent.run.work import AskModel, Decide, Decision, Elapsed, RunTool, WaitUntil, Work
from nbagent.tools import ToolContext, ToolResult
from tests.journal.harness import a_journal
from tests.journal.test_full_disk import connection
from tests.kills.story import Cast, Notes, Story
from tests.scripted import NoExecutor
from tests.strict import complaints
from tests.test_resume import Killed


class Clock(ManualClock):
    """A clock whose wall time can be set while its monotonic time goes on."""

    jumped_s = 0.0

    def wall(self) -> float:
        return super().wall() + self.jumped_s


class InMemory(Notes):
    """What took place, outside of every kernel."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, text: str) -> None:
        self.texts.append(text)


class World:
    """What is outside of every kernel: the disk, the clock, and what was said and done.

    Attributes:
        said: of each run, the events that were acknowledged, as JSON lines by number.
        unkept: calls that ran without a record, as the person had said.
    """

    directory: Path
    clock: Clock
    story: Story
    notes: InMemory
    said: dict[str, dict[int, bytes]]
    unkept: set[str]

    def change_leases(self, how: str) -> None:
        """Let the leases look as another process or machine has left them."""
        journal = a_journal(self.directory, clock=self.clock)
        with journal._database.writing() as db:
            db.execute(f"UPDATE lease SET {how} WHERE owner <> ''")
        journal.close()


class Kernel:
    """A kernel that drives one run and keeps it; dead once its fuse has gone off.

    Args:
        world: what is outside of it.
        run: begins or takes up the run, with what this kernel makes of the recipe.
    """

    def __init__(self, world: World, name: str, begin: Callable[[Cast, Journal], Run]) -> None:
        self.world = world
        self.name = name
        self.journal = a_journal(world.directory, clock=world.clock)
        self.cast = Cast(world.story, world.notes, clock=world.clock)
        self.dead = False
        self.fuse = ""
        self.run = begin(self.cast, self.journal)
        self.keeper = self.journal.keep(self.run, self.run.recipe.made_of, kernel=name)
        self.run.keeping.keeper = self.keeper
        self.since = self.run.events[-1].seq + 1
        self.unsaid: list[Event] = list(self.run.events)
        self.run.subscribe(self.consume)
        self.arrivals: list[Any] = []
        self.work: Work | None = None

    def consume(self, event: Event) -> None:
        if self.dead or event.seq < self.since:
            return  # of a life that is over, or before this one
        if isinstance(event, TRANSIENT):
            self.keeper.apply(event)
            return
        self.burn("before")
        self.keeper.apply(event)
        self.unsaid.append(event)
        self.acknowledge()
        self.burn("after")

    def acknowledge(self) -> None:
        if not self.keeper.problem:
            said = self.world.said.setdefault(self.run.run_id, {})
            said |= {event.seq: json_bytes(to_dict(event)) for event in self.unsaid}
            self.unsaid.clear()

    def burn(self, fuse: str) -> None:
        if self.fuse == fuse:
            self.dead = True
            raise Killed

    def look(self) -> None:
        """See what is to be done next."""
        work = self.run.pending()
        if isinstance(work, AskModel) and work is not self.work:
            self.cast.model.requests.append(work.request)
            self.arrivals = self.cast.model.arrivals(self.world.clock.now())
            assert complaints(work.request.json()["messages"]) == []
        self.work = work

    def use_tool(self, work: RunTool) -> ToolResult:
        """Run a tool, without a record if the person has said so."""
        assert not self.keeper.is_lost
        if self.keeper.problem:
            self.world.unkept.add(place_of(work))
        return self.run.recipe.tools.call(work.call, ToolContext(NoExecutor(), lambda _: None))

    def bury(self) -> None:
        """Leave file and lease as a process leaves them that was killed."""
        self.dead = True
        self.journal.close()
        self.world.change_leases("born = 'long ago'")


def place_of(work: RunTool | Decide) -> str:
    """Which call it is about: turn and index."""
    assert work.call is not None
    return str(work.call["id"])[1:].removesuffix(":0")


def make_room(kernel: Kernel) -> None:
    if kernel.journal._database._db is not None:
        connection(kernel.journal).execute("PRAGMA max_page_count = 1000000")
        connection(kernel.journal).execute("PRAGMA query_only = OFF")
    kernel.keeper.retry()
    kernel.acknowledge()


def well(kernel: Kernel) -> None:
    """Do what is to be done next, as it goes on good days."""
    work, run = kernel.work, kernel.run
    if isinstance(work, AskModel):
        for arrival in kernel.arrivals:
            run.deliver(work, arrival)
        kernel.arrivals = []
    elif isinstance(work, RunTool):
        run.deliver(work, kernel.use_tool(work))
    elif isinstance(work, Decide):
        run.deliver(work, Decision("deny" if work.kind == "outcome" else "run"))
    elif isinstance(work, WaitUntil):
        run.recipe.clock.sleep(work.until - run.recipe.clock.now())
        run.deliver(work, Elapsed())
