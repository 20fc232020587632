"""Runs of the journal as what an export is made of."""

from __future__ import annotations

from pathlib import Path

from nbagent.export.source import Source
from nbagent.journal import Journal, StoredRun
from nbagent.notebook import cells_from_file

KEY = "conversation_key"
MOST_RUNS = 1_000


def stored_source(journal: Journal, run_id: str) -> Source:
    """A stored run.

    Raises:
        UsageError: there is no such run, or the journal cannot be read.
    """
    return _source(journal.load(run_id))


def stored_conversation(journal: Journal, run_id: str) -> list[Source]:
    """The runs of a stored run's conversation, oldest first.

    Of a cell that was run again its last run is taken, as the conversation has it.

    Raises:
        UsageError: there is no such run, or the journal cannot be read.
    """
    given = journal.load(run_id)
    key = given.made_of.get(KEY)
    lines = [
        line
        for line in journal.runs(limit=MOST_RUNS)
        if key and line.conversation == given.line.conversation and line.n_steps
    ]
    runs: dict[str, StoredRun] = {}
    for line in lines:
        place = line.cell_id or line.run_id
        if place not in runs:
            other = journal.load(line.run_id)
            if other.made_of.get(KEY) == key:
                runs[place] = other
    return [_source(run) for run in reversed(runs.values())] or [_source(given)]


def _source(stored: StoredRun) -> Source:
    """A stored run, with the cells of its notebook as that was last saved, if it is still there."""
    path = Path(stored.line.notebook) if stored.line.notebook else None
    cells = cells_from_file(path) if path is not None else None
    return Source.of(stored.events, stored.origin, cells or ())
