"""Runs of older versions, which kept each run's events as JSON lines in a file of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from nbagent.events import Event, RunStarted, from_dict
from nbagent.journal.figures import Figures
from nbagent.journal.packing import pack_event

STILL_WRITTEN_S = 86_400.0
"""A file without an end that was written to so recently may still grow."""
UNREAD = ".unread"
"""Added to the name of a file of which some lines could not be read."""


def waiting(directory: Path) -> list[Path]:
    """The files that wait to be taken over, newest first."""
    files = directory.glob("*.jsonl")
    return sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)


def take_over(path: Path, store: Callable[[list[Event]], None], now: float) -> None:
    """Bring one file into the journal, and remove it, or set it aside if it was not whole.

    Args:
        path: the file.
        store: puts events into the journal; returns when they are on disk.
        now: seconds since the epoch.

    Raises:
        OSError: it cannot be read.
    """
    events, is_whole = _read(path)
    is_finished = bool(events) and events[-1].kind == "run_finished"
    if not is_finished and abs(now - path.stat().st_mtime) < STILL_WRITTEN_S:
        return
    if events and isinstance(events[0], RunStarted):
        store(events)
    else:
        is_whole = False
    with suppress(FileNotFoundError):
        if is_whole:
            path.unlink()
        else:
            path.rename(path.with_name(path.name + UNREAD))


def _read(path: Path) -> tuple[list[Event], bool]:
    """The events of a file, and whether every line could be read."""
    events: list[Event] = []
    is_whole = True
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            data: Any = json.loads(line)
            events.append(from_dict(data))
        except (ValueError, TypeError, AttributeError):
            is_whole = False
    return events, is_whole


def put(db: Connection, events: list[Event]) -> None:
    """Store a run's events, as the oldest run of all; one that is there already is left alone."""
    started = events[0]
    assert isinstance(started, RunStarted)
    if db.execute("SELECT 1 FROM run WHERE run_id = ?", (started.run_id,)).fetchone():
        return
    (oldest,) = db.execute("SELECT coalesce(min(id), 1) FROM run").fetchone()
    number = oldest - 1
    db.execute(
        "INSERT INTO run (id, run_id, conversation, cell_id, notebook, kernel, model, scripted, "
        "prompt, wall, state) VALUES (?, ?, ?, ?, '', '', ?, ?, ?, ?, 'running')",
        (
            number,
            started.run_id,
            started.conversation,
            started.cell_id,
            started.model,
            int(started.scripted),
            started.prompt[:500],
            started.wall,
        ),
    )
    for n, event in enumerate(events):
        row = (number, n if event.seq < 0 else event.seq, event.t, event.kind)
        db.execute(
            "INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?)", (*row, pack_event(db, event))
        )
    price = None if started.scripted else started.price
    Figures().after(events, price).write(db, number, masked=False)
