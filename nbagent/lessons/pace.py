"""Pace: a stream goes out at so many tokens a second, with a jitter that a seed fixes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from nbagent.lessons.wire import Frame


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast replies are written.

    Attributes:
        tokens_per_s: tokens per second after the first; infinite for no pacing at all.
        ttft_s: seconds from the request to the first token.
    """

    tokens_per_s: float = 90.0
    ttft_s: float = 0.5

    @property
    def unlimited(self) -> bool:
        """Whether there is no pacing."""
        return math.isinf(self.tokens_per_s)

    @classmethod
    def parse(cls, text: str, usual: Pace) -> Pace:
        """Read a rate in tokens per second (`inf` for no pacing); anything else is the usual pace.

        The time to the first token stays, but for `inf`, which has none.
        """
        try:
            rate = float(text)
        except ValueError:
            return usual
        if not rate > 0:
            return usual
        return cls(rate, 0.0 if math.isinf(rate) else usual.ttft_s)


def due_times(frames: Sequence[Frame], pace: Pace, seed: str) -> Iterator[float]:
    """When each frame is due, in seconds since the request; the jitter has a mean of one."""
    random = Random(seed)  # noqa: S311 -- a jitter that repeats, not a secret
    due = 0.0 if pace.unlimited else pace.ttft_s
    for frame in frames:
        if frame.n_tokens and not pace.unlimited:
            due += frame.n_tokens / pace.tokens_per_s * random.uniform(0.6, 1.4)
        due += frame.pause_s
        yield due
