"""Every notebook as a web page, judged by axe-core in a real browser, in both themes.

axe-core is content with any alternative text, and the export gives one to pictures that have none.
JupyterLab shows a picture that is an output of its own (`image/png`) without one, whatever its
metadata say; so no notebook of ours has such outputs, and each picture's words are looked at.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_output
from playwright.sync_api import Page

from nbagent.lessons.course import exercises, notebooks

pytestmark = [pytest.mark.browser, pytest.mark.long]
AXE = Path(__file__).parents[3] / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
THEIRS = [".jp-InputPrompt", ".jp-OutputPrompt", ".highlight"]
"""The export's own: cells' numbers, and the colours of code. Nothing that we write is in them."""
SERIOUS = """async (theirs) => {
  const context = { include: [['body']], exclude: theirs.map(each => [each]) };
  const { violations } = await axe.run(context, { resultTypes: ['violations'] });
  return violations.filter(v => ['serious', 'critical'].includes(v.impact))
    .flatMap(v => v.nodes.map(n => `${v.id}: ${n.html.slice(0, 160)} ${n.failureSummary}`));
}"""


PICTURES = """() => [...document.images].filter(img => img.alt !== '' || !img.hasAttribute('alt'))
  .map(img => img.alt)"""
"""The words of each picture that is no ornament."""
NOTHING_SAID = ("No description has been provided for this image", "Figure", "Image", "")


def unsaid(page: Page) -> list[str]:
    """Pictures of the page whose words say nothing of what they show."""
    said: list[str] = page.evaluate(PICTURES)
    return [alt for alt in said if alt in NOTHING_SAID]


def judged(page: Page, book: NotebookNode, path: Path, theme: str) -> list[str]:
    """What axe-core finds serious in a notebook's page."""
    html, _ = HTMLExporter(theme=theme).from_notebook_node(book)
    path.write_text(html)
    page.goto(path.as_uri())
    page.add_script_tag(path=AXE)
    found: list[str] = page.evaluate(SERIOUS, THEIRS)
    return found


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("number", exercises.numbers())
def test_axe_finds_nothing_serious(page: Page, tmp_path: Path, number: str, theme: str) -> None:
    book = notebooks.read(notebooks.source(number))
    assert judged(page, book, tmp_path / "page.html", theme) == []
    assert unsaid(page) == []


def test_axe_finds_what_is_wrong(page: Page, tmp_path: Path) -> None:
    """The positive control: a link without words, and pale words."""
    book = notebooks.read(notebooks.source("01"))
    book.cells[0].source += '\n\n<a href="#x"></a><p style="color:#eee">pale</p>'
    kinds = {found.split(":")[0] for found in judged(page, book, tmp_path / "page.html", "light")}
    assert {"link-name", "color-contrast"} <= kinds


def test_a_picture_that_says_nothing_is_found(page: Page, tmp_path: Path) -> None:
    """The positive control: an output of its own, whose metadata are shown by nobody."""
    book = notebooks.read(notebooks.source("01"))
    code = next(cell for cell in book.cells if cell.cell_type == "code")
    metadata = {"image/png": {"alt": "A loop"}}
    code.outputs = [new_output("display_data", {"image/png": "iVBORw0KGgo="}, metadata=metadata)]
    book.cells[0].source += '\n\n<img alt="Figure" src="data:,">'
    assert judged(page, book, tmp_path / "page.html", "light") == []
    assert sorted(unsaid(page)) == sorted(NOTHING_SAID[:2])
