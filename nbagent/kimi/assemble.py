"""From a stream's events to one assistant message, or to the reason why there is none.

A pure function of the payloads, in whatever sizes and order they come: strings are concatenated
exactly, tool calls are put together by their index, nulls, empty reasoning (K2.6 refuses it) and
stream-only keys are not stored. The finished message has its fields in one fixed order, so that
the same reply gives the same bytes. A reply is complete only with a finish_reason: servers and
proxies cut streams without any sign of an error.

Facts of the wire: Moonshot's chat-completion reference; the reasoning dialects of vLLM
(`reasoning`) and OpenRouter (`reasoning_details`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic_core import from_json

from nbagent.errors import ContentFiltered, InvalidTurn, NotAnApi, OutOfTokens
from nbagent.kimi.fragments import Calls, calls_fault, joined, merge, merge_details, shown
from nbagent.messages import REASONING_KEYS, Message, Usage
from nbagent.ports import Piece
from nbagent.samples import Phase

MAX_TURN_CHARS = 8 * 2**20
"""A reply longer than this is a fault: 32,768 tokens are about 0.2 million characters."""

MAX_COUNT = 10**9
"""A count of tokens beyond this is none."""

CONTROL_TOKEN = "<|tool_call"  # noqa: S105 -- a token of text, not of access
"""How K2's control tokens begin; in a reply they mean that the server failed to parse a call."""

BROKEN_OFF = frozenset({"error", "abort"})
"""What servers give as finish_reason of a reply that they broke off themselves."""

_STREAM_ONLY = frozenset({"role", "index"})


class ErrorFrame(Exception):
    """The server reported an error inside its 200 answer.

    Args:
        error: the value of the frame's `error` field.
    """

    def __init__(self, error: object) -> None:
        super().__init__("error frame")
        self.error = error


@dataclass(frozen=True, slots=True)
class Assembled:
    """A whole, valid reply; `model` is the name that the server gave itself."""

    message: Message
    finish_reason: str
    usage: Usage | None
    model: str


class Assembler:
    """Collects the deltas of one reply.

    Attributes:
        finish_reason: what the server gave so far ('' while the reply goes on).
        done: whether `[DONE]` was seen.
        n_pieces: how many pieces carried text or a call; comments and empty deltas do not count.
        n_chunks: how many JSON objects came.
    """

    def __init__(self) -> None:
        self.finish_reason = ""
        self.done = False
        self.n_pieces = 0
        self.n_chunks = 0
        self._texts: dict[str, list[str]] = {key: [] for key in ("content", *REASONING_KEYS)}
        self._details: list[Any] = []
        self._others: dict[str, Any] = {}
        self._calls = Calls()
        self._usage: object = None
        self._model: object = ""
        self._chars = 0
        self._is_chat = False

    def feed(self, payload: bytes, t: float) -> list[Piece]:
        """Take one event's payload, which arrived at `t`, and return what it adds to the view.

        Raises:
            InvalidTurn: the payload is no UTF-8, no JSON or of a wrong shape, or the reply has
                grown beyond all measure.
            ErrorFrame: it is the server's report of an error.
        """
        if payload == b"[DONE]":
            self.done = True
            return []
        return self._chunk(_parsed(payload), t, "delta")

    def feed_whole(self, body: bytes, t: float) -> list[Piece]:
        """Take a reply that came in one piece, from a server that does not stream."""
        self.done = True
        return self._chunk(_parsed(body), t, "message")

    @property
    def partial(self) -> str:
        """What has arrived so far, as text: reasoning, answer, then the arguments of calls."""
        reasoning = next((self._texts[k] for k in REASONING_KEYS if self._texts[k]), [])
        texts = ["".join(reasoning), "".join(self._texts["content"]), *self._calls.partial()]
        return shown("\n".join(text for text in texts if text))

    def finish(self) -> Assembled:
        """Close the reply.

        Raises:
            NotAnApi: the events were not those of a chat completion.
            InvalidTurn: the reply is cut, malformed or empty.
            OutOfTokens: its tokens were used up before an answer or a whole call was written.
            ContentFiltered: the provider's filter cut it.
        """
        if self.n_chunks and not self._is_chat:
            raise NotAnApi(
                "The endpoint answered, but not with a chat completion.",
                "Check the base URL; most servers want /v1 at its end.",
            )
        if not self.finish_reason:
            raise _discarded("The reply was cut off before its end.")
        if self.finish_reason == "content_filter":
            raise ContentFiltered(
                "The provider's content filter cut this reply.",
                "Say it in other words, or leave out what the filter may object to.",
            )
        if self.finish_reason in BROKEN_OFF:
            raise _discarded("The server broke the reply off.")
        message = self._message()
        self._check(message)
        return Assembled(message, self.finish_reason, _usage(self._usage), str(self._model))

    # One event

    def _chunk(self, chunk: dict[str, Any], t: float, field: str) -> list[Piece]:
        self.n_chunks += 1
        if chunk.get("error"):
            raise ErrorFrame(chunk["error"])
        choices = chunk.get("choices") or []
        if not isinstance(choices, list):
            raise InvalidTurn("The reply held choices of an unknown shape.")
        self._model = chunk.get("model") or self._model
        pieces: list[Piece] = []
        for choice in choices:
            if not isinstance(choice, dict):
                raise InvalidTurn("The reply held choices of an unknown shape.")
            if not choice.get("index"):
                self._choice(choice, t, field, pieces)
        self._usage = chunk.get("usage") or self._usage
        return pieces

    def _choice(self, choice: dict[str, Any], t: float, field: str, pieces: list[Piece]) -> None:
        self._is_chat = True
        delta = choice.get(field) or {}
        if not isinstance(delta, dict):
            raise InvalidTurn(f"The reply held a {field} of an unknown shape.")
        for key, value in delta.items():
            if value is not None and key not in _STREAM_ONLY:
                self._field(key, value, t, pieces)
        if choice.get("finish_reason"):
            self.finish_reason = str(choice["finish_reason"])
        self._usage = choice.get("usage") or self._usage

    def _field(self, key: str, value: object, t: float, pieces: list[Piece]) -> None:
        if key == "tool_calls":
            for place, arguments, name in self._calls.take(value):
                pieces.append(self._piece(t, "arguments", arguments, place, name))
        elif key == "content":
            if text := self._text(key, value):
                pieces.append(self._piece(t, "answer", text))
        elif key in REASONING_KEYS:
            text = self._text(key, value)
            said = any(piece.phase == "reasoning" for piece in pieces)
            if text and not said:  # several dialects in one delta say the same
                pieces.append(self._piece(t, "reasoning", text))
        else:
            self._others[key] = merge(self._others.get(key), value)
            self._grow(len(str(value)))

    def _text(self, key: str, value: object) -> str:
        """Store a piece of a text field and return the text to show."""
        if isinstance(value, str):
            self._texts[key].append(value)
            return value
        if key == "reasoning_details" and isinstance(value, list):
            merge_details(self._details, value)
            return "".join(str(d.get("text") or "") for d in value if isinstance(d, dict))
        raise InvalidTurn(f"The reply held {key} of an unknown shape.")

    def _piece(self, t: float, phase: Phase, text: str, call: int = -1, name: str = "") -> Piece:
        self.n_pieces += 1
        self._grow(len(text))
        return Piece(t, phase, shown(text), call, name)

    def _grow(self, n_chars: int) -> None:
        self._chars += n_chars
        if self._chars > MAX_TURN_CHARS:
            raise InvalidTurn(f"The reply grew beyond {MAX_TURN_CHARS >> 20} million characters.")

    # The whole

    def _message(self) -> Message:
        calls = self._calls.finished()
        content = joined(self._texts["content"])
        message: dict[str, Any] = {"role": "assistant"}
        if content.strip() or not calls:
            message["content"] = content
        for key in REASONING_KEYS:
            text = joined(self._texts[key])
            if text:
                message[key] = text
        if self._details:
            message["reasoning_details"] = self._details
        if calls:
            message["tool_calls"] = calls
        return cast("Message", message | dict(sorted(self._others.items())))

    def _check(self, message: Message) -> None:
        """Refuse what must not enter the history; the endpoint would refuse it later on."""
        calls = message.get("tool_calls") or []
        cut = self.finish_reason == "length"
        fault = calls_fault(calls)
        if fault:
            raise _out_of_tokens("a tool call was whole") if cut else _discarded(fault)
        if CONTROL_TOKEN in json.dumps(message):
            raise _discarded("The server left control tokens of a tool call in the reply's text.")
        if not calls and self.finish_reason == "tool_calls":
            raise _discarded("The server announced a tool call and sent none.")
        if not calls and not str(message.get("content", "")).strip():
            if cut:
                raise _out_of_tokens("an answer was written")
            only = "only reasoning, no answer and no call" if self.partial.strip() else "nothing"
            raise _discarded(f"The reply holds {only}.")


