"""Finding the person's variables: which names are theirs, and what an expression names.

An expression may go from a variable to its attributes and elements (`df.columns`, `d["a"][0]`);
it calls nothing but the attribute and element access of the objects it passes.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any


class NotFound(LookupError):
    """An expression names nothing; the text says what is there instead."""


def own_variables(shell: Any) -> dict[str, Any]:
    """The variables of the notebook, oldest first.

    IPython's own names and names that begin with an underscore are left out.

    Args:
        shell: the IPython shell.
    """
    missing = object()
    hidden: Mapping[str, Any] = shell.user_ns_hidden
    return {
        name: value
        for name, value in list(shell.user_ns.items())
        if not name.startswith("_") and hidden.get(name, missing) is not value
    }


def lookup(expression: str, variables: Mapping[str, Any]) -> Any:
    """Find what an expression names.

    Args:
        expression: a name, followed by attributes and constant subscripts.
        variables: where the name is looked up.

    Raises:
        NotFound: it names nothing, or is no such expression.
    """
    try:
        node = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise NotFound(_FORM.format(expression[:80])) from error
    return _value(node, variables, expression)


_FORM = "{!r} is not a name with attributes and constant subscripts, such as df.columns or d['a']."


def _value(node: ast.expr, variables: Mapping[str, Any], whole: str) -> Any:
    if isinstance(node, ast.Name):
        if node.id in variables:
            return variables[node.id]
        raise NotFound(f"There is no variable {node.id}.{suggestion(node.id, variables)}")
    if isinstance(node, ast.Attribute):
        return _attribute(_value(node.value, variables, whole), node)
    if isinstance(node, ast.Subscript):
        return _element(_value(node.value, variables, whole), _key(node.slice, whole))
    raise NotFound(_FORM.format(whole[:80]))


def _attribute(owner: Any, node: ast.Attribute) -> Any:
    name, shown = node.attr, ast.unparse(node.value)
    if name.startswith("_"):
        raise NotFound(f"{name} is private; only public attributes can be looked at.")
    try:
        return getattr(owner, name)
    except Exception as error:  # a property runs foreign code
        names = [] if isinstance(owner, ModuleType) else dir(type(owner))
        columns = getattr(owner, "columns", ())
        near = suggestion(name, [*names, *map(str, columns)])
        text = f"{shown} has no attribute {name} ({type(error).__name__}).{near}"
        raise NotFound(text) from error


def _element(owner: Any, key: Any) -> Any:
    try:
        if not isinstance(owner, dict) or key in owner:  # a defaultdict would make one
            return owner[key]
        names = [str(name) for name in list(owner)[:1000]]
        reason: Exception = KeyError(key)
    except Exception as error:  # noqa: BLE001 -- foreign code again
        names, reason = [str(name) for name in getattr(owner, "columns", ())], error
    text = f"There is no element {key!r} ({type(reason).__name__}).{suggestion(str(key), names)}"
    raise NotFound(text) from reason


def _key(node: ast.expr, whole: str) -> Any:
    """A constant subscript: a literal, a negative number, a tuple or slice of such."""
    if isinstance(node, ast.Slice):
        parts = (node.lower, node.upper, node.step)
        return slice(*(None if part is None else _key(part, whole) for part in parts))
    if isinstance(node, ast.Tuple):
        return tuple(_key(part, whole) for part in node.elts)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError) as error:
        raise NotFound(_FORM.format(whole[:80])) from error


def suggestion(name: str, known: Iterable[str]) -> str:
    """A near miss in words (` Did you mean df?`), '' if there is none."""
    by_lower = {each.lower(): each for each in known if not each.startswith("_")}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f" Did you mean {by_lower[near[0]]}?" if near else ""
