"""Bytes to a message: the same whatever the portions, and nothing but whole, valid replies."""

from __future__ import annotations

import json
import random
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbagent.errors import ContentFiltered, InvalidTurn, ModelError, NotAnApi, OutOfTokens
from nbagent.kimi.assemble import MAX_TURN_CHARS, Assembled, ErrorFrame
from nbagent.kimi.reader import Reader
from nbagent.kimi.sse import MAX_EVENT_BYTES
from nbagent.messages import first_fault, json_bytes
from tests.kimi.wire_server import (
    CALLS,
    DONE,
    SAYS,
    THINKS,
    USAGE,
    WireServer,
    call,
    delta,
    event,
    streams,
)


def read(*chunks: bytes) -> Assembled:
    reader = Reader()
    for t, chunk in enumerate(chunks):
        reader.feed(chunk, float(t))
    reader.end(float(len(chunks)))
    return reader.finish()


# Any portions, any order: one message

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
WORD = st.from_regex(r"[a-z_]{3,8}", fullmatch=True)
ARGUMENTS = st.dictionaries(TEXT, st.one_of(TEXT, st.integers(), st.none()), max_size=3)


@st.composite
def replies(draw: st.DrawFn) -> tuple[dict[str, Any], list[list[dict[str, Any]]]]:
    """A message and the deltas of its parts, each in order; among each other they may mix."""
    key = draw(st.sampled_from(["reasoning_content", "reasoning"]))
    message: dict[str, Any] = {"role": "assistant"}
    tracks: list[list[dict[str, Any]]] = []

    def pieces(text: str) -> list[str]:
        cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=4)))
        return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]

    content, thought = draw(TEXT), draw(TEXT)
    n_calls = draw(st.integers(0, 3)) if content.strip() else draw(st.integers(1, 3))
    if content.strip():
        message["content"] = content
        tracks.append([{"content": piece} for piece in pieces(content)])
    if thought:
        message[key] = thought
        tracks.append([{key: piece} for piece in pieces(thought)])
    for i in range(n_calls):
        name, arguments = draw(WORD), json.dumps(draw(ARGUMENTS), ensure_ascii=draw(st.booleans()))
        made: dict[str, Any] = {"id": f"{name}:{i}", "type": "function"}
        made["function"] = {"name": name, "arguments": arguments}
        message.setdefault("tool_calls", []).append(made)
        late = draw(st.booleans())  # the name may come after the first arguments
        track = [call(i, piece) for piece in pieces(arguments)]
        track.insert(late, call(i, "", id=made["id"], name=name))
        tracks.append([{"tool_calls": [fragment]} for fragment in track])
    return message, tracks


@given(replies(), st.randoms(use_true_random=False), st.data())
def test_portions_and_order_do_not_matter(
    reply: tuple[dict[str, Any], list[list[dict[str, Any]]]],
    rng: random.Random,
    data: st.DataObject,
) -> None:
    message, tracks = reply
    events = [delta(role="assistant", content="")]
    left = [list(track) for track in tracks]
    while any(left):
        track = rng.choice([t for t in left if t])
        events.append(delta(**track.pop(0)))
        if rng.random() < 0.2:
            events.append(b": keep-alive\n\n")
    events += [delta("tool_calls" if "tool_calls" in message else "stop", USAGE), DONE]
    body = b"".join(events)
    body = body.replace(b"\n", rng.choice([b"\n", b"\r\n", b"\r"]))
    body = body.replace(b"data: ", rng.choice([b"data: ", b"data:"]))
    body = rng.choice([b"", b"\xef\xbb\xbf"]) + body
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=12)))
    chunks = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    whole = read(*chunks)
    assert json_bytes(whole.message) == json_bytes(_ordered(message))
    results = [_result(made["id"]) for made in message.get("tool_calls", [])]
    history: list[Any] = [{"role": "user", "content": "x"}, whole.message, *results]
    assert first_fault(history, thinking=False) is None
    assert read(*[body[i : i + 1] for i in range(len(body))]) == whole


