"""Runs of older versions, which kept each run's events as JSON lines in a file of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from nbagent.events import Event, RunStarted, from_dict
from nbagent.journal.figures import PROMPT_CHARS, Figures
from nbagent.journal.reading import RunLine, StoredRun

STILL_WRITTEN_S = 86_400.0
"""A file without an end that was written to so recently may still grow."""
UNREAD = ".unread"
"""Added to the name of a file of which some lines could not be read."""


def waiting(directory: Path) -> list[Path]:
    """The files that wait to be taken over, newest first."""
    files = directory.glob("*.jsonl")
    return sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)


def take_over(path: Path, store: Callable[[StoredRun], None], now: float) -> None:
    """Bring one file into the journal, and remove it, or set it aside if it was not whole.

    Args:
        path: the file.
        store: puts a run into the journal; returns when it is on disk.
        now: seconds since the epoch.

    Raises:
        OSError: it cannot be read.
    """
    events, is_whole = _read(path)
    is_finished = bool(events) and events[-1].kind == "run_finished"
    if not is_finished and abs(now - path.stat().st_mtime) < STILL_WRITTEN_S:
        return
    if events and isinstance(events[0], RunStarted):
        store(as_stored(events))
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


def as_stored(events: list[Event]) -> StoredRun:
    """A run of which the events alone are known; the first of them is its `RunStarted`."""
    started = events[0]
    assert isinstance(started, RunStarted)
    numbered = [replace(e, seq=n) if e.seq < 0 else e for n, e in enumerate(events)]
    price = None if started.scripted else started.price
    line = RunLine(
        run_id=started.run_id,
        prompt=started.prompt[:PROMPT_CHARS],
        model=started.model,
        scripted=started.scripted,
        conversation=started.conversation,
        notebook="",
        cell_id=started.cell_id,
        kernel="",
        wall=started.wall,
        held_by="",
        **asdict(Figures().after(events, price)),
    )
    return StoredRun(line=line, events=tuple(numbered), origin=(), sends=())
