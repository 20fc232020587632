"""What K2.6 costs: dated figures, and the one formula."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

AS_OF = "2026-11-22"
INPUT_USD, CACHED_USD, OUTPUT_USD = 0.95, 0.16, 4.00
"""Dollars per million tokens of `kimi-k2.6`, as Moonshot listed them on that day."""
MILLION = 1_000_000
REPLY_TOKENS = 1_000
"""Output that an estimate takes a real reply to have, its reasoning included. Scripted replies are
shorter, so their own counts would promise too little."""
MARGIN = 2.0
"""Estimates are so many times that: a real model may think longer, and take more steps."""


def cost_usd(usage: Mapping[str, Any], model: str = "kimi-k2.6") -> float | None:
    """What one reply costs, by its token counts; None for another model.

    Reasoning is part of the completion, so it is not counted again.
    """
    if model != "kimi-k2.6":
        return None
    cached = cached_tokens(usage)
    fresh = int(usage["prompt_tokens"]) - cached
    output = int(usage["completion_tokens"])
    return (fresh * INPUT_USD + cached * CACHED_USD + output * OUTPUT_USD) / MILLION


def estimate_usd(n_requests: int, prompt_tokens: int) -> float:
    """What a lesson may cost with the real model: an estimate, with its margin.

    Args:
        n_requests: how many chat requests the lesson's cells make.
        prompt_tokens: what they carry together, in tokens, as the lesson server counted it.
    """
    output = n_requests * REPLY_TOKENS
    return MARGIN * (prompt_tokens * INPUT_USD + output * OUTPUT_USD) / MILLION


def cached_tokens(usage: Mapping[str, Any]) -> int:
    """How much of the prompt was in the provider's cache; the field has two names."""
    details = usage.get("prompt_tokens_details") or {}
    return int(usage.get("cached_tokens") or details.get("cached_tokens") or 0)


def reasoning_tokens(usage: Mapping[str, Any]) -> int:
    """How much of the completion was reasoning."""
    details = usage.get("completion_tokens_details") or {}
    return int(details.get("reasoning_tokens") or 0)
