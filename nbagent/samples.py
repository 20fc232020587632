"""When how much of a reply arrived, in a tenth of the memory that tuples of it would take.

A run of thousands of replies keeps the samples of all of them, and so does its journal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from sys import intern
from typing import Any, Literal, TypeAlias, cast, overload

Phase: TypeAlias = Literal["reasoning", "answer", "arguments"]
"""What a piece of a reply belongs to."""

Sample: TypeAlias = tuple[float, float, Phase]
"""`(t, tokens, phase)`: at `t` (seconds since the run began) so many tokens arrived."""

PER_S, PER_TOKEN = 10_000, 1_000
"""Units of a packed text in a second and in a token: samples are rounded to these."""
LARGEST = 1e10
"""No number of a packed text is as large."""
_RUN = r"[^\W\d_]+(?: -?\d+ -?\d+)+"
_TEXT = re.compile(rf"{_RUN}(?:;{_RUN})*")


class Samples(Sequence[Sample]):
    """Samples in order of arrival; equal to any sequence of the same ones, and never changed.

    Args:
        rows: the samples, as lists too, as JSON has them; or their text.

    Attributes:
        text: the samples as `phase dt tokens dt tokens …;phase …`; '' where that is not exact.

    Raises:
        ValueError: `rows` is some other text.
    """

    __slots__ = ("_rows", "text")

    def __init__(self, rows: Iterable[Sequence[Any]] | str = ()) -> None:
        self._rows: tuple[Sample, ...] = ()
        if isinstance(rows, str):
            self.text = rows
            if rows and not _TEXT.fullmatch(rows):
                raise ValueError("this text holds no samples")
        else:
            kept = tuple(cast("Sample", tuple(row)) for row in rows)
            self.text = _packed(kept)
            self._rows = () if self.text else kept

    def __iter__(self) -> Iterator[Sample]:
        return iter(_unpacked(self.text) if self.text else self._rows)

    def __len__(self) -> int:
        return self.text.count(" ") // 2 if self.text else len(self._rows)

    @overload
    def __getitem__(self, i: int) -> Sample: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[Sample]: ...
    def __getitem__(self, i: int | slice) -> Sample | Sequence[Sample]:
        return tuple(self)[i]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Samples({[*self]!r})"

    def __deepcopy__(self, _memo: object) -> Samples:
        return self


def _packed(rows: Iterable[Sample]) -> str:
    """Samples as a text; '' if they do not come back from it as they are."""
    runs: list[list[str]] = []
    before = 0
    for t, tokens, phase in rows:
        if not (abs(t) < LARGEST and abs(tokens) < LARGEST and phase.isalpha()):
            return ""
        units, weight = round(t * PER_S), round(tokens * PER_TOKEN)
        if units / PER_S != t or weight / PER_TOKEN != tokens:
            return ""
        if not runs or runs[-1][0] != phase:
            runs.append([phase])
        runs[-1] += [str(units - before), str(weight)]
        before = units
    return ";".join(" ".join(run) for run in runs)


def _unpacked(text: str) -> list[Sample]:
    """Read what `_packed` has made."""
    rows: list[Sample] = []
    units = 0
    for run in text.split(";"):
        phase: Any
        phase, *words = run.split(" ")
        phase = intern(phase)
        numbers = [*map(int, words)]
        for step, weight in zip(numbers[::2], numbers[1::2], strict=True):
            units += step
            rows.append((units / PER_S, weight / PER_TOKEN, phase))
    return rows
