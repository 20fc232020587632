"""Figures are exact on synthetic stamps, by the definitions of the field."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from trace_story import Story, folded

from nbagent.events import (
    ApprovalAsked,
    ApprovalGiven,
    Delta,
    Paused,
    ReplyReceived,
    RetryScheduled,
    RunFinished,
    RunStarted,
    StepStarted,
    ToolFinished,
    ToolStarted,
)
from nbagent.meter import Meter, cost_usd
from nbagent.meter.streams import Stream
from nbagent.samples import Sample

SAMPLES: tuple[Sample, ...] = (
    (2.0, 10, "reasoning"),
    (2.5, 10, "reasoning"),
    (3.0, 10, "reasoning"),
    (5.6, 10, "reasoning"),  # a stall of 2.6 s
    (6.0, 10, "answer"),
    (6.5, 10, "answer"),
)


def metered(*events: Any) -> Meter:
    meter = Meter()
    for event in events:
        meter.apply(event)
    return meter


def one_reply(**reply: Any) -> Meter:
    message: Any = {"role": "assistant", "content": "yes"}
    usage = {"prompt_tokens": 1000, "completion_tokens": 91, "cached_tokens": 750}
    facts = {"usage": usage, "samples": SAMPLES, "message": message} | reply
    return metered(
        RunStarted(run_id="r", prompt="p", model="m", price=(1.0, 0.1, 4.0)),
        StepStarted(step=1, t=1.0),
        ReplyReceived(step=1, attempt=1, finish_reason="stop", t=6.6, **facts),
        ToolStarted(step=1, index=0, call_id="a", name="run_python", arguments={}, t=7.0),
        ToolFinished(step=1, index=0, name="run_python", content="x", t=9.25),
        RunFinished(reason="answer", t=9.5),
    )


def test_one_reply_is_exact() -> None:
    step = one_reply().metrics()["steps"][0]
    assert step["ttft_s"] == pytest.approx(1.0)
    assert step["ttfa_s"] == pytest.approx(5.0)
    assert step["tokens_per_s"] == pytest.approx(90 / 4.5)  # (out - 1) / (t_last - t_first)
    assert (step["stalls"], step["stall_s"]) == (1, pytest.approx(2.6))
    assert step["tool_s"] == pytest.approx(2.25)
    assert step["wall_s"] == pytest.approx(8.25)
    assert step["model_s"] == pytest.approx(5.6)
    assert step["cached_share"] == pytest.approx(0.75)
    assert step["cost_usd"] == pytest.approx((250 * 1.0 + 750 * 0.1 + 91 * 4.0) / 1e6)
    assert step["reasoning_tokens"] == round(91 * 40 / 60)
    assert step["estimated"], "the endpoint did not say how many tokens were reasoning"


def test_a_client_that_divides_by_the_whole_turn_would_fail() -> None:
    """The positive control: the usual mistake is off by more than the test allows."""
    step = one_reply().metrics()["steps"][0]
    naive = 91 / (9.5 - 1.0)
    assert step["tokens_per_s"] > 1.5 * naive


def test_usage_decides_over_pieces_and_says_when_it_is_missing() -> None:
    counted = {"prompt_tokens": 10, "completion_tokens": 12, "reasoning_tokens": 7}
    exact = one_reply(usage=counted).metrics()["steps"][0]
    assert (exact["completion_tokens"], exact["reasoning_tokens"], exact["estimated"]) == (
        12,
        7,
        False,
    )
    guessed = one_reply(usage=None).metrics()["steps"][0]
    assert (guessed["completion_tokens"], guessed["estimated"]) == (60, True)
    assert guessed["cost_usd"] is None


def test_no_price_no_cost() -> None:
    assert cost_usd({"prompt_tokens": 1, "completion_tokens": 1}, None) is None


def test_scripted_runs_cost_nothing_and_are_marked_paced() -> None:
    story = Story(scripted=True).ask().think("hm").say("yes").reply().finish("yes")
    run = folded(story.events)[1].metrics()["run"]
    assert run["cost_usd"] is None
    assert run["paced"]


def test_a_retry_does_not_lengthen_the_ttft() -> None:
    story = Story().ask().think("cut off", 1.0)
    story.retry("busy", 5.0).ask(attempt=2, s=5.0).think("again", 1.0, wait=0.75).say("yes").reply()
    _, meter = folded(story.finish("yes").events)
    step = meter.metrics()["steps"][0]
    assert step["ttft_s"] == pytest.approx(0.75)
    assert step["retries"] == 1
    assert step["wait_s"] == pytest.approx(0.6 + 1.0 + 5.0)
    assert [s[1] for s in meter.chart()["segments"]][:2] == ["retry", "waiting"]


def test_a_request_held_back_counts_from_when_it_went() -> None:
    hold = RetryScheduled(step=1, attempt=0, reason="pace", text="3 a minute", until_t=18.0, t=1.0)
    piece = Delta(step=1, attempt=1, phase="answer", text="yes", t=18.5)
    meter = metered(StepStarted(step=1, t=1.0), hold, piece)
    message: Any = {"role": "assistant", "content": "yes"}
    meter.apply(ReplyReceived(step=1, attempt=1, message=message, finish_reason="stop", t=19.0))
    step = meter.metrics()["steps"][0]
    assert (step["ttft_s"], step["wait_s"]) == (pytest.approx(0.5), pytest.approx(17.0))
    assert step["retries"] == 0


def test_waiting_for_the_person_is_its_own_time() -> None:
    asked = ApprovalAsked(step=1, index=0, name="rm", why="deletes", t=3.0)
    given = ApprovalGiven(step=1, index=0, decision="run", t=9.2)
    meter = metered(StepStarted(step=1, t=1.0), asked, given)
    assert meter.metrics()["steps"][0]["you_s"] == pytest.approx(6.2)
    assert meter.chart()["segments"] == [[1, "you", 3.0, 9.2]]


def test_a_pause_lasts_until_the_run_moves_on() -> None:
    meter = metered(
        StepStarted(step=1, t=1.0), Paused(step=1, why="by you", t=2.0), StepStarted(step=2, t=5.0)
    )
    assert meter.metrics()["run"]["you_s"] == pytest.approx(3.0)


def test_run_totals_add_up() -> None:
    story = Story()
    for _ in range(3):
        story.ask().think("hm").calls("run_python", "{}").reply(100, prompt=2000, cached=1000).run(
            code="1"
        )
    run = folded(story.ask().say("done").reply(50, prompt=3000, cached=3000).finish("done").events)[
        1
    ].metrics()["run"]
    assert run["completion_tokens"] == 350
    assert run["prompt_tokens"] == 9000
    assert run["cached_share"] == pytest.approx(6000 / 9000)
    assert run["tool_calls"] == 3
    assert run["context_tokens"] == 3050
    assert run["window_tokens"] == 262_144


def test_segments_follow_each_other_without_overlap() -> None:
    story = (
        Story()
        .ask()
        .think("hm")
        .calls("run_python", "{}")
        .reply()
        .run(code="1")
        .ask()
        .say("It is done.")
        .reply()
    )
    segments = folded(story.finish("x").events)[1].chart()["segments"]
    assert [s[1] for s in segments] == [
        "waiting",
        "reasoning",
        "arguments",
        "tool",
        "waiting",
        "answer",
    ]
    ends = [(a[3], b[2]) for a, b in pairwise(segments)]
    assert all(end <= start + 1e-9 for end, start in ends)


def test_speed_is_smoothed_and_keeps_the_token_count() -> None:
    samples = tuple((i * 0.01, 1.0, "answer") for i in range(1001))  # 100 tokens a second for 10 s
    lines = Stream(samples, 1001).speed()
    inner = [v for t, v in lines[0].points if 0.6 < t < 9.4]
    assert inner == pytest.approx([100.0] * len(inner), rel=0.03)


def test_buffered_streams_are_told_apart() -> None:
    burst = [(i // 50 * 1.0 + (i % 50) * 1e-4, 1.0, "answer") for i in range(200)]
    even = [(i * 0.02, 1.0, "answer") for i in range(200)]
    assert Stream(burst, 200).buffered()
    assert not Stream(even, 200).buffered()


def test_a_live_estimate_learns_from_usage_and_is_marked() -> None:
    story = Story().ask().think("x" * 400, 2.0).say("y" * 400).reply(400)
    meter = folded(story.events)[1]
    story.ask()
    meter.apply(story.events[-1])
    assert meter.estimate(story.t + 3.2)["waiting_s"] == pytest.approx(3.2)
    meter.apply(Delta(step=2, attempt=1, phase="reasoning", text="z" * 100, t=story.t + 1))
    estimate = meter.estimate(story.t + 2)
    assert estimate["waiting_s"] is None
    assert estimate["completion_tokens"] == 50, "800 characters were 400 tokens"
    assert estimate["estimated"]


def test_four_thousand_steps_stay_small() -> None:
    story = Story()
    for _ in range(4000):
        story.ask().think("hm", n=3).calls("run_python", "{}", 0.1).reply().run(code="1")
    _, meter = folded(story.finish("x").events)
    assert meter.metrics()["run"]["n_steps"] == 4000
    assert len(meter.chart()["segments"]) <= 480
    assert meter.chart()["segments"][-1][3] <= meter.t + 1e-6
