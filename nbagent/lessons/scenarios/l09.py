"""Lesson 09: one step a number for hundreds of steps, and rows that must not be saved twice."""

from __future__ import annotations

import re

from nbagent.lessons.scenarios.telling import unexpected
from nbagent.lessons.story import Call, Chat, Scenario, Story, Turn, run

ADD_UP = re.compile(
    r"\s*add up the numbers 1 to (?P<n>\d{1,4}),? one step a number\s*[.]?\s*", re.IGNORECASE
)
ADDED = re.compile(r"subtotal = (\d{1,15}) \+ (\d{1,6})\b")
"""A step of it, as a summary tells of its code."""
SAVE_ROWS = re.compile(
    r"\s*save the rows (?P<first>\d{1,3}) to (?P<last>\d{1,3})\s*[.]?\s*", re.IGNORECASE
)
NOBODY_KNOWS = re.compile(r"nobody knows", re.IGNORECASE)
SAID_DONE = re.compile(r"the user says that it was done", re.IGNORECASE)
NUMBER = re.compile(r"\d+")


def add_up(chat: Chat) -> Story:
    """The sum is carried by the results; after a summary it is taken up where that one says."""
    found = ADD_UP.fullmatch(chat.prompt)
    assert found is not None
    n = int(found["n"])
    told = [(int(m[2]), int(m[1])) for m in ADDED.finditer(chat.summary)]
    first, total = next((each for each in reversed(told) if each[0] <= n), (1, 0))
    for step in range(first, n + 1):
        (added,) = yield Turn(
            f"Step {step} of {n}: the sum so far is {total}, and {step} comes next.",
            calls=(run(f"subtotal = {total} + {step}\nprint('sum:', subtotal)"),),
        )
        value = added.line(r"sum: (\d{1,15})")
        if value is None:
            return unexpected("the sum so far", added.text)
        total = int(value[1])
    return Turn(f"All {n} numbers are added.", f"The sum of 1 to {n} is **{total}**.")


def save_rows(chat: Chat) -> Story:
    """Save one row a step; where nobody knows whether one was saved, look first.

    A person who says that it was saved is believed.
    """
    found = SAVE_ROWS.fullmatch(chat.prompt)
    assert found is not None
    n, last = int(found["first"]), int(found["last"])
    while n <= last:
        (saved,) = yield Turn(f"Row {n} of {last} comes next.", calls=(Call("save_row", {"n": n}),))
        if NOBODY_KNOWS.search(saved.text):
            (listed,) = yield Turn(
                f"Nobody knows whether row {n} was saved. Saving it again could make it two, so I "
                "look first.",
                f"Was row {n} saved? I look.",
                calls=(Call("list_rows"),),
            )
            n += str(n) in NUMBER.findall(listed.text)
        elif SAID_DONE.search(saved.text) or str(n) in NUMBER.findall(saved.text):
            n += 1
        else:
            return unexpected(f"that row {n} was saved", saved.text)
    return Turn("The last row is saved.", f"The rows {found['first']} to {last} are saved.")


LONG_RUNS = (
    Scenario(
        "lesson 09, add up",
        lambda chat: ADD_UP.fullmatch(chat.prompt) is not None,
        add_up,
        frozenset({"run_python"}),
    ),
    Scenario(
        "lesson 09, save rows",
        lambda chat: SAVE_ROWS.fullmatch(chat.prompt) is not None,
        save_rows,
        frozenset({"save_row", "list_rows"}),
    ),
)
