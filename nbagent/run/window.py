"""The model's window: which of a run's messages its requests carry, and how full they make it.

The transcript keeps every message. Requests show it through a `Projection`: older messages may be
replaced by a summary, older pictures by a note. Between two compactions a request's bytes begin
with those of the one before, so that the provider finds them in its cache.

How full the window is, is what the endpoint counted of the last request and its reply, and a guess
at what came since (`outgoing.estimated_tokens`); before the first reply it is all a guess.

Read next: `nbagent.run.compaction`, which makes projections.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, cast

from nbagent.events import Compacted, Event, ReplyReceived, ToolFinished
from nbagent.messages import Message, Part, Record, Revision, Usage, first_fault
from nbagent.policy.spending import BYTES_PER_TOKEN
from nbagent.ports import ModelFacts
from nbagent.run.outgoing import estimated_tokens
from nbagent.settings import Settings
from nbagent.summary import Made, framed

PICTURE_NOTE = "[picture left out; it is kept in the record]"


@dataclass(frozen=True, slots=True)
class Projection:
    """How requests show a transcript: system prompt, goals, summary, and the messages from `first`.

    Attributes:
        first: index of the first message after the summary.
        goals: indices of what the person asked for, before `first`, which stays in full.
        summary: what stands for the other messages before `first`; '' for nothing.
        is_mechanical: whether the summary was made without the model.
        pictures_before: pictures in messages before this index are left out, those of goals not.
    """

    first: int = 0
    goals: tuple[int, ...] = ()
    summary: str = ""
    is_mechanical: bool = False
    pictures_before: int = 0

    def of(self, records: Sequence[Record]) -> list[Record]:
        """The records that a request carries of these."""
        if not self.first:
            return [self.shown_as(i, record) for i, record in enumerate(records)]
        lead = records[: n_lead(records)]
        goals = [records[i] for i in self.goals if len(lead) <= i < self.first]
        summary = Record.of(framed(self.summary, is_mechanical=self.is_mechanical))
        tail = [self.shown_as(i, records[i]) for i in range(self.first, len(records))]
        return [*lead, *goals, summary, *tail]

    def carries(self, i: int) -> bool:
        """Whether requests carry message `i` itself; the system prompt always is."""
        return i == 0 or i >= self.first or i in self.goals

    def shown_as(self, i: int, record: Record) -> Record:
        """Message `i` as a request carries it, where it stays."""
        if i >= self.pictures_before or i in self.goals or not n_pictures(record):
            return record
        parts = cast("list[Part]", record.message["content"])
        note: Part = {"type": "text", "text": PICTURE_NOTE}
        content = [note if part["type"] == "image_url" else part for part in parts]
        return Record.of({**record.message, "content": content})

    def moved(self, by: int) -> Projection:
        """The same for a transcript with so many more messages at its beginning."""
        return replace(
            self,
            first=self.first and self.first + by,
            goals=tuple(i + by for i in self.goals),
            pictures_before=self.pictures_before and self.pictures_before + by,
        )


def n_lead(records: Sequence[Record]) -> int:
    """How many messages at the beginning are the system prompt: 1 or 0."""
    return int(bool(records) and records[0].message["role"] == "system")


def n_pictures(record: Record) -> int:
    """How many pictures a message holds."""
    content = record.message.get("content")
    parts = content if isinstance(content, list) else []
    return sum(part["type"] == "image_url" for part in parts)


@dataclass(frozen=True, slots=True)
class Past:
    """What a run takes over from the turn before it, or from its own record, besides messages.

    Attributes:
        projection: how requests show these messages.
        goals: index of each prompt so far.
        made: what tool code has made.
        n_tokens: what the endpoint has counted of the first `n_counted` messages; 0 if nothing.
        n_counted: how many messages that are.
    """

    projection: Projection = field(default_factory=Projection)
    goals: tuple[int, ...] = ()
    made: Made = field(default_factory=Made)
    n_tokens: int = 0
    n_counted: int = 0

    def told(self) -> dict[str, Any] | None:
        """The same as JSON values; None if there is nothing to tell."""
        return None if self == NO_PAST else _listed(asdict(self))

    @classmethod
    def of(cls, told: Mapping[str, Any] | None) -> Past:
        """Read what `told` has made."""
        if not told:
            return NO_PAST
        shown, made = told["projection"], told["made"]
        return cls(
            Projection(**{**shown, "goals": tuple(shown["goals"])}),
            tuple(told["goals"]),
            Made(tuple(made["names"]), tuple(made["files"])),
            told["n_tokens"],
            told["n_counted"],
        )

    def moved(self, by: int) -> Past:
        """The same where the system prompt has come or gone."""
        return replace(
            self,
            projection=self.projection.moved(by),
            goals=tuple(i + by for i in self.goals),
            n_tokens=0 if by else self.n_tokens,
        )


def _listed(value: Any) -> Any:
    """Tuples as the lists that JSON makes of them."""
    if isinstance(value, dict):
        return {key: _listed(entry) for key, entry in value.items()}
    return [*value] if isinstance(value, tuple) else value


def projection_from(events: Iterable[Event], before: Projection | None = None) -> Projection:
    """The projection in force after these events of a run.

    Args:
        events: what happened, as far as it is known.
        before: the one that the run began with.
    """
    found = before or Projection()
    for event in events:
        if isinstance(event, Compacted):
            found = Projection(
                event.first,
                event.goals,
                event.summary,
                event.mechanical,
                event.pictures_before,
            )
    return found


def window_tokens(settings: Settings, facts: ModelFacts) -> int:
    """The window that is used, in tokens: the model's, or less where the person says so."""
    sizes = [n for n in (facts.window_tokens, settings.max_context_tokens) if n]
    return min(sizes, default=0)


