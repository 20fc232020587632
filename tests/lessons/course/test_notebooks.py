"""The notebooks as they are: they read well without a kernel, and name things in order."""

from __future__ import annotations

import itertools
import re
import statistics
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from nbagent.lessons.course import exercises, notebooks
from tests.lessons.course.glossary import GLOSSARY, concepts, out_of_order
from tests.lessons.course.running import errors

NUMBERS = exercises.numbers()
BY_NUMBER = pytest.mark.parametrize("number", NUMBERS)
MOST_CELLS, MOST_LINES = 15, 6
LATER = re.compile(r"^## (What we left out|Go live)", re.MULTILINE)
IMAGE = re.compile(r"!\[([^\]]*)\]\([^)]+\)|<img\b[^>]*>")
MATHS = re.compile(r"(?<!\\)\$(?:(?!\n\n)[^$])+?(?<!\\)\$")
"""Jupyter typesets what stands between two dollars of a paragraph."""
COLOURS = re.compile(r"\b(in|the) (red|green|blue|yellow) (line|bar|box|cell|text|one)s?\b")


def notebook(number: str) -> NotebookNode:
    return notebooks.read(notebooks.source(number))


def prose(number: str) -> list[str]:
    return [cell.source for cell in notebook(number).cells if cell.cell_type == "markdown"]


@BY_NUMBER
def test_it_is_committed_with_outputs_and_stable_names(number: str) -> None:
    book = notebook(number)
    nbformat.validate(book)
    assert notebooks.lesson_of(book) == number
    assert errors(book) == []
    assert all(re.fullmatch(r"(q-\d\d-\d\d|(ex|check)-\d\d[a-z])", cell.id) for cell in book.cells)
    shown = [cell for cell in book.cells if cell.cell_type == "code" and cell.outputs]
    assert len(shown) >= 6
    assert len(exercises.lesson(number).exercises) >= 2
    assert len(exercises.lesson(number).recap) == 3
    text = notebooks.source(number).read_text()
    for private in ("/tmp", "/root", "/home", "lesson-server", "Bearer lesson-"):
        assert private not in text


@pytest.mark.parametrize(("number", "following"), list(itertools.pairwise(NUMBERS)))
def test_the_last_link_leads_to_the_next_lesson(number: str, following: str) -> None:
    last = prose(number)[-1]
    if int(following) == int(number) + 1:
        assert f"({notebooks.source(following).name})" in last
    assert last.startswith("**Next:**")


@BY_NUMBER
def test_cells_are_small_and_few(number: str) -> None:
    lengths = [
        len(cell.source.splitlines()) for cell in notebook(number).cells if cell.cell_type == "code"
    ]
    assert len(lengths) <= MOST_CELLS
    assert statistics.median(lengths) <= MOST_LINES


@BY_NUMBER
def test_it_is_accessible(number: str) -> None:
    assert access_faults(prose(number)) == []
    for cell in notebook(number).cells:
        assert unsaid(cell) == [], cell.id


def access_faults(texts: list[str]) -> list[str]:
    """Headings that skip a level, pictures without words, prices as maths, colour alone."""
    text = re.sub(r"```.*?```", "", "\n\n".join(texts), flags=re.DOTALL)
    levels = [len(found) for found in re.findall(r"^(#+) ", text, re.MULTILINE)]
    faults = [] if levels and levels[0] == 1 and levels.count(1) == 1 else ["not one title"]
    pairs = itertools.pairwise(levels)
    faults += [f"a heading of level {b} under one of {a}" for a, b in pairs if b > a + 1]
    for found in IMAGE.finditer(text):
        if not (found[1] or re.search(r'alt="[^"]', found[0])):
            faults.append(f"no alternative text: {found[0]}")
    plain = re.sub(r"`[^`]*`", "", text)
    faults += [f"read as maths: {found[0]!r}" for found in MATHS.finditer(plain)]
    return faults + [f"colour alone: {found[0]}" for found in COLOURS.finditer(text)]


def unsaid(cell: NotebookNode) -> list[str]:
    """Pictures in a cell's outputs that say nothing; an ornament says so by empty words."""
    shown = [output.get("data", {}) for output in cell.get("outputs", [])]
    bare = [mime for data in shown for mime in data if mime.startswith("image/")]
    images = [i for data in shown for i in re.findall(r"<img\b[^>]*>", data.get("text/html", ""))]
    return bare + [i[:100] for i in images if " alt=" not in i or 'alt="Figure"' in i]


def test_pictures_that_say_nothing_are_found() -> None:
    """The positive control."""

    def shown(data: dict[str, str]) -> NotebookNode:
        output = nbformat.v4.new_output("display_data", data)
        return nbformat.v4.new_code_cell("", outputs=[output])

    assert unsaid(shown({"image/png": "", "text/plain": "a loop"}))
    assert unsaid(shown({"text/html": '<img src="x">'}))
    assert unsaid(shown({"text/html": '<img src="x" alt="Figure">'}))
    assert not unsaid(shown({"text/html": '<img src="x" alt="a loop"><img src="y" alt="">'}))


def test_what_is_not_accessible_is_found() -> None:
    """The positive control."""
    assert access_faults(["# A", "### C"])
    assert access_faults(["# A", "![](x.png)"])
    assert access_faults(["# A", "Look at the red line."])
    assert access_faults(["no title"])
    assert access_faults(["# A", "It was $0.60 and is $0.95."])
    assert not access_faults(["# A", "It was \\$0.60 and is \\$0.95.", "It is $1.", "And $2."])
    assert not access_faults(["# A", "## B", "![a loop](x.png)", "### C", "## D"])


def test_no_concept_is_used_before_it_is_introduced() -> None:
    listed = concepts()
    assert out_of_order(listed) == []
    assert set(GLOSSARY) <= {name for introduces, _ in listed.values() for name in introduces}


def test_concepts_out_of_order_are_found() -> None:
    """The positive control."""
    early = {"01": (["model"], ["tool"]), "02": (["tool"], ["model"])}
    assert out_of_order(early) == ["01 uses tool, which comes later or never"]
    twice = {"01": (["model"], []), "02": (["model"], [])}
    assert out_of_order(twice) == ["02 introduces model once more"]


@BY_NUMBER
def test_a_term_occurs_only_from_its_lesson_on(number: str) -> None:
    seen = {name for n, (introduces, _) in concepts().items() if n <= number for name in introduces}
    text = LATER.split("\n".join(prose(number)))[0]
    assert early(text, seen) == []


def early(text: str, seen: set[str]) -> list[str]:
    return [n for n, term in GLOSSARY.items() if n not in seen and term.search(text)]


def test_a_term_that_is_too_early_is_found() -> None:
    """The positive control."""
    assert early("The driver holds the generator.", {"model"}) == ["generator", "driver"]


@BY_NUMBER
def test_the_prose_keeps_its_tone(number: str) -> None:
    text = re.sub(r"```.*?```|`[^`]*`", "", "\n".join(prose(number)), flags=re.DOTALL)
    text = IMAGE.sub("", text)
    for word in (r"!", r"\bsimply\b", r"\bobviously\b", r"\bjust\b", r"\beasy\b"):
        assert not re.search(word, text, re.IGNORECASE), word
    assert "not Kimi" in text


def test_a_copy_is_without_outputs(tmp_path: Path) -> None:
    copied = notebooks.copy("01", tmp_path, lambda _: False)
    assert copied.made
    assert copied.kept is None
    assert not any(cell.get("outputs") for cell in notebooks.read(copied.path).cells)
    assert not notebooks.copy("01", tmp_path, lambda _: False).made
