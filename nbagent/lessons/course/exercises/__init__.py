"""The lessons' exercises, a file a lesson: `lNN.py` holds its `LESSON`.

A lesson's file is loaded when it is asked for: a kernel that takes lesson 01 loads lesson 01.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from nbagent.errors import UsageError
from nbagent.lessons.course.exercise import Exercise, Outline


def numbers() -> list[str]:
    """The numbers of the lessons that there are, in order."""
    found = (module.name for module in iter_modules(__path__))
    return sorted(name[1:] for name in found if name[0] == "l" and name[1:].isdigit())


def lesson(number: str) -> Outline:
    """The lesson of that number.

    Raises:
        UsageError: there is none.
    """
    wanted = str(number).zfill(2)
    if wanted not in numbers():
        raise UsageError(f"There is no lesson {number!r}.", f"There are {', '.join(numbers())}.")
    found: Outline = import_module(f"{__name__}.l{wanted}").LESSON
    return found


def exercise(name: str) -> Exercise:
    """The exercise of that id, as `03a`.

    Raises:
        UsageError: there is none.
    """
    exercises = lesson(name[:2]).exercises
    for found in exercises:
        if found.id == name:
            return found
    ids = ", ".join(each.id for each in exercises)
    raise UsageError(f"There is no exercise {name!r}.", f"Lesson {name[:2]} has {ids}.")
