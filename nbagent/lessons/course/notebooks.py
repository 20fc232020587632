"""The course's notebooks: where they are, a learner's copy of one, and one with its solutions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from nbagent.errors import UsageError
from nbagent.lessons.course import exercises

KERNEL = "python3"


def folder() -> Path:
    """Where the notebooks are: inside an installed package, or in the clone it runs from."""
    package = Path(__file__).parents[2]
    installed = package / "notebooks"
    return installed if installed.is_dir() else package.parent / "notebooks"


def source(number: str) -> Path:
    """The notebook of a lesson; one of your own comes first.

    Raises:
        UsageError: there is none.
    """
    own = exercises.own_folder()
    for place in [own, folder()] if own else [folder()]:
        for found in sorted(place.glob(f"{str(number).zfill(2)}_*.ipynb")):
            return found
    raise UsageError(f"There is no notebook of lesson {number!r}.", "See `nbagent lessons list`.")


def read(path: Path) -> NotebookNode:
    """Read a notebook.

    Raises:
        UsageError: it is none.
    """
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError) as fault:
        raise UsageError(f"{path} is no notebook: {fault}", "It was left as it is.") from fault
    return notebook


def lesson_of(notebook: NotebookNode) -> str:
    """The number of the lesson that a notebook is of; '' if of none."""
    return str(_ours(notebook.metadata).get("lesson", ""))


def exercise_of(cell: NotebookNode) -> str:
    """The exercise whose answer a cell is; '' if it is none."""
    return str(_ours(cell.metadata).get("exercise", ""))


def _ours(metadata: NotebookNode) -> Mapping[str, Any]:
    ours = metadata.get("nbagent")
    return ours if isinstance(ours, Mapping) else {}


def exercise_cells(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    """Each exercise of a notebook with its cell."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and exercise_of(cell):
            yield exercise_of(cell), cell


def solved(notebook: NotebookNode) -> NotebookNode:
    """The same notebook with the solution in each exercise's cell."""
    copy: NotebookNode = nbformat.from_dict(notebook)
    for name, cell in exercise_cells(copy):
        cell.source = exercises.exercise(name).solution.rstrip()
    return copy


def without_outputs(notebook: NotebookNode) -> NotebookNode:
    """The notebook as a learner begins with it."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


@dataclass(frozen=True, slots=True)
class Copy:
    """What became of a copy.

    Attributes:
        path: the learner's file.
        made: whether it is a new copy; if not, the file that was there was left as it is.
        kept: where the file that was there is kept, if there was one.
    """

    path: Path
    made: bool = True
    kept: Path | None = None


def copy(number: str, into: Path, may_replace: Callable[[Path], bool]) -> Copy:
    """Put a lesson's notebook into a folder. A file that is there is kept beside it.

    Args:
        number: the lesson's.
        into: the folder; made if it is not there.
        may_replace: asked whether a new copy may take the place of a file that is there.

    Raises:
        UsageError: there is no such lesson.
    """
    origin = source(number)
    target = into / origin.name
    if target.exists() and not may_replace(target):
        return Copy(target, made=False)
    into.mkdir(parents=True, exist_ok=True)
    fresh = without_outputs(read(origin))
    kept = keep(target)
    nbformat.write(fresh, target)
    return Copy(target, kept=kept)


def keep(path: Path) -> Path | None:
    """Move a file aside, under a name that is free; None if there is no such file."""
    if not path.exists():
        return None
    n = 1
    while (aside := path.with_name(f"{path.stem}.before-{n}{path.suffix}")).exists():
        n += 1
    return path.rename(aside)
