"""Fingerprints: a cheap look at a variable that tells whether its content changed in place.

Equal fingerprints mean "very likely unchanged". Containers are looked at to a bounded depth and
number of elements; arrays up to a budget of bytes are summed whole, larger ones sampled. Text
columns of a DataFrame are compared by the identity of their immutable Arrow data where they have
any, else sampled. No library is imported for this: a value of one means that it is there.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable
from itertools import islice
from typing import Any

MAX_ELEMENTS = 256
"""Elements of one container, columns of one frame, samples of one array that are looked at."""
MAX_DEPTH = 3
MAX_VISITS = 2_000
"""Elements of one variable that are looked at, all its levels together."""
SUM_BYTES = 64_000_000
"""Bytes of arrays that one look at a namespace sums; what goes beyond is sampled."""


class Fingerprints:
    """Takes the fingerprints of one look at a namespace, within one budget."""

    def __init__(self) -> None:
        self._room = SUM_BYTES
        self._visits = 0

    def of(self, value: object) -> Hashable:
        """Identity, type and content of a value."""
        self._visits = MAX_VISITS
        try:
            content = self._content(value, MAX_DEPTH)
        except Exception:  # noqa: BLE001 -- foreign classes, at the tool boundary
            content = None
        return id(value), type(value).__qualname__, content

    def _content(self, value: Any, depth: int) -> Hashable:
        if isinstance(value, dict | list | tuple | set | frozenset):
            return self._container(value, depth)
        if isinstance(value, bytearray):
            return hash(bytes(value))
        home = type(value).__module__.partition(".")[0]
        if home == "numpy" and hasattr(value, "__array_interface__"):
            return self._array(value)
        if home == "pandas":
            return self._pandas(value)
        return None

    def _container(self, value: Any, depth: int) -> Hashable:
        if depth == 0 or self._visits <= 0:
            return len(value)
        if isinstance(value, dict):
            some = [*islice(value.items(), MAX_ELEMENTS), *islice(reversed(value.items()), 8)]
            parts = [part for pair in some for part in pair]
        elif isinstance(value, list | tuple):
            step = len(value) // MAX_ELEMENTS + 1
            parts = [*value[::step], *value[-8:]]
        else:
            parts = list(islice(value, MAX_ELEMENTS))
        self._visits -= len(parts)
        return len(value), tuple(self._element(part, depth - 1) for part in parts)

    def _element(self, value: object, depth: int) -> Hashable:
        if value is None or isinstance(value, int | float | complex):
            return value
        if isinstance(value, str | bytes):
            return hash(value)
        return id(value), self._content(value, depth)

    def _array(self, array: Any) -> Hashable:
        facts = (array.__array_interface__["data"][0], array.shape, array.dtype.str, array.strides)
        flat = array.reshape(-1)[:: array.size // MAX_ELEMENTS + 1] if array.size else array
        if array.dtype.hasobject:
            return facts, tuple(self._element(value, 0) for value in flat.ravel())
        return facts, hash(flat.tobytes()), self._sum(array)

    def _sum(self, array: Any) -> int | None:
        """The sum of an array's bytes as 64-bit words, if it is contiguous and in the budget."""
        contiguous = array.flags.c_contiguous or array.flags.f_contiguous
        if not contiguous or array.nbytes > self._room:
            return None
        self._room -= array.nbytes
        numpy = sys.modules["numpy"]
        octets = array.ravel(order="K").view(numpy.uint8)
        words = octets[: octets.size // 8 * 8].view(numpy.uint64)
        return int(words.sum(dtype=numpy.uint64)) + int(octets[words.size * 8 :].sum())

    def _pandas(self, value: Any) -> Hashable:
        pandas: Any = sys.modules["pandas"]
        if isinstance(value, pandas.DataFrame):
            n = value.shape[1]
            columns = range(0, n, n // MAX_ELEMENTS + 1)
            values = tuple(self._column(value.iloc[:, i].array) for i in columns)
            return self._index(value.columns), self._index(value.index), values
        if isinstance(value, pandas.Series):
            return self._index(value.index), self._column(value.array)
        return self._index(value) if isinstance(value, pandas.Index) else None

    def _index(self, index: Any) -> Hashable:
        if hasattr(index, "start"):
            return index.start, index.stop, index.step
        return len(index), tuple(index.names), self._column(index.array)

    def _column(self, column: Any) -> Hashable:
        """A pandas array: by what it is made of where that can be seen, else by samples."""
        facts: list[Hashable] = [str(column.dtype), len(column)]
        for name in ("_ndarray", "_data", "_mask"):
            inner = getattr(column, name, None)
            if hasattr(inner, "__array_interface__"):
                facts.append(self._array(inner))
        arrow = getattr(column, "_pa_array", None)
        if arrow is not None:
            facts.append(id(arrow))
        if len(facts) == 2:  # noqa: PLR2004 -- nothing was added
            step = len(column) // MAX_ELEMENTS + 1
            facts.append(tuple(map(str, column[::step])))
        return tuple(facts)
