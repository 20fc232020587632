"""Calls that go round in circles: the person is asked, between two steps, and told what repeats."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbagent.events import Paused, ReplyReceived, ToolFinished
from nbagent.policy import Deny, Repeats
from nbagent.policy.repeats import ROUNDS, SAME_CALL, SAME_ERROR
from nbagent.run import Run
from nbagent.run.work import Decide, Decision
from nbagent.settings import Settings
from nbagent.tools import Tool, ToolResult
from tests.scripted import call, calls, drive, make_run, says
from tests.strict import complaints

NO = Decision("deny")


def tool(result: Callable[[str], ToolResult]) -> Tool:
    schema = {"type": "object", "properties": {"text": {"type": "string"}, "a": {}}}
    return Tool("echo", "d", schema, lambda a, _: result(str(a["text"])))


def run_of(texts: Iterable[str], result: Callable[[str], ToolResult], **options: Any) -> Run:
    script = [calls(call("c:0", arguments=json.dumps({"text": text}))) for text in texts]
    return make_run([*script, says("ok")], tools=[tool(result)], **options)


def same(text: str) -> ToolResult:
    return ToolResult(content=f"echo {text}")


def new_each_time() -> Callable[[str], ToolResult]:
    count = iter(range(10_000))
    return lambda text: ToolResult(content=f"{text} {next(count)}")


def failing(text: str) -> ToolResult:
    content = f"Traceback …\nKeyError: 'specie' in line {len(text)}"
    return ToolResult(content=content, is_error=True)


GOING_ROUND: dict[str, tuple[list[str], Any, int, str]] = {
    "one call": (["a"] * 20, same, ROUNDS, "The same call was made 4 times in a row with the same"),
    "two calls": (["a", "b"] * 20, same, 2 * ROUNDS, "The same 2 calls were made 4 times over"),
    "four calls": (list("abcd") * 9, same, 4 * ROUNDS, "The same 4 calls were made 4 times over"),
    "after others": (["x", "y", *["a"] * 9], same, 2 + ROUNDS, "The same call was made 4 times"),
    "whatever it brings": (["a"] * 30, None, SAME_CALL, "The same call was made 16 times in a row"),
    "one error": ([f"{'x' * i}" for i in range(20)], failing, SAME_ERROR, "The same error came 5"),
}
GETTING_ON: dict[str, tuple[list[str], Any]] = {
    "other calls": ([str(i) for i in range(30)], same),
    "a state that is looked at now and then": (
        [text for i in range(20) for text in ("look", str(i))],
        same,
    ),
    "somebody who waits": (["status"] * (SAME_CALL - 1), None),
    "three times": (["a", "a", "a", "b"] * 3, same),
    "errors that differ": (
        [f"{chr(97 + i) * 9}" for i in range(20)],
        lambda text: ToolResult(content=f"NameError: {text}", is_error=True),
    ),
    "errors and repairs": (
        [f"{i}" for i in range(20)],
        lambda text: failing(text) if int(text) % 3 else same(text),
    ),
}


@pytest.mark.parametrize("name", GOING_ROUND)
def test_what_goes_round_in_circles_is_asked_about(name: str) -> None:
    texts, result, n_calls, words = GOING_ROUND[name]
    run = run_of(texts, result or new_each_time())
    asked: list[Decide] = []
    drive(run, decide=lambda question: (asked.append(question), NO)[1])
    (question,) = asked
    assert (question.kind, question.text) == ("limit", "Go on?")
    assert question.why.startswith(words)
    assert "(echo" in question.why
    assert len([e for e in run.events if isinstance(e, ToolFinished)]) == n_calls
    assert run.finished is not None
    assert run.finished.reason == "limit"
    assert "next %%kimi" in run.finished.text
    assert complaints([dict(m) for m in run.messages]) == []


@pytest.mark.parametrize("name", GETTING_ON)
def test_a_run_that_gets_on_is_left_alone(name: str) -> None:
    texts, result = GETTING_ON[name]
    run = run_of(texts, result or new_each_time(), settings=Settings(max_steps=100))
    drive(run, decide=lambda _: NO)
    assert run.answer == "ok"


def test_a_naive_count_would_stop_somebody_who_waits() -> None:
    """The positive control: counting calls alone stops runs that get on, and misses an error."""

    def naive(texts: list[str]) -> bool:
        return any(len(set(texts[i : i + 4])) == 1 for i in range(len(texts) - 3))

    assert naive(GETTING_ON["somebody who waits"][0])
    assert not naive(GOING_ROUND["one error"][0])
    assert not naive(GOING_ROUND["two calls"][0])


def test_going_on_begins_the_count_anew() -> None:
    run = run_of(["a"] * 9, same)
    asked: list[Decide] = []
    drive(run, decide=lambda question: (asked.append(question), Decision("run"))[1])
    assert [question.key for question in asked] == ["4.limit.repeats", "8.limit.repeats"]
    assert run.answer == "ok"
    assert len([e for e in run.events if isinstance(e, Paused)]) == 2


def test_what_the_person_says_begins_the_count_anew() -> None:
    run = run_of(["a"] * 6, same)
    drive(run, decide=lambda _: NO, between=lambda r, i: r.say("try b") if i == 5 else None)
    assert run.answer == "ok"


def test_four_equal_calls_of_one_reply_are_all_answered_first() -> None:
    run = make_run([calls(*(call(f"c:{i}") for i in range(6))), says("ok")])
    drive(run, decide=lambda _: NO)
    assert len([m for m in run.messages if m["role"] == "tool"]) == 6
    assert run.finished is not None
    assert run.finished.reason == "limit"


def test_what_is_denied_again_and_again_is_asked_about() -> None:
    run = run_of(["a"] * 9, same, gate=lambda _: Deny("no"))
    drive(run, decide=lambda _: NO)
    assert "The same call was made 4 times" in str(run)


def test_arguments_are_the_same_in_any_form() -> None:
    texts = ['{"a": 1, "text": "x"}', '{"text":"x","a":1}'] * 4
    script = [calls(call("c:0", arguments=text)) for text in texts]
    run = make_run([*script, says("ok")], tools=[tool(same)])
    drive(run, decide=lambda _: NO)
    assert "The same call was made 4 times" in str(run)


def test_it_can_be_switched_off() -> None:
    run = run_of(["a"] * 20, same, settings=Settings(notice_repeats=False))
    drive(run, decide=lambda _: NO)
    assert run.answer == "ok"


@given(st.lists(st.sampled_from("abcdef"), max_size=40))
def test_it_is_noticed_at_the_very_call_that_closes_the_circle(texts: list[str]) -> None:
    repeats = Repeats()
    first = None
    for i, text in enumerate(texts):
        message = calls(call("c:0", arguments=json.dumps({"text": text})))
        repeats.apply(ReplyReceived(step=i, attempt=1, message=message, finish_reason="tool_calls"))
        repeats.apply(ToolFinished(step=i, index=0, name="echo", content=text))
        if repeats.words():
            first = i + 1
            break
    closes = [
        n
        for n in range(len(texts) + 1)
        for k in range(1, 5)
        if n >= 4 * k and texts[n - 4 * k : n] == texts[n - k : n] * 4
    ]
    assert first == (min(closes) if closes else None)
