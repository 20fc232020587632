"""Changes of cells that no page has taken: kept in order, as proposals, over what is known.

Later changes build on earlier ones, so an agent can insert a cell, edit it and run it also where
nobody looks on. Nothing is written to a file; see `nbagent.notebook.proposals` for that.

What a page shows for the person to decide is remembered besides, for a page that is loaded anew.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nbagent.notebook.ops import CellDict, Op, applied, as_cell, as_dict, find_cell
from nbagent.notebook.pages import Asker
from nbagent.notebook.reading import Notebook
from nbagent.phrases import plural

MOST_SHOWN = 200
"""So many undecided proposals are remembered of those that pages show."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The operations of one tool call, and whose they are.

    Attributes:
        path: of the notebook that they are for; '' for any.
    """

    run_id: str
    call_id: str
    ops: tuple[Op, ...]
    who: str = ""
    path: str = ""

    def is_of(self, run_id: str, call_id: str = "") -> bool:
        """Whether it is a run's; or, if a call is named, that call's."""
        return self.run_id == run_id and call_id in ("", self.call_id)

    def told(self) -> dict[str, Any]:
        """The proposal as JSON values."""
        told = {"run_id": self.run_id, "tool_call_id": self.call_id, "ops": list(self.ops)}
        return told | ({"who": self.who} if self.who else {})


class Draft:
    """What was proposed in this kernel and not yet taken or dropped."""

    def __init__(self) -> None:
        self._proposals: list[Proposal] = []
        self._shown: list[Proposal] = []
        self._lock = threading.Lock()

    def over(self, notebook: Notebook) -> Notebook:
        """A notebook with the proposals put in, as far as they fit it."""
        cells = [as_dict(cell) for cell in notebook.cells]
        n = 0
        for proposal in self._proposals:
            cells, answer = applied(cells, [_placed(op, cells) for op in proposal.ops])
            n += answer["ok"]
        if not n:
            return notebook
        changes = plural(n, "proposed change")
        note = f"{notebook.note} With {changes} of yours, not in the notebook yet."
        return Notebook(tuple(map(as_cell, cells)), note)

    def take(self, ops: Sequence[Op], notebook: Notebook, asker: Asker) -> dict[str, Any]:
        """Keep operations if they fit the notebook with what was proposed before.

        Args:
            ops: the operations; a new cell may go below one that is not known here.
            notebook: the cells as the agent knows them.
            asker: on whose behalf.

        Returns:
            What a page would have answered.
        """
        cells = [as_dict(cell) for cell in self.over(notebook).cells]
        _, answer = applied(cells, [_placed(op, cells) for op in ops])
        if answer["ok"]:
            results = zip(ops, answer["results"], strict=True)
            kept = tuple(_named(op, result["id"]) for op, result in results)
            with self._lock:
                self._proposals.append(Proposal(asker.run_id, asker.call_id, kept, asker.who))
        return answer

    def show(self, ops: Sequence[Op], asker: Asker, path: str) -> None:
        """Remember what a page now shows; the same call's earlier words give way.

        Args:
            ops: what the person is to decide about.
            asker: on whose behalf.
            path: of the page's notebook.
        """
        shown = Proposal(asker.run_id, asker.call_id, tuple(ops), asker.who, path)
        with self._lock:
            others = [each for each in self._shown if not each.is_of(asker.run_id, asker.call_id)]
            self._shown = [*others, shown][-MOST_SHOWN:]

    def of(self, run_id: str) -> list[Proposal]:
        """The proposals of a run, in order."""
        return [proposal for proposal in self._proposals if proposal.run_id == run_id]

    def told(self, path: str) -> list[dict[str, Any]]:
        """All that is undecided in a notebook, as JSON values; from any thread."""
        with self._lock:
            all_ = [*self._proposals, *self._shown]
        return [each.told() for each in all_ if "" in (path, each.path) or path == each.path]

    def drop(self, run_id: str, call_id: str = "") -> int:
        """Forget the proposals of a run, or of one call; how many there were."""
        with self._lock:
            n = len(self._proposals) + len(self._shown)
            self._proposals = [p for p in self._proposals if not p.is_of(run_id, call_id)]
            self._shown = [p for p in self._shown if not p.is_of(run_id, call_id)]
            return n - len(self._proposals) - len(self._shown)


def _placed(op: Op, cells: Sequence[CellDict]) -> Op:
    """An operation with a place that is known here: last, for a new cell below an unknown one."""
    after = op.get("after")
    if after in (None, "end") or find_cell(cells, str(after)) is not None:
        return op
    return op | {"after": "end"}


def _named(op: Op, cell_id: str) -> Op:
    """An operation with the id of the cell that it makes, so that later ones can name it."""
    return op | {"id": cell_id} if op["op"] == "insert" else op
