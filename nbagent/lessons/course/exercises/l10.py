"""Lesson 10, your own tools: the exercises and the recap."""

from __future__ import annotations

import functools
import inspect
import math
import random
import re
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from nbagent.errors import SettingsError
from nbagent.lessons.course.exercise import Case, Cases, Exercise, Ground, Outline, Question
from nbagent.lessons.course.exercises.l10_wrong import ERROR_WRONG, SCHEMA_WRONG
from nbagent.lessons.course.judging import attempt
from nbagent.lessons.scenarios.l10 import MEAN
from nbagent.lessons.story import Call, Chat, Result, Turn, next_or_last
from nbagent.tools import Tool, as_tool
from nbagent.tools.schema import BadArguments

Readings = Mapping[str, list[float | None]]
UNITS = {"celsius", "kelvin"}
ZERO_KELVIN = -273.15
ROUNDED = 0.06
"""How far a mean may be off: an answer may round to one digit."""
MOST_CALLS = 5
A_FUNCTION = "The answer is the function itself, without parentheses."
TYPED = "Write `station: str`: without a type the model may send anything, and is told nothing."
DESCRIBED = (
    'Give it words of its own: `station: Annotated[str, "…"]`, or an `Args:` section in the '
    "docstring."
)
LITERAL = (
    "Any text fits a `str`, so the model has to guess how you spell it. "
    '`Literal["celsius", "kelvin"]` names all there is.'
)
WORDS = "The words of the `Literal` are what arrives in `unit`, so they must be those it knows."
DEFAULT = "`unit` has a default in the starter. Keep it, and the model may leave it out."
SAYS = "The docstring is all that the model reads of it. Say what it computes, and of what."
SPELT = (
    "The model took the station's name as the question spells it. Tell it, in the description of "
    "`station`, how the names are spelt: in lower case."
)


def _readings(source: random.Random) -> Readings:
    """Stations that no answer can know beforehand."""
    names = source.sample(["accra", "bergen", "cusco", "dakar", "galway", "hobart", "izmir"], 3)
    return {name: [round(source.uniform(-5, 30), 1) for _ in range(4)] for name in names}


def _with(function: Any, readings: Readings) -> Callable[..., Any]:
    """The same function, with other readings under the name that it reads."""
    names = {**function.__globals__, "readings": readings}
    played = FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, function.__closure__
    )
    return functools.update_wrapper(played, function)


def _schema(function: Any, ground: Ground) -> Cases:
    plain = inspect.isfunction(function)
    yield Case("it is a function", plain, f"it is a {type(function).__name__}", A_FUNCTION)
    if not plain:
        return
    tool, refusal = _tool(function)
    yield Case("a tool can be made of it", tool is not None, refusal, refusal)
    if tool is None:
        return
    yield Case(
        "its description says what it computes",
        bool(re.search(r"\bmean|average", tool.description, re.IGNORECASE)),
        f"it says {tool.description!r}",
        SAYS,
    )
    yield from _parameters(tool)
    yield _computes(function, _readings(ground.random))
    yield _first_call(function, tool)


def _tool(function: Any) -> tuple[Tool | None, str]:
    try:
        return as_tool(function), ""
    except SettingsError as refused:
        return None, str(refused)


def _parameters(tool: Tool) -> Cases:
    properties = tool.parameters["properties"]
    station, unit = properties.get("station", {}), properties.get("unit", {})
    is_text = station.get("type") == "string"
    yield Case("`station` is a text", is_text, f"its schema is {station}", TYPED)
    yield Case(
        "`station` is described", bool(station.get("description")), f"it is {station}", DESCRIBED
    )
    words = set(unit.get("enum", ()))
    yield Case(
        "`unit` is one of two words",
        words == UNITS,
        f"its schema is {unit}",
        WORDS if words else LITERAL,
    )
    required = tool.parameters["required"]
    yield Case("only `station` is required", required == ["station"], f"it is {required}", DEFAULT)


