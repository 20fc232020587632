"""Where no page is, what the agent proposes goes into the executed notebook, marked."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_server.serverapp import list_running_servers
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from nbagent.cli import main
from nbagent.clock import SystemClock
from nbagent.lessons import control
from nbagent.lessons.process import ensure
from nbagent.notebook import put_in
from nbagent.notebook.ops import hash_of
from nbagent.notebook.proposals import CELLS_MIME, carries
from tests.browser.lab import Lab

CLOCK = SystemClock()


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "So.", "content": "", "calls": [[name, arguments]]}


def place(*orders: dict[str, Any]) -> None:
    server = ensure(CLOCK)
    control.clear(server)
    control.set_pace(server, math.inf)
    said = {"kind": "turn", "reasoning": "So.", "content": "Done.", "calls": []}
    control.order(server, *orders, said)


def a_notebook() -> Any:
    return new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        cells=[
            new_markdown_cell("# Study", id="head"),
            new_code_cell("%load_ext nbagent\n%kimi use lesson\nx = 1", id="load"),
            new_code_cell("y = x + 1\nprint(y)", id="work"),
            new_code_cell("%%kimi\nGo on.", id="ask"),
            new_code_cell("print('later', x)", id="later"),
        ],
    )


ORDERS = (
    call("read_notebook", ids=["2"]),
    call("edit_cell", id="in-2", old="x + 1", new="x + 2"),
    call("insert_cell", source="z = 3\nprint('z', z)"),
    call("insert_cell", source="# Below", kind="markdown"),
)


def check_put_in(notebook: Any) -> None:
    assert [cell.source.splitlines()[0] for cell in notebook.cells] == [
        "# Study",
        "%load_ext nbagent",
        "y = x + 2",
        "%%kimi",
        "z = 3",
        "# Below",
        "print('later', x)",
    ]
    edited, inserted = notebook.cells[2], notebook.cells[4]
    mark = edited.metadata["nbagent"]
    assert (mark["kind"], mark["before"]) == ("edited", "y = x + 1\nprint(y)")
    assert mark["hash"] == hash_of(edited.source)
    assert mark["run"].startswith("run-")
    assert mark["who"] == "Lesson server"
    assert inserted.metadata["nbagent"]["kind"] == "inserted"
    assert edited.outputs[0].text == "2\n", "a cell keeps the output that it had"
    nbformat.validate(notebook)


def put_in_at_end(notebook: Any) -> None:
    put_in(notebook)


@pytest.mark.long
@pytest.mark.kernel
def test_nbclient_puts_them_in_at_the_end() -> None:
    place(*ORDERS)
    notebook = a_notebook()
    NotebookClient(notebook, timeout=60, on_notebook_complete=put_in_at_end).execute()
    check_put_in(notebook)
    said = [o for o in notebook.cells[3].outputs if "proposed" in str(o.data.get("text/plain"))]
    assert (
        said[-1].data["text/plain"]
        == "3 changes that the agent proposed are in the notebook, marked."
    )
    before = json.dumps(notebook)
    put_in(notebook)
    assert json.dumps(notebook) == before, "once is enough"


@pytest.mark.kernel
@pytest.mark.long
def test_a_cell_that_was_inserted_can_be_edited_run_and_deleted() -> None:
    place(call("insert_cell", source="w = 5"), call("insert_cell", source="gone = 1"))
    notebook = a_notebook()
    NotebookClient(notebook, timeout=60).execute()
    (carried,) = [o for o in notebook.cells[3].outputs if CELLS_MIME in o.get("data", {})]
    ids = [p["ops"][0]["id"] for p in carried.data[CELLS_MIME]["proposals"]]
    place(
        call("insert_cell", source="w = 5"),
        call("insert_cell", source="gone = 1"),
        call("edit_cell", id=ids[0], source="w = 6\nprint('w', w)"),
        call("run_cell", id=ids[0]),
        call("delete_cell", id=ids[1]),
    )
    notebook = a_notebook()
    NotebookClient(notebook, timeout=60).execute()
    assert carries(notebook) == 5
    put_in(notebook)
    new = notebook.cells[4]
    assert (new.source, new.outputs[0].text) == ("w = 6\nprint('w', w)", "w 6\n")
    assert new.metadata["nbagent"]["kind"] == "inserted"
    assert [cell.id for cell in notebook.cells[5:]] == ["later"]
    deleted = [key for key in notebook.metadata if key.startswith("nbagent-deleted-")]
    assert [notebook.metadata[key]["cell"]["source"] for key in deleted] == ["gone = 1"]
    nbformat.validate(notebook)


@pytest.mark.kernel
@pytest.mark.long
@pytest.mark.parametrize("way", ["papermill", "nbconvert"])
def test_a_file_that_others_executed_is_done_afterwards(tmp_path: Path, way: str) -> None:
    place(*ORDERS)
    source, done = tmp_path / "in.ipynb", tmp_path / "done.ipynb"
    nbformat.write(a_notebook(), source)
    words = {
        "papermill": ["papermill", str(source), str(done), "--no-progress-bar"],
        "nbconvert": [
            "nbconvert",
            "--execute",
            "--to",
            "notebook",
            "--output",
            str(done),
            str(source),
        ],
    }[way]
    command = [sys.executable, "-m", *(["papermill"] if way == "papermill" else ["jupyter"])]
    rest = words[1:] if way == "papermill" else words
    subprocess.run([*command, *rest], check=True, capture_output=True, env=dict(os.environ))
    assert carries(nbformat.read(done, as_version=4)) == 3
    applied = apply(done)
    assert applied.returncode == 0, applied.stderr
    check_put_in(nbformat.read(done, as_version=4))
    assert "carries no proposals" in apply(done).stdout


@dataclass(frozen=True)
class Said:
    """What the command line has said, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


