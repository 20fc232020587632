"""A run's trace outlives its page: reloaded, closed, saved half-way, its kernel gone, seen twice.

Each case of the table leaves a page while a run goes on, comes back while it still goes on or
when it is over, and must find the run's own trace, in the page and then in the file. The cases
take place in JupyterLab, in Notebook 7, and in a JupyterLab whose pages share their notebooks. The
positive control is a plain widget, shown and replaced in place as people do without all this.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from nbagent.clock import SystemClock
from nbagent.lessons import control
from nbagent.lessons.process import Server
from nbagent.trace import TRACE_MIME
from tests.browser.lab import VIEWPORT, WAIT_MS, Lab, Notebook

pytestmark = [pytest.mark.browser, pytest.mark.kernel]

START = "%load_ext nbagent\n%kimi use lesson"
LONG = "%%kimi --out run\nlesson long 30"
SUM = "The sum of 1 to 30 is 465"
WIDGET = "application/vnd.jupyter.widget-view+json"
TOKEN = {"token": "test"}


LAB, NOTEBOOK_7, SHARED = PLACES = ["JupyterLab", "Notebook 7", "jupyter-collaboration"]


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Lab:
    """One of the places; it starts only the server that it needs."""
    if request.param == SHARED:
        shared: Lab = request.getfixturevalue("collab_lab")
        return shared
    lab: Lab = request.getfixturevalue("lab")
    return lab.as_notebook7() if request.param == NOTEBOOK_7 else lab


@pytest.fixture
def guest(browser: Browser) -> Iterator[Page]:
    """Another person's page: nothing of its browser is shared with `page`."""
    context = browser.new_context(viewport=VIEWPORT)
    yield context.new_page()
    context.close()


def places(*quick: tuple[str, ...], of: tuple[str, ...] = ()) -> Any:
    """Each of the cases at each place; all but the quick ones are long."""
    rows = product(PLACES, of) if of else [(place,) for place in PLACES]
    return [pytest.param(*row, marks=[] if row in quick else pytest.mark.long) for row in rows]


def hurry(server: Server) -> None:
    control.set_pace(server, math.inf)


def started(page: Page, lab: Lab, name: str) -> Notebook:
    """A notebook whose second cell is a run that goes on."""
    path = lab.write(name, START, LONG, "print(run.finished.reason)")
    notebook = Notebook.in_lab(page, lab, path).wait_for_kernel()
    notebook.run(0, 1)
    expect_live(notebook.output(1))
    return notebook


def expect_live(output: Locator) -> None:
    """The trace of a run that goes on: it counts steps, and can be stopped."""
    expect(output.get_by_role("button", name="Stop")).to_be_visible(timeout=WAIT_MS)
    expect(output.get_by_text("run_python").first).to_be_visible(timeout=WAIT_MS)


def expect_finished(output: Locator) -> None:
    """The finished trace of the same run: its answer, its steps, nothing to stop."""
    expect(output.get_by_text(SUM).first).to_be_visible(timeout=WAIT_MS)
    expect(output.get_by_text("SCRIPTED").first).to_be_visible()
    expect(output.get_by_text("31 steps").first).to_be_visible()
    expect(output.get_by_role("button", name="Stop")).to_have_count(0)
    expect(output.get_by_text("model not found")).to_have_count(0)


def wait_until_kept(notebook: Notebook) -> None:
    """Wait until the page's notebook has the finished trace of its second cell."""
    notebook.page.wait_for_function(
        "([mime, i]) => window.jupyterapp.shell.currentWidget.content.model.cells.get(i)"
        ".outputs.toJSON().some(o => o.data?.[mime]?.snapshot?.state === 'answer')",
        arg=[TRACE_MIME, 1],
        timeout=WAIT_MS,
    )


def expect_kept(notebook: Notebook) -> None:
    """In the file stands the whole trace, which needs neither kernel nor widget."""
    wait_until_kept(notebook)
    (output,) = notebook.save().cells[1].outputs
    assert {TRACE_MIME, "text/html", "text/markdown", "text/plain"} == set(output.data)
    assert SUM in output.data["text/plain"].replace("*", "")


