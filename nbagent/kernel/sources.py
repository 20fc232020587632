"""The source that IPython keeps of each cell, for tracebacks: forgotten where nothing can need it.

A run of thousands of calls would keep the source of all of them. Once a cell has ended, only what
it has defined still refers to its source: functions, classes, generators that no call has used up.
"""

from __future__ import annotations

import ast
import linecache
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

KEPT = 100
"""The sources of the last calls are kept in any case."""
_DEFINES = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
)


class Sources:
    """Forgets the sources of old calls that have defined nothing."""

    def __init__(self) -> None:
        self._kept: deque[str] = deque()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note what IPython keeps while a call runs, and forget what it kept long before."""
        known = len(linecache.cache)
        try:
            yield
        finally:
            self._kept.extend([*islice(linecache.cache, known, None)])
            while len(self._kept) > KEPT:
                oldest = self._kept.popleft()
                if _can_go(linecache.cache.get(oldest)):
                    linecache.cache.pop(oldest, None)


def _can_go(entry: Any) -> bool:
    """Whether what is kept is a cell's source, of which nothing is left that refers to it.

    Args:
        entry: size, time of change (None for a cell), lines and name, as `linecache` has them.
    """
    if not isinstance(entry, tuple) or entry[1:2] != (None,):
        return False
    try:
        tree = ast.parse("".join(entry[2]))
    except SyntaxError:
        return True  # it never ran
    except (ValueError, RecursionError, MemoryError):
        return False
    nodes = [*ast.walk(tree)]
    used_up = {id(given) for node in nodes if isinstance(node, ast.Call) for given in node.args}
    return not any(
        isinstance(node, _DEFINES)
        or (isinstance(node, ast.GeneratorExp) and id(node) not in used_up)
        for node in nodes
    )
