"""What an expression may be, as far as it can be told without running it."""

from __future__ import annotations

import functools
import os
from builtins import type as _type
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PosixPath, WindowsPath
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from nbagent.kernel.risk.kinds import ALIASES, CANONICAL

NONE: frozenset[str] = frozenset()
PARAMETER = "\0"
"""How a parameter's name begins where it stands among those of variables."""
PICK = frozenset(["<pick>"])
"""The name of a value that picks rows: a condition, a list of columns."""

_UNCHANGEABLE = (str, bytes, int, float, complex, bool, tuple, frozenset, type(None))


@dataclass(frozen=True, slots=True)
class Function:
    """A function that the code defines.

    Attributes:
        parameters: their names, in order.
        changes: those that it changes in place.
        returns: the parameters and variables that its result may be, or be a part of.
    """

    parameters: tuple[str, ...]
    changes: frozenset[str]
    returns: frozenset[str] = NONE


class Value(NamedTuple):
    """What is known of a value.

    Attributes:
        names: qualified names that it may have, `os.remove`; an object goes by its class.
        roots: the person's variables that it may be, or be a part of.
        holds: variables that its elements may be, or be a part of.
        text: a string or path, or how it begins.
        whole: whether `text` is all of it.
        function: what is known of it as a function.
        is_library: whether it is a module, class or function of a library, and no object.
    """

    names: frozenset[str] = NONE
    roots: frozenset[str] = NONE
    holds: frozenset[str] = NONE
    text: str = ""
    whole: bool = False
    function: Function | None = None
    is_library: bool = False

    def element(self) -> Value:
        """What it may hold."""
        return Value(self.names, self.roots | self.holds, self.holds)

    def without_roots(self) -> Value:
        """Another object with the same elements."""
        return self._replace(roots=NONE, holds=self.holds | self.roots, function=None)


UNKNOWN = Value()


def named(name: str) -> Value:
    """A thing of a library by its qualified name."""
    return Value(names=frozenset([canonical(name)]), is_library=True)


def words(text: str, *, whole: bool = True, names: frozenset[str] = NONE) -> Value:
    """A string, or what it begins with."""
    return Value(names=names, text=text, whole=whole)


def either(one: Value, other: Value) -> Value:
    """A value that is one or the other."""
    if one == other or other is UNKNOWN:
        return one
    if one is UNKNOWN:
        return other._replace(whole=False)
    return Value(
        names=one.names | other.names,
        roots=one.roots | other.roots,
        holds=one.holds | other.holds,
        text=os.path.commonprefix([one.text, other.text]),  # noqa: RUF071 -- by characters
        whole=one.whole and other.whole and one.text == other.text,
        function=one.function or other.function,
        is_library=one.is_library or other.is_library,
    )


def canonical(name: str) -> str:
    """One name for what has several: `posix.remove` is `os.remove`."""
    head, dot, rest = name.partition(".")
    name = (CANONICAL.get(head, head) + dot + rest).removeprefix("builtins.")
    return ALIASES.get(name, name)


class Known:
    """The live namespace, looked at without calling anything of it.

    Args:
        namespace: the user's names and objects.
        before: the names that are the person's.
    """

    def __init__(self, namespace: Mapping[str, Any], before: Collection[str]) -> None:
        self._namespace = namespace
        self.before = frozenset(before)
        self._owners: dict[int, str] | None = None

    def __contains__(self, name: str) -> bool:
        return name in self._namespace

    def value(self, name: str) -> Value:
        """What a name of the namespace is."""
        thing = self._namespace[name]
        value = of_object(thing)
        if value.is_library or name.startswith("_") or _type(thing) in _UNCHANGEABLE:
            return value
        root = name if name in self.before else self._owner(thing)
        return value._replace(roots=frozenset([root])) if root else value

    def _owner(self, thing: object) -> str:
        """The person's variable that is this very object."""
        if self._owners is None:
            self._owners = {
                id(value): name
                for name in sorted(self.before, reverse=True)
                if name in self._namespace
                and not name.startswith("_")
                and _type(value := self._namespace[name]) not in _UNCHANGEABLE
            }
        return self._owners.get(id(thing), "")


def of_object(thing: Any) -> Value:
    """A live object by its name, or by that of its class; nothing of it is called."""
    kind = _type(thing)
    if kind is str:
        return words(thing)
    if kind in (PosixPath, WindowsPath):
        return words(str(thing), names=frozenset(["pathlib.Path"]))
    name = _own_name(thing, kind)
    if name is not None:
        name = name.removeprefix("builtins.").removeprefix("None.")
        return UNKNOWN if name.startswith("__main__.") else named(name)
    name = canonical(_class_name(kind))
    if name in ("exit", "shutil.rmtree"):
        return named(name)
    return Value(names=NONE if name.startswith("__main__.") else frozenset([name]))


def _own_name(thing: Any, kind: type) -> str | None:
    """The qualified name of a module, class or function; None if it is another object."""
    name: Any = None
    if issubclass(kind, ModuleType):
        name = ModuleType.__getattribute__(thing, "__dict__").get("__name__")
    elif issubclass(kind, type):
        name = _class_name(thing)
    elif kind is functools.partial:
        name = _own_name(thing.func, _type(thing.func))
    elif kind is MethodType:
        name = _own_name(thing.__func__, _type(thing.__func__))
    elif kind is BuiltinFunctionType and not issubclass(_type(thing.__self__), ModuleType):
        name = f"{_class_name(_type(thing.__self__))}.{thing.__name__}"
    elif kind in (FunctionType, BuiltinFunctionType) or _class_name(kind).endswith(
        "cython_function_or_method"
    ):
        name = f"{thing.__module__}.{thing.__qualname__}"
    elif _class_name(kind) in ("numpy._ArrayFunctionDispatcher", "numpy.ufunc"):
        name = f"numpy.{thing.__name__}"
    return name if _type(name) is str else None


def _class_name(kind: type) -> str:
    module = type.__dict__["__module__"].__get__(kind)
    name = type.__dict__["__qualname__"].__get__(kind)
    return name if module == "builtins" else f"{module}.{name}"
