"""The text forms: `text/plain` for terminals and git, `text/markdown` for hosts without HTML.

Both hold answer and summary, and in `text` mode a line for each step. Neither holds a time, a
cost or an id, so that two runs with equal replies are stored alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbagent.phrases import BADGE
from nbagent.trace.answer import escape_markdown, to_markdown
from nbagent.trace.markdown import parse
from nbagent.trace.page import head_words
from nbagent.words import series, t, told, told_series


def summary_words(snapshot: Mapping[str, Any]) -> str:
    """`5 steps, 5 tool calls, 1 failed and repaired. +df_clean`, without any figure of time."""
    words = series([head_words(snapshot), told_series(snapshot["counts"])])
    return t("{counts}. {changes}", counts=words, changes=told(snapshot["changes"])).strip()


def plain_text(snapshot: Mapping[str, Any], state: str, *, steps: bool) -> str:
    """The run as plain text.

    Args:
        snapshot: the view's block tree.
        state: the state in words while the run goes on; '' once it has ended.
        steps: whether each step has a line.
    """
    badge = [t(BADGE)] if snapshot["scripted"] else []
    parts = [" ".join([*badge, state or summary_words(snapshot)])]
    parts += [told(snapshot["note"])] if snapshot["note"] else []
    parts += _step_lines(snapshot) if steps else []
    if snapshot["text"] and not state and snapshot["state"] != "answer":
        parts.append(told(snapshot["text"]))
    if snapshot["answer"]:
        parts += ["", *badge, snapshot["answer"]]
    return "\n".join(parts)


def markdown_text(snapshot: Mapping[str, Any], state: str, *, steps: bool) -> str:
    """The run as Markdown in which every text of the model is escaped; arguments as above."""
    badge = [f"**{escape_markdown(t(BADGE))}**"] if snapshot["scripted"] else []
    parts = [" ".join([*badge, escape_markdown(state or summary_words(snapshot))])]
    parts += [escape_markdown(told(snapshot["note"]))] if snapshot["note"] else []
    if steps:
        parts.append("\n".join(f"- {escape_markdown(line)}" for line in _step_lines(snapshot)))
    if snapshot["text"] and not state and snapshot["state"] != "answer":
        parts.append(escape_markdown(told(snapshot["text"])))
    if snapshot["answer"]:
        parts += [*badge, to_markdown(parse(snapshot["answer"]))]
    return "\n\n".join(part for part in parts if part)


def _step_lines(snapshot: Mapping[str, Any]) -> list[str]:
    lines = [_range_line(older) for older in snapshot["ranges"]]
    for step in snapshot["steps"]:
        outcome = told_series(step["outcome"])
        deed = " ".join(part for part in (step["tools"], "->", outcome) if part)
        lines.append(f"{step['step']}  {step['gist']}" + (f"  {deed}" if step["outcome"] else ""))
    return lines


def _range_line(older: Mapping[str, Any]) -> str:
    calls, failed = t("{n} tool calls", n=older["n_calls"]), t("{n} failed", n=older["n_failed"])
    numbers = {"first": older["first"], "last": older["last"]}
    return t("{first} to {last}: {words}", **numbers, words=series([calls, failed]))
