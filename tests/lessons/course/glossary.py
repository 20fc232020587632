"""Terms that prose may use from the lesson on that introduces them."""

from __future__ import annotations

import re


def _term(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\b{pattern}\b", re.IGNORECASE)


GLOSSARY = {
    "endpoint": _term("endpoints?"),
    "usage": _term("completion tokens"),
    "schema": _term("schemas?"),
    "tool": _term("tools?"),
    "tool call": _term("tool calls?"),
    "history": _term("history"),
    "generator": _term("generators?"),
    "driver": _term("drivers?"),
    "approval": _term("approvals?"),
    "verdict": _term("verdicts?"),
    "retry": _term("retr(y|ies)"),
    "back-off": _term("back-?offs?"),
    "compaction": _term("compact(ions?|ed)"),
    "journal": _term("journals?"),
}
