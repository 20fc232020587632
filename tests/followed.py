"""A run in a real kernel, followed as a view does, brought into a state, and stopped.

`STATES` are the states in which a run can be stopped, `WAYS` the ways in which a stop comes.
"""

from __future__ import annotations

import math
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nbagent.clock import SystemClock
from nbagent.kernel.mailbox import REQUEST
from nbagent.lessons import control
from nbagent.lessons.process import Server, ensure
from nbagent.magics.live import WIDGET_MIME
from nbagent.trace import TRACE_MIME
from tests.live_kernel import TIMEOUT_S, LiveKernel

CLOCK = SystemClock()
START = """%load_ext nbagent
%kimi use lesson
import socket, threading
door = socket.create_server(("127.0.0.1", 0))
session = get_ipython().magics_manager.registry["KimiMagics"].session
def stop_on_call():
    while True:
        peer, _ = door.accept()
        list(session.runs.values())[-1].stop()
        peer.close()
threading.Thread(target=stop_on_call, daemon=True).start()
print("port", door.getsockname()[1])"""
WORDS = "word " * 600
SLOW = (60.0, 0.02)
"""Tokens per second and seconds to the first one, where a reply is to be stopped in its midst."""


def turn(content: str = "", code: str = "", reasoning: str = "So.") -> dict[str, Any]:
    calls = [["run_python", {"code": code}]] if code else []
    return {"kind": "turn", "reasoning": reasoning, "content": content, "calls": calls}


def tool(code: str) -> dict[str, Any]:
    return turn(code=f"print('begun', flush=True)\n{code}")


Events = list[dict[str, Any]]


def _streams(phase: str) -> Callable[[Events], bool]:
    return lambda events: sum(e["kind"] == "delta" and e["phase"] == phase for e in events) > 1


def _has(kind: str) -> Callable[[Events], bool]:
    return lambda events: any(e["kind"] == kind for e in events)


IN_TOOL = _has("tool_output")


@dataclass(frozen=True)
class State:
    """What the model is to do, and when the run is there."""

    order: dict[str, Any]
    reached: Callable[[Events], bool] = IN_TOOL
    pace: tuple[float, float] = (math.inf, 0.0)
    options: str = "--ask never"

    @property
    def in_tool(self) -> bool:
        return self.reached is IN_TOOL


STATES: Mapping[str, State] = {
    "first token": State(turn("Yes."), _has("step_started"), (60.0, 20.0)),
    "reasoning": State(turn("Yes.", reasoning=WORDS), _streams("reasoning"), SLOW),
    "answering": State(turn(WORDS), _streams("answer"), SLOW),
    "arguments": State(turn(code=f"# {WORDS}"), _streams("arguments"), SLOW),
    "approval": State(
        turn(code="import shutil\nshutil.rmtree('away')"), _has("approval_asked"), options=""
    ),
    "tool: Python": State(tool("n = 0\nwhile True:\n    n += 1")),
    "tool: await": State(tool("import asyncio\nawait asyncio.sleep(600)")),
    "tool: subprocess": State(tool("import subprocess\nsubprocess.run(['sleep', '600'])")),
    "retry": State(
        {"kind": "rate_limit", "text": "TPM", "retry_after": 1}, _has("retry_scheduled")
    ),
}
DEAF: Mapping[str, State] = {
    "C call": State(tool("import hashlib\nhashlib.pbkdf2_hmac('sha256', b'x', b'y', 9_000_000)")),
    "swallows": State(
        turn(
            code="import time\nend = time.time() + 5\nwhile time.time() < end:\n    try:\n"
            "        print('begun', flush=True)\n        time.sleep(end - time.time())\n"
            "    except KeyboardInterrupt:\n        pass"
        )
    ),
}
"""Tools that do not let go: they end by themselves after some seconds."""


