"""Older steps as lines: of each what a list of thousands of steps shows, finds and counts.

A line is kept as one short text, since a notebook and a page hold thousands of them.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbagent.view.steps import Call, Step

LINES_MAX = 3_000
"""Of a longer run the last steps have lines; those before are in its ranges alone."""


def line_of(step: Step) -> str:
    """A step as a line.

    Returns:
        `number calls failed repaired marks tools outcome gist`, separated by tabs. Marks are
        letters: `e` an attempt failed, `r` a call had been made before, `y` a person had a say.
    """
    calls = step.calls
    counts = (
        step.number,
        len(calls),
        sum(c.is_error for c in calls),
        sum(c.repaired for c in calls),
    )
    return "\t".join([*map(str, counts), marks_of(step), step.tools, step.outcome, step.line])


def marks_of(step: Step) -> str:
    """What sets a step apart, besides failed calls, as letters."""
    decided = any(call.edited or (call.decision and call.by == "you") for call in step.calls)
    found = {
        "e": bool(step.retries),
        "r": any(call.again for call in step.calls),
        "y": decided or bool(step.steered),
    }
    return "".join(letter for letter, is_so in found.items() if is_so)


def call_key(call: Call) -> str:
    """What calls of the same tool with the same code or arguments have in common."""
    text = f"{call.name}\n{call.code}"
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:12]