def apply(*words: Any) -> Said:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["cells", "apply", *map(str, words)])
    return Said(code, out.getvalue(), err.getvalue())


def carrying(*proposals: dict[str, Any]) -> Any:
    notebook = a_notebook()
    told = [{"run_id": "run-1", "tool_call_id": "c1", **each} for each in proposals]
    data = {CELLS_MIME: {"version": 1, "proposals": told}, "text/plain": "proposed"}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    notebook.cells[3].outputs = [nbformat.from_dict(output)]
    return notebook


def test_what_does_not_fit_any_more_is_left_out() -> None:
    edit = {"op": "edit", "id": "work", "expected": hash_of("y = 0"), "source": "lost"}
    insert = {"op": "insert", "after": "gone", "type": "code", "source": "new"}
    notebook = put_in(carrying({"ops": [edit]}, {"ops": [insert]}))
    assert [cell.source for cell in notebook.cells[2:5]] == [
        "y = x + 1\nprint(y)",
        "%%kimi\nGo on.",
        "new",
    ]
    text = notebook.cells[3].outputs[0].data["text/plain"]
    assert text == (
        "1 change that the agent proposed is in the notebook, marked. "
        "Left out, as the cells are not as they were: 1."
    )


@pytest.mark.parametrize(
    "told",
    [
        None,
        5,
        {},
        {"proposals": 7},
        {"proposals": [None, 5]},
        {"proposals": [{"ops": [{"op": "insert"}]}]},
        {"proposals": [{"ops": [{"op": "edit", "id": 5, "expected": None}]}]},
        {"proposals": [{"ops": [{"op": "outputs", "id": "work", "outputs": "x"}]}]},
        {"proposals": [{"ops": [5, "x"]}]},
        {"proposals": [{"ops": 5}]},
    ],
)
def test_a_notebook_of_somebody_elses_making_breaks_nothing(told: Any) -> None:
    notebook = carrying()
    notebook.cells[3].outputs[0].data[CELLS_MIME] = told
    before = [cell.source for cell in notebook.cells]
    put_in(notebook)
    assert [cell.source for cell in notebook.cells] == before


def test_nothing_is_written_where_nothing_is_to_be_done(tmp_path: Path) -> None:
    path = tmp_path / "plain.ipynb"
    nbformat.write(a_notebook(), path)
    before = path.read_bytes()
    assert apply(path).returncode == 0
    assert path.read_bytes() == before
    broken = tmp_path / "broken.ipynb"
    broken.write_text("{")
    assert apply(broken).returncode == 2
    assert broken.read_text() == "{"


def test_another_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path, there = tmp_path / "a.ipynb", tmp_path / "there.ipynb"
    nbformat.write(carrying({"ops": [{"op": "insert", "after": "end", "source": "new"}]}), path)
    before = path.read_bytes()
    there.write_text("mine")
    refused = apply(path, "-o", there)
    assert (refused.returncode, there.read_text()) == (2, "mine")
    assert apply(path, "-o", tmp_path / "new.ipynb").returncode == 0
    assert path.read_bytes() == before
    assert nbformat.read(tmp_path / "new.ipynb", as_version=4).cells[-1].source == "new"


@pytest.mark.long
def test_a_notebook_that_a_server_has_open_is_left_alone(tmp_path: Path) -> None:
    server = Lab(tmp_path)
    try:
        path = server.root / "open.ipynb"
        nbformat.write(carrying({"ops": [{"op": "insert", "after": "end", "source": "new"}]}), path)
        before = path.read_bytes()
        (running,) = [
            each for each in list_running_servers() if each["root_dir"] == str(server.root)
        ]
        url, token = running["url"], running["token"]
        body = {"path": "open.ipynb", "type": "notebook", "name": "", "kernel": {"name": "python3"}}
        request = urllib.request.Request(
            f"{url}api/sessions", json.dumps(body).encode(), {"Authorization": f"token {token}"}
        )
        session = json.loads(urllib.request.urlopen(request).read())
        refused = apply(path)
        assert refused.returncode == 2
        assert "is open in the Jupyter at" in refused.stderr
        assert path.read_bytes() == before
        request = urllib.request.Request(
            f"{url}api/sessions/{session['id']}",
            headers={"Authorization": f"token {token}"},
            method="DELETE",
        )
        urllib.request.urlopen(request)
        assert apply(path).returncode == 0
        assert nbformat.read(path, as_version=4).cells[-1].source == "new"
    finally:
        server.close()


def test_the_naive_way_fails_these_tests() -> None:
    """The positive control: putting in by place instead of by id and hash changes a wrong cell."""
    notebook = carrying()
    notebook.cells.insert(0, new_code_cell("mine"))
    by_place = notebook.cells[2]
    assert by_place.source != "y = x + 1\nprint(y)"
    edit = {
        "op": "edit",
        "id": "work",
        "expected": hash_of(notebook.cells[3].source),
        "source": "n",
    }
    proposals = {"proposals": [{"ops": [edit]}]}
    notebook.cells[4].outputs[0].data[CELLS_MIME] = proposals
    put_in(notebook)
    assert [cell.source for cell in notebook.cells[:4]][3] == "n"
