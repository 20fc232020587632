"""A run to be written out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nbagent.events import Event, RunStarted, from_dict, to_dict
from nbagent.messages import Content, Message, text_of
from nbagent.redact import Redactor


@dataclass(frozen=True, slots=True)
class Source:
    """A run to be written out.

    Attributes:
        events: what happened, without the transient pieces.
        content: the prompt as it went to the model, with what was attached; '' if that is not
            known.
    """

    events: Sequence[Event]
    content: Content = ""

    @classmethod
    def of(cls, events: Sequence[Event], messages: Iterable[Message] = ()) -> Source:
        """A run with its prompt as it stands in its messages.

        Args:
            events: what happened.
            messages: the run's transcript, or what it began with.
        """
        started = next((e for e in events if isinstance(e, RunStarted)), None)
        prompt = started.prompt if started else ""
        asked = [m for m in messages if m["role"] == "user" and text_of(m).startswith(prompt)]
        return cls(events, asked[-1].get("content", "") if asked else "")

    def masked(self, redact: Redactor) -> Source:
        """The same with the secrets masked that are known by now."""
        events = [from_dict(redact.value(to_dict(event))) for event in self.events]
        return Source(events, redact.value(self.content))
