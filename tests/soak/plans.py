"""What a soak of a size is: the share of faults, the window, the hours."""

from __future__ import annotations

from tests.soak.server import Plan

CALLS, HOURS, FAULTS = 4_000, 12.0, 0.05
WINDOW_TOKENS = 64_000
"""A quarter of K2.6's window, so that it fills often; `%config Kimi.max_context_tokens`."""
SMALL_WINDOW_TOKENS = 24_000
"""The same for a short soak: it fills within a hundred calls."""


def planned(n_calls: int, n_kills: int, seed: str) -> Plan:
    """The plan of a soak.

    Args:
        n_calls: tool calls in all.
        n_kills: so often the kernel is killed.
        seed: chooses the faults and their turns.
    """
    return Plan(
        n_calls=n_calls,
        n_faults=round(FAULTS * n_calls),
        n_kills=n_kills,
        hours=HOURS * n_calls / CALLS,
        window_tokens=WINDOW_TOKENS if n_calls > CALLS // 4 else SMALL_WINDOW_TOKENS,
        seed=seed,
    )
