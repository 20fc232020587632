"""Faults on request: each one is on the wire what it is called, and is gone with one request."""

from __future__ import annotations

import http.client
import json
import math
import zlib
from typing import Any

import openai
import pytest

from nbagent.errors import BadRequest
from nbagent.lessons import control
from nbagent.lessons.judge import Refused
from nbagent.lessons.ledger import Ledger
from nbagent.lessons.orders import REFUSALS, STREAMS, TURNS, Orders
from nbagent.lessons.pace import Pace
from tests.lessons.conftest import Lesson, chunks, user
from tests.lessons.kernel_like import ALL_TOOLS

TOOL_PROMPT = {"messages": [user("lesson parallel")], "tools": ALL_TOOLS}


def order(lesson: Lesson, kind: str, **fields: Any) -> None:
    control.order(lesson.server, {"kind": kind, **fields})


def test_an_order_holds_for_one_request_and_orders_keep_their_turn(lesson: Lesson) -> None:
    control.order(lesson.server, {"kind": "quota"}, {"kind": "length"}, {"kind": "overloaded"})
    assert [lesson.chat()[0] for _ in range(4)] == [429, 200, 429, 200]
    orders = [e["order"] and e["order"]["kind"] for e in control.ledger(lesson.server)]
    assert orders == ["quota", "length", "overloaded", None]


@pytest.mark.parametrize(
    ("fields", "status", "kind", "text"),
    [
        ({"kind": "rate_limit"}, 429, "rate_limit_reached_error", "max RPM: 3, please try again"),
        ({"kind": "rate_limit", "seconds": 7}, 429, "rate_limit_reached_error", "after 7 seconds"),
        ({"kind": "rate_limit", "text": "TPM"}, 429, "rate_limit_reached_error", "TPM rate limit,"),
        ({"kind": "rate_limit", "text": "TPD"}, 429, "rate_limit_reached_error", "TPD rate limit,"),
        ({"kind": "concurrency"}, 429, "rate_limit_reached_error", "max concurrency: 1"),
        ({"kind": "quota"}, 429, "exceeded_current_quota_error", "insufficient balance"),
        ({"kind": "overloaded"}, 429, "engine_overloaded_error", "currently overloaded"),
    ],
)
def test_refusals(lesson: Lesson, fields: Any, status: int, kind: str, text: str) -> None:
    control.order(lesson.server, fields)
    got, reply = lesson.chat()
    assert (got, reply["error"]["type"]) == (status, kind)
    assert text in reply["error"]["message"]


def test_retry_after_is_sent_only_if_ordered(lesson: Lesson) -> None:
    body = json.dumps({"model": "scripted", "messages": [user("hello")]})
    for wait in (None, 2):
        order(lesson, "rate_limit", **({} if wait is None else {"retry_after": wait}))
        status, headers, _ = lesson.request("POST", "/v1/chat/completions", body)
        assert status == 429
        assert headers.get("retry-after") == (None if wait is None else "2")


@pytest.mark.parametrize(("fields", "status"), [({"kind": "html"}, 200), ({"kind": "status"}, 503)])
def test_pages(lesson: Lesson, fields: Any, status: int) -> None:
    control.order(lesson.server, fields)
    body = json.dumps({"model": "scripted", "messages": [user("hello")]})
    got, headers, page = lesson.request("POST", "/v1/chat/completions", body)
    assert got == status
    assert headers["content-type"].startswith("text/html")
    assert b"<html>" in page


def test_the_reply_is_cut_at_a_length(lesson: Lesson) -> None:
    order(lesson, "length", tokens=5)
    *_, finish = chunks(lesson.events())
    assert finish["choices"][0]["finish_reason"] == "length"
    assert finish["choices"][0]["usage"]["completion_tokens"] <= 5


def test_arguments_are_broken(lesson: Lesson) -> None:
    order(lesson, "bad_arguments")
    _, reply = lesson.chat(**TOOL_PROMPT)
    *good, bad = reply["choices"][0]["message"]["tool_calls"]
    assert all(json.loads(call["function"]["arguments"]) for call in good)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(bad["function"]["arguments"])


def test_reasoning_is_left_out_or_comes_under_another_name(lesson: Lesson) -> None:
    control.order(lesson.server, {"kind": "no_reasoning"}, {"kind": "dialect"})
    without, other = lesson.events(), lesson.events()
    assert not any("reasoning" in event for event in without)
    assert not any("reasoning_content" in event for event in other)
    assert any('"reasoning": "' in event for event in other)


def test_a_broken_connection_is_an_error_and_a_cut_response_is_not(lesson: Lesson) -> None:
    order(lesson, "cut")
    with pytest.raises(http.client.IncompleteRead):
        lesson.events()
    lesson.connection.close()
    order(lesson, "truncate", after=4)
    assert len(lesson.events()) == 4


def test_silence_lasts_as_long_as_ordered(lesson: Lesson) -> None:
    order(lesson, "stall", seconds=3600)
    client = lesson.client().with_options(timeout=0.3)
    stream = client.chat.completions.create(
        model="scripted", messages=[{"role": "user", "content": "hello"}], stream=True
    )
    with pytest.raises(Exception, match="timed out"):  # the SDK's own error only from version 3
        list(stream)
    order(lesson, "stall", seconds=0.01)
    assert lesson.events()[-1] == "[DONE]"


def test_an_error_comes_in_the_stream(lesson: Lesson) -> None:
    order(lesson, "error")
    with pytest.raises(openai.APIError, match="currently overloaded") as caught:
        list(
            lesson.client().chat.completions.create(
                model="scripted", messages=[{"role": "user", "content": "hello"}], stream=True
            )
        )
    assert caught.value.type == "engine_overloaded_error"


