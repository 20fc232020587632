"""The limits of a run as questions: the person may let it go on.

A limit is reached where a budget, the run's or its conversation's, does not hold the next request,
or where the run's calls go round in circles. It is asked about before a request, so that no call
is left open; where nobody answers, the run ends there.

Read next: `nbagent.policy.limits`, which says when one is reached.
"""

from __future__ import annotations

from collections.abc import Callable

from nbagent.events import Event, Paused
from nbagent.phrases import count, plural
from nbagent.policy import (
    LIMITS,
    Account,
    Budget,
    Reached,
    Repeats,
    Spent,
    Tally,
    setting_of,
    usd_words,
)
from nbagent.run.outgoing import Estimate
from nbagent.run.recipe import Recipe
from nbagent.run.work import Decide, Decision


class Limits:
    """What a run and its conversation may use; `apply` each event of the run once, in order.

    Args:
        recipe: the settings, and the conversation's account.
        emit: where events go.
        elapsed_s: gives the seconds since the run began.
    """

    def __init__(
        self, recipe: Recipe, emit: Callable[[Event], None], elapsed_s: Callable[[], float]
    ) -> None:
        settings = recipe.settings
        self.account = Account()
        self._budgets = (
            Budget.of(settings, self.account),
            Budget.of(settings, recipe.account, "conversation"),
        )
        self._emit = emit
        self._elapsed_s = elapsed_s
        self._tally = Tally()
        self._estimate = Estimate()
        self._repeats = Repeats() if settings.notice_repeats else None
        self._open: tuple[Budget, Reached] | None = None
        """The limit in question; None where calls that repeat are."""
        self._ended = ""

    def apply(self, event: Event) -> None:
        """Count what an event has spent."""
        spent = self._tally.apply(event)
        if spent is not None:
            for budget in self._budgets:
                budget.account.spent.add(spent)
        if self._repeats is not None:
            self._repeats.apply(event)

    def question(self, step: int, estimate: Estimate) -> Decide | None:
        """The question to be put before the next request, if there is one.

        Args:
            step: steps made.
            estimate: what the next request is expected to carry and cost.
        """
        self._estimate = estimate
        for budget in self._budgets:
            reached = budget.reached(self._ahead())
            if reached is not None:
                self._open = budget, reached
                further = LIMITS[reached.name](reached.more)
                why, self._ended = _words(budget, reached), _ended(budget, reached)
                return self._ask(step, f"Go on for another {further}?", why, reached.name)
        why = self._repeats.words() if self._repeats is not None else ""
        if not why:
            return None
        self._open, self._ended = None, REPEATED
        return self._ask(step, "Go on?", why, "repeats")

    def decide(self, decision: Decision) -> str:
        """Take the answer: go on, or return how the run ends, in words."""
        if decision.action != "run":
            return self._ended
        if self._open is not None:
            budget, reached = self._open
            budget.extend(reached, self._ahead())
        elif self._repeats is not None:
            self._repeats.forget()
        return ""

    def _ahead(self) -> Spent:
        return self._tally.ahead(self._estimate.tokens, self._estimate.usd, self._elapsed_s())

    def _ask(self, step: int, question: str, why: str, about: str) -> Decide:
        key = f"{step}.limit.{about}"
        self._ended = f"{why} {self._ended}"
        self._emit(Paused(step=step, why=why, question=question, key=key))
        return Decide("limit", question, why, key=key)


REPEATED = (
    "Everything is kept. Say what it should try instead with the next %%kimi; "
    "`%config Kimi.notice_repeats = False` lets such calls pass."
)


def _words(budget: Budget, reached: Reached) -> str:
    """What is reached, after how much: `$1.00 limit reached after 23 steps ($0.98 spent, …)`."""
    spent = budget.account.spent
    facts = []
    if spent.usd is not None:
        usd = usd_words(spent.usd)
        facts.append(f"est. {usd} spent" if spent.estimated else f"{usd} spent")
    if reached.name == "total_tokens":
        facts.append(f"{count(reached.used)} tokens used")
    if reached.name in ("usd", "total_tokens"):
        facts.append(f"the next request would take about {LIMITS[reached.name](reached.ahead)}")
    steps = plural(spent.steps, "step")
    limit, kept = LIMITS[reached.name](reached.ceiling), ", ".join([*facts, "everything kept"])
    if budget.scope == "conversation":
        return f"{limit} limit of this conversation reached after {steps} ({kept})."
    return f"{limit} limit reached after {steps} ({kept})."


def _ended(budget: Budget, reached: Reached) -> str:
    """What to do next, where the run ends here."""
    name = setting_of(budget.scope, reached.name)
    more = f"`--{name.replace('_', '-')}`" if budget.scope == "run" else f"`%config Kimi.{name}`"
    return f"Go on with `%kimi continue` or the next %%kimi; {more} allows more."
