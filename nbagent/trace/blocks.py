"""What is inside a step: reasoning, code, ordered outputs, what the model saw, errors, repairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nbagent.events import Reason
from nbagent.phrases import size
from nbagent.policy.approval import told_why, told_words
from nbagent.trace.markup import FAILED, LABEL, QUIET, Html, details, join, pre, prose, tag
from nbagent.view.outputs import Block
from nbagent.words import counted, t, told, told_series

TABLE = "border-collapse:collapse;font-size:12px;line-height:1.4;margin:4px 0 8px;text-align:right"
TABLE_ROW = "border-bottom:1px solid #80808033"
FOLDED = "font-size:12px;padding:3px 0"


def _label(*words: object) -> Html:
    return tag("div", *words, style=LABEL)


def _quiet(words: str) -> Html:
    return tag("span", words, style=QUIET)


def body(step: Mapping[str, Any], pictures: Mapping[str, Html]) -> list[Html]:
    """The parts of an open step, in the order in which they happened."""
    parts = [_retry(row) for row in step.get("retries", ())]
    for said in step.get("steered", ()):
        parts += [_label(tag("b", t("You wrote"))), prose(said, "#c2702a")]
    parts += [_label(_quiet(told(note))) for note in step.get("notes", ())]
    parts += _thought(step)
    if step.get("content"):
        beside = [_label(_quiet(t("Said beside the call"))), prose(step["content"], "#2f81d7")]
        parts += beside if step["calls"] else [_label(_quiet(t("Answer, shown above")))]
    for call in step["calls"]:
        parts += _call(call, pictures)
    parts += [_label(_quiet(told(_MARKS.get(mark, mark)))) for mark in step.get("marks", ())]
    if len(parts) > len(step["calls"]):
        return parts
    return [*parts, _label(_quiet(t("The details were left out to keep this notebook small.")))]


_MARKS = {
    "no_reasoning": "The reply came without reasoning.",
    "cut_at_limit": "The reply was cut at its token limit.",
    "no_usage": "The endpoint gave no token counts; they are estimated.",
}


def _retry(row: Mapping[str, Any]) -> Html:
    failed = tag("b", t("Attempt {n} failed.", n=row["attempt"]))
    head = _label(failed, " ", _quiet(told(row["reason"])))
    if not row["discarded"]:
        return head
    words = t("What it had streamed; it was discarded and is not in the history:")
    return join(head, _label(_quiet(words)), prose(row["discarded"], "#d9534f"), by="\n")


def _thought(step: Mapping[str, Any]) -> list[Html]:
    reasoning = step.get("live_reasoning") or step.get("reasoning")
    if not reasoning:
        return []
    tokens = step.get("reasoning_tokens")
    words = t("Reasoning")
    if tokens:
        words = t("Reasoning, {tokens}", tokens=counted(tokens, "token"))
    return [_label(_quiet(words)), prose(reasoning, "#8b6fd8")]


def _call(call: Mapping[str, Any], pictures: Mapping[str, Html]) -> list[Html]:
    title = f"{call['title']} " if call["title"] else ""
    changed = tag("code", call["changes"], style="font-size:12px") if call["changes"] else ""
    parts = [_label(tag("b", call["name"]), " ", _quiet(title), changed)]
    if call.get("repairs") is not None:
        parts.append(_label(_quiet(t("Tries step {n} again; what changed:", n=call["repairs"]))))
        parts.append(pre(call["diff"]))
    elif call["code"]:
        parts.append(pre(call["code"]))
    if call.get("question"):
        parts += _question(call["question"], call.get("why", ""))
    if call.get("withheld"):
        parts.append(_label(_quiet(t("You kept this result from the model."))))
    if call.get("edited"):
        parts.append(_label(_quiet(t("You changed this call before it ran."))))
    if call.get("decision") == "deny":
        parts.append(_denied(call.get("by", ""), call.get("why", "")))
    parts += [
        _stopped(block)
        if call.get("stopped") and block["kind"] == "error"
        else block_html(block, pictures)
        for block in call["outputs"]
    ]
    if call.get("repaired"):
        parts.append(_label(_quiet(t("A later step repaired this call."))))
    if call.get("n_outputs_left_out"):
        more = counted(call["n_outputs_left_out"], "more output", "more outputs")
        parts.append(_label(_quiet(t("{more} left out", more=more))))
    return [*parts, *_saw(call)]


def _denied(by: str, why: str) -> Html:
    words = t("Denied by {who}", who=by) if by not in {"", "you"} else t("Denied by you")
    return _label(tag("b", words), " ", _quiet(told_why(why)))


def _question(question: Mapping[str, Any], why: str) -> list[Html]:
    """What the person is asked, for where it cannot be answered by a click."""
    if question["about"] == "result":
        return [
            _label(tag("b", t("Send this result to the model?"))),
            pre(question["content"], wrap=True),
        ]
    again = question["about"] == "outcome"
    words = t("Run again?") if again else t("Waiting for your OK:")
    reasons = tuple(Reason(kind="", **reason) for reason in question["reasons"])
    return [_label(tag("b", words, " "), told_words(reasons) or told(why))]


def _saw(call: Mapping[str, Any]) -> list[Html]:
    if not call.get("saw_bytes") and not call.get("saw_images"):
        return []
    line = _saw_words(call)
    shown = "\n".join(block.get("text", "") for block in call["outputs"]).strip()
    saw = call.get("saw", "").strip()
    if not saw or saw == shown:
        same = t("{seen}, the same", seen=line) if saw else line
        return [_label(_quiet(same))]
    body = pre(call["saw"], wrap=True)
    return [details(_quiet(line), body, style="margin:0", summary_style=FOLDED, is_open=False)]


def _saw_words(call: Mapping[str, Any]) -> str:
    """`Model saw 1.2 kB and 1 picture; 40 kB of output left out`."""
    seen = size(call.get("saw_bytes", 0))
    if call.get("saw_images"):
        pictures = counted(call["saw_images"], "picture")
        seen = t("{size} and {pictures}", size=seen, pictures=pictures)
    if call.get("cut_bytes"):
        cut = size(call["cut_bytes"])
        seen = t("{size}; {cut} of output left out", size=seen, cut=cut)
    return t("Model saw {size}", size=seen)


def block_html(block: Block, pictures: Mapping[str, Html]) -> Html:
    """One output block as HTML.

    Args:
        block: as made by `nbagent.view.outputs.block_of`.
        pictures: what stands for each picture, by its name.
    """
    kind = block["kind"]
    if kind == "image":
        first = pictures.get(block["picture"]) or _label(_quiet(t("Figure left out here")))
        return _label(_quiet(t("The same figure as before"))) if block.get("again") else first
    if kind in ("table", "error"):
        return table_html(block) if kind == "table" else _error(block)
    if kind == "below":
        return _label(_quiet(t("{what}, shown below this trace", what=told(block["what"]))))
    wrapped = pre(block["text"], wrap=True, extra=FAILED if block.get("name") == "stderr" else "")
    if kind == "source":
        note = _label(_quiet(t("{what}, shown as text", what=block["what"])))
        return join(note, wrapped, by="\n")
    return wrapped


def _error(block: Block) -> Html:
    name = f"\N{MULTIPLICATION X} {block['name']}"
    message = pre(f"{block['name']}: {block['message']}", wrap=True, extra=FAILED)
    return join(_label(tag("b", name)), message, *_traceback(block), by="\n")


def _stopped(block: Block) -> Html:
    """An interrupt is no error: somebody asked for it."""
    return join(
        _label(tag("b", "\N{BLACK SQUARE} ", t("Stopped here"))), *_traceback(block), by="\n"
    )


def _traceback(block: Block) -> list[Html]:
    if not block["traceback"]:
        return []
    line = _quiet(t("Traceback, {lines}", lines=counted(block["n_lines"], "line")))
    text = pre(block["traceback"])
    return [details(line, text, style="margin:0", summary_style=FOLDED, is_open=False)]


def table_html(block: Block) -> Html:
    """A table of text cells; columns of numbers stay at the right, others go to the left."""
    rows = block["rows"]
    n = max((len(row) for row in [*block["head"], *rows]), default=0)
    left = [not all(_numeric(row[i]) for row in rows if i < len(row)) for i in range(n)]
    body = [_row("th", row, left) for row in block["head"]] + [_row("td", r, left) for r in rows]
    table = tag("table", Html("\n"), join(*body, by="\n"), style=TABLE, cellpadding="4")
    note = (
        [tag("div", _quiet(told_series(block["note"])), style="font-size:12px")]
        if block["note"]
        else []
    )
    return join(tag("div", table, style="overflow-x:auto"), *note, by="\n")


def _row(name: str, row: Sequence[str], left: Sequence[bool]) -> Html:
    cells = []
    for value, is_left in zip(row, left, strict=False):
        side = "left" if is_left else "right" if name == "th" else ""
        cells.append(tag(name, value, style=f"text-align:{side}" if side else ""))
    return tag("tr", *cells, style=TABLE_ROW)


def _numeric(value: str) -> bool:
    bare = value.strip().lstrip("-+").replace(",", "").replace(".", "", 1).removesuffix("%")
    return (
        not bare or bare.isdecimal() or value.strip() in ("NaN", "nan", "<NA>", "…", "inf", "-inf")
    )
