"""Saved traces full of hostile text, opened in a real JupyterLab: nothing runs, nothing is asked.

Opened once as the user's own (trusted: JupyterLab runs what is in it), once as a stranger's.
"""

from __future__ import annotations

from typing import Any

import nbformat
import pytest
from nbformat.sign import NotebookNotary
from nbformat.v4 import new_output
from payloads import PAYLOADS
from playwright.sync_api import Page
from test_hostile import everywhere
from trace_story import folded

from nbagent.trace import mimebundle
from tests.browser.lab import Lab, Notebook

pytestmark = [pytest.mark.browser, pytest.mark.long]

CHUNK = 10
FIRE = "window.fired = 0; window.fire = () => { window.fired += 1 }"
UNFOLD = "document.querySelectorAll('.jp-Cell details').forEach(d => d.open = true)"
HOVER = (
    "document.querySelectorAll('.jp-Cell *').forEach(e => e.dispatchEvent(new Event('mouseover')))"
)
COMMANDS = "document.querySelectorAll('.jp-Cell-outputArea [data-commandlinker-command]').length"


def opened(
    lab: Lab, page: Page, name: str, bundles: list[dict[str, Any]], *, trusted: bool
) -> tuple[int, int, list[str]]:
    """How often script ran, how many command buttons there are, and who else was asked."""
    path = lab.write(name, *["1"] * len(bundles))
    notebook = nbformat.read(path, as_version=4)
    for cell, bundle in zip(notebook.cells, bundles, strict=True):
        cell.outputs = [new_output("display_data", data=bundle)]
    nbformat.write(notebook, path)
    if trusted:
        NotebookNotary().sign(notebook)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(FIRE)
    shown = Notebook.in_lab(page, lab, path).wait_for_kernel()
    last = shown.output(len(bundles) - 1)
    last.scroll_into_view_if_needed()
    page.evaluate(UNFOLD)
    page.evaluate(HOVER)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    foreign = [url for url in asked if not url.startswith((lab.url, "data:", "blob:", "ws:"))]
    return page.evaluate("window.fired"), page.evaluate(COMMANDS), foreign


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("first", range(0, len(PAYLOADS), CHUNK))
def test_nothing_runs_and_nobody_is_asked(
    lab: Lab, page: Page, first: int, *, trusted: bool
) -> None:
    bundles = []
    for payload in PAYLOADS[first : first + CHUNK]:
        story = everywhere(payload).finish(payload, text=payload, reason="error")
        bundles.append(mimebundle(*folded(story.events)))
    assert opened(lab, page, f"hostile-{first}-{trusted}", bundles, trusted=trusted) == (0, 0, [])


def test_the_same_texts_as_html_do_run(lab: Lab, page: Page) -> None:
    """The positive control: in a notebook of one's own, raw HTML runs and fetches."""
    bundles = [
        {"text/html": f"<div>{payload}</div>"} for payload in PAYLOADS[2:20] + PAYLOADS[26:27]
    ]
    fired, _, foreign = opened(lab, page, "raw", bundles, trusted=True)
    assert fired > 3
    assert foreign
