"""Capture: everything that tool code shows comes to one sink, in order.

IPython's own `capture_output` lets tracebacks through to the cell and loses the order of streams
and displays. Here the streams keep their objects (logging handlers hold on to them) and get
another `write`; the publisher, the display hook and the traceback printer are replaced; output of
subprocesses is read from the file descriptors. What is shown inside the sink's own callback, the
trace itself, is let through to the page.

Private names of IPython and ipykernel that this needs are touched here only: `_showtraceback`,
and `_tee`, with which IPython 9 keeps a copy of all output in memory.
"""

from __future__ import annotations

import os
import sys
from asyncio import CancelledError
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from os import write as os_write
from tokenize import TokenError
from typing import Any, Self

from IPython.core.displayhook import DisplayHook

from nbagent.kernel import figures
from nbagent.kernel.calling import text_of_error, without_ours
from nbagent.kernel.fds import Descriptors
from nbagent.kernel.late import Late
from nbagent.kernel.outwidgets import OutputWidgets
from nbagent.kernel.sink import Sink
from nbagent.kernel.swaps import Swaps


class Capture:
    """Leads all output of this process to a sink while the context lasts.

    Args:
        shell: the IPython shell.
        sink: where the output goes.
        late: labels what earlier calls left running.
        code: the cell being run; a semicolon at its end silences its value.

    Attributes:
        value: the value of the last expression shown.
    """

    def __init__(self, shell: Any, sink: Sink, late: Late, code: str = "") -> None:
        self._shell = shell
        self._sink = sink
        self._late = late
        self._code = code
        self._exits = ExitStack()
        self._swaps = Swaps()
        self._widgets = OutputWidgets()
        self._show_traceback: Callable[..., None] | None = None
        self._pid = os.getpid()
        self.value: object = None

    def __enter__(self) -> Self:
        with ExitStack() as exits:  # undone at once should a step fail
            exits.callback(self._late.end, self._late.begin())
            exits.enter_context(Descriptors(self._sink.stream, self._sink.tick))
            exits.enter_context(self._swaps)
            for name in ("stdout", "stderr"):
                self._take_stream(name)
            self._listen_for_widgets()
            self._take_shell()
            self._exits = exits.pop_all()
        return self

    def _listen_for_widgets(self) -> None:
        for asked in (self._shell, getattr(self._shell, "kernel", None)):
            get_parent = getattr(asked, "get_parent", None)
            if get_parent is not None:
                self._swaps.attr(asked, "get_parent", self._widgets.listening(get_parent))

    def _take_shell(self) -> None:
        shell, swaps = self._shell, self._swaps
        hook = _Hook(self, shell, self._sink)
        if sys.displayhook is shell.displayhook:
            swaps.attr(sys, "displayhook", hook)
        else:  # no cell is running: IPython sets it
            swaps.keep(sys, "displayhook")
        swaps.attr(shell, "displayhook", hook)
        swaps.attr(shell.display_trap, "hook", hook)
        formatter = shell.display_formatter
        swaps.attr(formatter, "format", figures.worded(formatter.format))
        swaps.attr(shell, "display_pub", _Publisher(self, shell, self._sink))
        self._show_traceback = swaps.attr(shell, "_showtraceback", self._traceback)
        printer = shell.InteractiveTB
        full = printer.structured_traceback
        swaps.attr(printer, "structured_traceback", partial(_quick_if_stopped, printer, full))
        if hasattr(shell, "system_raw"):  # no pty: nothing to hang in, and stderr apart
            swaps.attr(shell, "system", shell.system_raw)
        if hasattr(shell, "_tee"):
            swaps.attr(shell, "_tee", _no_tee)

    def __exit__(self, *exc: object) -> None:
        self._exits.close()

    @property
    def lets_through(self) -> bool:
        """Whether what is shown now is not the call's: the trace's own, or an output widget's."""
        return self._sink.in_callback or self._widgets.open

    @property
    def notes(self) -> list[str]:
        """What tool code had replaced of the capture, in words; known when the context ended."""
        names = ", ".join(sorted(set(self._swaps.disturbed)))
        return [f"The code replaced {names}; that was undone."] if names else []

    def quiet(self) -> bool:
        """Whether the cell ends in a semicolon."""
        ends_quiet: Callable[[str], bool] = DisplayHook.semicolon_at_end_of_expression
        try:
            return bool(self._code) and ends_quiet(self._code)
        except (SyntaxError, TokenError):  # magics and commands are no Python
            return False

    def _take_stream(self, name: str) -> None:
        stream = getattr(sys, name)
        through = stream.write
        fd = 1 if name == "stdout" else 2

        def write(text: str) -> int:
            if not isinstance(text, str):
                raise TypeError(f"write() argument must be str, not {type(text).__name__}")
            if os.getpid() != self._pid:  # a forked child: its parent reads the descriptor
                os_write(fd, text.encode("utf-8", "backslashreplace"))
            elif self.lets_through:
                through(text)
            elif self._late.is_late():
                self._sink.stream(name, self._late.labelled(text))
            else:
                self._sink.stream(name, text)
            return len(text)

        self._swaps.keep(sys, name)
        self._swaps.attr(stream, "write", write)
        self._swaps.attr(stream, "close", _stay_open)

    def _traceback(
        self, kind: type[BaseException], value: BaseException, stb: Iterable[str]
    ) -> None:
        if self.lets_through and self._show_traceback is not None:
            self._show_traceback(kind, value, stb)
            return
        tb = without_ours(value.__traceback__)
        if tb is not value.__traceback__:
            stb = self._shell.InteractiveTB.structured_traceback(kind, value, tb)
        self._sink.error(kind.__name__, text_of_error(value), stb)


