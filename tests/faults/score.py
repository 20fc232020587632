"""Plays rows of the table and counts what came of them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.faults import invariants
from tests.faults.fault import Fault
from tests.faults.scene import Scene
from tests.faults.table import GROUPS, TABLE
from tests.faults.turns import POSITIONS

Plan = Sequence[tuple[str, str]]
"""Pairs of a position and a fault's name."""


def wrong_with(plan: Plan, directory: Path) -> list[str]:
    """Play the conversation with these faults; all that is wrong with what came of it."""
    rows = [(POSITIONS[position], TABLE[name]) for position, name in plan]
    before = invariants.held()
    scene = Scene(rows, directory)
    try:
        seen = scene.play()
        met = [TABLE[name].then for name in dict.fromkeys(seen.server.struck)]
        found = invariants.every(seen, met)
        if not seen.server.struck:
            found.append("no fault has struck")
        complaints = list(seen.server.complaints)
        found += invariants.the_conversation_goes_on(scene.go_on(), seen, complaints)
    finally:
        scene.close()
    return found + list(invariants.h8_nothing_is_left_open(before))


def cases(names: Iterable[str] = TABLE) -> Iterator[tuple[str, str]]:
    """Every fault at every turn where it can strike."""
    for name in names:
        for position in TABLE[name].at:
            yield position, name


def pairs(n: int, seed: str) -> list[Plan]:
    """Sampled sequences of two faults, each at any turn."""
    chance = random.Random(seed)
    plain = [name for name, fault in TABLE.items() if is_plain(fault)]
    found: list[Plan] = []
    for _ in range(n):
        turns = sorted((chance.choice(list(POSITIONS)) for _ in range(2)), key=POSITIONS.get)  # type: ignore[arg-type] # all are there
        names = chance.sample(plain, 2)
        found.append([(turn, name) for turn, name in zip(turns, names, strict=True)])
    return found


def is_plain(fault: Fault) -> bool:
    """Whether it needs nothing of its own, so that it goes with any other."""
    return not (fault.settings or fault.stop or fault.times > 1)


@dataclass(frozen=True)
class Line:
    """One line of the score."""

    group: str
    faults: int
    played: int
    as_stated: int
    survived: int


def score(names: Iterable[str] = TABLE) -> tuple[list[Line], dict[str, list[str]]]:
    """Play rows; the score, and what was wrong by case."""
    wrong: dict[str, list[str]] = {}
    lines = []
    wanted = set(names)
    for group, faults in GROUPS.items():
        rows = [fault.name for fault in faults if fault.name in wanted]
        played = list(cases(rows))
        for position, name in played:
            with TemporaryDirectory() as directory:
                found = wrong_with([(position, name)], Path(directory))
            if found:
                wrong[f"{name} @ {position}"] = found
        failed = sum(f"{name} @ {position}" in wrong for position, name in played)
        survived = sum(not TABLE[name].then.is_over for _, name in played)
        lines.append(Line(group, len(rows), len(played), len(played) - failed, survived))
    return lines, wrong


def as_json(lines: list[Line], wrong: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "faults": sum(line.faults for line in lines),
        "played": sum(line.played for line in lines),
        "as_stated": sum(line.as_stated for line in lines),
        "run_went_on": sum(line.survived for line in lines),
        "wrong": wrong,
    }
