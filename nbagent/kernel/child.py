"""A kernel of its own as an executor, for agents in scripts: no notebook's variables are there.

It starts with the first code and ends with `close`. Functions are called in this process. A
kernel that ignores interrupts for long is ended, which never happens to the live kernel.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import TextIOBase
from queue import Empty
from subprocess import DEVNULL
from typing import Any, Literal

from jupyter_client.manager import KernelManager

from nbagent.clock import Clock
from nbagent.kernel.calling import Outcome, called, text_of_error
from nbagent.kernel.interrupts import REPEAT_S, Interrupts
from nbagent.kernel.sink import Sink
from nbagent.kernel.spill import Spill
from nbagent.ports import Execution, OnOutput

START_S = 60.0
POLL_S = 0.05
END_AFTER_S = 10.0
"""How long a kernel may ignore interrupts before it is ended."""

ENDED = "The kernel ended while this ran; its variables are gone. The next code starts a new one."


class ChildKernel:
    """Runs code in a child process; an `Executor`.

    Args:
        clock: the one clock.
        interrupts: the run's; a stop reaches the child through it.
        redact: whole outputs pass it on their way to disk.
    """

    def __init__(
        self,
        clock: Clock,
        interrupts: Interrupts | None = None,
        redact: Callable[[str], str] = str,
    ) -> None:
        self._clock = clock
        self._interrupts = interrupts or Interrupts()
        self._redact = redact
        self._manager: Any = None
        self._client: Any = None
        self._stopped = False

    @property
    def alive(self) -> bool:
        """Whether code can be run now: always, since a kernel that ended is started anew."""
        return True

    @property
    def interrupted(self) -> bool:
        """Whether a stop has come, heeded or not yet; from any thread."""
        return self._stopped or self._interrupts.pending

    def interrupt(self) -> None:
        """Stop what is running, from any thread."""
        self._stopped = True
        self._interrupts.interrupt()

    def close(self) -> None:
        """End the kernel."""
        if self._manager is not None:
            self._client.stop_channels()
            self._manager.shutdown_kernel(now=True)
            self._manager = self._client = None

    def execute(self, code: str, on_output: OnOutput, limit_s: float | None = None) -> Execution:
        """Run code in the child; `value` and `changes` stay empty: they are in its process."""
        begun = self._clock.now()
        self._start()
        self._stopped = False
        sink = self._sink(on_output)
        with self._interrupts:
            turn = _Turn(self._client.execute(code, allow_stdin=False), sink)
            why = self._attend(turn, limit_s)
        outputs, cut_bytes, spill = sink.finish()
        return Execution(
            outputs=outputs,
            error=turn.error,
            interrupted=why == "stop",
            timed_out=why == "limit",
            wall_s=self._clock.now() - begun,
            cut_bytes=cut_bytes,
            spill=spill,
            notes=(ENDED,) if turn.kernel_ended else (),
        )

    def invoke(
        self, function: Callable[[], object], on_output: OnOutput, limit_s: float | None = None
    ) -> Execution:
        """Call a function in this process; what it prints is captured."""
        begun = self._clock.now()
        sink = self._sink(on_output)
        window = self._interrupts.armed()
        outcome = Outcome()
        with self._interrupts, self._interrupts.limit(limit_s):
            try:
                with (
                    window,
                    redirect_stdout(_Writer(sink, "stdout")),
                    redirect_stderr(_Writer(sink, "stderr")),
                ):
                    outcome = called(function, sink, asyncio.run)
            except KeyboardInterrupt as stopped:
                outcome = Outcome(error=stopped)
        outputs, cut_bytes, spill = sink.finish()
        error = outcome.error
        return Execution(
            outputs=outputs,
            value=outcome.value,
            error=(type(error).__name__, text_of_error(error)) if error else None,
            interrupted=window.struck == "stop",
            timed_out=window.struck == "limit",
            wall_s=self._clock.now() - begun,
            cut_bytes=cut_bytes,
            spill=spill,
        )

    def _sink(self, on_output: OnOutput) -> Sink:
        return Sink(on_output, self._clock, self._interrupts.shielded, Spill(self._redact))

    def _start(self) -> None:
        if self._manager is not None:
            return
        self._manager = KernelManager()
        self._manager.start_kernel(stdout=DEVNULL, stderr=DEVNULL)
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=START_S)

    def _attend(self, turn: _Turn, limit_s: float | None) -> Literal["", "stop", "limit"]:
        """Receive outputs until the code ends; pass on a stop or the end of the time limit."""
        why: Literal["", "stop", "limit"] = ""
        begun = asked = self._clock.now()
        while not turn.over:
            self._receive(turn)
            now = self._clock.now()
            if why and now - begun > END_AFTER_S:
                turn.kernel_ended = turn.over = True
                self.close()
            elif why and now - asked < REPEAT_S:
                continue
            elif why or self._stopped or self._interrupts.stopped:
                begun, asked, why = begun if why else now, now, why or "stop"
                self._manager.interrupt_kernel()
            elif limit_s is not None and now - begun >= limit_s:
                begun, asked, why = now, now, "limit"
                self._manager.interrupt_kernel()
        return why

    def _receive(self, turn: _Turn) -> None:
        try:
            turn.take(self._client.get_iopub_msg(timeout=POLL_S))
        except Empty:
            turn.tick()
            if not self._manager.is_alive():
                turn.error = ("KernelEnded", ENDED)
                turn.kernel_ended = turn.over = True
                self.close()


class _Turn:
    """One execute request: sorts the kernel's messages into a sink until it is idle again."""

    def __init__(self, message_id: str, sink: Sink) -> None:
        self._id = message_id
        self._sink = sink
        self.over = False
        self.kernel_ended = False
        self.error: tuple[str, str] | None = None

    def tick(self) -> None:
        """Show text that waits."""
        self._sink.tick()

    def take(self, message: dict[str, Any]) -> None:
        """Take a message of the IOPub channel."""
        if message["parent_header"].get("msg_id") != self._id:
            return
        kind, content = message["msg_type"], message["content"]
        if kind == "status":
            self.over = content["execution_state"] == "idle"
        elif kind == "stream":
            self._sink.stream(content["name"], content["text"])
        elif kind == "error":
            self.error = (content["ename"], content["evalue"])
            self._sink.error(*self.error, content["traceback"])
        elif kind == "clear_output":
            self._sink.clear(wait=content["wait"])
        elif kind in ("display_data", "execute_result", "update_display_data"):
            display_id = content.get("transient", {}).get("display_id", "")
            data, metadata = content["data"], content["metadata"]
            if kind == "update_display_data":
                self._sink.update(data, metadata, display_id)
            else:
                self._sink.rich(kind, data, metadata, display_id)


class _Writer(TextIOBase):
    """A text stream that leads to a sink."""

    def __init__(self, sink: Sink, name: str) -> None:
        self._sink = sink
        self._name = name

    def writable(self) -> bool:
        """It can be written to."""
        return True

    def write(self, text: str) -> int:
        """Pass text on."""
        self._sink.stream(self._name, text)
        return len(text)