def _computes(function: Any, readings: Readings) -> Case:
    played = _with(function, readings)
    for station, values in readings.items():
        known = [value for value in values if value is not None]
        due = sum(known) / len(known)
        for unit, zero in (("celsius", 0.0), ("kelvin", ZERO_KELVIN)):
            got = played(station, unit)
            if not isinstance(got, float) or not math.isclose(got, due - zero, abs_tol=ROUNDED):
                said = f"{got!r} for {values} in {unit}"
                hint = "The starter's computation was right; only what stands around it changes."
                return Case("it still computes the mean", passed=False, difference=said, hint=hint)
    return Case("it still computes the mean", passed=True)


def _first_call(function: Any, tool: Tool) -> Case:
    """Whether the scripted model, reading the schema alone, calls it right at once."""
    played = _with(function, {"lima": [18.0, 19.0]})
    calls = _played("What is the mean at Lima, in kelvin?", tool, played)
    said = f"it called it with {calls[0][0].arguments}" if calls else "it did not call it"
    works = bool(calls) and not calls[0][1]
    return Case("the model's first call works", works, said, SPELT)


def _played(question: str, tool: Tool, function: Callable[..., Any]) -> list[tuple[Call, bool]]:
    """What the scripted model calls, and whether each call failed, until it stops calling."""
    story = MEAN.story(Chat(question, frozenset({tool.name}), schemas={tool.name: _as_sent(tool)}))
    turn: Turn = next_or_last(story, None)
    calls: list[tuple[Call, bool]] = []
    while turn.calls and len(calls) < MOST_CALLS:
        (call,) = turn.calls
        text, failed = _told(tool, function, call.arguments)
        calls.append((call, failed))
        turn = next_or_last(story, [Result(text)])
    return calls


def _as_sent(tool: Tool) -> dict[str, Any]:
    sent: dict[str, Any] = tool.schema()["function"]
    return sent


def _told(tool: Tool, function: Callable[..., Any], arguments: dict[str, Any]) -> tuple[str, bool]:
    """What a model is told of a call, and whether it failed."""
    assert tool.check is not None
    try:
        values = tool.check(arguments)
    except BadArguments as bad:
        return f"{tool.name} was not run; its arguments do not fit:\n{bad}", True
    value, error = attempt(functools.partial(function, **values))
    if error is None:
        return str(value), False
    return f"{tool.name} raised {type(error).__name__}: {error}", True


def _error(checked: Any, ground: Ground) -> Cases:
    plain = inspect.isfunction(checked)
    yield Case("it is a function", plain, f"it is a {type(checked).__name__}", A_FUNCTION)
    if not plain:
        return
    readings = _readings(ground.random)
    played = _with(checked, readings)
    names = list(readings)
    got = played(names[0])
    yield Case(
        "a station that there is goes through",
        got == names[0],
        f"{got!r} for {names[0]!r}",
        "If the station is one of `readings`, return it as it is.",
    )
    sent = names[1].upper()
    returned, error = attempt(played, sent)
    yield Case(
        "one that there is not raises an error",
        error is not None,
        f"it returned {returned!r} for {sent!r}",
        _returned_hint(returned, readings),
    )
    if error is not None:
        yield from _words(str(error), sent, readings)
        yield _second_call(checked)


def _returned_hint(returned: Any, readings: Readings) -> str:
    if returned in readings:
        return (
            "It took another station without a word, and the answer would be told as the asked "
            "one's. Do not guess: raise, and let the model choose."
        )
    if isinstance(returned, str):
        return (
            "A text that is returned is a result like any other, and goes on to be computed with. "
            "Raise it: raise ValueError(…)."
        )
    return "Nothing was raised, so the trouble shows later, and elsewhere. Raise it here."


