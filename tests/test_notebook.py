"""This notebook's cells: found, read whatever wrote the file, and shown within bounds."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from nbagent.bounded import size_of
from nbagent.clock import ManualClock
from nbagent.messages import json_bytes
from nbagent.notebook import (
    MAX_OUTLINED,
    READ_BYTES,
    Cell,
    Notebook,
    cell_text,
    cells_from_file,
    cells_from_history,
    notebook_path,
    outline,
    this_notebook,
)
from nbagent.notebook.cells import Cells, Seen
from nbagent.notebook.draft import Draft
from nbagent.notebook.pages import Pages
from nbagent.notebook.tools import read_notebook_tool
from nbagent.tools import Tool, ToolContext, ToolResult, Toolset
from tests.here import Here, a_call
from tests.mfjs_rules import violations

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20)).decode()


def a_notebook() -> Any:
    error = new_output(
        "error",
        ename="KeyError",
        evalue="'age'",
        traceback=["\x1b[31mKeyError\x1b[0m", "line 3: df['age']"],
    )
    figure = new_output("display_data", {"image/png": PNG, "text/plain": "<Figure>"})
    table = new_output(
        "execute_result", {"text/html": "<table/>", "text/plain": "a b"}, execution_count=2
    )
    return new_notebook(
        cells=[
            new_markdown_cell("# Penguins\nA study.", id="aaaa1111"),
            new_code_cell("import pandas\n\ndf = 1", id="bbbb2222", execution_count=1),
            new_code_cell("df", id="cccc3333", execution_count=2, outputs=[table, figure]),
            new_code_cell("df['age']", id="cccc4444", execution_count=3, outputs=[error]),
            new_code_cell("", id="eeee5555"),
        ]
    )


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "study.ipynb"
    nbformat.write(a_notebook(), path)
    return path


# --- finding ----------------------------------------------------------------------------------


def test_the_saved_file_is_found_and_named(saved: Path) -> None:
    notebook = this_notebook({"JPY_SESSION_NAME": str(saved)}, {"In": ["", "x"]}, {})
    assert notebook.note.startswith("study.ipynb as it was last saved")
    assert [cell.id for cell in notebook.cells][:2] == ["aaaa1111", "bbbb2222"]


def test_vs_code_names_its_file_in_a_variable(saved: Path) -> None:
    named = {"__vsc_ipynb_file__": str(saved)}
    assert notebook_path({}, named) == saved
    assert notebook_path({"JPY_SESSION_NAME": "/nowhere/x.ipynb"}, named) == saved


@pytest.mark.parametrize("name", ["", "console-1", "/nowhere/x.ipynb", "RTC:study.ipynb"])
def test_without_a_file_the_cells_that_ran_are_shown(name: str) -> None:
    history = ["", "x = 1", "", "x + 1", "x = 2"]
    ids = {1: "aaaa1111", 4: "aaaa1111"}
    notebook = this_notebook({"JPY_SESSION_NAME": name}, {"In": history}, ids)
    assert "without outputs" in notebook.note
    assert [(cell.id, cell.source) for cell in notebook.cells] == [
        ("in-3", "x + 1"),
        ("aaaa1111", "x = 2"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"cells": 5}',
        '{"nbformat": 4}',
        "\xff",
        "null",
        '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [5]}',
    ],
)
def test_a_file_that_is_no_notebook_falls_back(tmp_path: Path, content: str) -> None:
    path = tmp_path / "broken.ipynb"
    path.write_bytes(content.encode("latin-1"))
    notebook = this_notebook({"JPY_SESSION_NAME": str(path)}, {"In": ["", "x"]}, {})
    assert [cell.source for cell in notebook.cells] == ["x"]


def test_files_of_older_formats_are_read(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "source": ["a\n", "b"], "metadata": {}, "outputs": []}]
    old = {"nbformat": 4, "nbformat_minor": 2, "metadata": {}, "cells": cells}
    path = tmp_path / "old.ipynb"
    path.write_text(json.dumps(old), encoding="utf-8")
    (cell,) = cells_from_file(path) or []
    assert (cell.source, cell.execution_count) == ("a\nb", None)
    assert cell.id


# --- reading ----------------------------------------------------------------------------------


def reading_tool(saved: Callable[[], Notebook]) -> Tool:
    """The tool where no page is."""
    nobody: Any = None
    pages = Pages(lambda _data, _on: lambda: None, nobody, ManualClock())
    return read_notebook_tool(Cells(pages, Draft(), saved, Seen()), str)


def read(notebook: Notebook, **arguments: Any) -> ToolResult:
    tools = Toolset([reading_tool(lambda: notebook)])
    call = a_call("read_notebook", json_bytes(arguments).decode())
    return tools.call(call, ToolContext(Here(), print))


@pytest.fixture
def notebook(saved: Path) -> Notebook:
    return this_notebook({"JPY_SESSION_NAME": str(saved)}, {}, {})


def test_the_outline_comes_first(notebook: Notebook) -> None:
    result = read(notebook)
    assert result.outcome == "5 cells"
    assert str(result.content).splitlines() == [
        "study.ipynb as it was last saved; what was edited or run since is not in it.",
        "1. [aaaa1111] markdown: # Penguins (+1 line)",
        "2. [bbbb2222] code In [1]: import pandas (+1 line)",
        "3. [cccc3333] code In [2]: df -> output",
        "4. [cccc4444] code In [3]: df['age'] -> KeyError",
        "5. [eeee5555] code: (empty)",
    ]


def test_cells_are_read_by_id_number_beginning_and_place(notebook: Notebook) -> None:
    text = str(read(notebook, ids=["cccc3333", "1", "cccc4"]).content)
    assert "[cccc3333] code, In [2]\ndf\noutput:\na b\n[1 picture]" in text
    assert "[bbbb2222] code, In [1]\nimport pandas\n\ndf = 1" in text
    assert "KeyError\nline 3: df['age']" in text
    assert "\x1b" not in text
    assert PNG not in text
    assert read(notebook, first=2, last=3).outcome == "2 cells"
    assert read(notebook, last=1).outcome == "1 cell"


def test_a_cell_that_is_not_there_is_said(notebook: Notebook) -> None:
    result = read(notebook, ids=["zzzz", "aaaa1111"])
    assert "There is no cell zzzz; see the outline." in str(result.content)
    assert not result.is_error
    assert read(notebook, ids=["zzzz"]).is_error
    assert read(notebook, first=9).is_error
    assert notebook.find("cccc") is None  # two cells begin so


def test_what_is_read_is_bounded() -> None:
    stream = {"output_type": "stream", "name": "stdout", "text": "y" * 900_000}
    cells = tuple(Cell(f"cell{i}", "code", "x" * 900, (stream,), i) for i in range(1_000))
    big = Notebook(cells, "Saved.")
    content = str(read(big, first=1, last=900).content)
    assert size_of(content) <= READ_BYTES + 300
    assert content.endswith("more, too much for one reading]")
    lines = outline(cells).splitlines()
    assert len(lines) == MAX_OUTLINED + 1
    assert lines[-1] == "and 800 more; read them with first and last"
    assert size_of(cell_text(cells[0])) < 5_000


def test_the_tool_is_pure_and_accepted(notebook: Notebook) -> None:
    tool = reading_tool(lambda: notebook)
    assert tool.effect == "pure"
    assert violations(tool.parameters) == []


def test_the_notebook_is_looked_at_anew_in_each_call(saved: Path) -> None:
    tools = Toolset([reading_tool(lambda: this_notebook({"JPY_SESSION_NAME": str(saved)}, {}, {}))])
    call = a_call("read_notebook", "")
    context = ToolContext(Here(), print)
    assert "5 cells" in tools.call(call, context).outcome
    changed = a_notebook()
    changed.cells.pop()
    nbformat.write(changed, saved)
    assert "4 cells" in tools.call(call, context).outcome


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.text(max_size=20), max_size=8),
    st.dictionaries(st.integers(0, 8), st.text("ab-1", min_size=1)),
)
def test_history_keeps_each_cell_once_as_it_last_ran(
    inputs: list[str], ids: dict[int, str]
) -> None:
    cells = cells_from_history(["", *inputs], ids)
    found = [cell.id for cell in cells]
    assert len(found) == len(set(found))
    counts = [cell.execution_count or 0 for cell in cells]
    assert counts == sorted(counts)
    for cell in cells:
        assert cell.source == ["", *inputs][cell.execution_count or 0]


def test_the_naive_way_fails_these_tests(saved: Path) -> None:
    """The positive control: the file's own text holds pictures and colours and no outline."""
    raw = saved.read_text(encoding="utf-8")
    assert PNG in raw
    assert "\\u001b" in raw
