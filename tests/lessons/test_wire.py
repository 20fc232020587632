"""The wire: what goes out is what K2.6's endpoint sends, read by raw HTTP and by the real SDK."""

from __future__ import annotations

import json
import math
import socket
import threading
from itertools import pairwise
from typing import Any

import openai
import pytest

from nbagent.lessons import control, tokens, wire
from nbagent.lessons.pace import Pace, due_times
from nbagent.lessons.story import Call, Turn
from tests.lessons.conftest import Lesson, chunks, user
from tests.lessons.kernel_like import KernelLike

ENVELOPE = {"id", "object", "created", "model", "choices"}
PARALLEL = {
    "kind": "turn",
    "reasoning": "Two looks at once — „żółw” 三.",
    "content": "I look at both.",
    "calls": [["run_python", {"code": "print('żółw')\n"}], ["list_variables", {}]],
}


def deltas(events: list[str]) -> list[dict[str, Any]]:
    return [c["choices"][0]["delta"] for c in chunks(events) if c["choices"]]


def phases(events: list[str]) -> list[str]:
    """The kinds of the deltas, repetitions folded."""
    found: list[str] = []
    for delta in deltas(events):
        kind = "empty reasoning" if delta.get("reasoning_content") == "" else ""
        kind = kind or "role" * ("role" in delta) or next(iter(delta), "finish")
        if not found or found[-1] != kind:
            found.append(kind)
    return found


def test_a_stream_has_the_order_of_the_endpoint(lesson: Lesson, tools: list[Any]) -> None:
    control.order(lesson.server, PARALLEL)
    events = lesson.events(tools=tools, stream_options={"include_usage": True})
    assert phases(events) == [
        "role", "reasoning_content", "empty reasoning", "content", "tool_calls", "finish",
    ]  # fmt: skip
    first = deltas(events)[0]
    assert first == {"role": "assistant", "content": ""}
    for chunk in chunks(events):
        assert set(chunk) >= ENVELOPE
        assert chunk["model"] == "scripted"
        assert chunk["object"] == "chat.completion.chunk"


def test_the_head_of_a_call_comes_first_and_its_arguments_in_fragments(lesson: Lesson) -> None:
    control.order(lesson.server, PARALLEL)
    calls = [d["tool_calls"][0] for d in deltas(lesson.events()) if "tool_calls" in d]
    for index, (name, arguments) in enumerate(PARALLEL["calls"]):
        head, *rest = [call for call in calls if call["index"] == index]
        assert head["id"] == f"{name}:{index}"
        assert head["type"] == "function"
        assert head["function"] == {"name": name, "arguments": ""}
        assert all(set(call) == {"index", "function"} for call in rest)
        joined = "".join(call["function"]["arguments"] for call in rest)
        assert json.loads(joined) == arguments


def test_pieces_joined_are_the_turn_and_hold_few_tokens_each(lesson: Lesson) -> None:
    control.order(lesson.server, PARALLEL)
    found = deltas(lesson.events())
    for field in ("reasoning_content", "content"):
        pieces = [d[field] for d in found if d.get(field)]
        assert "".join(pieces) == PARALLEL["reasoning" if "reas" in field else "content"]
        assert all(tokens.count(piece) <= 4 for piece in pieces)
        assert len(pieces) > 1


@pytest.mark.parametrize("asked", [True, False])
def test_usage_stands_in_the_finish_chunk_and_alone_only_if_asked(
    lesson: Lesson, *, asked: bool
) -> None:
    events = chunks(lesson.events(stream_options={"include_usage": asked}))
    finish = next(c for c in events if c["choices"] and c["choices"][0]["finish_reason"])
    assert finish["choices"][0]["delta"] == {}
    assert finish["choices"][0]["finish_reason"] == "stop"
    alone = [c for c in events if not c["choices"]]
    assert len(alone) == asked
    assert all(c["usage"] == finish["choices"][0]["usage"] for c in alone)
    assert [c for c in events if "usage" in c] == alone


def test_whole_and_streamed_replies_say_the_same(lesson: Lesson) -> None:
    order = PARALLEL
    control.order(lesson.server, order, order)
    _, whole = lesson.chat()
    message = whole["choices"][0]["message"]
    found = deltas(lesson.events())
    assert message["content"] == "".join(d.get("content", "") for d in found)
    assert message["reasoning_content"] == "".join(d.get("reasoning_content", "") for d in found)
    assert [c["id"] for c in message["tool_calls"]] == ["run_python:0", "list_variables:1"]
    assert whole["choices"][0]["finish_reason"] == "tool_calls"
    assert whole["object"] == "chat.completion"
    assert whole["model"] == "scripted"


def test_equal_requests_get_equal_replies(lesson: Lesson) -> None:
    first, second = (lesson.events(messages=[user("lesson parallel")]) for _ in range(2))
    strip = [{**c, "created": 0} for c in chunks(first)]
    assert strip == [{**c, "created": 0} for c in chunks(second)]
    assert lesson.events(messages=[user("lesson parallel!")])[0] != first[0]


