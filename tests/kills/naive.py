"""The control: a loop that saves its messages as JSON, each once it is whole, and no more.

On restart it calls again whatever has no result and asks again otherwise, as such programs do.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbagent.messages import Record, Request, Revision
from nbagent.ports import Piece, Reply
from nbagent.tools import ToolContext
from tests.kills.life import PIECES, Kill, dies, in_a_process
from tests.kills.story import Cast, Notes, Story
from tests.scripted import NoExecutor

Here = Callable[..., None]
Acknowledge = Callable[[str], None]


class Naive:
    """One life of the naive loop."""

    def __init__(self, directory: Path, story: Story, here: Here, acknowledge: Acknowledge) -> None:
        self.cast = Cast(story, Notes(directory / "notes.txt"), here)
        self.here, self.acknowledge = here, acknowledge
        self.path = directory / "messages.json"
        self.messages: list[Any] = [{"role": "user", "content": "Note all."}]
        if self.path.exists():
            self.messages = json.loads(self.path.read_text())

    def go(self) -> None:
        while True:
            calls = open_calls(self.messages)
            for call in calls:
                self.call(call)
            if not calls and self.ask():
                return

    def ask(self) -> bool:
        """Ask for a reply; whether it is the answer."""
        turn = sum(m["role"] == "assistant" for m in self.messages) + 1
        self.here("S0 idle", turn)
        records = [Record.of(message) for message in self.messages]
        self.cast.model.requests.append(Request(b"", Revision(0, records), len(records), b""))
        self.here("S1 request built", turn)
        self.acknowledge(f"step_started {turn}")
        self.here("S2 sent", turn)
        for arrival in self.cast.model.arrivals(0.0):
            if isinstance(arrival, Piece):
                self.here(PIECES[arrival.phase], turn)
            elif isinstance(arrival, Reply):
                reply = arrival.message
        self.append(reply)
        self.acknowledge(f"reply_received {turn}")
        self.here("S6 turn committed", turn)
        return not reply.get("tool_calls")

    def call(self, call: Any) -> None:
        text = json.loads(call["function"]["arguments"])["text"]
        turn, index = map(int, text.split("."))
        self.acknowledge(f"approval_asked {text}")
        self.here("S7 awaiting approval", turn, index)
        self.acknowledge(f"tool_started {text}")
        self.here("S8 intent committed", turn, index)
        context = ToolContext(NoExecutor(), lambda _output: None)
        result = self.cast.recipe.tools.call(call, context)
        self.here("S10 result in memory", turn, index)
        self.append({"role": "tool", "tool_call_id": call["id"], "content": result.content})
        self.acknowledge(f"tool_finished {text}")
        self.here("S11 result committed", turn, index)

    def append(self, message: Any) -> None:
        self.messages.append(message)
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(self.messages))
        new.replace(self.path)

    def remembers(self, fact: str) -> bool:
        """Whether what is saved tells of something that was acknowledged."""
        kind, _, what = fact.partition(" ")
        if kind == "reply_received":
            return sum(m["role"] == "assistant" for m in self.messages) >= int(what)
        called = f"c{what}:0" in {m.get("tool_call_id") for m in self.messages}
        return called if kind != "step_started" else self.remembers(f"reply_received {what}")


def open_calls(messages: list[Any]) -> list[Any]:
    """The calls of the last reply that have no result."""
    for i in reversed(range(len(messages))):
        if messages[i]["role"] == "assistant":
            done = {message.get("tool_call_id") for message in messages[i:]}
            return [call for call in messages[i].get("tool_calls") or [] if call["id"] not in done]
    return []


def played_naively(story: Story, kill: Kill, directory: Path) -> tuple[list[str], list[str]]:
    """Kill a naive loop and start it again: what was lost, and what silently took place twice."""

    def here(state: str, turn: int, index: int = -1, moment: str = "") -> None:
        if kill.is_at(state, turn, index, moment):
            dies()

    def live(pipe: int) -> None:
        def acknowledge(fact: str) -> None:
            os.write(pipe, len(fact).to_bytes(4) + fact.encode())

        Naive(directory, story, here, acknowledge).go()

    said = [line.decode() for line in in_a_process(live)]
    again = Naive(directory, story, lambda *_: None, lambda _: None)
    lost = [fact for fact in said if not again.remembers(fact)]
    again.go()
    lines = again.cast.notes.lines()
    return lost, sorted({text for text in lines if lines.count(text) > 1})
