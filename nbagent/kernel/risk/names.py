"""Names: where each is bound in the code, and what it is there."""

from __future__ import annotations

import builtins
from typing import Literal

from nbagent.kernel.risk.kinds import ASSUMED
from nbagent.kernel.risk.values import Known, Value, either, named

_BUILTINS = frozenset(dir(builtins)) | {"get_ipython", "__builtins__"}


class Scope:
    """The names of a module, a function, a class body or a comprehension.

    Args:
        kind: which of them.
        outer: the scope around it.
    """

    def __init__(
        self,
        kind: Literal["module", "function", "class", "comprehension"],
        outer: Scope | None = None,
    ) -> None:
        self.kind = kind
        self.outer = outer
        self.values: dict[str, Value] = {}
        self.elsewhere: dict[str, Scope] = {}

    @property
    def module(self) -> Scope:
        """The outermost scope."""
        return self.outer.module if self.outer else self

    def home(self, name: str, *, walrus: bool = False) -> Scope:
        """The scope that an assignment binds the name in."""
        scope = self
        while walrus and scope.kind == "comprehension" and scope.outer:
            scope = scope.outer
        return scope.elsewhere.get(name, scope)

    def find(self, name: str) -> Value | None:
        """What the name is in this scope or those around it; None if the code does not bind it."""
        scope: Scope | None = self.elsewhere.get(name, self)
        while scope is not None:
            if name in scope.values and (scope.kind != "class" or scope is self):
                return scope.values[name]
            scope = scope.outer
        return None

    def declare(self, names: list[str], *, is_global: bool) -> None:
        """Note a `global` or `nonlocal` statement."""
        for name in names:
            scope = self.outer
            while not is_global and scope and name not in scope.values:
                scope = scope.outer
            self.elsewhere[name] = scope if scope and not is_global else self.module

    def bind(self, name: str, value: Value, *, certain: bool) -> None:
        """Bind a name; where it is not certain to happen, the name may also be what it was."""
        old = None if certain else self.find(name)
        self.values[name] = value if old is None else either(old, value)


def look_up(name: str, scope: Scope, known: Known) -> Value | None:
    """What a name is: in the code, in the live namespace, or built in; None if nobody knows."""
    value = scope.find(name)
    if value is not None:
        return value
    if name == "get_ipython":
        return named(name)
    if name in known:
        return known.value(name)
    if name in ASSUMED:
        return named(ASSUMED[name])
    if name in known.before and not name.startswith("_"):
        return Value(roots=frozenset([name]))
    return named(name) if name in _BUILTINS else None