def test_thinking_can_be_turned_off(lesson: Lesson) -> None:
    events = lesson.events(thinking={"type": "disabled"})
    assert not [d for d in deltas(events) if "reasoning_content" in d]
    usage = chunks(events)[-1]["choices"][0]["usage"]
    assert "completion_tokens_details" not in usage


def test_ids_count_the_calls_of_the_conversation(lesson: Lesson, tools: list[Any]) -> None:
    messages = converse(lesson, "lesson parallel", tools, KernelLike())
    ids = [c["id"] for m in messages for c in m.get("tool_calls") or []]
    assert ids == ["run_python:0", "run_python:1", "run_python:2", "run_python:3"]
    messages.append(user("lesson repair"))
    _, reply = lesson.chat(messages=messages, tools=tools)
    assert reply["choices"][0]["message"]["tool_calls"][0]["id"] == "run_python:4"


def converse(
    lesson: Lesson, prompt: str, tools: list[Any], kernel: KernelLike
) -> list[dict[str, Any]]:
    """Run a conversation to its end with the real SDK, streaming, whole messages sent back."""
    messages: list[Any] = [user(prompt)]
    client = lesson.client()
    while True:
        stream = client.chat.completions.create(
            model="kimi-k2.6",
            messages=messages,
            tools=tools,
            stream=True,
            extra_body={"thinking": {"type": "enabled", "keep": "all"}},
        )
        message = assembled(stream)
        messages.append(message)
        if "tool_calls" not in message:
            return messages
        messages.extend(kernel.call(call) for call in message["tool_calls"])


