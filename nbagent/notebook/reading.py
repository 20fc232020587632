"""This notebook's cells as far as the kernel knows them without a page, and cells as text.

The kernel does not know its notebook. The server names the file in `JPY_SESSION_NAME`, VS Code in
a variable; the file holds what was last saved, and every answer made from it says so. Without a
file there are the cells that this kernel has run, without their outputs.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nbagent.bounded import clip, size_of
from nbagent.events import Output
from nbagent.phrases import one_line, plural
from nbagent.tools.results import shown_pictures, shown_text

MAX_OUTLINED = 200
"""How many cells an outline lists."""
READ_BYTES = 16_000
"""How much text one reading of cells takes, in bytes."""
_OUTPUT_BYTES = 3_000


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        id: the id that the front end gave it; `in-5` for a cell known only by its number.
        kind: code, markdown or raw.
        source: its text.
        outputs: its outputs in nbformat's shape.
        execution_count: the number in `In [5]`; None if it has not run.
        stamp: names the source as a page does; see `hash_of`.
        is_cut: whether `source` is only the beginning of it.
    """

    id: str
    kind: str
    source: str
    outputs: tuple[Output, ...] = ()
    execution_count: int | None = None
    stamp: str = ""
    is_cut: bool = False

    @property
    def hash(self) -> str:
        """Names the source; a change of it is refused if this has changed meanwhile."""
        return self.stamp or hash_of(self.source)


def hash_of(source: str) -> str:
    """The first 16 hex digits of the SHA-256 of a cell's source."""
    return hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Notebook:
    """The cells that are known; `note` says where they come from."""

    cells: tuple[Cell, ...]
    note: str

    def find(self, reference: str) -> Cell | None:
        """The cell of an id, the beginning of one (4 characters or more), or an `In` number."""
        for cell in self.cells:
            if reference in (cell.id, str(cell.execution_count)):
                return cell
        near = [cell for cell in self.cells if cell.id.startswith(reference)]
        return near[0] if len(near) == 1 and len(reference) >= 4 else None  # noqa: PLR2004 -- see above


def this_notebook(
    environ: Mapping[str, str], user_ns: Mapping[str, Any], cell_ids: Mapping[int, str]
) -> Notebook:
    """Find the notebook of this kernel.

    Args:
        environ: the process environment.
        user_ns: the notebook's namespace, which holds `In`.
        cell_ids: ids of cells that ran, by execution count, as far as they are known.
    """
    path = notebook_path(environ, user_ns)
    saved = cells_from_file(path) if path else None
    if path and saved is not None:
        note = f"{path.name} as it was last saved; what was edited or run since is not in it."
        return Notebook(tuple(saved), note)
    ran = cells_from_history(user_ns.get("In", ()), cell_ids)
    return Notebook(
        tuple(ran), "No saved file is known; these are the cells that ran, without outputs."
    )


def notebook_path(environ: Mapping[str, str], user_ns: Mapping[str, Any]) -> Path | None:
    """The notebook's file as the server or VS Code names it, if it is there."""
    for name in (user_ns.get("__vsc_ipynb_file__"), environ.get("JPY_SESSION_NAME")):
        if isinstance(name, str) and name.endswith(".ipynb") and Path(name).is_file():
            return Path(name)
    return None


def cells_from_file(path: Path) -> list[Cell] | None:
    """Read a notebook file; None if it cannot be read as one."""
    import nbformat  # noqa: PLC0415 -- slow; only a reading needs it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # files of other programs may lack cell ids
            notebook = nbformat.read(path, as_version=4)
        return [_cell(i, cell) for i, cell in enumerate(notebook["cells"], start=1)]
    except (OSError, ValueError, nbformat.ValidationError):
        return None
    except (AttributeError, KeyError, TypeError):  # JSON, but no notebook: nbformat trips over it
        return None


def _cell(place: int, cell: Mapping[str, Any]) -> Cell:
    return Cell(
        str(cell.get("id") or f"cell-{place}"),
        str(cell.get("cell_type", "raw")),
        str(cell.get("source", "")),
        tuple(cell.get("outputs", ())),
        cell.get("execution_count"),
    )


def cells_from_history(inputs: Sequence[str], cell_ids: Mapping[int, str]) -> list[Cell]:
    """The cells that ran, each once, as it last ran.

    Args:
        inputs: IPython's `In`; entry 0 is empty.
        cell_ids: ids by execution count; a cell without one is called by its number.
    """
    cells: dict[str, Cell] = {}
    for count, source in enumerate(inputs):
        if source.strip():
            cell_id = cell_ids.get(count, f"in-{count}")
            cells.pop(cell_id, None)
            cells[cell_id] = Cell(cell_id, "code", source, execution_count=count)
    return list(cells.values())


def cell_text(cell: Cell) -> str:
    """A cell's source and the text of its outputs, as the model reads them."""
    title = f"[{cell.id}] {cell.kind}"
    if cell.execution_count is not None:
        title += f", In [{cell.execution_count}]"
    texts = [title, cell.source]
    shown = [text.strip("\n") for text in shown_text(cell.outputs) if text.strip()]
    n_pictures = max(len(shown_pictures(cell.outputs)), _n_pictures(cell))
    if n_pictures:
        shown.append(f"[{plural(n_pictures, 'picture')}]")
    if shown:
        texts += ["output:", clip("\n".join(shown), _OUTPUT_BYTES)]
    return "\n".join(texts)


def _n_pictures(cell: Cell) -> int:
    """How many outputs are pictures; a page tells of them without their data."""
    kinds = [output.get("data") or {} for output in cell.outputs]
    return sum(any(mime.startswith("image/") for mime in data) for data in kinds)


def texts_of(cells: Sequence[Cell]) -> Iterator[tuple[Cell | None, str]]:
    """The texts of cells until `READ_BYTES` are used up, then how many are left.

    Yields:
        Each cell, marked as cut if the text does not hold all of it, and its text; in the end,
        without a cell, how many there are more.
    """
    room = READ_BYTES
    for i, cell in enumerate(cells):
        if room <= 0:
            more = plural(len(cells) - i, "cell")
            yield None, f"[{more} more, too much for one reading]"
            return
        whole = cell_text(cell)
        text = clip(whole, room)
        room -= size_of(text)
        yield replace(cell, is_cut=cell.is_cut or text != whole), text


def outline(cells: Iterable[Cell]) -> str:
    """One line a cell: place, id, kind, first line, what it shows."""
    listed = list(cells)
    lines = [_outline_line(i, cell) for i, cell in enumerate(listed[:MAX_OUTLINED], start=1)]
    if len(listed) > MAX_OUTLINED:
        lines.append(f"and {len(listed) - MAX_OUTLINED} more; read them with first and last")
    return "\n".join(lines)


def _outline_line(place: int, cell: Cell) -> str:
    lines = [line for line in cell.source.splitlines() if line.strip()]
    more = f" (+{plural(len(lines) - 1, 'line')})" if len(lines) > 1 else ""
    errors = [str(out.get("ename")) for out in cell.outputs if out["output_type"] == "error"]
    shows = f" -> {errors[0]}" if errors else " -> output" if cell.outputs else ""
    count = f" In [{cell.execution_count}]" if cell.execution_count is not None else ""
    first = one_line(lines[0], 100) if lines else "(empty)"
    return f"{place}. [{cell.id}] {cell.kind}{count}: {first}{more}{shows}"
