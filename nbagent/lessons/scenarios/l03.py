"""Lesson 03: list the stations, count the gaps of all at once, then the mean of the worst."""

from __future__ import annotations

import re

from nbagent.lessons.scenarios.telling import unexpected
from nbagent.lessons.story import Call, Chat, Scenario, Story, Turn

ASKED = re.compile(
    r"which station\b.*\b(most|more)\b.*\b(missing|gaps?)\b.*\bmean\b", re.IGNORECASE | re.DOTALL
)
TOOLS = frozenset({"list_stations", "count_missing", "mean_reading"})
NAME = re.compile(r"['\"](\w+)['\"]")
NUMBER = r"\s*(-?\d+(?:\.\d+)?)\s*"


def stations(_: Chat) -> Story:
    """Three steps: names, counts in parallel, one mean."""
    (listed,) = yield Turn(
        "Two things are asked: the station with most gaps, and its mean. The mean needs the "
        "station, and that needs the counts. I do not know the stations yet, so I list them.",
        calls=(Call("list_stations"),),
    )
    names = NAME.findall(listed.text)
    if not names:
        return unexpected("names of stations", listed.text)
    counted = yield Turn(
        f"There are {len(names)} stations. No count needs another, so I ask for all at once.",
        calls=tuple(Call("count_missing", {"station": name}) for name in names),
    )
    counts = [result.line(NUMBER) for result in counted]
    if not all(counts):
        return unexpected("a number for each station", "\n".join(result.text for result in counted))
    gaps = {name: int(float(n[1])) for name, n in zip(names, counts, strict=True) if n}
    worst = max(gaps, key=lambda name: gaps[name])
    (averaged,) = yield Turn(
        f"{', '.join(f'{name} {n}' for name, n in gaps.items())}: {worst} has most. Its mean is "
        "all that is left.",
        "Now the mean of that one.",
        calls=(Call("mean_reading", {"station": worst}),),
    )
    mean = averaged.line(NUMBER)
    if mean is None:
        return unexpected(f"the mean of {worst}", averaged.text)
    return Turn(
        "Both parts of the question have a number that a tool returned.",
        f"**{worst.capitalize()}** has most gaps: {gaps[worst]} readings are missing. The mean of "
        f"the others is **{mean[1]}**.",
    )


LOOP = Scenario("lesson 03", lambda chat: ASKED.search(chat.prompt) is not None, stations, TOOLS)