def session_of(lab: Lab, page: Page, notebook: Notebook) -> dict[str, Any]:
    """The server's record of a notebook's kernel."""
    sessions = page.request.get(f"{lab.url}api/sessions", params=TOKEN).json()
    (found,) = [s for s in sessions if s["path"] == notebook.path.name]
    return dict(found)


def wait_until_idle(lab: Lab, page: Page, notebook: Notebook) -> None:
    """Wait for the kernel to end its cell, while no page looks on."""
    clock = SystemClock()
    deadline = clock.now() + WAIT_MS / 1000
    while session_of(lab, page, notebook)["kernel"]["execution_state"] != "idle":
        assert clock.now() < deadline, "the run does not end"
        clock.sleep(0.05)


def again(notebook: Notebook, lab: Lab, page: Page) -> Notebook:
    """Open the notebook again, as it is on disk; in its own page, if that is still there."""
    page = page if notebook.page.is_closed() else notebook.page
    return Notebook.in_lab(page, lab, notebook.path)


def leave_as_reload_does(notebook: Notebook) -> None:
    notebook.page.on("dialog", lambda dialog: dialog.accept())
    notebook.page.goto("about:blank")


def close(notebook: Notebook) -> None:
    notebook.page.close(run_before_unload=False)


def save_and_close(notebook: Notebook) -> None:
    notebook.save()
    close(notebook)


LEAVE: dict[str, Callable[[Notebook], None]] = {
    "reloaded": leave_as_reload_does,
    "closed": close,
    "saved": save_and_close,
}
CASES = places(
    (LAB, "saved, going on"),
    of=tuple(f"{left}, {run}" for left, run in product(LEAVE, ("going on", "over"))),
)


@pytest.mark.parametrize(("place", "case"), CASES, indirect=["place"])
def test_the_trace_is_there_again(
    place: Lab, page: Page, lessons: Server, name: str, case: str
) -> None:
    left, run = case.split(", ")
    notebook = started(page, place, name)
    other = page.context.new_page()
    LEAVE[left](notebook)
    if run == "over":
        hurry(lessons)
        wait_until_idle(place, other, notebook)
    notebook = again(notebook, place, other)
    if run == "going on":
        expect_live(notebook.output(1))
        hurry(lessons)
    expect_finished(notebook.output(1))
    expect_kept(notebook)


@pytest.mark.parametrize("place", places(), indirect=True)
def test_a_kernel_that_is_gone_is_said(place: Lab, page: Page, lessons: Server, name: str) -> None:
    notebook = started(page, place, name)
    notebook.save()
    other = page.context.new_page()
    session = session_of(place, other, notebook)
    page.close()
    other.request.delete(f"{place.url}api/sessions/{session['id']}", params=TOKEN)
    notebook = again(notebook, place, other).wait_for_kernel()
    note = notebook.output(1).get_by_role("note")
    expect(note).to_contain_text("The kernel that ran this is gone", timeout=WAIT_MS)
    expect(notebook.output(1)).to_contain_text("saved while the run went on")
    expect(notebook.output(1).get_by_role("button", name="Stop")).to_have_count(0)
    assert_the_way_leads_there(notebook, note.locator("code").last.inner_text())


def assert_the_way_leads_there(notebook: Notebook, command: str) -> None:
    """What the note says to type draws the run."""
    notebook.run(0)
    notebook.wait_done(0)
    notebook.cell(2).locator(".cm-content").click()
    notebook.page.keyboard.press("Control+a")
    notebook.page.keyboard.type(command)
    notebook.page.keyboard.press("Control+Enter")
    notebook.wait_done(2)
    expect(notebook.output(2).get_by_text("run_python").first).to_be_attached()
    expect(notebook.output(2).get_by_text("SCRIPTED").first).to_be_visible()


@pytest.mark.long
def test_a_second_view_shows_the_same_run(lab: Lab, page: Page, lessons: Server, name: str) -> None:
    notebook = started(page, lab, name)
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:clone')")
    panels = page.locator(".jp-NotebookPanel")
    expect(panels).to_have_count(2)
    views = [
        panels.nth(i).locator(".jp-Cell").nth(1).locator(".jp-Cell-outputArea") for i in range(2)
    ]
    expect_one_run(*views)
    notebook.wait_done(1)


