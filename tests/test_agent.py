"""`Agent` in a script: a kernel of its own, tools, events, gates, and honest refusals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

import nbagent
from nbagent import Agent, Settings
from nbagent.clock import SystemClock
from nbagent.errors import NoKeyError
from nbagent.events import Event
from nbagent.lessons.control import ledger, order
from nbagent.lessons.process import ensure
from nbagent.policy import Allow, Deny, ProposedCall
from tests.followed import turn

pytestmark = pytest.mark.kernel
LESSON = Settings(endpoint="lesson")


def test_a_script_gets_an_answer_from_a_kernel_of_its_own() -> None:
    events: list[Event] = []
    run = Agent(settings=LESSON).run("lesson repair", on_event=events.append)
    assert str(run).startswith("The total is **12**")
    assert [event.seq for event in events] == list(range(len(events)))
    assert "drill_prices = " not in run.code()  # that call failed
    assert "int(price)" not in globals()


def test_functions_become_tools_and_run_in_this_process() -> None:
    seen: list[int] = []

    @nbagent.tool
    def keep(number: int) -> str:
        """Keep a number."""
        seen.append(number)
        return f"kept {number}"

    turn = {"kind": "turn", "reasoning": "Keep it.", "calls": [["keep", {"number": 7}]]}
    order(ensure(SystemClock()), turn)
    run = Agent(settings=LESSON, tools=(keep,)).run("go on")
    assert seen == [7]
    assert run.messages[3]["content"] == "kept 7"


def test_a_gate_decides_about_every_call() -> None:
    def gate(call: ProposedCall) -> Allow | Deny:
        return Deny("not here") if "drill_prices" in call.arguments["code"] else Allow()

    run = Agent(settings=LESSON, gate=gate).run("lesson repair")
    assert run.messages[3]["content"] == "Denied: not here"
    assert all(event.kind != "tool_started" for event in run.events)


def test_a_limit_ends_a_script_instead_of_asking() -> None:
    settings = Settings(endpoint="lesson", max_steps=2)
    run = Agent(settings=settings).run("lesson long 5")
    assert run.finished is not None
    assert run.finished.reason == "limit"
    assert "2 steps limit reached" in str(run)


def test_a_script_goes_on_from_messages_made_elsewhere() -> None:
    called = {"id": "", "function": {"name": "weigh", "arguments": {"kg": 4}}}
    history = [
        {"role": "human", "content": "Weigh it."},
        {"role": "assistant", "content": None, "tool_calls": [called]},
    ]
    run = Agent(settings=LESSON).run("And?", history=history)
    assert run.finished is not None
    assert run.finished.reason == "answer"  # the lesson server refuses what the endpoint would
    assert [m["role"] for m in run.messages[1:]] == [
        "user",
        "assistant",
        "tool",
        "user",
        "assistant",
    ]
    assert "The history was repaired" in run.started.note
    assert "no result" in run.started.note


@pytest.mark.parametrize("endpoint", ["moonshot", "moonshot-cn"])
def test_without_a_key_nothing_is_sent(endpoint: str) -> None:
    with pytest.raises(NoKeyError, match="nothing was sent and no answer was made"):
        Agent(settings=Settings(endpoint=endpoint)).run("hello")


SCRIPT = """
import os
from nbagent import Agent, Settings, tool

@tool
def die(number: int) -> str:
    "End this process."
    os.kill(os.getpid(), 9)

agent = Agent(settings=Settings(endpoint="lesson"), tools=(die,))
print(agent.%s)
"""


@pytest.mark.long
def test_a_script_that_was_killed_is_taken_up_by_the_next() -> None:
    server = ensure(SystemClock())
    calls = [
        turn(code="n = 41"),
        {"kind": "turn", "reasoning": "End.", "calls": [["die", {"number": 1}]]},
    ]
    order(server, *calls, turn("Taken up."))
    killed = subprocess.run([sys.executable, "-c", SCRIPT % "run('go')"], check=False)
    assert killed.returncode == -signal.SIGKILL
    again = subprocess.run(
        [sys.executable, "-c", SCRIPT % "resume()"], capture_output=True, text=True, check=True
    )
    assert again.stdout == "Taken up.\n"
    *_, last = ledger(server)
    sent = str(json.loads(last["body"])["messages"])
    assert "nobody knows whether it took place" in sent
    assert "The kernel was restarted" in sent
