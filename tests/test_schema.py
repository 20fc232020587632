"""Every schema made of a signature keeps Moonshot's rules, by a checker that shares no code."""

# ruff: noqa: UP007, UP045, PYI061 -- every spelling that people write is tested

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import functools
import json
import keyword
import pathlib
import re
import string
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Annotated, Any, Literal, NamedTuple, Optional, Union

import pydantic
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import Field
from typing_extensions import TypedDict

from nbagent.errors import SettingsError
from nbagent.tools.docstrings import docs_of
from nbagent.tools.schema import FunctionSchema, check_name, function_schema
from tests.mfjs_rules import FORBIDDEN_PROPERTIES, violations


@pytest.mark.parametrize(
    "bad",
    [
        {"enum": ["a"]},
        {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "x"},
        {"type": "object", "properties": {"a": True}},
        {"type": "object", "properties": {"a": {}}},
        {"type": "string", "enum": ["a", None]},
        {"type": "string", "format": "date"},
        {"type": "array", "prefixItems": []},
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "number", "minimum": 1e-9},
        {"$ref": "#/$defs/A", "description": "x"},
        {"type": "object", "$schema": "https://json-schema.org/draft/2020-12/schema"},
        {"type": "object", "properties": {"required": {"type": "string"}}},
        {"type": "object", "properties": {}, "required": ["a"]},
        {"type": "integer", "enum": [1, "a"]},
        {"type": "integer", "minimum": 1.5},
        {"type": "string", "minLength": -1},
    ],
)
def test_the_checker_finds_what_moonshot_refuses(bad: dict[str, Any]) -> None:
    assert violations(bad)


def test_pydantic_alone_would_be_refused() -> None:
    model = pydantic.create_model("M", x=(Optional[Point], None), c=(Colour, Colour.red))
    assert violations(model.model_json_schema())


# --- types ------------------------------------------------------------------------------------


class Colour(enum.Enum):
    red = "red"
    green = "green"


class Level(enum.IntEnum):
    low = 1
    high = 2


class Mixed(enum.Enum):
    one = 1
    two = "two"


@dataclasses.dataclass
class Point:
    """A place."""

    x: int
    y: float = 2.5
    colour: Colour = Colour.red
    near: list[Tag] | None = None


@dataclasses.dataclass
class Tag:
    text: str


@dataclasses.dataclass
class Node:
    value: int
    children: list[Node] = dataclasses.field(default_factory=list)


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]
    lives: Annotated[int, Field(gt=0, le=9)] = 9


class Dog(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")
    kind: Literal["dog"]
    name: str | None = None
    tags: Annotated[list[str], Field(min_length=1, max_length=3)] = ["good"]


class Pair(NamedTuple):
    left: int
    right: str


class Options(TypedDict, total=False):
    width: int
    title: str


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]

TYPES: list[Any] = [
    int, str, float, bool, None, Any, list, dict, tuple, set, bytes, object,
    list[int], list[Any], list[list[str]], dict[str, int], dict[str, Any], dict[str, list[int]],
    dict[Colour, int], dict[int, str], set[int], frozenset[str], Sequence[str], Mapping[str, float],
    tuple[int, str], tuple[int, ...], tuple[()], tuple[int, int, int], tuple[int | str, float],
    Optional[int], int | str, Union[int, str, None], list[int | None], Optional[list[str]],
    Literal["a", "b"], Literal[1, 2], Literal["a", 1, None], Literal[True], Literal[True, False],
    Optional[Literal["a"]], Literal["x", 2, True, None],
    Colour, Level, Mixed, Optional[Colour], list[Colour], dict[str, Colour | None],
    Point, Tag, Optional[Point], list[Point], Cat, Dog, Pet, list[Pet], Optional[Pet],
    Pair, Options,
    dt.date, dt.datetime, dt.timedelta, decimal.Decimal, uuid.UUID, pathlib.Path,
    Annotated[int, Field(ge=0, lt=10)], Annotated[float, Field(gt=0, le=1e-9)],
    Annotated[str, Field(min_length=1, max_length=5, pattern="^a+$")],
    Annotated[int, Field(multiple_of=5)], Annotated[list[int], Field(min_length=2)],
    Annotated[str, "what it is"], Annotated[int | None, "how many"],
    Annotated[int | list[int], Field(description="one or more")],
    pydantic.AnyUrl, pydantic.Json,
    pydantic.JsonValue, re.Pattern,
]  # fmt: skip


def function_of(hints: Mapping[str, Any], defaults: Mapping[str, Any] | None = None) -> Any:
    """A function with these annotations, as if somebody had written it."""
    given = defaults or {}
    names = [*(n for n in hints if n not in given), *(n for n in hints if n in given)]
    listed = ", ".join(f"{n}=None" if n in given else n for n in names)
    space: dict[str, Any] = {}
    exec(f"def made({listed}):\n    return dict(locals())", space)
    made = space["made"]
    made.__annotations__ = dict(hints)
    made.__defaults__ = tuple(given[n] for n in names if n in given)
    return made


class Context:
    """Stands for the type of the injected parameter."""


def schema_of(function: Callable[..., Any], **options: Any) -> FunctionSchema:
    return function_schema(function, context=Context, **options)


@pytest.mark.parametrize("hint", TYPES, ids=str)
def test_every_type_becomes_an_accepted_schema(hint: Any) -> None:
    needed = schema_of(function_of({"value": hint}))
    assert violations(needed.parameters) == []
    assert needed.parameters["required"] == ["value"]
    left_out = schema_of(function_of({"value": hint}, {"value": None}))
    assert violations(left_out.parameters) == []
    assert left_out.parameters["required"] == []
    json.dumps(left_out.parameters)


