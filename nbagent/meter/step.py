"""The figures of one step, as the meter fills them in.

Read next: `nbagent.meter.streams`, which has the definitions of what a reply's stream tells.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbagent.messages import Usage
from nbagent.meter.streams import Curve, Segment, Span


@dataclass(slots=True)
class MeteredStep:
    """Figures of one step; of several attempts, the one that was accepted."""

    step: int
    t0: float
    t1: float = 0.0
    attempts: int = 1
    requested_t: float = 0.0
    ttft_s: float | None = None
    ttfa_s: float | None = None
    model_s: float | None = None
    tokens_per_s: float | None = None
    usage: Usage | None = None
    completion_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    estimated: bool = False
    buffered: bool = False
    tool_s: float = 0.0
    you_s: float = 0.0
    wait_s: float = 0.0
    tool_calls: int = 0
    stalls: Sequence[Span] = ()
    speed: Sequence[Curve] = ()
    phases: list[str] = field(default_factory=list)
    """The phase of each span; `times` has its begin and its end."""
    times: array[float] = field(default_factory=lambda: array("d"))

    def add(self, phase: str, t0: float, t1: float) -> None:
        """Append a span, if it has a length."""
        if t1 > t0:
            self.phases.append(phase)
            self.times.extend((t0, t1))
        self.t1 = max(self.t1, t1)

    @property
    def segments(self) -> Iterator[Segment]:
        """The spans, in the order in which they ended."""
        for i, phase in enumerate(self.phases):
            yield self.step, phase, self.times[2 * i], self.times[2 * i + 1]

    def figures(self) -> dict[str, Any]:
        """The step's row of `Meter.metrics()`."""
        usage: Mapping[str, Any] = self.usage or {}
        prompt, cached = usage.get("prompt_tokens"), usage.get("cached_tokens")
        return {
            "step": self.step,
            "wall_s": self.t1 - self.t0,
            "ttft_s": self.ttft_s,
            "ttfa_s": self.ttfa_s,
            "model_s": self.model_s,
            "tokens_per_s": self.tokens_per_s,
            "prompt_tokens": prompt,
            "cached_tokens": cached,
            "cached_share": cached / prompt if prompt and cached is not None else None,
            "completion_tokens": self.completion_tokens,
            "reasoning_tokens": self.reasoning_tokens,
            "tool_calls": self.tool_calls,
            "tool_s": self.tool_s,
            "you_s": self.you_s,
            "wait_s": self.wait_s,
            "retries": self.attempts - 1,
            "stalls": len(self.stalls),
            "stall_s": sum(b - a for a, b in self.stalls),
            "cost_usd": self.cost_usd,
            "estimated": self.estimated,
            "buffered": self.buffered,
        }
