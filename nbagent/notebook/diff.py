"""What changed in a cell, for a person: lines behind `+` and `-`, with a few lines around them."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher

from nbagent.phrases import plural

MOST_LINES = 60
AROUND = 2
_MOST_COMPARED = 2_000
"""Texts of more lines are not compared line by line; that would take time by their square."""


def cell_diff(before: str, after: str) -> str:
    """How one source became another, at most `MOST_LINES` lines of it."""
    old, new = before.splitlines(), after.splitlines()
    rows = list(_rows(old, new) if max(len(old), len(new)) <= _MOST_COMPARED else _all(old, new))
    if len(rows) > MOST_LINES:
        rows = [*rows[:MOST_LINES], f"… {plural(len(rows) - MOST_LINES, 'more line')}"]
    return "\n".join(rows)


def _rows(old: list[str], new: list[str]) -> Iterator[str]:
    groups = SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(AROUND)
    for n, group in enumerate(groups):
        if n or group[0][1]:
            yield "…"
        for tag, i, j, k, m in group:
            if tag == "equal":
                yield from (f"  {line}" for line in old[i:j])
            else:
                yield from _all(old[i:j], new[k:m])


def _all(old: list[str], new: list[str]) -> Iterator[str]:
    yield from (f"- {line}" for line in old)
    yield from (f"+ {line}" for line in new)
