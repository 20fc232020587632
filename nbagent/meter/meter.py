"""The run in figures: a pure function of the events' stamps.

`Meter` folds events into what `run.metrics()` returns, what the chart draws and what a status
line shows. All times are seconds since the run began. Counts come from `usage`; where the
endpoint gave none they are estimated from the text and marked `estimated`. Of a scripted run the
cost is None and `paced` is true: its speed is a timer's, not a model's.

Definitions are in `nbagent.meter.streams`; waiting is counted per attempt, so a retry does not
lengthen the TTFT. Read next: `nbagent.trace.chart`, which draws `Meter.chart()`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from statistics import median
from typing import Any

from nbagent.events import (
    ApprovalAsked,
    ApprovalGiven,
    Compacted,
    Compacting,
    Delta,
    Event,
    Paused,
    ReplyReceived,
    Resumed,
    RetryScheduled,
    RunFinished,
    RunStarted,
    StepStarted,
    ToolFinished,
    ToolStarted,
)
from nbagent.messages import Usage
from nbagent.meter.step import MeteredStep
from nbagent.meter.streams import Stream, bucketed, halved, thinned
from nbagent.packed import Packed, Packer
from nbagent.samples import Sample

TOKENS_PER_CHAR = 0.25
"""First guess for estimates, until the run's own usage tells better."""

REFUSALS = ("rate_limit", "auth", "quota", "not_found", "bad_request", "overflow", "not_an_api")
"""Failures in which nothing was generated, unless something had arrived by then."""

MAX_SAMPLES = 4_000
POINTS_PER_REPLY, POINTS_IN_LONG_RUNS, LONG_RUN_STEPS = 48, 12, 100
PACKED_STEPS = 100
"""So many steps are packed together, where as many have come after them."""


