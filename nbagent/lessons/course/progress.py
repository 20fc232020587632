"""How far a learner came, on this machine: for the learner's own eyes, never for a grade."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from nbagent.lessons.course import exercises
from nbagent.lessons.course.exercise import Outline
from nbagent.paths import data_dir

FILE_NAME = "lessons.json"


@dataclass(frozen=True, slots=True)
class Mark:
    """What happened with one exercise.

    Attributes:
        passed: whether a check passed once.
        tries: how many checks there were.
        hints: how many hints were asked for.
        solution: whether the solution was opened.
    """

    passed: bool = False
    tries: int = 0
    hints: int = 0
    solution: bool = False


class Progress:
    """The marks, kept in one private file.

    Args:
        path: the file; the user's own if None.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or data_dir() / FILE_NAME

    def all(self) -> dict[str, Mark]:
        """The marks by exercise; a file that cannot be read counts as empty."""
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            return {str(name): Mark(**mark) for name, mark in stored.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def of(self, exercise: str) -> Mark:
        """The mark of one exercise."""
        return self.all().get(exercise, Mark())

    def note(self, exercise: str, change: Callable[[Mark], Mark]) -> Mark:
        """Change an exercise's mark, in one step on disk, and return it."""
        marks = self.all()
        marks[exercise] = change(marks.get(exercise, Mark()))
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        text = json.dumps({name: asdict(mark) for name, mark in sorted(marks.items())}, indent=1)
        fresh.write_text(text, encoding="utf-8")
        fresh.chmod(0o600)
        fresh.replace(self.path)
        return marks[exercise]


def tried(mark: Mark, *, passed: bool) -> Mark:
    """The mark after a check."""
    return replace(mark, tries=mark.tries + 1, passed=mark.passed or passed)


class CourseMap:
    """The course and how far one came, as a table of words and signs.

    Args:
        marks: the marks by exercise.
        current: number of the lesson that goes on; '' for none.
    """

    def __init__(self, marks: dict[str, Mark], current: str = "") -> None:
        self.marks = marks
        self.current = current
        self.lessons: list[Outline] = [exercises.lesson(number) for number in exercises.numbers()]

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Lesson, title, minutes and state of each lesson."""
        return [
            (each.number, each.title, f"{each.minutes} min", self._state(each))
            for each in self.lessons
        ]

    def _state(self, lesson: Outline) -> str:
        marks = [self.marks.get(each.id, Mark()) for each in lesson.exercises]
        n = sum(mark.passed for mark in marks)
        opened = sum(mark.solution for mark in marks)
        state = "✔ done" if marks and n == len(marks) else f"· {n} of {len(marks)} exercises"
        here = ", you are here" if lesson.number == self.current else ""
        solutions = f", {opened} solution{'s' * (opened > 1)} opened" if opened else ""
        return state + solutions + here

    def __repr__(self) -> str:
        rows = self.rows()
        wide = max(len(title) for _, title, _, _ in rows)
        return "\n".join(
            f"{n}  {title:<{wide}}  {time:>6}  {state}" for n, title, time, state in rows
        )

    def _repr_markdown_(self) -> str:
        head = "| Lesson | Title | Time | State |\n| --- | --- | --- | --- |\n"
        return head + "\n".join(f"| {' | '.join(row)} |" for row in self.rows())
