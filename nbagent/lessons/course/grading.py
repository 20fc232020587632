"""A class's notebooks graded: each is executed anew, in a process of its own, and then believed.

What a notebook shows or has stored is not looked at, but for the hints that it admits to. Behind
each exercise stands a cell of the grader's: it loads the checks anew, so that what the notebook
put in their place is gone, and tells its verdict under a word that the notebook cannot know. This
catches a notebook that fakes its output, its progress or `check`; it is no fence against code
that attacks the grader's own process. Run it where students' code may run.
"""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from nbagent.clock import Clock
from nbagent.errors import UsageError
from nbagent.lessons.course import exercises, notebooks
from nbagent.lessons.course.exercise import Exercise
from nbagent.lessons.course.exercises import FOLDER_VARIABLE
from nbagent.lessons.course.progress import FILE_NAME, Mark, Progress
from nbagent.lessons.course.verdict import MIME
from nbagent.lessons.running import (
    client_of,
    data_dir_of,
    lesson_server_of,
    private_environment,
)
from nbagent.lessons.server import PACE_VARIABLE

COLUMNS = ("student", "lesson", "exercise", "passed", "hints", "seconds")
LIMIT_S = 300.0
CELL = """\
import sys
for name in [name for name in sys.modules if name.startswith("nbagent.lessons")]:
    del sys.modules[name]
from nbagent.lessons.course.grader_cell import report
report({exercise!r}, {word!r}, lambda: ({answer}))
"""


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one exercise of one student.

    Attributes:
        student: the folder's name, or the file's where there is none.
        lesson: its number.
        exercise: its id.
        passed: whether the answer passed when it was executed anew.
        hints: how many hints were asked for, as far as the notebook tells.
        seconds: how long the exercise's cell and its check took.
        solution: whether the solution was opened, as far as the notebook tells.
        notebook: the file, as it stands in the folder that was collected.
        note: what a teacher should know, '' for nothing.
    """

    student: str
    lesson: str
    exercise: str
    passed: bool
    hints: int
    seconds: float
    solution: bool = False
    notebook: str = ""
    note: str = ""


def found(folder: Path) -> Iterator[tuple[str, Path]]:
    """Student and path of each notebook below a folder: `STUDENT/…/NN_name.ipynb`.

    Args:
        folder: the folder that was collected.
    """
    for path in sorted(folder.rglob("*.ipynb")):
        inner = path.relative_to(folder).parts
        if not any(part.startswith(".") for part in inner) and ".before-" not in path.name:
            yield (inner[0] if len(inner) > 1 else path.stem), path


def grade(folder: Path, clock: Clock, tell: Callable[[str], None], limit_s: float) -> list[Row]:
    """Grade every notebook of the course below a folder.

    Args:
        folder: the folder that was collected.
        clock: time.
        tell: given a line a notebook.
        limit_s: how long one notebook may take, in seconds.

    Raises:
        UsageError: there is none.
    """
    rows: list[Row] = []
    for student, path in found(folder):
        try:
            notebook = notebooks.read(path)
            number = notebooks.lesson_of(notebook) or path.name[:2]
            known = number in exercises.numbers()
            graded = list(_grade(notebook, number, student, clock, limit_s)) if known else []
        except UsageError as fault:
            graded = _unread(path, student, fault)
        n = sum(row.passed for row in graded)
        note = next((f": {row.note}" for row in graded if row.note), "")
        name = str(path.relative_to(folder))
        tell(
            f"{name}  " + (f"{n} of {len(graded)} passed{note}" if graded else "not of the course")
        )
        rows += [replace(row, notebook=name) for row in graded]
    if not rows:
        raise UsageError(f"There is no notebook of the course below {folder}.")
    return rows


def _grade(
    notebook: NotebookNode, number: str, student: str, clock: Clock, limit_s: float
) -> Iterator[Row]:
    claimed = {each.id: _claimed(notebook, each.id) for each in exercises.lesson(number).exercises}
    marked = _Marked(notebook, number)
    with tempfile.TemporaryDirectory(prefix="nbagent-grade-") as private:
        note = marked.execute(Path(private), clock, limit_s)
        seen = Progress(data_dir_of(Path(private)) / FILE_NAME).all()
    for exercise in exercises.lesson(number).exercises:
        verdict = marked.verdict(exercise.id)
        again, before = seen.get(exercise.id, Mark()), claimed[exercise.id]
        named = verdict.get("student") or student
        yield Row(
            student=student,
            lesson=number,
            exercise=exercise.id,
            passed=verdict.get("passed", False),
            hints=max(again.hints, before.hints),
            seconds=round(marked.seconds.get(exercise.id, 0.0), 2),
            solution=again.solution or before.solution,
            note=note if named == student else f"begun as student {named!r}. {note}".strip(),
        )


def _unread(path: Path, student: str, fault: UsageError) -> list[Row]:
    """Nothing passed in a file that is no notebook; its name says which lesson it should be."""
    number = path.name[:2]
    ids = exercises.lesson(number).exercises if number in exercises.numbers() else ()
    return [
        Row(student, number, each.id, passed=False, hints=0, seconds=0.0, note=str(fault))
        for each in ids
    ]


def _claimed(notebook: NotebookNode, exercise: str) -> Mark:
    """What the notebook's own outputs admit of hints; it can only count against it."""
    hints, opened = 0, False
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            shown = output.get("data", {}).get(MIME)
            if isinstance(shown, dict) and shown.get("exercise") == exercise:
                hints = max(hints, int(shown.get("hints_used") or 0))
                opened = opened or bool(shown.get("solution_opened"))
    return Mark(hints=hints, solution=opened)


