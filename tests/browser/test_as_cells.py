"""What a trace holds becomes cells of the notebook, by clicks, with the outputs that it has.

The positive control counts: the agent's code adds one to a counter, and after every click the
counter is as the agent left it, so that nothing has run a second time.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from nbagent.lessons import control
from nbagent.lessons.process import Server
from tests.browser.cells_page import ASK_AT, Study, turn
from tests.browser.lab import WAIT_MS, Lab
from tests.browser.runs_page import Panel
from tests.browser.test_without_extension import leave_out

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.long]

COUNT = "n_runs = globals().get('n_runs', 0) + 1\nprint('counted', n_runs)\nn_runs * 111"
TABLE = "import pandas as pd\npd.DataFrame({'mass': range(3000, 3300)})"
FIGURE = (
    "import matplotlib.pyplot as plt\nplt.figure(figsize=(1, 1)).gca().plot([1, 3])\nplt.show()"
)
RISKY = "import shutil\nshutil.rmtree('away')"
CODES = [COUNT, TABLE, FIGURE]
N_CELLS = "n => window.jupyterapp.shell.currentWidget.content.widgets.length === n"
CLIPBOARD = "() => navigator.clipboard.readText()"


def study_of(page: Page, lab: Lab, server: Server, name: str) -> Study:
    """A notebook in which an agent has run three pieces of code, the trace unfolded."""
    study = Study(page, lab, server, name, "%%kimi --ask never\ncount, tell, draw")
    calls = [("run_python", {"code": code}) for code in CODES]
    control.order(server, *(turn(call) for call in calls), turn(text="Done."))
    study.run_asked()
    expect(study.trace.get_by_role("button", name="All code as cells")).to_be_visible()
    study.trace.get_by_role("button", name="Expand all").click()
    return study


def press(study: Study, i: int, name: str) -> None:
    """Press a button in the menu of the i-th call."""
    menu = study.trace.get_by_role("button", name="More for run_python").nth(i)
    if menu.get_attribute("aria-expanded") != "true":
        menu.click()
    study.trace.locator(".card").nth(i).get_by_role("button", name=name, exact=True).click()


def below(study: Study) -> list[dict[str, Any]]:
    """The cells below the one that shows the trace."""
    cells = study.cells()
    return cells[study.at(study.ids[-1]) + 1 :]


@pytest.mark.parametrize("front_end", ["lab", "notebook 7"])
def test_calls_become_cells_with_their_outputs(
    lab: Lab, page: Page, server: Server, name: str, front_end: str
) -> None:
    study = study_of(page, lab if front_end == "lab" else lab.as_notebook7(), server, name)
    press(study, 0, "As a cell")
    study.expect_cells(5)
    (cell,) = below(study)
    assert cell["source"] == COUNT
    printed, value = cell["outputs"]
    assert (printed["text"], value["data"]["text/plain"]) == ("counted 1\n", "111")
    press(study, 1, "Show all of the table")
    study.expect_cells(6)
    whole = below(study)[0]
    assert "display.max_rows" in whole["source"]
    assert whole["outputs"] == [], "what it shows all of has not been run"
    study.notebook.run(study.at(whole["id"]))
    shown = study.notebook.output(study.at(whole["id"]))
    expect(shown.locator("tbody tr")).to_have_count(300, timeout=WAIT_MS)
    study.trace.get_by_role("button", name="All code as cells").click()
    study.expect_cells(9)
    made = below(study)[:3]
    assert [cell["source"] for cell in made] == CODES
    assert len({cell["id"] for cell in study.cells()}) == len(study.cells())
    kinds = [[set(o.get("data", {})) for o in cell["outputs"]] for cell in made]
    assert kinds == [
        [set(), {"text/plain"}],
        [{"text/html", "text/plain"}],
        [{"image/png", "text/plain"}],
    ]
    at = study.at(made[2]["id"])
    study.notebook.cell(at).scroll_into_view_if_needed()
    expect(study.notebook.output(at).locator("img")).to_be_visible()
    study.notebook.screenshot(f"as-cells-{front_end.replace(' ', '')}-light")
    study.write_below("print('counter', n_runs)")
    expect(study.notebook.output(len(study.cells()) - 1)).to_contain_text("counter 1")


def test_the_notebook_stays_trusted(lab: Lab, page: Page, server: Server, name: str) -> None:
    """A cell with outputs that is not trusted would take the trust from the whole notebook."""
    study = study_of(page, lab, server, name)
    study.trace.get_by_role("button", name="All code as cells").click()
    expect(study.notebook.cell(study.at(study.ids[-1]) + 3)).to_be_visible()
    study.notebook.save()
    study.reload(lab)
    expect(study.trace.get_by_role("button", name="All code as cells")).to_be_visible()
    assert all(cell["trusted"] for cell in study.cells())
    study.notebook.theme("JupyterLab Dark")
    study.notebook.screenshot("as-cells-dark")


def test_long_code_becomes_a_cell_whole(lab: Lab, page: Page, server: Server, name: str) -> None:
    """The trace has an excerpt of it; the kernel, which is asked, has all."""
    code = "\n".join(f"value_{i} = {i}" for i in range(2_000))
    study = Study(page, lab, server, name, "%%kimi --ask never\nname them all")
    control.order(server, turn(("run_python", {"code": code})), turn(text="Done."))
    study.run_asked()
    study.trace.get_by_role("button", name="Expand all").click()
    study.trace.get_by_role("button", name="more lines").click()
    expect(study.trace.get_by_text("left out here")).to_be_visible()
    press(study, 0, "As a cell")
    page.wait_for_function(N_CELLS, arg=len(study.ids) + 1)
    assert [cell["source"] for cell in below(study)] == [code]


UNDO = "name => window.jupyterapp.commands.execute(`notebook:${name}-cell-action`)"


@pytest.mark.parametrize("place", ["alone", "together"])
def test_one_undo_takes_all_code_away(
    request: pytest.FixtureRequest, page: Page, server: Server, name: str, place: str
) -> None:
    """The control is the cell that the person has just made: it stays."""
    shared: Lab = request.getfixturevalue("lab" if place == "alone" else "collab_lab")
    study = study_of(page, shared, server, name)
    study.write_below("mine = 1")
    before = study.cells()
    study.trace.get_by_role("button", name="All code as cells").click()
    page.wait_for_function(N_CELLS, arg=len(before) + 3)
    assert [cell["source"] for cell in below(study)] == [*CODES, "mine = 1"]
    page.evaluate(UNDO, "undo")
    page.wait_for_function(N_CELLS, arg=len(before))
    assert [cell["id"] for cell in study.cells()] == [cell["id"] for cell in before]
    page.evaluate(UNDO, "redo")
    page.wait_for_function(N_CELLS, arg=len(before) + 3)
    assert [cell["source"] for cell in below(study)] == [*CODES, "mine = 1"]
    assert below(study)[0]["outputs"][0]["text"] == "counted 1\n"


def test_a_request_becomes_a_cell(lab: Lab, page: Page, server: Server, name: str) -> None:
    study = study_of(page, lab, server, name)
    press(study, 1, "Copy request as cell")
    study.expect_cells(5)
    (cell,) = below(study)
    compile(cell["source"], "<cell>", "exec")
    assert "MOONSHOT_API_KEY" in cell["source"]
    assert "counted 1" in cell["source"], "the request of step 2 carries what step 1 has shown"
    study.trace.get_by_role("button", name="Step through").click()
    opened = study.trace.get_by_role("tab", name="Reply")  # where the view opens, once it is told
    expect(opened).to_have_attribute("aria-selected", "true", timeout=WAIT_MS)
    study.trace.get_by_role("tab", name="Request").click()
    study.trace.get_by_role("button", name="Copy as ▾").click()
    study.trace.get_by_role("button", name="New cell").click()
    study.expect_cells(6)
    made = below(study)
    compile(made[0]["source"], "<cell>", "exec")


def copies(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])


def test_the_widget_alone_copies(lab: Lab, page: Page, server: Server, name: str) -> None:
    """As in any other front end: nothing is inserted, and the button says so."""
    leave_out(page, "nbagent")
    copies(page)
    study = Study(page, lab, server, name, "%%kimi\ncount, tell, remove")
    calls = [("run_python", {"code": code}) for code in (COUNT, TABLE, RISKY)]
    control.order(server, *(turn(call) for call in calls), turn(text="Done."))
    study.notebook.run(ASK_AT)
    deny = study.trace.get_by_role("button", name="Deny")
    expect(deny.first).to_be_visible(timeout=WAIT_MS)
    study.trace.get_by_role("button", name="Expand all").click()
    for n_copied, (i, button, expected) in enumerate(
        [
            (0, "As a cell", COUNT),
            (1, "Show all of the table", "display.max_rows"),
            (1, "Copy request as cell", "MOONSHOT_API_KEY"),
        ]
    ):
        press(study, i, button)
        expect(study.trace.get_by_role("button", name="Copied: paste it")).to_have_count(
            n_copied + 1
        )
        assert expected in page.evaluate(CLIPBOARD)
    study.notebook.screenshot("as-cells-widget")
    assert below(study) == []
    deny.first.click()


def test_a_trace_without_its_notebook_copies(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    copies(page)
    study = study_of(page, lab, server, name)
    study.notebook.save()
    page.evaluate("() => window.jupyterapp.shell.currentWidget.close()")
    panel = Panel(page).show()
    panel.row("count, tell, draw").first.dblclick()
    panel.tab.get_by_role("button", name="All code as cells").click(timeout=WAIT_MS)
    expect(panel.tab.get_by_role("button", name="Copied: paste it")).to_be_visible()
    assert page.evaluate(CLIPBOARD) == "\n\n".join(CODES)
    panel.screenshot("as-cells-tab")


def test_a_trace_beside_its_notebook_puts_code_last(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    study = study_of(page, lab, server, name)
    panel = Panel(page).show()
    panel.row("count, tell, draw").first.dblclick()
    panel.tab.get_by_role("button", name="All code as cells").click(timeout=WAIT_MS)
    tabs = page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab")
    tabs.filter(has_text=study.notebook.path.name).click()
    page.wait_for_function(N_CELLS, arg=len(study.ids) + 3)
    made = study.cells()[-3:]
    assert [cell["source"] for cell in made] == CODES
    assert made[0]["outputs"][0]["text"] == "counted 1\n"
