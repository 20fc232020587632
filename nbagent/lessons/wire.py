"""A turn becomes a reply on K2.6's wire: one JSON object, or server-sent events.

The order of a stream is the hosted endpoint's: a role chunk, reasoning in pieces of one to four
tokens, one empty reasoning piece that closes it, content, each call's head and then its
arguments in fragments, a finish chunk that carries the usage, a chunk with the usage alone if
the request asks for it, `[DONE]`.

Read next: `nbagent.lessons.orders`, which spoils a stream on request.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal, TypeAlias

from nbagent.lessons import tokens
from nbagent.lessons.story import Turn

MODEL = "scripted"
FINGERPRINT = "fpv0_scripted"
MOST_TOKENS_A_CHUNK = 4

Phase: TypeAlias = Literal["reasoning", "content", "head", "arguments"]
Usage: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a reply; `call` says which tool call it belongs to, from 0."""

    phase: Phase
    text: str
    n_tokens: int
    call: int = -1


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply, before it is written as JSON or as events.

    Attributes:
        id: `chatcmpl-` and 24 hex digits, made from the request's bytes.
        created: seconds since the epoch.
        pieces: what is said, in order.
        call_ids: the id of each tool call.
        finish_reason: stop, tool_calls or length.
        usage: token counts.
    """

    id: str
    created: int
    pieces: tuple[Piece, ...]
    call_ids: tuple[str, ...]
    finish_reason: str
    usage: Usage

    def text(self, phase: Phase, call: int = -1) -> str:
        """The text of one phase (of one call), joined."""
        return "".join(p.text for p in self.pieces if p.phase == phase and p.call == call)

    def message(self) -> dict[str, Any]:
        """The assistant message of a reply that is not streamed."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text("content")}
        reasoning = self.text("reasoning")
        if reasoning:
            message["reasoning_content"] = reasoning
        calls = [self._call(i) for i in range(len(self.call_ids)) if self.text("head", i)]
        if calls:
            message["tool_calls"] = calls
        return message

    def _call(self, i: int) -> dict[str, Any]:
        function = {"name": self.text("head", i), "arguments": self.text("arguments", i)}
        return {"id": self.call_ids[i], "type": "function", "function": function}

    def completion(self) -> dict[str, Any]:
        """The body of a reply that is not streamed."""
        choice = {"index": 0, "message": self.message(), "finish_reason": self.finish_reason}
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": MODEL,
            "choices": [choice],
            "usage": self.usage,
            "system_fingerprint": FINGERPRINT,
        }


@dataclass(frozen=True, slots=True)
class Frame:
    """One server-sent event, and how it is sent.

    Attributes:
        data: the event's JSON, or its text as it is (`[DONE]`).
        n_tokens: how many tokens it carries; pacing counts these.
        pause_s: a silence before it, in seconds.
        cut: the connection ends here, without this or any later event.
    """

    data: dict[str, Any] | str = field(default_factory=dict)
    n_tokens: int = 0
    pause_s: float = 0.0
    cut: bool = False

    def encode(self) -> bytes:
        """The event as bytes."""
        text = (
            self.data if isinstance(self.data, str) else json.dumps(self.data, ensure_ascii=False)
        )
        return f"data: {text}\n\n".encode("utf-8", "replace")


def make_reply(
    turn: Turn,
    *,
    raw: bytes,
    created: int,
    first_call: int,
    thinking: bool,
    limit: int,
    prompt_tokens: int,
    cached_tokens: int,
) -> Reply:
    """Write a turn out as a reply.

    Args:
        turn: what is thought, said and called.
        raw: the request's body; id and chunking follow from it, so the same request gets the
            same reply.
        created: seconds since the epoch.
        first_call: how many calls the conversation has made before this turn.
        thinking: whether reasoning is written.
        limit: the longest reply in tokens; a longer one is cut and finishes as `length`.
        prompt_tokens: the prompt's size.
        cached_tokens: how much of it was seen before.
    """
    digest = hashlib.sha256(raw).hexdigest()
    random = Random(digest)  # noqa: S311 -- chunk sizes that repeat, not a secret
    whole = list(_pieces(turn, random, thinking=thinking))
    pieces = _cut(whole, limit)
    usual = "tool_calls" if turn.calls else "stop"
    return Reply(
        id=f"chatcmpl-{digest[:24]}",
        created=created,
        pieces=tuple(pieces),
        call_ids=tuple(f"{call.name}:{first_call + i}" for i, call in enumerate(turn.calls)),
        finish_reason=usual if len(pieces) == len(whole) else "length",
        usage=_usage(pieces, prompt_tokens, cached_tokens),
    )


