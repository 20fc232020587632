"""This kernel's notebook as its runs reach it: by the page that shows it, else as a draft."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from nbagent.bounded import clip, size_of
from nbagent.clock import Clock
from nbagent.errors import UsageError
from nbagent.kernel.describe import describe
from nbagent.kernel.frontend import cell_id, cell_number, has_kernel, is_headless, parent_message
from nbagent.kernel.lookup import own_variables
from nbagent.notebook import Cell, Notebook, cell_text
from nbagent.notebook.cells import Cells, Seen
from nbagent.notebook.comms import send
from nbagent.notebook.draft import Draft
from nbagent.notebook.ops import NUMBERED
from nbagent.notebook.pages import Asker, Meanwhile, Pages
from nbagent.notebook.proposals import as_output
from nbagent.notebook.tools import cell_tools, read_notebook_tool
from nbagent.phrases import one_line, plural
from nbagent.redact import Redactor
from nbagent.tools import Tool

SEEN_BYTES = 4_000
"""An attached cell of up to so many bytes goes along whole, whatever else is attached."""
MOST_VARIABLES, VARIABLE_BYTES = 8, 160


class Workbook:
    """The notebook of one kernel.

    Args:
        shell: the IPython shell.
        meanwhile: what goes on while a tool waits for a page.
        clock: the one clock.
        redact: masks secrets.
        saved: the notebook as far as it is known without a page.

    Attributes:
        pages: those that show it.
    """

    def __init__(
        self,
        shell: Any,
        meanwhile: Meanwhile,
        clock: Clock,
        redact: Redactor,
        saved: Callable[[], Notebook],
    ) -> None:
        self._shell = shell
        self._redact = redact
        self._saved = saved
        self._draft = Draft()
        self._seen: dict[str, Seen] = {}
        self._attached: list[Cell] = []
        self.pages = Pages(send, meanwhile, clock)
        self.pages.offers = self._draft.told
        self.pages.on_chosen = self._draft.drop

    def tools(
        self, run_python: Tool, conversation: str, *, who: str = "", plan: bool
    ) -> list[Tool]:
        """The tools that reach cells; only the reading one where there is no notebook.

        Args:
            run_python: runs code.
            conversation: the conversation's key: what its agent has seen is remembered.
            who: whose changes they are, in words; '' for Kimi's.
            plan: whether changes are proposed to the person first.
        """
        cells = self._cells(self._seen.setdefault(conversation, Seen()), who, plan=plan)
        attached, self._attached = self._attached, []
        for cell in attached:
            cells.see(cell, self._redact)
        if not has_kernel(self._shell):
            return [read_notebook_tool(cells, self._redact)]
        if not is_headless(self._shell):
            self.pages.call_out(self._client)
        return cell_tools(cells, run_python, self._redact.value)

    def replayed_tools(self, run_python: Tool) -> list[Tool]:
        """The same for a replay: its code is that of the record, and no cell is changed by it."""
        cells = self._cells(Seen(), plan=True)
        tools = cell_tools(cells, run_python, self._redact.value)
        return [replace(tool, spelled_out=None) for tool in tools]

    def _cells(self, seen: Seen, who: str = "", *, plan: bool) -> Cells:
        own = cell_id(self._shell) or f"{NUMBERED}{cell_number(self._shell)}"
        return Cells(
            self.pages,
            self._draft,
            self._saved,
            seen,
            own=own,
            client=self._client,
            who=who,
            plan=plan,
        )

    @property
    def _client(self) -> str:
        """The client of the page in which the present cell was run."""
        return str(parent_message(self._shell).get("header", {}).get("session") or "")

    def cell_text(self, reference: str) -> str | None:
        """A cell as it is attached to a prompt: with its outputs, and the variables that it uses.

        Args:
            reference: its id, or its `In` number.
        """
        if has_kernel(self._shell) and not is_headless(self._shell):
            self.pages.await_one()
        cell = self._cells(Seen(), plan=False).read().find(reference)
        if cell is None:
            return None
        text = cell_text(cell)
        if size_of(text) <= SEEN_BYTES:
            self._attached.append(cell)  # the agent of the run that is made now has seen it
        used = "\n".join(self._used(cell))
        return f"{text}\nvariables that it uses:\n{used}" if used else text

    def _used(self, cell: Cell) -> Iterator[str]:
        """A line on each of the person's variables that a cell's code names."""
        variables = own_variables(self._shell)
        names = [name for name in _names(cell.source) if name in variables]
        for name in names[:MOST_VARIABLES]:
            yield f"{name}: {one_line(describe(variables[name], VARIABLE_BYTES), VARIABLE_BYTES)}"

    def revert(self, run_id: str) -> str:
        """Take back what a run has done to cells; what came of it, in words.

        Raises:
            UsageError: no page is there, and nothing was proposed.
        """
        n_dropped = self._draft.drop(run_id)
        reply = self.pages.ask([{"op": "revert", "run": run_id}], Asker(run_id, "", self._client))
        if reply.why:
            if n_dropped:
                return f"Dropped {plural(n_dropped, 'proposed change')} of {run_id}."
            raise UsageError(
                "No page answers that shows this notebook, so no cell was changed.",
                "In JupyterLab, reload the page and try again.",
            )
        return _reverted(run_id, reply.result)

    def publish(self, run_id: str) -> None:
        """Show what a run has proposed and no page took, for whoever has the file in hand."""
        proposals = self._draft.of(run_id)
        clear = [p for p in proposals if self._redact.value(p.told()) == p.told()]
        if clear and has_kernel(self._shell):
            self._shell.display_pub.publish(as_output(clear))


def _names(source: str) -> list[str]:
    """The names in a cell's code, in order; as far as it can be parsed."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    names = (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    return list(dict.fromkeys(names))


def _reverted(run_id: str, result: Any) -> str:
    """What a page says of a revert, in words."""
    first = (result.get("results") or [None])[0] if isinstance(result, dict) else None
    if not isinstance(first, dict) or first.get("ok") is not True:
        return "The page gave an answer that makes no sense. Look at the cells themselves."
    lists = [first.get(name) for name in ("reverted", "kept")]
    reverted, kept = (each if isinstance(each, list) else [] for each in lists)
    if not reverted and not kept:
        return f"{run_id} has left no marked change in this notebook."
    text = f"Taken back: {plural(len(reverted), 'change')} of cells of {run_id}."
    why = ", ".join(clip(str(each.get("id")), 40) for each in kept if isinstance(each, dict))
    return f"{text} Left, as you have changed them since: {why}." if why else text