def _discarded(what: str) -> InvalidTurn:
    return InvalidTurn(what, "It was discarded and is no part of the conversation.")


def _out_of_tokens(before: str) -> OutOfTokens:
    return OutOfTokens(
        f"The reply's token limit was used up, reasoning included, before {before}.",
        "Raise it with --max-tokens, or ask for a smaller step.",
    )


def _parsed(payload: bytes) -> dict[str, Any]:
    try:
        value = from_json(payload, cache_strings="keys")  # pieces of text hardly ever repeat
    except ValueError as error:
        if "recursion limit" in str(error):  # what is kept of it would be walked again and again
            raise InvalidTurn("The reply held an event that is nested too deep.") from None
        value = _parsed_slowly(payload)
    if not isinstance(value, dict):
        raise InvalidTurn("The reply held an event that is not a JSON object.")
    return value


def _parsed_slowly(payload: bytes) -> object:
    """What the fast parser refuses: halves of surrogate pairs, which are JSON, and true faults."""
    try:
        return json.loads(payload.decode())
    except UnicodeDecodeError:
        raise InvalidTurn("The reply held bytes that are not UTF-8.") from None
    except (ValueError, RecursionError):
        raise InvalidTurn("The reply held an event that is not JSON.") from None


def _usage(raw: object) -> Usage | None:
    """The counts under our names; Moonshot puts `cached_tokens` beside the details, others in."""
    prompt, completion = _count(raw, "prompt_tokens"), _count(raw, "completion_tokens")
    if prompt is None or completion is None:
        return None
    usage: Usage = {"prompt_tokens": prompt, "completion_tokens": completion}
    cached = _count(raw, "cached_tokens")
    if cached is None:
        cached = _count(raw, "prompt_tokens_details", "cached_tokens")
    reasoning = _count(raw, "completion_tokens_details", "reasoning_tokens")
    if cached is not None:
        usage["cached_tokens"] = cached
    if reasoning is not None:
        usage["reasoning_tokens"] = reasoning
    return usage


def _count(raw: object, *path: str) -> int | None:
    for key in path:
        raw = raw.get(key) if isinstance(raw, Mapping) else None
    return raw if type(raw) is int and 0 <= raw <= MAX_COUNT else None
