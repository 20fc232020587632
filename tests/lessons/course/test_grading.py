"""The grader: it executes anew, and believes nothing that a notebook shows or has stored."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from nbagent.clock import SystemClock
from nbagent.errors import UsageError
from nbagent.lessons.course import notebooks
from nbagent.lessons.course.grading import Row, as_csv, as_json, grade
from nbagent.lessons.course.verdict import MIME

pytestmark = [pytest.mark.kernel, pytest.mark.long]
FAKE = """\
from nbagent import lessons
import nbagent.lessons.course.classroom as room
import nbagent.lessons.course.exercises.l03 as l03, nbagent.lessons.course.judging as judging
from nbagent.lessons.course.exercise import Case
passing = lambda *_: iter([Case("all", passed=True)])
for name in ("WHILE", "GENERATOR"):
    object.__setattr__(getattr(l03, name), "check", passing)
room.check = lessons.check = lambda *_: print("✔ passed")
run_loop = my_loop = None
print("03a the loop, with a while: ✔ passed, 5 of 5 cases")
"""


def put(folder: Path, student: str, change: Callable[[NotebookNode], NotebookNode]) -> None:
    (folder / student).mkdir()
    book = change(notebooks.read(notebooks.source("03")))
    nbformat.write(book, folder / student / "03_the_loop.ipynb")


def faked(book: NotebookNode) -> NotebookNode:
    for _, cell in notebooks.exercise_cells(book):
        cell.source = FAKE
    for cell in book.cells:
        for output in cell.get("outputs", []):
            if MIME in output.get("data", {}):
                output.data[MIME] |= {"passed": True, "word": "", "hints_used": 2}
    return book


def endless(book: NotebookNode) -> NotebookNode:
    next(
        cell for name, cell in notebooks.exercise_cells(book) if name == "03a"
    ).source = "import itertools\nfor _ in itertools.count(): pass"
    return book


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    folder = tmp_path_factory.mktemp("class")
    put(folder, "ada", notebooks.solved)
    put(folder, "bob", lambda book: book)
    put(folder, "eve", faked)
    graded = grade(folder, SystemClock(), print, 90)
    return {name: [row for row in graded if row.student == name] for name in ("ada", "bob", "eve")}


def test_a_solution_passes(rows: dict[str, list[Row]]) -> None:
    """The positive control: the grader does let answers pass."""
    assert [(row.exercise, row.passed) for row in rows["ada"]] == [("03a", True), ("03b", True)]
    assert all(row.seconds > 0 for row in rows["ada"])


def test_a_starter_does_not(rows: dict[str, list[Row]]) -> None:
    assert [row.passed for row in rows["bob"]] == [False, False]


def test_a_notebook_that_fakes_its_checks_gets_nothing(rows: dict[str, list[Row]]) -> None:
    assert [row.passed for row in rows["eve"]] == [False, False]
    assert [row.hints for row in rows["eve"]] == [2, 2]


def test_the_tables(rows: dict[str, list[Row]]) -> None:
    table = list(csv.DictReader(io.StringIO(as_csv(rows["ada"]))))
    assert list(table[0]) == ["student", "lesson", "exercise", "passed", "hints", "seconds"]
    assert table[0]["passed"] == "1"
    assert json.loads(as_json(rows["ada"]))[0]["solution"] is False


def test_the_time_limit_holds(tmp_path: Path) -> None:
    put(tmp_path, "max", endless)
    graded = grade(tmp_path, SystemClock(), print, 20)
    assert [row.passed for row in graded] == [False, False]
    assert "limit" in graded[0].note


def test_a_folder_without_lessons_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no notebook"):
        grade(tmp_path, SystemClock(), print, 20)
