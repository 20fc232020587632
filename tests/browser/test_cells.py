"""Cells that an agent writes, in real front ends: shown with bars, answered by the person.

The runs are real ones over the lesson server, which is ordered to call the cell tools; the kernel
is busy while its page carries them out. The positive control is an agent whose edit comes after
the person's own: it is refused, and what the person wrote stands.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from nbagent.lessons import control
from nbagent.lessons.process import Server
from tests.browser.cells_page import (
    ADDED,
    ASK_AT,
    DELETED,
    EDITED,
    FIXED,
    HEAVY,
    HEAVY_AT,
    SERIOUS_IN_STRIPS,
    Study,
    press,
    turn,
)
from tests.browser.lab import VIEWPORT, WAIT_MS, Lab, Notebook
from tests.browser.test_live_access import AXE

pytestmark = [pytest.mark.browser, pytest.mark.kernel]

ALL = "3 changes by this run"


@pytest.mark.long
def test_each_change_is_shown_and_answered(lab: Lab, page: Page, server: Server, name: str) -> None:
    study = Study(page, lab, server, name)
    study.run(study.edit, study.insert, study.delete)
    study.expect_sources(FIXED, "# seen\nn = 2")
    expect(study.group(ALL)).to_be_visible()
    edited = study.group(EDITED)
    press(edited, "Changes \N{MINUS SIGN}1 +1")
    expect(edited.locator(".ln.del")).to_contain_text('"5000"')
    press(study.group(DELETED), "Show")
    expect(study.group(DELETED)).to_contain_text("spare = 1")
    study.notebook.screenshot("cells-marks-light")
    press(edited, "Accept")
    press(study.group("Accepted"), "Undo")
    press(edited, "Reject")
    study.expect_sources(HEAVY, "# seen\nn = 2")
    press(study.group("Put back as it was"), "Undo")
    study.expect_sources(FIXED, "# seen\nn = 2")
    press(edited, "Accept")
    press(study.group(ADDED), "Reject")
    study.expect_sources(FIXED)
    press(study.group(DELETED), "Restore")
    study.expect_sources(FIXED, "spare = 1")
    expect(study.group(EDITED)).to_have_count(0)
    assert not [key for key in study.metadata() if key.startswith("nbagent")]


@pytest.mark.long
def test_all_is_reverted_at_once_also_after_a_reload(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    study = Study(page, lab, server, name)
    study.run(study.edit, study.insert, study.delete)
    study.notebook.save()
    study.notebook = Notebook.in_lab(page, lab, study.notebook.path)
    expect(study.group(EDITED)).to_be_visible(timeout=WAIT_MS)
    press(study.group(ALL), "Revert all")
    study.expect_sources(HEAVY, "spare = 1")
    expect(study.group(EDITED)).to_have_count(0)
    press(study.group("3 changes reverted"), "Undo")
    study.expect_sources(FIXED, "# seen\nn = 2")
    press(study.group(ALL), "Accept all")
    expect(study.group(EDITED)).to_have_count(0)
    study.expect_sources(FIXED, "# seen\nn = 2")


@pytest.mark.long
def test_the_trace_takes_its_changes_back_also_after_a_reload(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    study = Study(page, lab, server, name)
    study.run(study.edit, study.insert, study.delete)
    revert = study.trace.get_by_role("button", name="Revert 3 cell changes")
    expect(revert).to_be_visible()
    press(study.group(EDITED), "Accept")
    study.notebook.save()
    study.reload(lab)
    revert = study.trace.get_by_role("button", name="Revert 2 cell changes")
    revert.scroll_into_view_if_needed()
    study.notebook.screenshot("cells-revert-in-trace")
    revert.click()
    study.expect_sources(FIXED, "spare = 1")
    expect(study.trace.get_by_role("button", name="Revert")).to_have_count(0)
    press(study.group("2 changes reverted"), "Undo")
    study.expect_sources(FIXED, "# seen\nn = 2")
    expect(revert).to_be_visible()


def write_at_start(study: Study, at: int, text: str) -> None:
    """Write into a cell as a person does."""
    study.notebook.cell(at).locator(".cm-content").click()
    study.page.keyboard.press("Control+Home")
    study.page.keyboard.type(text)


@pytest.mark.long
def test_an_edit_after_the_persons_own_is_refused(
    lab: Lab, page: Page, lessons: Server, name: str
) -> None:
    """The positive control: the person writes while the agent thinks."""
    study = Study(page, lab, lessons, name)
    words = {"kind": "turn", "reasoning": "word " * 300, "calls": [list(study.edit)]}
    read = turn(("read_notebook", {"ids": study.ids[:3]}))
    control.order(lessons, read, words, turn(text="Done."))
    study.notebook.run(ASK_AT)
    output = study.notebook.output(ASK_AT)
    expect(output.get_by_text("word word").last).to_be_visible(timeout=WAIT_MS)
    write_at_start(study, HEAVY_AT, "# mine")
    control.set_pace(lessons, float("inf"))
    study.notebook.wait_done(ASK_AT)
    study.expect_sources(f"# mine{HEAVY}", "spare = 1")
    expect(study.group(EDITED)).to_have_count(0)
    expect(output).to_contain_text("failed: refused")


@pytest.mark.long
def test_what_a_person_wrote_since_is_never_lost_by_reject(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    study = Study(page, lab, server, name)
    study.run(study.edit)
    write_at_start(study, HEAVY_AT, "# mine")
    edited = study.group(EDITED)
    expect(edited).to_contain_text("you changed it since")
    press(edited, "Reject")
    study.expect_sources(f"# mine{FIXED}", "spare = 1")
    press(edited, "Put back the old")
    study.expect_sources(HEAVY, "spare = 1")
    press(study.group("Put back as it was"), "Undo")
    study.expect_sources(f"# mine{FIXED}", "spare = 1")
    press(edited, "Reject")
    press(edited, "Keep mine")
    study.expect_sources(f"# mine{FIXED}", "spare = 1")
    expect(study.group(EDITED)).to_have_count(0)


@pytest.mark.long
def test_notebook_7_shows_and_answers_the_same(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    study = Study(page, lab.as_notebook7(), server, name)
    study.run(study.edit, study.delete)
    press(study.group(EDITED), "Reject")
    press(study.group(DELETED), "Restore")
    study.expect_sources(HEAVY, "spare = 1")
    study.notebook.screenshot("cells-notebook7")


@pytest.mark.long
def test_pages_that_share_a_notebook_have_each_change_once(
    collab_lab: Lab, page: Page, browser: Browser, server: Server, name: str
) -> None:
    study = Study(page, collab_lab, server, name)
    context = browser.new_context(viewport=VIEWPORT)
    other = Notebook.in_lab(context.new_page(), collab_lab, study.notebook.path)
    study.run(study.edit, study.insert, study.delete)
    theirs = other.page.get_by_role("group", name=EDITED, exact=True)
    expect(theirs).to_have_count(1, timeout=WAIT_MS)
    expect(study.group(EDITED)).to_have_count(1)
    study.expect_sources(FIXED, "# seen\nn = 2")
    press(theirs, "Reject")
    expect(study.group(EDITED)).to_have_count(0)
    expect(study.notebook.cell(HEAVY_AT)).to_contain_text('m > "5000"')
    context.close()


@pytest.mark.long
def test_axe_finds_nothing_serious_in_bars(lab: Lab, page: Page, server: Server, name: str) -> None:
    study = Study(page, lab, server, name)
    study.run(study.edit, study.insert, study.delete)
    page.add_script_tag(path=AXE)
    for theme in ("Light", "Dark"):
        study.notebook.theme(f"JupyterLab {theme}")
        for group in (EDITED, DELETED):
            study.group(group).locator("[aria-expanded]").click()
        assert page.evaluate(SERIOUS_IN_STRIPS) == [], theme
        study.notebook.screenshot(f"cells-marks-{theme.lower()}")
