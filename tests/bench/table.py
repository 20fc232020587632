"""A plain aligned table: a line for each thing measured, with the medians over its rounds."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any

WIDTH = 9
NAME = 22


def table(heads: Sequence[tuple[str, int]], measured: Mapping[str, Sequence[Any]]) -> list[str]:
    """The lines.

    Args:
        heads: what stands above each column, and the digits after its point.
        measured: for each name the rounds, dataclasses with a field a column; None is no figure.
    """
    lines = [" " * NAME + "".join(f"{head:>{WIDTH}}" for head, _ in heads)]
    for name, rounds in measured.items():
        columns = zip(*map(astuple, rounds), strict=True)
        cells = (_cell(column, n) for column, (_, n) in zip(columns, heads, strict=True))
        lines.append(f"{name:<{NAME}}" + "".join(cells))
    return lines


def _cell(values: Sequence[float | None], digits: int) -> str:
    figures = [value for value in values if value is not None]
    return f"{statistics.median(figures):>{WIDTH},.{digits}f}" if figures else f"{'-':>{WIDTH}}"
