"""Limits: what a run and its conversation may use, and how long to wait before trying again.

Read next: `nbagent.policy.spending`, which counts; `nbagent.run.limits`, which asks the person.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from nbagent.errors import InvalidTurn, ModelError, RateLimited
from nbagent.phrases import count, dollars, plural
from nbagent.settings import Settings

MAX_INVALID_TURNS = 3
"""How often one step is asked in all while its replies are unfit for the history."""
MAX_SERVER_WAIT_S = 600.0
"""A server that asks for a longer wait than this is reported instead of waited for."""
MIN_SERVER_WAIT_S = 1.0
"""A rate limit whose wait is shorter than this, or is not named, is no reason to go on for ever."""
FIRST_BACKOFF_S = 0.5
MAX_FIRST_ATTEMPTS = 5
"""How often an endpoint is asked in all that has not answered a run yet."""


def usd_words(value: float) -> str:
    """Dollars of a limit: whole cents, more digits only where cents would hide them."""
    return f"${value:,.2f}" if value >= 0.1 else dollars(value)  # noqa: PLR2004 -- ten cents


LIMITS: Mapping[str, Callable[[float], str]] = {
    "steps": lambda n: plural(round(n), "step"),
    "tool_calls": lambda n: plural(round(n), "tool call"),
    "total_tokens": lambda n: f"{count(n)} tokens",
    "usd": usd_words,
    "minutes": lambda n: "1 minute" if n == 1 else f"{n:g} minutes",
}
"""What is limited, each with its words. A setting sets each, for a run (`max_usd`) and for a
conversation (`conversation_max_usd`), and a field of `Spent` counts it."""


@dataclass(slots=True)
class Spent:
    """What was used, or would be.

    Attributes:
        steps: model calls.
        tool_calls: calls that ran.
        total_tokens: tokens of prompts and replies.
        usd: dollars; None where the price is unknown.
        minutes: wall time.
        estimated: whether an endpoint has not counted some of it.
    """

    steps: int = 0
    tool_calls: int = 0
    total_tokens: int = 0
    usd: float | None = None
    minutes: float = 0.0
    estimated: bool = False

    def add(self, other: Spent) -> None:
        """Count `other` too."""
        self.steps += other.steps
        self.tool_calls += other.tool_calls
        self.total_tokens += other.total_tokens
        self.minutes += other.minutes
        if other.usd is not None:
            self.usd = other.usd + (self.usd or 0.0)
        self.estimated = self.estimated or other.estimated


@dataclass(slots=True)
class Account:
    """What a run or a conversation has used, and how far the person has let it go."""

    spent: Spent = field(default_factory=Spent)
    ceilings: dict[str, float] = field(default_factory=dict)
    """By limit: up to where it may go since the person allowed more."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A limit that the next request would pass.

    Attributes:
        name: which one of `LIMITS`.
        ceiling: how much may be used.
        used: how much is used.
        ahead: how much the next request is taken to use.
        more: how much further it would have to go, in whole allowances.
    """

    name: str
    ceiling: float
    used: float
    ahead: float
    more: float


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run, or a conversation, may use.

    Attributes:
        scope: whose budget it is.
        allowances: by limit, what the settings allow; a limit that is not there is not set.
        account: what is used.
    """

    scope: Literal["run", "conversation"]
    allowances: Mapping[str, float]
    account: Account

    @classmethod
    def of(
        cls, settings: Settings, account: Account, scope: Literal["run", "conversation"] = "run"
    ) -> Budget:
        """The budget that the settings name."""
        allowed = {name: getattr(settings, setting_of(scope, name)) for name in LIMITS}
        return cls(scope, {k: v for k, v in allowed.items() if v is not None}, account)

    def reached(self, ahead: Spent) -> Reached | None:
        """The limit that the next request would pass, if there is one.

        Args:
            ahead: what the next request is taken to use. Its minutes are those that the run under
                way has taken, which are accounted for at its end only.
        """
        for name, allowance in self.allowances.items():
            used, more = getattr(self.account.spent, name), getattr(ahead, name)
            ceiling = self.account.ceilings.get(name, allowance)
            over = (used or 0) + (more or 0) - ceiling
            if (used is not None or more is not None) and over > 0:
                further = allowance * math.ceil(over / allowance)
                return Reached(name, ceiling, used or 0, more or 0, further)
        return None

    def extend(self, reached: Reached, ahead: Spent) -> None:
        """Let it go further, as far as was asked and at least past the next request.

        Args:
            reached: the limit in question.
            ahead: what the next request is taken to use, as of now.
        """
        used, more = getattr(self.account.spent, reached.name), getattr(ahead, reached.name)
        least = (used or 0) + (more or 0)
        if reached.name == "minutes":  # the answer may have taken longer than all else
            least += self.allowances[reached.name]
        self.account.ceilings[reached.name] = max(reached.ceiling + reached.more, least)


def setting_of(scope: str, name: str) -> str:
    """The setting of a limit: `max_usd`, `conversation_max_usd`."""
    return f"max_{name}" if scope == "run" else f"conversation_max_{name}"


def retry_delay_s(
    error: ModelError,
    attempt: int,
    settings: Settings,
    chance: Callable[[], float],
    *,
    is_first: bool = False,
) -> float | None:
    """Seconds to wait before the same request goes again, or None to give up.

    The server's own word counts first. A rate limit is waited out however often it takes, as
    long as the server names a bearable wait; other faults back off exponentially, each time by a
    random share so that many clients do not come back at once, and are bounded by
    `settings.retry_attempts`. An invalid reply is asked for again at once, and then once more,
    since each costs tokens.

    Args:
        error: what failed.
        attempt: the attempt that failed, from 1.
        settings: limits.
        chance: gives a random number from 0 to 1.
        is_first: whether the endpoint has not answered this run yet; then it is given up sooner,
            as an address may be wrong.
    """
    if not error.retryable:
        return None
    asked = error.retry_after_s or 0.0
    if asked > MAX_SERVER_WAIT_S:
        return None
    if isinstance(error, RateLimited) and asked >= MIN_SERVER_WAIT_S:
        return asked
    invalid = isinstance(error, InvalidTurn)
    most = MAX_FIRST_ATTEMPTS if is_first else settings.retry_attempts
    if attempt >= min(MAX_INVALID_TURNS if invalid else most, settings.retry_attempts):
        return None
    if invalid and attempt == 1:
        return 0.0
    doublings = min(attempt - 1, 30)  # enough for every limit, and a number that stays one
    longest: float = min(FIRST_BACKOFF_S * 2**doublings, settings.retry_max_seconds)
    return asked + longest * (0.5 + 0.5 * chance())