def _ordered(message: dict[str, Any]) -> dict[str, Any]:
    keys = ("role", "content", "reasoning_content", "reasoning", "tool_calls")
    return {key: message[key] for key in keys if key in message}


def _result(call_id: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": "done"}


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), TEXT),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
WORDS = """index delta finish_reason usage content reasoning_content reasoning_details role id
tool_calls function name arguments message type"""
LIKELY = st.sampled_from(WORDS.split())
SHAPED = st.recursive(
    JSON,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(LIKELY, inner, max_size=5),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(st.sampled_from(["choices", "usage", "error", "model"]), SHAPED)))
def test_no_json_breaks_the_reader(chunks: list[Any]) -> None:
    reader = Reader()
    try:
        for chunk in chunks:
            reader.feed(event(chunk), 0.0)
        reader.end(0.0)
        message = reader.finish().message
    except (ModelError, ErrorFrame):
        assert isinstance(reader.reply.partial, str)
    else:
        json_bytes(message).decode()


@given(st.lists(SHAPED, max_size=3), st.lists(SHAPED, max_size=3))
def test_no_choice_breaks_the_reader(deltas: list[Any], fragments: list[Any]) -> None:
    reader = Reader()
    choices = [{"delta": d} for d in deltas] + [{"delta": {"tool_calls": [f]}} for f in fragments]
    try:
        reader.feed(event({"choices": choices}) + delta("stop"), 0.0)
        json_bytes(reader.finish().message).decode()
    except (ModelError, ErrorFrame):
        assert isinstance(reader.reply.partial, str)


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_no_bytes_break_the_reader(chunks: list[bytes]) -> None:
    with pytest.raises((ModelError, ErrorFrame)):
        read(*chunks)


# What must not become history

