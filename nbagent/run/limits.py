"""The limits of a run as questions: the person may allow as much again, or go on unrecorded.

Read next: `nbagent.policy.limits`, which says when one is reached.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from nbagent.events import Event, Paused
from nbagent.phrases import plural
from nbagent.policy import Budget
from nbagent.run.work import Decide, RunTool
from nbagent.settings import Settings


class Spent(Protocol):
    """What a run has used."""

    step: int
    spent_usd: float | None
    step_usd: float


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


class Limits:
    """What a run may use, and whether it may go on without a record.

    Args:
        settings: steps, dollars and minutes.
        emit: where events go.
    """

    def __init__(self, settings: Settings, emit: Callable[[Event], None]) -> None:
        self.budget = Budget.of(settings)
        self._emit = emit
        self._unkept: str | None = None
        """The problem of the record that the person knows of."""

    def question(self, spent: Spent, elapsed_s: float) -> Decide | None:
        """The question that a reached limit puts, if one is reached."""
        limit = self.budget.reached(
            steps=spent.step,
            cost_usd=spent.spent_usd,
            step_usd=spent.step_usd,
            elapsed_s=elapsed_s,
        )
        if limit is None:
            return None
        allowance = self.budget.allowance(limit)
        money = "" if spent.spent_usd is None else f"${spent.spent_usd:.2f} spent, "
        steps = plural(spent.step, "step")
        why = f"{allowance} limit reached after {steps} ({money}everything kept)."
        question = f"Go on for another {allowance}?"
        key = f"{spent.step}.limit.{limit}"
        self._emit(Paused(step=spent.step, why=why, question=question, key=key))
        return Decide("limit", question, why, key=key)

    def extend(self) -> None:
        """Allow as much again."""
        self.budget = self.budget.extended()

    def unkept(self, keeper: Keeper | None, work: RunTool) -> Decide | None:
        """The question before a tool, if what it does could not be told after a crash."""
        if keeper is None or not keeper.problem or keeper.problem == self._unkept:
            return None
        question = "Go on without a record on disk?"
        key = f"{work.step}.{work.index}.record"
        self._emit(Paused(step=work.step, why=keeper.problem, question=question, key=key))
        return Decide("record", question, keeper.problem, key=key)

    def go_on_unkept(self, keeper: Keeper | None) -> None:
        """Try the record once more; if it fails again, the run goes on without it."""
        if keeper is not None and not keeper.retry():
            self._unkept = keeper.problem
