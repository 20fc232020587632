"""A kernel dies under a tool, and the run goes on in the next one, as a person sees it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from nbagent.lessons import control
from nbagent.lessons.process import Server
from tests.browser.lab import WAIT_MS, Lab, Notebook
from tests.followed import turn

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.long]

START = "%load_ext nbagent\n%kimi use lesson"
DIES = "# Save it\nopen('once.txt', 'a').write('x')\nimport os\nos.kill(os.getpid(), 9)"


@pytest.mark.parametrize("answer", ["It was done", "Skip"])
def test_killed_under_a_tool_a_run_goes_on_when_the_person_says_what_became_of_it(
    lab: Lab, page: Page, lessons: Server, name: str, answer: str
) -> None:
    cells = (START, "%%kimi --ask never\nSave it.", f"{START}\n%kimi resume")
    notebook = Notebook.in_lab(page, lab, lab.write(name, *cells)).wait_for_kernel()
    notebook.run(0)
    notebook.wait_done(0)
    control.order(lessons, turn(code="n = 1"), turn(code=DIES), turn("It is saved."))
    notebook.run(1)
    page.locator(".jp-Dialog").get_by_role("button", name="Ok").click(timeout=WAIT_MS)
    note = notebook.output(1).get_by_role("note")
    expect(note).to_contain_text("The kernel that ran this is gone", timeout=WAIT_MS)
    expect(note).to_contain_text("%kimi resume run-")
    notebook.wait_for_kernel()
    notebook.run(2)
    output = notebook.output(2)
    card = output.get_by_role("group", name="The kernel ended while this ran. Run it again?")
    card.get_by_role("button", name=answer).click(timeout=WAIT_MS)
    expect(output.get_by_text("It is saved.").first).to_be_visible(timeout=WAIT_MS)
    expect(output).to_contain_text("Resumed from the record in a new kernel")
    assert (lab.root / "once.txt").read_text().count("x") == 1
    (lab.root / "once.txt").unlink()
