"""Lesson 10: wrong answers that people give, and the hint for each."""

from __future__ import annotations

from nbagent.lessons.course.exercise import Wrong

_TOOL = '''\
from typing import Annotated, Literal

def station_mean(
    station: STATION,
    unit: UNIT,
):
    """WORDS"""
    known = [value for value in readings[station] if value is not None]
    mean = sum(known) / len(known)
    return round(MEAN, 1)
'''


def _tool(
    station: str = 'Annotated[str, "Name of the station, in lower case."]',
    unit: str = 'Literal["celsius", "kelvin"] = "celsius"',
    words: str = "Compute the mean of one station's readings.",
    mean: str = 'mean + 273.15 if unit == "kelvin" else mean',
) -> str:
    text = _TOOL.replace("STATION", station).replace("UNIT", unit)
    return text.replace("WORDS", words).replace("MEAN", mean)


SCHEMA_WRONG = (
    Wrong(_tool(words="A function."), "all that the model reads"),
    Wrong(_tool().replace('station: Annotated[str, "Name of the station, in lower case."]',
                          "station"), "Write `station: str`"),
    Wrong(_tool(station="str"), "words of its own"),
    Wrong(_tool(unit='str = "celsius"'), "names all there is"),
    Wrong(_tool(unit='Literal["C", "K"] = "C"', mean='mean + 273.15 if unit == "K" else mean'),
          "must be those it knows"),
    Wrong(_tool(unit='Literal["celsius", "kelvin"]'), "Keep it"),
    Wrong(_tool(mean="mean"), "computation was right"),
    Wrong(_tool(station='Annotated[str, "The station."]'), "how the names are spelt"),
)  # fmt: skip

_CHECKED = """\
def checked(station):
    if station not in readings:
        OTHERWISE
    return station
"""


def _checked(otherwise: str) -> str:
    return _CHECKED.replace("OTHERWISE", otherwise)


ERROR_WRONG = (
    Wrong(_checked('return f"There is no station {station}."'), "a result like any other"),
    Wrong(_checked("return None"), "Nothing was raised"),
    Wrong(_checked("return next(iter(readings))"), "without a word"),
    Wrong(_checked('raise ValueError(f"unknown station {station}")'), "not what is right"),
    Wrong(
        _checked('raise ValueError(f"{station} is none of lima, oslo, quito_airport")'),
        "Tomorrow there are others",
    ),
    Wrong(
        _checked('raise ValueError(f"There are: {list(readings)}.")'),
        "Repeat the name",
    ),
    Wrong(
        _checked('raise ValueError(f"{station} is not in {readings}")'),
        "The names are enough",
    ),
)
