"""What a run spends: a fold of its events, so that a resumed run goes on counting where it was.

The endpoint's own counts hold. Where it gave none, as of a reply that was cut or discarded, tokens
are estimated on the safe side and marked. Dollars are counted only where the price is known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nbagent.events import (
    Compacted,
    Delta,
    Event,
    ReplyReceived,
    RetryScheduled,
    RunFinished,
    RunStarted,
    StepStarted,
    ToolStarted,
)
from nbagent.messages import json_bytes
from nbagent.meter import cost_usd
from nbagent.policy.limits import Spent

BYTES_PER_TOKEN = 3.0
"""A low guess, so that an estimate is on the safe side."""


class Tally:
    """Turns a run's events into what each of them spends.

    Attributes:
        spends: by type of event; what is not there spends nothing.
    """

    def __init__(self) -> None:
        self._price: tuple[float, float, float] | None = None
        self._step = 0
        self._est_tokens = 0
        self._est_usd: float | None = None
        self._n_bytes = 0
        self._n_completion = 0
        self.spends: dict[type[Event], Callable[[Any], Spent | None]] = {
            RunStarted: self._run_started,
            StepStarted: self._step_started,
            Delta: self._delta,
            ReplyReceived: self._reply_received,
            RetryScheduled: self._retry_scheduled,
            Compacted: self._compacted,
            ToolStarted: lambda _: Spent(tool_calls=1),
            RunFinished: self._run_finished,
        }

    def apply(self, event: Event) -> Spent | None:
        """Take one event into account; what it has spent, if anything."""
        handler = self.spends.get(type(event))
        return handler(event) if handler else None

    def ahead(self, est_tokens: int, est_usd: float | None, elapsed_s: float) -> Spent:
        """What the next request is taken to use: its estimate, and a reply like the last one.

        Args:
            est_tokens: tokens that it carries.
            est_usd: what they cost; None where the price is unknown.
            elapsed_s: seconds since the run began.
        """
        return Spent(
            steps=1,
            tool_calls=1,
            total_tokens=est_tokens + self._n_completion,
            usd=self._usd(est_usd, self._n_completion),
            minutes=elapsed_s / 60,
        )

    def _usd(self, est_usd: float | None, n_completion: int) -> float | None:
        if self._price is None or est_usd is None:
            return None
        return est_usd + n_completion * self._price[2] / 1e6

    def _run_started(self, event: RunStarted) -> None:
        self._price = None if event.scripted else event.price

    def _step_started(self, event: StepStarted) -> Spent | None:
        self._est_tokens, self._est_usd, self._n_bytes = event.est_tokens, event.est_usd, 0
        is_new, self._step = event.step != self._step, event.step
        return Spent(steps=1) if is_new else None

    def _delta(self, event: Delta) -> None:
        self._n_bytes += len(event.text.encode(errors="replace"))

    def _reply_received(self, event: ReplyReceived) -> Spent:
        usage, self._n_bytes = event.usage, 0
        if usage is None:
            self._n_completion = int(len(json_bytes(event.message)) / BYTES_PER_TOKEN)
            return self._guessed(self._n_completion)
        self._n_completion = usage["completion_tokens"]
        return Spent(
            total_tokens=usage["prompt_tokens"] + self._n_completion,
            usd=cost_usd(usage, self._price),
        )

    def _compacted(self, event: Compacted) -> Spent | None:
        """The request for a summary costs too."""
        if event.usage is None:
            return None
        n_tokens = event.usage["prompt_tokens"] + event.usage["completion_tokens"]
        return Spent(total_tokens=n_tokens, usd=cost_usd(event.usage, self._price))

    def _retry_scheduled(self, event: RetryScheduled) -> Spent | None:
        n_bytes = max(self._n_bytes, len(event.discarded.encode(errors="replace")))
        self._n_bytes = 0
        return self._broken_off(n_bytes) if event.attempt else None

    def _run_finished(self, event: RunFinished) -> Spent:
        spent = self._broken_off(self._n_bytes) or Spent()
        spent.minutes = event.t / 60
        return spent

    def _broken_off(self, n_bytes: int) -> Spent | None:
        """What a reply costs that was broken off; nothing, if the model had written nothing."""
        return self._guessed(int(n_bytes / BYTES_PER_TOKEN)) if n_bytes else None

    def _guessed(self, n_completion: int) -> Spent:
        return Spent(
            total_tokens=self._est_tokens + n_completion,
            usd=self._usd(self._est_usd, n_completion),
            estimated=True,
        )
