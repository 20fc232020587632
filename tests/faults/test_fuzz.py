"""Streams with anything changed in them: a valid message, or an error with a name, never else."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbagent.errors import ModelError
from nbagent.kimi.assemble import Assembled, ErrorFrame
from nbagent.kimi.endpoints import PRESETS
from nbagent.kimi.faults import Faults
from nbagent.kimi.reader import Reader
from tests.conftest import seed
from tests.faults.turns import FAILED, TURNS
from tests.kimi.wire_server import ANSWER, TOOLS, delta, event
from tests.strict import complaints

STREAMS = [b"".join(events) for events in (ANSWER, TOOLS, *(t.events() for t in TURNS))]
WORDS = [
    b'"finish_reason": "length"',
    b'"finish_reason": null',
    b'"content": null',
    b'"index": 1',
    b'"tool_calls": [{}]',
    b"<|tool_call_begin|>",
    b"data: ",
    b"\n\n",
    b"\r",
    b": ping\n\n",
    b"\xff",
    b"\xed\xa0\x80",
    b"\\ud83d",
    b'"id": ""',
    b'{"error": {"message": "x"}}',
    b"}",
    b'"',
    b"[DONE]",
    b"1e999",
    b"NaN",
    b"null",
]
EVENTS = [
    event({"error": {"message": "busy", "type": "engine_overloaded_error"}}),
    delta("length"),
    delta("content_filter"),
    delta("stop"),
    delta(content="<|tool_call_begin|>"),
    delta(tool_calls=[{"index": 0, "id": "a", "function": {"name": "", "arguments": "{}"}}]),
    delta(tool_calls=[{"function": {"name": "note", "arguments": None}}]),
    delta(reasoning_details=[{"type": "text", "index": 0, "text": "x"}]),
]
FAULTS = Faults(PRESETS["moonshot"], "kimi-k2.6")
HEADERS = ["retry-after", "location", "msh-request-id", "x-request-id"]
ROUNDS = 4_000
"""How many streams one long test mutates."""


def outcome(chunks: Sequence[bytes]) -> Assembled | str:
    """The reply, or the name of the error."""
    reader = Reader()
    try:
        for chunk in chunks:
            reader.feed(chunk, 0.0)
        reader.end(1.0)
        return reader.finish()
    except (ModelError, ErrorFrame) as error:
        return type(error).__name__


def judged(reply: Assembled) -> list[str]:
    """What the endpoint would object to, were the reply sent back with its results."""
    message: dict[str, Any] = dict(reply.message)
    calls = message.get("tool_calls") or []
    answers = [{"role": "tool", "tool_call_id": c["id"], "content": "x"} for c in calls]
    found = complaints([message, *answers])
    return [what for what in found if "reasoning" not in what and "unknown keys" not in what]


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Change a stream in one to four places."""
    for _ in range(chance.randint(1, 4)):
        at, to = sorted(chance.randrange(len(data) + 1) for _ in range(2))
        kind = chance.randrange(7)
        if kind == 0:
            data = data[:at]
        elif kind == 1:
            data = data[:at] + data[min(to, at + 40) :]
        elif kind == 2:
            data = data[:at] + chance.choice(WORDS) + data[at:]
        elif kind == 3:
            data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        elif kind == 4:
            data = data[:to] + data[at : min(to, at + 300)] + data[to:]
        elif kind == 5:
            border = data.rfind(b"\n\n", 0, at) + 2 if b"\n\n" in data[:at] else 0
            data = data[:border] + chance.choice(EVENTS) + data[border:]
        else:
            other = chance.choice(STREAMS)
            data = data[:at] + other[chance.randrange(len(other)) :]
    return data


def cut(data: bytes, chance: random.Random) -> list[bytes]:
    places = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(6)))
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def fuzz(rounds: int, chance: random.Random) -> dict[str, int]:
    """Mutate streams; how many ended in which way."""
    ways: dict[str, int] = {}
    for _ in range(rounds):
        data = mutated(chance.choice(STREAMS), chance)
        found = outcome([data])
        again = outcome(cut(data, chance))
        assert found == again, data
        if isinstance(found, Assembled):
            assert judged(found) == [], data
        way = found if isinstance(found, str) else "reply"
        ways[way] = ways.get(way, 0) + 1
    return ways


def test_mutated_streams() -> None:
    ways = fuzz(400, random.Random(seed()))
    assert {"reply", "InvalidTurn"} <= set(ways)


@pytest.mark.long
@pytest.mark.parametrize("k", range(10))
def test_many_mutated_streams(k: int) -> None:
    ways = fuzz(ROUNDS, random.Random(f"{seed()} {k}"))
    assert {"reply", "InvalidTurn", "NotAnApi", "OutOfTokens", "ErrorFrame"} <= set(ways)


@given(
    st.lists(st.sampled_from([*ANSWER, *TOOLS, *FAILED.events(), *WORDS]), max_size=12),
    st.randoms(use_true_random=False),
)
@settings(max_examples=150, deadline=None)
def test_streams_of_any_events(events: list[bytes], chance: random.Random) -> None:
    data = b"".join(events)
    found = outcome([data])
    assert found == outcome(cut(data, chance))
    if isinstance(found, Assembled):
        assert judged(found) == []


DATES = st.builds(
    "{}{:02} {} {} {:02}:{:02}:{:02} {}".format,
    st.sampled_from(["Thu, ", "", "Xyz, "]),
    st.integers(0, 40),
    st.sampled_from(["Jan", "Feb", "Foo", ""]),
    st.sampled_from([0, 1, 69, 1969, 1970, 2026, 9999, 10_000, 99_999, 10**12]),
    st.integers(0, 30),
    st.integers(0, 70),
    st.integers(0, 70),
    st.sampled_from(["GMT", "-0000", "+9999", "", "EST", "+0000000"]),
)
TEXTS = st.one_of(
    DATES,
    st.text(st.characters(codec="latin-1"), max_size=40),
    st.sampled_from(["http://[", "//x", "1e9", "-1", "9" * 400, "inf", "١٢"]),
)
BODIES = st.one_of(
    st.text(max_size=60),
    st.recursive(
        st.one_of(TEXTS, st.none(), st.integers(), st.floats(allow_nan=False)),
        lambda inner: (
            st.dictionaries(
                st.sampled_from(["error", "message", "type", "code", "detail"]), inner, max_size=3
            )
            | st.lists(inner, max_size=3)
        ),
        max_leaves=8,
    ).map(json.dumps),
)


@given(st.integers(300, 599), st.dictionaries(st.sampled_from(HEADERS), TEXTS), BODIES)
@settings(max_examples=300, deadline=None)
def test_any_refusal_is_named(status: int, headers: dict[str, str], body: str) -> None:
    error = FAULTS.from_status(status, headers, body, 1.8e9)
    assert error.message
    assert len(str(error)) < 2_000
    assert error.retry_after_s is None or error.retry_after_s >= 0


@given(BODIES)
@settings(max_examples=200, deadline=None)
def test_any_error_frame_is_named(body: str) -> None:
    assert FAULTS.from_frame({"message": body, "code": body, "type": body}, "").message
    assert FAULTS.from_frame(body, "").message


def test_the_judge_of_replies_can_fail() -> None:
    """Control: what a reader makes that checks nothing."""
    reader = Reader()
    reader.feed(b"".join(FAILED.events()).replace(b'{\\"text', b"{text"), 0.0)
    unchecked: Any = reader.reply._message()
    with pytest.raises(ValueError, match="Expecting property name"):
        judged(Assembled(unchecked, "tool_calls", None, ""))
