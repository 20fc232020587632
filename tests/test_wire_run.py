"""Whole runs over real HTTP: the lesson server's strict ledger says what was really sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from nbagent.assembly import new_run
from nbagent.clock import SystemClock
from nbagent.events import Event, ToolFinished
from nbagent.kernel.interrupts import Interrupts
from nbagent.kernel.person import Nobody
from nbagent.kernel.pump import Job, Pump
from nbagent.kernel.run_python import run_python_tool
from nbagent.kernel.shell import LiveShell
from nbagent.kimi.client import connect
from nbagent.kimi.endpoints import PRESETS
from nbagent.lessons.control import clear, ledger, order
from nbagent.lessons.process import Server, ensure
from nbagent.loop import Act, Ask
from nbagent.run import Run
from nbagent.run.recipe import Recipe
from nbagent.settings import Secret, Settings
from nbagent.tools import Toolset
from tests.scripted import plain_shell
from tests.strict import complaints


@pytest.fixture
def server() -> Iterator[Server]:
    server = ensure(SystemClock())
    clear(server)
    yield server
    clear(server)


class Steer:
    """Says something once, when a given step's tool has ended."""

    def __init__(self, run: Run, step: int) -> None:
        self.run, self.step = run, step

    def apply(self, event: Event) -> None:
        if isinstance(event, ToolFinished) and (event.step, event.index) == (self.step, 0):
            self.run.say("Carry on, and keep it short.")

    def refresh(self, *, final: bool = False) -> None:
        return


def run_over_http(
    server: Server,
    prompt: str,
    *,
    steer_at: int = 0,
    max_context_tokens: int | None = None,
    on_event: Callable[[Event], None] = lambda _: None,
    **recipe: Any,
) -> Run:
    clock, interrupts = SystemClock(), Interrupts()
    settings = Settings(endpoint="lesson", max_steps=2_000, max_context_tokens=max_context_tokens)
    shell = plain_shell()
    endpoint = PRESETS["lesson"].at(server.url)
    model = connect(settings, endpoint, Secret(server.token), clock, cache_key="test")
    run = new_run(
        Recipe(
            model=model,
            tools=Toolset([run_python_tool()]),
            settings=settings,
            clock=clock,
            **recipe,
        ),
        prompt,
    )
    run.subscribe(on_event)
    pump = Pump(
        executor=LiveShell(shell, clock, interrupts),
        person=Nobody(),
        clock=clock,
        guard=interrupts.guard,
        tick=lambda: None,
    )
    try:
        pump.drive([Job(run, Steer(run, steer_at))])
    finally:
        model.close()
    return run


def chats(server: Server) -> list[dict[str, Any]]:
    return [entry for entry in ledger(server) if entry["path"].endswith("/chat/completions")]


def test_ten_steps_with_parallel_calls_an_error_a_picture_and_steering(server: Server) -> None:
    run = run_over_http(server, "lesson long 10", steer_at=4)
    assert run.answer.startswith("The sum of 1 to 10 is **55**.")
    entries = chats(server)
    bodies = [json.loads(entry["body"]) for entry in entries]
    assert len(entries) == 11
    assert {entry["status"] for entry in entries} == {200}
    assert all(entry["error"] is None and entry["notes"] == [] for entry in entries)
    assert len({entry["connection"] for entry in entries}) == 1
    assert [complaints(body["messages"]) for body in bodies] == [[]] * 11
    assert [entry["body"] for entry in entries] == [request.body() for request in run.requests]
    assert [entry["sha256"] for entry in entries] == [r.sha256() for r in run.requests]

    sent_back = [m for m in bodies[-1]["messages"] if m["role"] == "assistant"]
    received = [entry["reply"] for entry in entries[:-1]]
    for mine, theirs in zip(sent_back, received, strict=True):
        assert mine["reasoning_content"].encode() == theirs["reasoning_content"].encode()
        assert mine["tool_calls"] == theirs["tool_calls"]
    assert max(len(m["tool_calls"]) for m in sent_back) == 3
    said = [m["content"] for m in bodies[-1]["messages"] if m["role"] == "user"]
    assert said == ["lesson long 10", "Carry on, and keep it short."]
    results = [m["content"] for m in bodies[-1]["messages"] if m["role"] == "tool"]
    assert any("KeyError" in str(content) for content in results)
    assert any(part["type"] == "image_url" for c in results if isinstance(c, list) for part in c)


@pytest.mark.long
@pytest.mark.parametrize("n", [40, 80, 120, 180, 250, 400])
def test_long_runs_stay_valid_and_grow_by_the_same_bytes(server: Server, n: int) -> None:
    run = run_over_http(server, f"lesson long {n}", steer_at=n // 3)
    assert f"The sum of 1 to {n} is **{n * (n + 1) // 2}**." in run.answer
    entries = chats(server)
    assert {(entry["status"], entry["error"]) for entry in entries} == {(200, None)}
    assert len(entries) == len(run.requests) == n + 1
    assert complaints(json.loads(entries[-1]["body"])["messages"]) == []
    kept = [
        entry["body"] for entry in entries if entry["body"] is not None
    ]  # the ledger is bounded
    assert kept[-1] == run.requests[-1].body()
    for earlier, later in pairwise(kept):
        assert later.startswith(earlier[: earlier.rindex(b"]")])


def test_each_request_begins_with_the_bytes_of_the_one_before(server: Server) -> None:
    run_over_http(server, "lesson long 6")
    bodies = [entry["body"] for entry in chats(server)]
    for earlier, later in pairwise(bodies):
        assert later.startswith(earlier[: earlier.rindex(b"]")])


def drops_the_thought(messages: Any, tools: Any) -> Any:
    """What a client does that rebuilds the assistant message from the fields it knows."""
    while True:
        reply = yield Ask(messages, tools)
        kept = {k: v for k, v in reply.items() if k in {"role", "content", "tool_calls"}}
        messages.append({"content": "thinking", **kept})
        if not reply.get("tool_calls"):
            return reply
        messages.extend((yield Act(reply["tool_calls"])))


def test_a_naive_client_is_refused_by_server_and_stopped_by_run(server: Server) -> None:
    """The positive control: without its reasoning the second request is refused."""
    run = run_over_http(server, "lesson long 3", loop=drops_the_thought)
    assert run.finished is not None
    assert run.finished.error_kind == "history"
    assert len(chats(server)) == 1
    run = run_over_http(server, "lesson long 3")
    history = [dict(m) for m in run.messages]
    for message in history:
        message.pop("reasoning_content", None)
    assert complaints(history)


FAULTS = ["overloaded", "cut", "truncate", "error", "not_json", "bad_arguments", "no_finish"]


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_retried_and_leaves_no_trace_in_the_history(server: Server, kind: str) -> None:
    order(server, {"kind": kind})
    run = run_over_http(server, "lesson long 3")
    assert run.answer == "The sum of 1 to 3 is **6**."
    retries = [event for event in run.events if event.kind == "retry_scheduled"]
    assert len(retries) == 1
    assert complaints([dict(m) for m in run.messages]) == []
