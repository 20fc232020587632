"""What is risky in a cell of code, in words, before it runs.

The code is parsed and looked at; nothing of it is run or imported, and of the live objects only
types and names are seen. This prevents accidents, not attacks: code that means to hide what it
does can. What cannot be told is a risk of its own, "unclear", so that the person is asked.

Read next: `kinds`, the tables; `visit`, which walks the statements, and `expressions`, which
tells what each piece may be; `calls`, which judges one call.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from nbagent.kernel.risk.hidden import hidden_characters, visible
from nbagent.kernel.risk.kinds import KINDS, Kind
from nbagent.kernel.risk.magics import parse
from nbagent.kernel.risk.report import Report, Risk, TooMuch
from nbagent.kernel.risk.values import Known
from nbagent.kernel.risk.visit import Statements

__all__ = ["KINDS", "Kind", "Risk", "hidden_characters", "read_only", "risks_of", "visible"]

MAX_CHARS = 100_000
"""Longer code is not even parsed."""


def risks_of(code: str, namespace: Mapping[str, Any], before: Collection[str]) -> tuple[Risk, ...]:
    """Find what is risky in code; what cannot be told counts as risky.

    Args:
        code: a cell as the model wrote it.
        namespace: the user's live names; empty where they are in another process.
        before: the names that existed before the run.

    Returns:
        The risks, in the order of their lines. It never raises.
    """
    return _looked_at(code, namespace, before).risks


def read_only(code: str, namespace: Mapping[str, Any]) -> str:
    """Say why code does more than look: it changes a name, a file, or anything else.

    Imports of libraries only look: they add a name, and without them little can be looked at.

    Args:
        code: a cell as the model wrote it.
        namespace: the user's live names.

    Returns:
        The first reason, `deletes files (os.remove, line 3)`; '' if it only looks.
    """
    report = _looked_at(code, namespace, frozenset(namespace))
    reasons = [
        (risk.line, f"{KINDS[risk.kind].verb} ({risk.what}, line {risk.line})")
        for risk in report.risks
    ]
    reasons += [(line, f"writes a file ({what}, line {line})") for what, line in report.writes]
    reasons += [(line, f"runs a file ({path}, line {line})") for path, line in report.own_files]
    reasons += [
        (line, f"sets the name {name} (line {line}; names that begin with _ are free)")
        for name, line in report.bound
        if not name.startswith("_")
    ]
    return min(reasons, default=(0, ""), key=lambda reason: reason[0])[1]


def _looked_at(code: str, namespace: Mapping[str, Any], before: Collection[str]) -> Report:
    report = Report()
    for line, _column, name in hidden_characters(code):
        report.found("hidden", name, line)
    try:
        _judge(code, namespace, before, report)
    except (SyntaxError, ValueError, OverflowError) as error:
        line = getattr(error, "lineno", None) or 1
        report.found("unclear", "it cannot be parsed", line, str(getattr(error, "msg", error)))
    except TooMuch as error:
        report.found("unclear", str(error), 1)
    except (RecursionError, MemoryError):
        report.found("unclear", "it is nested too deep", 1)
    except Exception as error:  # noqa: BLE001 -- foreign classes; and who cannot tell must ask
        report.found("unclear", "it could not be judged", 1, type(error).__name__)
    return report


def _judge(
    code: str, namespace: Mapping[str, Any], before: Collection[str], report: Report
) -> None:
    if len(code) > MAX_CHARS:
        report.found("unclear", "it is too long to be judged", 1)
        return
    tree, first_line = parse(code, namespace.keys() | before)
    Statements(Known(namespace, before), report).run(tree, first_line)
