"""The live kernel as an executor: tool code runs beside the user's variables.

One call goes through the same steps each time: look at the namespace, take over output, contain,
open the armed window, run, and then everything back in reverse order. Only the code itself runs
inside the window.

Read next: `nbagent.kernel.capture`, `nbagent.kernel.interrupts`, `nbagent.kernel.aio`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from nbagent.clock import Clock
from nbagent.events import Changes, Output
from nbagent.kernel import contain, figures
from nbagent.kernel.aio import PrivateLoop, private_loop
from nbagent.kernel.calling import Outcome, called, text_of_error
from nbagent.kernel.capture import Capture
from nbagent.kernel.interrupts import Armed, Interrupts, Limit
from nbagent.kernel.late import Late
from nbagent.kernel.sink import Sink
from nbagent.kernel.sources import Sources
from nbagent.kernel.spill import Spill
from nbagent.kernel.swaps import Swaps
from nbagent.kernel.watch import Watch
from nbagent.ports import Execution, OnOutput

_HOME = "nbagent_late_output"


@dataclass(slots=True)
class _Call:
    """One call under way."""

    capture: Capture
    sink: Sink
    window: Armed
    limit: Limit
    notes: list[str] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)


class LiveShell:
    """Runs tool code in the kernel that the user works in; an `Executor`.

    Args:
        shell: the IPython shell, of ipykernel or plain.
        clock: the one clock.
        interrupts: stops and time limits go through it.
        redact: whole outputs pass it on their way to disk.
    """

    def __init__(
        self,
        shell: Any,
        clock: Clock,
        interrupts: Interrupts,
        redact: Callable[[str], str] = str,
    ) -> None:
        self._shell = shell
        self._clock = clock
        self._interrupts = interrupts
        self._redact = redact
        self._loop: PrivateLoop = private_loop(shell)
        self._late: Late = vars(shell).setdefault(_HOME, Late())
        self._sources = Sources()
        self._running = False

    @property
    def alive(self) -> bool:
        """Whether code can be run now: not while a call is under way."""
        return not self._running

    @property
    def interrupted(self) -> bool:
        """Whether a stop has come, heeded or not yet; from any thread."""
        return self._running and self._interrupts.pending

    def interrupt(self) -> None:
        """Stop what is running, from any thread."""
        self._interrupts.interrupt()

    def step(self) -> None:
        """Let what tools left running go on for a moment; a stop ends a callback that hangs."""
        if not self._loop.busy:
            return
        try:
            with self._interrupts, self._interrupts.armed(self._shell.user_ns):
                self._loop.step()
        except KeyboardInterrupt:
            return

    def execute(self, code: str, on_output: OnOutput, limit_s: float | None = None) -> Execution:
        """Run a cell's worth of code, magics and top-level await included.

        Args:
            code: the cell.
            on_output: gets outputs while the code runs; see `Sink`.
            limit_s: time limit in seconds.
        """
        return self._perform(lambda call: self._run_cell(code, call), on_output, limit_s, code)

    def invoke(
        self, function: Callable[[], object], on_output: OnOutput, limit_s: float | None = None
    ) -> Execution:
        """Call a function; an awaitable that it returns is awaited on the private loop."""
        return self._perform(lambda call: self._call(function, call), on_output, limit_s)

    def _perform(
        self,
        body: Callable[[_Call], Outcome],
        on_output: OnOutput,
        limit_s: float | None,
        code: str = "",
    ) -> Execution:
        if self._running:
            raise RuntimeError("A call is already under way in this kernel.")
        self._running = True
        begun = self._clock.now()
        try:
            with self._interrupts, self._interrupts.heard():
                call, outcome = self._prepared(body, on_output, limit_s, code)
        finally:
            self._running = False
        self._loop.keep_going()
        if self._late.threads or self._loop.busy:
            self._late.watch_streams()
        return self._execution(call, outcome, self._clock.now() - begun)

    def _prepared(
        self,
        body: Callable[[_Call], Outcome],
        on_output: OnOutput,
        limit_s: float | None,
        code: str,
    ) -> tuple[_Call, Outcome]:
        spill = Spill(self._redact)
        sink = Sink(on_output, self._clock, self._interrupts.shielded, spill)
        watch = Watch(self._shell)
        capture = Capture(self._shell, sink, self._late, code)
        window, limit = self._interrupts.armed(), self._interrupts.limit(limit_s)
        call = _Call(capture, sink, window, limit)
        contained = contain.Containment(self._shell, self._interrupts)
        watch.begin()
        with ExitStack() as around:
            around.enter_context(capture)
            around.enter_context(self._runner())
            around.enter_context(self._loop.entered())
            around.enter_context(limit)
            around.enter_context(contained)
            outcome = self._armed(body, call)
        call.changes = watch.end()
        call.notes = contained.notes + capture.notes
        return call, outcome

    def _armed(self, body: Callable[[_Call], Outcome], call: _Call) -> Outcome:
        """Run the body in its window; what nobody caught inside ends here."""
        try:
            with call.window:
                return body(call)
        except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 -- IPython itself may fail once tool code broke a built-in
            name = type(error).__name__
            call.sink.error(name, text_of_error(error), [name])
            return Outcome(error=error)

    def _runner(self) -> Swaps:
        """Have IPython run cells that await on the private loop."""
        swaps = Swaps()
        swaps.attr(self._shell, "loop_runner", self._run_coroutine)
        return swaps

    def _run_coroutine(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        with self._interrupts.armed(self._shell.user_ns, self._loop.cancel):
            return self._loop.run(coroutine)

    def _run_cell(self, code: str, call: _Call) -> Outcome:
        with figures.flushed(call.sink, by_inline=True), self._sources.watched():
            result = self._shell.run_cell(code, store_history=False)
        error = result.error_before_exec or result.error_in_exec
        return Outcome(call.capture.value, error)

    def _call(self, function: Callable[[], object], call: _Call) -> Outcome:
        with figures.flushed(call.sink):
            return called(function, call.sink, self._run_coroutine)

    def _execution(self, call: _Call, outcome: Outcome, wall_s: float) -> Execution:
        outputs, cut_bytes, spill = call.sink.finish()
        error = outcome.error
        struck = call.window.struck
        if struck:
            outputs = _as_interrupt(outputs)
        if isinstance(error, SystemExit):
            call.notes.insert(0, contain.SYSTEM_EXIT)
        name = "KeyboardInterrupt" if struck and error else type(error).__name__
        return Execution(
            outputs=outputs,
            value=outcome.value,
            error=(name, text_of_error(error)) if error else None,
            interrupted=struck == "stop",
            timed_out=struck == "limit",
            changes=call.changes,
            wall_s=wall_s,
            cut_bytes=cut_bytes,
            spill=spill,
            notes=tuple(call.notes),
        )


def _as_interrupt(outputs: tuple[Output, ...]) -> tuple[Output, ...]:
    """Name a cancelled await for what it is to the reader: an interrupt."""
    return tuple(
        {**output, "ename": "KeyboardInterrupt", "evalue": ""}
        if output.get("ename") == "CancelledError"
        else output
        for output in outputs
    )
