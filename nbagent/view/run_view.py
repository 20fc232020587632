"""What a run looks like: a bounded fold of its events, from which every view is drawn.

`RunView` keeps plain text and numbers, never markup. The last steps are kept whole; older ones
become a line each, and ranges with counts and a few gists, so that a run of thousands of steps
stays small. Live deltas are kept only until their reply is whole.

A view never breaks a run: an event that cannot be folded is counted and named in `faults`.

Read next: `nbagent.trace`, which draws this as HTML, Markdown and text.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from nbagent.events import (
    ApprovalAsked,
    ApprovalGiven,
    Changes,
    Compacted,
    Compacting,
    Delta,
    Edited,
    Event,
    KernelAwaited,
    Output,
    Paused,
    ReplyReceived,
    Resumed,
    RetryScheduled,
    RunFinished,
    RunStarted,
    Steered,
    StepStarted,
    StopAsked,
    ToolFinished,
    ToolOutput,
    ToolStarted,
)
from nbagent.packed import Packed, Packer
from nbagent.phrases import ENDED, STATES, clean, clip, one_line, seconds, stopping_words
from nbagent.view.lines import LINES_MAX, call_key, line_of
from nbagent.view.outputs import Block, Picture, block_of, goes_below
from nbagent.view.sent import SentCount
from nbagent.view.steps import (
    ANSWER_LIMIT,
    REASONING_LIMIT,
    Call,
    Range,
    Step,
    merged_ranges,
)

__all__ = ["RunView", "goes_below"]

FULL_STEPS = 50
"""The last steps are kept whole; the default limit of a run is as many."""
SAW_LIMIT = 6_000
SUMMARY_LIMIT = 6_000
OUTPUTS_PER_CALL = 20
EDITED = {
    "request": "The request was edited by you.",
    "reply": "The reply was edited by you.",
}
LINES_TOGETHER = 100
"""So many lines of older steps are packed together."""
PICTURES_BYTES = 8_000_000
"""How much of pictures a view keeps in memory, counted in characters of base64."""


class RunView:
    """Folds a run's events for display; `apply` each event once, in order."""

    def __init__(self) -> None:
        self.run_id = ""
        self.started: RunStarted | None = None
        self.steps: list[Step] = []
        self._lines: Packed[str] = Packed()
        self._packer = Packer()
        self.ranges: list[Range] = []
        self.compacted: list[tuple[int, str, str]] = []
        self._notes: list[str] = []
        """What is to be said of the step whose request is about to go."""
        self.called: dict[str, None] = {}
        self.pictures: dict[str, Picture] = {}
        self.sent = SentCount()
        self.added: dict[str, None] = {}
        self.changed: dict[str, None] = {}
        self.files: dict[str, None] = {}
        self.answer = ""
        self.phase = "starting"
        self.question: dict[str, str] | None = None
        self.reason = ""
        self.text = ""
        self.t = 0.0
        self.faults: list[str] = []
        self._until_t = 0.0
        self._rests = False
        """Whether the last pause was one between two moves."""
        self._stop_t = 0.0
        self._on: dict[type[Event], Callable[[Any], None]] = {
            RunStarted: self._run_started,
            StepStarted: self._step_started,
            Delta: self._delta,
            ReplyReceived: self._reply_received,
            RetryScheduled: self._retry_scheduled,
            ApprovalAsked: self._approval_asked,
            ApprovalGiven: self._approval_given,
            Paused: self._paused,
            Edited: self._edited,
            KernelAwaited: self._kernel_awaited,
            StopAsked: self._stop_asked,
            Steered: self._steered,
            Compacting: self._compacting,
            Compacted: self._compacted,
            Resumed: self._resumed,
            ToolStarted: self._tool_started,
            ToolOutput: self._tool_output,
            ToolFinished: self._tool_finished,
            RunFinished: self._run_finished,
        }

    def apply(self, event: Event) -> None:
        """Take one event into the view; a broken one is noted and otherwise left out."""
        handler = self._on.get(type(event))
        if handler is None:
            return
        try:
            self.t = max(self.t, event.t)
            handler(event)
        except Exception as error:  # noqa: BLE001 -- the view boundary: a view never breaks a run
            what = f"{event.kind}: {type(error).__name__} {error}"
            self.faults = [*self.faults[-9:], one_line(clean(what), 200)]

    @property
    def scripted(self) -> bool:
        """Whether the replies are written by people."""
        return self.started is not None and self.started.scripted

    @property
    def running(self) -> bool:
        """Whether the run has not ended."""
        return not self.reason

    @property
    def n_steps(self) -> int:
        """How many steps the run has begun."""
        return len(self.steps) + sum(r.n_steps for r in self.ranges)

    @property
    def n_calls(self) -> int:
        """How many tool calls the run has begun."""
        return sum(len(s.calls) for s in self.steps) + sum(r.n_calls for r in self.ranges)

    def state(self, t: float | None = None) -> str:
        """The state in words, as a header shows it: `Thinking`, `Running run_python`.

        Args:
            t: seconds since the run began, for what is counted on; the last event's if None.
        """
        now = self.t if t is None else t
        step = self.steps[-1] if self.steps else None
        if not self.running:
            return self.text or ENDED[self.reason]
        if self.phase in ("waiting", "retrying", "stopping"):
            return self._counting(now)
        if self.phase in ("running", "asking") and step and step.calls:
            name = step.calls[-1].name
            return f"Running {name}" if self.phase == "running" else f"Waiting for you: {name}"
        if self.phase == "paused":
            return self.text if self._rests else f"Paused: {self.text}" if self.text else "Paused"
        return STATES.get(self.phase, "Starting")

    def _counting(self, now: float) -> str:
        """The state where time itself is what happens."""
        if self.phase == "stopping":
            return stopping_words(now - self._stop_t)
        if self.phase == "waiting":
            return f"Waiting for the first token {seconds(max(0.0, now - self.steps[-1].t))}"
        wait = f" Trying again in {seconds(max(0.0, self._until_t - now))}"
        return f"{self.text}{wait}" if self._until_t > now else self.text

    @property
    def lines(self) -> list[str]:
        """The last steps that are not kept whole, a line each."""
        return [*self._lines][-LINES_MAX:]

    def changes(self) -> str:
        """Names that tool code made or changed: `+df_clean ~df`, at most twelve."""
        names = [f"+{n}" for n in self.added] + [f"~{n}" for n in self.changed]
        shown = " ".join(names[:12])
        return f"{shown} and {len(names) - 12} more" if len(names) > 12 else shown  # noqa: PLR2004

    def counts(self) -> str:
        """How many calls failed, were repaired or denied: `1 failed and repaired`."""
        calls = [call for step in self.steps for call in step.calls]
        failed = sum(c.is_error for c in calls) + sum(r.n_failed for r in self.ranges)
        repaired = sum(c.repaired for c in calls) + sum(r.n_repaired for r in self.ranges)
        denied = sum(c.decision == "deny" for c in calls)
        parts = [f"{failed} failed", f"{repaired} repaired", f"{denied} denied"]
        if failed == repaired:
            parts[:2] = [f"{failed} failed and repaired"]
        return ", ".join(part for part in parts if not part.startswith("0 "))

    def snapshot(self, last: int = FULL_STEPS) -> dict[str, Any]:
        """The view as JSON values, without pictures: the block tree that renderers draw.

        Args:
            last: how many of the last steps are kept whole; those before them become a range.
        """
        head = self.started
        steps, ranges = self.steps[-last:], list(self.ranges)
        older = [Range.of(step) for step in self.steps[:-last]]
        ranges += [reduce(Range.joined, older)] if older else []
        return {
            "model": "scripted" if self.scripted else (head.model if head else ""),
            "host": head.host if head else "",
            "operator": head.operator if head else "",
            "scripted": self.scripted,
            "conversation": head.conversation if head else "",
            "prompt": clip(clean(head.prompt), 4_000) if head else "",
            "note": clean(head.note) if head else "",
            "state": self.phase if self.running else self.reason,
            "text": self.text,
            "question": self.question if self.running else None,
            "answer": self.answer,
            "changes": self.changes(),
            "files": list(self.files)[:20],
            "counts": self.counts(),
            "sent": self.sent.words(),
            "sent_parts": self.sent.parts,
            "ranges": [r.snapshot() for r in ranges],
            "lines": self.lines + [line_of(step) for step in self.steps[:-last]],
            "compacted": [list(row) for row in self.compacted],
            "steps": [s.snapshot() for s in steps],
            "faults": self.faults,
        }

    def _step(self, number: int) -> Step:
        for step in reversed(self.steps):
            if step.number == number:
                return step
        step = Step(number, self.t)
        self.steps.append(step)
        if len(self.steps) > FULL_STEPS:
            oldest = self.steps.pop(0)
            self._keep_line(line_of(oldest))
            self.ranges = merged_ranges([*self.ranges, Range.of(oldest)])
            self._drop_pictures()
        return step

    def _keep_line(self, line: str) -> None:
        self._lines.append(line)
        if len(self._lines.recent) == LINES_TOGETHER:
            block = self._packer.pack([*self._lines.recent])
            self._lines.pack_first(LINES_TOGETHER, block, 0)

    def _run_started(self, event: RunStarted) -> None:
        self.started, self.run_id = event, event.run_id

    def _step_started(self, event: StepStarted) -> None:
        step = self._step(event.step)
        step.t, step.attempt = event.t, event.attempt
        step.live_reasoning = step.live_answer = ""
        step.live_arguments = 0
        if event.note:
            self._notes.append(one_line(clean(event.note), 200))
        self._put_notes(step)
        self.phase, self.text, self.question = "waiting", "", None
        for piece in event.sent:
            self.sent.add(piece)

    def _delta(self, event: Delta) -> None:
        step = self._step(event.step)
        if event.phase == "reasoning":
            step.live_reasoning = (step.live_reasoning + event.text)[-REASONING_LIMIT:]
        elif event.phase == "answer":
            step.live_answer = (step.live_answer + event.text)[-ANSWER_LIMIT:]
        else:
            step.live_arguments += len(event.text)
        self.phase = event.phase

    def _reply_received(self, event: ReplyReceived) -> None:
        step = self._step(event.step)
        step.take(event.message)
        step.marks = event.marks
        if event.usage:
            step.reasoning_tokens = event.usage.get("reasoning_tokens")
        step.live_reasoning = step.live_answer = ""
        step.live_arguments = 0
        self.phase = "replied"

    def _retry_scheduled(self, event: RetryScheduled) -> None:
        self.phase, self.text = "retrying", one_line(clean(event.text), 300)
        self._until_t = event.until_t
        if event.attempt > 0:
            step = self._step(event.step)
            discarded = clip(clean(event.discarded), 2_000)
            row = {"attempt": event.attempt, "reason": self.text, "discarded": discarded}
            step.retries = [*step.retries[-9:], row]
            step.live_reasoning = step.live_answer = ""
            step.live_arguments = 0

    def _approval_asked(self, event: ApprovalAsked) -> None:
        self._step(event.step).call(event.index, event.name).ask(event)
        self.phase = "asking"

    def _approval_given(self, event: ApprovalGiven) -> None:
        self._step(event.step).call(event.index).decide(event)
        self.phase = "running"

    def _paused(self, event: Paused) -> None:
        self.phase, self.text = "paused", one_line(clean(event.why), 300)
        self.question = {"key": event.key, "text": event.question} if event.question else None
        self._rests = bool(event.place)

    def _edited(self, event: Edited) -> None:
        step = self._step(event.step)
        if event.place == "reply" and event.message is not None:
            step.take(event.message)
        if event.place in {"request", "reply"}:
            step.notes = [*step.notes[-9:], EDITED[event.place]]
        elif event.place == "result":
            step.call(event.index).see(event.content, SAW_LIMIT)

    def _kernel_awaited(self, event: KernelAwaited) -> None:
        self.phase = "running" if event.over else "queued"

    def _stop_asked(self, event: StopAsked) -> None:
        self.phase, self._stop_t = "stopping", event.t

    def _steered(self, event: Steered) -> None:
        step = self._step(event.step)
        step.steered = [*step.steered[-9:], clip(clean(event.text), 2_000)]

    def _compacting(self, event: Compacting) -> None:
        self.phase = "compacting"
        for piece in event.sent:
            self.sent.add(piece)

    def _compacted(self, event: Compacted) -> None:
        words = one_line(clean(event.text), 400)
        self.phase = "replied" if self.phase == "compacting" else self.phase
        self._notes = [words]
        if self.steps and self.steps[-1].number == event.step:
            self._put_notes(self.steps[-1])
        earlier = [(step, told, "") for step, told, _ in self.compacted[-99:]]
        self.compacted = [*earlier, (event.step, words, clip(clean(event.summary), SUMMARY_LIMIT))]

    def _resumed(self, event: Resumed) -> None:
        step = self._step(event.step)
        step.notes = [*step.notes[-9:], one_line(clean(event.text), 300)]
        self.question = None
        if event.fresh:
            self.added, self.changed = {}, {}

    def _put_notes(self, step: Step) -> None:
        step.notes, self._notes = [*step.notes[-9:], *self._notes], []

    def _tool_started(self, event: ToolStarted) -> None:
        call = self._step(event.step).call(event.index, event.name)
        call.begin(event)
        key = call_key(call)
        call.again = key in self.called
        self.called[key] = None
        call.link_repair([s for s in self.steps if event.step - 3 <= s.number < event.step])
        self.phase, self.text = "running", ""

    def _tool_output(self, event: ToolOutput) -> None:
        call = self._step(event.step).call(event.index)
        output = event.output
        kind = output.get("output_type")
        if kind == "clear_output":
            call.outputs = []
            return
        if kind == "update_display_data" and call.outputs:
            call.outputs.pop()  # a progress bar, most likely; the end brings everything in order
        if not call.joins_stream(output):
            self._show(call, output)

    def _tool_finished(self, event: ToolFinished) -> None:
        step = self._step(event.step)
        call = step.call(event.index, event.name)
        call.outputs, call.n_outputs_left_out = [], 0
        for output in event.display:
            self._show(call, output)
        call.finish(event, SAW_LIMIT)
        if event.changes:
            self._note_changes(event.changes)
        if not event.is_error:
            call.mark_repaired(self.steps)
        step.t_end = event.t
        self.phase = "replied"

    def _show(self, call: Call, output: Output) -> None:
        block, picture = block_of(output)
        if picture:
            self.pictures.setdefault(picture.key, picture)
            self._drop_pictures()
        if len(call.outputs) >= OUTPUTS_PER_CALL:
            call.outputs.pop(OUTPUTS_PER_CALL // 2)
            call.n_outputs_left_out += 1
        call.outputs.append(block)

    def _drop_pictures(self) -> None:
        """Forget pictures that no step shows, then the oldest beyond the limit."""
        total = sum(len(p.data) for p in self.pictures.values())
        if total <= PICTURES_BYTES:
            return
        shown = {b.get("picture") for b in self.blocks()}
        for key in list(self.pictures)[:-1]:
            if total > PICTURES_BYTES or key not in shown:
                total -= len(self.pictures.pop(key).data)

    def blocks(self) -> list[Block]:
        """Every output block of the steps that are kept, in order."""
        return [b for step in self.steps for call in step.calls for b in call.outputs]

    def _note_changes(self, changes: Changes) -> None:
        for name in changes.added:
            self.added.setdefault(one_line(clean(name), 60))
        for name in changes.changed:
            if name not in self.added:
                self.changed.setdefault(one_line(clean(name), 60))
        for name in changes.removed:
            self.added.pop(name, None)
        for name in changes.files:
            self.files.setdefault(one_line(clean(name), 200))

    def _run_finished(self, event: RunFinished) -> None:
        self.reason, self.phase = event.reason, event.reason
        self.answer = clip(clean(event.answer), ANSWER_LIMIT)
        self.text = clip(clean(event.text), 2_000)
