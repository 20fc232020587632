"""What each lesson introduces, and terms that prose may use from that lesson on."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nbagent.lessons.course import exercises, notebooks

Concepts = Mapping[str, tuple[list[str], list[str]]]
"""What each lesson introduces, and what it uses of earlier ones."""


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
    "redaction": _term("redactions?"),
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
    "approval": _term("approvals?"),
    "verdict": _term("verdicts?"),
    "retry": _term("retr(y|ies)"),
    "back-off": _term("back-?offs?"),
    "compaction": _term("compact(ions?|ed)"),
    "journal": _term("journals?"),
}


def concepts() -> Concepts:
    """The concepts of all lessons, in their order, as the notebooks name them."""
    found = {}
    for number in exercises.numbers():
        named = notebooks.read(notebooks.source(number)).metadata.nbagent.concepts
        found[number] = (list(named.introduces), list(named.uses))
    return found


def out_of_order(listed: Concepts) -> list[str]:
    """Concepts that are used before they are introduced, or introduced twice."""
    known: set[str] = set()
    faults: list[str] = []
    for number, (introduces, uses) in listed.items():
        late = [name for name in uses if name not in known]
        faults += [f"{number} uses {name}, which comes later or never" for name in late]
        twice = [name for name in introduces if name in known]
        faults += [f"{number} introduces {name} once more" for name in twice]
        known |= set(introduces)
    return faults
