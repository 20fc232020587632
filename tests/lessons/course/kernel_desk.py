"""A learner at an exercise whose cells need a kernel: those with `%%kimi`, and those after them."""

from __future__ import annotations

from dataclasses import dataclass

from nbagent.clock import SystemClock
from nbagent.lessons.course import exercises, notebooks
from nbagent.lessons.course.classroom import Classroom
from nbagent.lessons.course.exercise import Exercise
from nbagent.lessons.course.verdict import MIME
from tests.live_kernel import LiveKernel


def needs_a_kernel(exercise: Exercise) -> bool:
    """Whether the lesson has exercises that are asked with `%%kimi`."""
    return any(
        each.starter.startswith("%%") for each in exercises.lesson(exercise.lesson).exercises
    )


@dataclass(frozen=True)
class Told:
    """A verdict as the kernel displayed it."""

    passed: bool
    hint: str
    text: str

    def __repr__(self) -> str:
        return self.text


class KernelDesk:
    """The notebook's cells before the exercise have run, `%%kimi` among them.

    Args:
        exercise: the exercise.
        student: whose data it is.
    """

    def __init__(self, exercise: Exercise, student: str = "") -> None:
        self.exercise = exercise
        self.room = Classroom(None, SystemClock(), {})
        self._kernel = LiveKernel()
        for cell in notebooks.read(notebooks.source(exercise.lesson)).cells:
            if cell.id == f"ex-{exercise.id}":
                break
            if cell.cell_type == "code" and "lessons.check(" not in cell.source:
                other = notebooks.exercise_of(cell)
                source = exercises.exercise(other).solution if other else cell.source
                self.run(
                    source.replace("lessons.start(", f"lessons.start(student={student!r}, number=")
                )
        self.run("before_the_exercise = set(globals())")

    def run(self, source: str) -> None:
        """Run a cell."""
        self._kernel.run(source)

    def tries(self, source: str) -> Told:
        """Type an answer into a fresh starter, run it, and check what is there then."""
        self.run(
            "for name in set(globals()) - before_the_exercise - {'before_the_exercise', 'name'}:\n"
            "    if not name.startswith('_'): del globals()[name]"
        )
        self.run(self.exercise.starter)
        self.run(source)
        call = f'lessons.check("{self.exercise.id}", {self.exercise.answer})'
        cell = self._kernel.run(call)
        (shown,) = [o["data"] for o in cell.outputs if MIME in o.get("data", {})]
        return Told(shown[MIME]["passed"], shown[MIME]["hint"], shown["text/plain"])

    def close(self) -> None:
        """End the kernel."""
        self._kernel.close()
