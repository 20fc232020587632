"""One streamed reply as figures: when tokens came, how fast, and where they stopped coming.

The definitions follow the field's usage (vLLM's `bench serve`, NVIDIA AIPerf). TTFT runs from
the request to the first non-empty piece of any kind, TTFA to the first piece of the answer. The
decode speed is `(out - 1) / (t_last - t_first)`; it never contains the wait before the first token.
Token counts come from `usage`; the pieces only say how they are spread over time.

Read next: `nbagent.meter`, which adds the replies up to a run.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from operator import sub
from statistics import median

from nbagent.samples import Phase, Sample

STALL_MIN_S = 1.0
STALL_TIMES_MEDIAN = 5.0
BUFFERED_GAP_S = 0.002
"""Pieces closer together than this were held back by something between server and client."""

MAX_SEGMENTS = 480
"""A chart holds no more spans than this; longer runs are drawn in buckets."""

MAX_LINES = 480
"""Nor more curves of speed than this; of a longer run every n-th is drawn."""

Span = tuple[float, float]
Segment = tuple[int, str, float, float]
"""`(step, phase, t0, t1)`; phases are waiting, reasoning, arguments, answer, tool, you, retry."""


@dataclass(frozen=True, slots=True)
class Curve:
    """Tokens a second over time in one phase; a run of thousands of steps keeps all of them."""

    phase: Phase
    numbers: array[float]
    """Of each point, its time in seconds and its speed."""

    @property
    def points(self) -> Iterator[tuple[float, float]]:
        """The points: `(t, tokens/s)`."""
        return zip(self.numbers[::2], self.numbers[1::2], strict=True)

    @property
    def top(self) -> float:
        """The highest speed."""
        return max(self.numbers[1::2], default=0.0)


@dataclass(frozen=True)
class Stream:
    """The pieces of one reply.

    Attributes:
        samples: `(t, weight, phase)` in order of arrival; `t` in seconds since the run began.
        n_tokens: how many tokens the reply holds; the weights are scaled to this sum.
    """

    samples: Sequence[Sample]
    n_tokens: float

    @property
    def t_first(self) -> float | None:
        """When the first piece came, in seconds since the run began."""
        return self.samples[0][0] if self.samples else None

    @property
    def t_last(self) -> float | None:
        """When the last piece came."""
        return self.samples[-1][0] if self.samples else None

    @cached_property
    def _times(self) -> list[float]:
        return [t for t, _, _ in self.samples]

    @cached_property
    def _gaps(self) -> list[float]:
        """The times between pieces, in seconds."""
        return [*map(sub, self._times[1:], self._times)]

    def first(self, phase: Phase) -> float | None:
        """When the first piece of a phase came."""
        return next((t for t, _, p in self.samples if p == phase), None)

    def tokens_per_s(self) -> float | None:
        """Decode speed; None for a reply of one token or one instant."""
        if self.t_first is None or self.t_last is None:
            return None
        duration = self.t_last - self.t_first
        return (self.n_tokens - 1) / duration if duration > 0 and self.n_tokens > 1 else None

    def share(self, phase: Phase) -> float:
        """The share of a phase in the weights, 0 to 1."""
        whole = sum(w for _, w, _ in self.samples)
        return sum(w for _, w, p in self.samples if p == phase) / whole if whole else 0.0

    def stalls(self) -> list[Span]:
        """Gaps longer than 1 s and than five median gaps, as `(t0, t1)`."""
        if max(self._gaps, default=0.0) <= STALL_MIN_S:
            return []
        limit = max(STALL_MIN_S, STALL_TIMES_MEDIAN * median(self._gaps))
        return [(a[0], b[0]) for a, b in pairwise(self.samples) if b[0] - a[0] > limit]

    def buffered(self) -> bool:
        """Whether most pieces came in bursts, so that the speed's curve says little."""
        bursts = bisect_left(sorted(self._gaps), BUFFERED_GAP_S)
        return len(self._gaps) >= 10 and bursts > len(self._gaps) / 2  # noqa: PLR2004 -- too few to tell

    def phases(self, limit: int = 12) -> list[tuple[Phase, float, float]]:
        """The reply as spans `(phase, t0, t1)` without gaps, at most `limit`.

        A span begins with its first piece and ends where the next one begins; where phases
        alternate more often than `limit`, the later ones count with the last.
        """
        begun: list[tuple[Phase, float]] = []
        last: Phase | None = None
        for t, _, phase in self.samples:
            if phase != last and len(begun) < limit:
                begun.append((phase, t))
                last = phase
        ends = [t for _, t in begun[1:]] + [self.t_last or 0.0]
        return [(phase, t, end) for (phase, t), end in zip(begun, ends, strict=False)]

    def speed(self, n_points: int = 48) -> list[Curve]:
        """Tokens a second over time, one line a phase.

        Each point is the number of tokens in a centred window of 1 s (0.25 s for a stream shorter
        than 2 s) divided by the part of the window that lies in the stream; a single gap is never
        turned into a speed.
        """
        if self.t_first is None or self.t_last is None or self.t_last <= self.t_first:
            return []
        t0, t1 = self.t_first, self.t_last
        half = (1.0 if t1 - t0 >= 2 else 0.25) / 2  # noqa: PLR2004 -- see the docstring
        times, sums = self._times, [0.0, *accumulate(w for _, w, _ in self.samples)]
        scale = self.n_tokens / sums[-1] if sums[-1] else 0.0
        step = (t1 - t0) / n_points
        lines = []
        for phase, begin, end in self.phases():
            n, numbers = max(1, round((end - begin) / step)), array("d")
            for i in range(n + 1):
                t = begin + (end - begin) * i / n
                a, b = t - half, t + half
                a, b = max(t0, a), min(t1, b)
                tokens = sums[bisect_right(times, b)] - sums[bisect_left(times, a)]
                numbers.extend((t, tokens * scale / (b - a)))
            lines.append(Curve(phase, numbers))
        return lines


def halved(samples: list[Sample]) -> list[Sample]:
    """Join neighbours, so that a long reply stays bounded; its first and last stamps are kept."""
    joined: list[Sample] = []
    for i in range(0, len(samples) - 1, 2):
        (t, n, phase), (later, more, _) = samples[i], samples[i + 1]
        joined.append((t if i == 0 else later, n + more, phase))
    return joined


def thinned(lines: list[Curve]) -> list[Curve]:
    """Bound the curves of a long run."""
    return lines[:: -(-len(lines) // MAX_LINES) or 1]


def bucketed(segments: list[Segment], t_end: float) -> list[Segment]:
    """Bound the spans of a long run: each bucket of time shows the phase that filled most of it."""
    if len(segments) <= MAX_SEGMENTS or t_end <= 0:
        return segments
    width = t_end / MAX_SEGMENTS
    filled: list[dict[str, float]] = [{} for _ in range(MAX_SEGMENTS)]
    for _, phase, t0, t1 in segments:
        first = min(max(int(t0 / width), 0), MAX_SEGMENTS - 1)
        last = min(max(int(t1 / width), 0), MAX_SEGMENTS - 1)
        for i in range(first, last + 1):
            part = min(t1, (i + 1) * width) - max(t0, i * width)
            filled[i][phase] = filled[i].get(phase, 0.0) + max(part, 0.0)
    joined: list[Segment] = []
    for i, parts in enumerate(filled):
        phase = max(parts, key=lambda name: parts[name], default="")
        if joined and joined[-1][1] == phase:
            joined[-1] = (0, phase, joined[-1][2], (i + 1) * width)
        elif phase:
            joined.append((0, phase, i * width, (i + 1) * width))
    return joined
