"""Three questions at a lesson's end: radio buttons where somebody is there, text elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from nbagent.lessons.course.exercise import Outline, Question


def answered(question: Question, chosen: int) -> str:
    """What is said to an answer."""
    if chosen == question.right:
        return f"✔ right. {question.why}"
    return f"✘ not yet: “{question.options[chosen]}” does not hold. Choose again."


class Recap:
    """The questions of a lesson, which show themselves.

    Args:
        lesson: the lesson.
        interactive: whether somebody is there to answer.
    """

    def __init__(self, lesson: Outline, *, interactive: bool) -> None:
        self.lesson = lesson
        self.interactive = interactive

    def __repr__(self) -> str:
        return "\n\n".join(
            f"{n}. {question.text}\n"
            + "\n".join(f"   {letter}) {text}" for letter, text in _lettered(question))
            + f"\n   Answer: {_answer(question)}"
            for n, question in enumerate(self.lesson.recap, start=1)
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        shown: dict[str, Any] = {"text/plain": repr(self), "text/html": self._html()}
        if self.interactive:
            widget = _widget(self.lesson.recap)
            return {**widget._repr_mimebundle_(), "text/plain": repr(self)}
        return shown

    def _html(self) -> str:
        return "".join(
            f"<p><b>{n}. {escape(question.text)}</b></p><ul>"
            + "".join(f"<li>{letter}) {escape(text)}</li>" for letter, text in _lettered(question))
            + f"</ul><details><summary>Answer</summary>{escape(_answer(question))}</details>"
            for n, question in enumerate(self.lesson.recap, start=1)
        )


def _lettered(question: Question) -> Sequence[tuple[str, str]]:
    return list(zip("abcdefgh", question.options, strict=False))


def _answer(question: Question) -> str:
    letter, text = _lettered(question)[question.right]
    return f"{letter}) {text}. {question.why}"


def _widget(questions: Sequence[Question]) -> Any:
    """A group of radio buttons a question, each with a line that answers."""
    from ipywidgets import HTML, Layout, RadioButtons, VBox  # noqa: PLC0415 -- loaded when shown

    wide = Layout(width="auto")
    rows: list[Any] = []
    for n, question in enumerate(questions, start=1):
        head = HTML(f"<b>{n}. {escape(question.text)}</b>")
        options = [(text, i) for i, text in enumerate(question.options)]
        radio = RadioButtons(options=options, value=None, layout=wide)
        said = HTML("")

        def answer(change: Any, question: Question = question, said: Any = said) -> None:
            said.value = escape(answered(question, change["new"]))

        radio.observe(answer, "value")
        rows += [head, radio, said]
    return VBox(rows)
