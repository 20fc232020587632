"""Histories made elsewhere: whatever they hold, the endpoint takes what comes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbagent.conversation import Conversation, begun_from, history_after
from nbagent.errors import UsageError
from nbagent.events import ReplyReceived
from nbagent.messages import Record, first_fault, json_bytes
from nbagent.redact import Redactor
from nbagent.repair import NO_OUTPUT, NO_RESULT, ORPHAN, parsed, repaired
from tests.scripted import call, calls, drive, make_run, says
from tests.strict import complaints

ASKED: Any = {"role": "user", "content": "go"}


def result(call_id: str | None = "a", content: Any = "1") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def bare(call_id: Any = "a", arguments: Any = "{}", name: Any = "echo") -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function}


def replies(*tool_calls: Any, **more: Any) -> dict[str, Any]:
    return {
        "role": "assistant",
        "reasoning_content": "hm",
        "tool_calls": list(tool_calls),
        **more,
    }


BROKEN: dict[str, list[Any]] = {
    "an unanswered call": [ASKED, replies(bare()), ASKED],
    "an unanswered call at the end": [ASKED, replies(bare("a"), bare("b")), result("a")],
    "a result without its call": [ASKED, result("zz", "left over")],
    "an empty result without its call": [ASKED, result("zz", "")],
    "a second result of one call": [ASKED, replies(bare()), result(), result()],
    "results out of order": [
        ASKED,
        replies(bare("a"), bare("b")),
        result("b", "second"),
        result("a", "first"),
    ],
    "words between call and result": [ASKED, replies(bare()), ASKED, result()],
    "repeated ids": [ASKED, replies(bare(), bare()), result("a", "1"), result("a", "2")],
    "missing ids": [ASKED, replies(bare(None), bare("")), result(None, "1"), result("", "2")],
    "an id that a new one would take": [
        ASKED,
        replies(bare(""), bare("call_1_0")),
        result("call_1_0", "second"),
        result(None, "first"),
    ],
    "an id that is a number": [ASKED, replies(bare(7)), {**result(), "tool_call_id": 7}],
    "an empty name": [ASKED, replies(bare(name="")), result()],
    "arguments that are no JSON": [ASKED, replies(bare("a", '{"x": ')), result()],
    "arguments that are an object": [ASKED, replies(bare("a", {"x": 1})), result()],
    "empty arguments": [ASKED, replies(bare("a", "")), result()],
    "further keys in a call": [ASKED, replies({**bare(), "index": 0}), result()],
    "no type in a call": [ASKED, replies({"id": "a", "function": bare()["function"]}), result()],
    "calls that are none": [ASKED, replies(None, 3, "x", {}, {"function": 1}), result()],
    "an empty list of calls": [ASKED, replies(content="ok")],
    "missing reasoning": [ASKED, {"role": "assistant", "tool_calls": [bare()]}, result()],
    "empty reasoning parts": [
        ASKED,
        {"role": "assistant", "reasoning_details": [], "tool_calls": [bare()]},
        result(),
    ],
    "reasoning alone": [ASKED, {"role": "assistant", "reasoning_content": "hm"}],
    "empty contents": [{"role": "system", "content": ""}, ASKED, says(""), ASKED],
    "an empty result": [ASKED, replies(bare()), result("a", None)],
    "no text beside calls": [ASKED, replies(bare(), content=""), result()],
    "fields that are null": [
        ASKED,
        {**says("ok"), "refusal": None, "function_call": None, "audio": None},
    ],
    "the form of 2023": [
        ASKED,
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "4"},
    ],
    "roles of others": [
        {"role": "developer", "content": "be brief"},
        {"role": "human", "content": "hi"},
        {"role": "ai", "content": "ho"},
        {"role": "narrator", "content": "then"},
        {"content": "no role"},
        {"role": ["user"], "content": "odd"},
    ],
    "what is no message": [ASKED, None, 3, [], "just text", "", {}],
    "parts": [
        {
            "role": "user",
            "content": [
                "bare",
                {"type": "input_text", "text": "typed"},
                {"type": "text", "text": ""},
                {"type": "image_url", "image_url": "data:image/png;base64,AA=="},
                {"type": "input_audio", "input_audio": {}},
                None,
            ],
        }
    ],
    "content that is an object": [{"role": "user", "content": {"a": 1}}],
    "calls of the user": [{**ASKED, "tool_calls": [bare()], "tool_call_id": "x"}],
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_the_endpoint_refuses_is_mended_and_told(name: str) -> None:
    history = BROKEN[name]
    before = json.dumps(history)
    mended = repaired(history)
    assert complaints([dict(m) for m in mended.messages]) == []
    assert mended.report
    assert json.dumps(history) == before
    again = repaired(mended.messages)
    assert (again.messages, again.report) == (mended.messages, "")


def test_what_was_said_is_kept() -> None:
    def texts(name: str) -> list[Any]:
        return [m.get("content") for m in repaired(BROKEN[name]).messages]

    assert texts("an unanswered call") == ["go", None, NO_RESULT, "go"]
    assert texts("a result without its call") == ["go", f"{ORPHAN}\nleft over"]
    assert texts("results out of order") == ["go", None, "first", "second"]
    assert texts("words between call and result") == ["go", None, "1", "go"]
    assert texts("repeated ids") == ["go", None, "1", "2"]
    assert texts("missing ids") == ["go", None, "1", "2"]
    assert texts("an id that a new one would take") == ["go", None, "first", "second"]
    assert texts("an empty result") == ["go", None, NO_OUTPUT]
    assert texts("the form of 2023") == ["go", None, "4"]
    assert texts("roles of others") == ["be brief", "hi", "ho", "then", "no role", "odd"]
    (parts,) = texts("parts")
    assert [part["type"] for part in parts] == ["text", "text", "image_url", "text"]
    call_text, left_over = texts("arguments that are no JSON")[1:]
    assert '{\\"x\\": ' in call_text
    assert left_over == f"{ORPHAN}\n1"


def test_the_report_names_every_change_once_a_kind() -> None:
    history = [ASKED] + [replies(bare("a"), bare("b")), result("a")] * 10
    mended = repaired(history)
    assert mended.report.split("\n") == [
        f"messages 1, 3, 5, 7, 9, 11, 13, 15 and 2 more: a call has no result; it got {NO_RESULT!r}"
    ]
    assert mended.summary == "The history was repaired: 10 changes."


KEYS = ["role", "content", "tool_calls", "tool_call_id", "reasoning_content", "id", "function"]
KEYS += ["name", "arguments", "type", "text", "image_url", "url", "function_call"]
WORDS = ["user", "assistant", "tool", "system", "function", "text", "a", "b", "", "{}", "call_1_0"]
jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
words = st.sampled_from(WORDS)
near_calls = st.fixed_dictionaries(
    {"function": st.fixed_dictionaries({"name": words | jsons, "arguments": words | jsons})},
    optional={"id": words | jsons, "type": st.just("function"), "index": st.just(0)},
)
near_messages = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "assistant", "tool", "tool"]) | jsons},
    optional={
        "content": words | st.lists(jsons, max_size=3) | jsons,
        "tool_calls": st.lists(near_calls | jsons, max_size=3) | jsons,
        "tool_call_id": words | jsons,
        "reasoning_content": words | jsons,
        "reasoning_details": st.lists(jsons, max_size=2) | jsons,
        "function_call": near_calls | jsons,
    },
)
near_histories = st.lists(near_messages | jsons, max_size=8)


@settings(max_examples=100, deadline=None)
@given(near_histories, st.booleans(), st.sampled_from(["reasoning_content", "reasoning"]))
def test_any_list_becomes_a_history(history: list[Any], thinking: bool, key: str) -> None:  # noqa: FBT001 -- hypothesis gives it
    mended = repaired(history, thinking=thinking, reasoning_key=key)
    assert first_fault(mended.messages, thinking=thinking) is None
    again = repaired(mended.messages, thinking=thinking, reasoning_key=key)
    assert again.changes == ()
    assert all(one is other for one, other in zip(again.messages, mended.messages, strict=True))
    if not mended.changes:
        assert [id(m) for m in mended.messages] == [id(m) for m in history]


def test_most_such_lists_are_faulty_before() -> None:
    """The positive control: sent as they are, the histories above would be refused."""
    refused = [name for name, history in BROKEN.items() if _is_refused(history)]
    assert len(refused) > 20


def _is_refused(history: list[Any]) -> bool:
    try:
        return bool(complaints(history)) or first_fault(history) is not None
    except (KeyError, TypeError, ValueError, AttributeError):
        return True


def test_a_sound_history_comes_back_as_it_is() -> None:
    run = make_run([calls(call("a:0"), call("b:1")), calls(call("a:0")), says("ok")])
    drive(run)
    given_bytes = json_bytes(list(run.messages))
    mended = repaired(list(run.messages))
    assert json_bytes(mended.messages) == given_bytes
    assert (mended.report, mended.summary) == ("", "")


def test_a_run_goes_on_from_what_was_made_elsewhere() -> None:
    secret = "sk-canary-0123456789"
    redact = Redactor()
    redact.add(secret)
    history = [
        {"role": "system", "content": "another prompt"},
        {"role": "user", "content": f"my key is {secret}"},
        replies(bare()),
    ]
    start, report = begun_from(history, redact, thinking=True, reasoning_key="reasoning_content")
    assert "no result" in report
    assert "system prompt was left out" in report
    conversation = Conversation(start=start)
    records = history_after(None, "be brief", conversation.opening("").start)
    run = make_run([says("fine")], history=records)
    drive(run)
    assert run.answer == "fine"
    body = run.requests[0].body()
    assert b"canary" not in body
    assert [m["role"] for m in json.loads(body)["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "user",
    ]
    assert [e.kind for e in run.events if isinstance(e, ReplyReceived)]
    assert isinstance(start[0], Record)


@pytest.mark.parametrize("text", ["", "{", "3", "[" * 100_000, '{"messages": 3}'])
def test_what_is_no_history_is_refused_in_words(text: str) -> None:
    with pytest.raises(UsageError, match="Nothing was changed"):
        parsed(text)
    assert parsed('{"messages": [{"x": NaN}]}') == [{"x": None}]


def test_objects_of_a_library_are_refused_in_words() -> None:
    with pytest.raises(UsageError, match="model_dump"):
        begun_from([object()], Redactor(), thinking=True, reasoning_key="reasoning_content")
