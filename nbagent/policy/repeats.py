"""Repeats: whether a run's tool calls go round in circles.

Three signs, each of which no run that gets anywhere shows: a few calls that come again and again
with the same results; one call that comes again very often, whatever it brings (a few times would
be somebody who waits for something); different calls that all end in the same error.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections import deque
from dataclasses import dataclass
from functools import cached_property

from nbagent.events import Event, ReplyReceived, Steered, ToolFinished
from nbagent.messages import Content, ToolCall, json_bytes, text_of
from nbagent.phrases import clean, one_line

ROUNDS = 4
"""So often a cycle of calls with the same results comes before it is noticed."""
LONGEST_CYCLE = 4
SAME_CALL = 16
"""So often one call comes in a row, whatever it brings, before it is noticed."""
SAME_ERROR = 5
"""So often one error comes in a row before it is noticed."""


@dataclass(frozen=True)
class _Made:
    """One call with its result; what they have in common with others is found when it is asked."""

    asked: ToolCall
    event: ToolFinished

    @property
    def name(self) -> str:
        """The tool."""
        return self.event.name

    @cached_property
    def call(self) -> bytes:
        """A hash of the call."""
        arguments = self.asked["function"]["arguments"]
        with contextlib.suppress(ValueError):
            arguments = json.dumps(json.loads(arguments), sort_keys=True)
        return _digest([self.name, arguments])

    @cached_property
    def result(self) -> bytes:
        """A hash of the result."""
        return _digest(self.event.content)

    @cached_property
    def error(self) -> str:
        """The gist of the error; '' if there was none."""
        return _error_of(self.name, self.event.content) if self.event.is_error else ""


class Repeats:
    """Looks at a run's calls as they end; `apply` each event once, in order."""

    def __init__(self) -> None:
        self._calls: list[ToolCall] = []
        self._made: deque[_Made] = deque(maxlen=max(SAME_CALL, ROUNDS * LONGEST_CYCLE))

    def apply(self, event: Event) -> None:
        """Take one event into account; what a person says meanwhile begins the count anew."""
        if isinstance(event, ReplyReceived):
            self._calls = event.message.get("tool_calls") or []
        elif isinstance(event, Steered):
            self.forget()
        elif isinstance(event, ToolFinished) and not event.stopped:
            called = self._calls[event.index : event.index + 1]
            self._made.extend(_Made(call, event) for call in called)

    def forget(self) -> None:
        """Begin the count anew."""
        self._made.clear()

    def words(self) -> str:
        """What comes again and again, as a sentence; '' if nothing does."""
        made = list(self._made)
        for length in range(1, LONGEST_CYCLE + 1):
            last = made[-ROUNDS * length :]
            same = [(one.call, one.result) for one in last]
            if len(same) == ROUNDS * length and same[length:] == same[:-length]:
                return _cycle_words([one.name for one in last[:length]])
        last = made[-SAME_CALL:]
        if len(last) == SAME_CALL and len({one.call for one in last}) == 1:
            return f"The same call was made {SAME_CALL} times in a row ({last[0].name})."
        last = made[-SAME_ERROR:]
        if len(last) == SAME_ERROR and last[0].error and len({one.error for one in last}) == 1:
            error = one_line(clean(last[-1].error), 120)
            return f"The same error came {SAME_ERROR} times in a row ({error})."
        return ""


def _digest(value: object) -> bytes:
    return hashlib.blake2b(json_bytes(value), digest_size=12).digest()


def _error_of(name: str, content: Content) -> str:
    """The gist of an error: its last line, numbers left out."""
    lines = text_of({"role": "tool", "content": content}).split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f"{name}: {re.sub(r'[0-9]+', '…', last)}"


def _cycle_words(names: list[str]) -> str:
    listed = ", ".join(dict.fromkeys(names))
    if len(names) == 1:
        return f"The same call was made {ROUNDS} times in a row with the same result ({listed})."
    return (
        f"The same {len(names)} calls were made {ROUNDS} times over with the same results "
        f"({listed})."
    )
