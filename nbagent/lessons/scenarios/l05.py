"""Lesson 05: two calls at once and an answer, long enough for its pieces to be timed."""

from __future__ import annotations

import re

from nbagent.lessons.scenarios.telling import unexpected
from nbagent.lessons.story import Call, Chat, Result, Scenario, Story, Turn

ASKED = re.compile(
    r"how long (does|do|would) (sun)?light\b.*\bneptune\b|\bneptune\b.*\bhow long\b.*\blight\b",
    re.IGNORECASE | re.DOTALL,
)
TOOLS = frozenset({"travel_time"})
LIGHT_KM_S = 299_792.458
WAYS_KM = {"Earth": 149_600_000, "Neptune": 4_495_000_000}
"""Mean distances from the Sun."""
SECONDS = r"\s*(\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?: ?s)?\s*"


def light(_: Chat) -> Story:
    """Both ways at once, then the two times in units that people use."""
    results = yield Turn(
        "Light goes at 299,792.458 km/s in empty space. From the Sun it is 149.6 million km to "
        "the Earth and about 4,495 million km to Neptune, on average: both orbits are close to "
        "circles, so a mean will do. A time is a way divided by a speed. I could divide in my "
        "head, but there is a tool for just this, and neither call needs the other.",
        "Two divisions, one for each way.",
        calls=tuple(
            Call("travel_time", {"distance_km": way, "speed_km_s": LIGHT_KM_S})
            for way in WAYS_KM.values()
        ),
    )
    times = [_seconds(result) for result in results]
    if None in times:
        return unexpected("a time in seconds", "\n".join(result.text for result in results))
    earth, neptune = (time or 0.0 for time in times)
    return Turn(
        f"{earth:.0f} s are {earth / 60:.1f} minutes, and {neptune:.0f} s are "
        f"{neptune / 3600:.1f} hours. Their ratio is that of the distances, about 30, so the "
        "two results fit each other. What should be said besides: these are means, and Neptune's "
        "distance from the Earth is another question.",
        f"Light from the Sun needs **{earth / 60:.1f} minutes** to the Earth and "
        f"**{neptune / 3600:.1f} hours** to Neptune.\n\n"
        "Neptune is about 30 times as far away, so light needs 30 times as long. Both are means "
        "over an orbit: the Earth's distance varies by less than two percent, Neptune's by about "
        "one. Whoever looks at Neptune sees sunlight that has been under way for most of a "
        "morning, and then comes all the way back.",
    )


def _seconds(result: Result) -> float | None:
    found = result.line(SECONDS)
    return float(found[1]) if found else None


STREAM = Scenario("lesson 05", lambda chat: ASKED.search(chat.prompt) is not None, light, TOOLS)
