"""Conversations: a tree of turns, each turn one run, keyed by the cell it was asked in.

Running a cell again whose turn is the last of its conversation replaces that turn: the new run
starts from where the old one started, and the old one stays in the tree. If later turns exist,
the conversation goes on at its end, and says so.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbagent.errors import UsageError
from nbagent.messages import Message, Record, first_fault
from nbagent.policy import Account, Standing
from nbagent.redact import Redactor
from nbagent.repair import repaired
from nbagent.run import Run
from nbagent.run.window import NO_PAST, Past


@dataclass(slots=True, eq=False)
class Turn:
    """One run in its place.

    Attributes:
        run: the run.
        parent: the turn before it, None for the first.
        cell_id: the cell it was asked in ('' where the front end does not say).
        replaced_by: the turn that took its place, if the cell was run again.
    """

    run: Run
    parent: Turn | None = None
    cell_id: str = ""
    replaced_by: Turn | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """Where the next turn begins.

    Attributes:
        parent: the turn it follows.
        replaces: the turn whose place it takes.
        note: what the reader should know about that, in words.
        start: what the conversation begins with, before its first turn.
    """

    parent: Turn | None = None
    replaces: Turn | None = None
    note: str = ""
    start: Sequence[Record] = ()


@dataclass(slots=True, eq=False)
class Conversation:
    """A named tree of turns.

    Attributes:
        name: what the person calls it.
        key: names it to the endpoint, so that its prefix is found in the provider's cache.
        turns: every turn, in the order they were asked, replaced ones included.
        head: the last turn; None while nothing was asked.
        standing: what the person has allowed for good.
        account: what all its runs have used, replaced ones included.
        start: what it begins with, if it goes on from a history that was made elsewhere.
        compacts: whether the next turn begins by leaving out older messages.
    """

    name: str = "main"
    key: str = field(default_factory=lambda: f"nbagent-{secrets.token_hex(8)}")
    turns: list[Turn] = field(default_factory=list)
    head: Turn | None = None
    standing: Standing = field(default_factory=Standing)
    account: Account = field(default_factory=Account)
    start: Sequence[Record] = ()
    compacts: bool = False

    def opening(self, cell_id: str) -> Opening:
        """Where a turn asked in this cell begins; call `add` once its run exists."""
        if not cell_id or self.head is None:
            return Opening(parent=self.head, start=self.start)
        if self.head.cell_id == cell_id:
            old = self.head
            note = f"This replaces the run of this cell ({old.run.run_id}), which is kept."
            return Opening(parent=old.parent, replaces=old, note=note, start=self.start)
        if any(turn.cell_id == cell_id for turn in self.line()):
            note = "This cell was asked before; later turns exist, so it goes on at the end."
            return Opening(parent=self.head, note=note, start=self.start)
        return Opening(parent=self.head, start=self.start)

    def add(self, run: Run, opening: Opening, cell_id: str) -> Turn:
        """Put a run in its place and make it the head."""
        turn = Turn(run, opening.parent, cell_id)
        if opening.replaces is not None:
            opening.replaces.replaced_by = turn
        self.turns.append(turn)
        self.head = turn
        return turn

    def line(self) -> list[Turn]:
        """The turns from the first to the head."""
        turns: list[Turn] = []
        turn = self.head
        while turn is not None:
            turns.append(turn)
            turn = turn.parent
        return turns[::-1]


def history_after(turn: Turn | None, system: str, start: Sequence[Record] = ()) -> Sequence[Record]:
    """The records that the next turn starts from: the system prompt and all that was said.

    Records are shared with the turn that made them, unless the system prompt has changed. A turn
    that ended before the model replied leaves nothing behind, nor does one whose loop, a
    learner's, has left a list that the endpoint would refuse.

    Args:
        turn: the turn to follow, None at the beginning.
        system: the system prompt ('' for none).
        start: what the conversation begins with, before its first turn.
    """
    prompt: Message = {"role": "system", "content": system}
    while turn is not None and not leaves_history(turn.run):
        turn = turn.parent
    records = list(start)
    if turn is not None:
        transcript = turn.run.transcript
        cursor = turn.run.cursor
        records = list(transcript.sync(cursor.messages, trusted=cursor.trusted).records)
    if records and records[0].message["role"] == "system":
        if records[0].message.get("content") == system:
            return records
        records = records[1:]
    return [Record.of(prompt), *records] if system else records


def begun_from(
    history: Iterable[Any], redact: Redactor, *, thinking: bool, reasoning_key: str
) -> tuple[Sequence[Record], str]:
    """What a conversation begins with that goes on from messages made elsewhere.

    Args:
        history: the messages, JSON values; what the endpoint would refuse is repaired.
        redact: masks known secrets in them.
        thinking: whether replies that call tools must carry their reasoning.
        reasoning_key: the field that carries it.

    Returns:
        The records, and every change in words ('' if there was none).

    Raises:
        UsageError: they are no JSON values.
    """
    entries = list(history)
    try:
        json.dumps(entries)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(
            f"A history is a list of JSON values, and this one is not: {error}.",
            "Of the openai package's objects, give `message.model_dump()`. Nothing was sent.",
        ) from None
    mended = repaired(
        [redact.value(entry) for entry in entries], thinking=thinking, reasoning_key=reasoning_key
    )
    records = [Record.of(message) for message in mended.messages]
    note = ""
    if records and records[0].message["role"] == "system":
        records = records[1:]
        note = "Its system prompt was left out; the one in force here takes its place."
    return records, "\n".join(filter(None, (mended.summary, mended.report, note)))


def past_after(turn: Turn | None, system: str) -> Past:
    """What the next turn takes over besides these records: how its requests show them.

    Args:
        turn: the turn to follow, None at the beginning.
        system: the system prompt ('' for none).
    """
    while turn is not None and not leaves_history(turn.run):
        turn = turn.parent
    if turn is None:
        return NO_PAST
    messages = turn.run.messages
    had_system = bool(messages) and messages[0]["role"] == "system"
    return turn.run.past.moved(int(bool(system)) - int(had_system))


def leaves_history(run: Run) -> bool:
    """Whether the next turn can go on from what a run has left."""
    if not any(event.kind == "reply_received" for event in run.events):
        return False
    thinking = run.recipe.model.facts.thinking
    return run.cursor.trusted or first_fault(run.messages, thinking=thinking) is None
