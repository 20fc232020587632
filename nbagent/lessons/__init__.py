"""The lesson server: K2.6's wire format on loopback, with replies written by people.

It lets a notebook, a course or a test run the real client, the real loop and real tools with no
key and no cost. It never passes for Kimi: its model is called `scripted`, everywhere.

How a request is answered, in the order in which to read:

    process    finds or starts the one server of this user
    server     HTTP: routes, keys, headers, the life of the process
    chat       one request: judge it, find the story's next turn, make the reply
    judge      the rules that K2.6's endpoint applies, in its order and with its texts
    story      what a scenario is, and how its position follows from the messages alone
    scenarios  the scenarios themselves, and free play on the user's own variables
    wire       a turn becomes a reply, whole or as server-sent events
    orders     faults and turns that a test or a lesson asks for in advance
    ledger     what was received and what was answered
    control    reads the ledger and places orders, from another process

The server process imports the standard library only, so that it stays small.

The course stands on it: `course` holds its lessons, exercises and checks, and a notebook finds
`start`, `check`, `hint`, `solution`, `progress`, `race` and
`recap` here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbagent.lessons.course.classroom import (
        check,
        hint,
        progress,
        race,
        recap,
        solution,
        start,
    )

__all__ = ["check", "hint", "progress", "race", "recap", "solution", "start"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("nbagent.lessons.course.classroom"), name)
    raise AttributeError(f"module 'nbagent.lessons' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
