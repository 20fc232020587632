"""What an exercise is: text to begin with, a solution, hints, and a check made of named cases.

Everything about an exercise is data or a plain function, so that tests go over all of them:
the starter fails kindly, the solution passes, each wrong answer gets a hint of its own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeAlias

from nbagent.lessons.course.requests import Request


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that a check looked at.

    Attributes:
        name: what should hold, in words.
        passed: whether it does.
        difference: the first difference, in words; '' if it passed.
        hint: what to think about if this is the first case that fails.
    """

    name: str
    passed: bool
    difference: str = ""
    hint: str = ""


Cases: TypeAlias = Iterator[Case]


@dataclass(frozen=True, slots=True)
class Ground:
    """What a check may look at besides the answer.

    Attributes:
        exercise: the exercise's id.
        student: whose data it is; '' for the same data for everybody.
        requests: the chat requests since the lesson began, oldest first.
    """

    exercise: str
    student: str = ""
    requests: Sequence[Request] = ()

    @property
    def random(self) -> random.Random:
        """A source of data that is this student's own, the same at each call."""
        return seeded(self.student, self.exercise)


def seeded(student: str, exercise: str) -> random.Random:
    """Random numbers that follow from a student and an exercise, on every machine alike."""
    digest = sha256(f"{student}\0{exercise}".encode()).hexdigest()
    return random.Random(digest)  # noqa: S311 -- data for an exercise, not a secret


def handed_in(answer: Any, _: Ground) -> Cases:
    """The check of an exercise that is graded elsewhere: whether there is an answer."""
    yield Case("there is an answer; it is graded when you hand it in", answer is not None)


@dataclass(frozen=True, slots=True)
class Wrong:
    """A plausible wrong answer.

    Attributes:
        source: what a learner types into the exercise's cell.
        hint: words that the hint for it must hold.
    """

    source: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """One exercise.

    Attributes:
        id: the lesson's number and a letter, as `03a`.
        title: a few words.
        answer: the expression that the check cell hands over, as `my_loop`.
        starter: the source of the exercise's cell; it runs, and fails the check kindly.
        solution: the source that passes.
        check: looks at the answer, case by case; whatever it raises is told as the learner's.
        hints: two more hints, for `hint(id)`: the first general, the second nearly the answer.
        wrong: at least three wrong answers, each with the hint that it must get.
        given: makes the exercise's data from a student's random numbers, for `lesson.given(id)`.
    """

    id: str
    title: str
    answer: str
    starter: str
    solution: str
    check: Callable[[Any, Ground], Cases]
    hints: tuple[str, str]
    wrong: tuple[Wrong, ...]
    given: Callable[[random.Random], Any] | None = None

    @property
    def lesson(self) -> str:
        """The lesson's number."""
        return self.id[:2]


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a recap.

    Attributes:
        text: the question.
        options: what can be chosen.
        right: index of the right option.
        why: the reason, shown after an answer.
    """

    text: str
    options: tuple[str, ...]
    right: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A lesson as the course map lists it.

    Attributes:
        number: two digits.
        title: its title.
        question: the learner's question.
        minutes: how long it takes, about.
        live_usd: what its cells may cost with the real model: `prices.estimate_usd` of what the
            solved notebook sends, rounded up; `python -m tests.lessons.course NN` tells it.
        recap: three questions.
        exercises: in the order of the notebook.
    """

    number: str
    title: str
    question: str
    minutes: int
    live_usd: float
    recap: tuple[Question, ...] = field(default=(), repr=False)
    exercises: tuple[Exercise, ...] = field(default=(), repr=False)
