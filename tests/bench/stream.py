"""A reply as it streams into JupyterLab: `%%kimi` beside what people write without it.

Each measurement has a notebook, a kernel and a page of its own; the kernel has imported and
connected before. All receive the same reply, at the same pace, from the same lesson server.
"""

from __future__ import annotations

import json
import math
import statistics
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, CDPSession, Page

from nbagent.clock import SystemClock
from nbagent.lessons import control, tokens
from nbagent.lessons.process import Server
from tests.browser.lab import VIEWPORT, WAIT_MS, Lab, Notebook

WATCH = Path(__file__).with_name("watch.js")
N_MARKS, REPLY_S, TTFT_S = 2_000, 10.0, 0.5
MOST_MS, QUIET_MS = 240_000, 20_000
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
        lost: per cent of the reply, at its end, that never stood in the page.
    """

    frames: float
    mb: float
    cpu_s: float
    page_s: float
    page_cpu_s: float
    p50_ms: float
    p95_ms: float
    last_ms: float | None
    whole_s: float | None
    deltas: float
    lost: float


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
    ("lost %", 0),
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
    path = lab.write(name, start, CELLS[kind], "marks.clear()", CELLS[kind])
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
    assert not is_ours or page.evaluate("bench.hasChart()"), "there is no chart beside the reply"
    _wait(page, N_MARKS - 1)
    written = _written(noted)
    frames, mb, *seconds = (b - a for a, b in zip(before, spent(), strict=True))
    assert frames > 0, "no websocket message was seen"
    painted = page.evaluate("bench.painted")
    times = _times(written, painted)
    lost = N_MARKS - 1 - painted[-1][0]
    assert not (is_ours and lost), f"the live view does not show the last {lost} marks"
    return Streamed(frames, mb, *seconds, *times, 100 * lost / N_MARKS)


def _wait(page: Page, mark: int) -> None:
    """Wait for a mark, or for silence; this looks twice a second, so as not to be measured too."""
    page.wait_for_function("bench.isOver", arg=[mark, QUIET_MS], polling=500, timeout=MOST_MS)


def _written(noted: Path) -> dict[str, Any]:
    """What the kernel has noted of the whole reply.

    A page that has lost messages may show the cell as running for ever, so it is not asked.
    """
    clock = SystemClock()
    deadline = clock.now() + WAIT_MS / 1000
    while clock.now() < deadline:
        value: dict[str, Any] = json.loads(noted.read_text())
        if value["arrived"] and value["arrived"][-1][0] == N_MARKS - 1:
            return value
        clock.sleep(0.1)
    raise AssertionError("the reply did not arrive to its end")


def _times(noted: dict[str, Any], painted: list[list[float]]) -> tuple[float | None, ...]:
    """How late the marks were painted, how long the whole reply took, and in how many pieces."""
    arrived = noted["arrived"]
    marks = [mark for mark, _ in painted]
    late = [painted[bisect_left(marks, m)][1] - at for m, at in arrived if m <= marks[-1]]
    p50_ms, p95_ms = (statistics.quantiles(late, n=20)[i] for i in (9, 18))
    if marks[-1] < N_MARKS - 1:
        return p50_ms, p95_ms, None, None, noted["deltas"]
    return p50_ms, p95_ms, late[-1], (painted[-1][1] - arrived[0][1]) / 1000, noted["deltas"]
