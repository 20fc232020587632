"""A run's events folded into figures: TTFT, tokens/s, tokens, cost, tool time; pure."""

from nbagent.meter.meter import Meter, cost_usd

__all__ = ["Meter", "cost_usd"]
