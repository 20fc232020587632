"""The limits of a run as questions: the person may allow as much again.

Read next: `nbagent.policy.limits`, which says when one is reached.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from nbagent.events import Event, Paused
from nbagent.phrases import plural
from nbagent.policy import Budget
from nbagent.run.work import Decide
from nbagent.settings import Settings


class Spent(Protocol):
    """What a run has used."""

    step: int
    spent_usd: float | None
    step_usd: float


class Limits:
    """What a run may use.

    Args:
        settings: steps, dollars and minutes.
        emit: where events go.
    """

    def __init__(self, settings: Settings, emit: Callable[[Event], None]) -> None:
        self.budget = Budget.of(settings)
        self._emit = emit

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
