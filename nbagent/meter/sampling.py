"""Timing of a streamed reply: when how many tokens of which phase arrived, in bounded memory.

Tokens of single pieces are not on the wire, so each piece weighs as its text is long until the
reply's `usage` is known; then the weights are scaled to it.
"""

from __future__ import annotations

from nbagent.messages import Usage
from nbagent.samples import Phase, Sample

MAX_SAMPLES = 2_000
"""Kept of one reply."""
CHARS_PER_TOKEN = 4.0
"""Rule of thumb for text; used only until `usage` is known."""


class SampleLog:
    """Collects the samples of one reply; neighbours are merged when there are too many."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, float, Phase]] = []

    def add(self, t: float, text: str, phase: Phase) -> None:
        """Note that `text` arrived at `t` (seconds since the run began)."""
        self._rows.append((t, len(text) / CHARS_PER_TOKEN, phase))
        if len(self._rows) > 2 * MAX_SAMPLES:
            self._rows = _halved(self._rows)

    def samples(self, usage: Usage | None) -> tuple[Sample, ...]:
        """The samples, at most `MAX_SAMPLES`, scaled so that they sum to the usage's tokens."""
        rows = self._rows
        while len(rows) > MAX_SAMPLES:
            rows = _halved(rows)
        total = sum(tokens for _, tokens, _ in rows)
        scale = usage["completion_tokens"] / total if usage and total else 1.0
        return tuple((round(t, 4), round(tokens * scale, 3), phase) for t, tokens, phase in rows)


def _halved(rows: list[tuple[float, float, Phase]]) -> list[tuple[float, float, Phase]]:
    """Merge each sample with its neighbour of the same phase, at the neighbour's time."""
    merged: list[tuple[float, float, Phase]] = []
    pairing = False
    for t, tokens, phase in rows:
        if pairing and merged[-1][2] == phase:
            merged[-1] = (t, merged[-1][1] + tokens, phase)
            pairing = False
        else:
            merged.append((t, tokens, phase))
            pairing = True
    return merged
