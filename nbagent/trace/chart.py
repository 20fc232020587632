"""The chart as SVG images: speed and phases on one time axis, and one bar a step.

The images hold no text: what they show is said beside them and in the table. Each phase has a
colour of at least 3:1 on white and on #212121, and a pattern of its own. Every function returns
the SVG's text; `nbagent.trace.pictures` makes `data:` images of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

COLOURS = {
    "waiting": "#7d8590",
    "reasoning": "#8b6fd8",
    "arguments": "#b07d1e",
    "answer": "#2f81d7",
    "tool": "#3a9a52",
    "you": "#c2702a",
    "retry": "#d9534f",
}
NAMES = {
    "waiting": "waiting",
    "reasoning": "reasoning",
    "arguments": "arguments",
    "answer": "answer",
    "tool": "tool",
    "you": "you",
    "retry": "error or retry",
}
_PATTERNS = {
    "waiting": '<pattern id="w" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="2" height="6" fill="#7d8590"/></pattern>',
    "arguments": '<pattern id="g" width="4" height="4" patternUnits="userSpaceOnUse">'
    '<rect width="2.8" height="4" fill="#b07d1e"/></pattern>',
    "answer": '<pattern id="a" width="4" height="4" patternUnits="userSpaceOnUse">'
    '<rect width="4" height="2.8" fill="#2f81d7"/></pattern>',
    "tool": '<pattern id="t" width="5" height="5" patternUnits="userSpaceOnUse">'
    '<path d="M0 0h5v5H0z M2.5 1.4a1.1 1.1 0 1 0 0 2.2a1.1 1.1 0 1 0 0-2.2z" '
    'fill="#3a9a52" fill-rule="evenodd"/></pattern>',
    "retry": '<pattern id="e" width="5" height="5" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(-45)"><rect width="3.4" height="5" fill="#d9534f"/></pattern>',
}
_FILLS = {p: f"url(#{i})" for p, i in zip(_PATTERNS, "wgate", strict=True)}

_STROKES = {
    "waiting": ' stroke-dasharray="1 2"',
    "reasoning": "",
    "arguments": ' stroke-dasharray="2.8 1.2"',
    "answer": ' stroke-dasharray="8 1"',
    "tool": ' stroke-dasharray="4 1 1 1"',
    "you": ' stroke-dasharray="3 2" stroke-opacity=".6"',
    "retry": ' stroke-dasharray="1.6 .8"',
}

WIDTH, HEIGHT, BASE, RIBBON = 760, 74, 58, 10
BAR_WIDTH, BAR_HEIGHT, BAR_SECONDS = 84, 7, 12.0
"""A step's bar is full at 12 s, so that the bars of a run share one scale."""
LINE_POINTS = 400
TOO_THIN = 0.15
"""Spans thinner than this many pixels are left out."""


def run_svg(chart: Mapping[str, Any]) -> str:
    """Speed over time above the ribbon of phases: the geometry of `Meter.chart()` drawn."""
    per_s = WIDTH / max(chart["t_end"], 1e-3)
    top = max(chart["top"], chart["p50"] or 0.0, 1.0) * 1.15
    shapes = _speed(chart["speed"], per_s, BASE / top)
    if chart["p50"]:
        y = _n(BASE - chart["p50"] * BASE / top)
        line = f'<path d="M0 {y}H{WIDTH}" stroke="#80808099" stroke-dasharray="2 3" fill="none"/>'
        shapes.append(line)
    shapes.append(f'<path d="M0 {BASE}H{WIDTH}" stroke="#80808066" fill="none"/>')
    for t0, t1 in chart["stalls"]:
        d = f"M{_n(t0 * per_s)} {BASE}V{BASE - 12}H{_n(t1 * per_s)}V{BASE}"
        shapes.append(f'<path d="{d}" stroke="#d9534f" stroke-width="1.5" fill="none"/>')
    spans = [(phase, t0 * per_s, t1 * per_s) for _, phase, t0, t1 in chart["segments"]]
    return _svg(WIDTH, HEIGHT, spans, shapes, y=HEIGHT - RIBBON - 1, height=RIBBON)


