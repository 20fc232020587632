"""Changes of cells as data, and how they are made on a notebook in nbformat's shape.

An operation names a cell by its id and, where it changes one, the hash of the source that it was
made for. The operations of one request are made all or none. A page does the same on the notebook
that it shows; here it is done on a copy, where no page is there, and on an executed file.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from nbagent.notebook.reading import Cell, hash_of

Op: TypeAlias = dict[str, Any]
"""`{op: insert|edit|delete|outputs|read|revert, …}`; what each holds is said where it is made."""
CellDict: TypeAlias = Any
"""A cell in nbformat's shape: a dict, or nbformat's own node."""
Find: TypeAlias = Callable[[Sequence[CellDict], str], int | None]
KINDS = ("code", "markdown", "raw")
NUMBERED = "in-"
"""How the name of a cell begins that is known by its `In` number alone."""


class Refusal(Exception):
    """An operation does not fit the notebook.

    Attributes:
        answer: what a page would have answered.
    """

    def __init__(self, reason: str, **facts: Any) -> None:
        super().__init__(reason)
        self.answer = {"ok": False, "reason": reason, **facts}


def insert(after: str | None, kind: str, source: str) -> Op:
    """A new cell below another one; at the top where `after` is None, last where it is `end`."""
    return {"op": "insert", "after": after, "type": kind, "source": source}


def edit(cell: Cell, source: str) -> Op:
    """Another source for a cell, as long as that is as the agent saw it."""
    return {"op": "edit", "id": cell.id, "expected": cell.hash, "source": source}


def delete(cell: Cell) -> Op:
    """A cell's end, as long as it is as the agent saw it."""
    return {"op": "delete", "id": cell.id, "expected": cell.hash}


def outputs(cell: Cell, shown: Sequence[Mapping[str, Any]]) -> Op:
    """What a run of a cell's source has shown, for that cell."""
    return {
        "op": "outputs",
        "id": cell.id,
        "expected": cell.hash,
        "outputs": list(shown),
        "execution_count": None,
    }


def find_cell(cells: Sequence[CellDict], cell_id: str) -> int | None:
    """The place of a cell; one without a known id is found by the number that it ran under."""
    for i, cell in enumerate(cells):
        if cell.get("id") == cell_id:
            return i
    number = cell_id.removeprefix(NUMBERED)
    if cell_id.startswith(NUMBERED) and number.isdecimal():
        for i, cell in enumerate(cells):
            if cell.get("execution_count") == int(number):
                return i
    return None


def applied(
    cells: Sequence[CellDict],
    ops: Sequence[Op],
    *,
    mark: Mapping[str, str] | None = None,
    deleted: list[dict[str, Any]] | None = None,
) -> tuple[list[CellDict], dict[str, Any]]:
    """Make operations on cells, all or none.

    Args:
        cells: the cells; they stay as they are.
        ops: what to do.
        mark: goes into the metadata of each changed cell, beside what it was before.
        deleted: is given the cells that were deleted, each with the cell above it.

    Returns:
        The cells afterwards, and the answer that a page would give.
    """
    new, gone = list(cells), list[dict[str, Any]]()
    results: list[dict[str, Any]] = []
    for at, op in enumerate(ops):
        act = _ACTS.get(str(op.get("op")), _bad)
        try:
            results.append(act(new, op, dict(mark or {}), gone))
        except Refusal as refusal:
            return list(cells), {**refusal.answer, "at": at}
    if deleted is not None:
        deleted += gone
    return new, {"ok": True, "results": results}


def _bad(
    _cells: list[CellDict], _op: Op, _mark: dict[str, str], _gone: list[dict[str, Any]]
) -> dict[str, Any]:
    raise Refusal("bad_op")


def _insert(
    cells: list[CellDict], op: Op, mark: dict[str, str], _gone: list[dict[str, Any]]
) -> dict[str, Any]:
    kind, source = op.get("type", "code"), op.get("source")
    if kind not in KINDS or not isinstance(source, str):
        raise Refusal("bad_op")
    index = _place_after(cells, op.get("after"))
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": _free_id(cells, op, index),
        "metadata": dict(op.get("metadata") or {}),
        "source": source,
    }
    if kind == "code":
        cell |= {"outputs": list(op.get("outputs") or []), "execution_count": None}
    if mark:
        cell["metadata"]["nbagent"] = mark | _mark_of("inserted", None, source)
    cells.insert(index, cell)
    return _result(cell, None, index)


