"""The shared fixtures say what the Python renderer does; other renderers run the same files."""

from __future__ import annotations

import json
from typing import Any

import pytest
from make_fixtures import FOLDER, fixtures, rounded
from trace_story import folded

from nbagent.events import from_dict
from nbagent.trace import mimebundle


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return fixtures()


RUNS = ["run_repaired", "run_scripted", "run_hostile", "run_long", "run_many"]


@pytest.mark.parametrize("name", [*RUNS, "late_many", "markdown"])
def test_a_fixture_is_up_to_date(name: str, made: dict[str, Any]) -> None:
    """If this fails on purpose, run `python tests/trace/make_fixtures.py`."""
    assert json.loads((FOLDER / f"{name}.json").read_text()) == made[name]


@pytest.mark.parametrize("name", RUNS)
def test_events_read_from_json_fold_to_the_same(name: str) -> None:
    stored = json.loads((FOLDER / f"{name}.json").read_text())
    view, meter = folded(from_dict(event) for event in stored["events"])
    assert json.loads(json.dumps(view.snapshot())) == stored["snapshot"]
    assert rounded(json.loads(json.dumps(meter.metrics()))) == stored["metrics"]
    assert mimebundle(view, meter)["text/plain"] == stored["plain"]
    changed = folded(from_dict(event) for event in stored["events"][:-1])[0]
    assert changed.snapshot() != view.snapshot()  # the control: one event less is seen
