"""Limits: when a run has used what it may use, and how long to wait before trying again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from nbagent.errors import InvalidTurn, ModelError, RateLimited
from nbagent.phrases import plural
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


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may use. `reached` names the limit that the next step would pass.

    Attributes:
        max_steps: model calls.
        max_usd: dollars; only where the price is known.
        max_minutes: minutes since the run began; None for no limit.
        granted: how often the person has allowed as much again.
    """

    max_steps: int
    max_usd: float
    max_minutes: float | None = None
    granted: int = 0

    @classmethod
    def of(cls, settings: Settings) -> Budget:
        """The budget that the settings name."""
        return cls(settings.max_steps, settings.max_usd, settings.max_minutes)

    def reached(
        self, *, steps: int, cost_usd: float | None, step_usd: float, elapsed_s: float
    ) -> Literal["steps", "usd", "minutes"] | None:
        """Which limit the next step would pass, if any.

        Args:
            steps: steps made.
            cost_usd: dollars spent; None where the price is unknown.
            step_usd: what the last step cost, taken as what the next one will.
            elapsed_s: seconds since the run began.
        """
        times = self.granted + 1
        if steps >= self.max_steps * times:
            return "steps"
        if cost_usd and cost_usd + step_usd > self.max_usd * times:
            return "usd"
        if self.max_minutes is not None and elapsed_s >= self.max_minutes * 60 * times:
            return "minutes"
        return None

    def allowance(self, limit: str) -> str:
        """One budget's worth of a limit, in words: `$1.00`, `50 steps`, `30 minutes`."""
        if limit == "usd":
            return f"${self.max_usd:.2f}"
        if limit == "steps":
            return plural(self.max_steps, "step")
        return f"{self.max_minutes:g} minutes"

    def extended(self) -> Budget:
        """The budget after the person allowed as much again."""
        return replace(self, granted=self.granted + 1)


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
