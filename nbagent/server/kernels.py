"""The kernels of this server: where they keep their runs, and how one of them is asked to stop one.

They are asked over their control channel, which is read while a cell is busy, with the same
message as a page sends; a kernel without nbagent does not answer.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from jupyter_server.gateway.gateway_client import GatewayClient
from zmq import ZMQError

from nbagent.phrases import plural

REQUEST = "nbagent_request"
WAIT_S = 3.0
"""How long a kernel may take to answer, in seconds."""
_PLACES = ("JUPYTER_DATA_DIR", "XDG_DATA_HOME", "HOME")
"""What in a kernel's environment puts its journal elsewhere."""


class Kernels:
    """The kernels of one server.

    Args:
        manager: the server's manager of kernels.
    """

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    async def place(self, journal: Mapping[str, Any]) -> dict[str, Any]:
        """What is known of where the journal is, with what the kernels make of it.

        Args:
            journal: `here` and `note`, as far as the file itself tells.
        """
        note = self._elsewhere()
        if not note:
            return dict(journal)
        said = " ".join(words for words in (journal["note"], note) if words)
        return {"here": False, "note": said}

    def _elsewhere(self) -> str:
        """Why runs of this server's kernels are not in the journal, '' if they are."""
        if remote := self._gateway():
            return (
                f"This server's kernels run at {remote}, and their runs are kept on that machine. "
                "They show here while their kernel lives; what is listed besides was run here."
            )
        odd = sorted({name for kernel in self._kernels() for name in _moved(kernel)})
        if odd:
            return (
                f"A kernel of this server has a data directory of its own ({', '.join(odd)} is set "
                "in its kernel spec). Its runs are kept there and show here while it lives."
            )
        return ""

    def _gateway(self) -> str:
        """The host on which the kernels run, '' if that is this one."""
        gateway = GatewayClient.instance()
        return str(gateway.url or gateway.ws_url) if gateway.gateway_enabled else ""

    def _kernels(self) -> Iterator[Any]:
        for kernel_id in self._manager.list_kernel_ids():
            yield self._manager.get_kernel(kernel_id)

    async def stop(self, run_id: str) -> tuple[bool, str]:
        """Ask the kernels, all at once, to stop a run.

        Returns:
            Whether one of them has taken it, and what to say if not.
        """
        if remote := self._gateway():
            return False, (
                f"This server's kernels run at {remote}, where it cannot ask them. Stop the run in "
                "its notebook, or interrupt its kernel."
            )
        asked = [asyncio.create_task(_answer(kernel, run_id)) for kernel in self._kernels()]
        n_silent = 0
        try:
            for answered in asyncio.as_completed(asked):
                answer = await answered
                if answer and answer.get("ok"):
                    return True, ""
                n_silent += answer is None
        finally:
            for task in asked:
                task.cancel()
        if not asked:
            return False, "This server has no kernel, so none that could stop the run."
        silent = f" {plural(n_silent, 'kernel')} did not answer." if n_silent else ""
        return False, f"No kernel of this server goes on with the run.{silent}"


async def _answer(kernel: Any, run_id: str) -> Mapping[str, Any] | None:
    """A kernel's answer; None if it gives none in time, has ended, or has only begun."""
    try:
        async with asyncio.timeout(WAIT_S):
            return await _ask(kernel, run_id)
    except (TimeoutError, RuntimeError, OSError, ZMQError):
        return None


def _moved(kernel: Any) -> Iterator[str]:
    """Which settings of a kernel's spec put its data elsewhere than this server's."""
    spec = getattr(kernel, "kernel_spec", None)
    env: Mapping[str, str] = getattr(spec, "env", None) or {}
    for name in _PLACES:
        if name in env and os.path.expandvars(env[name]) != os.environ.get(name):
            yield name


async def _ask(kernel: Any, run_id: str) -> Mapping[str, Any]:
    """Ask a kernel to stop a run; one without nbagent never answers."""
    client = kernel.client()
    client.start_channels(shell=False, iopub=False, stdin=False, hb=False, control=True)
    try:
        content = {"run_id": run_id, "request_id": secrets.token_hex(8), "action": "stop"}
        message = client.session.msg(REQUEST, content)
        client.control_channel.send(message)
        while True:
            reply = await client.control_channel.get_msg(timeout=None)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                answer: Mapping[str, Any] = reply["content"]
                return answer
    finally:
        client.stop_channels()
