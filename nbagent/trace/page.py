"""The whole HTML form, in the order in which it is read.

One summary line; the answer; the run's last figures and its last table; then the trace, folded
and with its own scroll: chart, steps, what was sent, the figures as a table, how to reach the run
in code. Figures that change from run to run stand on four source lines: the summary, the chart,
the rows' bars and times, the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbagent.phrases import BADGE, UNKNOWN, count, dollars, seconds, share, size, unfinished
from nbagent.trace.answer import to_html
from nbagent.trace.blocks import table_html
from nbagent.trace.chart import NAMES, run_svg, swatch_svg
from nbagent.trace.markdown import parse
from nbagent.trace.markup import FAILED, QUIET, Html, coded, details, filled, join, pre, tag
from nbagent.trace.pictures import svg_uri, uri
from nbagent.trace.rows import figures_html, rows_html
from nbagent.view.outputs import Block, Picture
from nbagent.words import counted, paragraph, series, t, told, told_series

ROOT_CLASS = "tex2jax_ignore mathjax_ignore"
"""Keeps MathJax from setting `$` in prices and code as mathematics; nothing else hangs on it."""
PICTURE_STYLE = "display:block;max-width:100%;height:auto;margin:0 0 8px;border-radius:4px"
TOP_FIGURES = 2
DOT = " \N{MIDDLE DOT} "


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a page is drawn from.

    Attributes:
        snapshot: the view's block tree, trimmed to a budget.
        metrics: `Meter.metrics()`.
        chart: `Meter.chart()`.
        pictures: the pictures that fit, by name.
        state: the state in words while the run goes on; '' once it has ended.
        with_trace: False for summary and answer alone.
        alone: whether the page stands outside a notebook, where no kernel has the run.
    """

    snapshot: Mapping[str, Any]
    metrics: Mapping[str, Any]
    chart: Mapping[str, Any]
    pictures: Mapping[str, Picture]
    state: str = ""
    with_trace: bool = True
    alone: bool = False

    @property
    def blocks(self) -> list[Block]:
        """Every output block, in order."""
        return [b for s in self.snapshot["steps"] for c in s["calls"] for b in c["outputs"]]

    @property
    def top_pictures(self) -> list[str]:
        """The names of the figures that stand beside the answer: the last ones."""
        names = [b["picture"] for b in self.blocks if b["kind"] == "image"]
        last = list(dict.fromkeys(reversed(names)))[:TOP_FIGURES]
        return [] if self.state else last[::-1]


def page_html(scene: Scene) -> Html:
    """Draw the page."""
    parts = [summary_html(scene)]
    parts += _note(scene.snapshot["note"])
    parts += _answer(scene)
    if not scene.state:
        parts += _results(scene)
    if scene.with_trace:
        parts.append(_trace(scene))
    style = "font-size:14px;line-height:1.55;margin:0"
    return tag("div", Html("\n"), join(*parts, by="\n"), Html("\n"), class_=ROOT_CLASS, style=style)


def _note(note: str) -> list[Html]:
    return [tag("div", told(note), style=f"font-size:13px;{QUIET}")] if note else []


def badge_html() -> Html:
    """The badge of a scripted run."""
    style = "display:inline-block;margin-right:6px;padding:1px 6px;font-size:12px;"
    style += "border:1px dashed #80808099;border-radius:4px"
    first, dot, rest = t(BADGE).partition(DOT)
    return tag("span", tag("b", first), dot, rest, style=style)


def steps_words(snapshot: Mapping[str, Any]) -> str:
    """`5 steps`, by what the view counts."""
    n_older = sum(older["n_steps"] for older in snapshot["ranges"])
    return counted(len(snapshot["steps"]) + n_older, "step")


def head_words(snapshot: Mapping[str, Any]) -> str:
    """`5 steps, 5 tool calls`, by what the view counts."""
    ranges = snapshot["ranges"]
    n_calls = sum(len(s["calls"]) for s in snapshot["steps"]) + sum(r["n_calls"] for r in ranges)
    return series([steps_words(snapshot), counted(n_calls, "tool call") if n_calls else ""])


