"""Things put in place for a while and put back afterwards, whatever happened to them.

Built-in functions are among those things, so the ones used here are bound early.
"""

from __future__ import annotations

from builtins import delattr, getattr, hasattr, setattr, vars  # noqa: A004 -- bound early
from collections.abc import MutableMapping
from typing import Any, Self

_ABSENT = object()


class Swaps:
    """Replaces attributes and items; leaving the context puts the old ones back, last one first.

    Attributes:
        disturbed: names that somebody else had replaced meanwhile.
    """

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any, Any, bool]] = []
        self.disturbed: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        while self._undo:
            target, name, new, old, is_item = self._undo.pop()
            held = target.get(name, _ABSENT) if is_item else getattr(target, name, _ABSENT)
            if held is not new:
                self.disturbed.append(name)
            if held is not old:
                self._put(target, name, old, is_item=is_item)

    def attr(self, target: Any, name: str, new: Any) -> Any:
        """Set an attribute of an object, class or module for a while.

        Returns:
            What the attribute was before, bound; None if there was none.
        """
        before = getattr(target, name, None)
        own = name in getattr(target, "__dict__", {}) or hasattr(
            getattr(type(target), name, None), "__set__"
        )
        self._undo.append((target, name, new, before if own else _ABSENT, False))
        setattr(target, name, new)
        return before

    def item(self, target: MutableMapping[str, Any], name: str, new: Any) -> None:
        """Set an item of a mapping for a while."""
        self._undo.append((target, name, new, target.get(name, _ABSENT), True))
        target[name] = new

    def keep(self, target: Any, name: str) -> None:
        """Leave an attribute as it is (or absent), but put it back if somebody changes it."""
        value = getattr(target, name, _ABSENT)
        self._undo.append((target, name, value, value, False))

    def keep_item(self, target: MutableMapping[str, Any], name: str) -> None:
        """Leave an item as it is (or absent), but put it back if somebody changes it."""
        value = target.get(name, _ABSENT)
        self._undo.append((target, name, value, value, True))

    @staticmethod
    def _put(target: Any, name: str, old: Any, *, is_item: bool) -> None:
        if is_item and old is _ABSENT:
            target.pop(name, None)
        elif is_item:
            target[name] = old
        elif old is not _ABSENT:
            setattr(target, name, old)
        elif name in vars(target):
            delattr(target, name)