hashable = st.sampled_from([int, str, float, bool, Colour, Level, Mixed, dt.date])
leaves = st.one_of(
    hashable,
    st.sampled_from([Any, Point, Cat, Dog, Pair, Options, pathlib.Path, dict, list]),
    st.lists(st.text("ab c", min_size=1), min_size=1, max_size=3).map(lambda v: Literal[*v]),
    st.builds(
        lambda a, b: Annotated[int, Field(ge=a, le=a + b)], st.integers(-9, 9), st.integers(0, 9)
    ),
)
hints = st.recursive(
    leaves,
    lambda inner: st.one_of(
        inner.map(lambda t: list[t]),
        inner.map(lambda t: dict[str, t]),
        inner.map(lambda t: Optional[t]),
        st.tuples(inner, inner).map(lambda t: Union[t[0], t[1]]),
        st.tuples(inner, inner).map(lambda t: tuple[t[0], t[1]]),
        st.tuples(inner, st.text(max_size=9)).map(lambda t: Annotated[t[0], t[1]]),
    ),
    max_leaves=6,
)
names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda n: not keyword.iskeyword(n) and n not in FORBIDDEN_PROPERTIES
)


@settings(max_examples=120, deadline=None)
@given(found=st.dictionaries(names, hints, max_size=4), optional=st.booleans())
@example(found={"schema": int, "json": str, "copy": bool}, optional=False)
def test_random_signatures_become_accepted_schemas(
    *, found: dict[str, Any], optional: bool
) -> None:
    made = function_of(found, dict.fromkeys(found) if optional else None)
    assert violations(schema_of(made).parameters) == []


# --- words ------------------------------------------------------------------------------------


def plot(
    column: str,
    bins: int = 10,
    colour: Colour = Colour.green,
    span: tuple[float, float] | None = None,
    *,
    rows: Annotated[int, "how many rows", Field(gt=0)] = 5,
    context: Context | None = None,
) -> None:
    """Draw a histogram.

    Missing values are left out.

    Args:
        column: the column to draw,
            by name
        bins (int): how many
        span: from and to

    Returns:
        nothing
    """


def test_words_come_from_docstring_and_annotations() -> None:
    made = schema_of(plot)
    properties = made.parameters["properties"]
    assert made.description == "Draw a histogram.\n\nMissing values are left out."
    assert properties["column"] == {"type": "string", "description": "the column to draw, by name"}
    assert properties["bins"] == {"type": "integer", "description": "how many", "default": 10}
    assert properties["colour"]["default"] == "green"
    assert properties["rows"]["description"] == "how many rows"
    assert properties["rows"]["minimum"] == 1
    assert properties["span"]["type"] == "array"
    assert "in this order: number, number" in properties["span"]["description"]


def test_what_the_subset_cannot_say_is_said_in_words() -> None:
    hint = Annotated[float, Field(gt=0, description="share")]
    node = schema_of(function_of({"part": hint})).parameters["properties"]["part"]
    assert node["description"].startswith("share (more than 0")
    choice = schema_of(function_of({"part": int | str}, {"part": 3})).parameters["properties"][
        "part"
    ]
    assert choice["anyOf"][0]["description"] == "default 3"


GOOGLE = "Do.\n\nArgs:\n    first: one\n        more\n    *second (int): two\n\nReturns:\n    it\n"
NUMPY = (
    "Do.\n\nParameters\n----------\nfirst : int\n    one\n    more\nsecond, third : str\n"
    "    two\n\nReturns\n-------\nint\n    it\n"
)
RST = "Do.\n\n:param int first: one\n    more\n:param second: two\n:returns: it\n"


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, RST], ids=["google", "numpy", "rst"])
def test_docstrings_of_three_schools(text: str) -> None:
    def documented() -> None: ...

    documented.__doc__ = text
    docs = docs_of(documented)
    assert docs.text == "Do."
    assert docs.parameters["first"] == "one more"
    assert docs.parameters["second"] == "two"
    assert "Returns" not in docs.parameters


@settings(deadline=None)
@given(st.text())
def test_any_docstring_can_be_read(text: str) -> None:
    def documented() -> None: ...

    documented.__doc__ = text
    docs_of(documented)


# --- what cannot be offered ---------------------------------------------------------------------


class Unknown:
    pass


def ab() -> None: ...


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (function_of({"value": Unknown}), "Unknown"),
        (function_of({"value": Callable[[int], int]}), "value"),
        (function_of({"value": Annotated[int, Field(ge=1.5)]}), "value"),
        (function_of({"value": Node}), "contains itself"),
        (function_of({"value": list[Node]}), "contains itself"),
        (function_of({"required": int}), "'required'"),
        (function_of({"value": "NoSuchType"}), "NoSuchType"),
        (function_of({"value": int}, {"value": Field(3)}), "Annotated"),
        (ab, "3 to 64"),
        (lambda x: x, "3 to 64"),
        (functools.partial(plot, "a"), "3 to 64"),
    ],
)
def test_what_cannot_be_offered_is_refused_in_words(function: Any, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        schema_of(function)
    assert refused.value.remedy


@settings(deadline=None)
@given(st.text(max_size=70))
@example("abc")
def test_names_keep_moonshots_rule(name: str) -> None:
    allowed = string.ascii_letters + string.digits + "_-"
    sound = 3 <= len(name) <= 64 and not name.strip(allowed) and name[0] not in "-0123456789"
    with nullcontext() if sound else pytest.raises(SettingsError):
        check_name(name)
