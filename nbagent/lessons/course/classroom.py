"""What a notebook calls: `start`, `check`, `hint`, `solution`, `progress`, `recap`, `race`."""

from __future__ import annotations

import os
import sys
from collections.abc import MutableMapping
from dataclasses import replace
from functools import cache
from typing import Any

from IPython import get_ipython

from nbagent.clock import Clock, SystemClock
from nbagent.errors import NoKeyError
from nbagent.lessons.course import exercises, live
from nbagent.lessons.course.exercise import Case, Exercise, Ground
from nbagent.lessons.course.judging import judge
from nbagent.lessons.course.lesson import Lesson, Place, Scripted
from nbagent.lessons.course.prices import AS_OF, MARGIN, REPLY_TOKENS
from nbagent.lessons.course.progress import CourseMap, Progress, tried
from nbagent.lessons.course.race import Race
from nbagent.lessons.course.recap import Recap
from nbagent.lessons.course.verdict import Verdict
from nbagent.lessons.process import ensure
from nbagent.settings import KEY_VARIABLES

IDLE_MINUTES = 120.0
"""A lesson's server outlives a lunch; it costs 20 MB meanwhile."""
SERVER_GONE = "The lesson server has ended, as nobody asked it anything for a long time."


class Told(str):
    """A text that a cell shows as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Classroom:
    """One kernel's lessons.

    Args:
        shell: IPython's shell; None in a script.
        clock: time.
        environ: the process environment; loopback is exempted from its proxy.
        progress: where the marks are kept; the user's own file if None.
    """

    def __init__(
        self,
        shell: Any,
        clock: Clock,
        environ: MutableMapping[str, str],
        progress: Progress | None = None,
    ) -> None:
        self.lesson: Lesson | None = None
        self._shell = shell
        self._clock = clock
        self._environ = environ
        self._progress = progress

    @property
    def marks(self) -> Progress:
        """The learner's marks."""
        return self._progress or Progress()

    def start(self, number: str, student: str | None = None) -> Lesson:
        """Begin a lesson; see `start` below."""
        outline = exercises.lesson(number)
        exempt_loopback(self._environ)
        place = self._live() if live.wanted(self._environ) else self._scripted()
        self.lesson = Lesson(outline, place, student or "")
        _print(f"Lesson {outline.number} · {outline.title} · about {outline.minutes} minutes")
        if isinstance(place, live.Live):
            _print(
                f"LIVE: this lesson's requests go to {place.host} with your key. The client's go "
                f"at most {live.PER_MINUTE} a minute; `%%kimi` waits when the endpoint asks it "
                f"to. The whole lesson may cost about ${outline.live_usd:.2f}: {MARGIN:.0f} "
                f"times its requests with {REPLY_TOKENS:,} tokens a reply, at Moonshot's prices "
                f"of {AS_OF}. `lesson.cost()` counts what it does cost."
            )
        self._choose("lesson" if not place.live else "moonshot")
        return self.lesson

    def check(self, name: str, answer: Any) -> Verdict:
        """Check an answer; see `check` below."""
        exercise = exercises.exercise(name)
        verdict = self._judged(exercise, answer)
        mark = self.marks.note(name, lambda mark: tried(mark, passed=verdict.passed))
        return replace(verdict, hints_used=mark.hints, solution_opened=mark.solution)

    def hint(self, name: str) -> Told:
        """The next hint; see `hint` below."""
        hints = exercises.exercise(name).hints
        mark = self.marks.note(name, lambda mark: replace(mark, hints=mark.hints + 1))
        n = min(mark.hints, len(hints))
        more = "" if n < len(hints) else f'\nThere is a solution: lessons.solution("{name}").'
        return Told(f"Hint {n} of {len(hints)}: {hints[n - 1]}{more}")

    def solution(self, name: str, *, show: bool = False) -> Told:
        """The solution; see `solution` below."""
        exercise = exercises.exercise(name)
        if not exercise.solution:
            return Told("This exercise is graded; there is no solution here.")
        if not show:
            return Told(
                "A solution that you find yourself is worth more. Opening this one is counted: "
                f'lessons.solution("{name}", show=True).'
            )
        self.marks.note(name, lambda mark: replace(mark, solution=True))
        return Told(exercise.solution)

    def progress(self) -> CourseMap:
        """The course map."""
        return CourseMap(self.marks.all(), self.lesson.outline.number if self.lesson else "")

    def recap(self, number: str) -> Recap:
        """A lesson's questions."""
        return Recap(exercises.lesson(number))

    def race(self) -> Race:
        """Two speeds of decoding side by side."""
        return Race(interactive=_somebody_is_there(self._shell))

    def _judged(self, exercise: Exercise, answer: Any) -> Verdict:
        if self.lesson is None:
            hint = f'Run the cell with lessons.start("{exercise.lesson}") first.'
            begun = Case("the lesson has begun", passed=False, hint=hint)
            return Verdict(exercise.id, exercise.title, (begun,))
        try:
            requests = self.lesson.requests
        except OSError:
            hint = "Run the notebook's first cells again, down to the client."
            gone = Case("the server answers", passed=False, difference=SERVER_GONE, hint=hint)
            return Verdict(exercise.id, exercise.title, (gone,))
        return judge(exercise, answer, Ground(exercise.id, self.lesson.student, requests))

    def _scripted(self) -> Place:
        return Scripted(ensure(self._clock, idle_minutes=IDLE_MINUTES))

    def _live(self) -> Place:
        key = live.key_in(self._environ)
        if key is None:
            raise NoKeyError(
                f"{live.LIVE_VARIABLE} is 1, but there is no key: nothing was sent.",
                f"Set {KEY_VARIABLES[0]}, or unset {live.LIVE_VARIABLE} for scripted replies.",
            )
        return live.Live(live.url_in(self._environ), key, self._clock, _print)

    def _choose(self, endpoint: str) -> None:
        """Send `%%kimi` to the same place; it says so itself."""
        if self._shell is None:
            return
        if "kimi" not in self._shell.magics_manager.magics["cell"]:
            self._shell.run_line_magic("load_ext", "nbagent")
        self._shell.run_line_magic("kimi", f"use {endpoint}")


