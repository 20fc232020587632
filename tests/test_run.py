"""Runs driven by hand: whatever happens when, the history stays valid and the record replays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbagent.clock import ManualClock
from nbagent.errors import (
    AuthFailed,
    ConnectionFailed,
    InvalidTurn,
    RateLimited,
    ReplayError,
)
from nbagent.events import TRANSIENT, from_dict, to_dict
from nbagent.loop import Act, Ask
from nbagent.messages import first_fault
from nbagent.policy import Allow, Deny, Edit, ProposedCall, Wait
from nbagent.ports import Reply
from nbagent.run import Run
from nbagent.run.work import Decision
from nbagent.settings import Settings
from nbagent.tools import Tool, ToolResult
from tests.scripted import USAGE, call, calls, drive, echo_tool, make_run, says
from tests.strict import complaints

TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=20)


@st.composite
def scripts(draw: Any) -> list[Any]:
    """Replies with up to three calls each; ids repeat from turn to turn, as K2.6's may."""
    replies = []
    for _ in range(draw(st.integers(0, 5))):
        n = draw(st.integers(1, 3))
        replies.append(
            calls(
                *(call(f"echo:{i}", arguments=json.dumps({"text": draw(TEXTS)})) for i in range(n)),
                reasoning=draw(TEXTS),
            )
        )
    return [*replies, says(draw(TEXTS))]


VERDICTS = st.sampled_from([Allow(), Deny("no"), Wait("it is risky"), Edit({"text": "other"})])
DECISIONS = st.sampled_from(
    [Decision("run"), Decision("deny", why="not now"), Decision("edit", {"text": "mine"})]
)


@st.composite
def journeys(draw: Any) -> tuple[Run, dict[int, str]]:
    """A run with a gate of moods, and what the person does before which move."""
    verdicts = draw(st.lists(VERDICTS, min_size=1, max_size=4))
    decisions = draw(st.lists(DECISIONS, min_size=1, max_size=3))
    acts = draw(st.dictionaries(st.integers(0, 25), st.sampled_from(["stop", "say"]), max_size=3))
    n_asked = [0, 0]

    def gate(_: ProposedCall) -> Any:
        n_asked[0] += 1
        return verdicts[n_asked[0] % len(verdicts)]

    def decide(_: Any) -> Decision:
        n_asked[1] += 1
        return decisions[n_asked[1] % len(decisions)]

    def between(run: Run, i: int) -> None:
        if acts.get(i) == "stop":
            run.stop()
        elif acts.get(i) == "say":
            run.say("and the units")

    run = make_run(draw(scripts()), gate=gate)
    drive(run, decide=decide, between=between)
    return run, acts


@settings(max_examples=60, deadline=None)
@given(journeys())
def test_every_request_is_valid_and_the_run_ends_once(journey: tuple[Run, Any]) -> None:
    run, _ = journey
    bodies = [json.loads(request.body()) for request in run.requests]
    for body in bodies:
        assert complaints(body["messages"]) == []
    assert complaints([dict(m) for m in run.messages]) == []
    kinds = [event.kind for event in run.events]
    assert kinds.count("run_finished") == 1
    assert kinds[-1] == "run_finished"
    assert [e.seq for e in run.events] == sorted({e.seq for e in run.events})
    assert all(from_dict(json.loads(json.dumps(to_dict(e)))) == e for e in run.events)
    assert not any(isinstance(e, TRANSIENT) for e in run.events)


@settings(max_examples=60, deadline=None)
@given(journeys())
def test_the_sends_are_the_state(journey: tuple[Run, Any]) -> None:
    run, _ = journey
    before = json.dumps(run.messages)
    whole = list(run.cursor.messages)
    for k in range(len(run.cursor.sends) + 1):
        cursor = run.cursor.at(k)
        assert cursor.messages == whole[: len(cursor.messages)]
        again = cursor.replay(cursor.sends)
        assert (again.yielded, again.messages) == (cursor.yielded, cursor.messages)
    for move in run.moves:
        fork = run.fork(move.n)
        drive(fork)
        assert complaints([dict(m) for m in fork.messages]) == []
        assert [m.key for m in fork.moves[: move.n]] == [m.key for m in run.moves[: move.n]]
    assert json.dumps(run.messages) == before


