"""What is read from a run's events: the code that its tools ran, and the events as a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from nbagent.events import Event, ToolFinished, ToolStarted, to_dict


def code_of(events: Sequence[Event]) -> str:
    """The Python that tools ran without an error, step by step."""
    failed = {(e.step, e.index) for e in events if isinstance(e, ToolFinished) and e.is_error}
    cells = [
        f"# step {e.step}\n{e.arguments['code'].rstrip()}\n"
        for e in events
        if isinstance(e, ToolStarted)
        and isinstance(e.arguments.get("code"), str)
        and (e.step, e.index) not in failed
    ]
    return "\n\n".join(cells)


def write_events(events: Sequence[Event], path: str | Path) -> Path:
    """Write events as JSON lines, one event a line, and return the path."""
    target = Path(path)
    lines = (json.dumps(to_dict(event), ensure_ascii=False) for event in events)
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return target
