"""When a request goes again: spread by chance, never before the server's time, and never for ever.

`tests/faults` plays the same over HTTP; here is what takes more attempts than a table shows.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbagent.clock import SystemClock
from nbagent.errors import (
    AuthFailed,
    BadRequest,
    ConnectionFailed,
    ContentFiltered,
    ContextOverflow,
    InvalidTurn,
    ModelError,
    ModelNotFound,
    NotAnApi,
    OutOfTokens,
    Overloaded,
    QuotaExceeded,
    RateLimited,
    SettingsError,
)
from nbagent.events import Event, RetryScheduled
from nbagent.kernel.interrupts import Interrupts
from nbagent.kernel.person import Nobody
from nbagent.kernel.pump import Job, Pump
from nbagent.phrases import dollars
from nbagent.policy import retry_delay_s
from nbagent.policy.limits import MAX_FIRST_ATTEMPTS, MAX_SERVER_WAIT_S
from nbagent.run import Run
from nbagent.settings import Settings
from nbagent.trace import mimebundle
from tests.scripted import NoExecutor, call, calls, drive, make_run, says
from tests.trace.trace_story import folded

SETTINGS = Settings()
BUSY = Overloaded("busy")


def waits(error: ModelError, chance: Any, n: int, **settings: Any) -> list[float | None]:
    """The waits after the first `n` attempts."""
    given_ = Settings(**settings)
    return [retry_delay_s(error, attempt, given_, chance) for attempt in range(1, n + 1)]


def test_waits_grow_to_the_limit_and_end() -> None:
    grown = waits(BUSY, lambda: 1.0, 10)
    assert grown == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, None]
    assert waits(BUSY, lambda: 0.0, 3) == [0.25, 0.5, 1.0]
    assert waits(BUSY, lambda: 1.0, 5, retry_max_seconds=1.5)[-1] == 1.5
    assert waits(BUSY, lambda: 1.0, 3, retry_attempts=3)[-1] is None


def test_kernels_do_not_come_back_together() -> None:
    many = [waits(BUSY, Random(k).random, 4) for k in range(50)]
    assert len({tuple(some) for some in many}) == 50
    assert waits(BUSY, Random(7).random, 4) == waits(BUSY, Random(7).random, 4)
    together = [0.5 * 2**k for k in range(4)]  # the control: waits without chance are all the same
    assert all(a != b for some in many for a, b in zip(some, together, strict=True))


def test_recipes_have_a_chance_of_their_own() -> None:
    first, second = (make_run([]).recipe.chance for _ in range(2))
    assert [first() for _ in range(4)] != [second() for _ in range(4)]


@given(
    st.sampled_from([Overloaded, RateLimited]),
    st.floats(0, MAX_SERVER_WAIT_S),
    st.integers(1, 5_000),
    st.floats(0, 1),
)
def test_no_request_goes_before_the_servers_time(
    kind: type[ModelError], asked: float, attempt: int, chance: float
) -> None:
    error = kind("wait", retry_after_s=asked)
    settings = Settings(retry_attempts=10_000)
    wait = retry_delay_s(error, attempt, settings, lambda: chance)
    assert wait is not None
    assert asked <= wait <= asked + settings.retry_max_seconds


def test_a_wait_beyond_measure_is_told_and_not_waited_for() -> None:
    for kind in (Overloaded, RateLimited):
        error = kind("wait", retry_after_s=MAX_SERVER_WAIT_S + 1)
        assert retry_delay_s(error, 1, SETTINGS, lambda: 0.5) is None


@pytest.mark.parametrize("asked", [None, 0.0, 0.01])
def test_a_limit_that_names_no_wait_is_no_reason_to_go_on_for_ever(asked: float | None) -> None:
    error = RateLimited("slow", retry_after_s=asked)
    found = waits(error, lambda: 1.0, 10)
    assert found[-1] is None
    assert all(b > a for a, b in pairwise(found[:8]) if a is not None and b is not None)


NEVER = [
    AuthFailed("x"),
    QuotaExceeded("x"),
    ContentFiltered("x"),
    ContextOverflow("x"),
    BadRequest("x"),
    ModelNotFound("x"),
    NotAnApi("x"),
    OutOfTokens("x"),
]


@pytest.mark.parametrize("error", NEVER, ids=lambda error: error.kind)
def test_what_another_attempt_cannot_mend_is_made_once(error: ModelError) -> None:
    error.retry_after_s = 1.0
    run = drive(make_run([error, says("never")]))
    assert len(run.requests) == 1
    assert run.finished is not None
    assert run.finished.error_kind == error.kind
    assert "is kept; go on with `%kimi continue` or the next %%kimi" in run.finished.text


def test_an_invalid_reply_is_asked_for_twice_more() -> None:
    assert waits(InvalidTurn("cut"), lambda: 1.0, 3) == [0.0, 1.0, None]


def test_an_endpoint_that_has_answered_is_waited_for_longer() -> None:
    away = ConnectionFailed("away")
    new = drive(make_run([away] * 20))
    assert len(new.requests) == MAX_FIRST_ATTEMPTS
    known = drive(make_run([calls(call("a")), *[away] * 20]))
    assert len(known.requests) == 1 + SETTINGS.retry_attempts
    assert known.finished is not None
    assert f"{SETTINGS.retry_attempts} attempts have failed" in known.finished.text


@pytest.mark.parametrize(
    "name",
    ["first_delta_seconds", "between_deltas_seconds", "reply_minutes", "retry_attempts"],
)
def test_a_limit_that_cannot_work_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name.replace('_', '-')} must be more than 0"):
        Settings(**{name: 0})


class StopsInTheWait:
    """A display that stops the run when it shows that the run waits."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.waited_until = 0.0

    def apply(self, event: Event) -> None:
        if isinstance(event, RetryScheduled):
            self.waited_until = event.until_t
            self.run.stop()

    def refresh(self, *, final: bool = False) -> None:
        return