def expect_one_run(first: Locator, second: Locator) -> None:
    """Two views of the same run: both live, and both stopped by the second one's button."""
    expect_live(first)
    expect_live(second)
    second.get_by_role("button", name="Stop").click()
    expect(second).to_contain_text("Stopped by you", timeout=WAIT_MS)
    expect(first).to_contain_text("Stopped by you", timeout=WAIT_MS)


@pytest.mark.parametrize("place", places(), indirect=True)
def test_another_page_shows_the_same_run(
    place: Lab, page: Page, guest: Page, lessons: Server, name: str
) -> None:
    notebook = started(page, place, name)
    theirs = Notebook.in_lab(guest, place, notebook.path)
    expect_one_run(notebook.output(1), theirs.output(1))
    notebook.wait_done(1)
    (output,) = notebook.save().cells[1].outputs
    assert "Stopped by you" in output.data["text/plain"]


@pytest.mark.long
def test_pages_that_share_a_notebook_keep_one_trace(
    collab_lab: Lab, page: Page, guest: Page, lessons: Server, name: str
) -> None:
    """The page that began the run is gone; those that came later would each put the trace in."""
    notebook = started(page, collab_lab, name)
    pages = [guest, guest.context.new_page(), guest.context.new_page()]
    notebooks = [Notebook.in_lab(each, collab_lab, notebook.path) for each in pages]
    for each in notebooks:
        expect(each.output(0)).to_contain_text("Scripted replies from the lesson server")
        expect_live(each.output(1))
    page.close()
    hurry(lessons)
    for each in notebooks:
        expect_finished(each.output(1))
        expect_kept(each)
        expect(each.cell(1).locator(".nbagent-trace")).to_have_count(1)


SLEEP = "import time\nprint('asleep now', flush=True)\ntime.sleep(600)"


STOPS = places((LAB, "sleeps"), of=("streams", "sleeps"))


@pytest.mark.parametrize(("place", "doing"), STOPS, indirect=["place"])
def test_stop_in_the_view_stops_the_run(
    place: Lab, page: Page, lessons: Server, name: str, doing: str
) -> None:
    if doing == "sleeps":
        call = ["run_python", {"code": SLEEP}]
        control.order(lessons, {"kind": "turn", "reasoning": "I wait.", "calls": [call]})
    path = place.write(name, START, LONG, "print(run.finished.reason)")
    notebook = Notebook.in_lab(page, place, path).wait_for_kernel()
    notebook.run(0, 1)
    output = notebook.output(1)
    shown = {"streams": "the sum so far is", "sleeps": "asleep now"}[doing]
    expect(output.get_by_text(shown).last).to_be_visible(timeout=WAIT_MS)
    output.get_by_role("button", name="Stop").click()
    notebook.wait_done(1)
    expect(output).to_contain_text("Stopped by you")
    notebook.run(2)
    expect(notebook.output(2)).to_contain_text("stopped")


CONTROL = """\
import time
from pathlib import Path
import ipywidgets
label = ipywidgets.Label("the trace so far")
handle = display(label, display_id=True)
while not Path("go").exists():
    time.sleep(0.05)
label.close()
handle.update({"text/plain": "the whole trace"}, raw=True)"""


@pytest.mark.long
def test_a_plain_widget_is_lost(lab: Lab, page: Page, name: str) -> None:
    """The positive control: shown and replaced in place, a widget is lost with its page."""
    notebook = Notebook.in_lab(page, lab, lab.write(name, CONTROL)).wait_for_kernel()
    notebook.run(0)
    expect(notebook.output(0)).to_contain_text("the trace so far", timeout=WAIT_MS)
    notebook.save()
    other = page.context.new_page()
    page.close()
    (lab.root / "go").touch()
    wait_until_idle(lab, other, notebook)
    notebook = again(notebook, lab, other).wait_for_kernel()
    expect(notebook.output(0)).to_contain_text("Error displaying widget", timeout=WAIT_MS)
    (output,) = nbformat.read(notebook.path, as_version=4).cells[0].outputs
    assert WIDGET in output.data
    assert "the whole trace" not in str(output)
