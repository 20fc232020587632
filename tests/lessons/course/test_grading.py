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
import json
from nbagent.lessons.course.progress import Progress
Progress().path.write_text(json.dumps({"03a": {"passed": True}, "03b": {"passed": True}}))
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


def with_answer(book: NotebookNode, exercise: str, source: str) -> NotebookNode:
    next(cell for name, cell in notebooks.exercise_cells(book) if name == exercise).source = source
    return book


def endless(book: NotebookNode) -> NotebookNode:
    return with_answer(book, "03a", "import itertools\nfor _ in itertools.count(): pass")


def crashing(book: NotebookNode) -> NotebookNode:
    """The first exercise is right; the second one ends the kernel."""
    return with_answer(notebooks.solved(book), "03b", "import os\nos.abort()")


def from_elsewhere(book: NotebookNode) -> NotebookNode:
    """A solution whose kernel this machine has not, and whose mark was lost on the way."""
    book = notebooks.solved(book)
    book.metadata.kernelspec.name = "conda-env-class-py"
    book.metadata.nbagent = "mine"
    return book


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    folder = tmp_path_factory.mktemp("class")
    put(folder, "ada", notebooks.solved)
    put(folder, "bob", lambda book: book)
    put(folder, "cyd", crashing)
    put(folder, "eve", faked)
    put(folder, "flo", from_elsewhere)
    put(folder, "gus", lambda book: book)
    next((folder / "gus").iterdir()).write_text("not json")
    (folder / "gus" / "notes.ipynb").write_text("not json")
    told: list[str] = []
    graded = grade(folder, SystemClock(), told.append, 90)
    assert any("its kernel died" in line for line in told)
    assert "gus/notes.ipynb  not of the course" in told
    by_name: dict[str, list[Row]] = {}
    for row in graded:
        by_name.setdefault(row.student, []).append(row)
    return by_name


def test_a_solution_passes(rows: dict[str, list[Row]]) -> None:
    """The positive control: the grader does let answers pass."""
    assert [(row.exercise, row.passed) for row in rows["ada"]] == [("03a", True), ("03b", True)]
    assert all(row.seconds > 0 for row in rows["ada"])


def test_a_starter_does_not(rows: dict[str, list[Row]]) -> None:
    assert [row.passed for row in rows["bob"]] == [False, False]


def test_a_notebook_that_fakes_its_checks_gets_nothing(rows: dict[str, list[Row]]) -> None:
    assert [row.passed for row in rows["eve"]] == [False, False]
    assert [row.hints for row in rows["eve"]] == [2, 2]


def test_a_crash_costs_what_comes_after_it(rows: dict[str, list[Row]]) -> None:
    assert [row.passed for row in rows["cyd"]] == [True, False]
    assert "kernel died" in rows["cyd"][0].note


def test_a_notebook_of_another_kernel_is_graded(rows: dict[str, list[Row]]) -> None:
    assert [row.passed for row in rows["flo"]] == [True, True]


def test_a_broken_file_does_not_cost_the_others_their_grades(rows: dict[str, list[Row]]) -> None:
    assert [(row.exercise, row.passed) for row in rows["gus"]] == [("03a", False), ("03b", False)]
    assert "is no notebook" in rows["gus"][0].note
    assert rows["gus"][0].notebook == "gus/03_the_loop.ipynb"


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
