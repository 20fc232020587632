"""A life of a run: from its beginning or its record to its end, or to where it is killed.

A killed life is a process of its own, which kills itself at a state; nothing in the product knows
of that. What it says on its pipe was acknowledged: the event's consumer before it was the journal.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from nbagent.errors import UsageError
from nbagent.events import TRANSIENT, ApprovalAsked, Event, to_dict
from nbagent.journal import Journal, Keeper
from nbagent.messages import json_bytes
from nbagent.ports import Piece
from nbagent.run import Run
from nbagent.run.work import AskModel, Decide, Elapsed, RunTool, WaitUntil
from nbagent.tools import ToolContext
from tests.journal.harness import a_journal
from tests.kills.story import Cast, Notes, Story
from tests.scripted import NoExecutor

STATES = (
    "S0 idle",
    "S1 request built",
    "S2 sent",
    "S3 reasoning",
    "S4 content",
    "S5 tool args",
    "S6 turn committed",
    "S7 awaiting approval",
    "S8 intent committed",
    "S9 tool running",
    "S10 result in memory",
    "S11 result committed",
    "S12 run end",
)
PIECES = {"reasoning": "S3 reasoning", "answer": "S4 content", "arguments": "S5 tool args"}
BEFORE = {"step_started": "S1 request built", "tool_finished": "S10 result in memory"}
AFTER = {
    "reply_received": "S6 turn committed",
    "tool_started": "S8 intent committed",
    "tool_finished": "S11 result committed",
}
OF_NO_CALL = {*STATES[:7]} - {"S5 tool args"}


@dataclass(frozen=True)
class Kill:
    """Where a life ends.

    Attributes:
        state: which state.
        place: 0, 1, 2: the first turn, a middle one, the last.
        turn: which turn that is; of the run's end 1 is before it is recorded, 2 after it.
        index: the call within the turn, where the state is about one.
        moment: of a tool that runs: before or after its effect.
    """

    state: str
    place: int
    turn: int
    index: int = -1
    moment: str = ""

    def is_at(self, state: str, turn: int, index: int, moment: str) -> bool:
        """Whether a life that has come to this state ends here."""
        is_here = (self.state, self.turn) == (state, turn)
        return is_here and self.index in {-1, index} and self.moment in {"", moment}


def kill_at(story: Story, state: str, place: int) -> Kill:
    turn = story.places[place]
    if state == "S12 run end":
        return Kill(state, place, place + 1)
    if place == 2 and state in OF_NO_CALL:
        return Kill(state, place, story.n_turns + 1)
    if STATES.index(state) < STATES.index("S7 awaiting approval"):
        return Kill(state, place, turn)
    moment = ("after", "before", "after")[place] if state == "S9 tool running" else ""
    return Kill(state, place, turn, min(1, story.n_calls - 1), moment)


def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Life:
    """One life of the run `run-1` of a journal.

    Args:
        directory: where journal and notes are.
        story: what the run does.
        kill: where it ends; None for the run's own end.
        acknowledge: a pipe that is told of each event which is on disk.
    """

    def __init__(
        self,
        directory: Path,
        story: Story,
        *,
        kernel: str,
        kill: Kill | None = None,
        acknowledge: int | None = None,
    ) -> None:
        self.story = story
        self.kill = kill
        self.journal: Journal = a_journal(directory)
        self.cast = Cast(story, Notes(directory / "notes.txt"), self.here)
        self._pipe = acknowledge
        self.run = self._taken_up(kernel) or self.cast.new_run()
        self.keeper: Keeper | None = None
        if self.run.finished is None:
            self._keep(kernel)

    def _keep(self, kernel: str) -> None:
        """Keep the run as a kernel does, and look at its events from both sides of that."""
        run = self.run
        if self.kill is not None and self.kill.state == "S0 idle":
            run.moves.until = "move"
        self.keeper = keeper = self.journal.keep(run, run.recipe.made_of, kernel=kernel)
        run.keeping.keeper = keeper
        n_old = len(run.events)
        for event in run.events:
            self._acknowledge(event)
        run.subscribe(lambda event: self._look(event, BEFORE) if event.seq >= n_old else None)
        run.subscribe(keeper.apply)
        run.subscribe(lambda event: self._after(event) if event.seq >= n_old else None)

    def _taken_up(self, kernel: str) -> Run | None:
        try:
            record = self.journal.load("run-1")
        except UsageError:
            return None
        recipe = self.cast.recipe
        return Run.taken_up(record, recipe, kernel=kernel, is_fresh=record.line.kernel != kernel)

    def here(self, state: str, turn: int, index: int = -1, moment: str = "") -> None:
        """The life has come to a state: die, if it is the one."""
        if self.kill is not None and self.kill.is_at(state, turn, index, moment):
            dies()

    def _look(self, event: Event, states: dict[str, str]) -> None:
        if event.kind == "run_finished" and states is BEFORE:
            self.here("S12 run end", 1)
        elif event.kind in states:
            self.here(states[event.kind], event.step, getattr(event, "index", -1))  # type: ignore[attr-defined] # all of them have one

    def _after(self, event: Event) -> None:
        if isinstance(event, TRANSIENT):
            return
        self._acknowledge(event)
        self._look(event, AFTER)
        if isinstance(event, ApprovalAsked):
            wanted = "result" if self.story.ask == "always" else "call"
            if event.about == wanted:
                self.here("S7 awaiting approval", event.step, event.index)
        elif event.kind == "run_finished":
            self.here("S12 run end", 2)

    def _acknowledge(self, event: Event) -> None:
        if self._pipe is not None and not self.problem:
            line = json_bytes(to_dict(event))
            os.write(self._pipe, len(line).to_bytes(4) + line)

    @property
    def problem(self) -> str:
        return self.keeper.problem if self.keeper is not None else ""

    def go(self) -> Run:
        """Drive the run to its end."""
        run, model = self.run, self.cast.model
        self.here("S0 idle", 1)
        while (work := run.pending()) is not None:
            if isinstance(work, AskModel):
                model.requests.append(work.request)
                self.here("S2 sent", work.step)
                for arrival in model.arrivals(run.recipe.clock.now()):
                    run.deliver(work, arrival)
                    if isinstance(arrival, Piece):
                        self.here(PIECES[arrival.phase], work.step)
            elif isinstance(work, RunTool):
                context = ToolContext(NoExecutor(), lambda _output: None)
                run.deliver(work, run.recipe.tools.call(work.call, context))
            elif isinstance(work, Decide):
                if work.kind == "move" and run.moves[-1].place == "request":
                    self.here("S0 idle", run.moves[-1].step)
                run.deliver(work, self.cast.decide(work))
            elif isinstance(work, WaitUntil):
                run.recipe.clock.sleep(work.until - run.recipe.clock.now())
                run.deliver(work, Elapsed())
        self.here("S12 run end", 3)
        return run

    def close(self) -> None:
        if self.keeper is not None:
            self.keeper.close()
        self.journal.close()


def killed(directory: Path, story: Story, kill: Kill, *, kernel: str) -> list[bytes]:
    """Live in a process of its own up to the kill; what was acknowledged, as JSON lines."""

    def live(pipe: int) -> None:
        Life(directory, story, kernel=kernel, kill=kill, acknowledge=pipe).go()

    return in_a_process(live)


def in_a_process(live: Callable[[int], None]) -> list[bytes]:
    """Live in a process that kills itself; what it has said on the pipe that it is given."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            live(writing)
        finally:
            os._exit(1)  # it came to its end alive
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = list(_lines(pipe))
    _, how = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(how) == -signal.SIGKILL, "it was not killed"
    return said


def _lines(pipe: BinaryIO) -> Iterator[bytes]:
    while size := pipe.read(4):
        yield pipe.read(int.from_bytes(size))
