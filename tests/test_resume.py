"""A run goes on from its record: nothing said is lost, nothing done is done twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbagent.events import TRANSIENT, Event, RunStarted, from_dict, to_dict
from nbagent.loop import agent_loop
from nbagent.messages import first_fault
from nbagent.run import Run
from nbagent.run.resume import FRESH_KERNEL, GO_ON, RunRecord, gone_on, restored, resumed
from nbagent.run.work import AskModel, Decide, Decision, RunTool
from nbagent.tools import Tool, ToolResult
from tests.scripted import call, calls, drive, echo_tool, make_run, says
from tests.test_run import scripts

SCRIPT = [calls(call("a:0"), call("a:1")), calls(call("b:0")), says("done")]


class Killed(BaseException):
    """The kernel is gone."""


class Tape:
    """Keeps what a journal keeps, and can kill the run when an event has been written.

    Args:
        at: the number of the event after which the run is killed; None for never.
    """

    def __init__(self, run: Run, at: int | None = None) -> None:
        self.run = run
        self.at = at
        self.is_dead = False
        self.events: list[Event] = []
        self.sends: list[Any] = list(run.cursor.sends)
        self.sends_seq = 0
        run.subscribe(self.apply)

    def apply(self, event: Event) -> None:
        if isinstance(event, TRANSIENT) or self.is_dead:
            return
        self.events.append(from_dict(to_dict(event)))
        if len(self.run.cursor.sends) > len(self.sends):
            self.sends = list(self.run.cursor.sends)
            self.sends_seq = event.seq
        if self.at is not None and len(self.events) > self.at:
            self.is_dead = True
            raise Killed

    @property
    def record(self) -> RunRecord:
        return RunRecord(
            events=tuple(self.events),
            origin=self.run.cursor.origin,
            sends=tuple(self.sends),
            sends_seq=self.sends_seq,
        )


class Counter:
    """A tool that counts how often each call took place."""

    def __init__(self, effect: Any) -> None:
        self.done: list[str] = []
        self.tool = Tool("echo", "Say it again.", echo_tool().parameters, self._call, effect)

    def _call(self, arguments: dict[str, Any], _context: Any) -> ToolResult:
        self.done.append(arguments["text"])
        return ToolResult(content=f"echo: {arguments['text']}")


def cut_off(script: list[Any], at: int, tool: Tool) -> tuple[RunRecord, Run]:
    """A run that was killed when its event `at` had been written."""
    run = make_run(script, tools=[tool])
    tape = Tape(run, at)
    with pytest.raises(Killed):
        drive(run)
    return tape.record, run


def taken_up(record: RunRecord, run: Run, *, is_fresh: bool = False) -> Run:
    """The run in its next kernel, with what is left of the script."""
    recipe = run.recipe
    beginning = resumed(record, agent_loop, recipe.tools, kernel="next", is_fresh=is_fresh)
    return Run(recipe, prompt="", started=run.started, beginning=beginning)


def numbered(n_calls: int) -> list[Any]:
    """A script whose calls can be told apart."""
    script: list[Any] = [
        calls(call(f"c{i}:0", arguments=f'{{"text": "{i}"}}')) for i in range(n_calls)
    ]
    return [*script, says("done")]


def n_events(script: list[Any], tool: Tool) -> int:
    run = make_run(list(script), tools=[tool])
    drive(run)
    return len(run.events)


def spoken(run: Run) -> list[Any]:
    return [m for m in run.messages if m["role"] == "assistant"]


@pytest.mark.parametrize("effect", ["pure", "kernel", "external"])
def test_killed_anywhere_a_run_goes_on_and_no_effect_takes_place_twice(effect: Any) -> None:
    script = numbered(3)
    for at in range(1, n_events(script, Counter(effect).tool) - 1):
        counter = Counter(effect)
        record, run = cut_off(list(script), at, counter.tool)
        asked: list[str] = []

        def decide(question: Decide, asked: list[str] = asked) -> Decision:
            asked.append(question.kind)
            return Decision("deny")

        again = drive(taken_up(record, run), decide=decide)
        assert again.answer == "done", at
        assert first_fault(again.messages) is None
        assert [m["reasoning_content"] for m in spoken(again)] == ["I must look."] * 3 + ["I know."]
        seqs = [event.seq for event in again.events]
        assert seqs == sorted(set(seqs))
        assert sum(event.kind == "run_finished" for event in again.events) == 1
        if effect != "pure":
            assert len(counter.done) == len(set(counter.done)), at
            assert len(asked) + len(counter.done) == 3
        else:
            assert not asked


def killed_in_a_tool() -> tuple[RunRecord, Run, Counter]:
    """A run whose kernel ended when its tool had done its work and had not returned."""
    counter = Counter("external")
    run = make_run(numbered(1), tools=[counter.tool])
    tape = Tape(run)
    while not isinstance(work := run.pending(), RunTool):
        assert isinstance(work, AskModel)
        for arrival in run.recipe.model.arrivals(0.0):  # type: ignore[attr-defined] # the scripted one
            run.deliver(work, arrival)
    run.recipe.tools.call(work.call, None)  # type: ignore[arg-type] # this tool needs no context
    return tape.record, run, counter


def test_to_call_again_what_has_no_result_does_it_twice() -> None:
    """The positive control: this is what a resume from the last whole message does."""
    record, run, counter = killed_in_a_tool()
    beginning = resumed(record, agent_loop, run.recipe.tools, kernel="next", is_fresh=False)
    naive = replace(beginning, unknown=None)
    drive(Run(run.recipe, prompt="", started=run.started, beginning=naive))
    assert counter.done == ["0", "0"]


@pytest.mark.parametrize(
    ("decision", "n_done", "told"),
    [
        (Decision("run"), 2, "echo: 0"),
        (Decision("done"), 1, "The user says that it was done"),
        (Decision("deny"), 1, "nobody knows whether it took place"),
    ],
)
def test_the_person_says_what_becomes_of_a_call_that_nobody_saw_end(
    decision: Decision, n_done: int, told: str
) -> None:
    record, run, counter = killed_in_a_tool()
    again = drive(taken_up(record, run), decide=lambda _: decision)
    assert len(counter.done) == n_done
    (result,) = [m for m in again.messages if m["role"] == "tool"]
    assert told in str(result["content"])
    given = [e for e in again.events if e.kind == "approval_given"]
    assert [(e.about, e.decision) for e in given] == [("outcome", decision.action)]  # type: ignore[attr-defined] # ApprovalGiven


def test_a_stop_at_that_question_leaves_the_outcome_unknown() -> None:
    record, run, counter = killed_in_a_tool()
    again = taken_up(record, run)
    assert isinstance(again.pending(), Decide)
    again.stop()
    drive(again)
    assert again.finished is not None
    assert again.finished.reason == "stopped"
    assert counter.done == ["0"]
    assert first_fault(again.messages) is None


def test_the_model_is_told_of_a_new_kernel_once_wherever_it_was_killed() -> None:
    script = numbered(2)
    for at in range(1, n_events(script, Counter("kernel").tool) - 1):
        counter = Counter("kernel")
        record, run = cut_off(list(script), at, counter.tool)
        again = drive(taken_up(record, run, is_fresh=True), decide=lambda _: Decision("deny"))
        notes = [m for m in again.messages if FRESH_KERNEL in str(m.get("content"))]
        is_last_word = record.events[-1].kind == "reply_received" and len(spoken(run)) == 2
        assert len(notes) == (0 if is_last_word else 1), at
        assert first_fault(again.messages) is None


def test_what_a_reply_had_streamed_is_shown_as_discarded_and_not_sent() -> None:
    record, run = cut_off(numbered(0), 1, echo_tool())
    cut = RunRecord(events=record.events, origin=record.origin, sends=(), partial="half a thou")
    again = drive(taken_up(cut, run))
    (retry,) = [e for e in again.events if e.kind == "retry_scheduled"]
    assert retry.discarded == "half a thou"  # type: ignore[attr-defined] # a RetryScheduled
    assert "half a thou" not in str(again.messages)
    assert again.metrics()["run"]["n_steps"] == 1


def test_a_second_resume_goes_on_from_the_first() -> None:
    counter = Counter("kernel")
    record, run = cut_off(numbered(3), 4, counter.tool)
    again = taken_up(record, run, is_fresh=True)
    tape = Tape(again, len(again.events) + 4)
    tape.events = list(again.events)
    with pytest.raises(Killed):
        drive(again, decide=lambda _: Decision("deny"))
    third = drive(taken_up(tape.record, again), decide=lambda _: Decision("deny"))
    assert third.answer == "done"
    assert len(counter.done) == len(set(counter.done))


def test_what_was_spent_before_counts_after() -> None:
    record, run = cut_off(numbered(3), 8, echo_tool())
    before = run.limits.account.spent
    again = taken_up(record, run)
    assert again.limits.account.spent == before
    assert before.steps == 2
    drive(again)
    assert again.limits.account.spent.steps == 4
    assert again.limits.account.spent.tool_calls == 3


def test_a_run_that_ended_comes_back_as_it_was_and_its_conversation_goes_on() -> None:
    run = make_run(list(SCRIPT))
    tape = Tape(run)
    drive(run)
    back = Run(
        run.recipe,
        prompt="",
        started=run.started,
        beginning=restored(tape.record, agent_loop, run.recipe.tools),
    )
    assert back.pending() is None
    assert back.answer == "done"
    assert back.messages == run.messages
    assert back.metrics() == run.metrics()
    back.stop()
    assert back.pending() is None


def test_another_run_goes_on_where_one_was_stopped() -> None:
    run = make_run(list(SCRIPT))
    tape = Tape(run)
    drive(run, between=lambda run, i: run.stop() if i == 2 else None)
    beginning = gone_on(tape.record, agent_loop, run.recipe.tools, is_fresh=False)
    other = Run(
        run.recipe,
        prompt="",
        started=RunStarted(run_id="run-2", prompt="go", model="test"),
        beginning=beginning,
    )
    drive(other)
    assert other.answer == "done"
    assert [m.get("content") for m in other.messages].count(GO_ON) == 1
    assert first_fault(other.messages) is None


def skips(question: Decide) -> Decision:
    """Leave what nobody knows; let calls repeat themselves."""
    return Decision("deny" if question.kind == "outcome" else "run")


@given(script=scripts(), at=st.integers(1, 40), is_fresh=st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_run_goes_on_from_any_cut(script: list[Any], at: int, *, is_fresh: bool) -> None:
    counter = Counter("external")
    if at >= n_events(script, Counter("external").tool) - 1:
        return
    record, run = cut_off(list(script), at, counter.tool)
    again = drive(taken_up(record, run, is_fresh=is_fresh), decide=skips)
    assert again.finished is not None
    assert again.finished.reason == "answer"
    assert first_fault(again.messages) is None
    n_calls = sum(len(reply.get("tool_calls", ())) for reply in script)
    assert len(counter.done) + sum("nobody knows" in str(m) for m in again.messages) == n_calls