@dataclass(frozen=True, slots=True)
class Context:
    """How full the window is: tokens of the last request and its reply, of how many, as a share."""

    n_tokens: int
    n_window: int
    share: float


NO_PAST = Past()


class Window:
    """Shows a run's transcript to its requests, and counts their tokens.

    Args:
        past: what the run takes over.
        head: what each request carries before its messages.
        n_window: size of the model's window, in tokens; 0 if unknown.
        thinking: whether tool calls must keep their reasoning.

    Attributes:
        projection: how requests show the transcript now.
    """

    def __init__(self, past: Past, head: bytes, *, n_window: int, thinking: bool) -> None:
        self.projection = past.projection
        self.n_window = n_window
        self._head_tokens = int(len(head) / BYTES_PER_TOKEN)
        self._thinking = thinking
        self.n_tokens, self.n_counted = past.n_tokens, past.n_counted
        self._shown = Revision(0)
        self._source: Revision | None = None
        self._n_taken = 0

    def shown(self, revision: Revision, n: int) -> Revision:
        """What requests carry of the first `n` messages, as a revision that only grows.

        A learner's loop may have changed messages that a summary stands for, or left them out:
        where the projection would then make a history that is refused, it is given up.
        """
        if self.projection == Projection():
            return revision
        if revision is not self._source:
            self._source, self._n_taken = revision, n
            self._shown = Revision(revision.number, self.projection.of(revision.records[:n]))
            messages = [record.message for record in self._shown.records]
            if n < self.projection.first or first_fault(messages, thinking=self._thinking):
                self.projection, self.n_tokens = Projection(), 0
                return revision
        self._shown.records += revision.records[self._n_taken : n]
        self._n_taken = max(self._n_taken, n)
        return self._shown

    def n_shown(self, revision: Revision, n: int) -> int:
        """How many messages a request carries that stands for the first `n`."""
        shown = self.shown(revision, n)
        return n if shown is revision else len(shown.records) - (self._n_taken - n)

    def show(self, projection: Projection, revision: Revision, n: int) -> None:
        """Show the first `n` messages in another way from now on, and guess anew at their size."""
        self.n_tokens = self.estimate_as(projection, revision, n)
        self.projection, self._source, self.n_counted = projection, None, n

    def count(self, usage: Usage, n_sent: int) -> None:
        """Note what the endpoint counted of a request for the first `n_sent` messages."""
        self.n_tokens = tokens_of(usage)
        self.n_counted = n_sent + 1

    def estimate(self, revision: Revision, n: int) -> int:
        """How many tokens the next prompt holds: what was counted, and a guess at the rest."""
        if not self.n_tokens:
            self.n_tokens, self.n_counted = self._guess(revision, n), n
        return self.n_tokens + estimated_tokens(revision.records[self.n_counted : n])

    def estimate_as(self, projection: Projection, revision: Revision, n: int) -> int:
        """How many tokens the next prompt would hold if it showed the messages in another way."""
        before, guess = self.estimate(revision, n), self._guess(revision, n)
        after = self._head_tokens + estimated_tokens(projection.of(revision.records[:n]))
        return max(round(before * after / max(guess, 1)), 1)

    def _guess(self, revision: Revision, n: int) -> int:
        records = self.shown(revision, n).records[: self.n_shown(revision, n)]
        return self._head_tokens + estimated_tokens(records)

    def share(self, n_tokens: int) -> float:
        """How full so many tokens make the window, from 0; 0 if its size is unknown."""
        return n_tokens / self.n_window if self.n_window else 0.0


def past_from(events: Sequence[Event], messages: Sequence[Message], before: Past) -> Past:
    """What a run goes on with that is rebuilt from its record.

    Args:
        events: what happened.
        messages: its transcript, rebuilt from the recorded sends.
        before: what it began with, as far as that is known.
    """
    found = replace(
        before,
        projection=projection_from(events, before.projection),
        made=before.made.after(
            e.changes for e in events if isinstance(e, ToolFinished) and e.changes
        ),
    )
    last = max((i for i, m in enumerate(messages) if m["role"] == "assistant"), default=-1)
    for event in reversed(events):
        if isinstance(event, Compacted):
            return replace(found, n_tokens=0)
        if isinstance(event, ReplyReceived) and event.usage and event.message == messages[last]:
            return replace(found, n_tokens=tokens_of(event.usage), n_counted=last + 1)
    return found


def tokens_of(usage: Usage) -> int:
    """What a request and its reply take of the window."""
    return usage["prompt_tokens"] + usage["completion_tokens"]