def summary_html(scene: Scene) -> Html:
    """The first line: state or outcome, steps, time, cost, changed names; one source line."""
    snapshot, run = scene.snapshot, scene.metrics["run"]
    steps = steps_words(snapshot)
    mark = _MARKS.get(snapshot["state"], "")
    first = tag("b", scene.state or f"{mark} {steps}")
    words = [steps] if scene.state else []
    words += [seconds(run["wall_s"]), _cost(scene)]
    line = join(first, DOT, DOT.join(words))
    if snapshot["changes"]:
        line = join(line, DOT, tag("code", told(snapshot["changes"]), style="font-size:12px"))
    quiet = [told_series(snapshot["counts"])]
    quiet += [t("{n} tokens out", n=count(run["completion_tokens"]))]
    quiet += [_context(run), unfinished(run["unknown_attempts"]), _model(snapshot)]
    said = DOT.join(word for word in quiet if word)
    line = join(line, tag("span", DOT, said, style=QUIET))
    if snapshot["scripted"]:
        line = join(badge_html(), " ", line)
    return tag("div", line, style="font-size:13px;margin:0 0 8px;line-height:1.7")


_MARKS = {
    "answer": "\N{CHECK MARK}",
    "stopped": "\N{BLACK SQUARE}",
    "limit": "\N{DOUBLE VERTICAL BAR}",
    "error": "\N{MULTIPLICATION X}",
}


def _model(snapshot: Mapping[str, Any]) -> str:
    return t("scripted") if snapshot["scripted"] else str(snapshot["model"])


def _context(run: Mapping[str, Any]) -> str:
    """How full the model's window was at the end; '' if that is not known."""
    used, window = run["context_tokens"], run["window_tokens"]
    return t("context {share} full", share=share(used / window)) if used and window else ""


def _cost(scene: Scene) -> str:
    run = scene.metrics["run"]
    if run["cost_usd"] is None:
        return t("cost {cost}", cost=UNKNOWN)
    return _estimated(dollars(run["cost_usd"], at_least=run["unknown_attempts"] > 0), run)


def _estimated(figure: str, row: Mapping[str, Any]) -> str:
    """A figure, marked if it is of counts that were estimated."""
    return t("{figure} est.", figure=figure) if row["estimated"] else figure


def _answer(scene: Scene) -> list[Html]:
    snapshot = scene.snapshot
    live = snapshot["steps"][-1].get("live_answer", "") if snapshot["steps"] else ""
    answer = live if scene.state else snapshot["answer"]
    parts = []
    if not scene.state and snapshot["state"] != "answer" and snapshot["text"]:
        style = (
            f"margin:0 0 8px;padding:2px 0 2px 12px;{FAILED}"
            if snapshot["state"] == "error"
            else ""
        )
        words = coded(told(snapshot["text"]))
        parts.append(tag("p", words, style=style or "margin:0 0 8px", dir="auto"))
    if answer:
        if snapshot["scripted"]:
            parts.append(tag("div", badge_html(), style="margin:0 0 6px"))
        parts.append(to_html(parse(answer)))
    return parts


def _results(scene: Scene) -> list[Html]:
    """The run's last figures and its last table, where the answer is read."""
    parts = [tag("div", picture_html(scene, name), style="margin:0") for name in scene.top_pictures]
    tables = [block for block in scene.blocks if block["kind"] == "table"]
    return [*parts, table_html(tables[-1])] if tables else parts


def picture_html(scene: Scene, name: str) -> Html:
    """A picture, or a line that says that it was left out."""
    picture = scene.pictures.get(name)
    alt = next((b["alt"] for b in scene.blocks if b.get("picture") == name), "Figure")
    if picture is None:
        words = t("Figure left out here; the run in memory still has it")
        return tag("span", words, style=f"font-size:12px;{QUIET}")
    return tag("img", class_=f"nba-{name}", src=uri(picture), alt=told(alt), style=PICTURE_STYLE)


def _step_pictures(scene: Scene) -> dict[str, Html]:
    """What stands for each picture inside its step: itself, or where it is shown already."""
    shown: dict[str, Html] = {}
    for block in scene.blocks:
        if block["kind"] != "image" or block.get("again"):
            continue
        name = block["picture"]
        if name in scene.top_pictures:
            words = t("{what}, shown above", what=told(block["alt"]))
            shown[name] = tag("div", words, style=f"font-size:12px;margin:6px 0;{QUIET}")
        else:
            shown[name] = tag("div", picture_html(scene, name), style="margin:6px 0")
    return shown


