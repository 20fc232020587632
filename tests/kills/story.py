"""What the killed runs do: a model that goes by its history, tools that count, a person."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from nbagent.clock import ManualClock
from nbagent.events import RunStarted
from nbagent.loop import Act, Ask, Loop, LoopGenerator, agent_loop
from nbagent.messages import Message, Request
from nbagent.policy import asking
from nbagent.ports import Piece, Reply
from nbagent.redact import Redactor
from nbagent.run import Run
from nbagent.run.recipe import Recipe
from nbagent.run.work import Decide, Decision
from nbagent.settings import Settings
from nbagent.summary import is_ask
from nbagent.tools import Tool, ToolContext, ToolResult, Toolset
from tests.compacting import SUMMARY
from tests.scripted import USAGE, ScriptedModel, call, calls, says

EFFECTS: tuple[Any, ...] = ("pure", "kernel", "external")
ANSWER = "All of it is done."
SECRET = "sk-canary-0123456789abcdef"
ODD = 'caf\u00e9 \u2028 \u0085 \U0001f9ea \\ " \t'
"""Characters that a record may bend."""


def one_by_one(messages: list[Message], tools: Any) -> LoopGenerator:
    """A learner's loop, which runs each call of a reply by itself."""
    while True:
        reply = yield Ask(messages, tools)
        messages.append(reply)
        if not reply.get("tool_calls"):
            return reply
        for each in reply["tool_calls"]:
            messages.extend((yield Act([each])))


@dataclass(frozen=True)
class Story:
    """What a run is to do, how it is set, and what the person says of a call nobody saw end.

    Attributes:
        effect: what the tool is declared to do.
        n_turns: turns with calls; the one after them is the answer.
        n_calls: calls a turn.
        n_chars: how long results are, for a window that is to overflow.
        leaks: whether the model says a secret, which is masked on disk.
    """

    name: str = "one call"
    effect: Any = "external"
    n_turns: int = 3
    n_calls: int = 1
    n_chars: int = 0
    loop: Loop = agent_loop
    ask: Literal["always", "never"] = "never"
    window_tokens: int = 262_144
    outcome: Literal["run", "done", "deny"] = "deny"
    is_fresh: bool = True
    leaks: bool = False
    n_lives: int = 1
    """How many lives are killed before the last one."""

    @property
    def places(self) -> tuple[int, int, int]:
        """The first, a middle and the last turn at which a run is killed."""
        n = self.n_turns
        return (n - 2, n - 1, n) if self.n_chars else (1, (n + 1) // 2, n)


STORIES = (
    Story(),
    Story("the same kernel", is_fresh=False, outcome="done"),
    Story("calls in parallel", n_calls=3, outcome="done"),
    Story("a learner's loop", n_calls=3, loop=one_by_one, outcome="run"),
    Story("every result asked", ask="always", n_calls=2),
    Story("compacted", n_turns=7, n_chars=3_000, window_tokens=4_000, outcome="run"),
    Story("killed twice", n_calls=2, n_lives=2),
    Story("a secret masked", leaks=True, n_calls=2, n_lives=2, outcome="done"),
)


class GoesByHistory(ScriptedModel):
    """Says what comes after the last result that it sees; no two of its replies are the same."""

    def __init__(self, story: Story) -> None:
        super().__init__([], window_tokens=story.window_tokens)
        self.story = story
        self.n_said = 0

    def arrivals(self, t: float) -> list[Any]:
        request = self.requests[-1]
        usage = dict(USAGE) | {"prompt_tokens": request.n_bytes // 4, "cached_tokens": 0}
        if is_ask(request.records[-1].message):
            return [Reply(t, says(SUMMARY), "stop", usage)]
        self.n_said += 1
        turn = turn_after(request)
        secret = SECRET if self.story.leaks else ""
        message = self.turn(turn, f"Turn {turn}, {ODD}{secret}, {os.getpid()}.{self.n_said}.")
        pieces = [Piece(t, "reasoning", message["reasoning_content"])]
        if message.get("content"):
            pieces.append(Piece(t, "answer", str(message["content"])))
        for i, each in enumerate(message.get("tool_calls") or []):
            function = each["function"]
            pieces.append(Piece(t, "arguments", function["arguments"], i, function["name"]))
        finish = "tool_calls" if message.get("tool_calls") else "stop"
        return [*pieces, Reply(t, message, finish, usage)]

    def turn(self, turn: int, reasoning: str) -> Message:
        if turn > self.story.n_turns:
            return says(ANSWER, reasoning)
        made = [
            call(f"c{turn}.{i}:0", "note", f'{{"text": "{turn}.{i}"}}')
            for i in range(self.story.n_calls)
        ]
        return {**calls(*made, reasoning=reasoning), "content": f"Now {turn}."}


def turn_after(request: Request) -> int:
    """The turn after that of the last result which a request carries."""
    ids = [record.message.get("tool_call_id") for record in request.records]
    last = next((name for name in reversed(ids) if name), "c0.0:0")
    return int(last[1:].partition(".")[0]) + 1


@dataclass
class Notes:
    """The world outside: what took place, one line each, in a file that outlives the process."""

    path: Path

    def add(self, text: str) -> None:
        descriptor = os.open(self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        os.write(descriptor, f"{text}\n".encode())
        os.close(descriptor)

    def lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []


@dataclass
class Cast:
    """Model, tool and person of one life; `here` is told of each state that the tool passes."""

    story: Story
    notes: Notes
    here: Any = lambda *_: None
    clock: ManualClock = field(default_factory=ManualClock)
    asked: list[Decide] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.model = GoesByHistory(self.story)
        redact = Redactor()
        redact.add(SECRET)
        self.recipe = Recipe(
            redact=redact,
            model=self.model,
            tools=Toolset([self._tool()]),
            settings=Settings(ask=self.story.ask, compact_share=0.8),
            clock=self.clock,
            loop=self.story.loop,
            gate=asking("always"),
            made_of={"loop": self.story.name},
        )

    def _tool(self) -> Tool:
        schema = {"type": "object", "properties": {"text": {"type": "string"}}}
        return Tool("note", "Note a thing.", schema, self._note, self.story.effect)

    def _note(self, arguments: dict[str, Any], _: ToolContext) -> ToolResult:
        turn, index = map(int, arguments["text"].rstrip("e").split("."))
        self.here("S9 tool running", turn, index, "before")
        self.notes.add(arguments["text"])
        self.here("S9 tool running", turn, index, "after")
        return ToolResult(content=f"Noted {arguments['text']}." + " x" * (self.story.n_chars // 2))

    def new_run(self, run_id: str = "run-1") -> Run:
        started = RunStarted(run_id=run_id, prompt="Note all.", model="test", wall=1.0)
        return Run(self.recipe, prompt="Note all.", started=started)

    def decide(self, question: Decide) -> Decision:
        self.asked.append(question)
        return Decision(self.story.outcome if question.kind == "outcome" else "run")
