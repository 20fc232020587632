"""Function tools, variables and attachments in a real kernel, through the real executor."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.kernel.harness import LiveKernel

pytestmark = pytest.mark.kernel

SETUP = """
from typing import Annotated as _A
import asyncio as _asyncio, json as _json
from nbagent.tools import Toolset as _Toolset, ToolContext as _Context
from nbagent.kernel.describe import inspect_variable_tool as _inspect, list_variables_tool as _list
from nbagent.kernel.attach import attach as _attach

async def later(n: int) -> dict:
    "Wait, then give a dict."
    print("waiting")
    await _asyncio.sleep(0)
    return {"n": n}

def draw(title: _A[str, "what stands above"] = "t"):
    "Draw a line."
    import matplotlib.pyplot as plt
    figure, axes = plt.subplots()
    axes.plot([1, 2]); axes.set_title(title)
    return figure

def fails():
    "Fail."
    raise ValueError("as it must")

class _Endless:
    def __repr__(self):
        while True:
            pass

def endless():
    return _Endless()

def _ask(called, limit_s=None, **arguments):
    tools = _Toolset([later, draw, endless, fails, _list(get_ipython()), _inspect(get_ipython())])
    call = {"id": "1", "type": "function",
            "function": {"name": called, "arguments": _json.dumps(arguments)}}
    result = tools.call(call, _Context(_executor, _live.append, limit_s))
    _live.clear()
    shown = [output["output_type"] for output in result.display]
    print("SAID" + _json.dumps([result.content, shown, result.outcome, result.is_error]))
"""


@pytest.fixture(scope="module")
def asked(kernel: LiveKernel) -> LiveKernel:
    assert kernel.cell(SETUP).error == ""
    return kernel


def ask(kernel: LiveKernel, line: str) -> tuple[Any, list[str], str, bool]:
    cell = kernel.cell(line)
    assert not cell.error
    content, shown, outcome, is_error = json.loads(cell.stdout.partition("SAID")[2])
    return content, shown, outcome, is_error


def test_an_async_tool_runs_on_the_private_loop(asked: LiveKernel) -> None:
    content, shown, _, _ = ask(asked, "_ask('later', n=3)")
    assert content == 'waiting\n{"n": 3}'
    assert shown == ["stream", "display_data"]


def test_a_returned_figure_that_pyplot_shows_goes_once(asked: LiveKernel) -> None:
    content, shown, outcome, _ = ask(asked, "_ask('draw')")
    assert [part["type"] for part in content].count("image_url") == 1
    assert shown == ["display_data"]
    assert outcome == "figure"
    cell = asked.cell("import matplotlib.pyplot as _plt; _ask('draw')")
    assert [o for o in cell.outputs if "data" in o] == [], "the cell does not show it once more"
    assert asked.cell("print(_plt.get_backend())").stdout.strip().endswith("inline")


def test_an_error_names_its_line_and_no_file_of_this_kernel(asked: LiveKernel) -> None:
    """Such a file is another one in each kernel, and there is nothing in it."""
    content, _, outcome, _ = ask(asked, "_ask('fails')")
    assert outcome == "ValueError"
    assert 'File "<input>", line' in content
    assert "in fails" in content
    assert "ipykernel_" not in content


def test_an_endless_repr_ends_at_the_time_limit(asked: LiveKernel) -> None:
    content, _, outcome, is_error = ask(asked, "_ask('endless', limit_s=0.3)")
    assert content.startswith("endless was stopped at its time limit.")
    assert (outcome, is_error) == ("time limit", True)


def test_looking_at_a_hostile_variable_ends_at_the_time_limit(asked: LiveKernel) -> None:
    content, _, outcome, _ = ask(
        asked, "hostile = _Endless(); _ask('inspect_variable', 0.3, name='hostile')"
    )
    assert outcome == "time limit"
    assert "inspect_variable was stopped" in content
    asked.cell("del hostile")


def test_variables_of_the_kernel_are_listed_and_changed_by_nobody(asked: LiveKernel) -> None:
    content, _, _, _ = ask(asked, "answer = 42; _ask('list_variables')")
    assert "answer: int 42" in content.splitlines()
    assert "draw: function (title" in content
    assert "In:" not in content
    asked.cell("del answer")


def test_the_last_error_of_a_cell_is_attached(asked: LiveKernel) -> None:
    failed = asked.cell("def price(row):\n    return row['prcie']\nprice({})")
    assert failed.error.startswith("KeyError")
    cell = asked.cell("print(_attach('why @last?', get_ipython()).content)")
    assert "KeyError: 'prcie'" in cell.stdout
    assert "return row['prcie']" in cell.stdout
    assert "interactiveshell" not in cell.stdout


def test_without_the_executor_a_coroutine_is_all_one_gets(asked: LiveKernel) -> None:
    """The positive control: called directly, the async tool has not run."""
    cell = asked.cell("c = later(3); print(type(c).__name__); c.close(); del c")
    assert cell.stdout == "coroutine\n"
