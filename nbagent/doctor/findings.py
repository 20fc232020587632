"""What the doctor finds: a fact, and where it is not in order what that means and what to do."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Literal, TypeAlias

from nbagent.phrases import padded
from nbagent.words import counted, paragraph, t, told

Level: TypeAlias = Literal["fine", "note", "problem"]

_MARKS: dict[Level, str] = {"fine": " ", "note": "·", "problem": "!"}
_NAME_WIDTH = 18
_TEXT_WIDTH = 96


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        name: what was looked at.
        value: what was found.
        remark: what it means where it is worth a word; the finding is then a note.
        remedy: what to do.
        problem: whether something does not work as it is.
    """

    name: str
    value: str
    remark: str = ""
    remedy: str = ""
    problem: bool = False

    @property
    def level(self) -> Level:
        """`fine`, `note` or `problem`."""
        if self.problem:
            return "problem"
        return "note" if self.remark or self.remedy else "fine"

    @property
    def lines(self) -> list[str]:
        """The finding as text: a row of the table, then what it means and what to do."""
        name = padded(told(self.name), _NAME_WIDTH)
        row = f"{_MARKS[self.level]} {name}{told(self.value)}".rstrip()
        words = paragraph([told(self.remark), told(self.remedy)])
        indent = " " * (_NAME_WIDTH + 2)
        return [
            row,
            *textwrap.wrap(
                words,
                _TEXT_WIDTH,
                initial_indent=indent,
                subsequent_indent=indent,
                break_long_words=False,
                break_on_hyphens=False,
            ),
        ]


@dataclass(frozen=True, slots=True)
class Report:
    """All findings, by section."""

    sections: tuple[tuple[str, tuple[Finding, ...]], ...]

    @property
    def findings(self) -> list[Finding]:
        """Every finding, in order."""
        return [finding for _, findings in self.sections for finding in findings]

    @property
    def ok(self) -> bool:
        """Whether nothing was found that does not work."""
        return not any(finding.problem for finding in self.findings)

    @property
    def text(self) -> str:
        """The report as a plain text table."""
        blocks = [
            "\n".join([told(title), *(line for finding in findings for line in finding.lines)])
            for title, findings in self.sections
        ]
        return "\n\n".join([*blocks, self._verdict()])

    def _verdict(self) -> str:
        n = sum(finding.problem for finding in self.findings)
        if n:
            return t("{problems} found, marked ! above.", problems=counted(n, "problem"))
        return t("No problem found. Lines marked · are worth knowing.")
