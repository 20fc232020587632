"""Variables are described within bounds, whatever they are and whatever their reprs do."""

from __future__ import annotations

import collections
import dataclasses
import enum
import functools
import math
import types
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from palmerpenguins import load_penguins
from traitlets.config import Config

from nbagent.bounded import size_of
from nbagent.kernel.describe import (
    MAX_LISTED,
    describe,
    inspect_variable_tool,
    list_variables_tool,
    outcome_of,
    short_repr,
)
from nbagent.kernel.lookup import NotFound, lookup, own_variables
from nbagent.messages import json_bytes
from nbagent.tools import Tool, ToolContext, ToolResult, Toolset
from tests.here import Here, a_call
from tests.mfjs_rules import violations

penguins = load_penguins()
TEXT = penguins["sex"].dtype.name  # pandas 3 calls it str, pandas 2 object


# --- what is said -----------------------------------------------------------------------------


def test_a_table_is_described_by_its_columns() -> None:
    text = describe(penguins)
    lines = text.splitlines()
    assert lines[0].startswith("DataFrame, 344 rows × 8 columns, ")
    assert "bill_length_mm | float64 | 2 | 32.1 to 59.6, mean 43.9219" in lines
    assert f"sex | {TEXT} | 11 | 2 different: male, female" in lines
    assert "year | int64 | 0 | 2007 to 2009, mean 2008.03" in lines
    assert "Torgersen" in text.partition("first rows:")[2]


def test_odd_columns_are_described_too() -> None:
    table = pd.DataFrame(
        {
            "lists": [[1], [2]],
            "when": pd.to_datetime(["2020-01-01", "2021-06-01"]),
            "none": [None, None],
            "flag": [True, False],
            "cat": pd.Categorical(["a", "b"]),
            7: [1, 2],
        }
    )
    table = pd.concat([table, table[["flag"]]], axis=1)  # the same name twice
    text = describe(table)
    assert "lists | object | 0 | for example [1], [2]" in text
    assert "2020-01-01 00:00:00 to 2021-06-01 00:00:00" in text
    assert "none | object | 2 | none" in text
    assert "cat | category | 0 | 2 different: a, b" in text
    assert text.count("flag | bool | 0 | 2 different: True, False") == 2


def test_wide_and_long_tables_are_bounded() -> None:
    wide = pd.DataFrame(np.zeros((3, 500)), columns=[f"column_{i}" for i in range(500)])
    assert "and 460 more columns: column_40, column_41" in describe(wide)
    assert "and 1 more column: column_40" in describe(wide.iloc[:, :41])
    long = pd.DataFrame({"a": np.arange(300_000)})
    text = describe(long)
    assert "300,000 rows" in text
    assert "first 100,000 rows" in text
    assert "0 to 99999" in text


DESCRIPTIONS: list[tuple[Any, str]] = [
    (penguins["species"], f"Series species, {TEXT}, shape (344,)"),
    (penguins.columns, f"Index, {TEXT}, shape (8,)"),
    (np.arange(12.0).reshape(3, 4), "min 0, mean 5.5, max 11, 0 nan"),
    (np.array([1, math.nan]), "min 1, mean 1, max 1, 1 nan"),
    (np.array([math.nan]), "all 1 are nan"),
    (np.array([True, False]), "true: 1"),
    (np.zeros((0, 3)), "shape (0, 3)"),
    (np.zeros(6_000_000), "first 5,000,000 of 6,000,000"),
    (np.float64(2), "numpy.float64"),
    (np.array("text"), "array('text'"),
    ({"a": penguins, "b": {"c": [1]}}, "'a': <DataFrame 344 × 8>"),
    ({i: i for i in range(50)}, "and 30 more"),
    ([{"a": 1}] * 30, "list, 30 elements: 30 dict"),
    (range(5), "range: range(0, 5)"),
    (set(), "set, 0 elements"),
    ("one\ntwo", "str, 7 characters, 2 lines:\none\ntwo"),
    (b"\x00\x01", r"bytes, 2 bytes, first ones: b'\x00\x01'"),
    (None, "NoneType: None"),
    (10**5_000, "int"),
    (np, "module numpy"),
    (describe, "function nbagent.kernel.describe.describe(value: 'Any'"),
    (len, "function builtins.len"),
    (collections.Counter("aab"), "2 entries"),
    (pd.DataFrame, "class pandas"),
    (pd.Timestamp("2020-01-01"), "Timestamp('2020-01-01 00:00:00')"),
]


