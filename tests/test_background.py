"""Runs in the background: outputs where they belong, tools only between cells, stops and waits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from nbagent.clock import SystemClock
from nbagent.lessons import control
from nbagent.lessons.process import Server, ensure
from tests.live_kernel import TIMEOUT_S, Cell, LiveKernel

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def kernel() -> Iterator[LiveKernel]:
    kernel = LiveKernel()
    kernel.run("%load_ext nbagent\n%kimi use lesson")
    yield kernel
    kernel.close()


@pytest.fixture
def server(kernel: LiveKernel) -> Iterator[Server]:
    server = ensure(SystemClock())
    control.clear(server)
    yield server
    control.set_pace(server, math.inf)
    kernel.run(
        "for run in list(get_ipython().magics_manager.registry['KimiMagics'].session.runs"
        ".values()):\n    run.stop(); run.wait()\n%kimi reset"
    )
    control.clear(server)


def call(code: str) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "So.", "calls": [["run_python", {"code": code}]]}


def say(text: str) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "I know.", "content": text}


def ask(kernel: LiveKernel, cell: str) -> Cell:
    """Run a cell as a person does, who can be asked."""
    return kernel.run(cell, answer=lambda _: "")


def test_the_cell_returns_and_the_run_ends_by_itself(kernel: LiveKernel, server: Server) -> None:
    control.set_pace(server, 200, 0.1)
    control.order(server, call("made = 6 * 7\nprint('made it')"), say("It is 42."))
    cell = ask(kernel, "%%kimi --bg --out run\ngo")
    assert cell.reply["status"] == "ok"
    assert len(cell.traces) == 1
    assert "running" in cell.traces[0]["application/vnd.nbagent.trace+json"]
    while "True" not in kernel.run("print(run.finished is not None)").text:
        kernel.run("import asyncio\nawait asyncio.sleep(0.02)")
    assert "42 It is 42." in kernel.run("print(made, run)").text


def test_a_tool_never_runs_inside_a_users_cell(kernel: LiveKernel, server: Server) -> None:
    control.set_pace(server, 200, 5.0)  # the call comes when the user's cell has begun
    control.order(server, call("inside = busy"), say("Done."))
    kernel.run("busy = False")
    ask(kernel, "%%kimi --bg --out run\ngo")
    code = """
import asyncio, time
busy = True
deadline = time.time() + 30
while not any(e.kind == "kernel_awaited" for e in run.events) and time.time() < deadline:
    await asyncio.sleep(0.02)
print("inside" in globals())
busy = False
"""
    assert kernel.run(code).text.strip() == "False"
    kernel.run("run.wait()")
    assert "False Done." in kernel.run("print(inside, run)").text


def test_the_model_is_heard_while_a_cell_holds_the_kernel(
    kernel: LiveKernel, server: Server
) -> None:
    control.set_pace(server, 200, 0.1)
    control.order(server, call("after = holding"), say("Done."))
    ask(kernel, "%%kimi --bg --out run\ngo")
    code = """
import time
holding = True
deadline = time.time() + 20
while not any(e.kind == "kernel_awaited" for e in run.events) and time.time() < deadline:
    time.sleep(0.02)
print([e.kind for e in run.events][-1], "after" in globals())
holding = False
"""
    assert kernel.run(code).text.strip() == "kernel_awaited False"
    kernel.run("run.wait()")
    assert "False Done." in kernel.run("print(after, run)").text


def test_a_stop_is_heard_while_a_cell_holds_the_kernel(kernel: LiveKernel, server: Server) -> None:
    control.order(server, {"kind": "stall"}, say("Not stopped."))
    ask(kernel, "%%kimi --bg --out run\ngo")
    code = """
import time
run.stop()
deadline = time.time() + 20
while not run.finished and time.time() < deadline:
    time.sleep(0.02)
print(run.finished.reason)
"""
    assert kernel.run(code).text.strip() == "stopped"


BROKEN = """
from nbagent.loop import Ask
def broken(messages, tools):
    reply = yield Ask(messages, tools)
    raise TypeError("broken")
"""


def test_a_loop_that_breaks_ends_no_other_run(kernel: LiveKernel, server: Server) -> None:
    control.set_pace(server, 200, 0.5)
    control.order(server, say("Whole."), say("Whole."))
    kernel.run(BROKEN)
    ask(kernel, "%%kimi --bg --out whole --conversation whole\ngo")
    ask(kernel, "%%kimi --bg --out bad --conversation bad --loop broken\ngo")
    code = """
