"""A fresh kernel in which recorded code is run again: for a fork that is not to share variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from nbagent.clock import Clock
from nbagent.kernel.child import ChildKernel
from nbagent.kernel.interrupts import Interrupts
from nbagent.ports import Execution, OnOutput


class ReplayedKernel(ChildKernel):
    """A child kernel that runs recorded code before the first new one; an `Executor`.

    Args:
        clock: the one clock.
        interrupts: the run's; a stop reaches the child through it.
        redact: whole outputs pass it on their way to disk.
        recorded: code that ran without an error, in order.
    """

    def __init__(
        self,
        clock: Clock,
        interrupts: Interrupts,
        redact: Callable[[str], str],
        recorded: Sequence[str],
    ) -> None:
        super().__init__(clock, interrupts, redact)
        self._recorded = list(recorded)

    def execute(self, code: str, on_output: OnOutput, limit_s: float | None = None) -> Execution:
        """Run code; the first time, after the recorded code, whose failures are noted."""
        notes = []
        while self._recorded:
            again = super().execute(self._recorded.pop(0), lambda _output: None, limit_s)
            if again.interrupted or again.timed_out:
                return again
            if again.error is not None:
                notes.append(f"Of the recorded code one cell failed here: {': '.join(again.error)}")
        done = super().execute(code, on_output, limit_s)
        return replace(done, notes=(*notes, *done.notes))
