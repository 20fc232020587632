"""One run as a MIME bundle: our JSON, HTML, Markdown and text, within the size rule.

A run's whole saved output is at most 256 KB up to 50 steps and never more than 1 MB, pictures
included. The bundle is drawn with as much detail as fits: a ladder of limits is walked down until
the saved form, as nbformat writes it, is small enough. What is left out says so where it was.

Drawing never fails outwards: if it does, the bundle is one line that says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from nbagent.meter import Meter
from nbagent.phrases import BADGE, clean, clip, one_line
from nbagent.trace.markup import Html
from nbagent.trace.page import Scene, page_html
from nbagent.trace.pictures import chosen, uri
from nbagent.trace.plain import markdown_text, plain_text
from nbagent.view import RunView
from nbagent.view.lines import LINES_MAX
from nbagent.words import told

TRACE_MIME = "application/vnd.nbagent.trace+json"
SCHEMA_VERSION = 1
LIVE_STEPS = 3
"""While a run goes on, older steps than the last three are one line."""
STORED_POINTS = 600
BUDGET_STEPS, BUDGET_BYTES, BUDGET_MAX_BYTES = 50, 256_000, 1_000_000


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is drawn: characters of each kind of text and of all pictures, and whole steps.

    `stored` says whether our JSON holds the steps' texts too. It is the first thing to go: a
    renderer asks the kernel for them, while readers without one have the HTML alone.
    """

    reasoning: int
    code: int
    output: int
    saw: int
    answer: int
    pictures: int
    whole_steps: int = BUDGET_STEPS
    stored: bool = False


LADDER = (
    Detail(4_000, 6_000, 4_000, 2_000, 24_000, 130_000, stored=True),
    Detail(4_000, 6_000, 4_000, 2_000, 24_000, 130_000),
    Detail(2_000, 3_000, 2_000, 800, 24_000, 100_000),
    Detail(900, 1_600, 900, 300, 16_000, 70_000),
    Detail(400, 800, 400, 0, 10_000, 50_000),
    Detail(900, 1_600, 900, 300, 8_000, 50_000, whole_steps=12),
    Detail(300, 700, 300, 0, 8_000, 40_000, whole_steps=3),
    Detail(0, 0, 0, 0, 2_000, 0, whole_steps=0),
)

WHOLE = Detail(60_000, 60_000, 60_000, 60_000, 60_000, 40_000_000)


def mimebundle(
    view: RunView,
    meter: Meter,
    *,
    save: Literal["full", "answer", "none"] = "full",
    mode: Literal["live", "text", "answer"] = "live",
    running: bool = False,
    t: float | None = None,
) -> dict[str, Any]:
    """Draw a run.

    Args:
        view: the run as it is to be shown.
        meter: its figures.
        save: how much stays in the notebook's file once the run has ended.
        mode: how much is shown: everything, text without HTML, or summary and answer.
        running: whether the run goes on; then its state stands first.
        t: seconds since the run began, for what is counted on while nothing happens.

    Returns:
        MIME types and their data, for `display` with `raw=True`. It never raises.
    """
    try:
        return _drawn(view, meter, save=save, mode=mode, running=running, t=t)
    except Exception as error:  # noqa: BLE001 -- the view boundary: a view never breaks a run
        what = one_line(clean(f"{type(error).__name__}: {error}"), 200)
        badge = f"{told(BADGE)} " if view.scripted else ""
        line = told(f"This run could not be drawn ({what}). The run itself is not affected.")
        return {"text/plain": f"{badge}{line}\n{view.answer}".strip()}


def _drawn(
    view: RunView, meter: Meter, *, save: str, mode: str, running: bool, t: float | None
) -> dict[str, Any]:
    state = told(view.state(t)) if running else ""
    if save == "none" and not running:
        return {"text/plain": _unsaved(view)}
    with_trace = mode != "answer" and (running or save == "full")
    allowed = budget(view.n_steps)
    for detail in LADDER:
        bundle = _at(detail, view, meter, state=state, with_trace=with_trace, mode=mode)
        if saved_bytes(bundle) <= allowed:
            break
    return bundle


def whole_html(view: RunView, meter: Meter) -> Html:
    """Draw a run for a page of its own, where no notebook has to stay small."""
    snapshot = trimmed(view.snapshot(), WHOLE)
    state = told("Not finished") if view.running else ""
    scene = Scene(snapshot, meter.metrics(), meter.chart(), {}, state, alone=True)
    names = [b["picture"] for b in scene.blocks if b["kind"] == "image"]
    pictures = chosen(names, view.pictures, WHOLE.pictures)
    return page_html(replace(scene, pictures=pictures))


