"""Where JupyterLab does not have our extension: the widget is the view; with neither, the HTML is.

A page may be reloaded, closed or saved while a run goes on here too; then its widget comes back
from the kernel, and beside it stands a line that finds the run where there is no widget any more.
"""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from nbagent.lessons.process import Server
from nbagent.trace import TRACE_MIME
from tests.browser.lab import WAIT_MS, Lab, Notebook
from tests.browser.test_survives import (
    LONG,
    START,
    SUM,
    assert_the_way_leads_there,
    close,
    expect_kept,
    expect_live,
    hurry,
    session_of,
    started,
    wait_until_idle,
)

pytestmark = [pytest.mark.browser, pytest.mark.kernel]


_LEAVE_OUT = """
document.addEventListener('readystatechange', () => {
    const node = document.getElementById('jupyter-config-data');
    if (document.readyState !== 'interactive' || !node) return;
    const config = JSON.parse(node.textContent);
    const left = config.federated_extensions.filter(({ name }) => !NAMES.includes(name));
    if (left.length + NAMES.length !== config.federated_extensions.length)
        throw new Error(`not all of ${NAMES} are there`);
    node.textContent = JSON.stringify({ ...config, federated_extensions: left });
});
"""


def leave_out(page: Page, *extensions: str) -> None:
    """Let JupyterLab load as on a server where these extensions are not installed."""
    page.context.add_init_script(_LEAVE_OUT.replace("NAMES", json.dumps(extensions)))


def test_the_widget_is_the_view(lab: Lab, page: Page, lessons: Server, name: str) -> None:
    leave_out(page, "nbagent")
    notebook = started(page, lab, name)
    output = notebook.output(1)
    expect(output.locator(".nbagent-trace")).to_have_count(0)
    expect(output).to_contain_text("The live trace stands below")
    notebook.screenshot("widget")
    hurry(lessons)
    expect(output.get_by_text(SUM).first).to_be_visible(timeout=WAIT_MS)
    expect(output.get_by_role("button", name="Stop")).to_have_count(0)
    expect(output).not_to_contain_text("The live trace stands below")
    notebook.wait_done(1)
    notebook.screenshot("widget.finished")
    trace, widget = notebook.save().cells[1].outputs
    assert {TRACE_MIME, "text/html", "text/markdown", "text/plain"} == set(trace.data)
    assert SUM in trace.data["text/plain"].replace("*", "")
    assert widget.data == {}, "nothing is left of the widget"


@pytest.mark.long
@pytest.mark.parametrize("run", ["going on", "over"])
def test_the_widget_comes_back(lab: Lab, page: Page, lessons: Server, name: str, run: str) -> None:
    leave_out(page, "nbagent")
    notebook = started(page, lab, name)
    notebook.save()
    other = page.context.new_page()
    close(notebook)
    if run == "over":
        hurry(lessons)
        wait_until_idle(lab, other, notebook)
    notebook = Notebook.in_lab(other, lab, notebook.path)
    output = notebook.output(1)
    expect(output).to_contain_text("If there is none, this was saved while the run went on")
    if run == "going on":
        expect_live(output)
        hurry(lessons)
    expect(output.get_by_text(SUM).first).to_be_visible(timeout=WAIT_MS)
    expect(output.get_by_role("button", name="Stop")).to_have_count(0)
    notebook.screenshot(f"widget.back.{run}")


@pytest.mark.long
def test_a_kernel_that_is_gone_leaves_the_way(
    lab: Lab, page: Page, lessons: Server, name: str
) -> None:
    leave_out(page, "nbagent")
    notebook = started(page, lab, name)
    notebook.save()
    other = page.context.new_page()
    session = session_of(lab, other, notebook)
    page.close()
    other.request.delete(f"{lab.url}api/sessions/{session['id']}", params={"token": "test"})
    notebook = Notebook.in_lab(other, lab, notebook.path).wait_for_kernel()
    line = notebook.output(1).get_by_text("this was saved while the run went on")
    expect(line).to_be_visible()
    notebook.screenshot("widget.gone")
    assert_the_way_leads_there(notebook, line.locator("code").inner_text())


@pytest.mark.long
def test_with_neither_extension_the_html_is_refreshed(
    lab: Lab, page: Page, lessons: Server, name: str
) -> None:
    leave_out(page, "nbagent", "anywidget")
    notebook = Notebook.in_lab(
        page, lab, lab.write(name, START, LONG, "print(run.finished.reason)")
    ).wait_for_kernel()
    notebook.run(0, 1)
    output = notebook.output(1)
    expect(output).to_contain_text("No live view has answered", timeout=WAIT_MS)
    expect(output.get_by_text("run_python").first).to_be_visible(timeout=WAIT_MS)
    expect(output).to_contain_text("3 steps", timeout=WAIT_MS)
    notebook.screenshot("fallback")
    hurry(lessons)
    expect(output.get_by_text(SUM).first).to_be_visible(timeout=WAIT_MS)
    notebook.wait_done(1)
    expect_kept(notebook)
