"""What a page answers, looked at before it is believed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbagent.notebook.ops import KINDS
from nbagent.notebook.reading import Cell, Notebook
from nbagent.phrases import one_line

MOST_CELLS, MOST_OUTPUTS = 10_000, 50
MOST_CHARS, MOST_OUTPUT_CHARS = 1_000_000, 20_000
_ID = re.compile(r"[\w-]{1,64}", re.ASCII)


class BadAnswer(ValueError):
    """A page's answer cannot be read."""


@dataclass(frozen=True, slots=True)
class Done:
    """An operation was made: the cell, the hash of its source now, and its place from 1."""

    id: str
    hash: str
    place: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing of the request was made.

    Attributes:
        reason: `changed`, `no_such_cell`, or the page's own word.
        id: the cell that it is about.
        source: what the cell holds now; None if it is not told.
        hash: names that source.
    """

    reason: str
    id: str
    source: str | None = None
    hash: str = ""


def changes(result: Any, n_ops: int) -> list[Done] | Refused | None:
    """What came of operations; None if they were proposed to the person.

    Args:
        result: what the page says.
        n_ops: how many operations it was asked for.

    Raises:
        BadAnswer: it makes no sense.
    """
    found = _mapping(result)
    if found.get("ok") is False:
        source = found.get("source")
        return Refused(
            one_line(str(found.get("reason") or "refused"), 100),
            one_line(str(found.get("id") or ""), 64),
            source[:MOST_CHARS] if isinstance(source, str) else None,
            str(found.get("hash") or "")[:64],
        )
    if found.get("ok") is not True:
        raise BadAnswer("it says neither that it did it nor that it did not")
    if found.get("proposed") is True:
        return None
    return [_done(each) for each in _results(found, n_ops)]


def _results(found: Mapping[str, Any], n_ops: int) -> list[Mapping[str, Any]]:
    results = found.get("results")
    if not isinstance(results, list) or len(results) != n_ops:
        raise BadAnswer(f"it does not tell of {n_ops} operations")
    return [_mapping(each) for each in results]


def _done(result: Mapping[str, Any]) -> Done:
    index = result.get("index")
    place = index + 1 if type(index) is int and 0 <= index < MOST_CELLS else 0
    return Done(_id(result.get("id")), str(result.get("hash") or "")[:64], place)


def notebook(result: Any) -> Notebook:
    """The notebook that a page has read.

    Raises:
        BadAnswer: it makes no sense.
    """
    (read,) = _results(_mapping(result), 1)
    cells = read.get("cells")
    if not isinstance(cells, list) or len(cells) > MOST_CELLS:
        raise BadAnswer("it has no list of cells")
    found = tuple(_cell(_mapping(cell)) for cell in cells)
    if len({cell.id for cell in found}) < len(found):
        raise BadAnswer("two of its cells have one id")
    name = one_line(str(read.get("path") or "").rpartition("/")[2], 100) or "The notebook"
    return Notebook(found, f"{name} as it is open now.")


def _cell(cell: Mapping[str, Any]) -> Cell:
    source, count = cell.get("source"), cell.get("execution_count")
    kind, outputs = cell.get("type"), cell.get("outputs")
    if not isinstance(source, str) or kind not in KINDS:
        raise BadAnswer("a cell has no source or is of no known type")
    shown = outputs if isinstance(outputs, list) else []
    return Cell(
        _id(cell.get("id")),
        str(kind),
        source[:MOST_CHARS],
        tuple(filter(None, map(_output, shown[:MOST_OUTPUTS]))),
        count if type(count) is int else None,
        stamp=str(cell.get("hash") or "")[:64],
        is_cut=cell.get("cut") is True or len(source) > MOST_CHARS,
    )


def _output(output: Any) -> dict[str, Any] | None:
    """An output with what of it is text; None for none that is known."""
    if not isinstance(output, Mapping):
        return None
    kind = output.get("output_type")
    if kind == "stream":
        return {"output_type": kind, "name": "stdout", "text": _text(output.get("text"))}
    if kind == "error":
        lines = output.get("traceback")
        trace = "\n".join(map(_text, lines)) if isinstance(lines, list) else _text(lines)
        names = {name: _text(output.get(name)) for name in ("ename", "evalue")}
        return {"output_type": kind, **names, "traceback": [trace[-MOST_OUTPUT_CHARS:]]}
    if kind not in ("display_data", "execute_result"):
        return None
    data = output.get("data")
    mimes = {str(mime)[:100]: "" for mime in data} if isinstance(data, Mapping) else {}
    plain = _text(data.get("text/plain")) if isinstance(data, Mapping) else ""
    return {"output_type": kind, "data": mimes | {"text/plain": plain}, "metadata": {}}


def _text(value: Any) -> str:
    text = "".join(map(str, value)) if isinstance(value, list) else str(value or "")
    return text[:MOST_OUTPUT_CHARS]


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadAnswer("it is no object")
    return value


def _id(value: Any) -> str:
    """A cell's id, of the characters that nbformat allows."""
    text = str(value or "")
    if not _ID.fullmatch(text):
        raise BadAnswer("a cell has no proper id")
    return text