def _trace(scene: Scene) -> Html:
    snapshot = scene.snapshot
    counts = f" {DOT} {told_series(snapshot['counts'])}" if snapshot["counts"] else ""
    line = join(tag("b", t("Trace")), tag("span", DOT, head_words(snapshot), counts, style=QUIET))
    parts = [_chart(scene), _legend(scene), _rows(scene), _sent(snapshot), _table(scene)]
    parts += [_compacted(snapshot["compacted"])] if snapshot["compacted"] else []
    parts += [_faults(snapshot["faults"])] if snapshot["faults"] else []
    parts += [] if scene.alone else [_footer()]
    body = join(*parts, by="\n")
    scroll = "" if scene.state or scene.alone else "max-height:560px;overflow-y:auto;"
    inner = tag("div", Html("\n"), body, Html("\n"), style=f"{scroll}padding:2px 0 0")
    style = "border:1px solid #80808066;border-radius:6px;padding:0 12px 4px;margin:8px 0 0"
    return details(
        line, inner, style=style, summary_style="padding:7px 0;font-size:13px", is_open=True
    )


def _chart(scene: Scene) -> Html:
    """The chart and what it says, on one source line."""
    words = _caption(scene)
    shape = "display:block;width:100%;max-width:100%;margin:0"
    image = tag("img", src=svg_uri(run_svg(scene.chart)), alt=words, style=shape)
    return join(image, tag("div", words, style=f"font-size:12px;padding:4px 0 0;{QUIET}"))


def _caption(scene: Scene) -> str:
    run = scene.metrics["run"]
    said = [t("0 to {time}, speed above, phases below.", time=seconds(run["wall_s"]))]
    if run["paced"]:
        said.append(t("Speed is paced by a timer, not by a model."))
    elif run["tokens_per_s"] is not None:
        said.append(t("Dashed: median {n} tok/s.", n=f"{run['tokens_per_s']:.0f}"))
    if run["stalls"]:
        stalls, time = counted(run["stalls"], "stall"), seconds(run["stall_s"])
        said.append(t("Red bracket: {stalls}, {time}.", stalls=stalls, time=time))
    return paragraph(said)


def _legend(scene: Scene) -> Html:
    used = {segment[1] for segment in scene.chart["segments"]}
    items = []
    for phase, name in NAMES.items():
        if phase in used or not used:
            shape = "width:14px;height:9px;margin:0;display:inline;vertical-align:baseline"
            swatch = tag("img", src=svg_uri(swatch_svg(phase)), alt="", style=shape)
            items.append(
                tag("span", swatch, " ", t(name), style="white-space:nowrap;margin-right:12px")
            )
    return tag("div", join(*items, by=" "), style="font-size:12px;padding:2px 0 8px")


def _rows(scene: Scene) -> Html:
    snapshot = scene.snapshot
    walls = {row["step"]: row["wall_s"] for row in scene.metrics["steps"]}
    shown = {step["step"]: walls.get(step["step"], 0.0) for step in snapshot["steps"]}
    figures = figures_html(scene.chart["segments"], shown, len(snapshot["ranges"]) + 1)
    last = snapshot["steps"][-1]["step"] if scene.state and snapshot["steps"] else None
    pictures = _step_pictures(scene)
    return rows_html(snapshot["steps"], snapshot["ranges"], figures, pictures, open_step=last)


_FOLD = "border-top:1px solid #80808055;margin:0"
_FOLD_LINE = f"padding:5px 0;font-size:13px;{QUIET}"


def _sent(snapshot: Mapping[str, Any]) -> Html:
    host, operator = snapshot["host"], snapshot["operator"]
    local = host.rpartition(":")[0].strip("[]") in ("127.0.0.1", "localhost", "::1")
    where = host + (f" ({operator})" if operator else "")
    if local or not host:
        where = t("this machine")
    is_replay = bool(snapshot["steps"]) and not snapshot["sent_parts"]
    sent = t("To {where}: {what}", where=where, what=told_series(snapshot["sent"]))
    line = join(t("Nothing was sent.") if is_replay else sent)
    pieces = map(_piece, snapshot["sent_parts"])
    body = pre("\n".join(pieces) or t("Nothing has been sent yet."))
    return details(line, body, style=_FOLD, summary_style=_FOLD_LINE, is_open=False)


