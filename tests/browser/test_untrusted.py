"""A notebook from elsewhere: its traces are drawn and do nothing; later ones are their HTML."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Page, expect

from nbagent.lessons import control
from nbagent.lessons.process import Server
from nbagent.trace import TRACE_MIME
from tests.browser.lab import WAIT_MS, Lab, Notebook

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.long]

LOAD = "%load_ext nbagent\n%kimi use lesson"
SENT = """() => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  window.sent = [];
  kernel.anyMessage.connect((_, {msg, direction}) => {
    if (direction === 'send') window.sent.push(msg.header.msg_type);
  });
}"""
ASKED = "window.sent.filter(type => type === 'nbagent_request' || type === 'comm_msg').length"


def saved_in_mid_run(lab: Lab, page: Page, name: str, server: Server) -> nbformat.NotebookNode:
    """What is on disk of a run that waits; the run is over afterwards."""
    order = {"kind": "turn", "reasoning": "I try.", "calls": [["run_python", {"code": "1"}]]}
    control.order(server, order)
    path = lab.write(name, LOAD, "%%kimi --ask always\ngo")
    notebook = Notebook.in_lab(page, lab, path).wait_for_kernel()
    notebook.run(0, 1)
    question = notebook.output(1).get_by_role("group", name="Run this?")
    expect(question).to_be_visible(timeout=WAIT_MS)
    saved = notebook.save()
    notebook.output(1).get_by_role("button", name="Stop").click()
    notebook.wait_done(1)
    return saved


def elsewhere(lab: Lab, name: str, saved: nbformat.NotebookNode, **trace: Any) -> Any:
    """The same notebook as it comes from somebody else: nobody here has signed it."""
    copy = deepcopy(saved)
    copy.metadata["from"] = "elsewhere"  # another file than the one that was signed
    for output in copy.cells[1].outputs:
        if TRACE_MIME in output.get("data", {}):
            output.data[TRACE_MIME] |= trace
    path = lab.root / f"{name}-elsewhere.ipynb"
    nbformat.write(copy, path)
    return path


def test_an_untrusted_trace_is_drawn_and_asks_no_kernel_until_it_is_trusted(
    lab: Lab, page: Page, name: str, server: Server
) -> None:
    saved = saved_in_mid_run(lab, page, name, server)
    notebook = Notebook.in_lab(page, lab, elsewhere(lab, name, saved)).wait_for_kernel()
    output = notebook.output(1)
    note = output.get_by_text("This notebook is not trusted")
    expect(note).to_be_visible(timeout=WAIT_MS)
    expect(output).to_contain_text("This trace was saved while the run went on")
    for button in ("Stop", "Approve", "Pause"):
        expect(output.get_by_role("button", name=button)).to_have_count(0)
    page.evaluate(SENT)
    notebook.screenshot("untrusted")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert page.evaluate(ASKED) == 0
    page.evaluate("void window.jupyterapp.commands.execute('notebook:trust')")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(note).to_have_count(0, timeout=WAIT_MS)
    page.wait_for_function(f"{ASKED} > 0", timeout=WAIT_MS)  # the control


def test_a_trace_of_a_later_version_is_its_html(
    lab: Lab, page: Page, name: str, server: Server
) -> None:
    saved = saved_in_mid_run(lab, page, name, server)
    bad = '<p id="later">From a later version</p><img src="x" onerror="window.hacked = true">'
    for output in saved.cells[1].outputs:
        if "text/html" in output.get("data", {}):
            output.data["text/html"] = bad
    path = elsewhere(lab, name, saved, schema=2, snapshot={"made": "in another way"})
    notebook = Notebook.in_lab(page, lab, path).wait_for_kernel()
    output = notebook.output(1)
    expect(output).to_contain_text("From a later version", timeout=WAIT_MS)
    expect(output.locator(".nba")).to_have_count(0)
    expect(output.locator("img")).not_to_have_attribute("onerror", "window.hacked = true")
    assert page.evaluate("window.hacked") is None
    notebook.screenshot("later-version")
