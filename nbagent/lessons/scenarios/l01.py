"""Lesson 01: two questions about the sky, answered by people in one call, with no tools."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nbagent.lessons.story import Chat, Scenario, Story, Turn


@dataclass(frozen=True, slots=True)
class Authored:
    """A question's pattern, and what people wrote as thought and answer."""

    asked: re.Pattern[str]
    reasoning: str
    answer: str


QUESTIONS = (
    Authored(
        re.compile(r"why\b.*\bsky\b.*\b(blue|red)", re.IGNORECASE | re.DOTALL),
        "Two colours, one cause, I think: scattering. Air scatters short waves far more than long "
        "ones, by the fourth power of the wavelength: for 450 nm against 650 nm that is about "
        "(650/450)^4, which is 4.4. At noon the path through the air is short: some of the blue "
        "is scattered, and it reaches the eye from everywhere. At sunset the path is tens of "
        "times as long: the blue is gone on the way, and what comes through is red. The question "
        "has two halves, so the answer should have two as well, and name the one cause.",
        "Air scatters blue light about four times as strongly as red.\n\n"
        "- **At noon** the light crosses little air. The scattered blue comes from every "
        "direction, so the sky looks blue.\n"
        "- **At sunset** it crosses tens of times as much. Most of the blue is lost on the way, "
        "and what arrives is red.",
    ),
    Authored(
        re.compile(r"why\b.*\bstars?\b.*\btwinkle", re.IGNORECASE | re.DOTALL),
        "Twinkling is refraction in moving air. A star is a point, so each small bend of its light "
        "shows; a planet is a small disc, and its bends average out.",
        "Moving air bends the light of a star a little this way and that. A star is a point, so "
        "each bend shows as a flicker; a planet is a small disc, whose flickers average out.",
    ),
)


def _found(chat: Chat) -> Authored | None:
    return next((each for each in QUESTIONS if each.asked.search(chat.prompt)), None)


def sky(chat: Chat) -> Story:
    """Think, then answer; no tool is needed."""
    yield from ()
    found = _found(chat)
    assert found is not None
    return Turn(found.reasoning, found.answer)


ONE_CALL = Scenario("lesson 01", lambda chat: _found(chat) is not None, sky)
