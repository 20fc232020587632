"""An exported notebook runs in a kernel that has no nbagent, and makes the same variables."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from nbagent.events import Changes
from nbagent.export import Source, written
from tests.export.hostile import Story, error_output, stream_output

pytestmark = pytest.mark.kernel
BLOCK = "import sys\nsys.modules['nbagent'] = None\n"


def made(*names: str) -> Changes:
    return Changes(added=names)


def attempt(story: Story, code: str, *names: str, index: int = 0) -> Story:
    failed = error_output("KeyError", "'b'", ["KeyError: 'b'"])
    return story.run(
        "run_python", failed, code=code, saw="KeyError", index=index, is_error=True,
        outcome="KeyError", changes=made(*names),
    )  # fmt: skip


def worked(story: Story, code: str, *names: str, out: str = "", index: int = 0) -> Story:
    outputs = [stream_output(out)] if out else []
    return story.run(
        "run_python", *outputs, code=code, saw=out or "ok", index=index, changes=made(*names)
    )


def asked(story: Story, *codes: str) -> Story:
    story.ask()
    for code in codes:
        story.calls("run_python", json.dumps({"code": code}))
    return story.reply()


def mended(prompt: str = "Add them up.") -> Story:
    """A run whose first attempt failed and whose second one worked."""
    story = asked(Story(prompt), "total = data['b']")
    attempt(story, "total = data['b']")
    asked(story, "data = {'a': [1, 2]}", "total = sum(data['a'])\nprint(total)")
    worked(story, "data = {'a': [1, 2]}", "data")
    worked(story, "total = sum(data['a'])\nprint(total)", "total", out="3\n", index=1)
    return story.ask().say("It is **3**.").reply().finish("It is **3**.")


def left_half(prompt: str = "Go on.") -> Story:
    """A run in which a failed attempt had set what the next one used."""
    story = asked(Story(prompt, run_id="r2"), "half = total / 2\nraise ValueError")
    attempt(story, "half = total / 2\nraise ValueError", "half")
    asked(story, "rest = total - half")
    worked(story, "rest = total - half", "rest")
    return story.ask().say("Done.").reply().finish("Done.")


def notebook_of(*stories: Story) -> Any:
    return nbformat.reads(
        written("notebook", [Source(story.events) for story in stories]), as_version=4
    )


def executed(notebook: Any, directory: Path) -> dict[str, Any]:
    """Run a notebook where nbagent cannot be imported, and return its plain variables."""
    startup = directory / "profile_default" / "startup"
    startup.mkdir(parents=True, exist_ok=True)
    (startup / "00-block.py").write_text(BLOCK)
    look = (
        "try:\n    import nbagent\nexcept ImportError:\n    pass\nelse:\n    raise AssertionError\n"
        "import json\nprint(json.dumps({k: v for k, v in globals().items()"
        " if isinstance(v, (int, float, list, dict)) and not k.startswith(('_', 'In', 'Out'))}))"
    )
    notebook.cells.append(nbformat.v4.new_code_cell(look))
    client = NotebookClient(notebook, timeout=60, kernel_name="python3")
    client.execute(env=os.environ | {"IPYTHONDIR": str(directory)})
    return dict(json.loads(notebook.cells[-1].outputs[-1].text))


def test_it_makes_the_variables_again(tmp_path: Path) -> None:
    notebook = notebook_of(mended(), left_half())
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == [1, 2, 3, 4]
    assert "total = data['b']" not in sources
    assert notebook.cells[3].outputs[0].text == "3\n"
    assert executed(notebook, tmp_path) == {
        "data": {"a": [1, 2]}, "total": 3, "half": 1.5, "rest": 1.5,
    }  # fmt: skip


def test_it_says_what_is_left_out_and_what_it_needs() -> None:
    text = "\n".join(c.source for c in notebook_of(mended()).cells if c.cell_type == "markdown")
    assert "step 1: run\\_python failed \\(KeyError\\): total = data\\['b'\\]" in text
    assert "> Add them up." in text
    assert "It is **3**." in text
    assert "These names" not in text
    assert "These names were there before; make them first: `total`." in "\n".join(
        c.source for c in notebook_of(left_half()).cells
    )


def test_a_notebook_with_failed_attempts_does_not_run(tmp_path: Path) -> None:
    """The positive control: every call as a cell, as a naive export has them."""
    codes = [e.arguments["code"] for e in mended().events if e.kind == "tool_started"]  # type: ignore[attr-defined] # a ToolStarted
    naive = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])
    with pytest.raises(CellExecutionError):
        executed(naive, tmp_path)
