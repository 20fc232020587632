"""Late output: what threads, tasks and processes that a call left running still write.

It belongs to no call that is going on, so it is labelled wherever it ends up: among the outputs
of a later call, or in the cell around.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar, Token

_CALL: ContextVar[int] = ContextVar("nbagent_call", default=0)
"""Number of the call in whose context code runs; tasks inherit it, threads do not."""

_LINE_START = re.compile(r"(?m)^(?=.)")


class Late:
    """Knows what was left running, and labels its output."""

    def __init__(self) -> None:
        self._left: set[threading.Thread] = set()
        self._before: set[threading.Thread] = set()
        self._call = 0
        self._within_line = False

    def begin(self) -> Token[int]:
        """A call begins; `end` takes what this returns."""
        self._call += 1
        self._before = set(threading.enumerate())
        self._left &= self._before
        return _CALL.set(self._call)

    def end(self, token: Token[int]) -> None:
        """The call ended: threads that it started and that still run are left running."""
        _CALL.reset(token)
        self._left |= set(threading.enumerate()) - self._before
        self._call += 1

    @property
    def threads(self) -> list[threading.Thread]:
        """Threads of earlier calls that still run."""
        return [thread for thread in self._left if thread.is_alive()]

    def watch_streams(self) -> None:
        """Label late output also between calls, in the cell around."""
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and not isinstance(stream.write, _Labelling):
                vars(stream)["write"] = _Labelling(self, stream.write)

    def is_late(self) -> bool:
        """Whether the code that runs now was started by a call that has ended."""
        if _CALL.get() not in (0, self._call):
            return True
        return bool(self._left) and threading.current_thread() in self._left

    def labelled(self, text: str) -> str:
        """Put a label before each line of late output."""
        thread = threading.current_thread()
        source = "a background task" if thread is threading.main_thread() else thread.name
        label = f"[late output of {source}] "
        lines = _LINE_START.sub(label, text)
        if self._within_line:
            lines = lines.removeprefix(label)
        self._within_line = not text.endswith("\n")
        return lines


class _Labelling:
    """A stream's `write` between calls."""

    def __init__(self, late: Late, through: Callable[[str], int]) -> None:
        self._late = late
        self._through = through

    def __call__(self, text: str) -> int:
        return self._through(self._late.labelled(text) if self._late.is_late() else text)
