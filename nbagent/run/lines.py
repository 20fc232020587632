"""Which lines of a loop ran between two of its yields, and how its tests turned out.

A loop is deterministic, so one more of it, given the same replies and results, takes the same way:
that one is watched while it makes the move, and the running one is left alone. It works for a
learner's loop as for ours.
"""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

from nbagent.loop import Loop
from nbagent.run.cursor import Cursor


@dataclass(frozen=True, slots=True)
class Branch:
    """A test that was passed: its line, how it turned out, and what decided it, in words."""

    line: int
    taken: bool
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """What ran between two yields; lines count from 1 at the loop's `def`."""

    ran: tuple[int, ...] = ()
    branches: tuple[Branch, ...] = ()
    skipped: tuple[int, ...] = ()


def source_of(loop: Loop) -> str:
    """The source text of a loop; '' where it cannot be had."""
    try:
        return textwrap.dedent(inspect.getsource(inspect.unwrap(loop)))
    except (OSError, TypeError):
        return ""


def passage(cursor: Cursor, k: int) -> Passage:
    """What the loop ran on its way to where it rested after `k` moves.

    Args:
        cursor: only its record is read.
        k: how many moves the loop had made; 0 for its way to the first yield.
    """
    code = getattr(inspect.unwrap(cursor.loop), "__code__", None)
    source = source_of(cursor.loop)
    if not isinstance(code, CodeType) or not source:
        return Passage()
    tests = _tests_in(source)
    seen: list[tuple[int, dict[str, str]]] = []

    def note(frame: FrameType) -> None:
        line = frame.f_lineno - code.co_firstlineno + 1
        names = tests[line].names if line in tests else ()
        seen.append((line, {n: _told(n, frame.f_locals[n]) for n in names if n in frame.f_locals}))

    if k:
        watched = cursor.at(k - 1)
        with _watching(code, note):
            watched.again(cursor.sends[k - 1])
    else:
        with _watching(code, note):
            cursor.at(0)
    return _passage(seen, tests)


@dataclass(frozen=True, slots=True)
class _Test:
    names: tuple[str, ...]
    body: range
    otherwise: range


def _tests_in(source: str) -> dict[int, _Test]:
    """The `if` and `while` statements of a source, by line; `while True` decides nothing."""
    return {
        node.lineno: _Test(
            tuple(sorted({n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)})),
            _lines(node.body),
            _lines(node.orelse),
        )
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.If, ast.While)) and not isinstance(node.test, ast.Constant)
    }


def _lines(statements: list[ast.stmt]) -> range:
    if not statements:
        return range(0)
    last = statements[-1]
    return range(statements[0].lineno, (last.end_lineno or last.lineno) + 1)


def _passage(seen: list[tuple[int, dict[str, str]]], tests: dict[int, _Test]) -> Passage:
    ran = tuple(dict.fromkeys(line for line, _ in seen))
    branches, skipped = [], set[int]()
    for i, (line, told) in enumerate(seen):
        test = tests.get(line)
        if test is None:
            continue
        after = next((other for other, _ in seen[i + 1 :]), 0)
        taken = after in test.body
        names = ", ".join(told.values())
        words = f"yes: {names}" if taken else f"no: {names}"
        branches.append(Branch(line, taken, words.removesuffix(": ")))
        skipped |= set(test.otherwise if taken else test.body)
    return Passage(ran, tuple(branches), tuple(sorted(skipped - set(ran))))


def _told(name: str, value: Any) -> str:
    """What a name stands for, in a few words."""
    if value is None:
        return f"{name} is None"
    if isinstance(value, (list, tuple, dict, set)):
        items = "1 item" if len(value) == 1 else f"{len(value)} items"
        return f"{name} has {items}" if value else f"{name} is empty"
    if isinstance(value, (bool, int, float, str)):
        return f"{name} is {value!r:.40}"
    return f"{name} is a {type(value).__name__}"


@contextmanager
def _watching(code: CodeType, note: Callable[[FrameType], None]) -> Iterator[None]:
    """Call `note` for each line that this code runs in this thread."""

    def local(frame: FrameType, event: str, _argument: object) -> Any:
        if event == "line":
            note(frame)
        return local

    def watch(frame: FrameType, _event: str, _argument: object) -> Any:
        return local if frame.f_code is code else None

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        yield
    finally:
        sys.settrace(before)
