"""Which names code needs and which it makes: told from its syntax, without running it."""

from __future__ import annotations

import ast
import builtins
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence

from IPython.core.inputtransformer2 import TransformerManager

_THERE = frozenset(dir(builtins)) | {"get_ipython", "display", "In", "Out", "_", "__", "___"}
_SCOPES = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)
_BLOCKS = (ast.stmt, ast.ExceptHandler, ast.match_case)


def needed(codes: Iterable[str]) -> list[str]:
    """The names that cells, run in this order, take as given, in the order of their use."""
    made: set[str] = set()
    found: dict[str, None] = {}
    for code in codes:
        for loads, stores in statements(code):
            found |= dict.fromkeys(sorted(loads - made - _THERE))
            made |= stores
    return list(found)


def providing(cells: Sequence[str], names: Iterable[str]) -> list[str]:
    """Those of these cells that make or change names, and what they need in turn, in order."""
    wanted = set(names)
    chosen: list[str] = []
    for code in reversed(cells):
        if touched(code) & wanted:
            chosen.insert(0, code)
            wanted |= set(needed([code]))
    return chosen


def touched(code: str) -> set[str]:
    """The names that code makes or may change in place: `a = 1`, `a[0] = 1`, `a.append(1)`."""
    tree = _tree(code)
    if tree is None:
        return set()
    found = {name for statement in tree.body for _, stores in _parts(statement) for name in stores}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Subscript, ast.Attribute)) and not isinstance(node.ctx, ast.Load):
            found.add(_root(node))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            found.add(_root(node.value.func) if isinstance(node.value.func, ast.Attribute) else "")
    return found - {""}


def _root(node: ast.AST) -> str:
    """The name that an expression like `a.b[0]` begins with, '' if it is none."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def uses(codes: Iterable[str], names: Iterable[str]) -> bool:
    """Whether cells, run in this order, use one of these names before they make it themselves."""
    left = set(names)
    for code in codes:
        for loads, stores in statements(code):
            if loads & left:
                return True
            left -= stores
    return False


def statements(code: str) -> Iterator[tuple[set[str], set[str]]]:
    """For each statement, in order, the names that it reads and those that it makes.

    Of code that cannot be parsed, every word counts as read.
    """
    tree = _tree(code)
    if tree is None:
        yield set(re.findall(r"[^\W\d]\w*", code)), set()
        return
    for statement in tree.body:
        yield from _parts(statement)


def _tree(code: str) -> ast.Module | None:
    """The syntax of a cell's code, magics included; None if it has none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the code's own warnings are not ours
            return ast.parse(TransformerManager().transform_cell(code))  # type: ignore[no-untyped-call] # IPython's
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _parts(node: ast.AST) -> Iterator[tuple[set[str], set[str]]]:
    """What a statement reads and makes; of one with blocks its head first, then each block."""
    children = list(ast.iter_child_nodes(node))
    blocks = [] if isinstance(node, _SCOPES) else [c for c in children if isinstance(c, _BLOCKS)]
    loads, stores = set[str](), set[str]()
    for child in children if blocks else [node]:
        if child not in blocks:
            _collect(child, loads, stores)
    if isinstance(node, ast.ExceptHandler) and node.name:
        stores.add(node.name)
    yield loads, stores
    for block in blocks:
        yield from _parts(block)


def _collect(node: ast.AST, loads: set[str], stores: set[str]) -> None:
    if isinstance(node, _SCOPES):
        _collect_scope(node, loads, stores)
        return
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        stores |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    elif isinstance(node, ast.Name):
        (loads if isinstance(node.ctx, ast.Load) else stores).add(node.id)
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        loads.add(node.target.id)
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
        stores.add(node.name)
    for child in ast.iter_child_nodes(node):
        _collect(child, loads, stores)


def _collect_scope(node: ast.AST, loads: set[str], stores: set[str]) -> None:
    """A function, class or comprehension: what it binds is its own."""
    inner, bound = set[str](), set[str]()
    for child in ast.iter_child_nodes(node):
        _collect(child, inner, bound)
    bound |= {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)}
    loads |= inner - bound
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        stores.add(node.name)
