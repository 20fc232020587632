"""Compaction over real HTTP: the lesson server's ledger says what was sent, and what was cached."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from nbagent.clock import SystemClock
from nbagent.events import Compacted
from nbagent.lessons.control import clear, order
from nbagent.lessons.process import Server, ensure
from nbagent.run import Run
from nbagent.summary import fault_of, is_ask
from tests.strict import complaints
from tests.test_wire_run import chats, run_over_http


@pytest.fixture
def server() -> Iterator[Server]:
    server = ensure(SystemClock())
    clear(server)
    yield server
    clear(server)


def compacted(run: Run) -> list[Compacted]:
    return [event for event in run.events if isinstance(event, Compacted)]


def test_a_lesson_longer_than_the_window_is_summarised_and_comes_to_its_end(server: Server) -> None:
    run = run_over_http(server, "lesson long 34", max_context_tokens=3_200)
    assert run.answer == "The sum of 1 to 34 is **595**."
    assert len(compacted(run)) >= 2
    assert not any(event.mechanical for event in compacted(run))
    entries = chats(server)
    assert {(entry["status"], entry["error"]) for entry in entries} == {(200, None)}
    bodies = [json.loads(entry["body"]) for entry in entries]
    assert [complaints(body["messages"]) for body in bodies] == [[]] * len(bodies)
    assert complaints([dict(message) for message in run.messages]) == []
    assert run.messages[1]["content"] == "lesson long 34"
    assert sum(message["role"] == "tool" for message in run.messages) >= 36

    asked = [i for i, body in enumerate(bodies) if is_ask(body["messages"][-1])]
    assert len(asked) == len(compacted(run))
    for i in asked:
        assert fault_of(entries[i]["reply"]) == ""
        assert "Scripted" in entries[i]["reply"]["content"]
        begins = entries[i - 1]["body"]
        assert entries[i]["body"].startswith(begins[: begins.rindex(b"]")])
        usage = entries[i]["usage"]
        fresh = usage["prompt_tokens"] - usage["cached_tokens"]
        assert fresh < 400  # what asks for the summary, and nothing else
        assert bodies[i]["tools"] == bodies[i + 1]["tools"]
        assert bodies[i]["messages"][:2] == bodies[i + 1]["messages"][:2]
    between = [i for i in range(len(bodies)) if i not in asked]
    for i, j in pairwise(between):
        if j == i + 1:
            begins = entries[i]["body"]
            assert entries[j]["body"].startswith(begins[: begins.rindex(b"]")])


def test_a_fault_in_the_request_for_a_summary_is_retried(server: Server) -> None:
    def fault(event: Any) -> None:
        if event.kind == "compacting" and event.attempt == 1:
            order(server, {"kind": "overloaded"})

    run = run_over_http(server, "lesson long 15", on_event=fault, max_context_tokens=3_200)
    assert run.answer == "The sum of 1 to 15 is **120**."
    assert [event.mechanical for event in compacted(run)] == [False]
    retries = [event for event in run.events if event.kind == "retry_scheduled"]
    assert [(event.reason, event.attempt) for event in retries] == [("overloaded", 0)]


@pytest.mark.long
@pytest.mark.parametrize(("n", "window"), [(150, 3_400), (260, 5_000)])
def test_a_very_long_lesson_stays_within_its_window_whatever_fails(
    server: Server, n: int, window: int
) -> None:
    faults = ["overloaded", "cut", "truncate", "not_json", "error", "no_finish"]

    def fault(event: Any) -> None:
        if event.kind == "compacting" and event.attempt == 1:
            order(server, {"kind": faults[event.step % len(faults)]})

    run = run_over_http(server, f"lesson long {n}", on_event=fault, max_context_tokens=window)
    assert f"The sum of 1 to {n} is **{n * (n + 1) // 2}**." in run.answer
    assert len(compacted(run)) >= 4
    assert not any(event.mechanical for event in compacted(run))
    usages = [event.usage for event in run.events if event.kind == "reply_received"]
    assert max(usage["prompt_tokens"] for usage in usages) < window
    cached = sum(usage.get("cached_tokens", 0) for usage in usages)
    assert cached / sum(usage["prompt_tokens"] for usage in usages) > 0.9
    assert complaints([dict(message) for message in run.messages]) == []
