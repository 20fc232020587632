"""What a cell's code does, statement by statement, in plain words: read from its syntax alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

MOST_LINES = 14


def outlined(source: str) -> list[str]:
    """One line a statement, at most `MOST_LINES`; empty if it is no Python."""
    plain = re.sub(r"(?m)^([ \t]*)[%!].*$", r"\1pass", source)
    try:
        tree = ast.parse(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    lines = [f"line {node.lineno}: {_words(node)}" for node in tree.body]
    left = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], f"and {left} more statements"] if left > 0 else lines


def _words(node: ast.stmt) -> str:
    """One statement."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [f"`{alias.name}`" + _alias(alias) for alias in node.names]
        home = f" from `{node.module}`" if isinstance(node, ast.ImportFrom) else ""
        return f"imports {', '.join(names)}{home}"
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        arguments = ", ".join(f"`{arg.arg}`" for arg in node.args.args)
        return f"defines the function `{node.name}`" + (f" of {arguments}" if arguments else "")
    if isinstance(node, ast.Assign):
        return f"sets {_targets(node.targets)} to {_value(node.value)}"
    if isinstance(node, ast.AnnAssign | ast.AugAssign):
        return f"changes {_targets([node.target])}" if node.value else "declares a name"
    if isinstance(node, ast.Expr):
        return _value(node.value)
    return _block(node)


def _block(node: ast.stmt) -> str:
    """A statement with others in it, or one of a word."""
    inner = f", {len(list(_inner(node)))} statements in it" if hasattr(node, "body") else ""
    if isinstance(node, ast.For):
        return f"goes through `{ast.unparse(node.iter)[:60]}`{inner}"
    if isinstance(node, ast.While | ast.If):
        word = "repeats while" if isinstance(node, ast.While) else "asks whether"
        return f"{word} `{ast.unparse(node.test)[:60]}`{inner}"
    if isinstance(node, ast.With):
        return f"works within `{ast.unparse(node.items[0])[:60]}`{inner}"
    if isinstance(node, ast.ClassDef):
        return f"defines the class `{node.name}`"
    if isinstance(node, ast.Pass):
        return "a magic, a command, or nothing"
    return f"`{ast.unparse(node).splitlines()[0][:60]}`"


def _inner(node: ast.stmt) -> Iterator[ast.stmt]:
    return (each for each in ast.walk(node) if isinstance(each, ast.stmt) and each is not node)


def _alias(alias: ast.alias) -> str:
    return f" as `{alias.asname}`" if alias.asname else ""


def _targets(targets: list[ast.expr]) -> str:
    return " and ".join(f"`{ast.unparse(target)[:60]}`" for target in targets)


def _value(node: ast.expr) -> str:
    text = ast.unparse(node)
    text = text if len(text) <= 80 else f"{text[:79]}…"  # noqa: PLR2004 -- a line of a list
    return f"calls `{text}`" if isinstance(node, ast.Call) else f"`{text}`"