def whole_trace(view: RunView, meter: Meter, *, running: bool) -> dict[str, Any]:
    """A run as our JSON alone, with its pictures, for a page that draws it outside a notebook.

    Args:
        view: the run.
        meter: its figures.
        running: whether the run goes on.
    """
    snapshot = trimmed(view.snapshot(), WHOLE)
    names = [b["picture"] for b in view.blocks() if b["kind"] == "image"]
    pictures = chosen(reversed(names), view.pictures, WHOLE.pictures)
    data = {"schema": SCHEMA_VERSION, "run_id": view.run_id, "snapshot": stored(snapshot)}
    data |= {"running": True} if running else {}
    data |= {"metrics": measured(meter.metrics()), "chart": packed(meter.chart())}
    return _ordered(data | {"pictures": {name: uri(p) for name, p in pictures.items()}})


def _unsaved(view: RunView) -> str:
    line = "This run is not kept in the file (save none). `_` is the run, `%kimi show` draws it."
    return f"{told(BADGE)} {told(line)}" if view.scripted else told(line)


def _at(
    detail: Detail, view: RunView, meter: Meter, *, state: str, with_trace: bool, mode: str
) -> dict[str, Any]:
    shown = view.snapshot(LIVE_STEPS) if state else view.snapshot()
    snapshot = trimmed(shown, detail)
    metrics, chart = meter.metrics(), meter.chart()
    scene = Scene(snapshot, metrics, chart, {}, state, with_trace)
    names = [b["picture"] for b in scene.blocks if b["kind"] == "image"]
    order = [*scene.top_pictures, *(reversed(names) if with_trace else ())]
    pictures = chosen(order, view.pictures, detail.pictures)
    scene = Scene(snapshot, metrics, chart, pictures, state, with_trace)
    steps = mode == "text" and with_trace
    html = {} if mode == "text" else {"text/html": str(page_html(scene))}
    kept = {k: v for k, v in snapshot.items() if with_trace or k not in _TRACE_KEYS}
    if with_trace and not detail.stored:
        kept["steps"] = [_line_of_step(step) for step in snapshot["steps"]]
    data = {"schema": SCHEMA_VERSION, "run_id": view.run_id, "snapshot": stored(kept)}
    data |= {"running": True} if state else {}
    data |= {"metrics": measured(metrics), "chart": packed(chart) if with_trace else {}}
    followed = not state or mode == "live"  # else a page would ask a kernel that tells it nothing
    return {
        **({TRACE_MIME: _ordered(data)} if followed else {}),
        **html,
        "text/markdown": markdown_text(snapshot, state, steps=steps),
        "text/plain": plain_text(snapshot, state, steps=steps),
    }


_TRACE_KEYS = ("steps", "ranges", "lines", "compacted", "sent_parts", "faults")


def budget(n_steps: int) -> int:
    """How many bytes a run's saved output may take."""
    share = max(n_steps, BUDGET_STEPS) / BUDGET_STEPS
    return min(round(BUDGET_BYTES * share), BUDGET_MAX_BYTES)


def saved_bytes(bundle: Mapping[str, Any]) -> int:
    """The size of a bundle in a notebook's file: indented by one, texts split into lines."""
    lines = {
        mime: value.splitlines(keepends=True) if isinstance(value, str) else value
        for mime, value in bundle.items()
    }
    written = json.dumps(lines, indent=1, ensure_ascii=False)
    return len(written.encode(errors="replace")) + 6 * written.count("\n")


def trimmed(snapshot: Mapping[str, Any], detail: Detail) -> dict[str, Any]:
    """A snapshot with its texts cut to a level of detail."""
    first_whole = len(snapshot["steps"]) - detail.whole_steps
    steps = [
        _trimmed_step(step, detail) if i >= first_whole else _line_of_step(step)
        for i, step in enumerate(snapshot["steps"])
    ]
    _mark_repeated(steps)
    answer = clip(snapshot["answer"], detail.answer)
    return {**snapshot, "answer": answer, "prompt": snapshot["prompt"][:2_000], "steps": steps}


def _mark_repeated(steps: list[dict[str, Any]]) -> None:
    """Mark a figure that was shown before, so that each is drawn once."""
    seen: set[str] = set()
    for block in (b for s in steps for c in s["calls"] for b in c["outputs"]):
        name = block.get("picture")
        if name in seen:
            block["again"] = True
        elif name:
            seen.add(name)


