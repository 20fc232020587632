"""Lesson 07: what its labelled calls say is what the product's own classifier says."""

from __future__ import annotations

from typing import Any

import pytest

from nbagent.kernel.risk import KINDS, risks_of
from nbagent.lessons.course.exercises.l07 import HIDDEN, SHOWN, Labelled

NAMES: dict[str, Any] = {"sales": [3, 1, 2]}
exec("def send_report(sales):\n    return None\n", NAMES)
CALLS = [each for each in (*SHOWN, *HIDDEN) if each[1].name == "run_python"]


def found(code: str) -> list[tuple[str, str, str, int]]:
    risks = risks_of(code, NAMES, frozenset(NAMES))
    return [(risk.kind, KINDS[risk.kind].verb, risk.what, risk.line) for risk in risks]


@pytest.mark.parametrize("labelled", CALLS, ids=lambda each: str(each[1].arguments)[:60])
def test_the_reasons_of_a_labelled_call_are_the_products(labelled: Labelled) -> None:
    _, call = labelled
    shown = [(r.kind, r.verb, r.what, r.line) for r in call.reasons]
    assert shown == found(call.arguments["code"])


def test_a_reason_that_was_made_up_would_be_noticed() -> None:
    """The positive control: the same code without its risk has no reasons."""
    assert found("import os\nos.remove('old.tmp')")
    assert not found("import os\nos.listdir('.')")
