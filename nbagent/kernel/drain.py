"""Answers views and widgets while a cell is busy, on every front end.

A kernel reads its shell channel between cells, so a click on a widget waits until the run is over,
and a page that was loaded anew cannot find its widgets. The pump therefore looks at the messages
that wait there: those of comms, and the two questions with which a page begins, are handled at
once; all others are put back in their order and run after the cell, as if nobody had looked.

This is the one module that reaches for ipykernel's message streams (6 and 7 keep them in different
places). Where they are not as expected nothing is read, and the control channel, the interrupt and
the prompt remain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from nbagent.kernel.interrupts import Interrupts

NOW = {"comm_open", "comm_msg", "comm_close", "comm_info_request", "kernel_info_request"}
"""Message types that are handled at once: none of them runs a cell."""


class ShellDrain:
    """Reads what waits on the kernel's shell channel; for the main thread, within a cell.

    Args:
        shell: the IPython shell.
        interrupts: lets a stop end a widget's callback that hangs.
    """

    def __init__(self, shell: Any, interrupts: Interrupts) -> None:
        self._shell = shell
        self._interrupts = interrupts
        self._kernel: Any = getattr(shell, "kernel", None)
        self._stream = _stream_of(self._kernel)
        self._later: set[asyncio.Future[Any]] = set()

    def drain(self) -> None:
        """Handle what is waiting and concerns views; keep the rest for after the cell."""
        if self._stream is None:
            return
        for frames in _waiting(self._stream.socket):
            if self._type_of(frames) not in NOW:
                self._put_back(frames)
                continue
            try:
                with self._interrupts, self._interrupts.armed(self._shell.user_ns):
                    self._handle(frames)
            except KeyboardInterrupt:
                continue  # the stop is noted; the callback has ended

    def _type_of(self, frames: list[Any]) -> str:
        """A message's type; '' for one that cannot be read, which is left to the kernel."""
        session = self._kernel.session
        try:
            _, parts = session.feed_identities(frames, copy=False)
            header = session.deserialize(parts, content=False, copy=False)["header"]
        except (ValueError, IndexError, KeyError, TypeError):
            return ""
        return str(header.get("msg_type"))

    def _put_back(self, frames: list[Any]) -> None:
        """Do what the kernel's loop would have done with a message."""
        coming = self._stream._recv_callback(frames)  # noqa: SLF001 -- no public way
        if asyncio.iscoroutine(coming):
            task = asyncio.ensure_future(coming)
            self._later.add(task)  # a loop holds its tasks weakly
            task.add_done_callback(self._later.discard)

    def _handle(self, frames: list[Any]) -> None:
        """Handle a message as the kernel does, but leave the busy cell the parent of output."""
        kernel = self._kernel
        ident, parts = kernel.session.feed_identities(frames, copy=False)
        message = kernel.session.deserialize(parts, content=True, copy=False)
        replies = _replies_of(kernel)
        kernel._publish_status("busy", "shell", message)  # noqa: SLF001 -- no public way
        try:
            answer = kernel.shell_handlers[message["header"]["msg_type"]](replies, ident, message)
            if asyncio.iscoroutine(answer):
                _at_once(answer)
        finally:
            _flush(replies)
            kernel._publish_status("idle", "shell", message)  # noqa: SLF001 -- same
            kernel._publish_status("busy", "shell")  # noqa: SLF001 -- the cell is not over


def _stream_of(kernel: Any) -> Any:
    """The stream whose messages the main thread handles; None if it is not as expected."""
    manager = getattr(getattr(kernel, "shell_channel_thread", None), "manager", None)
    pair = getattr(manager, "_shell_channel_to_main", None)
    stream = getattr(pair, "to_stream", None) if manager else getattr(kernel, "shell_stream", None)
    needed = ("_publish_status", "shell_handlers", "session")
    known = all(hasattr(kernel, name) for name in needed)
    return stream if known and callable(getattr(stream, "_recv_callback", None)) else None


def _replies_of(kernel: Any) -> Any:
    """Where replies on the shell channel are sent from the main thread."""
    thread = getattr(kernel, "shell_channel_thread", None)
    if thread is None:
        return kernel.shell_stream
    return thread.manager.get_subshell_to_shell_channel_socket(None)


def _flush(replies: Any) -> None:
    """Send what a stream holds back for the loop, which is busy; a plain socket holds nothing."""
    import zmq  # noqa: PLC0415 -- there is one wherever there is a kernel

    if hasattr(replies, "flush"):
        replies.flush(zmq.POLLOUT)


def _waiting(socket: Any) -> list[list[Any]]:
    """Everything that waits on a socket now; it must be read to the end to be told of more."""
    import zmq  # noqa: PLC0415 -- there is one wherever there is a kernel

    found = []
    try:
        while True:
            found.append(socket.recv_multipart(zmq.NOBLOCK, copy=False))
    except zmq.Again:
        return found


def _at_once(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine that does not wait for anything; one that does is given up."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
