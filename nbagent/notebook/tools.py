"""The five tools by which the model reads, writes and runs cells of the notebook.

Inserting, editing and deleting need no OK, since each change is shown in its place with Accept and
Reject; what the agent has not seen, or what has changed since, is refused with its present text.

Read next: `changing` and `running`, which carry them out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from nbagent.notebook.cells import Cells
from nbagent.notebook.changing import Changing
from nbagent.notebook.reading import Cell, Notebook, outline, texts_of
from nbagent.notebook.running import Running
from nbagent.phrases import plural
from nbagent.tools import Tool, ToolContext, ToolResult, as_tool, tool

RUN_PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {"id": {"type": "string", "description": "the cell's id"}},
    "required": ["id"],
}
RUN_DESCRIPTION = """\
Run one code cell of the notebook as it stands, in the user's kernel; its output becomes the \
cell's. Read the cell first. For code that need not stay in the notebook use run_python."""


def read_notebook_tool(cells: Cells, redact: Callable[[str], str]) -> Tool:
    """The tool that reads this notebook's cells.

    Args:
        cells: the cells that the run can reach.
        redact: what the model is not to see is masked in results by this.
    """

    @tool(effect="pure")
    def read_notebook(
        context: ToolContext,
        ids: Annotated[list[str] | None, "cells to read in full: ids or In numbers"] = None,
        first: Annotated[int | None, "read in full from this place in the outline"] = None,
        last: Annotated[int | None, "and up to this place"] = None,
    ) -> ToolResult:
        """Read this notebook: without arguments an outline, with them source and text outputs."""
        cells.on_behalf_of(context)
        notebook = cells.read()
        late = cells.came_late()
        head = f"{late}\n{notebook.note}" if late else notebook.note
        if not ids and first is None and last is None:
            text = outline(notebook.cells) or "There are no cells."
            n_cells = plural(len(notebook.cells), "cell")
            return ToolResult(content=f"{head}\n{text}", outcome=n_cells)
        chosen, unknown = _chosen(notebook, ids or [], first, last)
        texts = [head]
        for cell, text in texts_of(chosen):
            texts.append(text)
            if cell is not None:
                cells.see(cell, redact)
        if unknown or not chosen:
            texts.append(f"There is no cell {', '.join(unknown) or 'there'}; see the outline.")
        return ToolResult(
            content="\n\n".join(texts),
            is_error=not chosen,
            outcome=plural(len(chosen), "cell"),
        )

    return as_tool(read_notebook)


def _chosen(
    notebook: Notebook, ids: list[str], first: int | None, last: int | None
) -> tuple[list[Cell], list[str]]:
    """The cells of a range and of references, and the references that name none."""
    start = max((first or 1) - 1, 0)
    is_ranged = first is not None or last is not None
    chosen = list(notebook.cells[start:last]) if is_ranged else []
    found = [(reference, notebook.find(reference)) for reference in ids]
    chosen += [cell for _, cell in found if cell is not None]
    return chosen, [reference for reference, cell in found if cell is None]


def cell_tools(cells: Cells, run_python: Tool, redact: Callable[[Any], Any]) -> list[Tool]:
    """The tools that read, change and run cells.

    Args:
        cells: the cells that the run can reach.
        run_python: runs code, and tells what code would do.
        redact: masks what the model, and an output, must not hold.
    """
    changing = Changing(cells, redact)
    shown = "" if cells.plan else "changes cells of the notebook"
    tools = [
        replace(as_tool(each), judge=lambda _: (), only_looks=lambda _: shown)
        for each in (changing.insert_cell, changing.edit_cell, changing.delete_cell)
    ]
    running = Running(cells, run_python, redact)
    return [
        read_notebook_tool(cells, redact),
        *tools,
        Tool(
            name="run_cell",
            description=RUN_DESCRIPTION,
            parameters=RUN_PARAMETERS,
            call=running.call,
            effect=run_python.effect,
            check=running.check,
            judge=run_python.judge,
            only_looks=run_python.only_looks,
            spelled_out=running.spelled_out,
        ),
    ]
