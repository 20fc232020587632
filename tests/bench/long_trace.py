"""A long run's trace in JupyterLab: how long it takes to open, and how smoothly it scrolls.

Opened is as from the file browser, in a page where another notebook was opened before: the saved
trace with no kernel; the run while it goes on, which the page asks of the kernel; and, for
comparison, a notebook with one line of text.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_output
from playwright.sync_api import Browser, Page

from nbagent.trace import mimebundle
from tests.bench.stream import WATCH
from tests.browser.lab import VIEWPORT, WAIT_MS, Lab, Notebook

sys.path.insert(0, str(Path(__file__).parents[1] / "trace"))  # its modules find each other by name

from render_view import long_run
from trace_story import folded

N_STEPS = 2_000
N_FRAMES = 300
CELL = f"""%load_ext nbagent
from tests.bench.notebook_side import show_long_run
show_long_run(get_ipython(), {N_STEPS})"""
PLAIN, SAVED, RUNNING = "one line of text", "4,000 calls, saved", "4,000 calls, running"


@dataclass(frozen=True, slots=True)
class Opened:
    """What an opened notebook took.

    Attributes:
        first_ms: from the click to the frame that first shows the trace (or the text).
        whole_ms: from the click to the frame after which nothing was added.
        nodes: elements in the trace.
        heap_mb: the page's JavaScript heap, garbage collected, in 10^6 bytes.
        height_px: how tall the list of steps is inside; None if there is nothing to scroll.
        p50_ms: length of a frame while scrolling through the steps, median.
        p95_ms: the same, 95th percentile.
        open_height_px: as `height_px`, with every step opened.
        open_p50_ms: as `p50_ms`, with every step opened.
        open_p95_ms: as `p95_ms`, with every step opened.
        most_nodes: elements in the trace then.
    """

    first_ms: float
    whole_ms: float
    nodes: float | None
    heap_mb: float
    height_px: float | None = None
    p50_ms: float | None = None
    p95_ms: float | None = None
    open_height_px: float | None = None
    open_p50_ms: float | None = None
    open_p95_ms: float | None = None
    most_nodes: float | None = None


HEADS = (
    ("first ms", 0),
    ("whole ms", 0),
    ("nodes", 0),
    ("heap MB", 1),
    ("tall px", 0),
    ("p50 ms", 1),
    ("p95 ms", 1),
    ("tall px", 0),
    ("p50 ms", 1),
    ("p95 ms", 1),
    ("nodes", 0),
)
GROUPS = f"{'':<22}{'opened':>36}{'scrolled, as opened':>27}{'scrolled, every step open':>36}"


def saved(lab: Lab) -> Path:
    """A notebook that holds the finished run, and asks for a kernel that nobody has."""
    path = lab.write("saved", "run")
    view, meter = folded(long_run(N_STEPS).events)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].outputs = [new_output("display_data", mimebundle(view, meter))]
    return without_kernel(path, notebook)


def plain(lab: Lab) -> Path:
    path = lab.write("plain", "print(1)")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].outputs = [new_output("stream", text="1\n")]
    return without_kernel(path, notebook)


def without_kernel(path: Path, notebook: Any) -> Path:
    notebook.metadata = {"kernelspec": {"name": "gone", "display_name": "Gone", "language": "gone"}}
    nbformat.write(notebook, path)
    return path


def running(browser: Browser, lab: Lab) -> Path:
    """A notebook that was saved and closed while a long run went on; its kernel lives."""
    path = lab.write("running", CELL)
    page = browser.new_page()
    notebook = Notebook.in_lab(page, lab, path).wait_for_kernel()
    notebook.run(0)
    notebook.wait_done(0)
    notebook.output(0).get_by_role("list", name="Steps").wait_for(timeout=WAIT_MS)
    notebook.save()
    page.close()
    return path


def opened(browser: Browser, lab: Lab, path: Path, *, is_trace: bool = True) -> Opened:
    """Open a notebook in a fresh page and scroll through what it shows."""
    context = browser.new_context(viewport=VIEWPORT)
    try:
        page = context.new_page()
        page.add_init_script(path=WATCH)
        Notebook.in_lab(page, lab, lab.write("before", "1")).wait_for_kernel()
        took = page.evaluate(
            "([path, kind]) => bench.open(path, kind)",
            [path.name, "trace" if is_trace else "plain"],
        )
        refuse = page.locator(".jp-Dialog .jp-mod-reject", has_text="No Kernel")
        if refuse.count():
            refuse.click()
        if not is_trace:
            return Opened(*took, None, heap_mb(page))
        nodes = trace(page, path)
        heap = heap_mb(page)
        folded_frames = scrolled(page, path)
        page.get_by_role("button", name="Expand all").first.click()
        open_frames = scrolled(page, path)
        assert open_frames[0], "there was nothing to scroll through"
        return Opened(*took, nodes, heap, *folded_frames, *open_frames, trace(page, path))
    finally:
        context.close()


def trace(page: Page, path: Path) -> int:
    """How many elements the trace has; it must be the long run's."""
    found = page.evaluate("path => bench.trace(path)", path.name)
    text = found["text"].replace(",", "")
    assert str(N_STEPS) in text, "the trace does not show the run's last step"
    return int(found["nodes"])


def scrolled(page: Page, path: Path) -> tuple[float | None, ...]:
    """Scroll through the steps: their height, and the frames' median and 95th percentile."""
    found = page.evaluate("([path, n]) => bench.scrollThrough(path, n)", [path.name, N_FRAMES])
    if not found["frames"]:
        return None, None, None
    twentieths = statistics.quantiles(found["frames"], n=20)
    return float(found["height"]), twentieths[9], twentieths[18]


def heap_mb(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return float(used) / 1e6


def measure(browser: Browser, lab: Lab, rounds: int) -> dict[str, list[Opened]]:
    """Open each notebook in turn, as often as there are rounds."""
    paths = {PLAIN: plain(lab), SAVED: saved(lab), RUNNING: running(browser, lab)}
    measured: dict[str, list[Opened]] = {name: [] for name in paths}
    for _ in range(rounds):
        for name, path in paths.items():
            measured[name].append(opened(browser, lab, path, is_trace=name != PLAIN))
    return measured