@settings(max_examples=40, deadline=None)
@given(journeys())
def test_requests_grow_by_appending_bytes(journey: tuple[Run, Any]) -> None:
    run, _ = journey
    for earlier, later in zip(run.requests, run.requests[1:], strict=False):
        prefix = earlier.body()[: -len(earlier.tail) - len(b"],}")]
        assert later.body().startswith(prefix)
        assert later.n_bytes == len(later.body())


@settings(max_examples=60, deadline=None)
@given(journeys())
def test_reasoning_comes_back_byte_for_byte(journey: tuple[Run, Any]) -> None:
    run, _ = journey
    said = [send.value for send in run.cursor.sends if send.move == "ask"]
    sent_back = [m for m in run.messages if m["role"] == "assistant"]
    assert [json.dumps(m) for m in sent_back] == [json.dumps(m) for m in said]


def test_the_judge_refuses_what_naive_clients_send() -> None:
    """The positive control: the usual mistakes are found, by both judges."""
    asked: Any = {"role": "user", "content": "go"}
    reply = calls(call("a:0"), call("b:1"))
    results: Any = [
        {"role": "tool", "tool_call_id": "a:0", "content": "1"},
        {"role": "tool", "tool_call_id": "b:1", "content": "2"},
    ]
    without_thought = {k: v for k, v in reply.items() if k != "reasoning_content"}
    broken: list[list[Any]] = [
        [asked, without_thought, *results],
        [asked, reply, results[0], {"role": "user", "content": "wait"}],
        [asked, reply, results[0]],
        [asked, reply, *reversed(results)],
        [asked, *results],
        [asked, {"role": "assistant", "content": ""}],
        [asked, calls(call("a:0"), call("a:0")), results[0], results[0]],
    ]
    for history in broken:
        assert complaints(history), history
        assert first_fault(history), history
    assert complaints([asked, reply, *results]) == []
    assert first_fault([asked, reply, *results]) is None


def test_stop_answers_open_calls_and_the_next_turn_goes_on() -> None:
    run = make_run([calls(call("a:0"), call("b:1")), says("never")])
    drive(run, between=lambda r, i: r.stop() if i == 2 else None)
    assert run.finished is not None
    assert run.finished.reason == "stopped"
    assert run.messages[-1]["role"] == "tool"
    assert "do not retry" in str(run.messages[-1]["content"])
    records = run.transcript.sync(run.messages, trusted=True).records
    after = make_run([says("fine")], history=records)
    assert str(drive(after)) == "fine"


def test_stop_while_a_reply_streams_keeps_no_half_reply() -> None:
    run = make_run([says("long")])
    work = run.pending()
    run.stop()
    assert run.pending() is None
    run.deliver(work, run.recipe.model.arrivals(0.0)[-1])
    assert [m["role"] for m in run.messages] == ["user"]
    assert run.finished is not None
    assert run.finished.reason == "stopped"


def test_steering_waits_until_no_call_is_open_and_restarts_an_answered_loop() -> None:
    run = make_run([calls(call("a:0"), call("b:1")), says("first"), says("second")])
    drive(run, between=lambda r, i: r.say(f"note {i}") if i in {1, 4} else None)
    roles = [(m["role"], m.get("content")) for m in run.messages]
    assert [r for r, _ in roles] == [
        "user",
        "assistant",
        "tool",
        "tool",
        "user",
        "assistant",
        "user",
        "assistant",
    ]
    assert roles[4][1] == "note 1"
    assert run.answer == "second"


def test_an_edit_is_told_to_the_model_and_leaves_the_message_alone() -> None:
    run = make_run([calls(call("a:0")), says("ok")], gate=lambda _: Edit({"text": "other"}))
    drive(run)
    assert run.messages[1]["tool_calls"][0]["function"]["arguments"] == '{"text": "hi"}'
    result = str(run.messages[2]["content"])
    assert "The user changed the arguments" in result
    assert "echo: other" in result


def test_a_denial_is_a_result_and_the_tool_does_not_run() -> None:
    ran: list[Any] = []

    def note(arguments: Any, _context: Any) -> ToolResult:
        ran.append(arguments)
        return ToolResult(content="x")

    tool = Tool("echo", "d", {"type": "object"}, note)
    run = make_run([calls(call("a:0")), says("ok")], tools=[tool], gate=lambda _: Wait("risky"))
    drive(run, decide=lambda _: Decision("deny", why="use another name"))
    assert ran == []
    assert run.messages[2]["content"] == "Denied: use another name"


