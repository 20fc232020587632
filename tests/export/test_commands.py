"""What people do with runs on record: `%kimi`, `nbagent runs` and `nbagent.show`, on real runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from nbagent.cli import main
from nbagent.clock import SystemClock
from nbagent.export import read_jsonl
from nbagent.journal import Journal
from tests.export.rendered import page_faults
from tests.export.test_runs_without import executed
from tests.live_kernel import LiveKernel

pytestmark = pytest.mark.kernel
REPAIR = "%%kimi lesson repair"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKernel]:
    """A kernel that has asked two things in one conversation, in a directory of its own."""
    kernel = LiveKernel()
    folder = tmp_path_factory.mktemp("work")
    kernel.run(f"%cd -q {folder}\n%load_ext nbagent\n%kimi use lesson\nprices = [3, 4]")
    kernel.run(REPAIR, cell_id="one")
    kernel.run("%%kimi --out two\nwhat is in prices?", cell_id="two")
    yield kernel
    kernel.close()


@pytest.fixture(scope="module")
def folder(kernel: LiveKernel) -> Path:
    return Path(kernel.run("import os; print(os.getcwd())").text.strip())


@pytest.fixture
def run_id(kernel: LiveKernel) -> str:
    return kernel.run("print(two.run_id)").text.strip()


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["runs", *words]) == code
    out, err = capsys.readouterr()
    return out + err


def test_runs_are_listed_in_a_table(
    kernel: LiveKernel, run_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, "list", "--search", "what is in prices", "--limit", "1")
    head, row = text.splitlines()
    assert head.split() == ["run", "when", "state", "steps", "tokens", "cost", "title"]
    assert row.startswith(run_id)
    assert head.index("title") == row.index("what is in prices?")
    assert "  answer  " in row
    assert "  scripted  " in row
    assert text.splitlines()[1] in kernel.run("%kimi runs prices?").text
    (line,) = json.loads(said(capsys, "list", "--json", "--limit", "1", "--search", run_id))
    assert (line["run_id"], line["scripted"], line["cell_id"]) == (run_id, True, "two")
    assert said(capsys, "list", "--search", "zzz").strip() == "No run found."


def test_a_run_is_shown_by_the_beginning_of_its_name(
    kernel: LiveKernel, run_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(capsys, "show", run_id[:9])
    assert text.startswith(f"{run_id}: what is in prices?\n\nSCRIPTED")
    assert kernel.run(f"%kimi show {run_id[:9]}").traces
    assert kernel.run(f"import nbagent\nnbagent.show({run_id[:9]!r})").traces
    assert "There is no run 'run-zzz'" in said(capsys, "show", "run-zzz", code=2)
    assert "runs begin with 'run-'" in said(capsys, "show", "run-", code=2)


def test_show_prints_in_a_script(run_id: str) -> None:
    code = f"import nbagent; nbagent.show({run_id!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"{run_id}: what is in prices?\n\nSCRIPTED")


def test_a_live_run_is_exported_where_the_person_says(
    kernel: LiveKernel, folder: Path, run_id: str
) -> None:
    assert f"Written: {run_id}.ipynb" in kernel.run(f"%kimi export {run_id}").text
    assert "Written: a page.html" in kernel.run(f'%kimi export html {run_id} "a page.html"').text
    assert "Written: b.jsonl" in kernel.run(f"%kimi export b.jsonl {run_id}").text
    assert "Written: run-" in kernel.run("%kimi export jsonl").text
    nbformat.validate(nbformat.read(folder / f"{run_id}.ipynb", as_version=4))
    page = (folder / "a page.html").read_text()
    assert page_faults(page) == []
    assert "SCRIPTED" in page.replace("<b>", "")
    assert "In code: " not in page
    with (folder / "b.jsonl").open() as lines:
        (events,) = read_jsonl(lines)
    assert events == list(Journal(clock=SystemClock()).events(run_id))
    again = kernel.run(f"%kimi export {run_id}")
    assert again.reply["status"] == "error"
    assert "is there already, and was left as it is" in again.text
    assert kernel.run(f"%kimi export {run_id} --force").reply["status"] == "ok"
    assert "does not know '--frce'" in kernel.run("%kimi export --frce").text


@pytest.mark.long
def test_a_conversation_becomes_one_notebook_that_makes_its_variables(
    kernel: LiveKernel, run_id: str, tmp_path: Path
) -> None:
    kernel.run(f"%kimi export {run_id} {tmp_path / 'live.ipynb'} --conversation")
    notebook = nbformat.read(tmp_path / "live.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert text.index("lesson repair") < text.index("what is in prices")
    assert "make them first" not in text, "the cell that made prices is part of it"
    made = executed(notebook, tmp_path / "ipython")
    assert made["drill_prices"] == [3, 4, "5"]
    assert made["prices"] == [3, 4]


def test_a_stored_conversation_is_exported_alike(
    kernel: LiveKernel, run_id: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel.run(f"%kimi export {run_id} {tmp_path / 'live.html'} --conversation")
    path = tmp_path / "stored.html"
    said(capsys, "export", "html", run_id, "-o", str(path), "--conversation")
    assert path.read_text() == (tmp_path / "live.html").read_text()
    assert "is there already" in said(capsys, "export", "html", run_id, "-o", str(path), code=2)
    assert said(capsys, "export", "jsonl", run_id, "-o", "-").startswith('{"schema"')
    assert "'pdf' is not one of" in said(capsys, "export", "pdf", run_id, code=2)


def test_runs_are_deleted_only_when_that_is_said(
    kernel: LiveKernel, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.run("%%kimi --conversation other\nwhat is in prices?")
    name = kernel.run("print(_.run_id)").text.strip()
    monkeypatch.setattr("click.confirm", lambda *_: False)
    assert "Nothing was deleted." in said(capsys, "delete", name)
    assert said(capsys, "list", "--search", name).count(name) == 1
    assert said(capsys, "delete", name, "--yes").strip() == "Deleted: 1 run."
    assert said(capsys, "list", "--search", name).strip() == "No run found."
    assert "There is no run" in said(capsys, "delete", name, "--yes", code=2)
    assert "names no run" in said(capsys, "delete", "", "--yes", code=2)


def test_gc_says_what_it_would_do(
    kernel: LiveKernel, run_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    would = said(capsys, "gc", "--max-mb", "0", "--dry-run")
    assert re.match(r"Would remove: \d+ runs, [\d.]+ [kM]B\.", would)
    assert run_id in said(capsys, "list", "--search", run_id)
    assert said(capsys, "gc", "--older-than", "3650").startswith("Removed: ")
    assert run_id in said(capsys, "list", "--search", run_id)
    assert said(capsys, "gc", "--dry-run").startswith("Would remove: 0 runs, 0 B.")


def test_a_listing_by_hand_would_not_be_aligned(run_id: str) -> None:
    """The positive control: rows as they come do not stand under their names."""
    line = Journal(clock=SystemClock()).runs(run_id)[0]
    row = "  ".join(map(str, (line.run_id, line.wall, line.state, line.n_steps, line.prompt)))
    head = "run  when  state  steps  title"
    assert row.index(line.prompt) != head.index("title")
