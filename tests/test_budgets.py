"""Budgets: every limit, of a run or a conversation, stops before it is passed, between steps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nbagent.clock import ManualClock
from nbagent.errors import ConnectionFailed, SettingsError
from nbagent.events import Paused, ReplyReceived, StepStarted
from nbagent.kernel.person import Nobody
from nbagent.magics.config import Kimi
from nbagent.magics.options import OPTIONS
from nbagent.messages import Message, Record
from nbagent.policy import LIMITS, Account, Budget, Spent, setting_of
from nbagent.ports import Failure, Piece, Reply
from nbagent.run import Run
from nbagent.run.outgoing import Estimate
from nbagent.run.work import AskModel, Decide, Decision, Elapsed, WaitUntil
from nbagent.settings import Settings
from nbagent.tools import Tool, ToolResult
from nbagent.view import RunView
from tests.compacting import SmallModel, run_of
from tests.scripted import USAGE, call, calls, drive, make_run, says
from tests.strict import complaints

A_DOLLAR_A_TOKEN = (1e6, 1e6, 1e6)
TOKENS = USAGE["prompt_tokens"] + USAGE["completion_tokens"]
NO = Decision("deny")


def endless(n: int = 60, n_calls: int = 1) -> list[Message]:
    """Replies that call a tool, each a bit otherwise than the one before."""
    return [
        calls(*(call(f"c:{k}", arguments=json.dumps({"text": f"{i} {k}"})) for k in range(n_calls)))
        for i in range(n)
    ]


def slow_tool(clock: ManualClock, seconds: float) -> Tool:
    def work(arguments: dict[str, Any], _context: object) -> ToolResult:
        clock.sleep(seconds)
        return ToolResult(content=f"echo {arguments['text']}")

    schema = {"type": "object", "properties": {"text": {"type": "string"}}}
    return Tool("echo", "Takes its time.", schema, work, "pure")


def limited(*, conversation: bool = False, account: Account | None = None, **limits: float) -> Run:
    scope = "conversation" if conversation else "run"
    clock = ManualClock()
    wide: dict[str, Any] = {"max_usd": 1e9, "max_steps": 1_000}
    return make_run(
        endless(),
        facts={"price": A_DOLLAR_A_TOKEN},
        settings=Settings(**wide | {setting_of(scope, k): v for k, v in limits.items()}),
        tools=[slow_tool(clock, 60.0)],
        clock=clock,
        account=account or Account(),
    )


EACH: dict[str, tuple[float, str, int]] = {
    "steps": (4, "4 steps limit", 4),
    "tool_calls": (4, "4 tool calls limit", 4),
    "total_tokens": (4.2 * TOKENS, "462 tokens limit", 3),
    "usd": (4.2 * TOKENS, "$462.00 limit", 3),
    "minutes": (3.5, "3.5 minutes limit", 4),
}
"""By limit: how much of it, its words, and after how many steps it stops."""


@pytest.mark.parametrize("conversation", [False, True])
@pytest.mark.parametrize("name", EACH)
def test_each_limit_stops_between_steps(name: str, *, conversation: bool) -> None:
    amount, words, n_steps = EACH[name]
    run = limited(conversation=conversation, **{name: amount})
    drive(run, decide=lambda _: NO)
    assert run.finished is not None
    assert run.finished.reason == "limit"
    assert f"{words}{' of this conversation' if conversation else ''} reached" in run.finished.text
    assert "`%kimi continue`" in run.finished.text
    assert "allows more" in run.finished.text
    assert len(run.requests) == n_steps
    assert complaints([dict(m) for m in run.messages]) == []
    assert run.messages[-1]["role"] == "tool"


def test_a_table_of_limits_is_all_there_is() -> None:
    """Each limit has its setting, its option, its trait, its count and its row above."""
    assert set(LIMITS) == set(EACH)
    flags = {flag for names, _ in OPTIONS for flag in names}
    traits = Kimi.class_trait_names(config=True)
    for name in LIMITS:
        assert hasattr(Settings(), setting_of("conversation", name))
        assert {setting_of("run", name), setting_of("conversation", name)} <= set(traits)
        assert f"--max-{name.replace('_', '-')}" in flags
        assert hasattr(Spent(), name)


@pytest.mark.parametrize("name", EACH)
def test_a_limit_that_is_extended_goes_on_by_as_much(name: str) -> None:
    amount, _, n_steps = EACH[name]
    asked: list[Decide] = []

    def decide(question: Decide) -> Decision:
        asked.append(question)
        return Decision("run" if len(asked) == 1 else "deny")

    run = limited(**{name: amount})
    drive(run, decide=decide)
    assert len(asked) == 2
    assert 2 * n_steps <= len(run.requests) <= 2 * n_steps + 2
    assert asked[0].key != asked[1].key
    assert "Go on for another" in asked[0].text


def test_allowing_more_of_one_thing_allows_no_more_of_another() -> None:
    run = limited(steps=2, tool_calls=3)
    texts: list[str] = []

    def decide(question: Decide) -> Decision:
        texts.append(question.text)
        return Decision("run" if "steps" in question.text else "deny")

    drive(run, decide=decide)
    assert texts == ["Go on for another 2 steps?", "Go on for another 3 tool calls?"]


def test_the_last_step_leaves_no_call_open() -> None:
    run = make_run(endless(n_calls=3), settings=Settings(max_tool_calls=4))
    drive(run, decide=lambda _: NO)
    assert len([m for m in run.messages if m["role"] == "tool"]) == 6
    assert complaints([dict(m) for m in run.messages]) == []


def test_nobody_lets_a_run_end_at_its_limit() -> None:
    run = make_run(endless(), settings=Settings(max_steps=2))
    drive(run, decide=lambda q: Nobody().decide(q, lambda: False) or NO)
    assert run.finished is not None
    assert run.finished.text == (
        "2 steps limit reached after 2 steps (everything kept). Go on with `%kimi continue` or the "
        "next %%kimi; `--max-steps` allows more."
    )


def test_a_conversation_counts_all_its_runs() -> None:
    account = Account()
    for _ in range(2):
        drive(limited(conversation=True, steps=100, account=account), decide=lambda _: NO)
        assert account.spent.steps
    before = account.spent.steps
    last = limited(conversation=True, steps=before + 3, account=account)
    drive(last, decide=lambda _: NO)
    assert len(last.requests) == 3
    assert account.spent.minutes > last.limits.account.spent.minutes
    assert f"`%config Kimi.{setting_of('conversation', 'steps')}`" in str(last)


def test_what_the_person_allowed_holds_for_the_next_run() -> None:
    account = Account()
    first = limited(conversation=True, steps=2, account=account)
    asked: list[Decide] = []
    drive(first, decide=lambda q: asked.append(q) or Decision("run" if len(asked) == 1 else "deny"))  # type: ignore[func-returns-value] # appends
    assert len(first.requests) == 4
    second = limited(conversation=True, steps=6, account=account)
    drive(second, decide=lambda _: NO)
    assert len(second.requests) == 0  # up to 4 were allowed, and are used
    assert account.ceilings == {"steps": 4}


def test_dollars_count_the_request_that_would_go() -> None:
    """The control: a fourth request that cost what the third did would have gone."""
    run = make_run(
        endless(),
        facts={"price": A_DOLLAR_A_TOKEN},
        settings=Settings(max_usd=TOKENS * 4.2),
    )
    drive(run, decide=lambda _: NO)
    spent = run.limits.account.spent.usd
    assert len(run.requests) == 3
    assert spent == TOKENS * 3
    assert spent + TOKENS < TOKENS * 4.2
    assert "the next request would take about $" in str(run)


def test_a_first_request_that_costs_too_much_does_not_go() -> None:
    run = make_run(
        [says("ok")],
        prompt="word " * 900_000,
        facts={"price": (1.0, 0.1, 4.0)},
    )
    asked: list[str] = []

    def decide(question: Decide) -> Decision:
        asked.append(question.text)
        return Decision("run")

    work = run.pending()
    assert isinstance(work, Decide)
    assert run.requests == ()
    drive(run, decide=decide)
    assert asked == ["Go on for another $1.00?"]
    assert run.answer == "ok"


def test_a_limit_far_behind_is_left_behind_by_one_answer() -> None:
    account = Account(Spent(steps=23))
    budget = Budget("run", {"steps": 5}, account)
    reached = budget.reached(Spent(steps=1))
    assert reached is not None
    assert reached.more == 20
    budget.extend(reached, Spent(steps=1))
    assert budget.reached(Spent(steps=1)) is None


def test_minutes_spent_on_the_answer_do_not_count_at_once() -> None:
    run = limited(minutes=2)
    asked: list[str] = []

    def decide(question: Decide) -> Decision:
        asked.append(question.text)
        run.recipe.clock.sleep(3_600)
        return Decision("run" if len(asked) == 1 else "deny")

    drive(run, decide=decide)
    assert len(run.requests) == 6
    assert asked[0] == "Go on for another 2 minutes?"


def test_without_a_price_nothing_is_invented() -> None:
    run = make_run(endless(9), settings=Settings(max_usd=0.0001, tell_usd=0.0))
    drive(run, decide=lambda _: NO)
    assert run.answer == "done"
    started = [e for e in run.events if isinstance(e, StepStarted)]
    assert all(e.est_usd is None and e.note == "" and e.est_tokens > 0 for e in started)
    assert run.limits.account.spent.usd is None
    scripted = make_run([], facts={"price": A_DOLLAR_A_TOKEN, "scripted": True})
    scripted.pending()
    assert scripted.requests


@pytest.mark.parametrize(("tell_usd", "told"), [(0.0, True), (0.08, True), (0.1, False)])
def test_an_expensive_request_is_told_of_before_it_goes(tell_usd: float, *, told: bool) -> None:
    run = make_run(
        [says("ok")],
        prompt="word " * 54_000,
        facts={"price": (0.95, 0.16, 4.0)},
        settings=Settings(tell_usd=tell_usd),
    )
    assert isinstance(run.pending(), AskModel)  # it has not gone yet
    event = run.events[-1]
    assert isinstance(event, StepStarted)
    assert 90_000 < event.est_tokens < 90_200
    words = f"Next request ≈ {event.est_tokens:,} tokens, ≈ $0.086 for its input."
    assert event.note == (words if told else "")
    view = RunView()
    for one in run.events:
        view.apply(one)
    assert view.snapshot()["steps"][0].get("notes", []) == ([event.note] if told else [])


def test_what_was_cached_is_taken_to_be_so_again() -> None:
    price = (1.0, 0.1, 4.0)
    plain: Any = {"prompt_tokens": 100_000, "completion_tokens": 10}
    assert Estimate.of(180_000, None, price).usd == pytest.approx(0.18)
    assert Estimate.of(180_000, plain, price).usd == pytest.approx(0.18)
    cached = plain | {"cached_tokens": 90_000}
    assert Estimate.of(180_000, cached, price).usd == pytest.approx(0.08 + 0.01)
    assert Estimate.of(180_000, cached, None).usd is None
    assert str(Estimate(180_000, 0.04)) == "Next request ≈ 180 k tokens, ≈ $0.040 for its input."


def test_what_no_endpoint_has_counted_is_estimated() -> None:
    run = make_run([], facts={"price": A_DOLLAR_A_TOKEN}, settings=Settings(max_usd=1e9))
    work = run.pending()
    assert work is not None
    run.deliver(work, Piece(0.0, "answer", "word " * 60))
    run.deliver(work, Failure(0.0, ConnectionFailed("cut", partial="word " * 60)))
    waits = run.pending()
    assert isinstance(waits, WaitUntil)
    run.deliver(waits, Elapsed())
    spent = run.limits.account.spent
    est = next(e for e in run.events if isinstance(e, StepStarted)).est_tokens
    assert (spent.total_tokens, spent.usd) == (est + 100, est + 100)
    assert spent.estimated
    again = run.pending()
    assert again is not None
    run.deliver(again, Reply(0.0, says("ok"), "stop", None))
    run.pending()
    assert [e.usage for e in run.events if isinstance(e, ReplyReceived)] == [None]
    assert run.limits.account.spent.total_tokens > 2 * est + 100
    assert run.limits.account.spent.steps == 1


def test_a_reply_that_a_stop_cuts_off_is_counted() -> None:
    run = make_run([], settings=Settings(max_usd=1e9))
    work = run.pending()
    assert work is not None
    run.deliver(work, Piece(0.0, "answer", "word " * 60))
    run.stop()
    run.pending()
    assert run.finished is not None
    assert run.recipe.account.spent.total_tokens > 100
    assert run.recipe.account.spent.usd is None


def test_a_failure_before_the_first_word_costs_nothing() -> None:
    run = make_run([ConnectionFailed("refused"), says("ok")], facts={"price": A_DOLLAR_A_TOKEN})
    drive(run)
    assert run.limits.account.spent.total_tokens == TOKENS
    assert not run.limits.account.spent.estimated


def test_a_fork_has_limits_of_its_own_and_counts_for_its_conversation() -> None:
    run = make_run(endless(3), settings=Settings(max_steps=50))
    drive(run)
    n_before = run.recipe.account.spent.steps
    fork = run.fork(5)
    fork.moves.until = "end"
    drive(fork)
    assert fork.limits.account.spent.steps < run.limits.account.spent.steps
    assert run.recipe.account.spent.steps == n_before + fork.limits.account.spent.steps


def test_the_pause_can_be_answered_by_its_key() -> None:
    run = make_run(endless(), settings=Settings(max_steps=1))
    drive(run, decide=lambda _: NO)
    (paused,) = [e for e in run.events if isinstance(e, Paused)]
    assert (paused.key, paused.question) == ("1.limit.steps", "Go on for another 1 step?")


def test_a_limit_comes_before_the_summary_that_would_be_paid() -> None:
    price = (1.0, 1.0, 1.0)
    whole = run_of(SmallModel(25, price=price))
    drive(whole)
    kinds = [event.kind for event in whole.events]
    before = whole.events[: kinds.index("compacting")]
    spent = sum(
        e.usage["prompt_tokens"] + e.usage["completion_tokens"]
        for e in before
        if isinstance(e, ReplyReceived) and e.usage
    )
    run = run_of(SmallModel(25, price=price), max_usd=(spent + 1_000) / 1e6)
    drive(run, decide=lambda _: NO)
    assert run.finished is not None
    assert run.finished.reason == "limit"
    assert run.limits.account.spent.total_tokens == spent
    assert "compacting" not in {event.kind for event in run.events}


@pytest.mark.parametrize("value", [0, -1, float("nan")])
@pytest.mark.parametrize("scope", ["run", "conversation"])
@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_of_nothing_is_refused(name: str, scope: str, value: float) -> None:
    with pytest.raises(SettingsError, match="more than 0"):
        Settings(**{setting_of(scope, name): value})


def test_a_long_history_is_estimated_before_it_goes() -> None:
    history = [Record.of({"role": "user", "content": "x" * 30_000})]
    run = make_run([says("ok")], history=history)
    run.pending()
    (started,) = [e for e in run.events if isinstance(e, StepStarted)]
    assert 10_000 < started.est_tokens < 10_200
