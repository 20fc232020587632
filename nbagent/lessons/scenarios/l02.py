"""Lesson 02: the model finds a tool by its description, and its arguments by their schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nbagent.lessons.scenarios.telling import unexpected
from nbagent.lessons.story import Call, Chat, Scenario, Story, Turn

ASKED = re.compile(
    r"\s*(how many readings (are|were) missing|what (is|was) the mean( reading)?) (at|in|of) "
    r"(?P<station>\w+)(,? (to|with) (?P<digits>\d) digits?)?\s*[?.]?\s*",
    re.IGNORECASE,
)
MISSING = re.compile(r"missing|gaps?\b|none\b", re.IGNORECASE)
MEAN = re.compile(r"\bmean|average", re.IGNORECASE)
SUBJECT = re.compile(r"station|reading", re.IGNORECASE)
KERNEL_TOOLS = frozenset(
    {"run_python", "inspect_variable", "list_variables", "read_output"}
    | {"read_notebook", "insert_cell", "edit_cell", "delete_cell", "run_cell"}
)
"""What `%%kimi` offers anyway; the lesson is about the learner's own."""


def tool(chat: Chat) -> Story:
    """Pick the tool whose description fits, call it, and say what came back."""
    found = ASKED.fullmatch(chat.prompt)
    assert found is not None
    station, digits = found["station"].lower(), int(found["digits"] or 1)
    counts = "missing" in found[1].lower()
    what, words = ("missing readings", MISSING) if counts else ("a mean", MEAN)
    names = _fitting(chat, words)
    if not names:
        return _no_tool(chat, what)
    name = names[0]
    arguments = _arguments(chat.schemas[name], station, digits)
    (result,) = yield Turn(
        f"The question is about {what} at {station}. The description of `{name}` speaks of that, "
        "so I call it, with the arguments that its schema names.",
        calls=(Call(name, arguments),),
    )
    number = result.line(r"\s*(-?\d+(?:\.\d+)?)\s*")
    if number is None:
        return unexpected("a number", result.text)
    said = f"**{number[1]}** readings are missing" if counts else f"The mean is **{number[1]}**"
    return Turn("The number is here.", f"{said} at {station.capitalize()}.")


def _fitting(chat: Chat, words: re.Pattern[str]) -> list[str]:
    """The tools whose description has the words; first those that also speak of stations."""
    described = {
        name: str(schema.get("description", ""))
        for name, schema in chat.schemas.items()
        if name not in KERNEL_TOOLS
    }
    found = [name for name, text in described.items() if words.search(text)]
    return sorted(found, key=lambda name: SUBJECT.search(described[name]) is None)


def _arguments(schema: Mapping[str, Any], station: str, digits: int) -> dict[str, Any]:
    """A value for each parameter, by its type: text is the station, a whole number the digits."""
    properties = schema.get("parameters", {}).get("properties", {})
    values: dict[str, Any] = {"string": station, "integer": digits, "number": digits}
    return {n: values[p["type"]] for n, p in properties.items() if p.get("type") in values}


def _no_tool(chat: Chat, what: str) -> Turn:
    offered = ", ".join(
        f"`{name}` (“{schema.get('description', '')}”)" for name, schema in chat.schemas.items()
    )
    return Turn(
        f"None of the descriptions that I was given speaks of {what}. I do not see the code of a "
        "tool, so I cannot know what else it does.",
        f"I was offered no tool that, by its description, finds {what}. "
        f"What I see is: {offered or 'no tool at all'}.",
    )


TOOL = Scenario("lesson 02", lambda chat: ASKED.fullmatch(chat.prompt) is not None, tool)
