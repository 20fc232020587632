"""A real kernel behind a small front end: runs cells, collects outputs, answers prompts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty
from typing import Any

from jupyter_client.manager import start_new_kernel

TIMEOUT_S = 60


@dataclass
class Cell:
    """What came of a cell: outputs in nbformat's shape, its reply, and the prompts it put."""

    outputs: list[dict[str, Any]] = field(default_factory=list)
    reply: dict[str, Any] = field(default_factory=dict)
    prompts: list[str] = field(default_factory=list)
    n_updates: int = 0

    def ends_with(self, stream: str) -> bool:
        """Whether its last output is a text of this stream."""
        return bool(self.outputs) and self.outputs[-1].get("name") == stream

    @property
    def text(self) -> str:
        """All stream text and plain text, for looking into."""
        parts = []
        for output in self.outputs:
            parts.append(output.get("text") or "")
            parts.append((output.get("data") or {}).get("text/plain", ""))
            parts.append(output.get("evalue") or "")
        return "\n".join(parts)

    @property
    def traces(self) -> list[dict[str, Any]]:
        """The bundles that carry our JSON."""
        mime = "application/vnd.nbagent.trace+json"
        return [o["data"] for o in self.outputs if mime in (o.get("data") or {})]


class LiveKernel:
    """A kernel and the client of an imaginary front end.

    Args:
        env: environment variables of the kernel beside the test's own.
    """

    def __init__(self, env: dict[str, str] | None = None) -> None:
        import os  # noqa: PLC0415 -- the environment as it is when the kernel starts

        self.manager, self.client = start_new_kernel(env=os.environ | (env or {}))
        self.cell = Cell()
        """The cell that ran last, or was running when the kernel died."""

    def look_at(self, message: dict[str, Any]) -> None:
        """Look at a message of the cell that runs; for a front end that does more."""

    def run(
        self,
        code: str,
        *,
        cell_id: str = "",
        answer: Callable[[str], str] | None = None,
        on_output: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> Cell:
        """Run a cell; with `answer` the front end takes prompts, without it is headless."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": answer is not None,
            "stop_on_error": True,
        }
        message = self.client.session.msg("execute_request", content)
        message["metadata"] = {"cellId": cell_id} if cell_id else {}
        self.client.shell_channel.send(message)
        cell, names = Cell(), dict[str, int]()
        self.cell = cell
        while not self._take(cell, names, message["header"]["msg_id"], answer, on_output):
            pass
        cell.reply = self._reply(message["header"]["msg_id"])
        self._take(cell, names, message["header"]["msg_id"], None, on_output)  # a late output
        return cell

    def _reply(self, parent: str) -> dict[str, Any]:
        """The reply to a request; those to others are passed over."""
        while True:
            message = self.client.get_shell_msg(timeout=TIMEOUT_S)
            if message["parent_header"].get("msg_id") == parent:
                return dict(message["content"])

    def _take(
        self, cell: Cell, names: dict[str, int], parent: str, answer: Any, on_output: Any
    ) -> bool:
        """Take one message; True when the kernel is idle again."""
        if answer is not None:
            self._answer(cell, answer)
        try:
            message = self.client.get_iopub_msg(timeout=0.1)
        except Empty:
            assert self.manager.is_alive(), "the kernel has died"
            return False
        if message["parent_header"].get("msg_id") != parent:
            return False
        self.look_at(message)
        kind, content = message["msg_type"], message["content"]
        if kind == "status":
            return bool(content["execution_state"] == "idle")
        display_id = (content.get("transient") or {}).get("display_id")
        if kind == "update_display_data":
            cell.n_updates += 1
            cell.outputs[names[display_id]] |= {"data": content["data"]}
            on_output(content)
        elif kind == "stream" and cell.ends_with(content["name"]):
            cell.outputs[-1]["text"] += content["text"]  # a text may come in pieces
            on_output(content)
        elif kind in {"stream", "display_data", "execute_result", "error"}:
            cell.outputs.append({"output_type": kind, **content})
            if display_id:
                names[display_id] = len(cell.outputs) - 1
            on_output(content)
        return False

    def _answer(self, cell: Cell, answer: Callable[[str], str]) -> None:
        try:
            request = self.client.get_stdin_msg(timeout=0)
        except Empty:
            return
        cell.prompts.append(request["content"]["prompt"])
        self.client.input(answer(request["content"]["prompt"]))

    def interrupt(self) -> None:
        """Interrupt, as the toolbar's stop button does."""
        self.manager.interrupt_kernel()

    def close(self) -> None:
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
