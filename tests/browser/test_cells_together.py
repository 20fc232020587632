"""An agent and a person at the same cells: out of view, in two tabs, over a restart, at once.

What the agent does is ordered, and what the person does is typed and clicked, while the agent is
at work. The positive control is what the person types: each word of it is there in the end.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from nbagent.lessons import control
from nbagent.lessons.process import Server
from tests.browser.cells_page import (
    ASK,
    EDITED,
    FIXED,
    HEAVY,
    HEAVY_AT,
    SERIOUS_IN_STRIPS,
    SPARE_AT,
    Study,
    press,
    turn,
)
from tests.browser.lab import VIEWPORT, WAIT_MS, Lab, Notebook
from tests.browser.test_live_access import AXE

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.long]

FAR = 60
"""How many cells stand between the cell that asks and the one that is changed out of view."""
ELSEWHERE = "Lesson server changes cells of this notebook in another tab"
GO = """async at => { const { content } = window.jupyterapp.shell.currentWidget;
  content.activeCellIndex = at; await content.scrollToItem(at, 'center'); }"""
RUN = "() => window.jupyterapp.commands.execute('notebook:run-cell')"
ACTIVE = "window.jupyterapp.shell.currentWidget.content.activeCellIndex"
ATTACHED = """at => window.jupyterapp.shell.currentWidget.content.widgets[at].inViewport"""
N_EDITS = 12


@pytest.mark.parametrize("mode", ["full", "contentVisibility"])
def test_a_cell_out_of_view_is_changed_and_answered(
    lab: Lab, page: Page, server: Server, name: str, mode: str
) -> None:
    filler = [f"filler = {i}\n" * 6 for i in range(FAR)]
    with lab.windowed(page, mode):
        study = Study(page, lab, server, name, ASK, *filler, "last = 1")
    last = len(study.ids) - 1
    used = "() => window.jupyterapp.shell.currentWidget.content.notebookConfig.windowingMode"
    assert page.evaluate(used) == mode
    if mode == "full":
        assert not page.evaluate(ATTACHED, last)
    edit = "edit_cell", {"id": study.ids[last], "source": "last = 2"}
    insert = "insert_cell", {"source": "very_last = 3", "after": study.ids[last]}
    read = turn(("read_notebook", {"ids": study.ids[:3] + study.ids[-1:]}))
    control.order(server, read, turn(study.edit, edit, insert), turn(text="Done."))
    study.run_asked()
    expect(study.group(EDITED).first).to_be_visible()
    assert study.sources()[-2:] == ["last = 2", "very_last = 3"]
    rows = study.group("3 changes by this run")
    for expected in (last, last + 1, HEAVY_AT):
        press(rows, "Next change")
        page.wait_for_function(f"at => ({ACTIVE}) === at && ({ATTACHED})(at)", arg=expected)
        study.notebook.screenshot(f"cells-out-of-view-{mode}-{expected}")
    page.evaluate(GO, last)
    far = page.locator(f'[data-windowed-list-index="{last}"]').get_by_role("group", name=EDITED)
    press(far, "Reject")
    assert study.sources()[-2:] == ["last = 1", "very_last = 3"]
    page.evaluate(GO, 0)
    press(study.group("2 changes by this run"), "Revert all")
    assert [study.sources()[0], study.sources()[-1]] == [HEAVY, "last = 1"]
    assert not any("nbagent" in cell["metadata"] for cell in study.cells())


def test_marks_outlive_a_restart_and_a_lost_connection(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    study = Study(page, lab, server, name)
    study.run(study.edit, study.insert)
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    study.notebook.wait_for_kernel()
    press(study.group(EDITED), "Accept")
    study.expect_sources(FIXED, "# seen\nn = 2", "spare = 1")
    study.notebook.run(0)
    study.notebook.wait_done(0)
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.reconnect()"
    )
    study.notebook.wait_for_kernel()
    again = ("edit_cell", {"id": study.ids[SPARE_AT], "source": "spare = 2"})
    read = turn(("read_notebook", {"ids": study.ids[:3]}))
    control.order(server, read, turn(again), turn(text="Done."))
    at = study.at(study.ids[-1])
    study.notebook.run(at)
    expect(study.group(EDITED)).to_be_visible(timeout=WAIT_MS)
    study.expect_sources(FIXED, "# seen\nn = 2", "spare = 2")


def test_a_second_tab_is_told_and_loses_nothing(
    lab: Lab, page: Page, browser: Browser, server: Server, name: str
) -> None:
    """Without collaboration each tab has a notebook of its own; the file is the first one's."""
    study = Study(page, lab, server, name)
    context = browser.new_context(viewport=VIEWPORT)
    other = Notebook.in_lab(context.new_page(), lab, study.notebook.path).wait_for_kernel()
    type_into(other, SPARE_AT, "# theirs")
    study.run(study.edit)
    told = other.page.get_by_role("group", name=ELSEWHERE, exact=True)
    expect(told).to_be_visible()
    other.page.add_script_tag(path=AXE)
    assert other.page.evaluate(SERIOUS_IN_STRIPS) == []
    other.screenshot("cells-two-tabs-light")
    assert study.group(ELSEWHERE).count() == 0
    expect(study.group(EDITED)).to_be_visible()
    expect(other.cell(SPARE_AT)).to_contain_text("# theirs")
    study.notebook.save()
    press(told, "Reload from disk")
    dialog = other.page.locator(".jp-Dialog")
    expect(dialog).to_be_visible()  # what this tab has typed goes only if the person says so
    dialog.get_by_role("button", name="Cancel").click()
    expect(other.cell(SPARE_AT)).to_contain_text("# theirs")
    press(told, "Reload from disk")
    dialog.locator(".jp-mod-accept").click()
    expect(other.page.get_by_role("group", name=EDITED, exact=True)).to_be_visible()
    expect(told).to_have_count(0)
    other.theme("JupyterLab Dark")
    other.screenshot("cells-two-tabs-dark")
    other.theme("JupyterLab Light")
    context.close()


