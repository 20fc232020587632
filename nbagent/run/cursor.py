"""A loop at rest on one of its yields, with the record of how it got there.

A loop is deterministic, so the values sent into it are its state: a fresh generator that is fed
the same values is in the same place. Going back, forking, resuming and testing are therefore one
mechanism, `replay`. Each yield is recorded too (as a hash), so that a loop which does not repeat
its moves is found out at the first difference.

Read next: `nbagent.run`, which decides what is sent.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from types import GeneratorType
from typing import Literal, TypeAlias, cast

from nbagent.errors import LoopError, ReplayError
from nbagent.loop import Act, Ask, Loop, LoopGenerator, agent_loop
from nbagent.messages import Message, Messages, ToolCall, json_bytes
from nbagent.packed import Packed
from nbagent.tools import Tool

Want: TypeAlias = Ask | Act | None
"""What a loop wants now; None once it has returned."""


@dataclass(frozen=True, slots=True)
class Send:
    """One move of a loop: what it wanted, and what it was given.

    Attributes:
        move: `ask` (given a reply), `act` (given messages), or `restart` (the loop had returned
            and was started again with further user messages).
        yielded: hash of what the loop yielded before this move.
        value: the reply, or the messages.
    """

    move: Literal["ask", "act", "restart"]
    yielded: str
    value: Message | list[Message]


class Cursor:
    """Drives one loop and records its moves.

    Args:
        loop: the loop function; `agent_loop` or a learner's own.
        messages: where it starts from; copied, and never changed by the cursor.
        tools: what the loop may offer.

    Attributes:
        messages: the loop's own list. It belongs to the loop; read it only.
        want: what the loop waits for.
        returned: the loop's return value, once `want` is None.
        sends: the moves so far.
    """

    def __init__(self, loop: Loop, messages: Iterable[Message], tools: Sequence[Tool]) -> None:
        self.loop = loop
        self.tools = tools
        self.trusted = loop is agent_loop
        """Our own loop never changes a message in place; a learner's might."""
        self.origin: Sequence[Message] = Messages.of(messages) if self.trusted else tuple(messages)
        self.messages = self._given(self.origin)
        self.sends: Packed[Send] = Packed()
        self.want: Want = None
        self.returned: Message | None = None
        self.calls: list[ToolCall] = []
        """The calls of the last reply; `open_calls` are those without a result yet."""
        self.open_calls: list[ToolCall] = []
        self.yielded = ""
        """Hash of what the loop yielded where it rests."""
        self._hashed = 0
        self._n_asked = 0
        self._generator = self._start()

    def _given(self, messages: Sequence[Message]) -> list[Message]:
        """A list for the loop; ours only appends to it, so it can be held as records."""
        if self.trusted:
            return cast("list[Message]", Messages.of(messages))
        return copy.deepcopy([*messages])

    def _start(self) -> LoopGenerator:
        generator = self.loop(self.messages, self.tools)
        if not isinstance(generator, Generator):
            raise LoopError(
                f"{self._name} must be a generator function: somewhere in it stands "
                "`reply = yield Ask(messages, tools)`. "
                f"It returned {_a(generator)}."
            )
        self._rest(generator, None)
        return generator

    @property
    def _name(self) -> str:
        return getattr(self.loop, "__name__", "The loop")

    @property
    def line(self) -> int:
        """The line of the loop's source on which it rests, from 1; 0 once it has returned."""
        frame = self._generator.gi_frame if isinstance(self._generator, GeneratorType) else None
        return frame.f_lineno - frame.f_code.co_firstlineno + 1 if frame else 0

    def _rest(self, generator: LoopGenerator, value: object) -> None:
        """Move the loop to its next yield."""
        try:
            want = generator.send(value)
        except StopIteration as stop:
            self.want, self.returned = None, stop.value
            self._check_return()
        else:
            self._check_yield(want)
            self.want, self.returned = want, None
            if isinstance(want, Ask):
                self.messages = want.messages
        self.yielded = self._hash()

    def _check_yield(self, want: object) -> None:
        """Say what a learner's loop may yield.

        Raises:
            LoopError: it yielded something else.
        """
        if isinstance(want, Ask) and isinstance(want.messages, (list, Messages)):
            return
        if isinstance(want, Act) and isinstance(want.calls, list):
            return
        raise LoopError(
            f"{self._name} yielded {_a(want)}. It may yield `Ask(messages, tools)`, with "
            "the list of messages, or `Act(calls)`, with a list of tool calls."
        )

    def _check_return(self) -> None:
        """Say what a learner's loop may return.

        Raises:
            LoopError: it returned something else, or too early.
        """
        if self.returned is not None and not isinstance(self.returned, dict):
            raise LoopError(
                f"{self._name} returned {_a(self.returned)}. It may return the last reply, as it "
                "came, or nothing."
            )
        if self.open_calls:
            name = self.open_calls[0]["function"]["name"]
            raise LoopError(
                f"{self._name} returned although the model still waits for the result of {name}. "
                "As long as a reply has tool calls, `yield Act(calls)` runs them."
            )

    def send(self, value: Message | list[Message]) -> None:
        """Give the loop what it wants: a reply for `Ask`, messages for `Act`.

        Raises:
            ReplayError: the loop has returned and wants nothing.
        """
        if self.want is None:
            raise ReplayError("The loop has returned; it can only be restarted.")
        move: Literal["ask", "act"] = "ask" if isinstance(self.want, Ask) else "act"
        self._note_calls(value)
        self._n_asked = len(self.messages)
        self.sends.append(Send(move, self.yielded, value))
        self._rest(self._generator, value if self.trusted else copy.deepcopy(value))

    def restart(self, messages: list[Message]) -> None:
        """Start the loop again after it returned, on its messages and `messages`."""
        self.sends.append(Send("restart", self.yielded, messages))
        self.messages.extend(messages if self.trusted else copy.deepcopy(messages))
        self._generator = self._start()

    def close(self) -> None:
        """End the loop where it rests."""
        self._generator.close()

    def replay(self, sends: Sequence[Send], *, is_checked: bool = True) -> Cursor:
        """Return a fresh cursor of the same loop that has made these moves.

        Args:
            sends: the moves.
            is_checked: whether each yield must be the recorded one; not where what was sent has
                been masked since.

        Raises:
            ReplayError: the loop yielded something else than the record says.
        """
        fresh = Cursor(self.loop, self.origin, self.tools)
        for k, send in enumerate(sends):
            if is_checked and fresh.yielded != send.yielded:
                raise ReplayError(
                    f"The loop does not repeat itself: before move {k + 1} ({send.move}) it had "
                    f"{len(fresh.messages)} messages and wanted {type(fresh.want).__name__}, which "
                    "differs from the record.",
                    "A loop must depend on nothing but its arguments and what it is sent.",
                )
            fresh.again(send)
        return fresh

    def again(self, send: Send) -> None:
        """Make a recorded move."""
        if isinstance(send.value, list) and send.move == "restart":
            self.restart(send.value)
        else:
            self.send(send.value)

    def at(self, k: int) -> Cursor:
        """Return a fresh cursor as it was after the first `k` moves."""
        return self.replay(self.sends[:k])

    @property
    def asks_the_same_again(self) -> bool:
        """Whether the loop was given a reply and asks with the very list it asked with before."""
        is_after_reply = bool(self.sends) and self.sends[-1].move == "ask"
        return is_after_reply and isinstance(self.want, Ask) and len(self.messages) <= self._n_asked

    def _note_calls(self, value: Message | list[Message]) -> None:
        """Keep track of which calls of the last reply still have no result."""
        if isinstance(value, list):
            answered = {message.get("tool_call_id") for message in value}
            self.open_calls = [call for call in self.open_calls if call["id"] not in answered]
        else:
            self.calls = list(value.get("tool_calls") or [])
            self.open_calls = self.calls

    def _hash(self) -> str:
        """Hash what the loop yields now: the calls, and the messages not hashed before.

        All messages of a learner's loop are hashed, since it may have changed old ones.
        """
        calls = self.want.calls if isinstance(self.want, Act) else []
        body = json_bytes([type(self.want).__name__, len(self.messages), calls])
        digest = hashlib.blake2b(body, digest_size=12)
        if isinstance(self.messages, Messages):
            new = [record.body for record in self.messages.records[self._hashed :]]
        else:
            new = [*map(json_bytes, self.messages)]
        for body in new:
            digest.update(body)
        self._hashed = len(self.messages)
        return digest.hexdigest()


def _a(thing: object) -> str:
    """What something is, in words, with its beginning."""
    if isinstance(thing, (Ask, Act)):
        held = thing.messages if isinstance(thing, Ask) else thing.calls
        return f"{type(thing).__name__} with {_a(held)} in it"
    return "nothing" if thing is None else f"a {type(thing).__name__} ({thing!r:.60})"
