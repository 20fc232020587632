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

from nbagent.phrases import BADGE, UNKNOWN, count, dollars, plural, seconds, share, size, unfinished
from nbagent.trace.answer import to_html
from nbagent.trace.blocks import table_html
from nbagent.trace.chart import NAMES, run_svg, swatch_svg
from nbagent.trace.markdown import parse
from nbagent.trace.markup import FAILED, QUIET, Html, details, join, pre, tag
from nbagent.trace.pictures import svg_uri, uri
from nbagent.trace.rows import figures_html, rows_html
from nbagent.view.outputs import Block, Picture

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
    return [tag("div", note, style=f"font-size:13px;{QUIET}")] if note else []


def badge_html() -> Html:
    """The badge of a scripted run."""
    style = "display:inline-block;margin-right:6px;padding:1px 6px;font-size:12px;"
    style += "border:1px dashed #80808099;border-radius:4px"
    return tag("span", tag("b", BADGE[:8]), BADGE[8:], style=style)


def head_words(snapshot: Mapping[str, Any]) -> str:
    """`5 steps, 5 tool calls`, by what the view counts."""
    ranges = snapshot["ranges"]
    n_steps = len(snapshot["steps"]) + sum(r["n_steps"] for r in ranges)
    n_calls = sum(len(s["calls"]) for s in snapshot["steps"]) + sum(r["n_calls"] for r in ranges)
    calls = f", {plural(n_calls, 'tool call')}" if n_calls else ""
    return plural(n_steps, "step") + calls


def summary_html(scene: Scene) -> Html:
    """The first line: state or outcome, steps, time, cost, changed names; one source line."""
    snapshot, run = scene.snapshot, scene.metrics["run"]
    steps = head_words(snapshot).partition(",")[0]
    mark = _MARKS.get(snapshot["state"], "")
    first = tag("b", scene.state or f"{mark} {steps}")
    words = [steps] if scene.state else []
    words += [seconds(run["wall_s"]), _cost(scene)]
    line = join(first, DOT, DOT.join(words))
    if snapshot["changes"]:
        line = join(line, DOT, tag("code", snapshot["changes"], style="font-size:12px"))
    quiet = [snapshot["counts"], f"{count(run['completion_tokens'])} tokens out"]
    quiet += [_context(run), unfinished(run["unknown_attempts"]), snapshot["model"]]
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


def _context(run: Mapping[str, Any]) -> str:
    """How full the model's window was at the end; '' if that is not known."""
    used, window = run["context_tokens"], run["window_tokens"]
    return f"context {share(used / window)} full" if used and window else ""


def _cost(scene: Scene) -> str:
    run = scene.metrics["run"]
    if run["cost_usd"] is None:
        return f"cost {UNKNOWN}"
    est = " est." if run["estimated"] else ""
    return f"{dollars(run['cost_usd'], at_least=run['unknown_attempts'] > 0)}{est}"


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
        parts.append(tag("p", snapshot["text"], style=style or "margin:0 0 8px", dir="auto"))
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
        words = "Figure left out to keep this notebook small; the run in memory still has it."
        return tag("span", words, style=f"font-size:12px;{QUIET}")
    return tag("img", class_=f"nba-{name}", src=uri(picture), alt=alt, style=PICTURE_STYLE)


def _step_pictures(scene: Scene) -> dict[str, Html]:
    """What stands for each picture inside its step: itself, or where it is shown already."""
    shown: dict[str, Html] = {}
    for block in scene.blocks:
        if block["kind"] != "image" or block.get("again"):
            continue
        name = block["picture"]
        if name in scene.top_pictures:
            words = f"{block['alt']}, shown above"
            shown[name] = tag("div", words, style=f"font-size:12px;margin:6px 0;{QUIET}")
        else:
            shown[name] = tag("div", picture_html(scene, name), style="margin:6px 0")
    return shown


def _trace(scene: Scene) -> Html:
    snapshot = scene.snapshot
    counts = f" {DOT} {snapshot['counts']}" if snapshot["counts"] else ""
    line = join(tag("b", "Trace"), tag("span", DOT, head_words(snapshot), counts, style=QUIET))
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
    words = f"0 to {seconds(run['wall_s'])}, speed above, phases below."
    if run["paced"]:
        words += " Speed is paced by a timer, not by a model."
    elif run["tokens_per_s"] is not None:
        words += f" Dashed: median {run['tokens_per_s']:.0f} tok/s."
    if run["stalls"]:
        words += f" Red bracket: {plural(run['stalls'], 'stall')}, {seconds(run['stall_s'])}."
    return words