def exempt_loopback(environ: MutableMapping[str, str]) -> None:
    """Let a learner's plain client reach this machine: the SDK sends even that to a proxy."""
    named = {name: environ.get(name, "") for name in ("no_proxy", "NO_PROXY")}
    hosts = [host.strip() for value in named.values() for host in value.split(",")]
    joined = ",".join(dict.fromkeys(filter(None, [*hosts, "127.0.0.1"])))
    environ.update(dict.fromkeys(named, joined))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _somebody_is_there(shell: Any) -> bool:
    """Whether somebody can answer a question: the cell's request says so; nbclient's denies it."""
    kernel = getattr(shell, "kernel", None)
    request = kernel.get_parent("shell") if kernel is not None else {}
    return bool((request or {}).get("content", {}).get("allow_stdin", False))


@cache
def here() -> Classroom:
    """This kernel's classroom."""
    return Classroom(get_ipython(), SystemClock(), os.environ)


def start(number: str, student: str | None = None) -> Lesson:
    """Begin a lesson: scripted replies, or the real model where `NBAGENT_LIVE=1` and a key are set.

    Starts or finds the lesson server, chooses the same replies for `%%kimi`, and says which.

    Args:
        number: the lesson's number, as `"03"`.
        student: a name that gives exercises data of their own; None for the same for everybody.

    Raises:
        UsageError: there is no such lesson.
        NoKeyError: live is wanted, and there is no key.
        ConnectionFailed: the lesson server could not be started.
    """
    return here().start(number, student)


def check(exercise: str, answer: Any) -> Verdict:
    """Check an answer, case by case; an answer that raises is told, not raised.

    Args:
        exercise: the exercise's id, as `"03a"`.
        answer: whatever the exercise asks for.

    Raises:
        UsageError: there is no such exercise.
    """
    return here().check(exercise, answer)


def hint(exercise: str) -> Told:
    """The next hint for an exercise; asking is counted."""
    return here().hint(exercise)


def solution(exercise: str, *, show: bool = False) -> Told:
    """The solution of an exercise; `show=True` opens it, which is counted."""
    return here().solution(exercise, show=show)


def progress() -> CourseMap:
    """The course map: what is done, and what is open."""
    return here().progress()


def recap(number: str) -> Recap:
    """The three questions at the end of a lesson."""
    return here().recap(number)


def race() -> Race:
    """Two agents that do the same turns at two speeds of decoding, as a chart with sliders."""
    return here().race()