def assembled(stream: openai.Stream[Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant"}
    calls: dict[int, dict[str, Any]] = {}
    for chunk in stream:
        for choice in chunk.choices:
            for key, value in choice.delta.to_dict().items():
                if key in {"content", "reasoning_content"} and value:
                    message[key] = message.get(key, "") + str(value)
            for piece in choice.delta.tool_calls or []:
                call = calls.setdefault(
                    piece.index,
                    {"id": piece.id, "type": "function", "function": {"name": "", "arguments": ""}},
                )
                call["function"]["name"] += piece.function.name or ""
                call["function"]["arguments"] += piece.function.arguments or ""
    if calls:
        message["tool_calls"] = [calls[i] for i in sorted(calls)]
    return message


def test_the_sdk_runs_a_conversation_to_its_end(lesson: Lesson, tools: list[Any]) -> None:
    messages = converse(lesson, "lesson long 10", tools, KernelLike())
    assert messages[-1]["content"] == "The sum of 1 to 10 is **55**."
    entries = control.ledger(lesson.server)
    assert [e["status"] for e in entries] == [200] * 11
    assert [e["notes"] for e in entries] == [[]] * 11
    replies = [m for m in messages if m["role"] == "assistant"]
    for entry, reply in zip(entries, replies, strict=True):
        assert entry["reply"]["reasoning_content"] == reply["reasoning_content"]
    sent = json.loads(entries[-1]["body"])["messages"]
    assert sent == messages[:-1]


def test_a_client_that_drops_reasoning_is_refused(lesson: Lesson, tools: list[Any]) -> None:
    """The positive control: what a naive client does with the same conversation."""
    control.order(lesson.server, PARALLEL)
    _, reply = lesson.chat(tools=tools)
    said = reply["choices"][0]["message"]
    naive = {"role": "assistant", "content": said["content"], "tool_calls": said["tool_calls"]}
    answers = [KernelLike().call(call) for call in said["tool_calls"]]
    status, refusal = lesson.chat(tools=tools, messages=[user("hello"), naive, *answers])
    assert status == 400
    assert "reasoning_content is missing in assistant tool call message at index 1" in str(refusal)
    status, _ = lesson.chat(tools=tools, messages=[user("hello"), said, *answers])
    assert status == 200


def test_one_connection_serves_many_requests(lesson: Lesson) -> None:
    lesson.events()
    lesson.chat()
    lesson.chat(model="gpt-4")
    lesson.events()
    entries = control.ledger(lesson.server)
    assert len(entries) == 4
    assert len({e["connection"] for e in entries}) == 1


def test_every_answer_says_that_it_is_scripted(lesson: Lesson) -> None:
    for method, path in (("GET", "/v1/models"), ("POST", "/v1/chat/completions"), ("GET", "/x")):
        _, headers, _ = lesson.request(method, path, "{}")
        assert "not Kimi" in headers["x-nbagent-scripted"]
        assert headers["msh-request-id"].startswith("lesson-")


def test_models_balance_and_estimate(lesson: Lesson) -> None:
    client = lesson.client()
    (model,) = client.models.list().data
    assert (model.id, model.owned_by) == ("scripted", "nbagent")
    assert model.to_dict()["context_length"] == 262_144
    _, _, balance = lesson.request("GET", "/v1/users/me/balance")
    assert json.loads(balance)["data"]["available_balance"] > 0
    body = {"model": "kimi-k2.6", "messages": [user("one two three")]}
    _, _, estimate = lesson.request("POST", "/v1/tokenizers/estimate-token-count", json.dumps(body))
    _, reply = lesson.chat(messages=[user("one two three")])
    assert json.loads(estimate)["data"]["total_tokens"] == reply["usage"]["prompt_tokens"]


def test_the_longest_reply_is_kept_to(lesson: Lesson) -> None:
    _, whole = lesson.chat()
    _, cut = lesson.chat(max_completion_tokens=30)
    assert whole["choices"][0]["finish_reason"] == "stop"
    assert cut["choices"][0]["finish_reason"] == "length"
    assert cut["usage"]["completion_tokens"] <= 30
    said, full = cut["choices"][0]["message"], whole["choices"][0]["message"]
    assert full["reasoning_content"].startswith(said["reasoning_content"])
    assert said["content"] == ""


def test_cached_tokens_are_those_of_the_same_bytes(lesson: Lesson) -> None:
    long = [user("tell me " + "more " * 400)]
    _, first = lesson.chat(messages=long)
    again = [*long, {"role": "assistant", "content": "So."}, user("and?")]
    _, second = lesson.chat(messages=again)
    changed = [user("Tell me " + "more " * 400), *again[1:]]
    _, third = lesson.chat(messages=changed)
    assert "cached_tokens" not in first["usage"]
    assert second["usage"]["cached_tokens"] == first["usage"]["prompt_tokens"]
    assert second["usage"]["prompt_tokens_details"]["cached_tokens"] > 256
    assert "cached_tokens" not in third["usage"]


def test_usage_adds_up(lesson: Lesson) -> None:
    control.order(lesson.server, PARALLEL)
    _, reply = lesson.chat()
    usage = reply["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    reasoning = usage["completion_tokens_details"]["reasoning_tokens"]
    assert reasoning == tokens.count(str(PARALLEL["reasoning"]))
    assert reasoning < usage["completion_tokens"]


def test_two_conversations_at_once_do_not_mix(lesson: Lesson, tools: list[Any]) -> None:
    ends: list[str] = []

    def run(n: int) -> None:
        ends.append(converse(lesson, f"lesson long {n}", tools, KernelLike())[-1]["content"])

    threads = [threading.Thread(target=run, args=(n,)) for n in (4, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["The sum of 1 to 4 is **10**.", "The sum of 1 to 6 is **21**."]


def frames_of(text: str) -> list[wire.Frame]:
    reply = wire.make_reply(
        Turn(text, "Done.", (Call("run_python", {"code": "1"}),)),
        raw=b"{}", created=0, first_call=0, thinking=True,
        limit=10_000, prompt_tokens=1, cached_tokens=0,
    )  # fmt: skip
    return wire.frames(reply, include_usage=True)


def test_pace_is_kept_on_average_and_repeats() -> None:
    frames = frames_of("word " * 2_000)
    pace = Pace(tokens_per_s=100.0, ttft_s=0.5)
    times = list(due_times(frames, pace, "seed"))
    assert times == sorted(times)
    assert times[0] == 0.5
    n_tokens = sum(frame.n_tokens for frame in frames)
    assert n_tokens / (times[-1] - 0.5) == pytest.approx(100.0, rel=0.05)
    assert times == list(due_times(frames, pace, "seed"))
    assert times != list(due_times(frames, pace, "another"))
    gaps = {round(b - a, 6) for a, b in pairwise(times) if b > a}
    assert len(gaps) > 100, "no jitter"


def test_no_pace_means_no_wait() -> None:
    assert set(due_times(frames_of("word"), Pace(math.inf), "seed")) == {0.0}


@pytest.mark.parametrize(
    ("text", "rate"), [("inf", math.inf), ("120", 120.0), ("", 90.0), ("fast", 90.0), ("-1", 90.0)]
)
def test_a_pace_is_read_from_text(text: str, rate: float) -> None:
    assert Pace.parse(text, Pace()).tokens_per_s == rate


def test_a_paced_reply_is_whole_too_and_a_header_sets_the_pace(lesson: Lesson) -> None:
    control.set_pace(lesson.server, 20_000, ttft_s=0.01)
    paced = lesson.events()
    control.set_pace(lesson.server, 1.0)  # would take minutes
    body = json.dumps({"model": "scripted", "messages": [user("hello")], "stream": True})
    _, _, fast = lesson.request("POST", "/v1/chat/completions", body, **{"X-Nbagent-Pace": "inf"})
    assert [json.loads(e) | {"created": 0} for e in paced[:-1]] == [
        json.loads(e[6:]) | {"created": 0} for e in fast.decode().split("\n\n")[:-2]
    ]


def test_a_client_that_goes_away_ends_its_stream(lesson: Lesson) -> None:
    control.set_pace(lesson.server, 1.0)
    host, port = lesson.inner.server_address[:2]
    body = json.dumps({"model": "scripted", "messages": [user("hello")], "stream": True}).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        f"Authorization: Bearer {lesson.server.token}\r\n\r\n"
    )
    with socket.create_connection((str(host), int(port)), timeout=20) as away:
        away.sendall(head.encode() + body)
        away.recv(100)
        assert lesson.inner.idle_s() == 0.0
    clock = lesson.inner.clock
    deadline = clock.now() + 20
    while lesson.inner.idle_s() == 0.0:
        assert clock.now() < deadline
        clock.sleep(0.005)