def step_svg(segments: Sequence[Sequence[Any]]) -> str:
    """One step's phases as a bar, 12 s wide; a longer step fills it."""
    total = sum(t1 - t0 for _, _, t0, t1 in segments)
    per_s = BAR_WIDTH / max(total, BAR_SECONDS)
    spans, x = [], 0.0
    for _, phase, t0, t1 in segments:
        spans.append((phase, x, x + (t1 - t0) * per_s))
        x = spans[-1][2]
    strokes = "".join(_stroke(*span) for span in spans if span[2] - span[1] > TOO_THIN)
    group = f'<g stroke-width="{BAR_HEIGHT}">{strokes}</g>'
    return _svg(BAR_WIDTH, BAR_HEIGHT, [], [group], y=0, height=0)


def _stroke(phase: str, x0: float, x1: float) -> str:
    """A span of a step's bar: a thick line, dashed by phase, since it is far shorter to write."""
    style = _STROKES[phase]
    end = max(x1 - 0.6, x0 + 0.5)
    return f'<path d="M{_n(x0)} 3.5H{_n(end)}" stroke="{COLOURS[phase]}"{style}/>'


def swatch_svg(phase: str) -> str:
    """The sample of a phase that stands in the legend."""
    return _svg(14, 9, [(phase, 0.0, 13.0)], [], y=0, height=9)


def _speed(lines: Iterable[Sequence[Any]], per_s: float, per_speed: float) -> list[str]:
    """Areas and lines of the speed; all of one phase are one path, which is short to write."""
    lines = [(phase, points) for phase, points in lines if len(points) > 1]
    every = max(1, sum(len(points) for _, points in lines) // LINE_POINTS)
    areas: dict[str, str] = {}
    curves: dict[str, str] = {}
    for phase, points in lines:
        kept = [*points[:-1:every], points[-1]]
        xy = [(_n(t * per_s), _n(BASE - min(v * per_speed, BASE))) for t, v in kept]
        curve = "L".join(f"{x} {y}" for x, y in xy)
        areas[phase] = areas.get(phase, "") + f"M{xy[0][0]} {BASE}L{curve}V{BASE}Z"
        curves[phase] = curves.get(phase, "") + f"M{curve}"
    filled = [f'<path d="{d}" fill="{COLOURS[p]}" fill-opacity=".2"/>' for p, d in areas.items()]
    drawn = [
        f'<path d="{d}" fill="none" stroke="{COLOURS[p]}" stroke-width="1.5"/>'
        for p, d in curves.items()
    ]
    return filled + drawn


def _svg(
    width: int,
    height_of_all: int,
    spans: Sequence[tuple[str, float, float]],
    shapes: Iterable[str],
    *,
    y: int,
    height: int,
) -> str:
    """An image of `shapes` with a ribbon of `spans` at `y`."""
    ribbon: dict[str, str] = {}
    for phase, x0, x1 in spans:
        if x1 - x0 > TOO_THIN:
            box = _box(x0, x1, y, height, inset=0.6 if phase == "you" else 0.0)
            ribbon[phase] = ribbon.get(phase, "") + box
    used = "".join(_PATTERNS[phase] for phase in _PATTERNS if phase in ribbon)
    defs = f"<defs>{used}</defs>" if used else ""
    parts = [f'<path d="{d}" {_fill(phase)}/>' for phase, d in ribbon.items()]
    size = f'width="{width}" height="{height_of_all}" viewBox="0 0 {width} {height_of_all}"'
    start = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
    return f"{start}{defs}{''.join([*shapes, *parts])}</svg>"


def _box(x0: float, x1: float, y: int, height: int, *, inset: float) -> str:
    gap = 0.6 if x1 - x0 > 4 * TOO_THIN else 0.0
    width = max(x1 - x0 - gap - 2 * inset, 0.5)
    return f"M{_n(x0 + inset)} {_n(y + inset)}h{_n(width)}v{_n(height - 2 * inset)}h-{_n(width)}z"


def _fill(phase: str) -> str:
    if phase == "you":
        return f'fill="none" stroke="{COLOURS[phase]}" stroke-width="1.2" stroke-dasharray="3 2"'
    return f'fill="{_FILLS.get(phase, COLOURS[phase])}"'


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
