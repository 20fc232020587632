"""While a run goes on, what views ask over the shell channel is answered; cells keep their turn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from queue import Empty
from typing import Any

import pytest

from nbagent.clock import SystemClock
from nbagent.kernel.mailbox import REQUEST
from nbagent.lessons import control
from nbagent.lessons.process import Server, ensure
from tests.live_kernel import TIMEOUT_S, LiveKernel

pytestmark = pytest.mark.kernel

WIDGET = """
import ipywidgets
button = ipywidgets.Button()
clicks = []
def clicked(_):
    print("clicked")
    clicks.append(1)
    if hang:
        while True:
            pass
button.on_click(clicked)
hang = False
"""


@pytest.fixture
def slow() -> Iterator[Server]:
    """A lesson server whose replies take longer than a test."""
    server = ensure(SystemClock())
    control.set_pace(server, 5, 0.2)
    yield server
    control.set_pace(server, math.inf)


@pytest.fixture(scope="module")
def kernel() -> Iterator[LiveKernel]:
    kernel = LiveKernel()
    assert kernel.run("%load_ext nbagent\n%kimi use lesson").reply["status"] == "ok"
    assert kernel.run(WIDGET).reply["status"] == "ok"
    yield kernel
    kernel.close()


class Channel:
    """The shell channel of a front end that looks on at a busy kernel."""

    def __init__(self, kernel: LiveKernel) -> None:
        self.kernel = kernel
        self.replies: list[dict[str, Any]] = []

    def send(self, kind: str, content: dict[str, Any]) -> str:
        message = self.kernel.client.session.msg(kind, content)
        self.kernel.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def execute(self, code: str) -> str:
        flags = {"silent": False, "store_history": True, "stop_on_error": True}
        content = {"code": code, "user_expressions": {}, "allow_stdin": True, **flags}
        return self.send("execute_request", content)

    def reply(self, request: str) -> dict[str, Any]:
        """The reply to a request; `replies` keeps all in the order in which they came."""
        while True:
            message = self.kernel.client.get_shell_msg(timeout=TIMEOUT_S)
            self.replies.append(message)
            if message["parent_header"]["msg_id"] == request:
                return dict(message["content"])

    def heard(self, request: str) -> Iterator[dict[str, Any]]:
        """What is published for a request until it is idle."""
        while True:
            message = self.kernel.client.get_iopub_msg(timeout=TIMEOUT_S)
            if message["parent_header"].get("msg_id") == request:
                yield message
                if message["content"].get("execution_state") == "idle":
                    return

    def wait_until_shown(self, request: str) -> None:
        assert any(message["msg_type"] == "display_data" for message in self.heard(request))


def model_id(kernel: LiveKernel) -> str:
    return kernel.run("print(button.model_id)").text.strip()


def click(channel: Channel, comm_id: str) -> str:
    data = {"method": "custom", "content": {"event": "click"}}
    return channel.send("comm_msg", {"comm_id": comm_id, "data": data})


def test_views_are_answered_and_cells_keep_their_turn(kernel: LiveKernel, slow: Server) -> None:
    channel = Channel(kernel)
    comm_id = model_id(kernel)
    kernel.run("clicks.clear()")
    run = channel.execute("%%kimi --out run\nlesson long 30")
    channel.wait_until_shown(run)
    after = [channel.execute(code) for code in ("order = [1]", "order += [2]")]
    asked = channel.send("comm_info_request", {"target_name": "jupyter.widget"})
    assert comm_id in channel.reply(asked)["comms"]
    asked = channel.send("kernel_info_request", {})
    assert channel.reply(asked)["status"] == "ok"
    kinds = [message["msg_type"] for message in channel.heard(click(channel, comm_id))]
    assert kinds == ["status", "status"], "what a callback prints belongs to the busy cell"
    assert all("execute" not in message["msg_type"] for message in channel.replies)
    kernel.interrupt()
    assert channel.reply(run)["status"] == "ok"
    assert [channel.reply(request)["status"] for request in after] == ["ok", "ok"]
    assert "[1, 2] [1] stopped" in kernel.run("print(order, clicks, run.finished.reason)").text


def test_a_stop_ends_a_callback_that_hangs(kernel: LiveKernel, slow: Server) -> None:
    channel = Channel(kernel)
    comm_id = model_id(kernel)
    kernel.run("hang = True; clicks.clear()")
    run = channel.execute("%%kimi --out run\nlesson long 30")
    channel.wait_until_shown(run)
    click(channel, comm_id)
    assert any("clicked" in str(m["content"].get("text")) for m in channel.heard(run))
    kernel.interrupt()
    assert channel.reply(run)["status"] == "ok"
    assert "[1] stopped" in kernel.run("hang = False; print(clicks, run.finished.reason)").text


def test_a_question_on_the_control_channel_leaves_the_kernel_busy(
    kernel: LiveKernel, slow: Server
) -> None:
    channel = Channel(kernel)
    run = channel.execute("%%kimi --out run\nlesson long 30")
    channel.wait_until_shown(run)
    message = kernel.client.session.msg(REQUEST, {"action": "ready", "request_id": "q"})
    kernel.client.control_channel.send(message)
    states = (m["content"] for m in iter_iopub(kernel) if m["msg_type"] == "status")
    assert next(s for s in states if s["execution_state"] == "idle")
    assert next(states)["execution_state"] == "busy"
    kernel.interrupt()
    assert channel.reply(run)["status"] == "ok"


def iter_iopub(kernel: LiveKernel) -> Iterator[dict[str, Any]]:
    while True:
        yield kernel.client.get_iopub_msg(timeout=TIMEOUT_S)


def test_a_busy_cell_of_ones_own_answers_nobody(kernel: LiveKernel) -> None:
    """The positive control: without the pump a question waits for the end of the cell."""
    channel = Channel(kernel)
    comm_id = model_id(kernel)
    kernel.run("clicks.clear()")
    run = channel.execute("import time\nfor _ in range(100): time.sleep(0.01)\nprint(len(clicks))")
    click(channel, comm_id)
    asked = channel.send("comm_info_request", {"target_name": "jupyter.widget"})
    shown = [m["content"]["text"] for m in channel.heard(run) if m["msg_type"] == "stream"]
    assert shown == ["0\n"]
    channel.reply(asked)
    assert [m["msg_type"] for m in channel.replies] == ["execute_reply", "comm_info_reply"]
    with pytest.raises(Empty):
        kernel.client.get_shell_msg(timeout=0)