def _quick_if_stopped(
    printer: Any,
    full: Callable[..., list[str]],
    kind: type[BaseException],
    *more: Any,
    **given: Any,
) -> list[str]:
    """A traceback; a plain one of a stop, since the context of its lines takes up to a second."""
    if not issubclass(kind, (KeyboardInterrupt, CancelledError)):
        return full(kind, *more, **given)
    usual = printer.mode
    printer.set_mode("Plain")
    try:
        return full(kind, *more, **given)
    finally:
        printer.set_mode(usual)


def _no_tee(channel: str) -> AbstractContextManager[str]:
    """Keep no second copy of a stream."""
    return nullcontext(channel)


def _stay_open() -> None:
    """Tool code may not close the kernel's streams; the kernel could never print again."""


class _Publisher:
    """Takes displays; everything else is the real publisher's."""

    def __init__(self, capture: Capture, shell: Any, sink: Sink) -> None:
        self._capture = capture
        self._real = shell.display_pub
        self._sink = sink

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def publish(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        *,
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **more: Any,
    ) -> None:
        """Take a display or an update of one; updates of others' displays go through."""
        display_id = (transient or {}).get("display_id", "")
        if not self._capture.lets_through:
            if not update:
                self._sink.rich("display_data", data, metadata or {}, display_id)
                return
            if self._sink.update(data, metadata or {}, display_id):
                return
        self._real.publish(data, metadata, transient=transient, update=update, **more)

    def clear_output(self, wait: bool = False) -> None:  # noqa: FBT001, FBT002 -- IPython's signature
        """Clear the call's outputs, not the cell's."""
        if self._capture.lets_through:
            self._real.clear_output(wait)
        else:
            self._sink.clear(wait=bool(wait))


class _Hook:
    """Takes the values of expressions; nothing of them enters `_`, `Out` or the history."""

    def __init__(self, capture: Capture, shell: Any, sink: Sink) -> None:
        self._capture = capture
        self._shell = shell
        self._sink = sink
        self._real = shell.displayhook
        self.exec_result: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __call__(self, value: object = None) -> None:
        """Show a value, unless the cell is to be quiet."""
        if value is None or self._capture.quiet():
            return
        data, metadata = self._shell.display_formatter.format(value)
        self._capture.value = value
        if self.exec_result is not None:
            self.exec_result.result = value
        if data:
            self._sink.rich("execute_result", data, metadata)
