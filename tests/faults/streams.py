"""Streams that are no streams of a chat completion, or not whole, or without measure."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import replace

from tests.faults.fault import TOLERATED, Break, Fault, always, answers, ends, raw, sends, survives
from tests.faults.turns import FAILED, LOST, Turn
from tests.kimi.wire_server import Connection, delta, event

PAGE = b"<!doctype html><html><body><h1>Sign in to the network</h1></body></html>"
STREAM = "text/event-stream"


def invalid(name: str, do: Break, words: str) -> Fault:
    """A reply that is discarded and asked for again."""
    return Fault(name, do, survives("invalid_turn", words, wait_s=(0.0, 0.0)))


def no_api(name: str, do: Break, words: str = "not with a chat completion") -> Fault:
    return Fault(name, do, ends("not_an_api", words, unknown=0))


def spoilt(name: str, line: bytes, words: str) -> Fault:
    """A stream with one line that cannot be read, after its answer has begun."""
    return invalid(name, sends([*FAILED.up_to("answer"), line, *FAILED.end_events()]), words)


def lasting(name: str, event_: bytes, *, before: Iterable[bytes] = (), words: str) -> Fault:
    """Something that comes for ever, faster than any limit of time."""

    def do(connection: Connection, _: Turn) -> bool:
        connection.chunked(request_id="req-bad")
        for one in before:
            connection.chunk(one)
        for _ in range(LASTING):
            connection.chunk(event_)
        return connection.end()

    return replace(invalid(name, do, words), settings=UNNOTICED)


def in_circles(name: str, event_: bytes, *, before: Iterable[bytes] = ()) -> Fault:
    """The same words again and again, until somebody notices."""
    events = [*before, *[event_] * LASTING, *FAILED.end_events()]
    return Fault(name, sends(events), survives("in_circles", "same over and over"))


def nested(depth: int) -> bytes:
    """A field that no client knows, so many lists deep."""
    return delta(x_trace="@").replace(b'"@"', b"[" * depth + b"]" * depth)


UNNOTICED = {"notice_repeats": False, "max_usd": 1e6}
"""What a reply without end is taken to cost is more than a run may spend by itself."""
LIMIT = delta(content="<|tool_call_begin|>")
LASTING = 400
"""As often comes what never ends, 64 kB each time: 26 MB."""
CIRCLE = f"{LOST}, but wait, let me look at that once more. "
BULK = LOST + "z" * 65_536


def in_many(turn: Turn) -> list[bytes]:
    """A turn whose text comes in as many deltas as it has characters, among empty ones."""
    found: list[bytes] = []
    for _, piece in turn.deltas():
        text = piece.get("content") or piece.get("reasoning_content")
        if not text:
            found.append(delta(**piece))
            continue
        key = "content" if "content" in piece else "reasoning_content"
        for letter in text:
            found += [delta(**{key: letter}), *[delta(content="")] * 60]
    return [*found, *turn.end_events()]


FAULTS = [
    no_api("a page as 200", answers(200, PAGE, "text/html")),
    no_api("a page as a stream", answers(200, PAGE, STREAM)),
    no_api("words as 200", answers(200, b"It works!", "text/plain")),
    no_api("another API's answer", answers(200, {"status": "ok"})),
    no_api("another API's events", sends([event({"type": "ping"}), event({"type": "pong"})])),
    invalid("nothing as 200", answers(200, b"", STREAM), "cut off"),
    invalid("204", raw(b"HTTP/1.1 204 No Content\r\n\r\n", keep=True), "cut off"),
    invalid("blank lines as 200", answers(200, b"\n\n\n", STREAM), "cut off"),
    always(
        invalid("nothing as 200", answers(200, b"", STREAM), "cut off"),
        ends("invalid_turn", "3 attempts", retries=2),
    ),
    no_api("a JSON list as 200", answers(200, b"[1, 2]")),
    invalid("half of a whole reply", answers(200, b'{"choices": [{"index": 0, "mess'), "not JSON"),
    invalid(
        "a whole reply without a finish",
        answers(
            200,
            {
                "object": "chat.completion",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": LOST}}],
            },
        ),
        "cut off",
    ),
    invalid("[DONE] alone", sends([b"data: [DONE]\n\n"]), "cut off"),
    invalid("[DONE] too early", sends([*FAILED.up_to("answer"), b"data: [DONE]\n\n"]), "cut off"),
    spoilt("a line cut short", delta(content=LOST)[:60] + b"\n\n", "not JSON"),
    spoilt("a line that is no JSON", b"data: {oops}\n\n", "not JSON"),
    spoilt("a line that is a list", b"data: [1]\n\n", "not a JSON object"),
    spoilt("a line that is a number", b"data: 7\n\n", "not a JSON object"),
    spoilt("JSON without end of nesting", b"data: " + b"[" * 100_000 + b"\n\n", "nested too"),
    spoilt("an unknown field nested 150 deep", nested(150) + LIMIT, "control tokens"),
    spoilt("an unknown field nested 900 deep", nested(900), "nested too deep"),
    spoilt("bytes that are not UTF-8", delta(content="x").replace(b"x", b"\xff\xfe"), "UTF-8"),
    spoilt(
        "half a character in arguments",
        delta(tool_calls=[{"index": 0, "function": {"arguments": "x"}}]).replace(b"x", b"\xe2\x82"),
        "UTF-8",
    ),
    spoilt(
        "half a surrogate pair",
        delta(content="x").replace(b'"x"', rb'"\ud83d"'),
        "half of a character",
    ),
    spoilt("choices that are no list", event({"choices": {"0": {}}}), "choices"),
    spoilt("a choice that is no object", event({"choices": ["x"]}), "choices"),
    spoilt("a delta that is no object", event({"choices": [{"index": 0, "delta": "x"}]}), "delta"),
    spoilt("content that is a number", delta(content=7), "content"),
    spoilt("reasoning that is a number", delta(reasoning_content=7), "reasoning_content"),
    spoilt("tool calls that are no list", delta(tool_calls="x"), "tool call"),
    spoilt("a function that is no object", delta(tool_calls=[{"function": "x"}]), "tool call"),
    invalid("a line of 20 MB", sends([delta(content=LOST * 5_000_000)]), "longer than any reply"),
    invalid(
        "gzip that grows to 40 MB",
        answers(200, gzip.compress(BULK.encode() * 600), STREAM, Content_Encoding="gzip"),
        "longer than any reply",
    ),
    no_api(
        "an encoding that nobody asked for",
        answers(200, b"\x0b\x02\x80\n" * 50, STREAM, Content_Encoding="br"),
    ),
    in_circles("an answer in circles", delta(content=CIRCLE)),
    in_circles("reasoning in circles", delta(reasoning_content=CIRCLE)),
    in_circles(
        "arguments in circles",
        delta(tool_calls=[{"index": 0, "function": {"arguments": BULK[:2_000]}}]),
        before=FAILED.up_to("name"),
    ),
    lasting("an answer without end", delta(content=BULK), words="grew beyond"),
    lasting("reasoning without end", delta(reasoning_content=BULK), words="grew beyond"),
    lasting(
        "arguments without end",
        delta(tool_calls=[{"index": 0, "function": {"arguments": BULK}}]),
        before=FAILED.up_to("name"),
        words="grew beyond",
    ),
    lasting("an unknown field without end", delta(x_trace=BULK), words="grew beyond"),
    lasting("a line without end", b"data: " + BULK.encode(), words="longer than any reply"),
    lasting(
        "calls without end",
        delta(tool_calls=[{"id": "", "function": {"name": "note", "arguments": BULK}}]),
        words="grew beyond",
    ),
    Fault("a reply in 3,000 pieces", sends(in_many), TOLERATED),
]