def _words(text: str, sent: str, readings: Readings) -> Cases:
    missing = [name for name in readings if name not in text]
    fixed = "lima" in text or "oslo" in text
    yield Case(
        "the error names what would have worked",
        not missing,
        f"it says {text!r}",
        "Those names stand in your code. Tomorrow there are others: read them from `readings`."
        if fixed
        else "The model knows now that it was wrong, not what is right. Name the stations.",
    )
    yield Case(
        "and what was sent",
        sent in text,
        f"it says {text!r}",
        "Repeat the name that was sent: it shows at once what is amiss, to a person too.",
    )
    values = [value for each in readings.values() for value in each if str(value) in text]
    yield Case(
        "and nothing else",
        not values,
        f"it tells the readings too: {values[:3]}",
        "The names are enough: `list(readings)`. All else costs tokens, and says more than asked.",
    )


def _second_call(checked: Any) -> Case:
    """Whether the scripted model mends its call by the error's words."""
    readings: Readings = {"lima": [18.0], "quito_airport": [14.0, 15.0]}
    guard = _with(checked, readings)

    def station_mean(station: str) -> float:
        """Compute the mean of one weather station's readings."""
        values = [value for value in readings[guard(station)] if value is not None]
        return sum(values) / len(values)

    calls = _played("What is the mean at Quito, in celsius?", as_tool(station_mean), station_mean)
    failed = [bad for _, bad in calls]
    return Case(
        "the model mends its call with the second one",
        failed == [True, False],
        f"it called {[call.arguments for call, _ in calls]}",
        "The names have to stand in the error as they are, so that one can be copied.",
    )


_BODY = """\
    known = [value for value in readings[station] if value is not None]
    mean = sum(known) / len(known)
    return round(mean + 273.15 if unit == "kelvin" else mean, 1)
"""

SCHEMA = Exercise(
    id="10a",
    title="a signature that says it all",
    answer="station_mean",
    starter=f'''\
def station_mean(station, unit="celsius"):
    """A function."""
{_BODY}''',
    solution=f'''\
from typing import Annotated, Literal

def station_mean(
    station: Annotated[str, "Name of the station, in lower case."],
    unit: Literal["celsius", "kelvin"] = "celsius",
):
    """Compute the mean of one weather station's readings."""
{_BODY}''',
    check=_schema,
    hints=(
        (
            "Three places: a docstring that says what is computed, a type and words for `station`, "
            "and for `unit` a type that names its two words."
        ),
        (
            '`station: Annotated[str, "… in lower case."]` and '
            '`unit: Literal["celsius", "kelvin"] = "celsius"`, both from `typing`.'
        ),
    ),
    wrong=SCHEMA_WRONG,
)

ERROR = Exercise(
    id="10b",
    title="an error that helps on",
    answer="checked",
    starter="""\
def checked(station):
    if station not in readings:
        raise KeyError(station)
    return station
""",
    solution="""\
def checked(station):
    if station not in readings:
        there = ", ".join(readings)
        raise ValueError(f"There is no station {station!r}. There are: {there}.")
    return station
""",
    check=_error,
    hints=(
        "Write the error for somebody who sees nothing but its text and has to try again.",
        'raise ValueError(f"There is no station {station!r}. There are: {list(readings)}.")',
    ),
    wrong=ERROR_WRONG,
)

LESSON = Outline(
    number="10",
    title="Your own tools",
    question="How do I give it the function that my lab already has?",
    minutes=20,
    live_usd=0.12,
    exercises=(SCHEMA, ERROR),
    recap=(
        Question(
            "A parameter takes one of three words. How do you tell the model?",
            (
                "By a sentence in the docstring",
                "By `Literal`, which becomes an enum in the schema",
                "By an error when it is another word",
            ),
            1,
            "The words then stand in the schema, and a call with another one is not run at all.",
        ),
        Question(
            "A call fails. What should the error say?",
            (
                "As little as possible",
                "The whole traceback",
                "What was sent, and what would have worked",
            ),
            2,
            "The model sees the text alone. With the right words the next call is the mended one.",
        ),
        Question(
            "Your tool needs a password. How does it get it?",
            (
                "As a parameter, from the model",
                "From the environment, inside the function",
                "From a constant in the notebook",
            ),
            1,
            "So it is in no message and in no file; and where it slips out, it is masked.",
        ),
    ),
)