class _Marked:
    """A notebook with the grader's cells in it.

    Args:
        notebook: the student's; not changed.
        number: its lesson.

    Attributes:
        seconds: how long each exercise took.
    """

    def __init__(self, notebook: NotebookNode, number: str) -> None:
        self.notebook: NotebookNode = notebooks.without_outputs(nbformat.from_dict(notebook))
        self.seconds: dict[str, float] = {}
        self._cells: dict[str, tuple[str, NotebookNode]] = {}
        self._owner: list[str] = [notebooks.exercise_of(cell) for cell in self.notebook.cells]
        for exercise in exercises.lesson(number).exercises:
            self._insert(exercise)

    def _insert(self, exercise: Exercise) -> None:
        """Put the grader's cell behind the last cell that is about the exercise."""
        about = [
            i
            for i, cell in enumerate(self.notebook.cells)
            if cell.cell_type == "code"
            and (notebooks.exercise_of(cell) == exercise.id or _checks(cell.source, exercise.id))
        ]
        if not about:
            return
        word = secrets.token_hex(16)
        source = CELL.format(exercise=exercise.id, word=word, answer=exercise.answer)
        cell = nbformat.v4.new_code_cell(source)
        self.notebook.cells.insert(about[-1] + 1, cell)
        self._owner.insert(about[-1] + 1, exercise.id)
        self._cells[exercise.id] = (word, cell)

    def execute(self, private: Path, clock: Clock, limit_s: float) -> str:
        """Execute all cells; returns what went wrong with the whole, '' for nothing."""
        from nbclient.exceptions import (  # noqa: PLC0415 -- an extra; the command checks
            CellTimeoutError,
            DeadKernelError,
        )

        client = client_of(
            self.notebook,
            allow_errors=True,
            kernel_name=notebooks.KERNEL,
            resources=_in_folder(private),
            shutdown_kernel="immediate",
        )
        environ = private_environment({**os.environ, PACE_VARIABLE: "inf"}, private)
        if FOLDER_VARIABLE in os.environ:
            environ[FOLDER_VARIABLE] = os.environ[FOLDER_VARIABLE]
        end = clock.now() + limit_s
        with lesson_server_of(private), client.setup_kernel(env=environ, cwd=str(private)):
            for i, (cell, owner) in enumerate(zip(self.notebook.cells, self._owner, strict=True)):
                begin = clock.now()
                client.timeout = max(1, round(end - begin))
                try:
                    client.execute_cell(cell, i)
                except CellTimeoutError:
                    return f"ended at the limit of {limit_s:.0f} s"
                except DeadKernelError:
                    return "its kernel died"
                if owner:
                    spent = self.seconds.get(owner, 0.0)
                    self.seconds[owner] = spent + clock.now() - begin
        return ""

    def verdict(self, exercise: str) -> Mapping[str, Any]:
        """What the grader's cell told under its word; {} if nothing."""
        word, cell = self._cells.get(exercise, ("", None))
        outputs = cell.get("outputs", []) if cell is not None else []
        told = [output.get("data", {}).get(MIME) for output in outputs]
        return next((t for t in told if isinstance(t, dict) and t.get("word") == word), {})


def _checks(source: str, exercise: str) -> bool:
    return f'check("{exercise}"' in source or f"check('{exercise}'" in source


def _in_folder(private: Path) -> dict[str, Any]:
    return {"metadata": {"path": str(private)}}


def as_csv(rows: list[Row]) -> str:
    """The rows as CSV: `student,lesson,exercise,passed,hints,seconds`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        values = asdict(row) | {"passed": int(row.passed)}
        writer.writerow([values[name] for name in COLUMNS])
    return text.getvalue()


def as_json(rows: list[Row]) -> str:
    """The rows as JSON, with what the CSV leaves out."""
    return json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False) + "\n"
