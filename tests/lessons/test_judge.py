"""The strict judge: every rule with its text, over real HTTP, in the endpoint's order."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbagent.lessons import body as bodies
from nbagent.lessons import control, judge, mfjs
from nbagent.lessons.judge import Refused
from tests.lessons.conftest import Lesson, user
from tests.lessons.kernel_like import tool

Request = dict[str, Any]
Change = Callable[[Request], None]


def call(call_id: str = "run_python:0", **function: str) -> dict[str, Any]:
    function = {"name": "run_python", "arguments": "{}", **function}
    return {"id": call_id, "type": "function", "function": function}


def asks(*calls: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"role": "assistant", "reasoning_content": "Hm.", "tool_calls": [*calls], **fields}


def answers(call_id: str = "run_python:0", content: Any = "4") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def valid() -> Request:
    return {
        "model": "kimi-k2.6",
        "tools": [tool("run_python"), tool("list_variables")],
        "messages": [
            {"role": "system", "content": "Be brief."},
            user("count"),
            asks(call(), call("list_variables:1", name="list_variables")),
            answers(),
            answers("list_variables:1"),
            {"role": "assistant", "reasoning_content": "So.", "content": "Four."},
            user("again"),
        ],
    }


def put(path: str, value: Any) -> Change:
    """A change of a request: `messages.2.content` and the like; None takes the field away."""

    def change(request: Request) -> None:
        *way, last = path.split(".")
        target: Any = request
        for step in way:
            target = target[int(step) if step.isdigit() else step]
        if value is None:
            del target[int(last) if last.isdigit() else last]
        elif isinstance(target, list):
            target[int(last)] = value
        else:
            target[last] = value

    return change


def with_messages(*messages: dict[str, Any]) -> Change:
    return put("messages", list(messages))


def with_schema(schema: Any) -> Change:
    return put("tools.0.function.parameters", schema)


def object_with(schema: Any, **more: Any) -> Change:
    return with_schema({"type": "object", "properties": {"x": schema}, **more})


SCHEMA = "tools.function.parameters is not a valid moonshot flavored json schema, details: <At path"
MISSING_REASONING = (
    "thinking is enabled but reasoning_content is missing in assistant tool call message at index 2"
)
UNANSWERED = (
    "an assistant message with 'tool_calls' must be followed by tool messages responding to each "
    "'tool_call_id'. The following tool_call_ids did not have response messages: "
)
NOT_AFTER_CALLS = (
    "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'"
)
TEMPERATURE = "invalid temperature: only 1 is allowed for this model"
PICTURE = {"type": "image_url", "image_url": {"url": "https://example.org/cat.png"}}

RULES: list[tuple[str, Change, str]] = [
    ("temperature", put("temperature", 0.7), TEMPERATURE),
    ("temperature, as text", put("temperature", "1"), TEMPERATURE),
    ("top_p", put("top_p", 1), "invalid top_p: only 0.95 is allowed for this model"),
    ("n", put("n", 2), "invalid n: only 1 is allowed for this model"),
    ("presence", put("presence_penalty", 0.1), "invalid presence_penalty: only 0 is allowed"),
    ("frequency", put("frequency_penalty", 1), "invalid frequency_penalty: only 0 is allowed"),
    ("max tokens", put("max_tokens", 0), "max_tokens must be a positive integer"),
    ("max", put("max_completion_tokens", 1.5), "max_completion_tokens must be a positive integer"),
    ("stops", put("stop", ["a"] * 6), "stop takes at most 5 strings of at most 32 bytes"),
    ("long stop", put("stop", "a" * 33), "stop takes at most 5 strings of at most 32 bytes"),
    ("thinking", put("thinking", 1), "expected type object"),
    ("thinking type", put("thinking", {"keep": "all"}), "thinking.type must be one of"),
    ("keep", put("thinking", {"type": "enabled", "keep": "some"}), "keep (null or all) only"),
    ("effort", put("reasoning_effort", "none"), "reasoning_effort 'none' is not supported"),
    ("forced tool", put("tool_choice", "required"), "tool_choice 'required' is incompatible with"),
    (
        "named tool",
        put("tool_choice", {"type": "function", "function": {"name": "run_python"}}),
        "tool_choice 'specified' is incompatible with thinking enabled",
    ),
    ("tool_choice", put("tool_choice", "any"), "tool_choice must be"),
    ("too many tools", put("tools", [tool("run_python")] * 129), "at most 128"),
    ("tool type", put("tools.0.type", "builtin_function"), "type function only"),
    ("short name", put("tools.0.function.name", "ls"), "function name ls is invalid"),
    ("dotted name", put("tools.0.function.name", "a.bcd"), "function name a.bcd is invalid"),
    ("twice", put("tools.1", tool("run_python")), "function name run_python is duplicated"),
    ("no parameters", put("tools.0.function.parameters", None), "schema must be a dict"),
    ("root type", with_schema({"type": "string"}), f"{SCHEMA} '': the root schema"),
    ("enum only", object_with({"enum": ["a"]}), f"{SCHEMA} 'properties.x': type is not defined"),
    ("null in enum", object_with({"type": "string", "enum": ["a", None]}), "never null"),
    ("mixed enum", object_with({"type": "string", "enum": ["a", 1]}), "of one type"),
    ("boolean schema", object_with(bool(1)), "schema must be an object, not a boolean"),
    ("ref sibling", object_with({"$ref": "#", "minLength": 1}), "beside $ref: minLength"),
    ("ref and type", object_with({"$ref": "#", "type": "object"}), "when using $ref, type"),
    ("ref outside", object_with({"$ref": "http://x/y"}), "references must start with #/$defs/"),
    ("ref nowhere", object_with({"$ref": "#/$defs/A"}), "$defs not found for reference"),
    ("anyOf type", object_with({"anyOf": [{"type": "null"}], "type": "null"}), "using anyOf, type"),
    ("anyOf", object_with({"anyOf": [{"type": "null"}], "maxLength": 1}), "beside anyOf"),
    ("$schema", object_with({"type": "null"}, **{"$schema": "x"}), "type object: $schema"),
    ("keyword", object_with({"type": "integer", "multipleOf": 2}), "integer: multipleOf"),
    ("required", object_with({"type": "null"}, required=["y"]), "required must list names"),
    ("no messages", put("messages", []), "messages must be a non-empty array"),
    ("role", put("messages.1.role", "human"), "the message at position 1 has no valid role"),
    ("no reasoning", put("messages.2.reasoning_content", None), MISSING_REASONING),
    ("empty reasoning", put("messages.2.reasoning_content", ""), MISSING_REASONING),
    ("unanswered", put("messages.4", None), UNANSWERED + "list_variables:1"),
    ("both unanswered", with_messages(asks(call("a:0"), call("b:1"))), UNANSWERED + "a:0, b:1"),
    ("user first", with_messages(user("a"), asks(call()), user("b"), answers()), UNANSWERED),
    ("unknown id", put("messages.3.tool_call_id", "x:9"), "tool_call_id x:9 is not found"),
    ("no id", put("messages.3.tool_call_id", ""), "tool_call_id  is not found"),
    ("answered twice", put("messages.4.tool_call_id", "run_python:0"), "run_python:0 is not found"),
    ("stray result", with_messages(user("a"), answers()), NOT_AFTER_CALLS),
    ("empty assistant", put("messages.5.content", ""), "position 5 with role 'assistant' must not"),
    ("empty user", put("messages.6.content", ""), "position 6 with role 'user' must not be empty"),
    ("empty result", put("messages.3.content", ""), "position 3 with role 'tool' must not"),
    ("number", put("messages.3.content", 4), "position 3 must be a string or an array"),
    ("empty part", put("messages.1.content", [{"type": "text", "text": ""}]), "content is empty"),
    ("picture", put("messages.1.content", [PICTURE]), "unsupported image url: https://example.org"),
    ("audio", put("messages.1.content", [{"type": "audio"}]), "type audio is not supported"),
    ("arguments", put("messages.2.tool_calls.0.function.arguments", '{"a'), "not valid JSON"),
    ("call name", put("messages.2.tool_calls.0.function.name", ""), "no valid function name"),
    ("call id", put("messages.2.tool_calls.0.id", ""), "a tool call at position 2 has no id"),
    ("ids", put("messages.2.tool_calls.1.id", "run_python:0"), "run_python:0 is duplicated"),
    (
        "window",
        put("max_completion_tokens", 262_144),
        "Your request exceeded model token limit: 262144 (requested: 262",
    ),
]


@pytest.mark.parametrize(("change", "text"), [r[1:] for r in RULES], ids=[r[0] for r in RULES])
def test_each_rule_refuses_with_its_text(lesson: Lesson, change: Change, text: str) -> None:
    request = valid()
    change(request)
    status, reply = lesson.chat(**request)
    assert status == 400, reply
    assert reply["error"]["type"] == "invalid_request_error"
    assert set(reply["error"]) == {"type", "message"}
    assert text in reply["error"]["message"]
    assert control.ledger(lesson.server)[-1]["error"] == reply["error"]


ALLOWED: list[tuple[str, Change]] = [
    ("as it is", lambda _: None),
    ("fixed values", lambda r: r.update(temperature=1.0, top_p=0.95, n=1, presence_penalty=0)),
    ("non-thinking", lambda r: r.update(thinking={"type": "disabled"}, temperature=0.6)),
    ("non-thinking, forced", lambda r: r.update(thinking={"type": "disabled"}, tool_choice="none")),
    ("keep", put("thinking", {"type": "enabled", "keep": "all"})),
    ("a blank as reasoning", put("messages.2.reasoning_content", " ")),
    ("blank content beside calls", put("messages.2.content", "")),
    ("a picture", put("messages.3.content", [
        {"type": "text", "text": "a figure"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
    ])),
    ("ids of an earlier turn", with_messages(
        user("a"), asks(call()), answers(), asks(call()), answers())),
    ("unknown fields", lambda r: r.update(parallel_tool_calls=True, prompt_cache_key="s")),
    ("schema", with_schema({
        "type": "object",
        "$defs": {"A": {"type": "object", "properties": {"a": {"$ref": "#"}}}},
        "properties": {
            "x": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "d"},
            "y": {"type": "array", "items": {"$ref": "#/$defs/A"}, "minItems": 1},
            "z": {"type": ["integer", "null"], "minimum": 0, "default": 1},
            "w": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "required": ["x"],
        "additionalProperties": False,
    })),
]  # fmt: skip


@pytest.mark.parametrize("change", [a[1] for a in ALLOWED], ids=[a[0] for a in ALLOWED])
def test_what_is_allowed_passes(lesson: Lesson, change: Change) -> None:
    request = valid()
    change(request)
    status, reply = lesson.chat(**request)
    assert status == 200, reply


def test_with_thinking_off_reasoning_may_be_missing(lesson: Lesson) -> None:
    request = valid() | {"thinking": {"type": "disabled"}}
    put("messages.2.reasoning_content", None)(request)
    assert lesson.chat(**request)[0] == 200


@pytest.mark.parametrize(
    ("header", "kind", "text"),
    [
        ("", "invalid_authentication_error", "Invalid Authentication"),
        ("Basic abc", "invalid_authentication_error", "Invalid Authentication"),
        ("Bearer nonsense", "incorrect_api_key_error", "Incorrect API key provided"),
    ],
)
def test_the_key_is_judged_first(lesson: Lesson, header: str, kind: str, text: str) -> None:
    for method, path in (("POST", "/v1/chat/completions"), ("GET", "/lesson/ledger")):
        status, _, body = lesson.request(method, path, "not JSON", Authorization=header)
        assert status == 401
        assert json.loads(body) == {"error": {"message": text, "type": kind}}


def test_faults_are_found_in_the_endpoints_order(lesson: Lesson) -> None:
    """One request with every fault; they are mended one by one, and the next one shows."""
    request = valid() | {"model": "gpt-4", "temperature": 0, "tool_choice": "required"}
    request["tools"][0]["function"]["name"] = "x"
    request["messages"][1]["content"] = "more " * 300_000
    del request["messages"][2]["reasoning_content"]
    control.order(lesson.server, {"kind": "rate_limit"})
    seen = []
    mend: list[Change] = [
        put("model", "kimi-k2.6"),
        lambda _: None,  # the order is used up
        put("temperature", 1),
        put("tool_choice", "auto"),
        put("tools.0.function.name", "run_python"),
        put("messages.2.reasoning_content", "Hm."),
        put("messages.1.content", "count"),
    ]
    for change in mend:
        status, reply = lesson.chat(**request)
        seen.append((status, reply["error"]["message"]))
        change(request)
    assert [status for status, _ in seen] == [404, 429, 400, 400, 400, 400, 400]
    order = ["Not found the model gpt-4", "max RPM", "temperature", "tool_choice", "function name",
             "reasoning_content", "Input token length too long"]  # fmt: skip
    assert all(text in found for text, (_, found) in zip(order, seen, strict=True))
    assert lesson.chat(**request)[0] == 200


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"a":1}x', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(lesson: Lesson, raw: bytes) -> None:
    status, _, body = lesson.request("POST", "/v1/chat/completions", raw)
    assert status == 400
    assert b"not valid JSON" in body


def test_unknown_paths_and_lengths(lesson: Lesson) -> None:
    status, _, body = lesson.request("GET", "/v1/nothing")
    assert (status, json.loads(body)["error"]["type"]) == (404, "resource_not_found_error")
    headers = {"Content-Length": "99999999999"}
    assert lesson.request("POST", "/v1/chat/completions", **headers)[0] == 413
    assert lesson.request("POST", "/v1/chat/completions", **{"Content-Length": "x"})[0] == 411


def test_what_is_let_pass_is_noted(lesson: Lesson) -> None:
    request = valid() | {"thinking": {"type": "enabled", "keep": "all"}, "max_tokens": 20_000}
    request["messages"][2]["content"] = ""
    request["messages"][2]["reasoning_content"] = " "
    request["messages"][3:5] = request["messages"][4:2:-1]
    del request["messages"][5]["reasoning_content"]
    assert lesson.chat(**request)[0] == 200
    assert control.ledger(lesson.server)[-1]["notes"] == [
        "blank content beside tool_calls at index 2",
        "blank reasoning_content at index 2",
        "results out of order at index 3",
        "results out of order at index 4",
        "keep is all but reasoning_content is missing at index 5",
        "max_tokens is deprecated; use max_completion_tokens",
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


def paths(value: Any, so_far: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [so_far] if so_far else []
    steps: Any = value.items() if isinstance(value, dict) else ()
    steps = enumerate(value) if isinstance(value, list) else steps
    for step, inner in steps:
        found += paths(inner, (*so_far, step))
    return found


@given(st.data(), json_values)
def test_any_damage_is_judged_without_a_crash(data: st.DataObject, junk: Any) -> None:
    request = copy.deepcopy(valid())
    *way, last = data.draw(st.sampled_from(paths(request)))
    target: Any = request
    for step in way:
        target = target[step]
    target[last] = junk
    body = bodies.read(json.dumps(request).encode())
    with suppress(Refused):
        judge.check_model(body)
        judge.check_request(body)
        judge.notes(body)


@given(json_values)
def test_any_schema_is_judged_without_a_crash(schema: Any) -> None:
    fault = mfjs.first_fault(schema)
    assert fault is None or fault.startswith("At path '")


@given(st.lists(json_values, max_size=4), st.dictionaries(st.text(max_size=4), json_values))
def test_the_exact_texts_of_messages_are_found(messages: list[Any], more: dict[str, Any]) -> None:
    for indent in (None, 2):
        request = {**more, "messages": messages, "tools": [{"a": 1}]}
        body = bodies.read(json.dumps(request, indent=indent, ensure_ascii=False).encode())
        assert [json.loads(text) for text in body.message_texts] == messages
        assert json.loads(body.tools_text) == [{"a": 1}]
        assert body.value == request
