"""Interrupts: a stop ends tool code at once, and never lands in bookkeeping.

Python's own SIGINT handler raises KeyboardInterrupt wherever the main thread happens to be, also
between two halves of a state change. Ours posts the stop and raises only inside an armed window,
which encloses nothing but tool code or a prompt. Inside such a window, a shielded section (the
capture's own work, entered whenever tool code prints) holds an interrupt back until it ends.

Why windows open and close without a gap: CPython looks for signals when a function is entered,
when a call returns and when a loop jumps back, not between `__enter__`'s return and the `with`
body. What lands inside `__enter__` and `__exit__` themselves is told by the frame's code.

Read next: `nbagent.kernel.shell`, which opens the windows.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Literal, Protocol, Self, TypeAlias

from nbagent.kernel.bell import Bell

Why: TypeAlias = Literal["stop", "limit"]
"""What an interrupt stands for: somebody's stop, or the end of a time limit."""

REPEAT_S = 0.5
"""How long code that swallows an interrupt goes on before a time limit interrupts it again."""


class _Window(Protocol):
    def meets(self, frame: FrameType | None, why: Why) -> bool:
        """Whether an interrupt that finds the main thread in `frame` is to raise now."""
        ...


def _nothing() -> None:
    """Nobody is to be told."""


class Interrupts:
    """Handles SIGINT for the time of a run.

    Entering installs the handler (on the main thread; elsewhere it changes nothing), leaving puts
    the previous one back; both may nest, also across instances.

    Args:
        on_stop: told of every stop, from inside a signal handler: it may set an attribute or put
            to a `SimpleQueue`, nothing that takes a lock.
    """

    def __init__(self, on_stop: Callable[[], None] = _nothing) -> None:
        self._on_stop = on_stop
        self._handler = self._on_signal
        self._main = threading.main_thread().ident or 0
        self._previous: Any = None
        self._depth = 0
        self._installed = False
        self._limit_due = False
        self.windows: list[_Window] = []
        self.held: Why | None = None
        self.stopped = False
        self._bell = Bell()

    @property
    def on_main_thread(self) -> bool:
        """Whether this code runs where signals arrive."""
        return threading.get_ident() == self._main

    def __enter__(self) -> Self:
        if self._depth == 0 and self.on_main_thread:
            self.stopped = False
            self._previous = signal.signal(signal.SIGINT, self._handler)
            self._installed = True
        self._depth += 1
        return self

    def __exit__(self, *_exc: object) -> None:
        self._depth -= 1
        if self._depth == 0 and self._installed:
            self._installed = False
            signal.signal(signal.SIGINT, self._previous or signal.SIG_DFL)

    @contextmanager
    def guard(self, on_stop: Callable[[], None]) -> Iterator[Self]:
        """Install the handler for a run; `on_stop` is told of stops meanwhile."""
        previous, self._on_stop = self._on_stop, on_stop
        try:
            with self:
                yield self
        finally:
            self._on_stop = previous

    def armed(
        self, only: dict[str, Any] | None = None, otherwise: Callable[[], None] = _nothing
    ) -> Armed:
        """A window in which an interrupt raises KeyboardInterrupt.

        It raises at once if a stop has been asked for since the handler was installed.

        Args:
            only: a namespace; if given, raise only while code of it is on the stack inside the
                window.
            otherwise: called in place of raising.
        """
        return Armed(self, only, otherwise)

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Meanwhile `pending` knows also of a stop whose handler waits for C code to return."""
        if not self.on_main_thread:
            yield
            return
        with self._bell.hung():
            yield

    @property
    def pending(self) -> bool:
        """Whether a stop has come since the handler was installed; from any thread."""
        return self.stopped or (self._bell.rings and not self._limit_due)

    def shielded(self) -> Shielded:
        """A section inside a window that an interrupt does not cut: it waits for its end."""
        return Shielded(self)

    def limit(self, seconds: float | None) -> Limit:
        """Interrupt the code in a window after `seconds`, and again until it ends."""
        return Limit(self, seconds if self._installed else None)

    def interrupt(self) -> None:
        """Stop, from any thread: wakes a sleeping main thread too (`interrupt_main` does not)."""
        if self._installed:
            self.send()
        else:
            self.tell()

    def send(self) -> None:
        """Send SIGINT to the main thread."""
        signal.pthread_kill(self._main, signal.SIGINT)

    def send_limit(self) -> None:
        """Send SIGINT in the name of a time limit."""
        self._limit_due = True
        self.send()

    def forget_limit(self) -> None:
        """No time limit is running any more."""
        self._limit_due = False

    def tell(self) -> None:
        """Post the stop here, and to the run around this one if runs are nested."""
        self.stopped = True
        self._on_stop()
        outer = getattr(self._previous, "__self__", None)
        if isinstance(outer, Interrupts):
            outer.tell()

    def restore(self) -> bool:
        """Put the handler back if tool code replaced it; True if it had."""
        replaced = self._installed and signal.getsignal(signal.SIGINT) is not self._handler
        if replaced:
            signal.signal(signal.SIGINT, self._handler)
        return replaced

    def strike(self, why: Why) -> None:
        """Note in every open window that its code was interrupted."""
        for window in self.windows:
            if isinstance(window, Armed):
                window.struck = why

    def _on_signal(self, _signum: int, frame: FrameType | None) -> None:
        self._bell.silence()
        why: Why = "limit" if self._limit_due else "stop"
        self._limit_due = False
        if why == "stop":
            self.tell()
        if self.windows and self.windows[-1].meets(frame, why):
            raise KeyboardInterrupt


class Armed:
    """A window in which an interrupt raises; see `Interrupts.armed`.

    Attributes:
        struck: why the code in it was interrupted, '' if it was not.
    """

    def __init__(
        self, owner: Interrupts, only: dict[str, Any] | None, otherwise: Callable[[], None]
    ) -> None:
        self._owner = owner
        self._only = only
        self._otherwise = otherwise
        self._around: FrameType | None = None
        self.struck: Why | Literal[""] = ""

    def __enter__(self) -> Self:
        if self._owner.on_main_thread:
            self._around = sys._getframe(1)  # noqa: SLF001 -- documented, for CPython
            if not self._owner.windows:
                self._owner.held = None
            self._owner.windows.append(self)
            if self._owner.stopped:
                self._close()
                self.struck = "stop"
                raise KeyboardInterrupt
        return self

    def __exit__(self, *_exc: object) -> None:
        self._close()

    def _close(self) -> None:
        if self in self._owner.windows:
            del self._owner.windows[self._owner.windows.index(self) :]
        self._around = None

    def meets(self, frame: FrameType | None, why: Why) -> bool:
        """Raise, unless the window is being left or the code inside it is not the tool's."""
        code = frame.f_code if frame else None
        if code in (Armed.__exit__.__code__, Armed._close.__code__):
            return False
        self._owner.strike(why)
        if frame and code is Armed.__enter__.__code__ and frame.f_locals["self"] is self:
            self._close()
            return True
        if self._only is None or self._inside(frame):
            return True
        self._otherwise()
        return False

    def _inside(self, frame: FrameType | None) -> bool:
        while frame is not None and frame is not self._around:
            if frame.f_globals is self._only:
                return True
            frame = frame.f_back
        return False