def _piece(part: Mapping[str, Any]) -> str:
    """A line of the list of what was sent."""
    kind = t(_PIECES.get(part["kind"], part["kind"]))
    words = f"{size(part['n_bytes'])}  {kind} {told(part['name'])}".rstrip()
    return f"{words} ({counted(part['n'], 'time')})" if part["n"] > 1 else words


_PIECES = {
    "system": "system",
    "tools": "tools",
    "prompt": "prompt",
    "message": "message",
    "attachment": "attachment",
    "image": "picture",
    "tool_result": "tool result",
}


def _compacted(rows: Sequence[Sequence[Any]]) -> Html:
    """What left the requests on the way, and that the run still has it."""
    times = counted(len(rows), "time")
    line = join(t("Context compacted {times}; nothing is lost", times=times))
    said = [t("before step {n}: {what}", n=step, what=told(words)) for step, words, _ in rows]
    said += [
        t("The steps above are all here; `_.messages` and `%kimi history` have every message.")
    ]
    if rows[-1][2]:
        said += ["", f"{t('What requests carry instead')}:", rows[-1][2]]
    body = pre("\n".join(said), wrap=True)
    return details(line, body, style=_FOLD, summary_style=_FOLD_LINE, is_open=False)


def _faults(faults: Sequence[str]) -> Html:
    words = t("Not everything could be shown here; the run itself is not affected.")
    return join(tag("div", words, style="font-size:12px"), pre("\n".join(faults), wrap=True))


def _footer() -> Html:
    parts = [tag("code", code) for code in ("_.metrics()", "_.messages", "_.requests")]
    words = filled(
        t("In code: {run} is this run; {parts}. {show} draws it again."),
        run=tag("code", "_"),
        parts=join(*parts, by=", "),
        show=tag("code", "%kimi show"),
    )
    return tag("div", words, style=f"font-size:12px;padding:6px 0;{_FOLD};{QUIET}")


def _table(scene: Scene) -> Html:
    """The figures as a table, on one source line."""
    head = [tag("th", t(name), style="text-align:right") for name in _COLUMNS]
    steps = [(str(row["step"]), row) for row in scene.metrics["steps"][-100:]]
    total = (t("run"), scene.metrics["run"])
    rows = [_figures_row(name, row, scene) for name, row in [*steps, total]]
    style = (
        "border-collapse:collapse;font-size:12px;margin:0 0 8px;text-align:right;white-space:nowrap"
    )
    table = tag("table", tag("tr", *head), *rows, style=style, cellpadding="4")
    body = tag("div", table, style="overflow-x:auto")
    folded = details(
        join(t("Figures as a table")), body, style=_FOLD, summary_style=_FOLD_LINE, is_open=False
    )
    return Html(folded.replace("\n", ""))


_COLUMNS = (
    *("step", "TTFT", "first answer", "tok/s", "out", "reasoning", "cached", "tool", "waited"),
    *("stalls", "cost"),
)


def _figures_row(name: str, row: Mapping[str, Any], scene: Scene) -> Html:
    paced = bool(scene.metrics["run"]["paced"])
    speed = row["tokens_per_s"]
    reasoning = row["reasoning_tokens"]
    cells = [
        name,
        seconds(row["ttft_s"]),
        seconds(row["ttfa_s"]),
        t("paced") if paced else UNKNOWN if speed is None else f"{speed:.0f}",
        count(row["completion_tokens"]),
        UNKNOWN if reasoning is None else _estimated(count(reasoning), row),
        share(row["cached_share"]),
        seconds(row["tool_s"]) if row["tool_calls"] else UNKNOWN,
        seconds(row["wait_s"]) if row["wait_s"] else UNKNOWN,
        f"{row['stalls']} ({seconds(row['stall_s'])})" if row["stalls"] else UNKNOWN,
        dollars(row["cost_usd"], at_least=row.get("unknown_attempts", 0) > 0),
    ]
    return tag("tr", *(tag("td", cell) for cell in cells))
