"""The wire's own words: messages as K2.6 sends and receives them, and the bytes they become.

A message is the provider's dict and is never rebuilt: what the model said goes back to it as it
came, reasoning included (the endpoint refuses the next request otherwise). A `Record` holds one
message with its bytes, serialised once; a `Transcript` holds the records of one run in
revisions; a `Request` is a view of a transcript that can be turned into a body on demand.

Read next: `nbagent.loop`, which makes these lists grow.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NotRequired, Required, TypeAlias, TypedDict, cast, overload

from nbagent.errors import HistoryError
from nbagent.packed import Block

REASONING_KEYS = ("reasoning_content", "reasoning", "reasoning_details")
"""Field names under which endpoints deliver reasoning, in the order they are looked for."""


class FunctionCall(TypedDict):
    """Which function the model calls, and its arguments as the JSON text that it wrote."""

    name: str
    arguments: str


class ToolCall(TypedDict):
    """One entry of an assistant message's `tool_calls`."""

    id: str
    type: Literal["function"]
    function: FunctionCall


class ImageUrl(TypedDict):
    """A picture as a `data:` URL; K2.6 takes png, jpeg, webp and gif."""

    url: str


class Part(TypedDict, total=False):
    """One part of a message's content: text or a picture."""

    type: Required[Literal["text", "image_url"]]
    text: str
    image_url: ImageUrl


Content: TypeAlias = str | list[Part]


class Message(TypedDict, total=False):
    """One message. Unknown fields that an endpoint sends are kept beside these."""

    role: Required[Literal["system", "user", "assistant", "tool"]]
    content: Content
    reasoning_content: str
    reasoning: str
    reasoning_details: list[Any]
    tool_calls: list[ToolCall]
    tool_call_id: str
    name: str


class Usage(TypedDict):
    """Token counts of one reply, as the endpoint counted them (reasoning is inside completion)."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: NotRequired[int]
    reasoning_tokens: NotRequired[int]


def reasoning_of(message: Message) -> str:
    """Return the reasoning text of a message, whichever dialect carries it ('' if none)."""
    for key in REASONING_KEYS:
        value = message.get(key)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, list):
            return "".join(str(part.get("text") or "") for part in value if isinstance(part, dict))
    return ""


def text_of(message: Message) -> str:
    """Return the text of a message's content, pictures left out."""
    content = message.get("content", "")
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


def json_bytes(value: Any) -> bytes:
    """Serialise compactly as UTF-8; a lone surrogate, which UTF-8 cannot hold, is escaped."""
    try:
        return _encode(value).encode()
    except UnicodeEncodeError:
        return _encode_ascii(value).encode()


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_encode_ascii = json.JSONEncoder(separators=(",", ":")).encode


class Record:
    """One message as the dict it is and the bytes it becomes.

    Attributes:
        n_bytes: how many bytes it becomes.
    """

    __slots__ = ("_body", "_message", "n_bytes")

    def __init__(self, message: Message, body: bytes) -> None:
        self._message: Message | int = message
        self._body: bytes | Block = body
        self.n_bytes = len(body)

    @classmethod
    def of(cls, message: Message) -> Record:
        """Serialise `message` once."""
        return cls(message, json_bytes(message))

    @property
    def message(self) -> Message:
        """The provider's own dict; an equal one, if it was packed."""
        if isinstance(self._body, Block):
            return cast("Message", self._body[0][cast("int", self._message)])
        return cast("Message", self._message)

    @property
    def body(self) -> bytes:
        """The bytes."""
        return json_bytes(self.message) if isinstance(self._body, Block) else self._body

    @property
    def is_packed(self) -> bool:
        """Whether the message is packed."""
        return isinstance(self._body, Block)

    def pack(self, block: Block, i: int) -> None:
        """Let go of the message: it is the item `i` of the block's first list."""
        self._body, self._message = block, i