def test_a_cell_that_the_agent_runs_has_the_output(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    study = Study(page, lab, server, name)
    source = "from IPython.display import HTML\nprint('ran')\nHTML('<b class=\"shown\">bold</b>')"
    spare = study.ids[SPARE_AT]
    run = "run_cell", {"id": spare}
    read = turn(("read_notebook", {"ids": study.ids[:3]}))
    edit = "edit_cell", {"id": spare, "source": source}
    control.order(server, read, turn(edit), turn(run), turn(text="Done."))
    study.run_asked()
    output = study.notebook.output(SPARE_AT)
    expect(output).to_contain_text("ran")
    expect(output.locator("b.shown")).to_have_text("bold")
    study.notebook.screenshot("cells-run-cell")
    study.notebook.save()
    study.reload(lab)
    assert all(cell["trusted"] for cell in study.cells() if cell.get("outputs"))
    expect(study.notebook.output(SPARE_AT)).to_contain_text("ran")
    press(study.group(EDITED), "Reject")
    study.expect_sources(HEAVY, "spare = 1")


def type_into(notebook: Notebook, at: int, text: str, *, delay_ms: int = 0) -> None:
    """Type at the end of a cell as a person does."""
    notebook.cell(at).locator(".cm-content").click()
    notebook.page.keyboard.press("Control+End")
    notebook.page.keyboard.type(text, delay=delay_ms)


def edits_of(study: Study, n: int) -> list[dict[str, Any]]:
    """The agent's moves: each changes a line of one cell, which it has read just before."""
    cell = study.ids[HEAVY_AT]
    turns = []
    for i in range(n):
        turns.append(turn(("read_notebook", {"ids": [cell]})))
        change = {"id": cell, "old": f"a{i:02} = 0", "new": f"a{i:02} = 1"}
        turns.append(turn(("edit_cell", change)))
    return [*turns, turn(text="Done.")]


TOLD = """() => [...window.jupyterapp.shell.currentWidget.content.model.cells]
  .flatMap(cell => cell.type === 'code' ? cell.sharedModel.outputs ?? [] : [])
  .flatMap(output => output.data?.['application/vnd.nbagent.trace+json']?.snapshot?.steps ?? [])
  .flatMap(step => step.calls ?? []).filter(call => call.name === 'edit_cell')
  .map(call => call.outcome)"""


MOVED = """([at, n]) => { const { cells } = window.jupyterapp.shell.currentWidget.content.model;
  return [...cells].at(-1).executionCount
    || cells.get(at).sharedModel.getSource().split(' = 1').length > n + 1; }"""


def n_moved(study: Study) -> int:
    """How many lines the agent has changed."""
    return str(study.cells()[HEAVY_AT]["source"]).count(" = 1")


def start_together(study: Study, server: Server) -> str:
    """Give the cell one line for each edit, and let the agent begin at a person's pace."""
    lines = "".join(f"a{i:02} = 0\n" for i in range(N_EDITS))
    study.page.evaluate(
        "([at, text]) => window.jupyterapp.shell.currentWidget.content.model.cells.get(at)"
        ".sharedModel.setSource(text)",
        [HEAVY_AT, lines],
    )
    control.order(server, *edits_of(study, N_EDITS))
    control.set_pace(server, 400, 0.1)
    study.notebook.run(study.at(study.ids[-1]))
    return lines


def assert_nothing_lost(study: Study, words: list[str]) -> None:
    """All words are whole, and each line is as the agent was told."""
    study.page.wait_for_function(f"n => ({TOLD})().length === n", arg=N_EDITS, timeout=2 * WAIT_MS)
    source = study.cells()[HEAVY_AT]["source"]
    assert [word for word in words if word not in source] == []
    told = study.page.evaluate(TOLD)
    assert set(told) <= {"changed", "refused"}
    assert "changed" in told
    for i, outcome in enumerate(told):
        assert f"a{i:02} = {int(outcome == 'changed')}" in source, (i, outcome)


@pytest.mark.parametrize("place", ["alone", "shared"])
def test_what_is_typed_while_the_agent_edits_is_all_there(
    request: pytest.FixtureRequest, page: Page, browser: Browser, lessons: Server, place: str
) -> None:
    shared: Lab = request.getfixturevalue("lab" if place == "alone" else "collab_lab")
    name = f"together-{place}"
    study = Study(page, shared, lessons, name)
    tabs = [study.notebook]
    if place == "shared":
        context = browser.new_context(viewport=VIEWPORT)
        tabs.append(Notebook.in_lab(context.new_page(), shared, study.notebook.path))
        expect(tabs[1].cell(HEAVY_AT)).to_contain_text("heavy", timeout=WAIT_MS)
    start_together(study, lessons)
    chance, words = random.Random(7), list[str]()
    for i in range(2 * N_EDITS):
        word = f"#w{i:02}"
        tab = chance.choice(tabs)
        type_into(tab, HEAVY_AT, f"{word}\n", delay_ms=chance.choice([0, 30, 60]))
        words.append(word)
        if i % 3 == 2:  # a person who reads for a while, until the agent has done something
            page.wait_for_function(MOVED, arg=[HEAVY_AT, n_moved(study)], timeout=WAIT_MS)
    assert_nothing_lost(study, words)
    study.notebook.screenshot(f"cells-together-{place}")
    for tab in tabs[1:]:
        for word in words:
            expect(tab.cell(HEAVY_AT)).to_contain_text(word)
        tab.page.context.close()
