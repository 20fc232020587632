"""Lesson 04: a comparison whose notes are nowhere but in the reasoning.

The story reads its notes from the messages that come back. Where they are lost it begins again,
as is reported of agents whose reasoning is dropped, and at last writes them where they are kept.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from typing import TypeAlias

from nbagent.lessons.scenarios.telling import unexpected
from nbagent.lessons.story import Call, Chat, Result, Scenario, Story, Turn

ASKED = re.compile(r"which station\b.*\bwarmest\b", re.IGNORECASE | re.DOTALL)
TOOLS = frozenset({"list_stations", "mean_reading"})
NAME = re.compile(r"['\"](\w+)['\"]")
MEAN = r"\s*(-?\d+(?:\.\d+)?) ?°?([CFK])\s*"
NOTE = re.compile(r"Note: (\w+) (-?\d+\.\d) °C")
MOST_LOSSES = 2
"""How often notes may be lost before it gives up."""

Listing: TypeAlias = Generator[Turn, list[Result], list[str]]


def warmest(_: Chat) -> Story:
    """One station after another, each mean converted in thought, and compared at the end."""
    known: dict[str, float] = {}
    fresh = ("", 0.0)
    losses = 0
    (listed,) = yield Turn(
        "Each station may report in a unit of its own. Plan: list them, take one at a time, "
        "convert its mean to °C in my head and note it. I need no tool for that.",
        calls=(Call("list_stations"),),
    )
    names = NAME.findall(listed.text)
    if not names:
        return unexpected("names of stations", listed.text)
    while due := next((name for name in names if name not in {*known, fresh[0]}), ""):
        (result,) = yield _next(due, fresh, aloud=losses > 1)
        known |= {name: float(value) for name, value in NOTE.findall(result.thought)}
        converted = _celsius(result)
        if converted is None:
            return unexpected(f"a mean of {due} with its unit", result.text)
        if fresh[0] and fresh[0] not in known:
            losses += 1
            if losses > MOST_LOSSES:
                return _given_up(fresh[0])
            losses += yield from _again(due)
            known, converted, due = {}, 0.0, ""
        fresh = (due, converted)
    return _answer(known | {fresh[0]: fresh[1]})


def _next(due: str, fresh: tuple[str, float], *, aloud: bool) -> Turn:
    """Note the mean that has just come, and ask for the next one."""
    note = f"Note: {fresh[0]} {fresh[1]:.1f} °C." if fresh[0] else "No mean is noted yet."
    if aloud:
        return Turn(
            f"My thoughts do not come back to me, so notes belong into the text. Next is {due}.",
            note,
            (Call("mean_reading", {"station": due}),),
        )
    return Turn(f"{note} Next is {due}.", calls=(Call("mean_reading", {"station": due}),))


def _again(due: str) -> Generator[Turn, list[Result], int]:
    """Begin anew; 1 if what is thought now is lost as well."""
    (listed,) = yield Turn(
        f"Here is a mean of {due}, but there is no note of what I had before it, nor of how I "
        "meant to compare. I begin again: which stations are there?",
        calls=(Call("list_stations"),),
    )
    return int("begin again" not in listed.thought)


def _celsius(result: Result) -> float | None:
    found = result.line(MEAN)
    if found is None:
        return None
    value = float(found[1])
    return {"C": value, "F": (value - 32) * 5 / 9, "K": value - 273.15}[found[2]]


def _given_up(name: str) -> Turn:
    return Turn(
        f"The note of {name} is lost again, although I wrote it into the text.",
        "I stopped here: neither my thoughts nor my words come back to me, so there is nothing "
        "that I could compare.",
    )


def _answer(known: Mapping[str, float]) -> Turn:
    best = max(known, key=lambda name: known[name])
    listed = ", ".join(f"{name} {value:.1f} °C" for name, value in known.items())
    return Turn(
        f"{listed}. All are in one unit now, so they can be compared.",
        f"**{best.capitalize()}** is warmest on average, with **{known[best]:.1f} °C** ({listed}).",
    )


THOUGHT = Scenario("lesson 04", lambda chat: ASKED.search(chat.prompt) is not None, warmest, TOOLS)
