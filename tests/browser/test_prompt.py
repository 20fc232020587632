"""`%%kimi` cells as a person types them: highlighted, completed, undisturbed; others as ever."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.lab import NOTEBOOK_7, WAIT_MS, Lab, Notebook

pytestmark = [pytest.mark.browser, pytest.mark.kernel]

PROMPT = (
    "# which birds\n%%kimi --ask never --max-usd 0.5 What separates the species in @penguins?\n\n"
    "## Please\n- plot the **best** pair\n- say `why`, see @cell:a1\n\n```python\n@x\n```"
)
CODE = 'text = """\n%%kimi @text\n"""\nprint("ordinary")'
BUSY = "import time\nfor _ in range(3000): time.sleep(0.01)"

_TYPES = (
    """() => window.jupyterapp.shell.currentWidget.content.widgets.map(c => c.model.mimeType)"""
)
_AUTO_CLOSE = """() => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    const closing = {...notebook.editorConfig.code, autoClosingBrackets: true};
    notebook.editorConfig = {...notebook.editorConfig, code: closing};
}"""
PROSE = "text/x-ipythongfm"


def content(notebook: Notebook, i: int) -> Locator:
    return notebook.cell(i).locator(".cm-content")


def expect_prompt(notebook: Notebook, i: int) -> None:
    """A cell that is highlighted as a prompt, and that a browser's spell checker reads."""
    cell = notebook.cell(i)
    expect(cell.locator(".nba-prompt-magic")).to_have_text("%%kimi", timeout=WAIT_MS)
    expect(content(notebook, i)).to_have_attribute("spellcheck", "true")
    notebook.page.wait_for_function(f"i => ({_TYPES})()[i] === '{PROSE}'", arg=i, timeout=WAIT_MS)


def expect_code(notebook: Notebook, i: int) -> None:
    expect(notebook.cell(i).locator("[class*=nba-prompt]")).to_have_count(0)
    expect(content(notebook, i)).to_have_attribute("spellcheck", "false")
    notebook.page.wait_for_function(f"i => ({_TYPES})()[i] !== '{PROSE}'", arg=i, timeout=WAIT_MS)


def marks(notebook: Notebook, i: int, kind: str) -> list[str]:
    return notebook.cell(i).locator(f".nba-prompt-{kind}").all_inner_texts()


def complete(page: Page, text: str, about: str, look: Callable[[], object] = int) -> None:
    """Press Tab, and take what is offered with these words."""
    page.keyboard.press("Tab")
    listed = page.locator(".jp-Completer-item:visible", has_text=text).first
    expect(listed).to_contain_text(about, timeout=WAIT_MS)
    look()
    listed.click()


@pytest.fixture(params=["lab", "notebook 7"])
def front(request: pytest.FixtureRequest, lab: Lab) -> Lab:
    return lab if request.param == "lab" else lab.as_notebook7()


@pytest.mark.long
def test_prompts_are_prose_and_other_cells_are_untouched(front: Lab, page: Page, name: str) -> None:
    path = front.write(name, PROMPT, CODE, "%%bash\necho '%%kimi'", "%%time\n1 + 1")
    before = json.loads(path.read_text())
    notebook = Notebook.in_lab(page, front, path).wait_for_kernel()
    expect_prompt(notebook, 0)
    assert "".join(marks(notebook, 0, "comment")) == "# which birds"
    assert marks(notebook, 0, "option") == ["--ask", "--max-usd"]
    assert marks(notebook, 0, "value") == ["never", "0.5"]
    assert marks(notebook, 0, "reference") == ["@penguins", "@cell:a1"]
    for i in (1, 2, 3):
        expect_code(notebook, i)
    shot = "prompt." + ("nb7." if front.front_end == NOTEBOOK_7 else "lab.")
    notebook.screenshot(f"{shot}light")
    notebook.theme("JupyterLab Dark")
    notebook.screenshot(f"{shot}dark")
    notebook.theme("JupyterLab Light")
    page.reload()
    expect_prompt(notebook, 0)
    expect_code(notebook, 1)
    notebook.wait_for_kernel()
    expect_prompt(notebook, 0)
    notebook.run(1)
    notebook.wait_done(1)
    after = notebook.save()
    for old, new in zip(before["cells"], after.cells, strict=True):
        assert (new.source, new.cell_type) == ("".join(old["source"]), "code")
        assert {k: v for k, v in new.metadata.items() if k not in {"execution", "trusted"}} == {}


@pytest.mark.long
def test_typing_turns_it_on_and_off_and_closes_nothing(front: Lab, page: Page, name: str) -> None:
    notebook = Notebook.in_lab(
        page, front, front.write(name, "", "1"), reset=True
    ).wait_for_kernel()
    page.evaluate(_AUTO_CLOSE)
    expect_code(notebook, 0)
    content(notebook, 0).click()
    page.keyboard.type("f('")
    expect(content(notebook, 0)).to_have_text("f('')")  # so quotes do close in code
    page.keyboard.press("Control+a")
    page.keyboard.type("%%kimi\nDon't ('tis \"new")
    expect_prompt(notebook, 0)
    expect(content(notebook, 0)).to_have_text("%%kimiDon't ('tis \"new")
    page.keyboard.press("Control+Home")
    page.keyboard.press("Delete")
    expect_code(notebook, 0)
    page.keyboard.type("%")
    expect_prompt(notebook, 0)
    page.keyboard.press("Control+Home")
    page.keyboard.insert_text("# über 列\n")  # as an input method commits it
    expect_prompt(notebook, 0)
    page.keyboard.press("Control+End")
    page.keyboard.press("Enter")
    page.keyboard.type("next:")
    page.keyboard.press("Enter")
    page.keyboard.type("flush left")
    assert (
        page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.content.model.cells.get(0)"
            ".sharedModel.getSource()"
        )
        == "# über 列\n%%kimi\nDon't ('tis \"new\nnext:\nflush left"
    )


@pytest.mark.long
def test_names_and_options_complete_while_the_kernel_is_busy(
    front: Lab, page: Page, name: str
) -> None:
    setup = "%load_ext nbagent\nimport pandas as pd\nbirds = pd.DataFrame({'a': range(344)})"
    notebook = Notebook.in_lab(page, front, front.write(name, setup, BUSY, "")).wait_for_kernel()
    notebook.run(0)
    notebook.wait_done(0)
    content(notebook, 2).click()
    page.keyboard.type("%%kimi What is @bi")
    complete(page, "@birds", "DataFrame, 344 × 1")
    expect(content(notebook, 2)).to_have_text("%%kimi What is @birds")
    notebook.run(1)
    expect(notebook.cell(1).locator(".jp-InputPrompt")).to_have_text("[*]:", timeout=WAIT_MS)
    content(notebook, 2).click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" or @")
    shot = "complete." + ("nb7" if front.front_end == NOTEBOOK_7 else "lab")
    complete(page, "@birds", "DataFrame, 344 × 1", lambda: notebook.screenshot(shot))
    page.keyboard.press("Control+Home")
    for _ in "%%kimi":
        page.keyboard.press("ArrowRight")
    page.keyboard.type(" --max-s")
    complete(page, "--max-steps", "N: stop after N model calls (50)")
    page.keyboard.press("Control+End")
    page.keyboard.type(" and the bir")
    page.keyboard.press("Tab")
    notebook.press_stop()
    notebook.wait_done(1)
    expect(content(notebook, 2)).to_have_text(
        "%%kimi --max-steps What is @birds or @birds and the bir"
    )
    expect(page.locator(".jp-Completer-item:visible")).to_have_count(0)
