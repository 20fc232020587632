"""Free play with cells: each rule mends what it is for, and says so where none fits."""

from __future__ import annotations

import ast
import io
import traceback
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbagent.lessons.scenarios import select
from nbagent.lessons.scenarios.cells import CANNOT, NO_ERROR
from nbagent.lessons.scenarios.mending import Trouble, change_of, mend
from nbagent.lessons.scenarios.outlining import outlined
from nbagent.lessons.scenarios.unknown import unknown
from nbagent.lessons.story import next_turn
from tests.lessons.test_stories import as_message

TOOLS = frozenset({"read_notebook", "edit_cell", "insert_cell", "list_variables"}) | {
    "inspect_variable"
}
FIX = (
    "Fix @cell:abcd-1, which ends with an error.\nSay in one sentence what is wrong, then propose "
    "the smallest change to that cell that lets it do what it is meant to do."
)


class Notebook:
    """A cell that really fails, and the tools over it."""

    def __init__(self, source: str, **names: Any) -> None:
        self.source, self.names = source, names
        self.inserted: list[str] = []
        self.output = self.run()

    def run(self) -> str:
        shown = io.StringIO()
        try:
            exec(compile(self.source, "<cell>", "exec"), dict(self.names))
        except Exception as error:  # noqa: BLE001 -- what a cell may end with
            frames = traceback.extract_tb(error.__traceback__)
            line = error.lineno if isinstance(error, SyntaxError) else frames[-1].lineno
            own = [frame.lineno for frame in frames if frame.filename == "<cell>"]
            shown.write(f"Cell In[1], line {own[-1] if own else line}\n")
            text = error.msg if isinstance(error, SyntaxError) else str(error)
            shown.write(f"{type(error).__name__}: {text}")
        return shown.getvalue()

    def read_notebook(self, ids: list[str]) -> str:
        text = f"a.ipynb as it is open now.\n\n[{ids[0]}] code, In [1]\n{self.source}"
        return f"{text}\noutput:\n{self.output}" if self.output else text

    def edit_cell(self, id: str, old: str, new: str) -> str:  # noqa: A002 -- the tool's word
        assert self.source.count(old) == 1
        self.source = self.source.replace(old, new)
        return f"Proposed to the user: change cell {id}. Nothing changes until they accept."

    def insert_cell(self, source: str) -> str:
        self.inserted.append(source)
        return "Inserted a code cell of 1 line as cell 2, id x. The user can still undo it."

    def list_variables(self) -> str:
        return "\n".join(f"{name}: {type(v).__name__}" for name, v in self.names.items())

    def inspect_variable(self, name: str) -> str:
        value = self.names[name]
        return "\n".join([type(value).__name__, *(f"  {key}  float64" for key in value)])

    def ask(self, prompt: str) -> str:
        """Play the conversation to its answer."""
        messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
        while (turn := next_turn(messages, TOOLS, select, unknown)).calls:
            messages.append(as_message(turn, len(messages)))
            for call, made in zip(turn.calls, messages[-1]["tool_calls"], strict=True):
                text = getattr(self, call.name)(**call.arguments)
                messages.append({"role": "tool", "tool_call_id": made["id"], "content": text})
        return turn.content


FRAME = pd.DataFrame({"price": [1.0], "city": ["A"]})
MENDED = [
    ("print(pricse)", "print(prices)", {"prices": [1]}),
    ("total = 3\nprint(totl)", "total = 3\nprint(total)", {}),
    ("for i in [1]\n    print(i)", "for i in [1]:\n    print(i)", {}),
    ("if 1 == 1  # so\n    x = 1", "if 1 == 1:  # so\n    x = 1", {}),
    ("print('a)", "print('a')", {}),
    ('x = "a', 'x = "a"', {}),
    ("print(len([1, 2])", "print(len([1, 2]))", {}),
    ("x = [1, 2\ny = 1", "x = [1, 2]\ny = 1", {}),
    ("df['prise'].mean()", "df['price'].mean()", {"df": FRAME}),
    ("x = 2.5 > '2'", "x = 2.5 > 2", {}),
    ("x = 1 + '2'", "x = 1 + 2", {}),
    ("n = 3\nprint('n: ' + n)", "n = 3\nprint('n: ' + str(n))", {}),
]


@pytest.mark.parametrize(("source", "mended", "names"), MENDED, ids=[row[0] for row in MENDED])
def test_a_slip_is_mended(source: str, mended: str, names: dict[str, Any]) -> None:
    notebook = Notebook(source, **names)
    assert notebook.output, "it fails"
    answer = notebook.ask(FIX)
    assert notebook.source == mended
    assert "not Kimi's judgement" in answer
    assert Notebook(mended, **names).output == "", "and then it does not"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("print(zebra)", {"prices": 1}),
        ("1 / 0", {}),
        ("df['zebra']", {"df": FRAME}),
        ("x = = 1", {}),
        ("raise ValueError('no')", {}),
        ("int('x') + '3'", {}),
    ],
)
def test_what_no_rule_covers_is_left_alone(source: str, names: dict[str, Any]) -> None:
    notebook = Notebook(source, **names)
    answer = notebook.ask(FIX)
    assert notebook.source == source
    assert CANNOT in answer


def test_a_cell_without_an_error_is_left_alone() -> None:
    notebook = Notebook("x = 1")
    assert notebook.ask(FIX) == NO_ERROR.format(cell="abcd-1")


def test_a_cell_is_outlined() -> None:
    notebook = Notebook("import math as m\nx = m.pi\nfor i in [1]:\n    print(i)\nx / 0")
    answer = notebook.ask("Explain what @cell:abcd-1 does, and why it ends with an error.")
    assert "- line 1: imports `math` as `m`" in answer
    assert "- line 2: sets `x` to `m.pi`" in answer
    assert "- line 3: goes through `[1]`, 1 statements in it" in answer
    assert "It ended with **ZeroDivisionError**" in answer


@pytest.mark.parametrize(
    ("prompt", "source"),
    [
        ("Write a cell that plots df", 'df.plot(title="df")'),
        ("please add a new cell that describes @df.", "df.describe()"),
    ],
)
def test_a_cell_is_written(prompt: str, source: str) -> None:
    notebook = Notebook("x = 1")
    answer = notebook.ask(prompt)
    assert source in notebook.inserted[0]
    assert "has not run" in answer


def test_a_request_for_more_is_not_understood() -> None:
    assert "I do not understand" in Notebook("x").ask("Write a cell that plots df and emails it")


@given(st.lists(st.sampled_from("ab"), max_size=8), st.lists(st.sampled_from("ab"), max_size=8))
def test_a_change_makes_of_one_text_the_other(before: list[str], after: list[str]) -> None:
    old, new = "\n".join(before), "\n".join(after)
    part, put = change_of(old, new)
    if part:
        assert old.count(part) == 1
        assert old.replace(part, put) == new


@given(st.text("ab(['\":=+ \n1#", max_size=40), st.text(max_size=30), st.integers(0, 5))
def test_rules_take_anything(source: str, message: str, line: int) -> None:
    for kind in ("NameError", "KeyError", "TypeError", "SyntaxError"):
        found = mend(Trouble(source, kind, message + " str concatenate", line, ("ab",)))
        if found:
            ast.parse(found.source)
    outlined(source)


def test_the_naive_way_fails_these_tests() -> None:
    """The positive control: a colon at each line's end mends one row and breaks the others."""
    worked = [
        Notebook("\n".join(f"{line}:" for line in s.splitlines())).output for s, _, _ in MENDED
    ]
    assert all(worked)
