"""The conversation that the fault server plays: four turns, with tool calls in three of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.kimi.wire_server import DONE, delta, event

PROMPT = "Note what you see, then say how many notes there are."
LOST = "LOST"
"""Stands in everything that a failed attempt says; none of it may be seen again."""
PHASES = ("head", "reasoning", "answer", "name", "arguments")
"""Where a stream can break, in the order of the wire; `head` is before the first event."""


@dataclass(frozen=True)
class Call:
    id: str
    name: str
    arguments: str

    def whole(self) -> dict[str, Any]:
        function = {"name": self.name, "arguments": self.arguments}
        return {"id": self.id, "type": "function", "function": function}


def note(number: int, text: str) -> Call:
    return Call(f"note:{number}", "note", json.dumps({"text": text}))


@dataclass(frozen=True)
class Turn:
    """One reply of the model, as it is meant."""

    reasoning: str = ""
    content: str = ""
    calls: tuple[Call, ...] = ()
    usage: tuple[int, int] | None = (100, 20)

    @property
    def message(self) -> dict[str, Any]:
        """What a careful client stores of it."""
        message: dict[str, Any] = {"role": "assistant"}
        if self.content or not self.calls:
            message["content"] = self.content
        if self.reasoning:
            message["reasoning_content"] = self.reasoning
        if self.calls:
            message["tool_calls"] = [call.whole() for call in self.calls]
        return message

    @property
    def finish(self) -> str:
        return "tool_calls" if self.calls else "stop"

    def deltas(self) -> list[tuple[str, dict[str, Any]]]:
        """Its pieces with their phases, up to the finish."""
        pieces: list[tuple[str, dict[str, Any]]] = [("head", {"role": "assistant", "content": ""})]
        pieces += [("reasoning", {"reasoning_content": half}) for half in halves(self.reasoning)]
        pieces += [("reasoning", {"reasoning_content": ""})] if self.reasoning else []
        pieces += [("answer", {"content": half}) for half in halves(self.content)]
        for i, call in enumerate(self.calls):
            function = {"name": call.name, "arguments": ""}
            first = {"index": i, "id": call.id, "type": "function", "function": function}
            pieces.append(("name", {"tool_calls": [first]}))
            for half in halves(call.arguments):
                rest = {"index": i, "function": {"arguments": half}}
                pieces.append(("arguments", {"tool_calls": [rest]}))
        return pieces

    def events(self) -> list[bytes]:
        """The whole stream, as Moonshot sends it."""
        return [*self.open_events(), *self.end_events()]

    def open_events(self) -> list[bytes]:
        return [delta(**piece) for _, piece in self.deltas()]

    def end_events(self, finish: str = "") -> list[bytes]:
        usage = usage_of(self.usage)
        end = [delta(finish or self.finish, usage)]
        if usage:
            end.append(event({"id": "chatcmpl-1", "choices": [], "usage": usage}))
        return [*end, DONE]

    def up_to(self, phase: str) -> list[bytes]:
        """The events before a break: in a phase, the first half of what is said there."""
        reached = PHASES.index(phase)
        found = [(p, delta(**piece)) for p, piece in self.deltas() if PHASES.index(p) <= reached]
        inside = [i for i, (p, _) in enumerate(found) if p == phase]
        return [one for _, one in found[: inside[0] + 1]] if phase != "head" else []


def halves(text: str) -> Iterable[str]:
    middle = (len(text) + 1) // 2
    return [part for part in (text[:middle], text[middle:]) if part]


def usage_of(counts: tuple[int, int] | None) -> dict[str, int] | None:
    if counts is None:
        return None
    prompt, completion = counts
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


TURNS = (
    Turn("First the species.", "", (note(0, "one"),)),
    Turn("Then two at once.", "Two more.", (note(1, "two"), note(2, "three"))),
    Turn("One is left.", "", (note(3, "four"),)),
    Turn("All are there.", "There are 4 notes."),
)
FIRST, MIDDLE, LAST = 0, 1, len(TURNS) - 1
POSITIONS = {"first": FIRST, "middle": MIDDLE, "last": LAST}
FAILED = Turn(f"{LOST} thought.", f"{LOST} words.", (note(9, LOST),), usage=(7_000, 900))
"""What an attempt says that fails; its tokens must not be counted."""
