"""Kernels of one user share a server; each lesson looks at what its own kernel has sent."""

from __future__ import annotations

from dataclasses import replace

import openai
import pytest

from nbagent.lessons import control
from nbagent.lessons.course import exercises
from nbagent.lessons.course.lesson import Lesson, Scripted
from nbagent.lessons.process import Server

SKY = [{"role": "user", "content": "Why is the sky blue?"}]


def ask(server: Server, key: str, **more: object) -> None:
    client = openai.OpenAI(base_url=server.url, api_key=key, max_retries=0)
    client.chat.completions.create(model="kimi-k2.6", messages=SKY, **more)  # type: ignore[call-overload]


def test_a_lesson_sees_its_own_kernels_requests_since_it_began(server: Server) -> None:
    ask(server, server.key)
    lesson = Lesson(exercises.lesson("01"), Scripted(server))
    assert lesson.requests == []
    ask(server, lesson.api_key)
    ask(server, f"{server.token}.1")
    assert len(lesson.requests) == 1
    assert len(control.ledger(server, since=0)) >= 3, "the positive control: the server saw all"


def test_a_lesson_begins_without_what_another_left_behind(server: Server) -> None:
    control.set_pace(server, 1.0)  # would take minutes
    control.order(server, {"kind": "overloaded"})
    lesson = Lesson(exercises.lesson("01"), Scripted(server))
    ask(server, lesson.api_key)
    assert [request.status for request in lesson.requests] == [200]


def test_a_check_is_not_misled_by_another_kernel(server: Server) -> None:
    """The other kernel switched thinking off; this one did not."""
    lesson = Lesson(exercises.lesson("01"), Scripted(server))
    ask(server, lesson.api_key)
    ask(server, f"{server.token}.1", extra_body={"thinking": {"type": "disabled"}})
    assert "thinking" not in lesson.requests[-1].body


def test_a_mark_opens_nothing_without_the_key(server: Server) -> None:
    lesson = Lesson(exercises.lesson("01"), Scripted(server))
    guess = replace(server, token="guess")
    with pytest.raises(openai.AuthenticationError):
        ask(server, guess.key)
    assert lesson.requests == [], "a stranger's requests are not the learner's"
