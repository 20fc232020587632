"""A real kernel whose cells run tool code: what came of it, and what leaked into the cell."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.manager import KernelManager

SETUP = """
from nbagent.clock import SystemClock as _Clock
from nbagent.kernel.interrupts import Interrupts as _Interrupts
from nbagent.kernel.shell import LiveShell as _LiveShell
_stops, _live = [], []
_interrupts = _Interrupts(lambda: _stops.append(1))
_executor = _LiveShell(get_ipython(), _Clock(), _interrupts)

def _told(execution):
    import dataclasses, json
    facts = dataclasses.asdict(dataclasses.replace(execution, value=repr(execution.value)[:200]))
    print("TOLD" + json.dumps(facts, default=repr))

def _tool(code, limit_s=None):
    _live.clear()
    _told(_executor.execute(code, _live.append, limit_s))

def _call(function, limit_s=None):
    _live.clear()
    _told(_executor.invoke(function, _live.append, limit_s))
"""


@dataclass
class Cell:
    """What a cell showed."""

    outputs: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""

    @property
    def stdout(self) -> str:
        return "".join(o["text"] for o in self.outputs if o.get("name") == "stdout")


@dataclass
class Told:
    """An execution as the kernel told it, and what the cell showed besides."""

    facts: dict[str, Any]
    leaked: list[dict[str, Any]]

    def __getattr__(self, name: str) -> Any:
        return self.facts[name]

    @property
    def text(self) -> str:
        return "".join(o["text"] for o in self.outputs if o["output_type"] == "stream")

    @property
    def shape(self) -> list[str]:
        """The outputs in order: stream names, else output types."""
        return [o.get("name") or o["output_type"] for o in self.outputs]

    @property
    def bundles(self) -> list[dict[str, Any]]:
        return [o["data"] for o in self.outputs if "data" in o]


class LiveKernel:
    """A kernel process with an executor in it."""

    def __init__(self, folder: Path) -> None:
        self.manager = KernelManager()
        self.manager.start_kernel(cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        assert self.cell(SETUP).error == ""
        self.tool("import asyncio as _a; await _a.sleep(0)")  # what a first call imports

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def send(self, code: str, **options: Any) -> str:
        return str(self.client.execute(code, allow_stdin=False, **options))

    def cell(self, code: str) -> Cell:
        return self.wait(self.send(code))

    def wait(self, request: str) -> Cell:
        """Read until the kernel is idle after `request`."""
        cell = Cell()
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return cell
            if kind == "error":
                cell.error = f"{content['ename']}: {content['evalue']}"
            if kind in ("stream", "display_data", "execute_result", "error", "clear_output"):
                cell.outputs.append({"output_type": kind, **content})

    def tool(self, code: str, limit_s: float | None = None) -> Told:
        return self.told(self.send(f"_tool({code!r}, {limit_s!r})"))

    def told(self, request: str) -> Told:
        cell = self.wait(request)
        before, _, after = cell.stdout.partition("TOLD")
        assert after, cell
        facts, _, rest = after.partition("\n")
        leaked = [o for o in cell.outputs if o.get("name") != "stdout"]
        leaked += [{"text": text} for text in (before, rest) if text]
        return Told(json.loads(facts), leaked)

    def wait_for_status(self, request: str, state: str) -> None:
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            status = message["content"].get("execution_state")
            if message["parent_header"].get("msg_id") == request and status == state:
                return

    def reply(self, request: str) -> dict[str, Any]:
        while True:
            message = self.client.get_shell_msg(timeout=60)
            if message["parent_header"].get("msg_id") == request:
                return dict(message["content"])

    def quiet(self) -> bool:
        """Whether no message is waiting."""
        try:
            self.client.get_iopub_msg(timeout=0)
        except Empty:
            return True
        return False


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so; pytest's own time limit ends a wait in vain."""
    pause = threading.Event()
    while not condition():
        pause.wait(0.005)
