"""Lists that only grow, whose older items are held packed and made anew when they are looked at.

A run of thousands of steps keeps all of them and looks at the last few. What several lists share
(a reply stands in an event, in a move and in the history) is packed together and held once.
"""

from __future__ import annotations

import pickle
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from itertools import chain
from typing import Any, Generic, NamedTuple, TypeVar, overload
from zlib import compress, decompress

T = TypeVar("T")
_OURS = __name__.partition(".")[0]


class Packer:
    """Packs items of several lists together; the block that was looked into last stays open.

    Args:
        outside: instances of these types are not packed with the items that hold them.
    """

    def __init__(self, *outside: type) -> None:
        self._outside = (type, *outside)
        self._open: tuple[Block | None, list[list[Any]]] = (None, [])

    def pack(self, *lists: list[Any]) -> Block:
        """Pack these lists together; what is no plain value stays as it is."""
        file, outside = BytesIO(), list[Any]()
        try:
            _Pickler(file, self._outside, outside).dump(lists)
        except (pickle.PicklingError, RecursionError):
            return Block(self, b"", [*lists])
        return Block(self, compress(file.getvalue()), outside)

    def opened(self, block: Block) -> Sequence[list[Any]]:
        """The lists of a block."""
        known, lists = self._open
        if known is not block:
            lists = block.unpacked()
            self._open = block, lists
        return lists


class Block:
    """Lists that were packed together; made by `Packer.pack`."""

    __slots__ = ("_body", "_outside", "_packer")

    def __init__(self, packer: Packer, body: bytes, outside: list[Any]) -> None:
        self._packer = packer
        self._body = body
        self._outside = outside

    def unpacked(self) -> list[list[Any]]:
        """The lists, made anew."""
        if not self._body:
            return self._outside
        return list(_Unpickler(BytesIO(decompress(self._body)), self._outside).load())

    def __getitem__(self, i: int) -> list[Any]:
        return self._packer.opened(self)[i]


class Packed(Sequence[T], Generic[T]):
    """A list that only grows; what `pack_first` has packed is made anew when it is looked at.

    It may be read on any thread while one thread appends and packs.

    Args:
        items: what it holds at first.
    """

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._state: tuple[tuple[_Part, ...], list[T]] = ((), [*items])

    def append(self, item: T) -> None:
        """Put an item at the end."""
        self._state[1].append(item)

    def extend(self, items: Iterable[T]) -> None:
        """Put items at the end."""
        self._state[1].extend(items)

    def replace_last(self, item: T) -> None:
        """Put another item in the place of the last one, which is not packed."""
        self._state[1][-1] = item

    @property
    def recent(self) -> Sequence[T]:
        """The items that are not packed."""
        return self._state[1]

    def pack_first(self, n: int, block: Block, place: int) -> None:
        """Let go of the first `n` items that are not packed: they are list `place` of `block`."""
        parts, recent = self._state
        end = _end(parts) + n
        self._state = ((*parts, _Part(end, block, place)), recent[n:]) if n else self._state

    def __len__(self) -> int:
        parts, recent = self._state
        return _end(parts) + len(recent)

    def __iter__(self) -> Iterator[T]:
        parts, recent = self._state
        return chain(chain.from_iterable(p.block[p.place] for p in parts), recent)

    def __reversed__(self) -> Iterator[T]:
        parts, recent = self._state
        older = chain.from_iterable(reversed(p.block[p.place]) for p in reversed(parts))
        return chain(reversed(recent), older)

    @overload
    def __getitem__(self, i: int) -> T: ...
    @overload
    def __getitem__(self, i: slice) -> list[T]: ...
    def __getitem__(self, i: int | slice) -> T | list[T]:
        parts, recent = self._state
        n = _end(parts)
        if isinstance(i, slice):
            places = range(*i.indices(n + len(recent)))
            if places.step == 1 and places.start >= n:
                return recent[places.start - n : max(places.stop - n, 0)]
            return [self[place] for place in places]
        if i < 0:
            i += n + len(recent)
        if i >= n:
            return recent[i - n]
        if i < 0:
            raise IndexError("list index out of range")
        part = parts[bisect_right(parts, i, key=lambda part: part.end)]
        items: list[T] = part.block[part.place]
        return items[i - part.end]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and [*self] == [*other]

    __hash__ = None  # type: ignore[assignment] # it changes, like any list

    def __repr__(self) -> str:
        return f"Packed({[*self]!r})"


class _Part(NamedTuple):
    """Where packed items are: list `place` of `block`, up to index `end`."""

    end: int
    block: Block
    place: int


def _end(parts: Sequence[_Part]) -> int:
    return parts[-1].end if parts else 0


class _Pickler(pickle.Pickler):
    """Takes plain values and our own dataclasses, and asks nothing else how it is packed."""

    def __init__(self, file: BytesIO, types: tuple[type, ...], outside: list[Any]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._types = types
        self._outside = outside
        self._known: dict[int, int] = {}

    def persistent_id(self, value: Any) -> int | None:
        """The place of what stays outside: classes too, so that none is looked up by its name."""
        if not isinstance(value, self._types):
            return None
        place = self._known.setdefault(id(value), len(self._outside))
        if place == len(self._outside):
            self._outside.append(value)
        return place

    def reducer_override(self, value: Any) -> Any:
        """Refuse what is neither a plain value nor ours: its own code would run."""
        if type(value) is array:
            return array, (value.typecode, value.tobytes())
        if type(value).__module__.partition(".")[0] == _OURS:
            return NotImplemented
        raise pickle.PicklingError(f"{type(value).__name__} is not packed")


class _Unpickler(pickle.Unpickler):
    """Reads what `_Pickler` has written in this process."""

    def __init__(self, file: BytesIO, outside: list[Any]) -> None:
        super().__init__(file)
        self._outside = outside

    def persistent_load(self, place: int) -> Any:
        return self._outside[place]