class Meter:
    """Folds a run's events into figures; `apply` each event once, in order."""

    def __init__(self) -> None:
        self.scripted = False
        self.price: tuple[float, float, float] | None = None
        self.window_tokens = 0
        self.t = 0.0
        self.finished = False
        self._steps: Packed[MeteredStep] = Packed()
        self._packer = Packer()
        self._summaries: list[Mapping[str, Any]] = []
        """Token counts and cost of requests for a summary: of the run, and of no step."""
        self._pieces: list[Sample] = []
        self._tokens_per_char = TOKENS_PER_CHAR
        self._open: tuple[str, int, float] | None = None
        self._tools: dict[tuple[int, int], float] = {}
        self.unknown_attempts = 0
        """Requests whose tokens nobody knows: they failed, or were stopped, on their way."""
        self._under_way = False
        self._on: dict[type[Event], Callable[[Any], None]] = {
            RunStarted: self._run_started,
            StepStarted: self._step_started,
            Delta: self._delta,
            ReplyReceived: self._reply_received,
            RetryScheduled: self._retry_scheduled,
            ApprovalAsked: self._approval_asked,
            ApprovalGiven: self._decided,
            Paused: self._waits_for_you,
            Resumed: self._decided,
            Compacting: lambda event: self._close(event.t),
            Compacted: self._compacted,
            ToolStarted: self._tool_started,
            ToolFinished: self._tool_finished,
            RunFinished: self._run_finished,
        }

    def apply(self, event: Event) -> None:
        """Take one event into account."""
        self.t = max(self.t, event.t)
        handler = self._on.get(type(event))
        if handler:
            handler(event)

    def pack(self) -> None:
        """Pack the figures of older steps; figures and chart stay as they are."""
        while len(self._steps.recent) > 2 * PACKED_STEPS:
            block = self._packer.pack([*self._steps.recent[:PACKED_STEPS]])
            self._steps.pack_first(PACKED_STEPS, block, 0)

    def metrics(self) -> dict[str, Any]:
        """All figures: `{"run": {…}, "steps": [{…}, …]}`; None is "not measured".

        Keys ending in `_s` are seconds, `_usd` dollars, `_tokens` counts, `tokens_per_s` is the
        decode speed (of the run: the median over its steps), `cached_share` is 0 to 1.
        """
        rows = [step.figures() for step in self._steps]
        all_rows = [*rows, *self._summaries]
        prompt = _total(row.get("prompt_tokens") for row in all_rows)
        cached = _total(row.get("cached_tokens") for row in all_rows)
        last = rows[-1] if rows else {}
        run: dict[str, Any] = {
            "n_steps": len(rows),
            "wall_s": self.t,
            "prompt_tokens": prompt,
            "cached_tokens": cached,
            "cached_share": cached / prompt if prompt and cached is not None else None,
            "context_tokens": _total([last.get("prompt_tokens"), last.get("completion_tokens")]),
            "window_tokens": self.window_tokens or None,
            "paced": self.scripted,
            "unknown_attempts": self.unknown_attempts,
            "estimated": any(row["estimated"] for row in rows),
        }
        run |= {key: _median(row[key] for row in rows) for key in _MEDIANS}
        run |= {key: _total(row.get(key) for row in all_rows) for key in _TOTALS}
        return {"run": run, "steps": rows}

    def chart(self) -> dict[str, Any]:
        """Geometry of the chart on one time axis, in seconds and tokens a second.

        Returns:
            `t_end`; `segments` as `[step, phase, t0, t1]`; `speed` as `[phase, [[t, v], …]]`, one
            line for each phase of each reply; `stalls` as `[t0, t1]`; `p50` and `top` of speed.
        """
        steps, pieces = [*self._steps], self._pieces
        segments = [s for step in steps for s in step.segments]
        lines = [line for step in steps for line in step.speed]
        if self._open:
            phase, number, t0 = self._open
            segments.append((number, phase, t0, max(self.t, t0)))
        elif pieces:
            step = steps[-1]
            stream = Stream(pieces, sum(n for _, n, _ in pieces))
            segments.append((step.step, "waiting", step.requested_t, pieces[0][0]))
            segments += [(step.step, *span) for span in stream.phases()]
            lines += stream.speed()
        return {
            "t_end": self.t,
            "segments": [list(s) for s in bucketed(segments, self.t)],
            "speed": [[line.phase, [list(p) for p in line.points]] for line in thinned(lines)],
            "stalls": [list(stall) for step in steps for stall in step.stalls],
            "p50": _median(step.tokens_per_s for step in steps),
            "top": max((line.top for line in lines), default=0.0),
            "paced": self.scripted,
        }

    def estimate(self, t: float) -> dict[str, Any]:
        """What a status line shows at time `t` while a reply streams; counts are estimates.

        Returns:
            `waiting_s` (since the request, None once a piece has come), `completion_tokens` of
            the reply so far, `tokens_per_s` over the last second (None while nothing comes).
        """
        step = next(reversed(self._steps), None)
        streaming = bool(self._pieces)
        waits = step is not None and not streaming and step.model_s is None and not self._open
        recent = sum(n for at, n, _ in self._pieces if at > t - 1.0)
        span = min(1.0, t - self._pieces[0][0]) if streaming else 0.0
        return {
            "waiting_s": max(0.0, t - step.requested_t) if waits and step else None,
            "completion_tokens": round(sum(n for _, n, _ in self._pieces)),
            "tokens_per_s": recent / span if recent and span > 0.2 else None,  # noqa: PLR2004 -- too short to tell
            "estimated": True,
        }

    def _step(self, number: int) -> MeteredStep:
        recent = reversed(self._steps.recent)
        found = next((step for step in recent if step.step <= number), None)
        if found is None or found.step != number:
            found = MeteredStep(number, self.t, self.t, requested_t=self.t)
            self._steps.append(found)
        return found

    def _close(self, t: float) -> None:
        """End the open span (approval, pause, back-off) at `t` and count its length."""
        if self._open is None:
            return
        phase, number, t0 = self._open
        self._open = None
        step = self._step(number)
        step.add(phase, t0, t)
        if phase == "you":
            step.you_s += max(0.0, t - t0)
        else:
            step.wait_s += max(0.0, t - t0)

    def _run_started(self, event: RunStarted) -> None:
        self.scripted, self.price = event.scripted, event.price
        self.window_tokens = event.window_tokens

    def _step_started(self, event: StepStarted) -> None:
        self._close(event.t)
        step = self._step(event.step)
        step.requested_t, step.attempts = event.t, max(event.attempt, 1)
        step.model_s = None
        self._pieces = []
        self._under_way = True

    def _delta(self, event: Delta) -> None:
        if not event.text and not event.name:
            return
        self._end_of_hold(event.t)
        step = self._step(event.step)
        step.t1 = max(step.t1, event.t)
        weight = max(len(event.text), 1) * self._tokens_per_char
        self._pieces.append((event.t, weight, event.phase))
        if len(self._pieces) > MAX_SAMPLES:
            self._pieces = halved(self._pieces)

    def _end_of_hold(self, t: float) -> None:
        """A request held back to keep the pace has gone out: its TTFT counts from there."""
        if self._open and self._open[0] == "retry":
            step = self._step(self._open[1])
            step.requested_t = min(step.requested_t, t)
            self._close(step.requested_t)

    def _failed(self, kind: str, discarded: str) -> None:
        """A request has failed; it may have cost tokens all the same."""
        if self._under_way and (discarded or self._pieces or kind not in REFUSALS):
            self.unknown_attempts += 1
        self._under_way = False

    def _reply_received(self, event: ReplyReceived) -> None:
        self._under_way = False
        self._end_of_hold(event.t)
        step = self._step(event.step)
        samples = sorted(event.samples or self._pieces, key=itemgetter(0))
        usage = event.usage
        n = usage["completion_tokens"] if usage else sum(weight for _, weight, _ in samples)
        stream = Stream(samples, n)
        step.usage, step.estimated = event.usage, event.usage is None
        step.completion_tokens = round(stream.n_tokens)
        step.model_s = event.t - step.requested_t
        self._learn(stream.n_tokens if event.usage else 0.0)
        self._count_reasoning(step, stream)
        self._time(step, stream)
        step.cost_usd = None if self.scripted else cost_usd(event.usage, self.price)
        step.t1 = max(step.t1, event.t)
        self._pieces = []

    def _learn(self, n_tokens: float) -> None:
        """Let the next estimate use what this reply's usage says about tokens per character."""
        n_chars = sum(n for _, n, _ in self._pieces) / self._tokens_per_char
        if n_tokens and n_chars:
            self._tokens_per_char = min(max(n_tokens / n_chars, 0.05), 4.0)

    def _count_reasoning(self, step: MeteredStep, stream: Stream) -> None:
        known = step.usage.get("reasoning_tokens") if step.usage else None
        share = stream.share("reasoning") if known is None else 0.0
        if share:
            step.estimated = True
            known = round(share * stream.n_tokens)
        step.reasoning_tokens = known

    def _time(self, step: MeteredStep, stream: Stream) -> None:
        if stream.t_first is None:
            step.add("waiting", step.requested_t, self.t)
            return
        answer = stream.first("answer")
        step.ttft_s = max(0.0, stream.t_first - step.requested_t)
        step.ttfa_s = max(0.0, answer - step.requested_t) if answer is not None else None
        step.tokens_per_s = stream.tokens_per_s()
        step.stalls, step.buffered = stream.stalls() or (), stream.buffered()
        step.add("waiting", step.requested_t, stream.t_first)
        for phase, t0, t1 in stream.phases():
            step.add(phase, t0, t1)
        long = len(self._steps) > LONG_RUN_STEPS
        step.speed = stream.speed(POINTS_IN_LONG_RUNS if long else POINTS_PER_REPLY)

    def _retry_scheduled(self, event: RetryScheduled) -> None:
        step = self._step(event.step)
        began = step.requested_t if event.attempt > 0 else event.t
        self._close(event.t)
        self._open = ("retry", event.step, began)
        if event.attempt > 0:
            self._failed(event.reason, event.discarded)
        self._pieces = []
        if event.attempt == 0:
            step.requested_t = max(event.until_t, event.t)

    def _compacted(self, event: Compacted) -> None:
        self._close(event.t)
        if event.usage:
            cost = None if self.scripted else cost_usd(event.usage, self.price)
            self._summaries.append({**event.usage, "cost_usd": cost})

    def _decided(self, event: ApprovalGiven | Resumed) -> None:
        self._close(event.t)

    def _approval_asked(self, event: ApprovalAsked) -> None:
        if event.about != "call":
            self._tool_ended(event.step, event.index, event.t)
        self._waits_for_you(event)

    def _waits_for_you(self, event: ApprovalAsked | Paused) -> None:
        self._close(event.t)
        self._open = ("you", event.step, event.t)

    def _tool_started(self, event: ToolStarted) -> None:
        self._close(event.t)
        self._tools[event.step, event.index] = event.t

    def _tool_finished(self, event: ToolFinished) -> None:
        self._close(event.t)
        self._tool_ended(event.step, event.index, event.t)
        self._step(event.step).tool_calls += 1

    def _tool_ended(self, number: int, index: int, t: float) -> None:
        """A call's time ends; that of a result which waits for the person has ended before."""
        step = self._step(number)
        t0 = self._tools.pop((number, index), t)
        step.tool_s += max(0.0, t - t0)
        step.add("tool", t0, t)

    def _run_finished(self, event: RunFinished) -> None:
        if self._open is None or self._open[0] != "retry":  # not while a pace was kept
            self._failed(event.error_kind, event.discarded)
        self._close(event.t)
        self.finished = True


_MEDIANS = ("ttft_s", "ttfa_s", "tokens_per_s")
_TOTALS = (
    "model_s",
    "tool_s",
    "you_s",
    "wait_s",
    "completion_tokens",
    "reasoning_tokens",
    "tool_calls",
    "retries",
    "stalls",
    "stall_s",
    "cost_usd",
)


def cost_usd(usage: Usage | None, price: tuple[float, float, float] | None) -> float | None:
    """What a reply cost in dollars; None where usage or price is unknown.

    Args:
        usage: the endpoint's token counts.
        price: dollars per million tokens of input, cached input and output.
    """
    if usage is None or price is None:
        return None
    cached = usage.get("cached_tokens", 0)
    fresh = max(usage["prompt_tokens"] - cached, 0)
    return (fresh * price[0] + cached * price[1] + usage["completion_tokens"] * price[2]) / 1e6


def _total(values: Iterable[Any]) -> Any:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
