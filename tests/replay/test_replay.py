"""A replay says and does what the record says: same history, same code, nothing sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbagent.clock import ManualClock
from nbagent.events import RunStarted, Steered, ToolStarted
from nbagent.policy import allow_all, asking
from nbagent.redact import MASK, Redactor
from nbagent.replay import Replay
from nbagent.run import Run
from nbagent.run.recorded import recorded
from nbagent.run.work import AskModel, Decide, Decision, RunTool
from nbagent.settings import Settings
from nbagent.tools import Tool, ToolContext, ToolResult, Toolset
from tests.scripted import NoExecutor, call, calls, drive, make_run, says

SCHEMA = {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}
ALWAYS = Settings(ask="always")


class Bench:
    """A tool that notes what it was run with; `bad` code fails."""

    def __init__(self, effect: Any = "kernel") -> None:
        self.ran: list[str] = []
        self.tool = Tool("run_python", "Run.", SCHEMA, self._run, effect)

    def _run(self, arguments: dict[str, Any], _: ToolContext) -> ToolResult:
        code = arguments["code"]
        self.ran.append(code)
        if "bad" in code:
            return ToolResult(content=f"KeyError in {code}", is_error=True, outcome="KeyError")
        return ToolResult(content=f"ran {code}")


def code(n: int, text: str) -> Any:
    return call(f"c{n}", "run_python", json.dumps({"code": text}))


def replay_of(
    events: Sequence[Any], tool: Tool, *, in_force: Settings | None = None
) -> tuple[Run, Replay]:
    """A replay, driven to its end."""
    making = Replay(recorded(events))
    recipe = making.recipe(
        Toolset([tool]), in_force or Settings(), ManualClock(), redact=Redactor()
    )
    started = RunStarted(run_id="run-2", prompt="go", model="test", replays="run-1")
    run = Run(recipe, prompt="go", started=started)
    run.subscribe(making.follow(run.say))
    while (work := run.pending()) is not None:
        if isinstance(work, AskModel):
            recipe.model.start(work.request, lambda arrival, work=work: run.deliver(work, arrival))
        elif isinstance(work, RunTool):
            context = ToolContext(NoExecutor(), lambda _output: None)
            run.deliver(work, run.recipe.tools.call(work.call, context))
        else:
            pytest.fail(f"a replay waits for {work}")
    return run, making


def history(run: Run) -> list[Any]:
    return [dict(message) for message in run.messages]


def saved(script: Sequence[Any], bench: Bench, **given_: Any) -> Run:
    decide = given_.pop("decide", lambda _: Decision("run"))
    between = given_.pop("between", lambda _run, _i: None)
    return drive(make_run(script, tools=[bench.tool], **given_), decide=decide, between=between)


def test_code_runs_again_also_where_it_failed() -> None:
    script = [calls(code(1, "bad x"), code(2, "x = 1")), calls(code(3, "y = x")), says("There.")]
    bench, again = Bench(), Bench()
    first = saved(script, bench)
    run, making = replay_of(first.events, again.tool)
    assert again.ran == bench.ran == ["bad x", "x = 1", "y = x"]
    assert history(run) == history(first)
    assert run.answer == "There."
    assert making.stood == []


def test_nothing_is_sent_and_nothing_costs() -> None:
    first = saved([calls(code(1, "x")), says("1")], Bench(), facts={"price": (1.0, 1.0, 1.0)})
    assert first.metrics()["run"]["cost_usd"] is not None
    run, _ = replay_of(first.events, Bench().tool)
    figures = run.metrics()["run"]
    assert figures["cost_usd"] is None
    assert (figures["prompt_tokens"], figures["completion_tokens"]) == (0, 0)
    assert not any(e.sent for e in run.events if e.kind == "step_started")  # type: ignore[attr-defined] # a StepStarted
    assert any(e.sent for e in first.events if e.kind == "step_started")  # type: ignore[attr-defined] # the same


def test_a_denied_call_stays_denied() -> None:
    def decide(question: Decide) -> Decision:
        risky = question.kind == "call" and "rm" in str(question.call)
        return Decision("deny", why="keep it") if risky else Decision("run")

    first = saved(
        [calls(code(1, "rm all"), code(2, "x")), says("ok")],
        Bench(),
        gate=asking("always"),
        decide=decide,
    )
    again = Bench()
    run, making = replay_of(first.events, again.tool)
    assert again.ran == ["x"]
    assert history(run) == history(first)
    assert "keep it" in str(history(run))
    assert not [e for e in run.events if isinstance(e, ToolStarted) and e.index == 0]
    assert making.stood == []


def test_what_the_person_edited_runs_as_edited() -> None:
    def decide(question: Decide) -> Decision:
        return Decision("edit", arguments={"code": "x = 2"})

    bench, again = Bench(), Bench()
    first = saved(
        [calls(code(1, "x = 1")), says("ok")], bench, gate=asking("always"), decide=decide
    )
    run, _ = replay_of(first.events, again.tool)
    assert again.ran == bench.ran == ["x = 2"]
    assert history(run) == history(first)


@pytest.mark.parametrize(
    "decision", [Decision("deny", why="mine"), Decision("edit", arguments={"content": "less"})]
)
def test_a_result_that_was_kept_back_is_kept_back_again(decision: Decision) -> None:
    def decide(question: Decide) -> Decision:
        return decision if question.kind == "result" else Decision("run")

    first = saved([calls(code(1, "secret")), says("ok")], Bench(), settings=ALWAYS, decide=decide)
    again = Bench()
    run, _ = replay_of(first.events, again.tool)
    assert again.ran == ["secret"], "the variables are to be there"
    assert history(run) == history(first)
    assert "ran secret" not in str(history(run))


def test_what_the_person_said_meanwhile_is_said_again() -> None:
    def between(run: Run, i: int) -> None:
        if i == 1:
            run.say("Be brief.")

    first = saved([calls(code(1, "x")), says("a"), says("b")], Bench(), between=between)
    run, _ = replay_of(first.events, Bench().tool)
    assert [e.text for e in run.events if isinstance(e, Steered)] == ["Be brief."]
    assert history(run) == history(first)


def test_what_acts_outside_is_not_done_again() -> None:
    first = saved([calls(code(1, "post")), says("ok")], Bench("external"))
    again = Bench("external")
    run, making = replay_of(first.events, again.tool)
    assert again.ran == []
    assert history(run) == history(first)
    assert [(c.step, why) for c, why in making.stood] == [(1, "it acts outside this kernel")]


def test_code_with_a_masked_secret_is_not_run_again() -> None:
    redact = Redactor()
    redact.add("hunter2hunter2")
    first = saved([calls(code(1, "k = 'hunter2hunter2'")), says("ok")], Bench(), redact=redact)
    again = Bench()
    run, making = replay_of(first.events, again.tool)
    assert again.ran == []
    assert MASK in str(history(run))
    assert making.stood[0][1] == "a secret in it is masked in the record"


def test_a_tool_that_is_not_here_is_named() -> None:
    first = saved([calls(code(1, "x")), says("ok")], Bench())
    other = replace(Bench().tool, name="another")
    run, _ = replay_of(first.events, other)
    assert "There is no tool called run_python" in str(history(run))
    assert run.answer == "ok"


def test_no_limit_and_no_question_stands_in_the_way() -> None:
    script = [*(calls(code(n, f"x{n}")) for n in range(8)), says("ok")]
    strict = Settings(max_steps=2, max_minutes=0.000001, ask="always")
    run, _ = replay_of(saved(script, Bench()).events, Bench().tool, in_force=strict)
    assert run.finished
    assert run.finished.reason == "answer"


def test_a_full_window_takes_no_reply_for_a_summary() -> None:
    script = [*(calls(code(n, f"x{n} = '{'long ' * 16_000}'")) for n in range(8)), says("ok")]
    narrow = Settings(max_context_tokens=20_000)
    first = saved(script, Bench(), settings=Settings(compact_share=0))
    again = Bench()
    run, _ = replay_of(first.events, again.tool, in_force=narrow)
    assert len(again.ran) == 8
    assert history(run) == history(first)
    live = saved(script, Bench(), settings=narrow)
    assert any(e.kind.startswith("compact") for e in live.events), "the control: it is full"


def test_a_record_that_was_cut_short_says_so() -> None:
    first = saved([calls(code(1, "x")), says("ok")], Bench())
    cut = [e for e in first.events if getattr(e, "step", 1) == 1]
    run, _ = replay_of(cut, Bench().tool)
    assert run.finished
    assert run.finished.reason == "error"
    assert "no further reply" in run.finished.text


def test_a_fork_of_a_replay_has_no_replies() -> None:
    run, _ = replay_of(saved([calls(code(1, "x")), says("ok")], Bench()).events, Bench().tool)
    arrivals: list[Any] = []
    run.recipe.model.again().start(run.requests[0], arrivals.append)
    assert "no further reply" in str(arrivals[0].error)


def test_a_call_that_the_record_has_not_is_judged_as_ever() -> None:
    from nbagent.policy import ProposedCall, Wait  # noqa: PLC0415 -- of this test alone

    first = saved([calls(code(1, "x")), says("ok")], Bench())
    gate = Replay(recorded(first.events)).gate(asking("always"))
    assert isinstance(gate(ProposedCall("run_python", {"code": "y"}, "kernel", 1)), Wait)
    assert not isinstance(gate(ProposedCall("run_python", {"code": "x"}, "kernel", 1)), Wait)


def test_running_every_call_again_would_be_found() -> None:
    """The positive control: a replay that only feeds the replies runs what was denied."""

    def decide(_: Decide) -> Decision:
        return Decision("deny")

    first = saved(
        [calls(code(1, "rm all")), says("ok")], Bench(), gate=asking("always"), decide=decide
    )
    naive = Bench()
    replies = [step.message for step in recorded(first.events).steps]
    run = drive(make_run([m for m in replies if m], tools=[naive.tool], gate=allow_all))
    assert naive.ran == ["rm all"]
    assert history(run) != history(first)


texts = st.sampled_from(["x = 1", "bad", "y", "z = 3", "bad again"])
decisions = st.sampled_from(
    [
        Decision("run"),
        Decision("deny", why="no"),
        Decision("edit", arguments={"code": "edited", "content": "edited"}),
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(texts, min_size=1, max_size=3), max_size=4), st.lists(decisions))
def test_any_run_is_replayed_to_the_same_history(
    steps: list[list[str]], answers: list[Decision]
) -> None:
    script = [
        *(calls(*(code(i, text) for i, text in enumerate(texts_))) for texts_ in steps),
        says("done"),
    ]
    left = list(answers)

    def decide(_: Decide) -> Decision:
        return left.pop() if left else Decision("run")

    bench, again = Bench(), Bench()
    first = saved(script, bench, gate=asking("always"), settings=ALWAYS, decide=decide)
    run, _ = replay_of(first.events, again.tool)
    assert again.ran == bench.ran
    assert history(run)[1:] == history(first)[1:]