def test_a_rate_limit_is_waited_out_as_the_server_says() -> None:
    clock = ManualClock()
    script: list[Any] = [RateLimited("slow", retry_after_s=20.0)] * 9 + [says("ok")]
    run = make_run(script, clock=clock)
    drive(run)
    assert run.answer == "ok"
    assert clock.slept == [20.0] * 9


def test_faults_back_off_and_are_bounded() -> None:
    clock = ManualClock()
    settings = Settings(retry_attempts=4)
    run = make_run(
        [ConnectionFailed("cut")] * 9, clock=clock, settings=settings, chance=lambda: 1.0
    )
    drive(run)
    assert clock.slept == [0.5, 1.0, 2.0]
    assert run.finished is not None
    assert (run.finished.reason, run.finished.error_kind) == ("error", "connection")


@pytest.mark.parametrize("error", [AuthFailed("no"), RateLimited("x", retry_after_s=86_400.0)])
def test_what_waiting_cannot_mend_is_not_retried(error: Exception) -> None:
    run = make_run([error, says("never")])
    drive(run)
    assert len(run.requests) == 1
    assert run.finished is not None
    assert run.finished.reason == "error"


def test_an_invalid_reply_is_asked_again_and_never_stored() -> None:
    run = make_run([InvalidTurn("cut", partial="half"), InvalidTurn("cut"), says("whole")])
    drive(run)
    assert [m["role"] for m in run.messages] == ["user", "assistant"]
    retries = [e for e in run.events if e.kind == "retry_scheduled"]
    assert [e.discarded for e in retries] == ["half", ""]
    assert len({request.body() for request in run.requests}) == 1


def test_calls_without_reasoning_are_asked_for_again_once_then_marked() -> None:
    bare = calls(call("a:0"))
    del bare["reasoning_content"]
    run = make_run([bare, bare, says("ok")])
    drive(run)
    assert run.answer == "ok"
    assert run.messages[1]["reasoning_content"] == " "
    marks = [e.marks for e in run.events if e.kind == "reply_received"]
    assert marks == [("no_reasoning",), ()]


def test_limits_ask_and_can_be_extended() -> None:
    script = [calls(call("a:0")) for _ in range(6)] + [says("ok")]
    asked: list[str] = []

    def decide(question: Any) -> Decision:
        asked.append(f"{question.why} {question.text}")
        return Decision("run" if len(asked) < 2 else "deny")

    run = make_run(script, settings=Settings(max_steps=2))
    drive(run, decide=decide)
    assert run.finished is not None
    assert run.finished.reason == "limit"
    assert len(asked) == 2
    assert "2 steps limit reached after 2 steps" in asked[0]
    assert len([m for m in run.messages if m["role"] == "assistant"]) == 4


def test_dollars_stop_before_they_are_spent() -> None:
    usage_usd = (USAGE["prompt_tokens"] + USAGE["completion_tokens"]) * 1.0
    run = make_run(
        [calls(call("a:0")) for _ in range(9)],
        facts={"price": (1e6, 1e6, 1e6)},
        settings=Settings(max_usd=usage_usd * 3.5),
    )
    drive(run, decide=lambda _: Decision("deny"))
    assert run.finished is not None
    assert run.finished.reason == "limit"
    assert len(run.requests) == 3


def test_pictures_follow_where_a_tool_message_takes_none() -> None:
    picture: Any = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    text: Any = {"type": "text", "text": "a figure"}
    tool = Tool("echo", "d", {"type": "object"}, lambda _a, _c: ToolResult(content=[text, picture]))
    for inline in (True, False):
        script = [calls(call("a:0", arguments="{}"), call("b:1", arguments="{}")), says("ok")]
        run = make_run(script, tools=[tool], facts={"images_in_tool_results": inline})
        drive(run)
        roles = [m["role"] for m in run.messages]
        follow = [] if inline else ["user"]
        assert roles == ["user", "assistant", "tool", "tool", *follow, "assistant"]
        assert complaints([dict(m) for m in run.messages]) == []