def _pieces(turn: Turn, random: Random, *, thinking: bool) -> Iterator[Piece]:
    if thinking:
        yield from _chunks("reasoning", turn.reasoning, random)
    yield from _chunks("content", turn.content, random)
    for i, call in enumerate(turn.calls):
        yield Piece("head", call.name, tokens.count(call.name) + tokens.FRAME_TOKENS, i)
        yield from _chunks("arguments", call.arguments_text, random, i)


def _chunks(phase: Phase, text: str, random: Random, call: int = -1) -> Iterator[Piece]:
    parts = tokens.split(text)
    at = 0
    while at < len(parts):
        n = random.randint(1, MOST_TOKENS_A_CHUNK)
        some = parts[at : at + n]
        yield Piece(phase, "".join(some), len(some), call)
        at += n


def _cut(pieces: Sequence[Piece], limit: int) -> list[Piece]:
    kept, used = [], 0
    for piece in pieces:
        used += piece.n_tokens
        if used > limit:
            break
        kept.append(piece)
    return kept


def _usage(pieces: Sequence[Piece], prompt: int, cached: int) -> Usage:
    completion = sum(piece.n_tokens for piece in pieces)
    usage: Usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    if cached:
        usage["cached_tokens"] = cached
        usage["prompt_tokens_details"] = {"cached_tokens": cached}
    reasoning = sum(piece.n_tokens for piece in pieces if piece.phase == "reasoning")
    if reasoning:
        usage["completion_tokens_details"] = {"reasoning_tokens": reasoning}
    return usage


def frames(reply: Reply, *, include_usage: bool) -> list[Frame]:
    """The events of a streamed reply."""
    sent = [Frame(chunk(reply, {"role": "assistant", "content": ""}))]
    phase = ""
    for piece in reply.pieces:
        if phase == "reasoning" and piece.phase != phase:
            sent.append(Frame(chunk(reply, {"reasoning_content": ""})))
        phase = piece.phase
        sent.append(Frame(chunk(reply, _delta(reply, piece)), piece.n_tokens))
    if phase == "reasoning" and reply.finish_reason != "length":
        sent.append(Frame(chunk(reply, {"reasoning_content": ""})))
    last = chunk(reply, {})
    last["choices"][0] |= {"finish_reason": reply.finish_reason, "usage": reply.usage}
    sent.append(Frame(last))
    if include_usage:
        sent.append(Frame(chunk(reply, {}) | {"choices": [], "usage": reply.usage}))
    sent.append(Frame("[DONE]"))
    return sent


def chunk(reply: Reply, delta: dict[str, Any]) -> dict[str, Any]:
    """One chunk of a streamed reply."""
    return {
        "id": reply.id,
        "object": "chat.completion.chunk",
        "created": reply.created,
        "model": MODEL,
        "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
        "system_fingerprint": FINGERPRINT,
    }


def _delta(reply: Reply, piece: Piece) -> dict[str, Any]:
    if piece.phase == "reasoning":
        return {"reasoning_content": piece.text}
    if piece.phase == "content":
        return {"content": piece.text}
    call: dict[str, Any] = {"index": piece.call}
    if piece.phase == "head":
        call |= {"id": reply.call_ids[piece.call], "type": "function"}
        call["function"] = {"name": piece.text, "arguments": ""}
    else:
        call["function"] = {"arguments": piece.text}
    return {"tool_calls": [call]}