import asyncio, time
deadline = time.time() + 20
while not (whole.finished and bad.finished) and time.time() < deadline:
    await asyncio.sleep(0.02)
print(whole.finished.reason, bad.finished.reason)
"""
    assert kernel.run(code).text.strip() == "answer error"


@pytest.mark.long
def test_what_a_run_shows_stands_in_no_other_cell(kernel: LiveKernel, server: Server) -> None:
    shown = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nprint('of the run')"
    control.order(server, call(shown), say("Drawn."))
    ask(kernel, "%%kimi --bg --out run\ngo")
    plain = kernel.run("print('mine')")
    drawn = kernel.run("import matplotlib.pyplot as plt\nplt.bar([1], [2])\nplt.show()")
    waited = kernel.run("import asyncio\nawait asyncio.sleep(0.3)\nprint('awaited')")
    assert plain.text.strip() == "mine"
    assert [set(o["data"]) for o in drawn.outputs] == [{"image/png", "text/plain"}]
    assert waited.text.strip() == "awaited"
    kernel.run("run.wait()")
    assert "Drawn." in kernel.run("print(run)").text


def test_two_at_once_and_stop(kernel: LiveKernel, server: Server) -> None:
    control.set_pace(server, 5, 0.2)
    ask(kernel, "%%kimi --bg --out one --conversation one\nlesson long 30")
    ask(kernel, "%%kimi --bg --out two --conversation two\nlesson long 30")
    assert kernel.run("%kimi runs").text.count("running") >= 2
    kernel.run("%kimi stop {one.run_id}".format_map({"one": _Name(kernel, "one")}))
    kernel.run("one.wait()")
    said = kernel.run("print(one.finished.reason, two.finished)").text
    assert said.strip() == "stopped None"
    kernel.run("two.stop(); two.wait()")
    assert "stopped" in kernel.run("print(two.finished.reason)").text


class _Name:
    """A variable's attributes as text, for a magic's line."""

    def __init__(self, kernel: LiveKernel, name: str) -> None:
        self.run_id = kernel.run(f"print({name}.run_id)").text.strip()


def test_a_conversation_has_one_run_at_a_time(kernel: LiveKernel, server: Server) -> None:
    control.set_pace(server, 5, 0.2)
    ask(kernel, "%%kimi --bg --out run\nlesson long 30")
    cell = ask(kernel, "%%kimi\nsomething else")
    assert cell.reply["status"] == "error"
    assert "still goes on" in cell.text


def test_an_interrupt_while_waiting_stops_the_run(kernel: LiveKernel, server: Server) -> None:
    control.set_pace(server, 5, 0.2)
    ask(kernel, "%%kimi --bg --out run\nlesson long 30")
    while "RunFinished" not in kernel.run("print(run.finished)").text:
        interrupt_a_wait(kernel)  # one that comes too early ends the cell alone
    assert "stopped" in kernel.run("print(run.finished.reason)").text


def interrupt_a_wait(kernel: LiveKernel) -> None:
    content = {"code": "print('waiting', flush=True)\nrun.wait()", "silent": False}
    message = kernel.client.session.msg("execute_request", content | {"store_history": True})
    kernel.client.shell_channel.send(message)
    while kernel.client.get_iopub_msg(timeout=TIMEOUT_S)["content"].get("text") != "waiting\n":
        pass
    kernel.interrupt()
    kernel.client.get_shell_msg(timeout=TIMEOUT_S)


def test_headless_it_runs_in_the_cell(kernel: LiveKernel, server: Server) -> None:
    """The positive control: a run in the foreground has ended when its cell has."""
    control.order(server, say("At once."))
    kernel.run("%%kimi --bg --out run\ngo")
    assert "At once." in kernel.run("print(run)").text


@pytest.mark.long
def test_it_goes_on_beside_a_run_that_is_driven_in_a_cell(
    kernel: LiveKernel, server: Server
) -> None:
    control.set_pace(server, 60, 0.3)
    control.order(server, say("Behind."), say("In the cell. " * 30))
    ask(kernel, "%%kimi --bg --out behind\ngo")
    while not control.ledger(server):  # the first order is for this run
        kernel.run("import asyncio\nawait asyncio.sleep(0.02)")
    ask(kernel, "%%kimi --conversation other --out before\ngo")
    ended = "run.finished.t + run.started.wall"
    told = kernel.run(f"print([{ended} for run in (behind, before)], behind, before)").text
    first, second = told[1 : told.index("]")].split(",")
    assert float(first) < float(second)
    assert "Behind." in told