class Messages(Sequence[Message]):
    """The list of a loop that only appends to it, held as records.

    Args:
        records: of the messages that it begins with.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self.records = list(records)

    @classmethod
    def of(cls, messages: Iterable[Message]) -> Messages:
        """A list of its own that begins with these messages."""
        if isinstance(messages, Messages):
            return cls(messages.records)
        return cls(map(Record.of, messages))

    def append(self, message: Message) -> None:
        """Put a message at the end."""
        self.records.append(Record.of(message))

    def extend(self, messages: Iterable[Message]) -> None:
        """Put messages at the end."""
        self.records.extend(map(Record.of, messages))

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, i: int) -> Message: ...
    @overload
    def __getitem__(self, i: slice) -> list[Message]: ...
    def __getitem__(self, i: int | slice) -> Message | list[Message]:
        if isinstance(i, slice):
            return [record.message for record in self.records[i]]
        return self.records[i].message

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and [*self] == [*other]

    __hash__ = None  # type: ignore[assignment] # it changes, like any list

    def __repr__(self) -> str:
        return repr([*self])


@dataclass(slots=True)
class Revision:
    """An append-only list of records; a changed past makes a new revision that shares the rest."""

    number: int
    records: list[Record] = field(default_factory=list)
    checked: int = 0
    """How many leading messages are known to be a valid history (see `first_fault`)."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, held as `(head, revision, n, tail)`: O(1) to keep, rebuilt on demand.

    `head` holds the body's fields before the messages and `tail` those after, both as the inside
    of a JSON object, so that the prefix is byte-stable from step to step (the provider's cache).
    `n_left_out` says how many more messages of the transcript it stands for than it carries.
    """

    head: bytes
    revision: Revision
    n: int
    tail: bytes
    n_left_out: int = 0

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Request:
        """Make a request of a body that was written by hand.

        Raises:
            HistoryError: it has no list of messages.
        """
        messages = body.get("messages")
        if not isinstance(messages, list) or not all(isinstance(m, dict) for m in messages):
            raise HistoryError("A request needs `messages`, a list of objects.")
        rest = json_bytes({key: value for key, value in body.items() if key != "messages"})
        records = [Record.of(cast("Message", message)) for message in messages]
        return cls(rest[1:-1], Revision(-1, records), len(records), b"")

    @property
    def records(self) -> Sequence[Record]:
        """The records that this request sends."""
        return self.revision.records[: self.n]

    def body(self) -> bytes:
        """The request body, exactly as it goes on the wire."""
        messages = b",".join(record.body for record in self.records)
        tail = b"," + self.tail if self.tail else b""
        return b"".join((b"{", self.head, b',"messages":[', messages, b"]", tail, b"}"))

    def json(self) -> dict[str, Any]:
        """The request body as a dict, for reading."""
        return cast("dict[str, Any]", json.loads(self.body()))

    @property
    def n_bytes(self) -> int:
        """Size of the body in bytes, without building it."""
        sizes = sum(record.n_bytes for record in self.records)
        commas = max(self.n - 1, 0)
        tail = len(self.tail) + 1 if self.tail else 0
        return len(self.head) + sizes + commas + tail + len(b'{,"messages":[]}')

    def sha256(self) -> str:
        """Hash of the body: what is stored in its stead."""
        return hashlib.sha256(self.body()).hexdigest()


class Transcript:
    """The messages of a run as records, in revisions.

    Args:
        records: records of the conversation so far, shared with the turn that made them.
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.revisions = [Revision(0, list(records))]

    @property
    def current(self) -> Revision:
        """The revision in force."""
        return self.revisions[-1]

    def sync(self, messages: Sequence[Message], *, trusted: bool) -> Revision:
        """Bring the records up to date with the loop's list and return the revision in force.

        Args:
            messages: the loop's own list; it is only read.
            trusted: True for a loop that only appends (ours): where the last message known is at
                its place, so are those before it. A learner's loop is compared by value.
        """
        records = self.current.records
        known = len(records)
        is_there = 0 < known <= len(messages) and messages[known - 1] is records[-1].message
        same = known if trusted and is_there else _n_same(records, messages)
        if same < len(records):
            kept = min(self.current.checked, same)
            self.revisions.append(Revision(self.current.number + 1, records[:same], kept))
        if isinstance(messages, Messages):
            messages.records[:same] = records[:same]  # each message has one record
            self.current.records += messages.records[same:]
        else:
            self.current.records += map(Record.of, messages[same:])
        return self.current


def _n_same(records: Sequence[Record], messages: Sequence[Message]) -> int:
    """How many messages at the beginning are the same as in the records, by value."""
    pairs = enumerate(zip(records, messages, strict=False))
    differing = (i for i, (record, message) in pairs if Record.of(message).body != record.body)
    return next(differing, min(len(records), len(messages)))


def first_fault(
    messages: Sequence[Message], *, thinking: bool = True, start: int = 0
) -> str | None:
    """Say what is wrong with a history, or None: the rules that the endpoint checks.

    An assistant message with tool_calls is followed at once by one tool message per call, in
    order; a tool message answers an open call; nothing is empty; names and ids are present and
    ids are unique within their message; arguments are JSON; with thinking on, reasoning is kept.

    Args:
        messages: the history as it would be sent.
        thinking: whether tool-call messages must carry reasoning.
        start: first message to look at; everything before it is known to be valid and no call is
            open there.
    """
    open_ids: list[str] = []
    for i in range(start, len(messages)):
        message = messages[i]
        role = message["role"]
        if role == "tool":
            fault = _tool_fault(message, open_ids)
            open_ids = open_ids[1:]
        elif open_ids:
            fault = f"the call {open_ids[0]!r} has no result before it"
        elif role == "assistant":
            fault = reply_fault(message, thinking=thinking)
            open_ids = [call["id"] for call in message.get("tool_calls") or []]
        else:
            fault = None if message.get("content") else "it is empty"
        if fault:
            return f"message {i} ({role}): {fault}"
    return f"the call {open_ids[0]!r} has no result" if open_ids else None


def _tool_fault(message: Message, open_ids: list[str]) -> str | None:
    if not open_ids:
        return "it answers no call"
    if message.get("tool_call_id") != open_ids[0]:
        return f"it answers {message.get('tool_call_id')!r} where {open_ids[0]!r} is next"
    return None if message.get("content") else "the result is empty"


def reply_fault(message: Message, *, thinking: bool = True) -> str | None:
    """Say what is wrong with an assistant message by itself, or None; see `first_fault`."""
    calls = message.get("tool_calls")
    if not calls:
        return None if message.get("content") else "it has neither text nor calls"
    ids = [call["id"] for call in calls]
    if not all(ids) or len(set(ids)) != len(ids):
        return "call ids are missing or repeated"
    for call in calls:
        if not call["function"]["name"]:
            return "a call names no function"
        try:
            json.loads(call["function"]["arguments"])
        except ValueError:
            return f"the arguments of {call['function']['name']} are not JSON"
    if thinking and not reasoning_of(message):
        return "its reasoning was dropped; the endpoint refuses tool calls without it"
    return None


def check_history(messages: Sequence[Message], *, thinking: bool = True, start: int = 0) -> None:
    """Raise `HistoryError` if a history would be refused (see `first_fault`)."""
    fault = first_fault(messages, thinking=thinking, start=start)
    if fault:
        raise HistoryError(fault)
