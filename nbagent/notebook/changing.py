"""Inserting, editing and deleting cells: what the model is told, and what a person sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Literal

from nbagent.notebook import ops
from nbagent.notebook.answers import Refused
from nbagent.notebook.cells import Cells, Change, Unclear
from nbagent.notebook.diff import cell_diff
from nbagent.notebook.reading import Cell, texts_of
from nbagent.phrases import plural
from nbagent.tools import ToolContext, ToolResult, tool

NOT_SEEN = "You have not read this cell as it is now, so nothing was {done}. It is:\n{text}"
CHANGED = "This cell was changed since you read it, so nothing was {done}. It is now:\n{text}"
IN_PARTS = (
    "You have seen only a part of this cell, so a whole new source would lose the rest. Give `old` "
    "and `new` instead. Nothing was changed."
)
OWN = "{id} is the cell that you are running in, which has to stay as it is. Nothing was {done}."
DONE = {"insert": "inserted", "change": "changed", "delete": "deleted"}


class Changing:
    """The tools that change cells.

    Args:
        cells: the cells that the run can reach.
        redact: masks what the model is not to see.
    """

    def __init__(self, cells: Cells, redact: Callable[[str], str]) -> None:
        self._cells = cells
        self._redact = redact

    @tool(effect="external")
    def insert_cell(
        self,
        context: ToolContext,
        source: Annotated[str, "the cell's text"],
        kind: Literal["code", "markdown", "raw"] = "code",
        after: Annotated[
            str | None, "id of the cell above it, 'start' or 'end'; else below your last one"
        ] = None,
    ) -> ToolResult:
        """Put a new cell into the user's notebook, below the cell that asked you. It is not run."""
        cells = self._cells.on_behalf_of(context)
        for place in self._places(after):
            came = cells.change(ops.insert(place, kind, source))
            if not isinstance(came, Refused):
                break
        if not isinstance(came, Change):
            return not_done(cells, came, "inserted", self._redact)
        for done in came.done:
            cells.seen.note(Cell(done.id, kind, source, stamp=done.hash))
            cells.below = done.id if after is None else cells.below
        lines = plural(source.count("\n") + 1, "line")
        return _told(cells, came, "insert", f"a {kind} cell of {lines}", after=source)

    def _places(self, after: str | None) -> list[str | None]:
        """Below which cell a new one goes; the first of them that is there."""
        if after is None:
            return list(dict.fromkeys(filter(None, (self._cells.below, self._cells.own, "end"))))
        if after in ("start", "end"):
            return [None if after == "start" else after]
        known = self._cells.seen.find(after) or self._cells.read().find(after)
        return [known.id if known else after]

    @tool(effect="external")
    def edit_cell(
        self,
        context: ToolContext,
        id: Annotated[str, "the cell's id"],  # noqa: A002 -- the word that the model reads
        source: Annotated[str | None, "its whole new text; or give old and new"] = None,
        old: Annotated[str, "text that occurs once in it"] = "",
        new: Annotated[str, "what takes its place"] = "",
    ) -> ToolResult:
        """Change the text of a cell that you have read. It is not run, and keeps its output."""
        cells = self._cells.on_behalf_of(context)
        cell = known(cells, id, "changed", self._redact)
        if isinstance(cell, ToolResult):
            return cell
        text = _new_source(cell, source, old, new)
        if isinstance(text, ToolResult):
            return text
        came = cells.change(ops.edit(cell, text))
        if not isinstance(came, Change):
            return not_done(cells, came, "changed", self._redact)
        for done in came.done:
            cells.seen.note(replace(cell, source=text, stamp=done.hash), whole=not cell.is_cut)
        return _told(cells, came, "change", f"cell {cell.id}", before=cell.source, after=text)

    @tool(effect="external")
    def delete_cell(
        self,
        context: ToolContext,
        id: Annotated[str, "the cell's id"],  # noqa: A002 -- as above
    ) -> ToolResult:
        """Delete a cell that you have read, if the user asked for that."""
        cells = self._cells.on_behalf_of(context)
        cell = known(cells, id, "deleted", self._redact)
        if isinstance(cell, ToolResult):
            return cell
        came = cells.change(ops.delete(cell))
        if not isinstance(came, Change):
            return not_done(cells, came, "deleted", self._redact)
        if came.how != "proposed":
            cells.seen.forget(cell.id)
        return _told(cells, came, "delete", f"cell {cell.id}", before=cell.source)


