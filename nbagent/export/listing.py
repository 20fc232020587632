"""The list of runs: as an aligned table, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from nbagent.journal import RunLine
from nbagent.phrases import UNKNOWN, clean, columns, count, dollars, one_line, padded
from nbagent.words import t

HEAD = ("run", "when", "state", "steps", "tokens", "cost", "title")
TITLE_CHARS = 70
_NUMBERS = frozenset({3, 4, 5})


def table(lines: Sequence[RunLine]) -> str:
    """One line a run, under a line of names; times are local."""
    rows = [tuple(map(t, HEAD)), *map(_row, lines)]
    widths = [max(columns(row[i]) for row in rows) for i in range(len(HEAD))]
    return "\n".join("  ".join(_aligned(row, widths)).rstrip() for row in rows)


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        " " * (width - columns(cell)) + cell if i in _NUMBERS else padded(cell, width)
        for i, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


def _row(line: RunLine) -> tuple[str, ...]:
    when = datetime.fromtimestamp(line.wall, UTC).astimezone()
    return (
        clean(line.run_id),
        f"{when:%Y-%m-%d %H:%M}" if line.wall else UNKNOWN,
        t(_STATES.get(state_of(line), state_of(line))),
        str(line.n_steps),
        count(line.completion_tokens),
        t("scripted") if line.scripted else dollars(line.cost_usd),
        one_line(clean(line.prompt), TITLE_CHARS),
    )


def state_of(line: RunLine) -> str:
    """The state in a word or two; a run that nobody goes on with was cut off."""
    return "cut off" if line.state == "running" and not line.held_by else line.state


_STATES = {
    "running": "running",
    "cut off": "cut off",
    "answer": "answer",
    "stopped": "stopped",
    "limit": "limit",
    "error": "error",
}


def as_json(lines: Sequence[RunLine]) -> str:
    """The list as a JSON array; names carry their units."""
    rows = [asdict(line) | {"state": state_of(line)} for line in lines]
    return json.dumps(rows, ensure_ascii=False, indent=1)
