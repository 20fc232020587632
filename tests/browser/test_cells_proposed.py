"""Changes of cells that an agent only proposes: shown as cards, and done when a person chooses.

They are proposed in plan mode, and where no page was there when the agent made them. The positive
control is the notebook itself: it is as it was until a button is pressed.
"""

from __future__ import annotations

import math

import pytest
from playwright.sync_api import Page, expect

from nbagent.lessons import control
from nbagent.lessons.process import Server
from tests.browser.cells_page import (
    ASK_AT,
    FIXED,
    HEAVY,
    HEAVY_AT,
    PLAN,
    SERIOUS_IN_STRIPS,
    Study,
    press,
    turn,
)
from tests.browser.lab import WAIT_MS, Lab
from tests.browser.test_live_access import AXE
from tests.browser.test_survives import close, wait_until_idle
from tests.browser.test_without_extension import leave_out

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.long]

FIX, CELL, DELETE = "Suggested fix", "Suggested cell", "Suggested: delete this cell"
INSERTED = "# seen\nn = 2"
ANSWER = "The comparison **fails**, as `m` is a number. I suggest to compare numbers."


@pytest.mark.parametrize("front_end", ["lab", "notebook 7"])
def test_a_fix_waits_for_the_person(
    lab: Lab, page: Page, server: Server, name: str, front_end: str
) -> None:
    study = Study(page, lab if front_end == "lab" else lab.as_notebook7(), server, name, PLAN)
    read = turn(("read_notebook", {"ids": study.ids[:3]}))
    control.order(server, read, turn(study.edit), turn(text=ANSWER))
    study.run_asked()
    study.expect_sources(HEAVY, "spare = 1")
    card = study.group(FIX)
    expect(card.locator(".ln.add")).to_contain_text("m > 5000")
    expect(card.locator(".why")).to_have_text("The comparison fails, as m is a number")
    expect(card.locator(".hd")).to_contain_text(" s, not run yet")
    page.add_script_tag(path=AXE)
    for theme in ("Light", "Dark"):
        study.notebook.theme(f"JupyterLab {theme}")
        assert page.evaluate(SERIOUS_IN_STRIPS) == [], theme
        study.notebook.screenshot(f"cells-fix-{front_end.replace(' ', '')}-{theme.lower()}")
    study.notebook.cell(HEAVY_AT).locator(".cm-content").click()
    press(card, "Trace")
    expect(study.notebook.cell(ASK_AT)).to_be_focused()
    button = card.get_by_role("button", name="Replace and run")
    button.focus()
    page.keyboard.press("Enter")
    study.notebook.wait_done(HEAVY_AT)
    study.expect_sources(FIXED, "spare = 1")
    expect(study.notebook.output(HEAVY_AT)).to_contain_text("1")
    expect(card).to_have_count(0)


def test_what_is_inserted_and_deleted_waits_too(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    study = Study(page, lab, server, name, PLAN)
    study.run(study.edit, study.insert, study.delete)
    before = [HEAVY, "spare = 1"]
    study.expect_sources(*before)
    study.notebook.theme("JupyterLab Light")
    study.notebook.screenshot("cells-proposed-light")
    press(study.group(FIX), "Insert below")
    study.expect_sources(HEAVY, FIXED, "spare = 1")
    press(study.group(CELL), "Insert and run")
    study.notebook.wait_done(study.active_at)
    study.expect_sources(HEAVY, INSERTED, FIXED, "spare = 1")
    press(study.group(DELETE), "Delete the cell")
    study.expect_sources(HEAVY, INSERTED, FIXED)
    for card in (FIX, CELL, DELETE):
        expect(study.group(card)).to_have_count(0)


def test_a_card_outlives_a_reload_until_it_is_decided(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    """The control is the card that was decided before: it does not come back."""
    study = Study(page, lab, server, name, PLAN)
    study.run(study.edit, study.insert, study.delete)
    press(study.group(CELL), "Insert")
    expect(study.group(CELL)).to_have_count(0)
    study.notebook.save()
    study.reload(lab)
    expect(study.group(FIX)).to_be_visible(timeout=WAIT_MS)
    expect(study.group(DELETE)).to_be_visible()
    expect(study.group(CELL)).to_have_count(0)
    press(study.group(FIX), "Replace and run")
    study.notebook.wait_done(HEAVY_AT)
    press(study.group(DELETE), "Dismiss")
    study.expect_sources(FIXED, INSERTED, "spare = 1")
    study.notebook.save()
    study.reload(lab)
    study.notebook.wait_for_kernel()
    expect(study.trace.get_by_role("button", name="Expand all")).to_be_visible(timeout=WAIT_MS)
    for card in (FIX, CELL, DELETE):
        expect(study.group(card)).to_have_count(0)


def test_a_card_is_dismissed_and_a_cell_that_has_changed_is_not_replaced(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    study = Study(page, lab, server, name, PLAN)
    study.run(study.edit, study.delete)
    press(study.group(DELETE), "Dismiss")
    expect(study.group(DELETE)).to_have_count(0)
    study.notebook.cell(HEAVY_AT).locator(".cm-content").click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("# mine")
    card = study.group(FIX)
    expect(card).to_contain_text("The cell has changed since this was suggested.")
    expect(card.get_by_role("button", name="Replace and run")).to_have_count(0)
    study.notebook.theme("JupyterLab Dark")
    study.notebook.screenshot("cells-proposed-stale-dark")
    press(card, "Insert below")
    study.expect_sources(f"# mine{HEAVY}", FIXED, "spare = 1")


def test_what_was_done_while_no_page_was_there_waits_for_one(
    lab: Lab, page: Page, lessons: Server, name: str
) -> None:
    study = Study(page, lab, lessons, name)
    words = {"kind": "turn", "reasoning": "word " * 300, "content": ""}
    calls = [list(call) for call in (study.edit, study.insert, study.delete)]
    read = turn(("read_notebook", {"ids": study.ids[:3]}))
    control.order(lessons, read, words | {"calls": calls}, turn(text=ANSWER))
    study.notebook.run(ASK_AT)
    expect(study.trace.get_by_text("word word").last).to_be_visible(timeout=WAIT_MS)
    study.notebook.save()
    other = page.context.new_page()
    close(study.notebook)
    control.set_pace(lessons, math.inf)
    wait_until_idle(lab, other, study.notebook)
    study.page = other
    study.reload(lab)
    expect(study.group(FIX)).to_be_visible(timeout=WAIT_MS)
    study.expect_sources(HEAVY, "spare = 1")
    expect(study.trace).to_contain_text("proposed", timeout=WAIT_MS)
    study.notebook.screenshot("cells-proposed-later")
    press(study.group(FIX), "Replace and run")
    press(study.group(CELL), "Insert")
    press(study.group(DELETE), "Delete the cell")
    study.expect_sources(FIXED, INSERTED)
    study.notebook.save()
    study.reload(lab)
    study.notebook.wait_for_kernel()
    expect(study.trace.get_by_role("button", name="Expand all")).to_be_visible(timeout=WAIT_MS)
    expect(study.group(FIX)).to_have_count(0)


def test_a_front_end_without_the_extension_shows_it_in_the_trace(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    leave_out(page, "nbagent")
    study = Study(page, lab, server, name)
    study.run(study.edit, study.delete)
    study.expect_sources(HEAVY, "spare = 1")
    expect(study.trace).to_contain_text("2 changes of the notebook's cells proposed")
    step = study.trace.locator("details details summary").filter(has_text="edit_cell").first
    step.click()
    expect(study.trace).to_contain_text("m > 5000")
    study.notebook.screenshot("cells-proposed-html")
