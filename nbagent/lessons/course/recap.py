"""Three questions at a lesson's end: each option opens and says whether it holds.

They are plain HTML, so a saved notebook asks them as well as a live one does, with no kernel and
no script; a front end without HTML shows the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbagent.lessons.course.exercise import Outline, Question
from nbagent.lessons.course.verdict import marked_up

TASK = "Choose an answer: it opens, and says whether it holds."
RIGHT, WRONG = "✔ right.", "✘ not yet: this does not hold. Choose again."


class Recap:
    """The questions of a lesson, which show themselves.

    Args:
        lesson: the lesson.
    """

    def __init__(self, lesson: Outline) -> None:
        self.lesson = lesson

    def __repr__(self) -> str:
        return "\n\n".join(
            f"{n}. {question.text}\n"
            + "\n".join(f"   {letter}) {text}" for letter, text in _lettered(question))
            + f"\n   Answer: {_answer(question)}"
            for n, question in enumerate(self.lesson.recap, start=1)
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": self._html()}

    def _html(self) -> str:
        asked = (
            f'<p style="margin:16px 0 4px"><b>{n}. {marked_up(question.text)}</b></p>'
            + _options(question)
            for n, question in enumerate(self.lesson.recap, start=1)
        )
        return f"<p>{TASK}</p>{''.join(asked)}"


def _options(question: Question) -> str:
    return "".join(
        f"<details><summary>{letter}) {marked_up(text)}</summary>"
        f'<p style="margin:2px 0 8px 2em">{_said(question, i)}</p></details>'
        for i, (letter, text) in enumerate(_lettered(question))
    )


def _said(question: Question, chosen: int) -> str:
    return f"{RIGHT} {marked_up(question.why)}" if chosen == question.right else WRONG


def _lettered(question: Question) -> Sequence[tuple[str, str]]:
    return list(zip("abcdefgh", question.options, strict=False))


def _answer(question: Question) -> str:
    letter, text = _lettered(question)[question.right]
    return f"{letter}) {text}. {question.why}"
