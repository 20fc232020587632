"""The rows of the scorecard, each with what it has to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Figures = Mapping[str, Mapping[str, Any] | None]


@dataclass(frozen=True)
class Row:
    """One row; `is_met` is None where nothing was measured, which is no pass."""

    name: str
    measured: str
    aim: str
    is_met: bool | None

    @property
    def mark(self) -> str:
        return {True: "ok", False: "MISSED", None: "SKIPPED"}[self.is_met]


def rows(figures: Figures) -> list[Row]:
    """All rows, in order.

    Args:
        figures: of each part, as it wrote them; None where it has none.
    """
    return [
        *_faults(figures["faults"]),
        *_kills(figures["kills"]),
        *_journal(figures["journal"]),
        *_soak(figures["soak"]),
    ]


def _faults(found: Mapping[str, Any] | None) -> list[Row]:
    name, aim = "faults injected / as stated", ">= 180, all"
    if found is None:
        return [Row(name, "-", aim, None)]
    played, sound = found["played"], found["as_stated"]
    return [Row(name, f"{played} / {sound}", aim, played >= 180 and sound == played)]


def _kills(found: Mapping[str, Any] | None) -> list[Row]:
    names = {
        "kill points / recoveries": "all",
        "kills: silent re-runs": "0",
        "kills: acknowledged events / lost": "0 lost",
    }
    if found is None:
        return [Row(name, "-", aim, None) for name, aim in names.items()]
    kills, back, again = found["kills"], found["recoveries"], found["silent_reruns"]
    said, lost = found["acknowledged"], found["lost"]
    is_met = (kills > 0 and back == kills, again == 0, said > 0 and lost == 0)
    shown = (f"{kills} / {back}", str(again), f"{said:,} / {lost}")
    return [Row(*row) for row in zip(names, shown, names.values(), is_met, strict=True)]


def _journal(found: Mapping[str, Any] | None) -> list[Row]:
    name = "journal: kills / acknowledged events / lost"
    aim = ">= 300, 0 lost"
    if found is None:
        return [Row(name, "-", aim, None)]
    kills, told, lost = found["kills"], found["acknowledged"], found["lost"]
    shown = f"{kills} / {told:,} / {lost}"
    return [Row(name, shown, aim, kills >= 300 and told > kills and lost == 0)]


def _soak(found: Mapping[str, Any] | None) -> list[Row]:
    if found is None:
        return [Row("soak", "-", "all", None)]
    shown = []
    for row in found["figures"]:
        value = "-" if row["value"] is None else f"{in_digits(row['value'])} {row['unit']}".strip()
        aim = f"{'>=' if row['at_least'] else '<='} {row['aim']:g}"
        is_met = row["is_met"] if row["value"] is not None else None
        shown.append(Row(f"soak: {row['name']}", value, aim, is_met))
    return shown


def in_digits(value: float) -> str:
    """A number in three digits, or whole."""
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.3g}"


def table(found: list[Row]) -> list[str]:
    """The rows as lines of Markdown."""
    lines = ["| figure | measured | aim | |", "|---|---|---|---|"]
    return lines + [f"| {r.name} | {r.measured} | {r.aim} | {r.mark} |" for r in found]
