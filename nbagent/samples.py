"""When how much of a reply arrived, in a tenth of the memory that tuples of it would take.

A run of thousands of replies keeps the samples of all of them, and so does its journal.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, TypeAlias, overload

Phase: TypeAlias = Literal["reasoning", "answer", "arguments"]
"""What a piece of a reply belongs to."""

Sample: TypeAlias = tuple[float, float, Phase]
"""`(t, tokens, phase)`: at `t` (seconds since the run began) so many tokens arrived."""


PER_S, PER_TOKEN = 10_000, 1_000
"""Units of a packed text in a second and in a token: samples are rounded to these."""

LARGEST = 1e10
"""No number of a packed text is as large."""


class Samples(Sequence[Sample]):
    """Samples in order of arrival; equal to any sequence of the same ones, and never changed.

    Args:
        rows: the samples; lists will do, as JSON has them.
    """

    __slots__ = ("_numbers", "_phases")

    def __init__(self, rows: Iterable[Sequence[Any]] = ()) -> None:
        kept = [*rows]
        self._numbers = array("d", [number for t, tokens, _ in kept for number in (t, tokens)])
        self._phases: tuple[tuple[int, Phase], ...] = _runs([phase for _, _, phase in kept])

    def __len__(self) -> int:
        return len(self._numbers) // 2

    def __iter__(self) -> Iterator[Sample]:
        numbers = iter(self._numbers)
        for n, phase in self._phases:
            for _ in range(n):
                yield next(numbers), next(numbers), phase

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

    def packed(self) -> str:
        """The samples as a short text: `phase dt tokens dt tokens …`; '' if that is not exact."""
        parts: list[str] = []
        before, said = 0, ""
        for t, tokens, phase in self:
            if not (abs(t) < LARGEST and abs(tokens) < LARGEST and phase.isalpha()):
                return ""
            units, weight = round(t * PER_S), round(tokens * PER_TOKEN)
            if units / PER_S != t or weight / PER_TOKEN != tokens:
                return ""
            parts += [phase] if phase != said else []
            parts += [str(units - before), str(weight)]
            before, said = units, phase
        return " ".join(parts)

    @classmethod
    def unpacked(cls, text: str) -> Samples:
        """Read what `packed` has made.

        Raises:
            ValueError: it is something else.
        """
        rows: list[tuple[float, float, str]] = []
        units, phase = 0, ""
        words = iter(text.split())
        for word in words:
            if word.isalpha():
                phase = word
            else:
                units += int(word)
                rows.append((units / PER_S, int(next(words, "")) / PER_TOKEN, phase))
        return cls(rows)

    def __deepcopy__(self, _memo: object) -> Samples:
        return self


def _runs(phases: Sequence[Phase]) -> tuple[tuple[int, Phase], ...]:
    """Phases as `(how often in a row, phase)`."""
    found: list[tuple[int, Phase]] = []
    for phase in phases:
        if found and found[-1][1] == phase:
            found[-1] = found[-1][0] + 1, phase
        else:
            found.append((1, phase))
    return tuple(found)
