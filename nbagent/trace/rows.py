"""The steps of a trace as folded rows: `number gist tool → outcome`, phases and time at the right.

Every figure that changes from one run to the next (bars, times) is written after the rows, on one
source line, and laid over them by a grid of one column: two runs with equal replies then differ
in that line alone. Without styles the line reads as a list: "step 1: 3.5 s".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nbagent.phrases import seconds
from nbagent.trace.blocks import body
from nbagent.trace.chart import step_svg
from nbagent.trace.markup import QUIET, Html, details, join, tag
from nbagent.trace.pictures import svg_uri
from nbagent.words import counted, series, t, told_series

WIDE_ONLY = "clamp(0px,(100% - 520px)*999,{})"
"""A width that is there from 520 pixels on: inline styles have no media queries."""
# JupyterLab's sanitiser (untrusted notebooks) drops `grid-area`, `flex` with a function and
# `padding` with `calc`, but keeps `grid-row`, and `width` and `min-width` with both.
GRID = (
    "display:grid;grid-template-columns:minmax(0,1fr);align-items:start;"
    "font-size:13px;line-height:19px;overflow-wrap:break-word"
)
"""What all rows inherit stands here, since every row repeats its own styles."""
ROW = "position:relative;z-index:1;border-top:1px solid #80808055;margin:0"
SUMMARY = "padding:5px 0"
LINE = (
    "display:inline-flex;column-gap:8px;vertical-align:top;"
    f"width:calc(100% - 76px - {WIDE_ONLY.format('96px')})"
)
"""A row ends where its bar and time begin."""
DEED = "flex:1;min-width:0;display:flex;flex-wrap:wrap;column-gap:8px"
GIST = "flex:1 1 200px;min-width:clamp(120px,(400px - 100%)*999,100%)"
TOOL = f"min-width:clamp(0px,(100% - 400px)*999,124px);text-align:right;{QUIET}"
OUTCOME = (
    "min-width:clamp(0px,(100% - 400px)*999,140px);max-width:clamp(140px,(400px - 100%)*999,100%)"
)
"""Under 400 pixels the gist fills a line of its own, and tool and outcome stand below it."""
FIGURE = "padding:5px 0;text-align:right;white-space:nowrap"
BAR = f"width:{WIDE_ONLY.format('84px')};height:7px;margin:0;vertical-align:middle"
TIME = f"display:inline-block;width:60px;{QUIET}"
BODY = "padding:0 0 8px 18px"


def rows_html(
    steps: Sequence[Mapping[str, Any]],
    ranges: Sequence[Mapping[str, Any]],
    figures: Html,
    pictures: Mapping[str, Html],
    *,
    open_step: int | None,
) -> Html:
    """All rows, then the line of their figures.

    Args:
        steps: steps as in `RunView.snapshot()`.
        ranges: ranges of older steps.
        figures: the line made by `figures_html`.
        pictures: what stands for each picture, by its name.
        open_step: the step that is open at first (the running one), if any.
    """
    rows = [_range_html(r, i + 1) for i, r in enumerate(ranges)]
    for i, step in enumerate(steps):
        place = f"grid-row:{len(ranges) + i + 1};grid-column:1"
        rows.append(_step_html(step, pictures, place, is_open=step["step"] == open_step))
    return tag("div", join(*rows, figures, by="\n"), style=GRID)


def figures_html(
    segments: Sequence[Sequence[Any]], walls: Mapping[int, float], first_row: int
) -> Html:
    """Bars and times of all steps, on one source line.

    Args:
        segments: `[step, phase, t0, t1]` as in `Meter.chart()`.
        walls: seconds of each step that has a row, in order.
        first_row: the grid's row of the first one.
    """
    cells = []
    for i, (number, wall_s) in enumerate(walls.items()):
        own = [s for s in segments if s[0] == number]
        bar = tag("img", src=svg_uri(step_svg(own)), alt="", style=BAR)
        hidden = tag("span", t("step {n}:", n=number), " ", style="display:none")
        time = tag("span", seconds(wall_s), style=TIME)
        place = f"grid-row:{first_row + i};grid-column:1;{FIGURE}"
        cells.append(tag("div", hidden, bar if own else "", time, style=place))
    return join(*cells)


def _range_html(older: Mapping[str, Any], row: int) -> Html:
    first, last = older["first"], older["last"]
    numbers = str(first) if first == last else f"{first}\N{EN DASH}{last}"
    words = [counted(older["n_steps"], "step"), counted(older["n_calls"], "tool call")]
    if older["n_failed"]:
        words.append(t("{n} failed", n=older["n_failed"]))
        words.append(t("{n} repaired", n=older["n_repaired"]))
    line = join(tag("b", numbers), f" \N{MIDDLE DOT} {series(words)}")
    gists = [
        tag("div", f"{number}  {gist}", style="font-size:12px") for number, gist in older["gists"]
    ]
    left = older["n_steps"] - len(older["gists"])
    more = t("and {n} more", n=f"{left:,}")
    note = [tag("div", more, style=f"font-size:12px;{QUIET}")] if left > 0 else []
    inside = tag("div", join(*gists, *note, by="\n"), style=BODY)
    style = f"grid-row:{row};grid-column:1;{ROW}"
    return details(
        line, inside, style=style, summary_style="font-size:13px;padding:5px 0", is_open=False
    )


def _step_html(
    step: Mapping[str, Any], pictures: Mapping[str, Html], place: str, *, is_open: bool
) -> Html:
    mark = ""
    if step["calls"] and any(call["done"] for call in step["calls"]):
        mark = _mark(step["calls"])
    gist = tag("span", step["gist"], style=GIST, dir="auto")
    deed = [gist, tag("span", step["tools"], style=TOOL)]
    if step["outcome"]:
        outcome = f"\N{RIGHTWARDS ARROW} {mark}{told_series(step['outcome'])}"
        deed.append(tag("span", outcome, style=OUTCOME))
    number = tag("span", step["step"], style=f"flex:0 0 16px;{QUIET}")
    line = tag("span", number, " ", tag("span", join(*deed, by=" "), style=DEED), style=LINE)
    inside = tag("div", join(*body(step, pictures), by="\n"), style=BODY)
    return details(line, inside, style=f"{place};{ROW}", summary_style=SUMMARY, is_open=is_open)


def _mark(calls: Sequence[Mapping[str, Any]]) -> str:
    if any(call["is_error"] for call in calls):
        return "\N{MULTIPLICATION X} "
    return "\N{BLACK SQUARE} " if any(call.get("stopped") for call in calls) else "\N{CHECK MARK} "
