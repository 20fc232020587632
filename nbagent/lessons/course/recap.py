"""Three questions at a lesson's end: radio buttons where somebody is there, text elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from nbagent.lessons.course.exercise import Outline, Question
from nbagent.lessons.course.verdict import marked_up

RECAP_JS = files("nbagent.lessons.course") / "recap.js"


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
            data, _metadata = _widget(self.lesson.recap)._repr_mimebundle_()
            return {**data, **shown}
        return shown

    def _html(self) -> str:
        return "".join(
            f"<p><b>{n}. {marked_up(question.text)}</b></p><ul>"
            + "".join(f"<li>{a}) {marked_up(text)}</li>" for a, text in _lettered(question))
            + f"</ul><details><summary>Answer</summary>{marked_up(_answer(question))}</details>"
            for n, question in enumerate(self.lesson.recap, start=1)
        )


def _lettered(question: Question) -> Sequence[tuple[str, str]]:
    return list(zip("abcdefgh", question.options, strict=False))


def _answer(question: Question) -> str:
    letter, text = _lettered(question)[question.right]
    return f"{letter}) {text}. {question.why}"


def _widget(questions: Sequence[Question]) -> Any:
    """The questions as radio buttons; the page itself answers."""
    import anywidget  # noqa: PLC0415 -- loaded when shown
    import traitlets  # noqa: PLC0415 -- comes with it

    class RecapWidget(anywidget.AnyWidget):  # type: ignore[misc] # anywidget is not followed
        """Draws `questions`."""

        _esm = RECAP_JS.read_text(encoding="utf-8")
        questions: Any = traitlets.List().tag(sync=True)

    return RecapWidget(
        questions=[
            {
                "text": f"{n}. {question.text}",
                "options": list(question.options),
                "said": [answered(question, i) for i in range(len(question.options))],
            }
            for n, question in enumerate(questions, start=1)
        ]
    )