@pytest.mark.parametrize(("value", "said"), DESCRIPTIONS, ids=lambda v: type(v).__name__)
def test_values_are_described(value: Any, said: str) -> None:
    assert said in describe(value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (penguins, "344 × 8"),
        (penguins["year"], "344 elements"),
        ([1], "1 element"),
        ({"a": 1, "b": 2}, "2 entries"),
        ("text", "str"),
        (5, "int"),
    ],
)
def test_outcomes_are_short(value: Any, said: str) -> None:
    assert outcome_of(value) == said


@dataclasses.dataclass
class Plan:
    goal: str
    table: Any


def test_objects_show_their_public_attributes() -> None:
    text = describe(Plan("x", penguins))
    assert ".goal: 'x'" in text
    assert ".table: <DataFrame 344 × 8>" in text


# --- hostile objects ----------------------------------------------------------------------------


class RaisingRepr:
    def __repr__(self) -> str:
        raise ValueError("no")


class GiantRepr:
    def __repr__(self) -> str:
        return "x" * 50_000_000


class WrongRepr:
    def __repr__(self) -> Any:
        return 5


class DeepRepr:
    def __repr__(self) -> str:
        return repr(self)


class RaisingAttributes:
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


class AnyAttribute:
    def __getattr__(self, name: str) -> Any:
        return AnyAttribute()


class LyingClass:
    @property
    def __class__(self) -> Any:
        raise RuntimeError("asked for its class")


class LyingShape:
    shape = (10, 10)
    columns = property(lambda _self: 1 // 0)
    dtype = "float"


class EndlessList(list[int]):
    def __iter__(self) -> Iterator[int]:
        while True:
            yield 1


class RaisingDict(dict[str, int]):
    def items(self) -> Any:
        raise OSError("disk")

    def __len__(self) -> int:
        raise OSError("disk")


class RaisingKey:
    def __hash__(self) -> int:
        return 1

    def __eq__(self, _other: object) -> bool:
        raise RuntimeError("compared")

    __repr__ = RaisingRepr.__repr__


class BadEnum(enum.Enum):
    a = GiantRepr()


def cycle() -> list[Any]:
    ring: list[Any] = []
    ring.append(ring)
    return ring


def deep() -> list[Any]:
    nest: list[Any] = []
    for _ in range(100_000):
        nest = [nest]
    return nest


HOSTILE: dict[str, Callable[[], Any]] = {
    "raising repr": RaisingRepr,
    "giant repr": GiantRepr,
    "repr that is no text": WrongRepr,
    "endless recursion": DeepRepr,
    "raising attributes": RaisingAttributes,
    "any attribute": AnyAttribute,
    "lying class": LyingClass,
    "lying shape": LyingShape,
    "endless list": lambda: EndlessList([1]),
    "raising dict": lambda: RaisingDict(a=1),
    "raising key": lambda: {RaisingKey(): RaisingRepr()},
    "enum of giants": lambda: BadEnum.a,
    "list of raisers": lambda: [RaisingRepr()] * 3,
    "dict of giants": lambda: {"a": GiantRepr()},
    "cycle": cycle,
    "deep nest": deep,
    "mock": MagicMock,
    "mock table": lambda: MagicMock(shape=(2, 2), columns=["a"]),
    "namespace": lambda: types.SimpleNamespace(a=RaisingRepr()),
    "lone surrogate": lambda: "\ud800 lone",
    "object array": lambda: np.array([RaisingRepr(), 1], dtype=object),
    "object table": lambda: pd.DataFrame({"a": [RaisingRepr(), 1]}),
    "series of giants": lambda: pd.Series([GiantRepr()]),
    "class with odd doc": lambda: type("X", (), {"__doc__": 5}),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_objects_are_contained(kind: str) -> None:
    value = HOSTILE[kind]()
    text = describe(value, 2_000)
    assert text
    assert size_of(text) <= 2_100
    assert len(short_repr(value)) <= 125
    assert outcome_of(value)
    listed = call(list_variables_tool(shell_with(bad=value)), {})
    assert str(listed.content).startswith("bad: ")
    assert size_of(str(listed.content)) <= 1_000


def test_the_naive_way_fails_on_them() -> None:
    """The positive control: plain repr raises, recurses or floods on most of these."""
    failed = 0
    for make in HOSTILE.values():
        try:
            failed += len(repr(make())) > 2_100
        except Exception:  # noqa: BLE001 -- any failure counts
            failed += 1
    assert failed >= 12


# --- the tools ----------------------------------------------------------------------------------


def call(tool: Tool, arguments: dict[str, Any]) -> ToolResult:
    request = a_call(tool.name, json_bytes(arguments).decode())
    return Toolset([tool]).call(request, ToolContext(Here(), print))


@functools.cache
def plain_shell() -> InteractiveShell:
    return InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))