def _place_after(cells: Sequence[CellDict], after: object) -> int:
    if after is None:
        return 0
    if after == "end":
        return len(cells)
    found = find_cell(cells, str(after))
    if found is None:
        raise Refusal("no_such_cell", id=str(after))
    return found + 1


def _free_id(cells: Sequence[CellDict], op: Op, index: int) -> str:
    """An id that no cell has: the wanted one if there is one, else one made of the content."""
    taken = {cell.get("id") for cell in cells}
    wanted, n = str(op.get("id") or ""), len(cells)
    while not wanted or wanted in taken:
        text = f"{n} {index} {op['source']}"
        wanted = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]
        n += 1
    return wanted


def _edit(
    cells: list[CellDict], op: Op, mark: dict[str, str], _gone: list[dict[str, Any]]
) -> dict[str, Any]:
    if not isinstance(op.get("source"), str):
        raise Refusal("bad_op")
    index, cell = _expected(cells, op)
    before, cell["source"] = cell["source"], op["source"]
    if mark:
        known = cell.setdefault("metadata", {}).get("nbagent") or {}
        kind, first = known.get("kind", "edited"), known.get("before", before)
        cell["metadata"]["nbagent"] = mark | _mark_of(kind, first, op["source"])
    return _result(cell, before, index)


def _mark_of(kind: str, before: str | None, source: str) -> dict[str, Any]:
    return {"kind": kind, "before": before, "hash": hash_of(source)}


def _delete(
    cells: list[CellDict], op: Op, mark: dict[str, str], gone: list[dict[str, Any]]
) -> dict[str, Any]:
    index, cell = _expected(cells, op)
    after = cells[index - 1].get("id") if index else None
    gone.append({**mark, "after": after, "cell": cell})
    del cells[index]
    return {"ok": True, "id": cell.get("id"), "before": cell["source"], "index": index}


def _outputs(
    cells: list[CellDict], op: Op, _mark: dict[str, str], _gone: list[dict[str, Any]]
) -> dict[str, Any]:
    index, cell = _expected(cells, op)
    if cell.get("cell_type") != "code" or not isinstance(op.get("outputs"), list):
        raise Refusal("bad_op")
    cell["outputs"], cell["execution_count"] = list(op["outputs"]), None
    return _result(cell, cell["source"], index)


def _expected(cells: list[CellDict], op: Op) -> tuple[int, CellDict]:
    """The cell that an operation is for, as a copy in its place, if it is as was expected."""
    cell_id = str(op.get("id"))
    index = find_cell(cells, cell_id)
    if index is None:
        raise Refusal("no_such_cell", id=cell_id)
    source = cells[index]["source"]
    if hash_of(source) != op.get("expected"):
        raise Refusal("changed", id=cell_id, source=source, hash=hash_of(source))
    cells[index] = copy.deepcopy(cells[index])
    return index, cells[index]


def _result(cell: CellDict, before: str | None, index: int) -> dict[str, Any]:
    hashed = hash_of(cell["source"])
    return {"ok": True, "id": cell["id"], "hash": hashed, "before": before, "index": index}


_ACTS = {"insert": _insert, "edit": _edit, "delete": _delete, "outputs": _outputs}


def as_dict(cell: Cell) -> dict[str, Any]:
    """A cell in nbformat's shape."""
    return {
        "id": cell.id,
        "cell_type": cell.kind,
        "metadata": {},
        "source": cell.source,
        "outputs": list(cell.outputs),
        "execution_count": cell.execution_count,
    }


def as_cell(cell: CellDict) -> Cell:
    """A cell of nbformat's shape, for reading."""
    return Cell(
        str(cell["id"]),
        str(cell["cell_type"]),
        str(cell["source"]),
        tuple(cell.get("outputs") or ()),
        cell.get("execution_count"),
    )
