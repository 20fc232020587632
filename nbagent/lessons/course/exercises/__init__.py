"""The lessons' exercises, a file a lesson: `lNN.py` holds its `LESSON`.

A lesson's file is loaded when it is asked for: a kernel that takes lesson 01 loads lesson 01.
Lessons of your own are in the folder that `NBAGENT_LESSONS` names.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from nbagent.errors import UsageError
from nbagent.lessons.course.exercise import Exercise, Outline

FOLDER_VARIABLE = "NBAGENT_LESSONS"


def numbers() -> list[str]:
    """The numbers of the lessons that there are, in order."""
    found = [module.name for module in iter_modules(__path__)] + [f.stem for f in _own()]
    return sorted({name[1:] for name in found if name[0] == "l" and name[1:].isdigit()})


def lesson(number: str) -> Outline:
    """The lesson of that number.

    Raises:
        UsageError: there is none.
    """
    wanted = str(number).zfill(2)
    if wanted not in numbers():
        raise UsageError(f"There is no lesson {number!r}.", f"There are {', '.join(numbers())}.")
    own = next((path for path in _own() if path.stem == f"l{wanted}"), None)
    module = _loaded(own) if own else import_module(f"{__name__}.l{wanted}")
    found: Outline = module.LESSON
    return found


def own_folder() -> Path | None:
    """The folder that holds lessons of your own, if one is named."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else None


def _own() -> list[Path]:
    folder = own_folder()
    return sorted(folder.glob("l[0-9][0-9].py")) if folder else []


def _loaded(path: Path) -> Any:
    spec = spec_from_file_location(f"nbagent_lesson_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
