"""Lesson 10: the model takes a tool by its description, and mends its call by the error's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nbagent.lessons.scenarios.l02 import KERNEL_TOOLS
from nbagent.lessons.scenarios.telling import quoted, unexpected
from nbagent.lessons.story import Call, Chat, Result, Scenario, Story, Turn

ASKED = re.compile(
    r"\s*what is the mean at (?P<station>\w+),? in (?P<unit>celsius|kelvin)\s*[?.]?\s*",
    re.IGNORECASE,
)
DRAW = re.compile(r"\s*draw the readings (of|at) (?P<station>\w+)\s*[?.]?\s*", re.IGNORECASE)
PUBLISH = re.compile(r"\s*publish the mean (of|at) (?P<station>\w+)\s*[?.]?\s*", re.IGNORECASE)
NUMBER = r"\s*(-?\d+(?:\.\d+)?)\s*"
FAILED = re.compile(r"\w+ (raised|failed|was not run|was stopped)")
Schema = Mapping[str, Any]


def mean(chat: Chat) -> Story:
    """Call what computes a mean; after an error, once more, if the error says what would work."""
    found = ASKED.fullmatch(chat.prompt)
    assert found is not None
    name = _fitting(chat, r"\bmean|average")
    if not name:
        return _no_tool(chat, "computes a mean")
    station, unit = found["station"], found["unit"].lower()
    arguments = _arguments(chat.schemas[name], station, unit)
    (result,) = yield Turn(
        f"`{name}` is described as what I need. I fill in what its schema tells me, and where it "
        "tells me nothing, I guess.",
        calls=(Call(name, arguments),),
    )
    if result.line(NUMBER) is None:
        sent = next((key for key in arguments if arguments[key] in (station, station.lower())), "")
        meant = _meant(result, station, str(arguments.get(sent, "")))
        if not meant:
            return _stuck(result)
        arguments = {**arguments, sent: meant}
        (result,) = yield Turn(
            f"That failed, and the error says what there is. `{meant}` must be what is meant.",
            calls=(Call(name, arguments),),
        )
    number = result.line(NUMBER)
    if number is None:
        return unexpected("a number", result.text)
    sent_unit = next((value for value in arguments.values() if value[0] == unit[0]), "")
    said = f", in the unit that I sent: `{sent_unit}`" if sent_unit and sent_unit != unit else ""
    return Turn(
        "There is a number.",
        f"The mean at {station} is **{number[1]}**{said or f' {unit}'}.",
    )


def draw(chat: Chat) -> Story:
    """Call what draws; say that a picture came back, and that nobody here looks at it."""
    found = DRAW.fullmatch(chat.prompt)
    assert found is not None
    name = _fitting(chat, r"\bdraw|\bplot|chart")
    if not name:
        return _no_tool(chat, "draws")
    station = found["station"]
    (result,) = yield Turn(
        f"`{name}` draws, so one call is enough.",
        calls=(Call(name, _arguments(chat.schemas[name], station, "celsius")),),
    )
    if FAILED.match(result.text):
        return _stuck(result)
    return Turn(
        "The call came back without an error, and what it returned is a picture.",
        f"The readings of {station} are drawn: the picture is the call's result. These words were "
        "written beforehand and looked at nothing; a real model gets the picture too.",
    )


def publish(chat: Chat) -> Story:
    """Call what publishes, and repeat what it answered."""
    found = PUBLISH.fullmatch(chat.prompt)
    assert found is not None
    name = _fitting(chat, r"\bpublish")
    if not name:
        return _no_tool(chat, "publishes")
    (result,) = yield Turn(
        f"`{name}` is described as what publishes.",
        calls=(Call(name, _arguments(chat.schemas[name], found["station"], "celsius")),),
    )
    if FAILED.match(result.text):
        return _stuck(result)
    return Turn("It has answered.", f"This is what came back:\n\n{quoted(result)}")


def _fitting(chat: Chat, words: str) -> str:
    """The first of the learner's tools whose description has the words; '' if none has."""
    described = {
        name: str(schema.get("description", ""))
        for name, schema in chat.schemas.items()
        if name not in KERNEL_TOOLS
    }
    return next((n for n, text in described.items() if re.search(words, text, re.IGNORECASE)), "")


def _arguments(schema: Schema, station: str, unit: str) -> dict[str, str]:
    """A value for each parameter: the station for the first that takes a text, then the unit."""
    values: dict[str, str] = {}
    for name, node in schema.get("parameters", {}).get("properties", {}).items():
        words = node.get("enum")
        if words:
            values[name] = next((str(w) for w in words if str(w).lower() == unit), str(words[0]))
        elif station not in values.values() and station.lower() not in values.values():
            is_lower = "lower" in str(node.get("description", "")).lower()
            values[name] = station.lower() if is_lower else station
        else:
            values[name] = unit[0].upper()
    return values


def _meant(result: Result, station: str, sent: str) -> str:
    """The word of an error that is meant by the station, '' if it holds no other than was sent."""
    words = [w for w in re.findall(r"\w+", result.text) if station.lower() in w.lower()]
    longer = [w for w in words if w.lower() != station.lower()]
    return next((w for w in [*longer, *words] if w != sent), "")


def _stuck(result: Result) -> Turn:
    return Turn(
        "It failed, and its words do not tell me what would work. A second call would be a guess.",
        f"I have no answer: the call failed, and I cannot tell from it what would have worked.\n\n"
        f"{quoted(result)}",
    )


def _no_tool(chat: Chat, what: str) -> Turn:
    offered = ", ".join(f"`{name}`" for name in chat.schemas if name not in KERNEL_TOOLS)
    return Turn(
        f"No description that I was given says that a tool {what}.",
        f"I was offered no tool of yours that, by its description, {what}. "
        f"Yours are: {offered or 'none'}.",
    )


def _for(asked: re.Pattern[str], story: Any, name: str) -> Scenario:
    return Scenario(name, lambda chat: asked.fullmatch(chat.prompt) is not None, story)


MEAN = _for(ASKED, mean, "lesson 10, a mean")
OWN_TOOLS = (
    MEAN,
    _for(DRAW, draw, "lesson 10, a picture"),
    _for(PUBLISH, publish, "lesson 10, a secret"),
)