def one_call_at_a_time(messages: Any, tools: Any) -> Any:
    """A learner's loop that runs the last call first, and changes its messages as it likes."""
    while True:
        reply = yield Ask(messages, tools)
        messages = [*messages, reply]
        if not reply.get("tool_calls"):
            return reply
        results = {}
        for tool_call in reversed(reply["tool_calls"]):
            results[tool_call["id"]] = yield Act([tool_call])
        for tool_call in reply["tool_calls"]:
            messages += results[tool_call["id"]]


def test_a_learners_loop_may_take_calls_one_by_one() -> None:
    script = [calls(call("a:0"), call("b:1"), call("c:2")), says("ok")]
    run = make_run(script, loop=one_call_at_a_time)
    drive(run)
    assert run.answer == "ok"
    assert complaints([dict(m) for m in run.messages]) == []
    places = [e.index for e in run.events if e.kind == "tool_finished"]
    assert places == [2, 1, 0]
    assert run.cursor.replay(run.cursor.sends).yielded == run.cursor.yielded


def forgets_results(messages: Any, tools: Any) -> Any:
    reply = yield Ask(messages, tools)
    messages.append(reply)
    yield Act(reply["tool_calls"])
    reply = yield Ask(messages, tools)
    return reply


def drops_the_thought(messages: Any, tools: Any) -> Any:
    reply = yield Ask(messages, tools)
    del reply["reasoning_content"]
    messages.append(reply)
    messages.extend((yield Act(reply["tool_calls"])))
    return (yield Ask(messages, tools))


@pytest.mark.parametrize(
    ("loop", "words"),
    [(forgets_results, "has no result"), (drops_the_thought, "reasoning was dropped")],
)
def test_a_learners_mistake_is_explained_and_not_sent(loop: Any, words: str) -> None:
    run = make_run([calls(call("a:0")), says("never")], loop=loop)
    drive(run)
    assert run.finished is not None
    assert words in run.finished.text
    assert len(run.requests) == 1


def test_a_loop_that_raises_ends_its_run_and_shows_its_traceback() -> None:
    def broken(messages: Any, tools: Any) -> Any:
        reply = yield Ask(messages, tools)
        return reply["nothing"]

    run = make_run([says("ok")], loop=broken)
    with pytest.raises(KeyError):
        drive(run)
    assert run.finished is not None
    assert run.finished.error_kind == "loop"
    assert [e.kind for e in run.events].count("run_finished") == 1


def test_a_loop_that_does_not_repeat_itself_is_found_out() -> None:
    moods = iter(range(100))

    def moody(messages: Any, tools: Any) -> Any:
        messages.append({"role": "user", "content": f"mood {next(moods)}"})
        return (yield Ask(messages, tools))

    run = make_run([says("ok")], loop=moody)
    drive(run)
    with pytest.raises(ReplayError, match="does not repeat itself"):
        run.cursor.at(1)


def test_code_is_what_ran_without_an_error() -> None:
    outcomes = iter([True, False])
    tool = Tool(
        "run_python",
        "d",
        {"type": "object", "properties": {"code": {"type": "string"}}},
        lambda _a, _c: ToolResult(content="x", is_error=next(outcomes)),
    )
    script = [
        calls(call("a:0", "run_python", '{"code": "bad()"}')),
        calls(call("a:1", "run_python", '{"code": "y = 1"}')),
        says("ok"),
    ]
    run = make_run(script, tools=[tool])
    drive(run)
    assert run.code() == "# step 2\ny = 1\n"


def test_effects_reach_the_gate() -> None:
    seen: list[ProposedCall] = []

    def gate(proposed: ProposedCall) -> Allow:
        seen.append(proposed)
        return Allow()

    drive(make_run([calls(call("a:0")), says("ok")], tools=[echo_tool("external")], gate=gate))
    assert [(p.name, p.effect, p.step) for p in seen] == [("echo", "external", 1)]


@pytest.mark.parametrize("marked", [True, False])
def test_a_scripted_reply_is_never_taken_for_the_models(*, marked: bool) -> None:
    run = make_run([], facts={"scripted": marked})
    work = run.pending()
    assert work is not None
    run.deliver(work, Reply(0.0, says("I am Kimi"), "stop", model="scripted"))
    run.pending()
    assert (run.answer == "I am Kimi") is marked
