"""Odd replies that are whole all the same: every server speaks the wire in its own way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nbagent.kimi.reader import Reader
from tests.kimi.test_reader import read
from tests.kimi.wire_server import (
    ANSWER,
    CALLS,
    DONE,
    SAYS,
    THINKS,
    TOOLS,
    USAGE,
    call,
    delta,
    event,
)


def message_of(*events: bytes) -> dict[str, Any]:
    return dict(read(b"".join(events)).message)


def test_blank_content_beside_calls_is_left_out() -> None:
    assert "content" not in message_of(*TOOLS)
    assert message_of(delta(content=" \n"), *TOOLS).keys() == message_of(*TOOLS).keys()


def test_usage_is_taken_once_the_last_wins() -> None:
    later = USAGE | {"completion_tokens": 23}
    whole = read(b"".join(ANSWER[:-1]) + event({"choices": [], "usage": later}) + DONE)
    assert whole.usage is not None
    assert whole.usage["completion_tokens"] == 23
    nested = {
        "prompt_tokens": 9,
        "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": 4},
    }
    assert read(delta("stop", nested, content="x")).usage == {
        "prompt_tokens": 9,
        "completion_tokens": 2,
        "cached_tokens": 4,
    }
    assert read(delta("stop", content="x")).usage is None


def test_reasoning_is_kept_under_the_name_it_came_by() -> None:
    details = [{"type": "reasoning.text", "text": "Hm", "index": 0, "format": None}]
    more = [{"type": "reasoning.text", "text": " so", "index": 0, "signature": "abc"}]
    message = message_of(
        delta(reasoning="Hm", reasoning_details=details),
        delta(reasoning=" so", reasoning_details=more),
        delta("stop", content="3", reasoning_content=None),
    )
    assert message["reasoning"] == "Hm so"
    assert message["reasoning_details"] == [
        {"type": "reasoning.text", "text": "Hm so", "index": 0, "format": None, "signature": "abc"}
    ]
    assert "reasoning_content" not in message
    reader = Reader()
    pieces = reader.feed(delta(reasoning="Hm", reasoning_details=details), 0.0)
    assert [p.text for p in pieces] == ["Hm"]


def test_unknown_fields_stay_nulls_and_indexes_do_not() -> None:
    message = message_of(
        delta(content="a", audio=None, index=0, note="so", extra={"x": "1"}, marks=[1]),
        delta(content="b", note=" on", extra={"x": "2", "y": 3}, marks=[2]),
        delta("stop"),
    )
    assert message == {
        "role": "assistant",
        "content": "ab",
        "extra": {"x": "12", "y": 3},
        "marks": [1, 2],
        "note": "so on",
    }
    fragment = call(0, "{}", id="f:0", name="fun") | {"extra_content": {"k": "v"}, "gone": None}
    (made,) = message_of(delta("tool_calls", tool_calls=[fragment]))["tool_calls"]
    assert made.pop("extra_content") == {"k": "v"}
    assert set(made) == {"id", "type", "function"}


def test_missing_ids_are_made_up_and_unique() -> None:
    fragments = [call(0, "{}", name="fun"), call(1, "{}", id="fun:0", name="fun")]
    calls = message_of(delta("tool_calls", tool_calls=fragments))["tool_calls"]
    assert [c["id"] for c in calls] == ["fun:0_", "fun:0"]


def test_no_arguments_are_an_empty_object() -> None:
    (made,) = message_of(delta("tool_calls", tool_calls=[call(0, "", id="a", name="fun")]))[
        "tool_calls"
    ]
    assert made["function"]["arguments"] == "{}"


@pytest.mark.parametrize(
    "fragments",
    [
        [call(None, "{}", id="a", name="one"), call(None, "[1]", id="b", name="two")],
        [
            call(None, "{", id="a", name="one"),
            call(None, "}"),
            call(None, "[1]", id="b", name="two"),
        ],
        [
            call(None, "{", id="a", name="one"),
            call(None, "[", id="b", name="two"),
            call(None, "}", id="a"),
            call(None, "1]", id="b"),
        ],
        [call(0, "{}", id="a", name="one"), call(0, "[1]", id="b", name="two")],
        [call(0, "{}", id="a", name="one"), call(0, "[", id="b", name="two"), call(0, "1]")],
        [call(1, "[1]", id="b", name="two"), call(0, "{}", id="a", name="one")],
    ],
    ids=["by id", "in turn", "interleaved by id", "one index", "one index in parts", "backwards"],
)
def test_calls_without_proper_indexes_are_told_apart(fragments: list[Any]) -> None:
    events = [delta(tool_calls=[fragment]) for fragment in fragments]
    calls = message_of(*events, delta("tool_calls"))["tool_calls"]
    assert [(c["id"], c["function"]["name"], c["function"]["arguments"]) for c in calls] == [
        ("a", "one", "{}"),
        ("b", "two", "[1]"),
    ]


def test_a_name_sent_again_is_not_doubled_and_an_object_is_its_json() -> None:
    again = [call(0, "", id="a", name="fun"), call(0, "", name="fun")]
    again[1]["function"]["arguments"] = {"x": "é"}
    (made,) = message_of(delta(tool_calls=again[:1]), delta("stop", tool_calls=again[1:]))[
        "tool_calls"
    ]
    assert made["function"] == {"name": "fun", "arguments": '{"x": "é"}'}


def test_surrogates_split_between_deltas_are_one_character() -> None:
    halves = [
        b'{"choices":[{"delta":{"content":"\\ud83d"}}]}',
        b'{"choices":[{"delta":{"content":"\\ude00"}}]}',
    ]
    reader = Reader()
    shown = [p.text for half in halves for p in reader.feed(b"data: " + half + b"\n\n", 0.0)]
    reader.feed(delta("stop"), 0.0)
    assert reader.finish().message["content"] == "😀"
    assert shown == ["\ufffd", "\ufffd"]


def test_length_with_an_answer_is_a_reply() -> None:
    whole = read(b"".join([*THINKS, *SAYS, delta("length", USAGE), DONE]))
    assert (whole.finish_reason, whole.message["content"]) == ("length", "It is 3.")


def test_calls_that_stop_with_stop_are_run() -> None:
    assert read(b"".join([*CALLS, delta("stop")])).message["tool_calls"]


@pytest.mark.parametrize(
    "end", [[], [DONE], [b'data: {"choices":[{"del']], ids=["none", "done", "cut"]
)
def test_after_the_finish_reason_nothing_is_missed(end: list[bytes]) -> None:
    assert message_of(*THINKS, *SAYS, delta("stop"), *end)["content"] == "It is 3."


def test_the_last_event_may_lack_its_blank_line() -> None:
    assert message_of(*SAYS, delta("stop").rstrip())["content"] == "It is 3."


def test_a_whole_completion_is_read_too() -> None:
    message = {"role": "assistant", "content": "", "reasoning_content": "Hm", "refusal": None}
    message |= {
        "tool_calls": [
            {"id": "f:0", "type": "function", "function": {"name": "fun", "arguments": "{}"}}
        ]
    }
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    body = json.dumps(
        {"object": "chat.completion", "model": "m", "choices": [choice], "usage": USAGE}
    )
    whole = read(*[body[i : i + 5].encode() for i in range(0, len(body), 5)])
    assert whole.message == {
        "role": "assistant",
        "reasoning_content": "Hm",
        "tool_calls": message["tool_calls"],
    }
    assert (whole.model, whole.finish_reason) == ("m", "tool_calls")
    assert whole.usage is not None
    assert whole.usage["prompt_tokens"] == 31


@pytest.mark.parametrize("empty", [{"delta": None}, {}, {"delta": {}}])
def test_empty_deltas_and_choices_are_tolerated(empty: dict[str, Any]) -> None:
    odd = [event({"choices": []}), event({"choices": None}), event({"choices": [empty]})]
    assert message_of(*odd, *SAYS, *odd, delta("stop"))["content"] == "It is 3."


def test_line_separators_inside_text_are_text() -> None:
    assert message_of(delta("stop", content="a\u2028b\u0085c"))["content"] == "a\u2028b\u0085c"
