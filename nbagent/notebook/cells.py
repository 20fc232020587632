"""One run's way to the cells of its notebook: the page that shows it, else a draft.

What the agent has seen of a cell is remembered, as it may change only what it knows. A page checks
the same once more by the hash, since the person may have typed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Self, TypeAlias

from nbagent.notebook import answers
from nbagent.notebook.answers import BadAnswer, Done, Refused
from nbagent.notebook.draft import Draft
from nbagent.notebook.ops import Op
from nbagent.notebook.pages import Asker, Mode, Pages
from nbagent.notebook.reading import Cell, Notebook
from nbagent.tools import ToolContext

How: TypeAlias = Literal["made", "proposed", "kept"]
NO_PAGE = {
    "none": "No page shows this notebook",
    "silent": "The page that shows this notebook has not answered",
    "gone": "The page that shows this notebook was closed",
}
UNREADABLE = (
    "The page gave an answer that makes no sense ({what}), so nobody knows whether this was done. "
    "Read the notebook before you go on."
)
STOPPED = (
    "Stopped by the user before the page had answered, so nobody knows whether this was done. "
    "Do not retry unless they ask."
)
TAKEN_LATE = "The page has answered late: {n} that you were told was only proposed is in place."
_MOST_SEEN = 2_000


class Seen:
    """What the agent has seen of each cell, over the runs of a conversation."""

    def __init__(self) -> None:
        self._cells: dict[str, Cell] = {}

    def note(self, cell: Cell, *, whole: bool = True) -> None:
        """The agent has seen a cell as it is now, or a part of it."""
        self._cells.pop(cell.id, None)
        self._cells[cell.id] = replace(cell, outputs=(), is_cut=not whole)
        while len(self._cells) > _MOST_SEEN:
            del self._cells[next(iter(self._cells))]

    def forget(self, cell_id: str) -> None:
        """What it knows of a cell does not hold any more."""
        self._cells.pop(cell_id, None)

    def find(self, reference: str) -> Cell | None:
        """A cell that it knows, by its id or the beginning of one; see `Notebook.find`."""
        return Notebook(tuple(self._cells.values()), "").find(reference)


@dataclass(frozen=True, slots=True)
class Change:
    """Operations that came to something.

    Attributes:
        how: `made` in the notebook, `proposed` to the person, or `kept` as no page was there.
        done: what came of each, unless the person is still to decide.
        why: why it was only kept, in words.
    """

    how: How
    done: tuple[Done, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nobody knows whether operations were made; `text` says why."""

    text: str
    stopped: bool = False


class Cells:
    """The cells that one run can reach.

    Args:
        pages: those of this kernel.
        draft: what was proposed in this kernel.
        saved: the notebook as far as it is known without a page.
        seen: what the conversation's agent has seen.
        own: the id of the cell that the run was asked in.
        client: the client of the page in which that cell was run.
        who: whose changes they are, in words; '' for Kimi's.
        plan: whether changes are proposed to the person first.
    """

    def __init__(
        self,
        pages: Pages,
        draft: Draft,
        saved: Callable[[], Notebook],
        seen: Seen,
        *,
        own: str = "",
        client: str = "",
        who: str = "",
        plan: bool = False,
    ) -> None:
        self._pages = pages
        self._draft = draft
        self._saved = saved
        self.seen = seen
        self.own = own
        self.plan = plan
        self._asker = Asker(client=client, who=who)
        self._read: Notebook | None = None
        self._late: dict[str, tuple[Asker, int]] = {}
        self.below = own
        """The cell below which a new one goes, if nothing is said."""

    def on_behalf_of(self, context: ToolContext) -> Self:
        """The same cells; what is asked from now on is asked for this call."""
        self._asker = replace(self._asker, run_id=context.run_id, call_id=context.call_id)
        return self

    def see(self, cell: Cell, redact: Callable[[str], str]) -> None:
        """Note that the agent has seen a cell: only a part of it, if something in it is masked."""
        self.seen.note(cell, whole=not cell.is_cut and redact(cell.source) == cell.source)

    def read(self) -> Notebook:
        """The notebook as it is: what the page shows, else what is known without one."""
        reply = self._pages.ask([{"op": "read"}], self._asker)
        if not reply.why:
            try:
                self._read = answers.notebook(reply.result)
            except BadAnswer as bad:
                self._read = None
                note = f"The page gave an answer that makes no sense ({bad})."
                saved = self._saved()
                return replace(saved, note=f"{note} {saved.note}")
            return self._read
        self._read = None
        return self._draft.over(self._saved())

    def change(self, *ops: Op) -> Change | Refused | Unclear:
        """Have operations made, all or none; or proposed, where the person is to decide first."""
        mode: Mode = "propose" if self.plan else "apply"
        reply = self._pages.ask(ops, self._asker, mode)
        if reply.why == "stopped":
            return Unclear(STOPPED, stopped=True)
        if reply.why:
            return self._keep(ops, reply.why, reply.request_id)
        try:
            came = answers.changes(reply.result, len(ops))
        except BadAnswer as bad:
            return Unclear(UNREADABLE.format(what=bad))
        if isinstance(came, Refused):
            return came
        if came is None:
            self._draft.show(ops, self._asker, reply.path)
            return Change("proposed")
        return Change("made", tuple(came))

    def _keep(self, ops: tuple[Op, ...], why: str, request_id: str) -> Change | Refused:
        """Keep operations as a proposal; a page that was asked may still answer."""
        base = self._saved() if why == "none" else self._as_seen(ops)
        came = answers.changes(self._draft.take(ops, base, self._asker), len(ops))
        if isinstance(came, Refused):
            return came
        if request_id and not self.plan:
            self._late[request_id] = (self._asker, len(ops))
        return Change("kept", tuple(came or ()), NO_PAGE[why])

    def _as_seen(self, ops: tuple[Op, ...]) -> Notebook:
        """The notebook that a page had, as far as the agent has seen it."""
        known = self._read or self._saved()
        seen = {cell.id: cell for op in ops if (cell := self.seen.find(str(op.get("id"))))}
        others = [cell for cell in known.cells if cell.id not in seen]
        return replace(known, cells=(*others, *seen.values()))

    def came_late(self) -> str:
        """What pages have done after all that was taken for a proposal, in words; '' if nothing."""
        n = 0
        for request_id, (asker, n_ops) in list(self._late.items()):
            result = self._pages.came_late(request_id)
            if result is None:
                continue
            del self._late[request_id]
            try:
                came = answers.changes(result, n_ops)
            except BadAnswer:
                continue
            if isinstance(came, list):
                self._draft.drop(asker.run_id, asker.call_id)
                n += 1
        return TAKEN_LATE.format(n=f"{n} change" if n == 1 else f"{n} changes") if n else ""
