"""An exported notebook holds the person's cells that made what a run found, and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest

from nbagent.export import Source, written
from nbagent.export.names import providing, touched
from nbagent.notebook import Cell, cells_from_file
from tests.export.hostile import Story, error_output
from tests.export.test_runs_without import asked, executed, worked

PROMPT = "Add them up."


def run_of(code: str, *names: str) -> Story:
    story = asked(Story(PROMPT, cell_id="k"), code)
    worked(story, code, *names)
    return story.ask().say("There.").reply().finish("There.")


def cells(*sources: str) -> list[Cell]:
    return [Cell(f"c{n}", "code", source, (), n) for n, source in enumerate(sources, start=1)]


def codes_of(story: Story, before: list[Cell]) -> list[str]:
    notebook = notebook_of(story, before)
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def notebook_of(story: Story, before: list[Cell]) -> Any:
    text = written("notebook", [Source.of(story.events, cells=before)])
    return nbformat.reads(text, as_version=4)


def test_what_made_and_changed_a_name_is_there() -> None:
    before = cells("n = 2", "xs = [n]", "xs.append(5)", "print(xs)", "ys = 1")
    assert codes_of(run_of("total = sum(xs)", "total"), before) == [
        *("n = 2", "xs = [n]", "xs.append(5)", "total = sum(xs)"),
    ]


def test_cells_after_the_question_are_not_there() -> None:
    before = [*cells("xs = [1]"), Cell("k", "code", f"%%kimi\n{PROMPT}", (), 2)]
    after = Cell("z", "code", "xs = [9]", (), 3)
    assert codes_of(run_of("total = sum(xs)", "total"), [*before, after])[0] == "xs = [1]"


def test_lines_that_need_nbagent_are_left_out() -> None:
    before = cells("%load_ext nbagent\n%kimi use lesson\nxs = [1]\n%config Kimi.max_steps = 3")
    first, _ = codes_of(run_of("total = sum(xs)", "total"), before)
    lines = first.split("\n")
    assert [line for line in lines if not line.startswith("# ")] == ["xs = [1]"]
    assert len(lines) == 4


def test_a_cell_that_failed_or_never_ran_is_not_there(tmp_path: Path) -> None:
    failed = nbformat.v4.new_code_cell("xs = nothing", execution_count=1)
    failed.outputs = [nbformat.from_dict(error_output("NameError", "nothing", []))]
    good = nbformat.v4.new_code_cell("xs = [1, 2]", execution_count=2)
    fresh = nbformat.v4.new_code_cell("xs = [7]")
    path = tmp_path / "a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[failed, good, fresh]), path)
    before = cells_from_file(path)
    assert before
    assert codes_of(run_of("total = sum(xs)", "total"), before)[0] == "xs = [1, 2]"


@pytest.mark.kernel
def test_such_a_notebook_runs(tmp_path: Path) -> None:
    before = cells("%load_ext nbagent\nxs = [1]", "xs.append(5)")
    notebook = notebook_of(run_of("total = sum(xs)", "total"), before)
    assert executed(notebook, tmp_path)["total"] == 6


def test_without_them_a_name_is_missing() -> None:
    """The positive control: the run's own code alone does not make what it needs."""
    names: dict[str, Any] = {}
    with pytest.raises(NameError):
        exec("total = sum(xs)", names)
    assert "make them first: `xs`" in notebook_of(run_of("total = sum(xs)"), []).cells[0].source


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("a = b", {"a"}),
        ("a.b[0] = c", {"a"}),
        ("del a[0]", {"a"}),
        ("a.drop(inplace=True)", {"a"}),
        ("print(a)", set()),
        ("b = a.copy()", {"b"}),
        ("a += 1", {"a"}),
        ("%time\na = (", set()),
    ],
)
def test_touched(code: str, names: set[str]) -> None:
    assert touched(code) == names


def test_providing_goes_back_as_far_as_needed() -> None:
    assert providing(["a = 1", "b = a", "c = 2", "d = b"], ["d"]) == ["a = 1", "b = a", "d = b"]