def shell_with(**variables: Any) -> InteractiveShell:
    """The shell with these variables and no others."""
    shell = plain_shell()
    shell.reset(new_session=False)
    shell.user_ns.update(variables)
    return shell


def test_both_tools_are_pure_and_accepted() -> None:
    for tool in (list_variables_tool(shell_with()), inspect_variable_tool(shell_with())):
        assert tool.effect == "pure"
        assert violations(tool.parameters) == []
        assert tool.description


def test_variables_are_listed_without_ipythons_own() -> None:
    shell = shell_with(df=penguins, np=np, _private=1, n=5, f=describe)
    result = call(list_variables_tool(shell), {})
    lines = str(result.content).splitlines()
    assert lines[0].startswith("df: DataFrame 344 × 8, ")
    assert lines[1] == "n: int 5"
    assert lines[2].startswith("f: function (value")
    assert lines[3:] == ["modules: np (numpy)"]
    assert result.outcome == "3 variables"
    assert call(list_variables_tool(shell), {"contains": "D"}).outcome == "1 variable"
    assert call(list_variables_tool(shell_with()), {}).content == "There are no variables."


def test_many_variables_are_bounded_with_a_note() -> None:
    shell = shell_with(**{f"v{i}": i for i in range(MAX_LISTED + 7)})
    lines = str(call(list_variables_tool(shell), {}).content).splitlines()
    assert lines[0] == "(7 older ones are not shown; ask with `contains`)"
    assert len(lines) == MAX_LISTED + 1
    assert lines[-1] == f"v{MAX_LISTED + 6}: int {MAX_LISTED + 6}"


def test_a_rebound_ipython_name_is_the_persons() -> None:
    shell = shell_with()
    assert "quit" not in own_variables(shell)
    shell.user_ns["quit"] = 3
    assert own_variables(shell)["quit"] == 3


def test_inspecting_names_and_near_misses() -> None:
    tool = inspect_variable_tool(shell_with(df=penguins, rows={"a": [1, 2]}))
    result = call(tool, {"name": "df"})
    assert result.outcome == "344 × 8"
    assert str(result.content).startswith("df: DataFrame, 344 rows")
    assert call(tool, {"name": "rows['a'][-1]"}).content == "rows['a'][-1]: int: 2"
    assert "32.1 to 59.6" in str(call(tool, {"name": "df.bill_length_mm"}).content)
    missing = call(tool, {"name": "dff"})
    assert missing.is_error
    assert missing.content == "There is no variable dff. Did you mean df?"


class Counting(dict[str, Any]):
    def __missing__(self, key: str) -> Any:
        self[key] = 0
        return 0


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("df.head()", "is not a name"),
        ("__import__('os')", "is not a name"),
        ("df.__class__", "private"),
        ("df._mgr", "private"),
        ("df.specis", "no attribute specis .*Did you mean species"),
        ("df['specis']", "Did you mean species"),
        ("df[[x for x in y]]", "is not a name"),
        ("counts['new']", "no element 'new'"),
        ("counts[[1]]", "TypeError"),
        ("plain['new']", "KeyError"),
        ("df +", "is not a name"),
        ("(" * 300, "is not a name"),
        ("", "is not a name"),
        ("\0", "is not a name"),
        ("lambda: 1", "is not a name"),
    ],
)
def test_what_an_expression_may_not_do(expression: str, said: str) -> None:
    counts: dict[str, int] = collections.defaultdict(int)
    with pytest.raises(NotFound, match=said):
        lookup(expression, {"df": penguins, "counts": counts, "plain": Counting()})
    assert counts == {}


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=30)
    | st.from_regex(r"(df|x)(\.\w{1,5}|\[-?\d\]|\['\w'\]){0,3}", fullmatch=True)
)
def test_any_text_is_found_or_refused(expression: str) -> None:
    refusal = ""
    try:
        lookup(expression, {"df": penguins, "x": [1, {"a": 2}]})
    except NotFound as refused:
        refusal = str(refused)
    assert len(refusal) < 400
