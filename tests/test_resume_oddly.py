"""A run goes on from its record where more than a reply or a result was in hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from nbagent.events import ApprovalAsked, Edited, Event, Steered, ToolStarted
from nbagent.messages import first_fault
from nbagent.meter import Meter
from nbagent.run import Run
from nbagent.run.resume import FRESH_KERNEL
from nbagent.run.work import Decide, Decision
from nbagent.settings import Settings
from nbagent.trace import TRACE_MIME
from nbagent.trace.bundle import mimebundle
from nbagent.view import RunView
from tests.kills.story import one_by_one
from tests.scripted import ScriptedModel, call, calls, drive, make_run, says
from tests.strict import complaints
from tests.test_resume import Counter, Killed, Tape

TWO = [calls(call("a:0", arguments='{"text": "0"}'), call("a:1", arguments='{"text": "1"}'))]


def killed_at(
    run: Run, at: Callable[[Event], bool], decide: Callable[[Decide], Decision] | None = None
) -> Tape:
    """Kill a run right after the first event that is the one."""
    tape = Tape(run)

    def look(event: Event) -> None:
        if not tape.is_dead and at(event):
            tape.is_dead = True
            raise Killed

    run.subscribe(look)
    with pytest.raises(Killed):
        drive(run, decide=decide or (lambda _: Decision("run")))
    return tape


def goes_on(tape: Tape, *, is_fresh: bool = False, script: list[Any] | None = None) -> Run:
    model = ScriptedModel([says("done")] if script is None else script)
    recipe = replace(tape.run.recipe, model=model)
    return Run.taken_up(tape.record, recipe, kernel="next", is_fresh=is_fresh)


def contents(run: Run, role: str) -> list[Any]:
    return [m.get("content") for m in run.messages if m["role"] == role]


@pytest.mark.parametrize("effect", ["pure", "external"])
def test_a_result_that_was_held_is_held_again(effect: Any) -> None:
    counter = Counter(effect)
    run = make_run(list(TWO), tools=[counter.tool], settings=Settings(ask="always"))
    tape = killed_at(run, lambda e: isinstance(e, ApprovalAsked) and e.about == "result")
    again = goes_on(tape)
    question = again.pending()
    assert isinstance(question, Decide)
    assert question.kind == "result"
    drive(again, decide=lambda q: Decision("deny" if q.kind == "result" else "run"))
    assert counter.done == ["0", "1"]
    assert "echo" not in str(contents(again, "tool"))


def test_a_result_that_the_person_edited_goes_as_edited() -> None:
    run = make_run(list(TWO), tools=[Counter("external").tool])
    run.moves.until = "move"

    def decide(_: Decide) -> Decision:
        if run.moves[-1].place == "result" and run.moves[-1].index == 0:
            run.edit("nothing to see")
        return Decision("run")

    tape = killed_at(run, lambda e: isinstance(e, Edited), decide)
    again = drive(goes_on(tape))
    edited, whole = contents(again, "tool")
    assert edited.endswith("\nnothing to see")
    assert whole == "echo: 1"
    assert "echo: 0" not in str(again.messages)


@pytest.mark.parametrize("script", [[*TWO, says("done")], [says("soon"), says("done")]])
def test_what_the_person_said_last_is_not_lost(script: list[Any]) -> None:
    run = make_run(list(script), tools=[Counter("external").tool])
    run.say("And blue, please.")
    again = goes_on(killed_at(run, lambda e: isinstance(e, Steered)))
    drive(again)
    assert contents(again, "user") == ["go", "And blue, please."]
    assert [e.kind for e in again.events].count("steered") == 1
    assert complaints([dict(m) for m in again.messages]) == []


def test_a_stop_after_it_loses_neither_that_nor_the_note() -> None:
    run = make_run(list(TWO), tools=[Counter("external").tool])
    run.say("And blue, please.")
    again = goes_on(killed_at(run, lambda e: isinstance(e, Steered)), is_fresh=True)
    again.stop()
    again.say("Too late.")
    drive(again)
    assert again.finished is not None
    assert again.finished.reason == "stopped"
    assert contents(again, "user") == ["go", FRESH_KERNEL, "And blue, please."]


def test_the_note_waits_until_every_call_of_a_reply_has_its_result() -> None:
    run = make_run(list(TWO), tools=[Counter("external").tool], loop=one_by_one)
    tape = killed_at(run, lambda e: isinstance(e, ToolStarted) and e.index == 1)
    again = drive(goes_on(tape, is_fresh=True), decide=lambda _: Decision("deny"))
    assert first_fault(again.messages) is None
    assert again.answer == "done"
    assert contents(again, "user") == ["go", FRESH_KERNEL]


@pytest.mark.parametrize(("n", "place"), [(2, "reply"), (3, "call"), (4, "result"), (5, "call")])
def test_a_fork_that_was_killed_at_rest_goes_on_from_what_it_had_in_hand(
    n: int, place: str
) -> None:
    counter = Counter("external")
    first = make_run([*TWO, says("first")], tools=[counter.tool])
    drive(first)
    assert first.moves[n - 1].place == place
    fork = first.forked(n)
    fork.run_id = "run-2"
    tape = killed_at(fork, lambda e: e.kind == "paused")
    again = goes_on(tape)
    assert isinstance(question := again.pending(), Decide)
    assert question.kind == "move"
    again.moves.until = "end"
    drive(again)
    assert again.answer == "done"
    known = {"result": ["0"]}.get(place, ["0"] if n == 5 else [])
    assert counter.done == ["0", "1", *(text for text in ["0", "1"] if text not in known)]
    assert contents(again, "tool") == ["echo: 0", "echo: 1"]
    assert again.messages[1] == first.messages[1], "not asked for again"


def test_without_what_it_had_in_hand_the_fork_runs_a_call_again() -> None:
    """The control."""
    counter = Counter("external")
    first = make_run([*TWO, says("first")], tools=[counter.tool])
    drive(first)
    fork = first.forked(4)
    tape = killed_at(fork, lambda e: e.kind == "paused")
    tape.events[0] = replace(tape.events[0], in_hand=None)  # type: ignore[call-arg] # a RunStarted
    again = goes_on(tape)
    again.moves.until = "end"
    drive(again)
    assert counter.done == ["0", "1", "0", "1"]


def test_its_trace_tells_of_it() -> None:
    run = make_run(list(TWO), tools=[Counter("external").tool])
    again = goes_on(killed_at(run, lambda e: isinstance(e, ToolStarted)), is_fresh=True)
    drive(again, decide=lambda _: Decision("deny"))
    view, meter = RunView(), Meter()
    for event in again.events:
        view.apply(event)
        meter.apply(event)
    forms = mimebundle(view, meter)
    told = "Resumed from the record in a new kernel; variables from before are gone."
    for form in ("text/html", TRACE_MIME):
        assert told in str(forms[form]), form
        assert "outcome unknown" in str(forms[form]), form


def test_what_a_fork_began_with_is_not_what_goes_on_from_its_end() -> None:
    first = make_run([*TWO, says("first")], tools=[Counter("external").tool])
    drive(first)
    fork = first.forked(4)
    fork.moves.until = "end"
    fork.stop()
    drive(fork)
    tape = Tape(fork)
    assert tape.record.started.in_hand is not None
    model = ScriptedModel([says("third")])
    onward = Run.going_on(tape.record, replace(fork.recipe, model=model))
    assert onward.started.in_hand is None
    again = Run.going_on(tape.record, replace(fork.recipe, model=ScriptedModel([says("fourth")])))
    assert drive(onward).answer == "third"
    assert drive(again).answer == "fourth", "it can go on twice"
    assert complaints([dict(m) for m in onward.messages]) == []
