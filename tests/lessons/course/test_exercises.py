"""Every exercise: the starter fails kindly, the solution passes, wrong answers get their hints."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbagent.clock import SystemClock
from nbagent.errors import UsageError
from nbagent.lessons.course import exercises, notebooks
from nbagent.lessons.course.classroom import Classroom
from nbagent.lessons.course.exercise import Case, Exercise, Wrong, seeded
from nbagent.lessons.course.exercises.l03 import WHILE
from nbagent.lessons.course.lesson import Lesson, Scripted
from nbagent.lessons.course.progress import Progress
from nbagent.lessons.course.verdict import Verdict
from nbagent.lessons.process import Server
from tests.lessons.course.kernel_desk import KernelDesk, needs_a_kernel

ALL = [each for n in exercises.numbers() for each in exercises.lesson(n).exercises]
SLOW = [pytest.mark.kernel, pytest.mark.long]
BY_ID = pytest.mark.parametrize(
    "exercise",
    [pytest.param(e, marks=SLOW if needs_a_kernel(e) else [], id=e.id) for e in ALL],
)


class Desk:
    """A learner at an exercise: the notebook's cells before it have run, `%%` cells left out."""

    def __init__(self, exercise: Exercise, server: Server, path: Path, student: str = "") -> None:
        self.exercise = exercise
        self.room = Classroom(None, SystemClock(), {}, Progress(path / "lessons.json"))
        self.room.lesson = Lesson(exercises.lesson(exercise.lesson), Scripted(server), student)
        self.names: dict[str, Any] = {"lesson": self.room.lesson, "__name__": "__main__"}
        for cell in notebooks.read(notebooks.source(exercise.lesson)).cells:
            if cell.id == f"ex-{exercise.id}":
                break
            if cell.cell_type == "code" and not skipped(cell.source):
                source = cell.source
                other = notebooks.exercise_of(cell)
                if other:
                    source = exercises.exercise(other).solution
                self.run(without_start(source))

    def run(self, source: str) -> None:
        exec(compile(source, "<cell>", "exec"), self.names)

    def tries(self, source: str) -> Verdict:
        """Type an answer into a fresh starter, run it, and check what is there then."""
        self.run(self.exercise.starter)
        with contextlib.suppress(Exception):  # a learner goes on from a cell that raised
            self.run(source)
        return self.room.check(self.exercise.id, eval(self.exercise.answer, self.names))


Sit = Callable[..., Desk | KernelDesk]


@pytest.fixture
def sit(server: Server, tmp_path: Path) -> Iterator[Sit]:
    """Seats a learner at an exercise; whatever it needs ends with the test."""
    desks: list[KernelDesk] = []

    def sit(exercise: Exercise, student: str = "") -> Desk | KernelDesk:
        if not needs_a_kernel(exercise):
            return Desk(exercise, server, tmp_path, student)
        desks.append(KernelDesk(exercise, student))
        return desks[-1]

    yield sit
    for desk in desks:
        desk.close()


def skipped(source: str) -> bool:
    return source.startswith("%") or "lessons.check(" in source or "inspect.getsource" in source


def without_start(source: str) -> str:
    return "\n".join(line for line in source.splitlines() if "lessons.start(" not in line)


@BY_ID
def test_the_starter_fails_kindly(exercise: Exercise, sit: Sit) -> None:
    verdict = sit(exercise).tries(exercise.starter)
    assert not verdict.passed
    assert verdict.hint
    assert "Traceback" not in repr(verdict)


@BY_ID
def test_the_solution_passes(exercise: Exercise, sit: Sit) -> None:
    desk = sit(exercise)
    verdict = desk.tries(exercise.solution)
    assert verdict.passed, repr(verdict)
    assert desk.room.marks.of(exercise.id).passed


@BY_ID
def test_each_wrong_answer_gets_a_hint_of_its_own(exercise: Exercise, sit: Sit) -> None:
    desk = sit(exercise)
    hints = []
    for wrong in exercise.wrong:
        verdict = desk.tries(wrong.source)
        assert not verdict.passed, wrong.source
        assert wrong.hint in verdict.hint, repr(verdict)
        hints.append(verdict.hint)
    assert len(hints) >= 3
    assert len(set(hints)) == len(hints)


@BY_ID
def test_another_student_passes_with_the_same_solution(exercise: Exercise, sit: Sit) -> None:
    assert sit(exercise, "ada").tries(exercise.solution).passed


@BY_ID
def test_no_solution_is_in_the_notebook(exercise: Exercise) -> None:
    text = notebooks.source(exercise.lesson).read_text()
    assert exercise.solution.strip() not in text
    starters = dict(notebooks.exercise_cells(notebooks.read(notebooks.source(exercise.lesson))))
    assert starters[exercise.id].source == exercise.starter.rstrip()


