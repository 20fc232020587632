"""The questions at a lesson's end: plain HTML, which a saved notebook asks as a live one does."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from nbagent.lessons.course import exercises
from nbagent.lessons.course.exercise import Outline, Question
from nbagent.lessons.course.recap import RIGHT, WRONG, Recap

ANSWER = re.compile(r"<details><summary>(\w)\) .*?</summary><p[^>]*>(.*?)</p></details>")


def answers(recap: Recap) -> dict[str, str]:
    """What each option of a recap of one question says when it is opened."""
    return dict(ANSWER.findall(recap._repr_mimebundle_()["text/html"]))


@pytest.mark.parametrize("number", exercises.numbers())
def test_each_question_has_one_right_answer_and_says_why(number: str) -> None:
    outline = exercises.lesson(number)
    for question in outline.recap:
        said = answers(Recap(only(outline, question)))
        assert len(said) == len(question.options)
        right = "abcdefgh"[question.right]
        assert said.pop(right).startswith(RIGHT)
        assert set(said.values()) == {WRONG}


def test_it_needs_neither_a_script_nor_a_kernel() -> None:
    bundle = Recap(exercises.lesson("03"))._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}, "a widget would be preferred, and be lost"
    assert "<script" not in bundle["text/html"]


def test_what_an_author_writes_is_no_markup() -> None:
    question = Question("Is `a < b` <b>so</b>?", ("<i>yes</i>", "no"), 0, "It is $1 & more.")
    html = Recap(only(exercises.lesson("01"), question))._repr_mimebundle_()["text/html"]
    assert "<code>a &lt; b</code> &lt;b&gt;so&lt;/b&gt;" in html
    assert "<i>" not in html


def only(outline: Outline, question: Question) -> Outline:
    """The outline with one question."""
    return replace(outline, recap=(question,))
