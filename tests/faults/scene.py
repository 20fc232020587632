"""One run of the real client against one broken server, with all that was seen of it."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbagent.assembly import new_run
from nbagent.clock import ManualClock
from nbagent.conversation import Turn as ConversationTurn
from nbagent.conversation import history_after
from nbagent.events import Event, RetryScheduled, StepStarted
from nbagent.journal import Journal, StoredRun
from nbagent.kimi.client import KimiModel, connect
from nbagent.kimi.endpoints import PRESETS
from nbagent.messages import Record
from nbagent.ports import Arrival, Failure, Held, Piece, Reply
from nbagent.run import Run
from nbagent.run.recipe import Recipe
from nbagent.run.work import AskModel, Decide, Decision, Elapsed, RunTool, WaitUntil
from nbagent.settings import Secret, Settings
from nbagent.tools import Tool, ToolContext, ToolResult, Toolset
from tests.faults.fault import Fault
from tests.faults.server import FaultServer
from tests.faults.turns import PROMPT
from tests.scripted import NoExecutor

KEY = "sk-canary-0123456789abcdef"
PRICE = (1.0, 0.5, 4.0)
SYSTEM = "Be brief."
WAIT_S = 30.0
"""How long a test waits for something that must come."""


@dataclass
class Seen:
    """A run that is over, and what server and tools saw of it."""

    run: Run
    server: FaultServer
    noted: list[str] = field(default_factory=list)
    """What the tool was called with, each time that it ran."""
    folded: list[Event] = field(default_factory=list)
    """Every event, the transient ones among them."""
    stored: StoredRun | None = None
    """What the journal holds of it."""


class Scene:
    """A client at a broken server.

    Args:
        plan: which faults strike at which turns.
        directory: where the account's pace and the journal are kept.
        settings: what the run is set to besides what the faults need.
    """

    def __init__(self, plan: Sequence[tuple[int, Fault]], directory: Path, **settings: Any) -> None:
        self.clock = ManualClock()
        self.server = FaultServer(plan)
        self.server.pass_time = self.clock.sleep  # type: ignore[method-assign] # made for it
        self.server.wall = self.clock.wall  # type: ignore[method-assign] # made for it
        self.stop = next((fault.stop for _, fault in plan if fault.stop), "")
        for _, fault in plan:
            settings |= fault.settings
        self.settings = Settings(system=SYSTEM, price=PRICE, **settings)
        self.model: KimiModel = connect(
            self.settings,
            PRESETS["moonshot"].at(self.server.url),
            Secret(KEY),
            self.clock,
            cache_key="conversation-7",
            model_given=True,
            directory=lambda: directory,
        )
        self.journal = Journal(lambda: directory, clock=self.clock)
        self.seen: Seen

    def play(self) -> Seen:
        """Run the conversation's prompt to its end."""
        noted: list[str] = []
        recipe = Recipe(
            model=self.model,
            tools=Toolset([note_tool(noted)]),
            settings=self.settings,
            clock=self.clock,
        )
        run = new_run(recipe, PROMPT)
        self.seen = Seen(run, self.server, noted)
        run.subscribe(self.seen.folded.append)
        run.subscribe(self._come_and_go)
        keeper = self.journal.keep(run, {})
        run.subscribe(keeper.apply)
        drive(run, self)
        keeper.close()
        self.seen.stored = self.journal.load(run.run_id)
        return self.seen

    def go_on(self) -> Run:
        """Ask something else in the same conversation, with a server that is whole again."""
        self.server.plan.clear()
        self.server.at = len(self.server.turns)
        self.stop = ""
        history: Sequence[Record] = history_after(ConversationTurn(self.seen.run), SYSTEM)
        run = new_run(self.seen.run.recipe, "And now?")
        run = Run(run.recipe, prompt="And now?", started=run.started, history=history)
        drive(run, self)
        return run

    def close(self) -> None:
        self.journal.close()
        self.model.close()
        self.server.close()

    def _come_and_go(self, event: Event) -> None:
        """Close the server's port before a request that is to find nobody, and open it after."""
        fault = self.server.next_fault
        if isinstance(event, StepStarted) and fault is not None and fault.away:
            self.server.strike()
            self.server.go_away()
        elif isinstance(event, RetryScheduled) and self.server.listener.fileno() < 0:
            self.server.come_back()


def drive(run: Run, scene: Scene) -> None:
    """Drive a run to its end, as the pump does, with time that passes only where it must."""
    while (work := run.pending()) is not None:
        if isinstance(work, AskModel):
            _ask(run, work, scene)
        elif isinstance(work, RunTool):
            context = ToolContext(NoExecutor(), lambda _output: None)
            run.deliver(work, run.recipe.tools.call(work.call, context))
        elif isinstance(work, Decide):
            run.deliver(work, Decision("deny", by="policy"))
        elif isinstance(work, WaitUntil):
            if scene.stop == "wait":
                run.stop()
                continue
            scene.clock.sleep(work.until - scene.clock.now())
            run.deliver(work, Elapsed())


def _ask(run: Run, work: AskModel, scene: Scene) -> None:
    arrivals: queue.SimpleQueue[Arrival] = queue.SimpleQueue()
    cancel = run.recipe.model.start(work.request, arrivals.put)
    if scene.stop == "sent" and scene.server.next_fault is not None:
        scene.server.arrived.clear()
        assert scene.server.arrived.wait(WAIT_S)
        run.stop()
    while run.pending() is work:
        arrival = arrivals.get(timeout=WAIT_S)
        run.deliver(work, arrival)
        if isinstance(arrival, Held):
            if scene.stop == "held":
                run.stop()
            scene.clock.sleep(arrival.until - scene.clock.now())
        elif isinstance(arrival, Piece) and scene.stop == "piece" and scene.server.struck:
            run.stop()
        elif isinstance(arrival, Reply | Failure):
            break
    cancel()


def note_tool(noted: list[str]) -> Tool:
    """A tool that can be called once too often."""

    def call(arguments: dict[str, Any], _: ToolContext) -> ToolResult:
        noted.append(arguments["text"])
        return ToolResult(content=f"Note {len(noted)}: {arguments['text']}")

    schema = {
        "type": "object",
        "properties": {"text": {"type": "string"}},
        "required": ["text"],
        "additionalProperties": False,
    }
    return Tool("note", "Note a thing.", schema, call, "external")