def test_one_students_numbers_are_not_anothers(server: Server, tmp_path: Path) -> None:
    """The positive control: Bob's answer, copied, fails for Ada."""
    exercise = exercises.exercise("01a")
    assert exercise.given is not None
    ada, bob = (exercise.given(seeded(name, "01a"))["calls"] for name in ("ada", "bob"))
    assert ada != bob
    copied = exercise.solution.replace('lesson.given("01a")["calls"]', str(bob))
    assert Desk(exercise, server, tmp_path, student="bob").tries(copied).passed
    assert not Desk(exercise, server, tmp_path, student="ada").tries(copied).passed


@pytest.mark.parametrize("wrong", [None, *exercises.exercise("01a").wrong])
def test_a_price_is_judged_by_the_call_that_it_is_of(
    wrong: Wrong | None, server: Server, tmp_path: Path
) -> None:
    """`%%kimi` asks the same in the lesson's last part, and its longer prompt costs more."""
    exercise = exercises.exercise("01a")
    desk = Desk(exercise, server, tmp_path)
    desk.run(
        "client.chat.completions.create(model=lesson.model, "
        "messages=[{'role': 'system', 'content': 'Be brief. ' * 50}, question])"
    )
    verdict = desk.tries(wrong.source if wrong else exercise.solution)
    assert verdict.passed is (wrong is None), repr(verdict)
    assert wrong is None or wrong.hint in verdict.hint


def test_a_check_that_believes_everything_would_be_noticed(server: Server, tmp_path: Path) -> None:
    """The positive control of this file: a check that lets all pass fails the tests above."""
    naive = Exercise(
        id="03a",
        title="x",
        answer="run_loop",
        starter=WHILE.starter,
        solution=WHILE.solution,
        check=lambda _answer, _ground: iter([Case("anything", passed=True)]),
        hints=("", ""),
        wrong=WHILE.wrong,
    )
    desk = Desk(WHILE, server, tmp_path)
    desk.run(WHILE.starter)
    from nbagent.lessons.course.exercise import Ground  # noqa: PLC0415 -- only here
    from nbagent.lessons.course.judging import judge  # noqa: PLC0415 -- only here

    assert judge(naive, desk.names["run_loop"], Ground("03a")).passed
    assert not judge(WHILE, desk.names["run_loop"], Ground("03a")).passed


@pytest.mark.long
def test_a_loop_without_an_end_is_ended_and_told(server: Server, tmp_path: Path) -> None:
    verdict = Desk(WHILE, server, tmp_path).tries(
        "def run_loop(messages, tools):\n    while True:\n        pass\n"
    )
    assert not verdict.passed
    assert "without an end" in verdict.hint
    assert "no end within" in verdict.difference


def test_what_an_answer_raises_is_told_with_its_line(server: Server, tmp_path: Path) -> None:
    verdict = Desk(WHILE, server, tmp_path).tries(
        "def run_loop(messages, tools):\n    reply = ask(messages, tools)\n    return reply['x']\n"
    )
    assert "KeyError" in verdict.difference
    assert "line 3" in verdict.note
    assert "keys" in verdict.hint


def test_a_verdict_is_a_plain_object_with_words_beside_its_signs(
    server: Server, tmp_path: Path
) -> None:
    verdict = Desk(WHILE, server, tmp_path).tries(WHILE.wrong[0].source)
    assert json.loads(json.dumps(verdict.as_dict()))["passed"] is False
    bundle = verdict._repr_mimebundle_()
    for form in ("text/plain", "text/html"):
        assert "✘ not yet" in bundle[form]
        assert "✔ passed" in bundle[form]
        assert "Hint:" in bundle[form]
    assert "color" not in bundle["text/html"]


def test_hints_and_solutions_are_counted(server: Server, tmp_path: Path) -> None:
    room = Desk(WHILE, server, tmp_path).room
    assert room.hint("03a") != room.hint("03a")
    assert "solution" in room.hint("03a")
    assert WHILE.solution not in room.solution("03a")
    assert not room.marks.of("03a").solution
    assert room.solution("03a", show=True) == WHILE.solution
    verdict = room.check("03a", ...)
    assert (verdict.hints_used, verdict.solution_opened) == (3, True)
    assert "1 solution opened" in repr(room.progress())


def test_before_a_lesson_has_begun_a_check_says_so(tmp_path: Path) -> None:
    room = Classroom(None, SystemClock(), {}, Progress(tmp_path / "lessons.json"))
    assert 'lessons.start("03")' in room.check("03a", 1).hint
    with pytest.raises(UsageError, match="03a, 03b"):
        room.check("03z", 1)
