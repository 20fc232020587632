"""What tool code displays is visible somewhere sensible, and what it starts lives on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from nbagent.clock import SystemClock
from nbagent.lessons.control import clear, order
from nbagent.lessons.process import ensure
from tests.live_kernel import Cell, LiveKernel

pytestmark = pytest.mark.kernel
TRACE = "application/vnd.nbagent.trace+json"


@pytest.fixture(scope="module")
def kernel() -> Iterator[LiveKernel]:
    kernel = LiveKernel()
    kernel.run("%load_ext nbagent\n%kimi use lesson")
    yield kernel
    kernel.close()


@pytest.fixture
def tool(kernel: LiveKernel) -> Callable[[str], Cell]:
    """Has the agent run a piece of code, in a conversation of its own."""

    def run(code: str) -> Cell:
        server = ensure(SystemClock())
        clear(server)
        order(
            server,
            {"kind": "turn", "reasoning": "Do it.", "calls": [["run_python", {"code": code}]]},
        )
        return kernel.run("%%kimi --new --ask never --out r\ngo on")

    return run


SERVER = """
import asyncio
async def handle(reader, writer):
    await reader.readline()
    writer.write(b"HTTP/1.0 200 OK\\r\\n\\r\\nhello")
    await writer.drain()
    writer.close()
server = await asyncio.start_server(handle, "127.0.0.1", 0)
port = server.sockets[0].getsockname()[1]
"""
TASK = """
import asyncio
async def later(): return 41 + 1
task = asyncio.get_running_loop().create_task(later())
await asyncio.sleep(0)
"""
VISIT = """
async def visit():
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.0\\n\\n")
    await writer.drain()
    return await reader.read()
"""


def test_a_server_that_a_tool_started_answers_the_next_cell(
    kernel: LiveKernel, tool: Callable[[str], Cell]
) -> None:
    assert "+server" in tool(SERVER).text
    assert "hello" in kernel.run(f"{VISIT}\nprint(await visit())").text


def test_a_user_cell_awaits_what_lives_on_the_tools_loop(
    kernel: LiveKernel, tool: Callable[[str], Cell]
) -> None:
    tool(TASK)
    assert "42" in kernel.run("import nbagent\nprint(await nbagent.bridge(task))").text


@pytest.mark.long
@pytest.mark.parametrize(
    ("code", "mime"),
    [
        (
            "import plotly.graph_objects as go\ngo.Figure(go.Scatter(y=[1, 2, 3])).show()",
            "application/vnd.plotly.v1+json",
        ),
        (
            "from tqdm.notebook import tqdm\nfor i in tqdm(range(3)): pass",
            "application/vnd.jupyter.widget-view+json",
        ),
        (
            "from ipywidgets import interact\n@interact(x=(0, 5))\ndef f(x=2): return x",
            "application/vnd.jupyter.widget-view+json",
        ),
    ],
    ids=["plotly", "tqdm", "interact"],
)
def test_data_with_a_renderer_of_its_own_stands_below_the_trace(
    tool: Callable[[str], Cell], code: str, mime: str
) -> None:
    outputs = tool(code).outputs
    assert TRACE in outputs[0]["data"]
    assert any(mime in output.get("data", {}) for output in outputs[1:])


def test_a_styled_table_is_a_table_in_the_trace(tool: Callable[[str], Cell]) -> None:
    cell = tool("import pandas as pd\npd.DataFrame({'price': [1, 2]}).style.highlight_max()")
    html = cell.traces[0]["text/html"]
    assert "<th" in html
    assert "price</th>" in html


def test_fifty_megabytes_leave_kernel_and_notebook_bounded(tool: Callable[[str], Cell]) -> None:
    cell = tool("print('x' * 50_000_000)")
    assert len(json.dumps(cell.outputs)) < 256_000
    assert "left out" in cell.traces[0]["text/html"]


def test_without_our_capture_the_output_would_stand_in_the_cell(kernel: LiveKernel) -> None:
    """The positive control: plain code of that kind floods its cell."""
    cell = kernel.run("print('x' * 3_000_000)")
    assert len(json.dumps(cell.outputs)) > 2_000_000
