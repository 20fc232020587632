"""`%%kimi` as a person meets it: in JupyterLab and in Notebook 7, live, stopped, and re-opened."""

from __future__ import annotations

import math
import re

import nbformat
import pytest
from playwright.sync_api import Page, expect

from nbagent.clock import SystemClock
from nbagent.lessons import control
from nbagent.lessons.process import ensure
from tests.browser.lab import WAIT_MS, Lab, Notebook

pytestmark = [pytest.mark.browser, pytest.mark.kernel]


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """The test's own name, for its notebook."""
    return str(request.node.name).removeprefix("test_")


START = "%load_ext nbagent\n%kimi use lesson"
DATA = "from palmerpenguins import load_penguins\npenguins = load_penguins()"
QUESTION = (
    "%%kimi\nWhich measurements separate the species in @penguins best?\n"
    "Plot the best pair and tell me how well it does."
)
HEADLINE = re.compile(r"separate the species best: \d\d\.\d% placed right")


def expect_trace(notebook: Notebook, cell: int, *, wait_ms: int = WAIT_MS) -> None:
    """The finished trace of the penguins' story: badge, answer, figure, steps."""
    output = notebook.output(cell)
    expect(output.get_by_text(HEADLINE).first).to_be_visible(timeout=WAIT_MS)
    expect(output.get_by_text("SCRIPTED").first).to_be_visible(timeout=wait_ms)
    expect(output.locator("img").first).to_be_visible()
    expect(output.get_by_text("TypeError").first).to_be_visible()
    step = output.locator("details details summary, button[data-step]").first
    step.click()
    expect(output.get_by_text("inspect_variable").first).to_be_visible()


@pytest.mark.long
def test_a_question_and_what_comes_after_it(lab: Lab, page: Page, name: str) -> None:
    path = lab.write(name, START, DATA, QUESTION, "print(len(measured), 'measured')")
    notebook = Notebook.in_lab(page, lab, path).wait_for_kernel()
    notebook.run(0, 1, 2, 3)
    notebook.wait_done(3)
    expect(notebook.output(3)).to_contain_text("342 measured")
    expect_trace(notebook, 2)
    notebook.cell(2).scroll_into_view_if_needed()
    notebook.screenshot("question.light")
    notebook.theme("JupyterLab Dark")
    notebook.screenshot("question.dark")
    notebook.theme("JupyterLab Light")
    saved = notebook.save()
    (output,) = [o for o in saved.cells[2].outputs if o.output_type == "display_data"]
    assert {"text/html", "text/markdown", "text/plain"} < set(output.data)
    assert_readable_without_a_kernel(lab, page, saved)


def assert_readable_without_a_kernel(lab: Lab, page: Page, saved: nbformat.NotebookNode) -> None:
    """Opened by somebody else, where no kernel is, the saved trace is all there."""
    saved.metadata = {"kernelspec": {"name": "gone", "display_name": "Gone", "language": "gone"}}
    path = lab.root / "reopened.ipynb"
    nbformat.write(saved, path)
    page.goto("about:blank")
    notebook = Notebook.in_lab(page, lab, path)
    page.locator(".jp-Dialog .jp-mod-reject", has_text="No Kernel").click()
    expect_trace(notebook, 2)
    notebook.screenshot("reopened")


def test_the_stop_button_ends_the_run_and_nothing_else(lab: Lab, page: Page, name: str) -> None:
    path = lab.write(
        name,
        START,
        "%%kimi --out run\nlesson long 60",
        "print(run.finished.reason)",
        "%%kimi\nlesson repair",
    )
    notebook = Notebook.in_lab(page, lab, path).wait_for_kernel()
    server = ensure(SystemClock())
    control.set_pace(server, 60, 0.2)
    try:
        notebook.run(0, 1)
        expect(notebook.output(1)).to_contain_text("run_python", timeout=WAIT_MS)
        notebook.press_stop()
        notebook.wait_done(1)
    finally:
        control.set_pace(server, math.inf)
    expect(notebook.output(1)).to_contain_text("Stopped by you")
    notebook.screenshot("stopped")
    notebook.run(2, 3)
    notebook.wait_done(3)
    expect(notebook.output(2)).to_contain_text("stopped")
    expect(notebook.output(3)).to_contain_text("The total is")


@pytest.mark.long
def test_a_prompt_on_the_magics_own_line(lab: Lab, page: Page, name: str) -> None:
    path = lab.write(
        name,
        START,
        "import pandas as pd\ndf = pd.DataFrame({'x': [1, 2, 3]})",
        "%%kimi how many rows does df have?",
        "# the user's remark\n%%kimi what's the mean of x?",
        "print('separate the species best: 95.6% placed right')",
    )
    notebook = Notebook.in_lab(page, lab, path).wait_for_kernel()
    notebook.run(0, 1, 2, 3, 4)
    notebook.wait_done(4)
    expect(notebook.output(2)).to_contain_text("3 rows")
    expect(notebook.output(3)).to_contain_text("The mean of x in df is 2.0")
    assert_words_alone_are_no_trace(notebook, 4)


def assert_words_alone_are_no_trace(notebook: Notebook, cell: int) -> None:
    """The positive control: an output that only says so does not pass for a trace."""
    expect(notebook.output(cell).get_by_text(HEADLINE)).to_be_visible()
    with pytest.raises(AssertionError, match="SCRIPTED"):
        expect_trace(notebook, cell, wait_ms=1)


@pytest.mark.long
def test_notebook_7(lab: Lab, page: Page, name: str) -> None:
    path = lab.write(name, START, DATA, QUESTION)
    notebook = Notebook.in_lab(page, lab.as_notebook7(), path).wait_for_kernel()
    notebook.run(0, 1, 2)
    notebook.wait_done(2)
    expect_trace(notebook, 2)
    view = notebook.output(2).locator(".nbagent-trace").get_by_text("SCRIPTED").first
    colours = set()
    for theme in ("Light", "Dark"):
        notebook.theme(f"JupyterLab {theme}")
        notebook.screenshot(f"notebook7.{theme.lower()}")
        colours.add(view.evaluate("e => getComputedStyle(e).color"))
    assert len(colours) == 2, "the view does not follow the theme"
