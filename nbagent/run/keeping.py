"""Whether a run may go on without a record: asked before a tool, as what it does is not undone.

Read next: `nbagent.journal`, which keeps the record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from nbagent.events import Event, Paused
from nbagent.run.work import Decide, RunTool


class Keeper(Protocol):
    """Keeps a run's record, as far as the run asks for it.

    Attributes:
        problem: why the record is not whole, in words; '' while it is.
        is_lost: whether another kernel goes on with the run.
    """

    problem: str
    is_lost: bool

    def retry(self) -> bool:
        """Write what is missing; True if the record is whole now."""
        ...


class Keeping:
    """Asks before a tool whose outcome could not be told after a crash.

    Args:
        emit: where events go.

    Attributes:
        keeper: keeps the record; None where none is kept.
    """

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self.keeper: Keeper | None = None
        self._emit = emit
        self._known = ""
        """The problem that the person has let the run go on with."""

    @property
    def lost(self) -> str:
        """Why the run must end here, as another kernel goes on with it; '' if none does."""
        return self.keeper.problem if self.keeper is not None and self.keeper.is_lost else ""

    def question(self, work: RunTool) -> Decide | None:
        """The question before a tool, if the record is not whole."""
        problem = self.keeper.problem if self.keeper is not None else ""
        if not problem or problem == self._known:
            return None
        question = "Go on without a record on disk?"
        key = f"{work.step}.{work.index}.record"
        self._emit(Paused(step=work.step, why=problem, question=question, key=key))
        return Decide("record", question, problem, key=key)

    def go_on(self) -> None:
        """Try the record once more; if it fails again, the run goes on without it."""
        if self.keeper is not None and not self.keeper.retry():
            self._known = self.keeper.problem
