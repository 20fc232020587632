"""What a model sends is turned into values, or refused in words that say how to mend it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import Annotated, Any, Literal

import jsonschema
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from nbagent.tools.schema import (
    BadArguments,
    FunctionSchema,
    check_by_schema,
    expected,
    function_schema,
)


class Colour(enum.Enum):
    red = "red"
    green = "green"


@dataclasses.dataclass
class Point:
    x: int
    colour: Colour = Colour.red


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]
    lives: Annotated[int, Field(gt=0, le=9)] = 9


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]


def schema_of(function: Callable[..., Any]) -> FunctionSchema:
    return function_schema(function, context=type("Context", (), {}))


def only_value(value: list[int | str] | dict[str, float] | bool) -> None: ...  # noqa: FBT001 -- only its annotation counts


def take(
    place: Point,
    pets: list[Pet],
    when: dt.date | None = None,
    count: int = 3,
    *,
    mode: Literal["fast", "exact"] = "fast",
) -> Any:
    return place, pets, when, count, mode


GOOD = {"place": {"x": 1, "colour": "green"}, "pets": [{"kind": "dog"}], "when": "2026-01-02"}


def test_arguments_become_values() -> None:
    made = schema_of(take)
    values = made.check({**GOOD, "count": None})
    bound = made.bind(values, None)
    place, pets, when, count, mode = take(*bound.args, **bound.kwargs)
    assert place == Point(1, colour=Colour.green)
    assert isinstance(pets[0], Dog)
    assert (when, count, mode) == (dt.date(2026, 1, 2), 3, "fast")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"place": {"x": "far"}}, '`place.x`: Input should be a valid integer.*got "far"'),
        ({"place": {}}, "`place.x`: Field required"),
        ({"place": 5}, "`place`: .*got 5"),
        ({"pets": [{"kind": "cat", "lives": 0}]}, r"`pets\[0\].lives`: .*greater than 0; got 0"),
        ({"mode": "quick"}, "`mode`: .*'fast' or 'exact'"),
        ({"cuont": 4}, "`cuont` does not exist; did you mean `count`"),
        ({"zzzz": 4}, "`zzzz` does not exist; there are: place, pets, when, count, mode"),
        ({"place": None}, "`place`"),
    ],
)
def test_a_mistake_is_named_with_its_place(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadArguments, match=said):
        schema_of(take).check({**GOOD, **change})


def test_every_mistake_is_named_at_once_and_briefly() -> None:
    with pytest.raises(BadArguments) as refused:
        schema_of(take).check({"place": {"x": "z" * 10_000}, "other": 1, "count": "many"})
    lines = str(refused.value).splitlines()
    assert len(lines) == 4
    assert all(len(line) < 300 for line in lines)
    assert "`pets` is missing: array of object or object" in str(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(["place", "pets", "when", "count", "mode", "no"]), JSON))
def test_any_json_is_accepted_or_refused_in_words(arguments: dict[str, Any]) -> None:
    made = schema_of(take)
    for check in (made.check, functools.partial(check_by_schema, made.parameters)):
        refusal = ""
        try:
            check(arguments)
        except BadArguments as refused:
            refusal = str(refused)
        assert not refusal or refusal.startswith("- `")


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_checking_by_schema_agrees_with_a_full_checker(value: Any) -> None:
    node = schema_of(only_value).parameters
    arguments = {"value": value}
    sound = jsonschema.Draft202012Validator(node).is_valid(arguments)
    if any(isinstance(v, float) for v in _scalars(value)):
        return  # 1.0 is an integer to JSON schema; Python's parser gave us a float
    if isinstance(value, dict) and not sound:
        return  # values of a dict are left to the tool
    with nullcontext() if sound else pytest.raises(BadArguments):
        check_by_schema(node, arguments)


def _scalars(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    return [s for item in value for s in _scalars(item)] if isinstance(value, list) else [value]


def test_expectations_read_well() -> None:
    properties = schema_of(take).parameters["properties"]
    assert expected(properties["mode"]) == 'one of "fast", "exact"'
    assert expected(properties["pets"]) == "array of object or object"
    assert expected({}) == "anything"


def test_the_naive_way_fails_these_tests() -> None:
    """The positive control: a call with the model's values as they come takes anything."""
    place, _, _, count, mode = take(**{**GOOD, "place": 5, "count": "many", "mode": "quick"})
    assert (place, count, mode) == (5, "many", "quick")