def test_the_end_can_be_missing(lesson: Lesson) -> None:
    control.order(lesson.server, {"kind": "no_finish"}, {"kind": "no_done", "seconds": 0.01})
    finishes = [c["choices"][0]["finish_reason"] for c in chunks(lesson.events())]
    assert set(finishes) == {None}
    with pytest.raises(http.client.IncompleteRead) as cut:
        lesson.events()
    assert b'"finish_reason": "stop"' in cut.value.partial
    assert b"[DONE]" not in cut.value.partial


def test_events_can_be_odd(lesson: Lesson) -> None:
    control.order(lesson.server, *({"kind": k} for k in ("not_json", "whole_calls", "no_index")))
    with pytest.raises(ValueError, match="Unterminated"):
        chunks(lesson.events())
    whole = [c["choices"][0]["delta"] for c in chunks(lesson.events(**TOOL_PROMPT))]
    calls = [d["tool_calls"][0] for d in whole if "tool_calls" in d]
    assert [call["index"] for call in calls] == [0, 1, 2]
    assert all(json.loads(call["function"]["arguments"])["code"] for call in calls)
    bare = [c["choices"][0]["delta"] for c in chunks(lesson.events(**TOOL_PROMPT))]
    assert all("index" not in d["tool_calls"][0] for d in bare if "tool_calls" in d)


def test_unknown_orders_are_refused_whole(lesson: Lesson) -> None:
    with pytest.raises(BadRequest, match="unknown order 'fire'"):
        control.order(lesson.server, {"kind": "quota"}, {"kind": "fire"})
    assert lesson.chat()[0] == 200
    for body in ("{}", '{"orders": {}}', '{"orders": [[{"kind": "quota"}]]}'):
        status, _, _ = lesson.request("POST", "/lesson/next", body)
        assert status == 400
    assert lesson.chat()[0] == 200


def test_every_kind_is_documented_and_taken_once() -> None:
    orders = Orders()
    orders.place([{"kind": kind} for kind in sorted(REFUSALS | TURNS | STREAMS)])
    assert not REFUSALS & TURNS | REFUSALS & STREAMS | TURNS & STREAMS
    while len(orders):
        taken = [orders.take(kinds) for kinds in (REFUSALS, TURNS, STREAMS)]
        assert any(taken)


def test_the_ledger_holds_the_exact_bytes(lesson: Lesson) -> None:
    body = (
        '{ "model":"scripted",\n "messages":[{"role":"user","content":"żółw \\u00e9"}] }'.encode()
    )
    lesson.request("POST", "/v1/chat/completions", body)
    lesson.request("POST", "/v1/chat/completions", b"\xff")
    entries = control.ledger(lesson.server)
    assert [e["body"] for e in entries] == [body, b"\xff"]
    assert [e["status"] for e in entries] == [200, 400]
    assert entries[0]["n_bytes"] == len(body)
    assert entries[0]["reply"]["content"]
    assert lesson.server.token not in json.dumps(entries[0]["headers"])
    assert control.ledger(lesson.server, since=entries[1]["n"]) == entries[1:]


def test_the_ledger_is_bounded() -> None:
    ledger = Ledger(most_entries=50, most_body_bytes=2_000)
    incompressible = [bytes((i * j * 7919 + j * j) % 256 for j in range(300)) for i in range(80)]
    for body in incompressible:
        ledger.open(0, "POST", "/v1/chat/completions", {}, body)
    kept = ledger.since(0)
    packed = [entry.body for entry in kept if entry.body is not None]
    assert (ledger.count, len(kept), kept[0].n) == (80, 50, 30)
    assert 0 < sum(map(len, packed)) <= 2_000
    assert zlib.decompress(packed[-1]) == incompressible[-1]
    assert all(entry.sha256 and entry.n_bytes == 300 for entry in kept)


def test_control_needs_the_key(lesson: Lesson) -> None:
    for method, path in (
        ("GET", "/lesson/ledger"),
        ("POST", "/lesson/next"),
        ("POST", "/lesson/pace"),
        ("DELETE", "/lesson/pace"),
        ("POST", "/lesson/stop"),
    ):
        assert lesson.request(method, path, "{}", Authorization="Bearer wrong")[0] == 401
    assert not lesson.inner.stopping


def test_the_pace_is_set_and_told(lesson: Lesson) -> None:
    _, _, told = lesson.request("POST", "/lesson/pace", '{"tokens_per_s": 40, "ttft_s": 0.2}')
    assert json.loads(told) == {"tokens_per_s": 40, "ttft_s": 0.2}
    _, _, told = lesson.request("POST", "/lesson/pace", '{"tokens_per_s": "inf"}')
    assert json.loads(told)["tokens_per_s"] == "inf"
    assert math.isinf(lesson.inner.state.pace.tokens_per_s)


def test_a_server_is_put_back_to_how_it_began(lesson: Lesson) -> None:
    state = lesson.inner.state
    control.set_pace(lesson.server, 3.0, ttft_s=9.0)
    control.order(lesson.server, {"kind": "overloaded"})
    assert (state.pace, len(state.orders)) == (Pace(3.0, 9.0), 1), "the control: something to undo"
    control.restore(lesson.server)
    assert (state.pace, len(state.orders)) == (Pace(math.inf), 0)


def test_a_verdict_reads_as_its_text() -> None:
    assert str(Refused(400, "invalid_request_error", "no")) == "no"
