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
    "ablation": _term("ablations?"),
    "preserved thinking": _term("preserved thinking"),
    "fork": _term("forks?"),
    "chunk": _term("chunks?"),
    "TTFT": _term("TTFT"),
    "TPOT": _term("TPOT"),
    "Amdahl's law": _term("Amdahl's law"),
    "namespace": _term("namespaces?"),
    "run_python": _term("run_python"),
    "truncation": _term("truncat(ion|ed)"),
}
