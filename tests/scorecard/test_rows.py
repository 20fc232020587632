"""A figure that misses its aim is a miss, and one that nobody measured is no pass."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scorecard.parts import PARTS, told
from tests.scorecard.rows import rows, table

GOOD: dict[str, Any] = {
    "faults": {"played": 180, "as_stated": 180},
    "kills": {
        "kills": 36, "recoveries": 36, "silent_reruns": 0, "acknowledged": 500, "lost": 0,
    },
    "journal": {"kills": 300, "acknowledged": 9_000, "lost": 0},
    "soak": {
        "figures": [
            {"name": "replay", "value": 0.4, "aim": 1, "unit": "s", "at_least": False,
             "is_met": True}
        ]
    },
}  # fmt: skip


def marks(figures: dict[str, Any]) -> set[str]:
    return {row.mark for row in rows(figures)}


def test_all_is_well() -> None:
    assert set(GOOD) == set(PARTS)
    assert marks(GOOD) == {"ok"}


@pytest.mark.parametrize("name", PARTS)
def test_what_was_not_measured_is_no_pass(name: str) -> None:
    assert "SKIPPED" in marks(GOOD | {name: None})


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("faults", {"as_stated": 179}),
        ("faults", {"played": 12, "as_stated": 12}),
        ("kills", {"recoveries": 35}),
        ("kills", {"silent_reruns": 1}),
        ("kills", {"kills": 0, "recoveries": 0}),
        ("kills", {"lost": 1}),
        ("journal", {"lost": 1}),
        ("journal", {"acknowledged": 0}),
        ("soak", {"figures": [GOOD["soak"]["figures"][0] | {"is_met": False}]}),
    ],
)
def test_a_miss_is_a_miss(name: str, changed: dict[str, Any]) -> None:
    assert "MISSED" in marks(GOOD | {name: GOOD[name] | changed})


def test_a_row_of_the_soak_without_a_value_is_no_pass() -> None:
    row = GOOD["soak"]["figures"][0] | {"value": None}
    assert marks(GOOD | {"soak": {"figures": [row]}}) == {"ok", "SKIPPED"}


def test_the_table_has_a_line_a_row() -> None:
    assert len(table(rows(GOOD))) == len(rows(GOOD)) + 2


def test_the_last_line_is_read_and_nothing_else() -> None:
    assert told('one\n{"lost": 0}\n') == {"lost": 0}
    assert told("one\n") is told("") is told("[1]") is None
