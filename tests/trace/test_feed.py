"""A view that begins late, from a snapshot, shows what one shows that saw everything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nbagent.events import Event, from_dict
from nbagent.trace.feed import Feed
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
    events = events_of(path)
    feed = Feed("run-1")
    for n, event in enumerate(events, start=1):
        feed.apply(event)
        if n % 7 == 0 or n == len(events):
            message = json.loads(json.dumps(feed.snapshot(1.0, "comm")))
            late = shown([from_dict(row) for row in message["events"]])
            assert late == shown(events[:n])
            assert message["seq"] == event.seq


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
    assert feed.running is False


def test_a_snapshot_of_kept_events_alone_would_lack_what_streams() -> None:
    """The positive control: without the part that streams now, the late view differs."""
    events = events_of(next(path for path in FIXTURES if "repaired" in path.stem))
    first_delta = next(i for i, event in enumerate(events) if event.kind == "delta")
    kept = [event for event in events[: first_delta + 3] if event.kind != "delta"]
    assert shown(kept) != shown(events[: first_delta + 3])