def test_a_wait_is_shown_and_can_be_stopped() -> None:
    """By the machine's clock: without the stop this would take the ten minutes that it shows."""
    run = make_run([Overloaded("busy", retry_after_s=590.0)], clock=SystemClock())
    display = StopsInTheWait(run)
    pump = Pump(
        executor=NoExecutor(),
        person=Nobody(),
        clock=run.recipe.clock,
        guard=Interrupts().guard,
        tick=lambda: None,
    )
    pump.drive([Job(run, display)])
    assert run.finished is not None
    assert run.finished.reason == "stopped"
    assert display.waited_until > 590.0


# What failed attempts cost


def unknown(*script: Any, **more: Any) -> int:
    run = drive(make_run(script, facts={"price": (1.0, 1.0, 1.0)}, **more))
    figures: dict[str, Any] = run.metrics()["run"]
    return int(figures["unknown_attempts"])


def test_failed_attempts_are_counted_as_unknown() -> None:
    assert unknown(says("ok")) == 0
    assert unknown(InvalidTurn("cut"), says("ok")) == 1
    assert unknown(BUSY, ConnectionFailed("away"), says("ok")) == 2
    assert unknown(*[ConnectionFailed("away")] * 9) == MAX_FIRST_ATTEMPTS
    assert unknown(RateLimited("slow", retry_after_s=9.0), says("ok")) == 0
    assert unknown(RateLimited("slow", retry_after_s=9.0, partial="Half"), says("ok")) == 1
    assert unknown(QuotaExceeded("no money")) == 0
    assert unknown(QuotaExceeded("no money", partial="Half")) == 1


def test_the_trace_says_that_the_cost_is_at_least_so_much() -> None:
    script = [InvalidTurn("cut"), says("ok")]
    run = drive(make_run(script, facts={"price": (1.0, 1.0, 1.0)}))
    page = mimebundle(*folded(run.events))["text/html"]
    assert "≥ $0.0001" in page
    assert "+1 unfinished attempt, tokens unknown" in page
    sound = drive(make_run([says("ok")], facts={"price": (1.0, 1.0, 1.0)}))
    page = mimebundle(*folded(sound.events))["text/html"]
    assert "≥" not in page
    assert "unfinished" not in page
    assert (dollars(1.0, at_least=True), dollars(None, at_least=True)) == ("≥ $1.00", "—")
