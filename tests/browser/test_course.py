"""A lesson as a learner takes it in JupyterLab: wrong, hinted, right, its questions by keyboard."""

from __future__ import annotations

import nbformat
import pytest
from playwright.sync_api import Page, expect

from nbagent.lessons.course import exercises, notebooks
from tests.browser.lab import WAIT_MS, Lab, Notebook

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.long]
RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"
RUN_MS = 90_000


class Desk:
    """A learner's copy of a lesson, open in the page and run from top to bottom once."""

    def __init__(self, page: Page, lab: Lab, number: str) -> None:
        self.page = page
        path = notebooks.copy(number, lab.root, lambda _: True).path
        cells = nbformat.read(path, as_version=4).cells
        self.at = {cell.id: i for i, cell in enumerate(cells)}
        self.last = max(i for i, cell in enumerate(cells) if cell.cell_type == "code")
        self.recap = next(i for i, cell in enumerate(cells) if "lessons.recap(" in cell.source)
        self.notebook = Notebook.in_lab(page, lab, path).wait_for_kernel()
        page.evaluate(RUN_ALL)
        self.notebook.wait_done(self.last, timeout_ms=RUN_MS)

    def types(self, cell: int, source: str) -> None:
        """Put a text in a cell's place and run it; its number changes when it has run."""
        prompt = self.notebook.cell(cell).locator(".jp-InputPrompt").first
        before = prompt.inner_text()
        self.notebook.cell(cell).locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Control+Enter")
        expect(prompt).not_to_have_text(before, timeout=WAIT_MS)
        self.notebook.wait_done(cell)

    def tries(self, exercise: str, source: str, *verdict: str) -> None:
        """Type an answer, check it, and see that this is the verdict."""
        check = self.at[f"check-{exercise}"]
        answer = exercises.exercise(exercise).answer
        self.types(self.at[f"ex-{exercise}"], source)
        self.types(check, f'lessons.check("{exercise}", {answer})')
        for words in verdict:
            expect(self.notebook.output(check)).to_contain_text(words)


def test_wrong_hinted_right_asked_and_on_the_map(page: Page, lab: Lab) -> None:
    desk = Desk(page, lab, "03")
    assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').count() == 0
    for name in ("03a", "03b"):
        exercise = exercises.exercise(name)
        for wrong in exercise.wrong[:2]:
            desk.tries(name, wrong.source, "✘ not yet", wrong.hint.replace("`", ""))
        if name == "03a":
            desk.notebook.screenshot("course-hint")
        desk.tries(name, exercise.solution, "✔ passed, ")
    by_keyboard(desk)
    desk.types(desk.last, "lessons.progress()")
    row = desk.notebook.output(desk.last).get_by_role("row").filter(has_text="The loop")
    expect(row).to_contain_text("✔ done")
    expect(row).to_contain_text("you are here")
    desk.notebook.screenshot("course-progress")


def by_keyboard(desk: Desk) -> None:
    """Answer the first question, wrong and then right, and go on to the next, with keys alone."""
    output = desk.notebook.output(desk.recap)
    expect(output.get_by_role("radio")).to_have_count(9, timeout=WAIT_MS)
    question = exercises.lesson("03").recap[0]
    first = output.get_by_role("group").first
    said = first.get_by_role("status")
    first.get_by_role("radio").first.focus()
    desk.page.keyboard.press("Space")
    expect(said).to_contain_text("✘ not yet")
    for _ in range(question.right):
        desk.page.keyboard.press("ArrowDown")
    expect(first.get_by_role("radio").nth(question.right)).to_be_checked()
    expect(said).to_contain_text(f"✔ right. {question.why}")
    desk.page.keyboard.press("Tab")
    expect(output.get_by_role("group").nth(1).get_by_role("radio").first).to_be_focused()
    desk.notebook.screenshot("course-recap")
