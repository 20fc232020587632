"""Looks at an answer without ever raising: what a learner's code raises is told to the learner.

Nothing here opens a connection. A check has two seconds.
"""

from __future__ import annotations

import linecache
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from traceback import FrameSummary, extract_tb
from types import FrameType
from typing import Any, NoReturn

from nbagent.lessons.course.exercise import Case, Exercise, Ground
from nbagent.lessons.course.verdict import Verdict

LIMIT_S = 2.0
PACKAGE = str(Path(__file__).parents[2])
UNTOUCHED = "The answer is still `...`."
MEANINGS = {
    "AttributeError": "A value is of another kind than your code takes it for.",
    "IndexError": "A list is shorter than your code takes it for.",
    "KeyError": "A dict has no such key; print its keys to see which there are.",
    "NameError": "A name is used that is defined nowhere, or spelt otherwise.",
    "TypeError": "A value is of another kind than your code takes it for, or a call has too many "
    "or too few arguments.",
    "ValueError": "A value is of the right kind, but its content does not fit.",
    "ZeroDivisionError": "Something is divided by zero.",
    "TimeUp": "It goes on without an end. Look at what should end it.",
}


class Endless(Exception):
    """The learner's code goes on without an end; the fakes of a check raise it."""


class TimeUp(BaseException):
    """The check's time is over; no `except Exception` of a learner or a check keeps it back."""


def judge(exercise: Exercise, answer: Any, ground: Ground) -> Verdict:
    """Check an answer.

    Args:
        exercise: the exercise.
        answer: whatever the learner handed over.
        ground: what else the check may look at.
    """
    if _untouched(answer):
        return Verdict(exercise.id, exercise.title, (_not_begun(ground),))
    cases: list[Case] = []
    note = ""
    error: BaseException | None
    try:
        with _limited(LIMIT_S):
            _, error = attempt(cases.extend, _with_hints(exercise, exercise.check(answer, ground)))
    except TimeUp as up:
        error = up
    if error is not None:
        note = explained(error)
        hint = MEANINGS.get(type(error).__name__, exercise.hints[0])
        said = f"{type(error).__name__}: {error}".removesuffix(": ")
        cases.append(Case("your code runs to its end", passed=False, difference=said, hint=hint))
    return Verdict(exercise.id, exercise.title, tuple(cases), note)


def attempt(function: Callable[..., Any], *arguments: Any) -> tuple[Any, Exception | None]:
    """Call a learner's code: what it returned, and what it raised instead, if it did."""
    try:
        return function(*arguments), None
    except Exception as error:  # noqa: BLE001 -- a learner's code may raise anything; it is told
        return None, error


def _not_begun(ground: Ground) -> Case:
    refusal = ground.requests[-1].refusal if ground.requests else ""
    hint = "Put your own code in the place of `...`, run that cell, then this one."
    if refusal:
        hint = f"The server refused your last request: {refusal}"
    return Case("there is an answer", passed=False, difference=UNTOUCHED, hint=hint)


def _with_hints(exercise: Exercise, cases: Iterator[Case]) -> Iterator[Case]:
    for case in cases:
        yield case if case.passed or case.hint else replace(case, hint=exercise.hints[0])


def _untouched(answer: Any) -> bool:
    if isinstance(answer, dict):
        return any(value is ... for value in answer.values())
    return answer is ... or (isinstance(answer, tuple | list) and any(v is ... for v in answer))


def explained(error: BaseException) -> str:
    """Where the learner's own code was when it raised, in words."""
    own = [frame for frame in extract_tb(error.__traceback__) if _is_learners(frame)]
    if not own:
        return "The answer has another form than the exercise asks for."
    frame = own[-1]
    line = (frame.line or linecache.getline(frame.filename, frame.lineno or 0)).strip()
    where = f"line {frame.lineno} of the cell, in `{frame.name}`"
    return f"Your code stopped at {where}: `{line}`" if line else f"Your code stopped at {where}."


def _is_learners(frame: FrameSummary) -> bool:
    """Frames of this package and of installed ones are not the learner's."""
    path = frame.filename
    return not path.startswith(PACKAGE) and "site-packages" not in path and "/lib/" not in path


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """End what runs in here after some time, where the system and the thread allow it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        raise TimeUp(f"no end within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, end)
    timer = signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *timer)