BROKEN: dict[str, tuple[bytes, type[Exception]]] = {
    "cut in reasoning": (b"".join(THINKS[:2]), InvalidTurn),
    "cut in the answer": (b"".join(THINKS + SAYS), InvalidTurn),
    "cut in arguments": (b"".join(THINKS + CALLS[:2]), InvalidTurn),
    "cut before anything": (b"", InvalidTurn),
    "comments only": (b": keep-alive\n\n" * 3, InvalidTurn),
    "done without a finish": (b"".join([*THINKS, *SAYS, DONE]), InvalidTurn),
    "cut inside an event": (b"".join(THINKS) + delta(content="3.")[:-9], InvalidTurn),
    "an event that is not JSON": (b"".join(THINKS) + b"data: {oops}\n\n" + DONE, InvalidTurn),
    "an event that is no object": (b"data: [1]\n\n" + DONE, InvalidTurn),
    "deep nesting": (b"data: " + b"[" * 100_000 + b"\n\n", InvalidTurn),
    "invalid UTF-8": (delta(content="ab\u00e9").replace(b"\xc3\xa9", b"\xc3"), InvalidTurn),
    "half of a character": (
        delta(
            "stop", content="x\ud83d".encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
        ).replace(b'"x"', b'"x\\ud83d"'),
        InvalidTurn,
    ),
    "an error frame": (
        b"".join(THINKS) + event({"error": {"message": "busy", "type": "engine_overloaded_error"}}),
        ErrorFrame,
    ),
    "a web page": (b"<!doctype html><html><body>Sign in</body></html>", NotAnApi),
    "a plain text": (b"It works!\n", NotAnApi),
    "another API's JSON": (b'{"status": "ok"}', NotAnApi),
    "another API's events": (event({"type": "ping"}) + DONE, NotAnApi),
    "a JSON error": (b'{"error": {"message": "no", "type": "server_error"}}', ErrorFrame),
    "bad arguments": (
        delta(tool_calls=[call(0, '{"a": ', id="f:0", name="fun")]) + delta("tool_calls"),
        InvalidTurn,
    ),
    "NaN in arguments": (
        delta(tool_calls=[call(0, '{"a": NaN}', id="f:0", name="fun")]) + delta("tool_calls"),
        InvalidTurn,
    ),
    "an empty name": (
        delta(tool_calls=[call(0, "{}", id="functions.write:0", name="")]) + delta("tool_calls"),
        InvalidTurn,
    ),
    "a name that no function can have": (
        delta(tool_calls=[call(0, "{}", id="f:0", name="<img src=x>")]) + delta("tool_calls"),
        InvalidTurn,
    ),
    "one id twice": (
        delta(tool_calls=[call(i, "{}", id="f:0", name="fun") for i in range(2)])
        + delta("tool_calls"),
        InvalidTurn,
    ),
    "a call announced, none sent": (delta(content="Now.") + delta("tool_calls"), InvalidTurn),
    "leaked control tokens": (
        delta(content="<|tool_calls_section_begin|><|tool_call_begin|>f:0") + delta("stop"),
        InvalidTurn,
    ),
    "leaked in arguments": (
        delta(tool_calls=[call(0, '{"a": "<|tool_call_end|>"}', id="f:0", name="fun")])
        + delta("tool_calls"),
        InvalidTurn,
    ),
    "nothing": (delta(role="assistant", content="") + delta("stop") + DONE, InvalidTurn),
    "reasoning only": (b"".join([*THINKS, delta("stop"), DONE]), InvalidTurn),
    "length, reasoning only": (b"".join([*THINKS, delta("length"), DONE]), OutOfTokens),
    "length in arguments": (b"".join([*THINKS, *CALLS[:2], delta("length"), DONE]), OutOfTokens),
    "filtered": (b"".join([*SAYS[:1], delta("content_filter"), DONE]), ContentFiltered),
    "content of a wrong shape": (delta(content=7) + delta("stop"), InvalidTurn),
    "a delta of a wrong shape": (event({"choices": [{"delta": [1]}]}), InvalidTurn),
    "a call of a wrong shape": (delta(tool_calls={"a": 1}) + delta("stop"), InvalidTurn),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_reply_is_refused(name: str) -> None:
    body, kind = BROKEN[name]
    with pytest.raises(kind):
        read(body)
    with pytest.raises(kind):
        read(*[body[i : i + 7] for i in range(0, len(body), 7)])


def naive(body: bytes, server: WireServer) -> object:
    """What a loop over the SDK's own chunks makes of a body, as tutorials write it."""
    server.answers(streams([body]))
    http_client = openai.DefaultHttpxClient(trust_env=False)
    with openai.OpenAI(
        base_url=server.url, api_key="x", max_retries=0, http_client=http_client
    ) as client:
        text, calls = "", {}
        for chunk in client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "x"}], stream=True
        ):
            for choice in chunk.choices:
                text += choice.delta.content or ""
                for part in choice.delta.tool_calls or []:
                    calls.setdefault(part.index, []).append(part.function.arguments)
        return text, calls


def test_the_table_can_fail(server: WireServer) -> None:
    """Control: the SDK's stream reports success for most of what is broken above."""
    accepted = []
    for name, (body, _) in BROKEN.items():
        try:
            naive(body, server)
        except (openai.OpenAIError, ValueError, AttributeError, TypeError, RecursionError):
            continue
        accepted.append(name)
    assert len(accepted) >= len(BROKEN) // 2
    assert {"cut in arguments", "a web page", "length in arguments"} <= set(accepted)


def test_size_is_capped() -> None:
    with pytest.raises(InvalidTurn, match="longer than any"):
        Reader().feed(b"data: " + b"x" * MAX_EVENT_BYTES, 0.0)
    with pytest.raises(InvalidTurn, match="longer than any"):
        Reader().feed(b"{" + b"x" * MAX_EVENT_BYTES, 0.0)
    reader, megabyte = Reader(), delta(content="x" * 2**20)
    for _ in range(MAX_TURN_CHARS >> 20):
        reader.feed(megabyte, 0.0)
    with pytest.raises(InvalidTurn, match="grew beyond 8 million"):
        reader.feed(megabyte, 0.0)