def _legend(scene: Scene) -> Html:
    used = {segment[1] for segment in scene.chart["segments"]}
    items = []
    for phase, name in NAMES.items():
        if phase in used or not used:
            shape = "width:14px;height:9px;margin:0;display:inline;vertical-align:baseline"
            swatch = tag("img", src=svg_uri(swatch_svg(phase)), alt="", style=shape)
            items.append(
                tag("span", swatch, " ", name, style="white-space:nowrap;margin-right:12px")
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
    where = "this machine" if local or not host else host + (f" ({operator})" if operator else "")
    is_replay = bool(snapshot["steps"]) and not snapshot["sent_parts"]
    line = join("Nothing was sent." if is_replay else f"To {where}: {snapshot['sent']}")
    pieces = [
        f"{size(p['n_bytes'])}  {p['kind'].replace('_', ' ')} {p['name']}".rstrip()
        + (f" ({p['n']} times)" if p["n"] > 1 else "")
        for p in snapshot["sent_parts"]
    ]
    body = pre("\n".join(pieces) or "Nothing has been sent yet.")
    return details(line, body, style=_FOLD, summary_style=_FOLD_LINE, is_open=False)


def _compacted(rows: Sequence[Sequence[Any]]) -> Html:
    """What left the requests on the way, and that the run still has it."""
    line = join(f"Context compacted {plural(len(rows), 'time')}; nothing is lost")
    told = "\n".join(f"before step {step}: {words}" for step, words, _ in rows)
    kept = "The steps above are all here; `_.messages` and `%kimi history` have every message."
    summary = f"\n\nWhat requests carry instead:\n{rows[-1][2]}" if rows[-1][2] else ""
    body = pre(f"{told}\n{kept}{summary}", wrap=True)
    return details(line, body, style=_FOLD, summary_style=_FOLD_LINE, is_open=False)


def _faults(faults: Sequence[str]) -> Html:
    words = "Not everything could be shown here; the run itself is not affected."
    return join(tag("div", words, style="font-size:12px"), pre("\n".join(faults), wrap=True))


def _footer() -> Html:
    codes = [tag("code", c) for c in ("_", "_.metrics()", "_.messages", "_.requests", "%kimi show")]
    words = join("In code: ", codes[0], " is this run; ", join(*codes[1:4], by=", "))
    words = join(words, ". ", codes[4], " draws it again.")
    return tag("div", words, style=f"font-size:12px;padding:6px 0;{_FOLD};{QUIET}")


def _table(scene: Scene) -> Html:
    """The figures as a table, on one source line."""
    names = (
        "step",
        "TTFT",
        "first answer",
        "tok/s",
        "out",
        "reasoning",
        "cached",
        "tool",
        "waited",
    )
    head = [tag("th", name, style="text-align:right") for name in (*names, "stalls", "cost")]
    steps = [(str(row["step"]), row) for row in scene.metrics["steps"][-100:]]
    rows = [_figures_row(name, row, scene) for name, row in [*steps, ("run", scene.metrics["run"])]]
    style = (
        "border-collapse:collapse;font-size:12px;margin:0 0 8px;text-align:right;white-space:nowrap"
    )
    table = tag("table", tag("tr", *head), *rows, style=style, cellpadding="4")
    body = tag("div", table, style="overflow-x:auto")
    folded = details(
        join("Figures as a table"), body, style=_FOLD, summary_style=_FOLD_LINE, is_open=False
    )
    return Html(folded.replace("\n", ""))


def _figures_row(name: str, row: Mapping[str, Any], scene: Scene) -> Html:
    paced = bool(scene.metrics["run"]["paced"])
    speed = row["tokens_per_s"]
    est = " est." if row["estimated"] else ""
    reasoning = row["reasoning_tokens"]
    cells = [
        name,
        seconds(row["ttft_s"]),
        seconds(row["ttfa_s"]),
        "paced" if paced else UNKNOWN if speed is None else f"{speed:.0f}",
        count(row["completion_tokens"]),
        UNKNOWN if reasoning is None else count(reasoning) + est,
        share(row["cached_share"]),
        seconds(row["tool_s"]) if row["tool_calls"] else UNKNOWN,
        seconds(row["wait_s"]) if row["wait_s"] else UNKNOWN,
        f"{row['stalls']} ({seconds(row['stall_s'])})" if row["stalls"] else UNKNOWN,
        dollars(row["cost_usd"], at_least=row.get("unknown_attempts", 0) > 0),
    ]
    return tag("tr", *(tag("td", cell) for cell in cells))