def known(
    cells: Cells, reference: str, done: str, redact: Callable[[str], str]
) -> Cell | ToolResult:
    """The cell that is named, as the agent has seen it; else why it cannot be touched.

    Args:
        cells: the cells that the run can reach.
        reference: its id, or the beginning of that.
        done: what is not done to it, as a participle.
        redact: masks what the model is not to see.
    """
    seen = cells.seen.find(reference)
    found = seen or cells.read().find(reference)
    if found is None:
        text = f"There is no cell {reference}; read_notebook lists them. Nothing was {done}."
        return ToolResult(content=text, is_error=True, outcome="no such cell")
    if found.id == cells.own:
        text = OWN.format(id=found.id, done=done)
        return ToolResult(content=text, is_error=True, outcome="its own cell")
    return seen or shown_anew(cells, found, NOT_SEEN.format(done=done, text="{text}"), redact)


def shown_anew(cells: Cells, cell: Cell, words: str, redact: Callable[[str], str]) -> ToolResult:
    """Refuse, with the cell as it is now; the agent has then seen that.

    Args:
        cells: the cells that the run can reach.
        cell: the cell.
        words: why, with a place for its `{text}`.
        redact: masks what the model is not to see.
    """
    ((shown, text),) = texts_of([cell])
    cells.see(shown or cell, redact)
    return ToolResult(content=words.replace("{text}", text), is_error=True, outcome="refused")


def not_done(
    cells: Cells, came: Refused | Unclear, done: str, redact: Callable[[str], str]
) -> ToolResult:
    """What the model is told where nothing was done, or nobody knows."""
    if isinstance(came, Unclear):
        return ToolResult(
            content=came.text,
            is_error=True,
            outcome="stopped" if came.stopped else "outcome unknown",
            interrupted=came.stopped,
        )
    if came.reason == "changed" and came.source is not None:
        now = Cell(came.id, "code", came.source, stamp=came.hash)
        return shown_anew(cells, now, CHANGED.format(done=done, text="{text}"), redact)
    cells.seen.forget(came.id)
    if came.reason == "no_such_cell":
        text = f"There is no cell {came.id} any more; read_notebook lists them. Nothing was {done}."
        return ToolResult(content=text, is_error=True, outcome="no such cell")
    text = f"The page refused: {came.reason}. Nothing was {done}."
    return ToolResult(content=text, is_error=True, outcome="refused")


def _new_source(cell: Cell, source: str | None, old: str, new: str) -> str | ToolResult:
    """The text that a cell is to have; else what is wrong with the arguments."""
    at, last = cell.source.find(old), cell.source.rfind(old)
    if (source is None) == (not old):
        text = "Give either `source`, or `old` and `new`. Nothing was changed."
    elif source is not None:
        if not cell.is_cut:
            return source
        text = IN_PARTS
    elif at == last >= 0:
        return f"{cell.source[:at]}{new}{cell.source[at + len(old) :]}"
    else:
        n_times = "more than once" if at >= 0 else "nowhere"
        text = f"`old` occurs {n_times} in the cell; it must be once. Nothing was changed."
    return ToolResult(content=text, is_error=True, outcome="not changed")


def _told(
    cells: Cells, came: Change, verb: str, what: str, *, before: str = "", after: str = ""
) -> ToolResult:
    """What the model is told of a change, and the difference for the person."""
    done = came.done[0] if came.done else None
    is_new = done is not None and verb == "insert"
    if came.how == "made":
        where = f" as cell {done.place}, id {done.id}" if is_new and done else ""
        text = f"{DONE[verb].capitalize()} {what}{where}. The user can still undo it."
    elif came.how == "proposed":
        text = f"Proposed to the user: {verb} {what}. Nothing changes until they accept."
    else:
        name = f" (id {done.id})" if is_new and done else ""
        text = f"{came.why}, so this is only proposed: {verb} {what}{name}."
    diff = cell_diff(before, after)
    shown = {"output_type": "display_data", "data": {"text/plain": diff}, "metadata": {}}
    return ToolResult(
        content="\n".join(filter(None, [text, cells.came_late()])),
        display=(shown,) if diff else (),
        outcome=DONE[verb] if came.how == "made" else "proposed",
    )
