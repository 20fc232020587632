"""A short soak in real kernels: what holds after it, and that each figure can miss."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import seed
from tests.soak import figures, naive, story
from tests.soak.clock import SharedClock
from tests.soak.plans import planned
from tests.soak.server import Plan, SoakServer, faults
from tests.soak.soak import Soaked, saved, soak

pytestmark = pytest.mark.kernel

SAMPLE = 240
"""Calls of the sample."""
HARD = {
    "tool calls",
    "faults injected",
    "faults survived",
    "resumes",
    "compactions",
    "silent re-runs",
    "acknowledged events lost",
    "faults in histories",
    "run ended with its answer",
}
"""Figures that count what happened; the others are sizes and times."""


def missed(found: Soaked) -> list[str]:
    assert figures.wrong(found) == []
    return [str(row) for row in figures.figures(found) if row.name in HARD and not row.is_met]


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Soaked:
    """A few calls, some faults, a kill and a compaction."""
    plan = replace(planned(30, 1, seed()), n_faults=3, window_tokens=12_000)
    return soak(plan, tmp_path_factory.mktemp("soak"))


def test_a_short_soak(short: Soaked) -> None:
    assert missed(short) == [], f"CI_SEED={seed()}"
    assert short.hours >= short.server.story.hours
    assert short.server.n_summaries >= 1
    assert short.trace_bytes < figures.MB
    assert set(short.ran) == set(range(30))
    unheard = [e.kind for e in short.record.events if e.seq not in short.acknowledged]
    assert set(unheard) <= {"run_started", "resumed", "retry_scheduled"}, "before it is followed"


@pytest.mark.long
def test_a_sample_of_the_soak(tmp_path: Path) -> None:
    found = soak(planned(SAMPLE, 1, seed()), tmp_path)
    assert missed(found) == [], f"CI_SEED={seed()}"
    by_name = {row.name: row.value for row in figures.figures(found)}
    assert (by_name["journal at 4,000 calls"] or 0) < 25
    assert found.trace_bytes < figures.MB
    assert figures.everything(found) / SAMPLE * 4_000 > figures.MB
    assert found.server.n_cached / found.server.n_bytes > 0.8
    assert found.server.largest < found.server.story.window_tokens * 6


# Controls: what is counted can be found wrong


def test_a_call_that_ran_twice_is_found(short: Soaked) -> None:
    assert figures.reruns([*short.ran, short.ran[2]]) == 1


def test_an_event_that_is_lost_or_changed_is_found(short: Soaked) -> None:
    fewer = replace(short.record, events=short.record.events[:-1])
    assert figures.lost(replace(short, record=fewer)) == 1
    first: Any = short.record.events[1]
    changed = [short.record.events[0], replace(first, n_bytes=1), *short.record.events[2:]]
    assert figures.lost(replace(short, record=replace(short.record, events=changed))) == 1


def test_a_history_that_lacks_a_result_is_found(short: Soaked) -> None:
    sends = [send for i, send in enumerate(short.record.sends) if i != 1]
    assert figures.wrong(replace(short, record=replace(short.record, sends=sends)))


def test_a_slope_is_of_each_kernel_by_itself() -> None:
    rows = [
        {"pid": pid, "calls": n, "rss": pid * 1e6 + 3_000 * n}
        for pid in (1, 2)
        for n in range(0, 900, 50)
    ]
    assert figures.slope(rows, "rss") == pytest.approx(3_000)


def test_a_trace_that_keeps_everything_grows_with_the_run(short: Soaked) -> None:
    """What a naive trace saves of 4,000 calls is beyond the limit; ours is not."""
    assert figures.everything(short) / 30 * 4_000 > figures.MB
    assert len(saved(short.cells)) < figures.MB


def test_a_naive_loop_sends_ever_more(tmp_path: Path) -> None:
    """It has no compaction: the bytes that it sends grow with the square of its turns."""
    plan = Plan(n_calls=100, n_faults=0, n_kills=0, hours=0.1, window_tokens=0, seed="1")
    server = SoakServer(plan, SharedClock(tmp_path / "clock", "server"))
    spent = naive.loop(server, 36)
    server.close()
    first, last = (sum(n for n, _ in part) for part in (spent[:6], spent[-6:]))
    assert last > 5 * first


def test_the_story_tells_where_it_is() -> None:
    for k in range(40):
        last = story.calls_of(k)[-1]
        body = b'{"tool_call_id":"run_python:%d"}' % last
        assert story.next_turn(body) == k + 1
    assert story.next_turn(b"{}") == 0
    assert len([c for k in range(story.n_turns(4_000)) for c in story.calls_of(k)]) >= 4_000


def test_there_are_faults_of_every_group() -> None:
    kinds = {fault.then.kind for fault in faults()}
    assert {"connection", "rate_limit", "overloaded", "invalid_turn"} <= kinds


def test_kills_and_faults_have_turns_of_their_own() -> None:
    plan = planned(4_000, 3, seed())
    assert len(plan.breaks()) == 200
    assert len(set(plan.kills()) - set(plan.breaks())) == 3
