"""Running a cell that is in the notebook: once, and its output becomes the cell's.

The code that is judged, and that a person approves, is the cell's source as the agent has read
it; it stands in the record beside the id. If the cell holds something else by the time it would
run, nothing runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from nbagent.messages import Content
from nbagent.notebook import ops
from nbagent.notebook.cells import Cells, Change
from nbagent.notebook.changing import CHANGED, NOT_SEEN, OWN, shown_anew
from nbagent.notebook.reading import Cell
from nbagent.tools import Tool, ToolContext, ToolResult
from nbagent.tools.schema import check_by_schema

MOST_OUTPUT_BYTES = 4_000_000
"""How large the outputs of a run may be to go to the page."""
_SHAPE = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "code": {"type": "string"}},
    "required": ["id"],
}


class Running:
    """The tool that runs a cell.

    Args:
        cells: the cells that the run can reach.
        run_python: runs code.
        redact: masks what an output must not hold.
    """

    def __init__(self, cells: Cells, run_python: Tool, redact: Callable[[Any], Any]) -> None:
        self._cells = cells
        self._run_python = run_python
        self._redact = redact

    def check(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Check arguments; beside the id there may be the code that was spelled out."""
        return check_by_schema(_SHAPE, arguments)

    def spelled_out(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The arguments with the code that the cell held when the agent read it."""
        cell = self._cells.seen.find(str(arguments.get("id")))
        if cell is None or cell.kind != "code" or cell.is_cut or "code" in arguments:
            return arguments
        return {"id": cell.id, "code": cell.source}

    def call(self, arguments: dict[str, Any], context: ToolContext) -> ToolResult:
        """Run the cell, if it still holds the code that was judged."""
        cells = self._cells.on_behalf_of(context)
        code, reference = arguments.get("code"), str(arguments["id"])
        known, cell = cells.seen.find(reference), cells.read().find(reference)
        is_as_read = known is not None and code == known.source
        refusal = self._refusal(reference, cell, code, is_as_read=is_as_read)
        if refusal is not None:
            return refusal
        result = self._run_python.call({"code": code}, context)
        if cell is None or cell.source != code or cells.plan or result.interrupted:
            return _noted(result, "[The cell itself was left as it is.]")
        return _noted(result, self._put_in(cell, result))

    def _refusal(
        self, reference: str, cell: Cell | None, code: object, *, is_as_read: bool
    ) -> ToolResult | None:
        """Why a cell is not run; None if it can be."""
        if cell is None and (is_as_read or code is None):
            text = f"There is no cell {reference}; read_notebook lists them. Nothing was run."
        elif cell is None:
            return None  # a replay, of a cell that is gone
        elif cell.id == self._cells.own:
            text = OWN.format(id=cell.id, done="run")
        elif cell.kind != "code":
            text = f"{cell.id} is a {cell.kind} cell; only code can be run."
        elif cell.source.lstrip().startswith("%%kimi"):
            text = f"{cell.id} would begin another run of an agent. Nothing was run."
        elif code is None:
            words = NOT_SEEN.format(done="run", text="{text}")
            return shown_anew(self._cells, cell, words, self._redact)
        elif is_as_read and cell.source != code:
            words = CHANGED.format(done="run", text="{text}")
            return shown_anew(self._cells, cell, words, self._redact)
        else:
            return None
        return ToolResult(content=text, is_error=True, outcome="not run")

    def _put_in(self, cell: Cell, result: ToolResult) -> str:
        """Give the cell what its code has shown; what became of that, in words."""
        shown = self._redact([dict(output) for output in result.display])
        if len(json.dumps(shown, default=str)) > MOST_OUTPUT_BYTES:
            return "[Its output is too large to be put into the cell.]"
        came = self._cells.change(ops.outputs(cell, shown))
        if isinstance(came, Change) and came.how == "made":
            return f"[This is now the output of cell {cell.id}.]"
        if isinstance(came, Change):
            return f"[{came.why}, so the output did not go into the cell.]"
        return "[The cell was changed meanwhile, so the output did not go into it.]"


def _noted(result: ToolResult, note: str) -> ToolResult:
    """Add a line to what the model gets."""
    content: Content
    if isinstance(result.content, str):
        content = f"{result.content}\n{note}"
    else:
        content = [*result.content, {"type": "text", "text": note}]
    return replace(result, content=content)
