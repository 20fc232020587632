"""Replays in real kernels: after a restart, headless, without a key; nothing is ever sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from nbagent.clock import SystemClock
from nbagent.lessons.control import clear, ledger
from nbagent.lessons.process import Server, ensure
from tests.live_kernel import LiveKernel

pytestmark = pytest.mark.kernel
LOAD = "%load_ext nbagent\nimport pandas as pd\ndf = pd.DataFrame({'a': [1, None, 3]})"
COUNT = "%%kimi --replay how many rows has df?"


def n_chats(server: Server) -> int:
    return sum(entry["path"].endswith("/chat/completions") for entry in ledger(server))


@pytest.fixture(scope="module")
def server() -> Server:
    """The lesson server, after a kernel has asked it two things and is gone."""
    server = ensure(SystemClock())
    first = LiveKernel()
    first.run(f"{LOAD}\n%kimi use lesson")
    assert first.run("%%kimi lesson repair", cell_id="repair").reply["status"] == "ok"
    assert first.run("%%kimi how many rows has df?", cell_id="rows").reply["status"] == "ok"
    first.close()
    assert n_chats(server) > 0
    return server


@pytest.fixture
def kernel(server: Server) -> Iterator[LiveKernel]:
    """A fresh kernel, without a key and without an endpoint."""
    clear(server)
    kernel = LiveKernel()
    kernel.run(LOAD)
    yield kernel
    kernel.close()
    assert n_chats(server) == 0


def test_variables_are_back_and_the_conversation_goes_on(kernel: LiveKernel) -> None:
    cell = kernel.run("%%kimi --replay lesson repair", cell_id="repair")
    assert cell.reply["status"] == "ok"
    plain = cell.traces[0]["text/plain"]
    assert plain.startswith("SCRIPTED")
    assert "Replayed from run-" in plain
    assert "nothing was sent." in plain
    assert "As recorded: 2 results." in cell.text
    assert kernel.run("drill_prices").text.strip() == "[3, 4, '5']"
    assert "cost —" in cell.traces[0]["text/html"]
    assert "To this machine" not in cell.traces[0]["text/html"]
    asked = kernel.run("%%kimi --endpoint lesson --dry-run go on")
    assert "Nothing was sent" in asked.text
    assert asked.text.count('"role": "user"') == 2, "the next turn follows the replayed one"


@pytest.mark.long
def test_a_changed_input_is_told(kernel: LiveKernel) -> None:
    kernel.run("df = pd.DataFrame({'a': range(7)})")
    cell = kernel.run(COUNT, cell_id="rows", answer=lambda _: "")  # with a person looking on
    assert cell.reply["status"] == "ok"
    assert cell.prompts == []
    assert "differs from the record" in cell.text or "differ from the record" in cell.text
    assert "7" in cell.text.partition("from the record:")[2]
    same = kernel.run("df = pd.DataFrame({'a': [1, None, 3]})")
    assert same.reply["status"] == "ok"
    assert "As recorded" in kernel.run(COUNT, cell_id="rows").text


@pytest.mark.long
def test_where_there_is_no_record_nothing_is_sent(kernel: LiveKernel) -> None:
    cell = kernel.run("%%kimi --replay how many columns has df?", cell_id="rows")
    assert cell.reply["status"] == "error"
    assert "There is no saved run that answered this prompt" in cell.text
    assert "of this cell asked something else" in cell.text
    assert "Traceback" not in cell.text


def executed(*cells: str) -> tuple[list[Any], bool]:
    """A notebook run by nbclient, which sends no cell ids; whether it came to its end."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    NotebookClient(notebook, timeout=60, kernel_name="python3", allow_errors=True).execute()
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    return notebook.cells, not any(output.output_type == "error" for output in outputs)


def test_run_all_costs_nothing_without_a_key(server: Server) -> None:
    clear(server)
    cells, is_ok = executed(
        LOAD,
        "%config Kimi.on_rerun = 'replay'",
        "%%kimi lesson repair",
        "%%kimi how many rows has df?",
        "print(drill_prices, _.run_id, len(_.messages))",
    )
    assert is_ok
    assert cells[-1].outputs[0].text.startswith("[3, 4, '5'] run-")
    assert n_chats(server) == 0


@pytest.mark.long
def test_without_a_record_the_cell_runs_and_says_so(server: Server) -> None:
    clear(server)
    cells, is_ok = executed(
        LOAD,
        "%kimi use lesson\n%config Kimi.on_rerun = 'replay'",
        "%%kimi describe df, which no cell has asked before",
    )
    assert is_ok
    assert "no saved run of this cell to replay" in cells[-1].outputs[0].text
    assert n_chats(server) > 0


@pytest.mark.long
def test_asking_again_would_be_found(server: Server) -> None:
    """The positive control: the same cells, run as ever, do send."""
    clear(server)
    _, is_ok = executed(LOAD, "%kimi use lesson", "%%kimi how many rows has df?")
    assert is_ok
    assert n_chats(server) > 0