@dataclass(eq=False)
class Followed:
    """A run as a view follows it: `events` is what the run's comm has brought."""

    kernel: LiveKernel
    port: int
    msg_id: str
    events: Events = field(default_factory=list)
    run_id: str = ""
    comm_id: str = ""

    def until(self, reached: Callable[[Events], bool]) -> None:
        while not reached(self.events):
            self._read()

    def until_idle(self) -> None:
        """Wait for the cell's end, and its reply."""
        parent = ""
        while parent != self.msg_id:
            reply = self.kernel.client.get_shell_msg(timeout=TIMEOUT_S)
            parent = reply["parent_header"].get("msg_id")

    def _read(self) -> None:
        message = self.kernel.client.get_iopub_msg(timeout=TIMEOUT_S)
        content = message["content"]
        data = content.get("data") or {}
        if message["msg_type"] == "display_data" and TRACE_MIME in data and not self.run_id:
            self.run_id = data[TRACE_MIME]["run_id"]
            self.comm_id = data[WIDGET_MIME]["model_id"]
            self.command("ready")
        told = data.get("content") or {}
        if message["msg_type"] == "comm_msg" and content["comm_id"] == self.comm_id:
            self.events += told.get("events", []) if told.get("type") == "events" else []

    def command(self, action: str, **fields: Any) -> None:
        """Send a command on the control channel."""
        client = self.kernel.client
        client.control_channel.send(client.session.msg(REQUEST, self._command(action) | fields))

    def by_comm(self, action: str, *, subshell: str = "", **fields: Any) -> None:
        """Send a command as a message of the widget's comm, on the shell channel."""
        data = {"method": "custom", "content": self._command(action) | fields}
        self._shell("comm_msg", {"comm_id": self.comm_id, "data": data}, subshell)

    def by_cell(self, code: str) -> None:
        self._shell("execute_request", {"code": code, "silent": False, "store_history": False})

    def by_thread(self) -> None:
        """Have another thread of the kernel call `run.stop()`."""
        socket.create_connection(("127.0.0.1", self.port)).close()

    def _command(self, action: str) -> dict[str, Any]:
        request_id = f"{self.run_id} {action} {CLOCK.now()}"
        return {"run_id": self.run_id, "request_id": request_id, "action": action, "by": "renderer"}

    def _shell(self, kind: str, content: dict[str, Any], subshell: str = "") -> None:
        client = self.kernel.client
        message = client.session.msg(kind, content)
        if subshell:
            message["header"]["subshell_id"] = subshell
        client.shell_channel.send(message)


FINISHED = _has("run_finished")
STOP_ASKED = _has("stop_asked")
WAYS: Mapping[str, Callable[[Followed], None]] = {
    "control": lambda run: run.command("stop"),
    "comm": lambda run: run.by_comm("stop"),
    "interrupt": lambda run: run.kernel.interrupt(),
    "thread": lambda run: run.by_thread(),
}
BACKGROUND_WAYS: Mapping[str, Callable[[Followed], None]] = {
    "control": WAYS["control"],
    "comm": WAYS["comm"],
    "interrupt": WAYS["interrupt"],
    "%kimi stop": lambda run: run.by_cell("%kimi stop"),
    "run.stop()": lambda run: run.by_cell("run.stop()"),
}


def can_stop(way: str, state: State, *, background: bool) -> bool:
    """Whether a stop can take in a state before the tool that runs there has ended by itself.

    The shell channel is not read while tool code has the main thread, so neither a message of the
    comm nor a cell arrives; an interrupt stops what is on the stack, which in the background is
    nothing unless a tool runs.
    """
    if state.in_tool:
        return way in ("control", "interrupt", "thread")
    return not (background and way == "interrupt")


class Place:
    """A kernel with nbagent, and the lesson server that its runs talk to."""

    def __init__(self, env: dict[str, str] | None = None) -> None:
        self.server: Server = ensure(CLOCK)
        self.kernel = LiveKernel(env)
        said = self.kernel.run(START).text
        self.port = int(said.rpartition("port ")[2])

    def begin(self, state: State, *, background: bool = False) -> Followed:
        """Begin a run in a new conversation and wait until it is in the state."""
        control.clear(self.server)
        control.set_pace(self.server, *state.pace)
        control.order(self.server, state.order)
        line = f"%%kimi -n --out run {state.options} {'--bg' if background else ''}"
        content = {"code": f"{line}\nGo on.", "silent": False, "store_history": True}
        flags = {"user_expressions": {}, "allow_stdin": True, "stop_on_error": True}
        message = self.kernel.client.session.msg("execute_request", content | flags)
        self.kernel.client.shell_channel.send(message)
        followed = Followed(self.kernel, self.port, message["header"]["msg_id"])
        followed.until(state.reached)
        return followed

    def goes_on(self) -> bool:
        """Whether the next request of the conversation is accepted by the server's judge."""
        control.clear(self.server)
        control.set_pace(self.server, math.inf)
        control.order(self.server, turn("Again."))
        self.kernel.run("%%kimi --out after\nAnd now?", answer=str)
        said = self.kernel.run(
            "line = [turn.run for turn in session.conversations['main'].line()]\n"
            "print(after.finished.reason, line == [run, after])"
        )
        statuses = [entry["status"] for entry in control.ledger(self.server)]
        return statuses == [200] and said.text.strip() == "answer True"

    def close(self) -> None:
        control.set_pace(self.server, math.inf)
        self.kernel.close()
