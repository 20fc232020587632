"""The mailbox: what views ask of runs, whichever way it arrives; each command is done once.

A command is `{"run_id", "request_id", "action", …}`. A view sends it over its comm and, where the
front end lets it, over the kernel's control channel, which is read even while a cell is busy. A
run's commands go to the handler that was put up for it; the second copy of a command gets the
first one's answer, or, of one that only reads, an answer of its own. Handlers run on the thread
that delivers: they set flags and read snapshots, and touch neither figures nor the user's
variables.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

Command: TypeAlias = Mapping[str, Any]
Handler: TypeAlias = Callable[[str, Command], Any]
"""Takes the action and the whole command, returns JSON values; `LookupError` means "no such"."""

REQUEST, REPLY = "nbagent_request", "nbagent_reply"
KEPT_ANSWERS = 200
READING = {
    *("bundle", "find", "snapshot", "request", "steps", "moves", "move", "fork_facts"),
    *("runs", "export", "complete", "words"),
}
"""Commands that change nothing; their answers, which may be large, are not kept."""


class Mailbox:
    """Delivers commands to runs."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._answers: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._lock = threading.RLock()

    def put_up(self, run_id: str, handler: Handler) -> None:
        """Let commands for a run go to `handler` from now on."""
        self._handlers[run_id] = handler

    def deliver(self, command: Command) -> dict[str, Any]:
        """Carry out a command, or repeat the answer if it was carried out before."""
        run_id, request_id = str(command.get("run_id")), str(command.get("request_id"))
        with self._lock:
            if request_id in self._answers:
                return self._answers[request_id]
            answer = {"nbagent": 1, "type": "reply", "run_id": run_id, "request_id": request_id}
            handler = self._handlers.get(run_id, _unknown)
            try:
                answer |= {"ok": True, "data": handler(str(command.get("action")), command)}
            except LookupError as error:
                answer |= {"ok": False, "error": str(error)}
            if command.get("action") not in READING:
                self._answers[request_id] = answer
            while len(self._answers) > KEPT_ANSWERS:
                self._answers.popitem(last=False)
            return answer

    def listen(self, shell: Any, is_busy: Callable[[], bool] = lambda: False) -> bool:
        """Answer `nbagent_request` on the kernel's control channel; False if it has none.

        On the shell channel it is answered too: in its turn, before the cell that is sent next.

        Args:
            shell: the IPython shell.
            is_busy: whether a run keeps its cell busy. Every message on the control channel ends
                with the status "idle", which front ends take for the whole kernel's.
        """
        kernel = getattr(shell, "kernel", None)
        handlers = getattr(kernel, "control_handlers", None)
        if kernel is None or not isinstance(handlers, dict):
            return False

        async def answer(stream: Any, ident: Any, parent: dict[str, Any]) -> None:
            content = self.deliver(parent.get("content") or {})
            kernel.session.send(stream, REPLY, content, parent, ident=ident)
            if is_busy() and hasattr(kernel, "_publish_status"):
                busy = partial(kernel._publish_status, "busy", "shell")  # noqa: SLF001 -- no public way
                asyncio.get_running_loop().call_soon(busy)  # after the "idle" of this message

        handlers[REQUEST] = kernel.shell_handlers[REQUEST] = answer
        return True


def _unknown(_action: str, _command: Command) -> Any:
    raise LookupError("this kernel does not know the run")
