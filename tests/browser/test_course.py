"""A lesson as a learner takes it in JupyterLab: wrong, hinted, right, its questions by keyboard."""

from __future__ import annotations

import re

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from nbagent.lessons.course import exercises, notebooks
from nbagent.lessons.course.recap import RIGHT, WRONG
from tests.browser.lab import WAIT_MS, Lab, Notebook

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.long]
RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"
RUN_MS = 90_000
BEGIN, RACE, RECAP = "from nbagent import lessons", "lessons.race()", 'lessons.recap("03")'
MOVED = re.compile("^51 turns of 100 tokens")


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
    answers = output.locator("summary")
    expect(answers).to_have_count(9, timeout=WAIT_MS)
    question = exercises.lesson("03").recap[0]
    wrong = next(i for i in range(3) if i != question.right)
    for i, told in ((wrong, WRONG), (question.right, f"{RIGHT} {question.why}")):
        said = output.locator("details").nth(i).locator("p")
        expect(said).to_have_text(told)
        expect(said).to_be_hidden()
        answers.nth(i).focus()
        expect(answers.nth(i)).to_be_focused()
        desk.page.keyboard.press("Enter")
        expect(said).to_be_visible()
    answers.nth(2).focus()
    expect(answers.nth(2)).to_be_focused()
    desk.page.keyboard.press("Tab")
    expect(answers.nth(3)).to_be_focused()
    desk.notebook.screenshot("course-recap")


@pytest.mark.parametrize("front_end", ["lab", "notebook7"])
def test_a_saved_lesson_asks_without_its_kernel(page: Page, lab: Lab, front_end: str) -> None:
    """The chart stays as it was left; where its sliders were, nothing works without the kernel."""
    lab = lab.as_notebook7() if front_end == "notebook7" else lab
    path = lab.write(f"course-saved-{front_end}", BEGIN, RACE, RECAP)
    notebook = Notebook.in_lab(page, lab, path).wait_for_kernel()
    page.evaluate(RUN_ALL)
    notebook.wait_done(2)
    turns = notebook.output(1).locator(".widget-readout").first
    turns.fill("51")
    turns.press("Enter")
    expect(notebook.output(1).locator("img")).to_have_attribute("alt", MOVED)
    take_first(notebook.output(2))
    saved = notebook.save()
    assert "51 turns" in saved.cells[1].outputs[0].data["text/html"], "the chart as it was left"
    page.goto("about:blank")
    lab.end_kernels()
    notebook = Notebook.in_lab(page, lab, path).wait_for_kernel()
    lost = notebook.output(1).get_by_text("Error displaying widget")
    expect(lost).to_have_count(1, timeout=WAIT_MS)  # the control: this kernel knows no widget
    expect(notebook.output(1).locator("img")).to_have_attribute("alt", MOVED)
    expect(notebook.output(2)).not_to_contain_text("Error")
    take_first(notebook.output(2))
    notebook.screenshot(f"course-saved-{front_end}")


def take_first(output: Locator) -> None:
    """Open the first question's right answer; it was closed."""
    question = exercises.lesson("03").recap[0]
    said = output.get_by_text(question.why)
    expect(said).to_be_hidden()
    output.locator("summary").nth(question.right).click()
    expect(said).to_be_visible()