class Shielded:
    """A section that an interrupt does not cut; see `Interrupts.shielded`."""

    def __init__(self, owner: Interrupts) -> None:
        self._owner = owner
        self._entered = False

    def __enter__(self) -> Self:
        if self._owner.windows and self._owner.on_main_thread:
            self._entered = True
            self._owner.windows.append(self)
        return self

    def __exit__(self, *_exc: object) -> None:
        if not self._entered:
            return
        self._entered = False
        self._owner.windows.pop()
        why, window = self._owner.held, self._owner.windows[-1]
        if why is not None and isinstance(window, Armed):
            self._owner.held = None
            if window.meets(sys._getframe(1), why):  # noqa: SLF001 -- documented, for CPython
                raise KeyboardInterrupt

    def meets(self, _frame: FrameType | None, why: Why) -> bool:
        """Hold the interrupt back until the section ends."""
        self._owner.held = why
        return False


class Limit:
    """A watchdog thread that interrupts the code in a window; see `Interrupts.limit`.

    SIGALRM would be simpler, and is silently lost when a library calls `alarm` (measured).

    Attributes:
        hit: whether the limit was reached.
    """

    def __init__(self, owner: Interrupts, seconds: float | None) -> None:
        self._owner = owner
        self._over = threading.Event()
        self._thread = threading.Thread(
            target=self._watch, args=(seconds,), name="nbagent-limit", daemon=True
        )
        self._runs = seconds is not None
        self.hit = False

    def __enter__(self) -> Self:
        if self._runs:
            self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        if self._runs:
            self._thread.join()
            self._owner.forget_limit()

    def _watch(self, seconds: float) -> None:
        while not self._over.wait(seconds):
            self.hit = True
            self._owner.send_limit()
            seconds = REPEAT_S