def _trimmed_step(step: Mapping[str, Any], detail: Detail) -> dict[str, Any]:
    calls = [_trimmed_call(call, detail) for call in step["calls"]]
    cut = {
        key: clip(step[key], detail.reasoning)
        for key in ("reasoning", "content", "live_reasoning")
        if key in step
    }
    return {**step, **cut, "calls": calls}


def _line_of_step(step: Mapping[str, Any]) -> dict[str, Any]:
    """A step of which only its row is kept."""
    calls = [
        {k: call[k] for k in _OF_A_CALL if k in call} | {"code": "", "outputs": []}
        for call in step["calls"]
    ]
    line = {k: step[k] for k in ("step", "gist", "tools", "outcome")}
    if step.get("retries"):
        line["retries"] = [{**step["retries"][-1], "discarded": ""}]
    if step.get("steered"):
        line["steered"] = [clip(step["steered"][-1], 200)]
    return line | {"calls": calls}


_OF_A_CALL = (
    *("name", "title", "outcome", "is_error", "done", "changes"),
    *("repaired", "again", "decision", "by", "edited", "stopped"),
)


def _trimmed_call(call: Mapping[str, Any], detail: Detail) -> dict[str, Any]:
    outputs = [
        {k: clip(v, detail.output) if k in _LONG else v for k, v in block.items()}
        for block in call["outputs"]
    ]
    cut = {"code": clip(call["code"], detail.code), "outputs": outputs}
    if "saw" in call:
        cut["saw"] = clip(call["saw"], detail.saw) if detail.saw else ""
    return {**call, **cut}


_LONG = ("text", "traceback", "message")


def packed(chart: Mapping[str, Any]) -> dict[str, Any]:
    """The chart's geometry with each row as one string, since nbformat gives a number a line.

    `segments` rows are `step phase t0 t1`, `speed` rows `phase t,v t,v …`, `stalls` rows `t0 t1`.
    """
    every = max(1, sum(len(points) for _, points in chart["speed"]) // STORED_POINTS)
    return {
        "t_end": round(chart["t_end"], 3),
        "top": round(chart["top"], 1),
        "p50": None if chart["p50"] is None else round(chart["p50"], 1),
        "paced": chart["paced"],
        "segments": [f"{n} {phase} {a:.3f} {b:.3f}" for n, phase, a, b in chart["segments"]],
        "speed": [
            " ".join([phase, *(f"{t:.2f},{v:.0f}" for t, v in points[::every])])
            for phase, points in chart["speed"]
        ],
        "stalls": [f"{a:.3f} {b:.3f}" for a, b in chart["stalls"]],
    }


def measured(metrics: Mapping[str, Any], *, whole: bool = False) -> dict[str, Any]:
    """Figures for storing: the run's by name, the steps' as rows under the names in `columns`.

    A row is one string, `-` where nothing was measured; the last `LINES_MAX` steps are kept.

    Args:
        metrics: as from `Meter.metrics()`.
        whole: keep every column also of a long run, so that totals can be counted on from them.
    """
    steps = metrics["steps"][-LINES_MAX:]
    is_short = whole or len(steps) <= BUDGET_STEPS
    columns = (list(steps[0]) if steps else []) if is_short else _LONG_COLUMNS
    digits = 6 if is_short else 4
    rows = [" ".join(_number(row[name], digits) for name in columns) for row in steps]
    run = {k: round(v, 6) if isinstance(v, float) else v for k, v in metrics["run"].items()}
    return {"run": run, "columns": " ".join(columns), "steps": rows}


_LONG_COLUMNS = ["step", "wall_s", "ttft_s", "model_s", "tokens_per_s", "prompt_tokens"]
_LONG_COLUMNS += ["completion_tokens", "reasoning_tokens", "tool_calls", "tool_s", "you_s"]
_LONG_COLUMNS += ["wait_s", "cost_usd"]


def _number(value: float | None, digits: int) -> str:
    if value is None:
        return "-"
    return f"{value:.{digits}g}" if isinstance(value, float) else f"{value:d}"


def stored(value: Any) -> Any:
    """A snapshot for storing: what is empty is left out."""
    if isinstance(value, dict):
        return {k: stored(v) for k, v in value.items() if v not in ("", [], {}, None, False)}
    return [stored(item) for item in value] if isinstance(value, (list, tuple)) else value


def _ordered(data: dict[str, Any]) -> dict[str, Any]:
    """The same values with sorted keys, tuples as lists: what a notebook reads back."""
    ordered: dict[str, Any] = json.loads(json.dumps(data, sort_keys=True))
    return ordered
