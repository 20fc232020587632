"""What a check found, as a plain object that shows itself: a sign and a word for each case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from nbagent.lessons.course.exercise import Case

MIME = "application/vnd.nbagent.check+json"
CODE = re.compile(r"`([^`\n]+)`")
PASSED, FAILED = "✔ passed", "✘ not yet"


def marked_up(text: str) -> str:
    """A text as HTML: code between backticks, and dollars that Jupyter does not take for maths."""
    return CODE.sub(r"<code>\1</code>", escape(text)).replace("$", "<span>$</span>")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a check.

    Attributes:
        exercise: the exercise's id.
        title: its title.
        cases: what was looked at, in order.
        note: a line about what went wrong in the answer itself, if anything did.
        hints_used: how many hints were asked for so far.
        solution_opened: whether the solution was opened.
    """

    exercise: str
    title: str
    cases: tuple[Case, ...]
    note: str = ""
    hints_used: int = 0
    solution_opened: bool = False

    @property
    def passed(self) -> bool:
        """Whether every case passed."""
        return bool(self.cases) and all(case.passed for case in self.cases)

    @property
    def first_failure(self) -> Case | None:
        """The first case that failed."""
        return next((case for case in self.cases if not case.passed), None)

    @property
    def difference(self) -> str:
        """The first difference, in words; '' if there is none."""
        failure = self.first_failure
        return failure.difference if failure else ""

    @property
    def hint(self) -> str:
        """The hint for the first case that failed; '' if all passed."""
        failure = self.first_failure
        return failure.hint if failure else ""

    def as_dict(self) -> dict[str, Any]:
        """The verdict as JSON values."""
        return asdict(self) | {"passed": self.passed, "hint": self.hint}

    def __repr__(self) -> str:
        return "\n".join(self._lines())

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": self._html(), MIME: self.as_dict()}

    def _head(self) -> str:
        n = sum(case.passed for case in self.cases)
        state = PASSED if self.passed else FAILED
        return f"{self.exercise} {self.title}: {state}, {n} of {len(self.cases)} cases"

    def _after(self) -> list[tuple[str, str]]:
        if self.passed:
            return []
        rows = [("Note", self.note), ("First difference", self.difference), ("Hint", self.hint)]
        more = f'lessons.hint("{self.exercise}") gives another hint.'
        return [(label, text) for label, text in rows if text] + [("More", more)]

    def _lines(self) -> Sequence[str]:
        cases = [f"  {PASSED if c.passed else FAILED}: {c.name}" for c in self.cases]
        return [self._head(), *cases, *(f"{label}: {text}" for label, text in self._after())]

    def _html(self) -> str:
        cases = "".join(
            f"<li>{escape(PASSED if case.passed else FAILED)}: {marked_up(case.name)}</li>"
            for case in self.cases
        )
        after = "".join(
            f'<p style="margin:4px 0;white-space:pre-wrap"><b>{escape(label)}:</b> '
            f"{marked_up(text)}</p>"
            for label, text in self._after()
        )
        return (
            '<div style="border-left:3px solid #80808080;padding:2px 0 2px 12px">'
            f"<p><b>{escape(self._head())}</b></p>"
            f'<ul style="list-style:none;padding-left:0">{cases}</ul>{after}</div>'
        )
