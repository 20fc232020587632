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

WIDTH, HEIGHT, BASE, RIBBON = 760, 74, 58, 10
BAR_WIDTH, BAR_HEIGHT, BAR_SECONDS = 84, 7, 12.0
"""A step's bar is full at 12 s, so that the bars of a run share one scale."""
LINE_POINTS = 760
TOO_THIN = 0.15
"""Spans thinner than this many pixels are left out."""


def run_svg(chart: Mapping[str, Any]) -> str:
    """Speed over time above the ribbon of phases: the geometry of `Meter.chart()` drawn."""
    per_s = WIDTH / max(chart["t_end"], 1e-3)
    top = max(chart["top"], chart["p50"] or 0.0, 1.0) * 1.15
    shapes = _speed(chart["speed"], per_s, BASE / top)
    if chart["p50"]:
        y = _n(BASE - chart["p50"] * BASE / top)
        shapes.append(
            f'<path d="M0 {y}H{WIDTH}" stroke="#80808099" stroke-dasharray="2 3" fill="none"/>'
        )
    shapes.append(f'<path d="M0 {BASE}H{WIDTH}" stroke="#80808066" fill="none"/>')
    for t0, t1 in chart["stalls"]:
        d = f"M{_n(t0 * per_s)} {BASE}V{BASE - 12}H{_n(t1 * per_s)}V{BASE}"
        shapes.append(f'<path d="{d}" stroke="#d9534f" stroke-width="1.5" fill="none"/>')
    spans = [(phase, t0 * per_s, t1 * per_s) for _, phase, t0, t1 in chart["segments"]]
    shapes += _rects(spans, HEIGHT - RIBBON - 1, RIBBON)
    return _svg(WIDTH, HEIGHT, {phase for phase, _, _ in spans}, shapes)


def step_svg(segments: Sequence[Sequence[Any]]) -> str:
    """One step's phases as a bar, 12 s wide; a longer step fills it."""
    total = sum(t1 - t0 for _, _, t0, t1 in segments)
    per_s = BAR_WIDTH / max(total, BAR_SECONDS)
    spans, x = [], 0.0
    for _, phase, t0, t1 in segments:
        spans.append((phase, x, x + (t1 - t0) * per_s))
        x = spans[-1][2]
    used = {phase for phase, _, _ in spans}
    return _svg(BAR_WIDTH, BAR_HEIGHT, used, _rects(spans, 0, BAR_HEIGHT))


def swatch_svg(phase: str) -> str:
    """The sample of a phase that stands in the legend."""
    return _svg(14, 9, {phase}, _rects([(phase, 0.0, 13.0)], 0, 9))


def _speed(lines: Iterable[Sequence[Any]], per_s: float, per_speed: float) -> list[str]:
    lines = [(phase, points) for phase, points in lines if len(points) > 1]
    every = max(1, sum(len(points) for _, points in lines) // LINE_POINTS)
    shapes = []
    for phase, points in lines:
        kept = [*points[:-1:every], points[-1]]
        xy = [f"{_n(t * per_s)},{_n(BASE - min(v * per_speed, BASE))}" for t, v in kept]
        colour = COLOURS[phase]
        x0, x1 = _n(kept[0][0] * per_s), _n(kept[-1][0] * per_s)
        area = f"M{x0},{BASE} L{' '.join(xy)} L{x1},{BASE}Z"
        shapes.append(f'<path d="{area}" fill="{colour}" fill-opacity=".2"/>')
        shapes.append(
            f'<polyline points="{" ".join(xy)}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        )
    return shapes


def _svg(width: int, height: int, phases: set[str], shapes: Iterable[str]) -> str:
    used = "".join(pattern for phase, pattern in _PATTERNS.items() if phase in phases)
    defs = f"<defs>{used}</defs>" if used else ""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
    return f'{head}viewBox="0 0 {width} {height}">{defs}{"".join(shapes)}</svg>'


def _rects(spans: Iterable[tuple[str, float, float]], y: int, height: int) -> list[str]:
    return [_span(phase, x0, x1, y, height) for phase, x0, x1 in spans if x1 - x0 > TOO_THIN]


def _span(phase: str, x0: float, x1: float, y: int, height: int) -> str:
    width = max(x1 - x0 - (0.6 if x1 - x0 > 4 * TOO_THIN else 0), 0.5)
    if phase == "you":
        return (
            f'<rect x="{_n(x0 + 0.6)}" y="{y + 0.6}" width="{_n(max(width - 1.2, 0.5))}" '
            f'height="{_n(height - 1.2)}" fill="none" stroke="{COLOURS[phase]}" '
            'stroke-width="1.2" stroke-dasharray="3 2"/>'
        )
    fill = _FILLS.get(phase, COLOURS[phase])
    return f'<rect x="{_n(x0)}" y="{y}" width="{_n(width)}" height="{height}" fill="{fill}"/>'


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
