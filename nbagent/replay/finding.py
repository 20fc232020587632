"""Which saved run a cell's replay is made of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from nbagent.errors import UsageError
from nbagent.events import (
    Event,
    ReplyReceived,
    RunStarted,
    StepStarted,
    ToolFinished,
    ToolStarted,
)
from nbagent.journal import Journal, RunLine

SEARCHED_CHARS = 100
MOST_RUNS = 500


def saved_run(
    journal: Journal, prompt: str, *, cell_id: str = "", notebook: str = "", after: str = ""
) -> RunLine | None:
    """Find the newest saved run that answered this prompt; replays and forks are none.

    The one of the same cell of the same notebook comes first. Where the front end sends no cell
    ids, the prompt alone tells; of several runs with it the one that followed `after` comes first.

    Args:
        journal: where runs are kept.
        prompt: the cell's prompt, secrets masked.
        cell_id: the cell's id, '' if unknown.
        notebook: the notebook's path, '' if unknown.
        after: the saved run that the turn before this one has replayed, '' if none.

    Raises:
        UsageError: the journal cannot be read.
    """
    found = list(_answered(journal, prompt))
    same = [line for line in found if cell_id and line.cell_id == cell_id]
    same = [line for line in same if line.notebook == notebook] or same
    if same:
        return same[0]
    near = [line for line in found if not notebook or line.notebook in ("", notebook)]
    previous = next((line for line in journal.runs(after, limit=1) if after), None)
    followed = [line for line in near if previous and _follows(line, previous)]
    return next(iter([*reversed(followed), *near]), None)


def _answered(journal: Journal, prompt: str) -> Iterator[RunLine]:
    for line in journal.runs(prompt[:SEARCHED_CHARS], limit=MOST_RUNS):
        if line.state == "answer" and prompt.startswith(line.prompt):
            events = journal.events(line.run_id)
            first = next(events, None)
            if not isinstance(first, RunStarted) or first.replays or first.prompt != prompt:
                continue
            if _is_whole(events):
                yield line


def _is_whole(events: Iterator[Event]) -> bool:
    """Whether a run began with its first request; a fork may begin further on."""
    kinds = (StepStarted, ReplyReceived, ToolStarted, ToolFinished)
    first = next((event for event in events if isinstance(event, kinds)), None)
    return isinstance(first, StepStarted) and first.step == 1


def _follows(line: RunLine, previous: RunLine) -> bool:
    """Whether a run was made after another one, in the same conversation of the same kernel."""
    place = (line.conversation, line.kernel, line.notebook)
    return line.wall > previous.wall and place == (
        previous.conversation,
        previous.kernel,
        previous.notebook,
    )


def day_of(line: RunLine) -> str:
    """When a run was made, for its reader: `2026-03-02 14:05 UTC`."""
    return f"{datetime.fromtimestamp(line.wall, UTC):%Y-%m-%d %H:%M} UTC"


def no_record(journal: Journal, prompt: str, cell_id: str) -> UsageError:
    """Say that there is nothing to replay, and why, as far as that can be told."""
    why = ""
    for line in journal.runs(limit=MOST_RUNS):
        if line.prompt and prompt.startswith(line.prompt) and line.state != "answer":
            why = f" {line.run_id} asked the same and has no answer ({line.state})."
        elif cell_id and line.cell_id == cell_id:
            why = f" {line.run_id} of this cell asked something else ({day_of(line)})."
        if why:
            break
    return UsageError(
        f"There is no saved run that answered this prompt, so nothing can be replayed.{why}",
        "Nothing was sent. Run the cell without --replay to ask.",
    )
