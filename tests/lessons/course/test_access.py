"""Every notebook as a web page, judged by axe-core in a real browser, in both themes."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbconvert import HTMLExporter
from nbformat import NotebookNode
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


def test_axe_finds_what_is_wrong(page: Page, tmp_path: Path) -> None:
    """The positive control: a link without words, and pale words."""
    book = notebooks.read(notebooks.source("01"))
    book.cells[0].source += '\n\n<a href="#x"></a><p style="color:#eee">pale</p>'
    kinds = {found.split(":")[0] for found in judged(page, book, tmp_path / "page.html", "light")}
    assert {"link-name", "color-contrast"} <= kinds
