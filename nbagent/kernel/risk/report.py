"""What is found in one look at code, in the order of its lines."""

from __future__ import annotations

from dataclasses import dataclass

from nbagent.kernel.risk.values import PARAMETER

MAX_RISKS = 100
"""Risks of one call that are told apart."""


class TooMuch(Exception):
    """The code is too long or too deeply nested to be judged; the text says which."""


@dataclass(frozen=True, slots=True)
class Risk:
    """One risky thing in code.

    Attributes:
        kind: key of `KINDS`.
        what: the piece of code, short: `shutil.rmtree`, `'data/penguins.csv'`, `df`.
        line: its line in the code as the model wrote it, from 1.
        detail: what is known besides: `15 kB, last changed 2026-11-23`; '' if nothing.
    """

    kind: str
    what: str
    line: int
    detail: str = ""


class Report:
    """Collects what is found.

    Attributes:
        writes: what writes to a disk, new files too, and on which line.
        bound: which names are bound at the top other than by an import, and on which line.
        own_files: which files of the person's an import runs, and on which line.
        touched: parameters of functions that are changed in place.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, int], str] = {}
        self.writes: list[tuple[str, int]] = []
        self.bound: list[tuple[str, int]] = []
        self.own_files: list[tuple[str, int]] = []
        self.touched: set[str] = set()

    def found(self, kind: str, what: str, line: int, detail: str = "") -> None:
        """Note a risk; the same one on the same line counts once."""
        if len(self._found) < MAX_RISKS:
            self._found.setdefault((kind, what, line), detail)

    def changed(self, root: str, line: int, how: str) -> None:
        """Note that a variable, or a function's parameter, changes."""
        if root.startswith(PARAMETER):
            self.touched.add(root)
        else:
            self.found("variables", root, line, how)

    @property
    def risks(self) -> tuple[Risk, ...]:
        """What was found, by line."""
        found = [Risk(*key, detail) for key, detail in self._found.items()]
        return tuple(sorted(found, key=lambda risk: risk.line))
