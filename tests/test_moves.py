"""A run move by move: where it rests, what is in hand there, changes of it, forks, playback."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbagent.errors import BadRequest, UsageError
from nbagent.loop import Act, Ask, agent_loop
from nbagent.redact import Redactor
from nbagent.run import Run
from nbagent.run.lines import passage
from nbagent.run.moves import Until
from nbagent.run.work import AskModel, Decide, Decision
from nbagent.trace.moves import fork_told, move_told, moves_told
from tests.scripted import call, calls, drive, make_run, says
from tests.strict import complaints
from tests.test_run import TEXTS, scripts

TWO_CALLS = [calls(call("a:0"), call("a:1")), calls(call("b:0")), says("done")]


def places(run: Run) -> list[str]:
    return [f"{move.place} {move.step}" for move in run.moves]


def rest(run: Run) -> Decide:
    """Drive until the run rests."""
    found: list[Decide] = []

    def decide(question: Decide) -> Decision:
        assert question.kind == "move", question
        found.append(question)
        raise StopIteration

    with pytest.raises(StopIteration):
        drive(run, decide=decide)
    return found[0]


def stepped(run: Run, until: Until = "move") -> Decide:
    """Move on from a pause and drive until the next one."""
    run.moves.until = until
    work = run.pending()
    assert isinstance(work, Decide)
    run.deliver(work, Decision("run"))
    return rest(run)


def paused(script: list[Any], until: Until = "move", **options: Any) -> Run:
    run = make_run(script, **options)
    run.moves.until = until
    rest(run)
    return run


def test_a_run_passes_each_place_in_order_and_rests_only_when_told() -> None:
    run = drive(make_run(TWO_CALLS))
    step_1 = ["request 1", "reply 1", "call 1", "result 1", "call 1", "result 1"]
    step_2 = ["request 2", "reply 2", "call 2", "result 2"]
    assert places(run) == [*step_1, *step_2, "request 3", "reply 3"]
    assert not any(event.kind == "paused" for event in run.events)
    assert [move.n for move in run.moves] == list(range(1, 13))


def test_stepping_rests_at_each_place_before_anything_happens_there() -> None:
    run = paused([calls(call("a:0")), says("done")])
    assert run.requests == ()  # nothing was sent
    first = run.moves.open.why if run.moves.open else ""
    whys = [first, *(stepped(run).why for _ in range(5))]
    assert whys == [
        "Paused before request 1. Nothing has been sent yet.",
        "Paused after reply 1: 1 call.",
        "Paused before echo.",
        "Paused after echo. The result is not yet in the history.",
        "Paused before request 2. Nothing has been sent yet.",
        "Paused after reply 2: the answer.",
    ]
    assert run.messages[-1]["role"] == "tool"  # the answer is in hand, not yet in the list
    run.deliver(run.pending(), Decision("run"))  # type: ignore[arg-type] # it rests
    assert run.pending() is None
    assert run.answer == "done"


@pytest.mark.parametrize(
    ("until", "place"), [("tool", "call 1"), ("error", "result 2"), ("answer", "reply 3")]
)
def test_going_on_to_the_next_such_thing(until: Until, place: str) -> None:
    unknown = calls(call("b:0", name="nothing"))
    run = paused([calls(call("a:0")), unknown, says("done")], until)
    assert places(run)[-1] == place


def test_a_pause_that_was_answered_is_told_as_left() -> None:
    """A view that saw it still open would wait there, and not look again."""
    run = paused([says("done")])
    told = moves_told(run)["open"]
    assert told["n"] == 1
    run.go("move", told["key"])  # the driver has not taken it yet
    assert moves_told(run)["open"] is None
    with pytest.raises(UsageError):
        run.go("end", told["key"])
    assert run.moves.until == "move"


def test_the_requests_bytes_are_those_that_go() -> None:
    run = paused(TWO_CALLS)
    told = move_told(run, 1)["request"]
    assert told["is_sent"] is False
    stepped(run)
    assert run.requests[0].body().decode() == told["body"]


class TestEdits:
    def test_a_reply(self) -> None:
        run = paused([calls(call("a:0")), says("done")])
        stepped(run)
        run.edit(json.dumps(calls(call("a:0", arguments='{"text": "mine"}'))))
        assert move_told(run, 2)["reply"]["edited"]
        assert [m["edited"] for m in moves_told(run)["moves"]] == [False, True]
        stepped(run)
        drive(run)
        assert "mine" in str(run.messages[1])
        assert run.messages[2]["content"] == "echo: mine"
        edit = next(event for event in run.events if event.kind == "edited")
        assert edit.place == "reply"  # type: ignore[attr-defined] # an Edited
        assert run.moves[1].was is not None

    def test_arguments_leave_the_message_and_are_told_in_the_result(self) -> None:
        run = paused([calls(call("a:0")), says("done")], "tool")
        run.edit({"text": "other"})
        drive(run)
        assert "hi" in str(run.messages[1])
        assert "The user changed the arguments" in str(run.messages[2])
        assert "echo: other" in str(run.messages[2])

    def test_a_result(self) -> None:
        run = paused([calls(call("a:0"), call("a:1")), says("done")], "tool")
        stepped(run)
        run.edit("nothing of the kind")
        run.moves.until = "end"
        drive(run)
        assert "nothing of the kind" in str(run.messages[2]["content"])
        assert run.messages[3]["content"] == "echo: hi"

    def test_a_request_goes_once_and_the_history_stays(self) -> None:
        run = paused([calls(call("a:0")), says("done")])
        body = json.loads(move_told(run, 1)["request"]["body"])
        body["messages"][-1]["content"] = "something else"
        run.edit(body)
        stepped(run)
        assert run.requests[0].json() == body
        run.moves.until = "end"
        drive(run)
        assert "something else" not in run.requests[1].body().decode()

    def test_a_refused_request_of_the_persons_comes_back_as_the_loop_made_it(self) -> None:
        run = paused([BadRequest("no reasoning", status=400), says("done")])
        body = json.loads(move_told(run, 1)["request"]["body"])
        run.edit({**body, "temperature": 2})
        question = stepped(run)
        assert "before request 1" in question.why
        assert run.finished is None
        assert "temperature" not in move_told(run, len(run.moves))["request"]["body"]
        run.moves.until = "end"
        assert drive(run).answer == "done"

    @pytest.mark.parametrize(
        ("n", "value", "says_what"),
        [
            (1, "{", "not JSON"),
            (1, "[]", "JSON object"),
            (1, "{}", "messages"),
            (2, '{"role": "user", "content": "x"}', "assistant"),
            (2, '{"role": "assistant", "content": ""}', "neither text nor calls"),
            (2, json.dumps(calls(call("a:0"), call("a:0"))), "repeated"),
            (2, json.dumps({**calls(call("a:0")), "reasoning_content": ""}), "change the request"),
            (2, '{"role": "assistant", "tool_calls": [{"id": 1}]}', "tool_calls"),
            (3, "x", "not JSON"),
            (4, None, ""),
        ],
    )
    def test_what_would_break_the_history_is_refused_in_words(
        self, n: int, value: Any, says_what: str
    ) -> None:
        run = paused([calls(call("a:0")), says("done")])
        for _ in range(n - 1):
            stepped(run)
        if says_what:
            with pytest.raises(UsageError, match=says_what):
                run.edit(value)
        else:
            run.edit(value)
        assert run.moves.edit is None
        run.moves.until = "end"
        assert drive(run).answer == "done"

    def test_known_secrets_are_masked_wherever_they_are_written(self) -> None:
        redact = Redactor()
        redact.add("sk-not-to-be-seen")
        run = paused([calls(call("a:0")), says("done")], redact=redact)
        body = move_told(run, 1)["request"]["body"]
        run.edit(body.replace("go", "sk-not-to-be-seen"))
        stepped(run)
        run.edit(calls(call("a:0"), reasoning="sk-not-to-be-seen"))
        stepped(run)
        run.edit({"text": "sk-not-to-be-seen"})
        stepped(run)
        run.edit("sk-not-to-be-seen")
        run.moves.until = "end"
        drive(run)
        sent = [request.body().decode() for request in run.requests]
        for seen in (sent, run.events, run.messages, move_told(run, 4), run.fork(2).moves):
            assert "sk-not-to-be-seen" not in str(seen)

    def test_no_change_after_the_pause(self) -> None:
        run = paused([says("done")])
        key = run.moves.open.key if run.moves.open else ""
        stepped(run)
        with pytest.raises(UsageError):
            run.edit("{}", key)


class TestForks:
    def test_from_a_result_with_another_one(self) -> None:
        run = drive(make_run(TWO_CALLS))
        before = json.dumps(run.messages)
        fork = run.fork(4, edit="no such thing")
        rest(fork)
        assert places(fork) == places(run)[:4]
        assert move_told(fork, 4)["tool"]["edited"]
        fork.recipe.model.script = [says("other")]  # type: ignore[attr-defined] # ScriptedModel
        fork.moves.until = "end"
        drive(fork)
        assert fork.answer == "other"
        assert "no such thing" in str(fork.messages[2]["content"])
        assert fork.messages[3]["content"] == "echo: hi"  # the second call was run in the fork
        assert json.dumps(run.messages) == before
        assert complaints([dict(m) for m in fork.messages]) == []

    def test_reused_replies_are_not_asked_for(self) -> None:
        run = drive(make_run(TWO_CALLS))
        model: Any = run.recipe.model
        n_asked = len(model.requests)
        model.script = [says("again")]
        fork = run.fork(8)
        rest(fork)
        assert len(model.requests) == n_asked
        fork.moves.until = "end"
        assert drive(fork).answer == "again"
        assert len(model.requests) == n_asked + 1

    def test_no_such_move(self) -> None:
        run = drive(make_run([says("done")]))
        for n in (0, 3):
            with pytest.raises(UsageError):
                run.fork(n)


@st.composite
def journeys(draw: Any) -> Run:
    """A run that rests, is changed, looked at and stopped at random."""
    untils = draw(st.lists(st.sampled_from(["move", "tool", "error", "answer", "end"]), max_size=9))
    edits = draw(st.lists(st.booleans(), min_size=1, max_size=9))
    stop_at = draw(st.one_of(st.none(), st.integers(0, 20)))
    run = make_run(draw(scripts()))
    run.moves.until = "move"
    new_text, n = draw(TEXTS), [0]

    def decide(_question: Decide) -> Decision:
        n[0] += 1
        move = run.moves[-1]
        assert move_told(run, move.n)["place"] == move.place
        if n[0] == stop_at:
            run.stop()
        elif edits[n[0] % len(edits)]:
            new = {"request": None, "reply": None, "call": {"text": new_text}, "result": new_text}
            run.edit(new[move.place])
        run.moves.until = untils[n[0]] if n[0] < len(untils) else "move"
        return Decision("run")

    drive(run, decide=decide)
    return run


@settings(max_examples=100, deadline=None)
@given(journeys(), st.data())
def test_whatever_is_done_at_the_pauses_the_history_is_accepted(run: Run, data: Any) -> None:
    assert run.finished is not None
    assert complaints([dict(m) for m in run.messages]) == []
    n = data.draw(st.integers(1, len(run.moves)))
    fork = run.fork(n)
    drive(fork, decide=lambda _: Decision("run"))
    assert complaints([dict(m) for m in fork.messages]) == []


def test_looking_back_sends_and_runs_nothing() -> None:
    ran: list[str] = []
    run = drive(make_run(TWO_CALLS))
    model: Any = run.recipe.model
    n_asked, n_events, before = len(model.requests), len(run.events), json.dumps(run.messages)
    for n in range(len(run.moves), 0, -1):
        told = move_told(run, n)
        assert json.loads(json.dumps(told)) == told
        fork_told(run, n)
    moves_told(run)
    assert (len(model.requests), len(run.events), ran) == (n_asked, n_events, [])
    assert json.dumps(run.messages) == before


class TestLines:
    def test_of_our_loop(self) -> None:
        run = drive(make_run([calls(call("a:0")), says("done")]))
        source = inspect.getsource(agent_loop).splitlines()
        told = [move_told(run, move.n) for move in run.moves]
        lines = [source[t["line"] - 1].strip().split(" = ")[-1] for t in told]
        ask, act = "yield Ask(messages, tools)", "yield Act(calls)"
        assert lines == [ask, ask, act, act, ask, ask]
        at_call = told[2]
        assert [t["text"] for t in at_call["tests"]] == ["no: calls has 1 item"]
        assert [source[n - 1].strip() for n in at_call["skipped"]] == ["return reply"]
        end = passage(run.cursor, len(run.cursor.sends))
        assert [b.text for b in end.branches] == ["yes: calls is None"]
        assert moves_told(run)["loop"]["source"] == inspect.getsource(agent_loop)

    def test_of_a_learners_loop(self) -> None:
        def mine(messages: Any, tools: Any) -> Any:
            for turn in range(3):
                reply = yield Ask(messages, tools)
                messages.append(reply)
                if "tool_calls" in reply and turn < 2:
                    messages.extend((yield Act(reply["tool_calls"])))
                else:
                    break
            return reply

        run = drive(make_run([calls(call("a:0")), says("done")], loop=mine))
        assert [move_told(run, m.n)["line"] for m in run.moves] == [3, 3, 6, 6, 3, 3]
        told = move_told(run, 3)
        assert told["tests"][0]["text"].startswith("yes: ")
        assert told["skipped"] == [8]
        assert passage(run.cursor, 3).ran == (4, 5, 8, 9)


class TestMistakes:
    """A learner's loop that breaks the protocol is told how to mend it."""

    @staticmethod
    def told(loop: Any, *script: Any) -> str:
        run = make_run(list(script) or [says("ok")], loop=loop)
        drive(run)
        assert run.finished is not None
        assert run.finished.reason == "error"
        return run.finished.text

    def test_nothing_appended(self) -> None:
        def loop(messages: Any, tools: Any) -> Any:
            while True:
                yield Ask(messages, tools)

        assert "messages.append(reply)" in self.told(loop)

    def test_results_left_out(self) -> None:
        def loop(messages: Any, tools: Any) -> Any:
            while True:
                reply = yield Ask(messages, tools)
                messages.append(reply)
                yield Act(reply["tool_calls"])

        assert "messages.extend(results)" in self.told(loop, calls(call("a:0")))

    def test_returns_too_early(self) -> None:
        def loop(messages: Any, tools: Any) -> Any:
            messages.append((yield Ask(messages, tools)))

        text = self.told(loop, calls(call("a:0")))
        assert "still waits for the result of echo" in text

    def test_yields_something_else(self) -> None:
        def loop(messages: Any, _tools: Any) -> Any:
            yield messages

        with pytest.raises(Exception, match="It may yield"):
            make_run([], loop=loop)

    def test_yields_nothing(self) -> None:
        def loop(messages: Any, tools: Any) -> Any:
            reply = yield Ask(messages, tools)
            messages.append(reply)
            yield

        assert "yielded nothing" in self.told(loop)

    def test_no_generator(self) -> None:
        with pytest.raises(Exception, match="generator function"):
            make_run([], loop=lambda messages, _tools: messages)

    def test_returns_something_else(self) -> None:
        def loop(messages: Any, tools: Any) -> Any:
            messages.append((yield Ask(messages, tools)))
            return "fine"

        assert "may return the last reply" in self.told(loop)


def test_control_a_loop_that_is_run_by_hand_cannot_go_back() -> None:
    """The positive control: a generator has no way back; only its recorded sends have."""
    loop = agent_loop([{"role": "user", "content": "go"}], [])
    assert isinstance(next(loop), Ask)
    with pytest.raises(TypeError):
        __import__("copy").copy(loop)


def test_a_model_call_is_asked_for_only_after_the_pause() -> None:
    run = make_run([says("done")])
    run.moves.until = "move"
    assert isinstance(run.pending(), Decide)
    run.moves.until = "end"
    run.deliver(run.pending(), Decision("run"))  # type: ignore[arg-type] # it rests
    assert isinstance(run.pending(), AskModel)


def test_who_hears_of_a_pause_can_leave_it_at_once() -> None:
    """Another thread may answer before the event of the pause has come back."""
    run = make_run([calls(call("a:0")), says("done")])
    run.moves.until = "move"
    run.subscribe(lambda event: run.go("end") if event.kind == "paused" else None)
    drive(run, decide=lambda question: run.decided[1] if run.decided else pytest.fail(question.why))
    assert run.answer == "done"
    assert sum(event.kind == "paused" for event in run.events) == 1
