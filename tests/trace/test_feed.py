"""A view that begins late, from a snapshot, shows what one shows that saw everything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from render_view import long_run

from nbagent.events import Event, from_dict, to_dict
from nbagent.trace.feed import KEPT_STEPS, STEPS_AT_ONCE, Feed, steps_told
from nbagent.view import RunView

FIXTURES = sorted(Path(__file__).parent.parent.joinpath("fixtures").glob("run_*.json"))


def events_of(path: Path) -> list[Event]:
    return [from_dict(row) for row in json.loads(path.read_text())["events"]]


def shown(events: list[Event]) -> dict[str, Any]:
    view = RunView()
    for event in events:
        view.apply(event)
    assert view.faults == []
    return view.snapshot()


@pytest.mark.parametrize("path", FIXTURES, ids=lambda p: p.stem)
def test_a_snapshot_folds_to_what_all_events_fold_to(path: Path) -> None:
    """Of a long run its last steps; the TypeScript tests fold what stands for those before."""
    events = events_of(path)
    feed = Feed("run-1")
    for n, event in enumerate(events, start=1):
        feed.apply(event)
        if n % 7 == 0 or n == len(events):
            message = json.loads(json.dumps(feed.snapshot(1.0, "comm")))
            bases = [row for row in message["events"] if row["kind"] == "view_base"]
            late = shown([from_dict(row) for row in message["events"] if row not in bases])
            whole = shown(events[:n])
            if bases:
                older = bases[0]["view"].get("lines", [])
                assert older == whole["lines"][: len(older)]
                late, whole = late["steps"], whole["steps"]
                for call in (call for step in (*late, *whole) for call in step["calls"]):
                    call.pop("again", None)  # known from the base's `called` alone
            assert late == whole
            assert message["seq"] == event.seq


def test_memory_and_snapshot_of_a_long_run_are_bounded() -> None:
    sizes, kept = [], []
    for n_steps in (200, 800):
        feed = Feed("run-1")
        for event in long_run(n_steps).events:
            feed.apply(event)
        kept.append(len(feed._kept))
        sizes.append(len(json.dumps(feed.snapshot(1.0, ""))))
    assert kept[0] == kept[1] <= KEPT_STEPS * 6 + 1
    assert (sizes[1] - sizes[0]) / 600 < 300, "bytes a step"
    every = sum(len(json.dumps(to_dict(event))) for event in long_run(10).events) / 10
    assert every > 1_500, "the control: the events of a step would take more"


def test_steps_are_told_by_their_numbers_and_not_too_many() -> None:
    events = long_run(60).events
    told = steps_told(events, {"first": 7, "last": 9})["events"]
    assert {row["step"] for row in told} == {7, 8, 9}
    wanted = [event for event in events if getattr(event, "step", 0) in {7, 8, 9}]
    assert [from_dict(row) for row in told] == wanted
    many = steps_told(events, {"first": 5, "last": 60})["events"]
    assert {row["step"] for row in many} == set(range(5, 5 + STEPS_AT_ONCE))
    assert steps_told(events, {}) == {"events": []}


@pytest.mark.parametrize("path", FIXTURES, ids=lambda p: p.stem)
def test_batches_hold_every_event_once_and_in_order(path: Path) -> None:
    events = events_of(path)
    feed = Feed("run-1")
    received: list[Event] = []
    for n, event in enumerate(events):
        feed.apply(event)
        if n % 5 == 0:
            message = feed.drain(1.0)
            assert message is not None
            received += [from_dict(row) for row in json.loads(json.dumps(message))["events"]]
    rest = feed.drain(2.0)
    received += [from_dict(row) for row in rest["events"]] if rest else []
    assert received == events
    assert feed.drain(3.0) is None
    assert feed.running is (events[-1].kind != "run_finished")


def test_a_snapshot_of_kept_events_alone_would_lack_what_streams() -> None:
    """The positive control: without the part that streams now, the late view differs."""
    events = events_of(next(path for path in FIXTURES if "repaired" in path.stem))
    first_delta = next(i for i, event in enumerate(events) if event.kind == "delta")
    kept = [event for event in events[: first_delta + 3] if event.kind != "delta"]
    assert shown(kept) != shown(events[: first_delta + 3])
