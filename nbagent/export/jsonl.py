"""A run's events as lines of JSON: the form that loses nothing, and can be read back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from nbagent import __version__
from nbagent.errors import UsageError
from nbagent.events import SCHEMA_VERSION, Event, RunStarted, from_dict, to_dict
from nbagent.export.source import Source
from nbagent.messages import json_bytes

SCHEMA = "nbagent.events"


def to_jsonl(runs: Sequence[Source]) -> str:
    """For each run a line that names the schema, then a line for each event."""
    lines: list[Any] = []
    for run in runs:
        lines += [_head(run.events), *map(to_dict, run.events)]
    return "".join(f"{json_bytes(line).decode()}\n" for line in lines)


def _head(events: Sequence[Event]) -> dict[str, Any]:
    started = next((e for e in events if isinstance(e, RunStarted)), None)
    return {
        "schema": SCHEMA,
        "version": SCHEMA_VERSION,
        "nbagent": __version__,
        "run_id": started.run_id if started else "",
    }


def read_jsonl(lines: Iterable[str]) -> list[list[Event]]:
    """Read the events back, run by run.

    Args:
        lines: of a file as `to_jsonl` writes it, or `Run.save`, which has no head line.

    Raises:
        UsageError: a line is no event, or was written by a later version.
    """
    runs: list[list[Event]] = []
    for n, line in enumerate(lines, start=1):
        data = _object(line, n)
        if data.get("schema") == SCHEMA:
            if data.get("version", 0) > SCHEMA_VERSION:
                raise UsageError(
                    f"Line {n} is of version {data['version']} of the events; this nbagent reads "
                    f"up to {SCHEMA_VERSION}.",
                    "Use the nbagent that wrote it, or a later one.",
                )
            runs.append([])
            continue
        if not runs:
            runs.append([])
        try:
            runs[-1].append(from_dict(data))
        except (ValueError, TypeError) as error:
            raise UsageError(f"Line {n} is no event of a run: {error}.") from error
    return runs


def _object(line: str, n: int) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except ValueError as error:
        raise UsageError(f"Line {n} is no JSON: {error}.") from error
    if not isinstance(data, dict):
        raise UsageError(f"Line {n} is no event of a run.")
    return data
