"""A reply as it streams into JupyterLab: `%%kimi` beside what people write without it.

Each measurement has a notebook, a kernel and a page of its own; the kernel has imported and
connected before. All receive the same reply, at the same pace, from the same lesson server.
"""

from __future__ import annotations

import json
import math
import statistics
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, CDPSession, Page
from playwright.sync_api import TimeoutError as TooLate

from nbagent.lessons import control, tokens
from nbagent.lessons.process import Server
from tests.browser.lab import VIEWPORT, Lab, Notebook

WATCH = Path(__file__).with_name("watch.js")
N_MARKS, REPLY_S, TTFT_S = 2_000, 10.0, 0.5
MOST_MS = 240_000
SECTION = 20

START = """%load_ext nbagent
%kimi use lesson
from pathlib import Path
from tests.bench.notebook_side import Marks, client, rewrite, session_of
marks, openai = Marks(Path("{name}.json")), client()"""
FOLLOW = "marks.follow(session_of(get_ipython()))"
CELLS = {
    "%%kimi, with chart": "%%kimi\nGo through the rows.",
    "Markdown, each delta": "rewrite(openai, 'Go through the rows.', marks)",
    "Markdown, each 33 ms": "rewrite(openai, 'Go through the rows.', marks, every_s=0.033)",
    "Markdown, at the end": "rewrite(openai, 'Go through the rows.', marks, every_s=1e9)",
}
OURS = next(iter(CELLS))


@dataclass(frozen=True, slots=True)
class Streamed:
    """What one reply cost, and when it could be read.

    Attributes:
        frames: websocket messages that the page received from the kernel.
        mb: 10^6 bytes in them.
        cpu_s: CPU of the kernel's process, all its threads, until the reply stood in the page.
        page_s: seconds that the page's main thread was in tasks; waiting for a CPU counts.
        page_cpu_s: seconds of them that it had one.
        p50_ms: from a piece in Python's hands to the frame that shows it, median.
        p95_ms: the same, 95th percentile.
        last_ms: the same, for the reply's last piece.
        whole_s: from the first piece in Python's hands to the frame that shows the last.
        deltas: pieces that arrived in the kernel.
    """

    frames: float
    mb: float
    cpu_s: float
    page_s: float
    page_cpu_s: float
    p50_ms: float
    p95_ms: float
    last_ms: float
    whole_s: float
    deltas: float


HEADS = (
    ("frames", 0),
    ("MB", 2),
    ("CPU s", 2),
    ("page s", 2),
    ("its CPU", 2),
    ("p50 ms", 0),
    ("p95 ms", 0),
    ("last ms", 0),
    ("whole s", 1),
    ("deltas", 0),
)


def reply() -> dict[str, str]:
    """Reasoning and an answer in Markdown, half of the marks in each."""
    half = N_MARKS // 2
    reasoning = " ".join(f"row q{i:04d} is fine." for i in range(half))
    sections = []
    for first in range(half, N_MARKS, SECTION):
        middle = first + SECTION // 2
        text = " ".join(f"row q{i:04d} is fine." for i in range(first, middle))
        items = "\n".join(f"- row q{i:04d} is **fine**" for i in range(middle, first + SECTION))
        sections.append(f"## From row {first}\n\n{text}\n\n{items}")
    return {"reasoning": reasoning, "content": "\n\n".join(sections)}


def busy(devtools: CDPSession) -> tuple[float, float]:
    """Seconds that the page's main thread has spent in tasks, and those of them on a CPU."""
    metrics = {m["name"]: m["value"] for m in devtools.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"]), float(metrics["ThreadTime"])


def cpu_s(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def measure(browser: Browser, lab: Lab, lessons: Server, rounds: int) -> dict[str, list[Streamed]]:
    """Measure each kind in turn, as often as there are rounds."""
    measured: dict[str, list[Streamed]] = {kind: [] for kind in CELLS}
    for n in range(rounds):
        for kind, done in measured.items():
            done.append(stream(browser, lab, lessons, kind, n))
    return measured


def stream(browser: Browser, lab: Lab, lessons: Server, kind: str, n: int) -> Streamed:
    """Measure one reply, of one kind, in its n-th round."""
    name = f"{''.join(c for c in kind if c.isalpha())}-{n}"
    start = "\n".join([START.format(name=name), FOLLOW if kind == OURS else "", "marks.save()"])
    path = lab.write(name, start, CELLS[kind], "marks.clear()", CELLS[kind], "marks.save()")
    context = browser.new_context(viewport=VIEWPORT)
    try:
        page = context.new_page()
        page.add_init_script(path=WATCH)
        notebook = Notebook.in_lab(page, lab, path).wait_for_kernel()
        _warm(notebook, lessons)
        whole = reply()
        n_tokens = sum(tokens.count(text) for text in whole.values())
        control.set_pace(lessons, n_tokens / REPLY_S, TTFT_S)
        control.order(lessons, {"kind": "turn", **whole})
        found = _measured(page, notebook, path.with_suffix(".json"), is_ours=kind == OURS)
        page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        return found
    finally:
        context.close()


def _warm(notebook: Notebook, lessons: Server) -> None:
    """Let the kernel import and connect, with a short reply."""
    control.set_pace(lessons, math.inf)
    control.order(lessons, {"kind": "turn", "reasoning": "So.", "content": "Hello."})
    notebook.run(0, 1, 2)
    notebook.wait_done(2)


def _measured(page: Page, notebook: Notebook, noted: Path, *, is_ours: bool) -> Streamed:
    pid = json.loads(noted.read_text())["pid"]
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")

    def spent() -> list[float]:
        counts = page.evaluate("[bench.frames, bench.bytes / 1e6]")
        return [*counts, cpu_s(pid), *busy(devtools)]

    page.evaluate("bench.watch(3)")
    before = spent()
    notebook.run(3)
    _wait(page, N_MARKS // 2)
    if is_ours and not page.evaluate("bench.hasChart()"):
        raise AssertionError("there is no chart beside the reply")
    _wait(page, N_MARKS - 1)
    notebook.wait_done(3, timeout_ms=MOST_MS)
    frames, mb, *seconds = (b - a for a, b in zip(before, spent(), strict=True))
    assert frames > 0, "no websocket message was seen"
    notebook.run(4)
    notebook.wait_done(4, timeout_ms=MOST_MS)
    painted = page.evaluate("bench.painted")
    return Streamed(frames, mb, *seconds, *_times(json.loads(noted.read_text()), painted))


def _wait(page: Page, mark: int) -> None:
    """Wait until a mark was painted; this looks twice a second, so as not to be measured too."""
    script = "mark => bench.last >= mark"
    try:
        page.wait_for_function(script, arg=mark, polling=500, timeout=MOST_MS)
    except TooLate as error:
        last, frames = page.evaluate("[bench.last, bench.frames]")
        raise AssertionError(
            f"mark {last} of {mark} was painted last; {frames} messages"
        ) from error


def _times(noted: dict[str, Any], painted: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """How late the marks were painted, how long the whole reply took, and in how many pieces."""
    arrived = noted["arrived"]
    assert arrived[-1][0] == N_MARKS - 1, "the reply did not arrive to its end"
    marks = [mark for mark, _ in painted]
    late = [painted[bisect_left(marks, mark)][1] - at for mark, at in arrived]
    twentieths = statistics.quantiles(late, n=20)
    whole_s = (painted[-1][1] - arrived[0][1]) / 1000
    return twentieths[9], twentieths[18], late[-1], whole_s, noted["deltas"]
