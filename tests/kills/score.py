"""The score of all kills, for the scorecard: counted, not claimed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from dataclasses import replace as changed
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.kills.checks import Case, played
from tests.kills.life import STATES, kill_at
from tests.kills.naive import played_naively
from tests.kills.story import EFFECTS, STORIES, Story


@dataclass
class Line:
    """One state: how often a run was killed there, and what came of it."""

    state: str
    kills: int = 0
    recoveries: int = 0
    acknowledged: int = 0
    lost: int = 0
    silent_reruns: int = 0
    naive_lost: int = 0
    naive_silent_reruns: int = 0

    def add(self, case: Case) -> None:
        self.kills += case.n_kills
        self.recoveries += case.n_kills if case.recovered else 0
        self.acknowledged += case.n_acknowledged
        self.lost += len(case.lost)
        self.silent_reruns += len(case.silent)


def score(stories: Iterable[Story] = STORIES) -> tuple[list[Line], list[str]]:
    """Kill every story at every state; the score by state, and what was wrong."""
    lines = {state: Line(state) for state in STATES}
    wrong: list[str] = []
    for story in [changed(each, effect=effect) for each in stories for effect in EFFECTS]:
        for state, line in lines.items():
            for place in range(3):
                with TemporaryDirectory() as directory:
                    case = played(story, state, place, Path(directory))
                line.add(case)
                wrong += [] if case.recovered else [str(case)]
    for state in STATES[:-1]:
        for place in range(3):
            with TemporaryDirectory() as directory:
                kill = kill_at(Story(), state, place)
                lost, again = played_naively(Story(), kill, Path(directory))
            lines[state].naive_lost += len(lost)
            lines[state].naive_silent_reruns += len(again)
    return list(lines.values()), wrong


def as_json(lines: list[Line], wrong: list[str], n_steps: int) -> dict[str, Any]:
    """The totals, and the states one by one."""
    names = ("kills", "recoveries", "acknowledged", "lost", "silent_reruns")
    totals = {name: sum(getattr(line, name) for line in lines) for name in names}
    return totals | {
        "state_machine_steps": n_steps,
        "naive_lost_in": sum(line.naive_lost > 0 for line in lines),
        "naive_silent_reruns_in": sum(line.naive_silent_reruns > 0 for line in lines),
        "by_state": [asdict(line) for line in lines],
        "wrong": wrong,
    }
