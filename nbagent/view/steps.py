"""The parts of a run's view: a step, a tool call, and a range of older steps.

A call that follows a failed call of the same tool, and looks like it, is its repair: it links to
the failed one and carries the difference between the two, line by line.

Read next: `nbagent.view`, which fills these from events.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from nbagent.events import ApprovalAsked, ApprovalGiven, Output, ToolFinished, ToolStarted
from nbagent.messages import Content, Message, reasoning_of, text_of
from nbagent.phrases import clean, clip, gist, one_line
from nbagent.view.outputs import TEXT_LIMIT, Block, text_block

REASONING_LIMIT, ANSWER_LIMIT = 8_000, 64_000
CODE_LIMIT = 12_000
ASKED_LIMIT = 6_000
"""Characters of a result that is shown where it is asked about."""
LIVE_LIMIT = 1_500
"""How much of the reasoning that streams is shown: its tail, in characters."""
DIFF_LINES = 60
SAME_ENOUGH = 0.3
"""From this share of equal lines on, a later call counts as another try of a failed one."""
RANGES_MAX, GISTS_PER_RANGE = 12, 8


@dataclass(slots=True)
class Call:
    """One tool call as it is shown. `saw` is what the model got, bounded; `saw_bytes` its size."""

    index: int
    name: str = ""
    title: str = ""
    code: str = ""
    is_python: bool = False
    edited: bool = False
    outputs: list[Block] = field(default_factory=list)
    n_outputs_left_out: int = 0
    outcome: str = ""
    is_error: bool = False
    stopped: bool = False
    done: bool = False
    changes: str = ""
    saw: str = ""
    saw_bytes: int = 0
    saw_images: int = 0
    cut_bytes: int = 0
    why: str = ""
    decision: str = ""
    by: str = ""
    repairs: int | None = None
    repaired: bool = False
    diff: str = ""
    again: bool = False
    question: dict[str, Any] | None = None
    withheld: bool = False

    def begin(self, event: ToolStarted) -> None:
        """Take over name, code and title from the call's start."""
        self._take(event.arguments)
        self.edited, self.question = event.edited, None

    def _take(self, arguments: dict[str, Any]) -> None:
        code = arguments.get("code")
        self.is_python = isinstance(code, str)
        text = code if isinstance(code, str) else _arguments_text(arguments)
        self.code = clip(clean(text), CODE_LIMIT)
        self.title = first_comment(text) if self.is_python else ""

    def ask(self, event: ApprovalAsked) -> None:
        """Take over what the person is asked about the call, and what would run or leave."""
        if event.arguments is not None:
            self._take(event.arguments)
        self.why = one_line(clean(event.why), 300)
        self.decision = ""
        self.question = {
            "key": event.key,
            "about": event.about,
            "content": clip(clean(_seen(event.content)[0]), ASKED_LIMIT),
            "reasons": [
                {"line": reason.line}
                | {
                    name: one_line(clean(getattr(reason, name)), 200)
                    for name in ("verb", "doing", "what", "detail")
                }
                for reason in event.reasons
            ],
        }

    def decide(self, event: ApprovalGiven) -> None:
        """Take over what was decided about the call or its result."""
        self.question = None
        self.by = one_line(clean(event.by), 40)
        if event.about == "outcome":
            self.why = ""
        elif event.about == "call":
            self.decision = event.decision
            self.why = one_line(clean(event.why), 300) or self.why
        elif event.decision == "deny":
            self.withheld = True

    def finish(self, event: ToolFinished, saw_limit: int) -> None:
        """Take over the outcome and what the model got."""
        self.question = None
        self.done, self.cut_bytes = True, event.cut_bytes
        self.stopped = event.stopped
        self.is_error = event.is_error and not event.stopped and self.decision != "deny"
        self.see(event.content, saw_limit)
        self.outcome = one_line(clean(event.outcome), 60) or self._outcome()
        self.changes = one_line(clean(str(event.changes or "")), 200)

    def see(self, content: Content, saw_limit: int) -> None:
        """Take over what the model gets."""
        text, self.saw_images = _seen(content)
        self.saw, self.saw_bytes = clip(clean(text), saw_limit), len(text.encode(errors="replace"))

    def _outcome(self) -> str:
        kinds = [block["kind"] for block in self.outputs]
        if "error" in kinds:
            return str(next(b["name"] for b in self.outputs if b["kind"] == "error"))
        words = {"image": "figure", "table": "table", "below": "shown below", "text": "text"}
        return next((words[k] for k in words if k in kinds), "failed" if self.is_error else "done")

    def joins_stream(self, output: Output) -> bool:
        """Append a further piece of a running stream to its block; False if it is none."""
        text = output.get("text")
        last = self.outputs[-1] if self.outputs else {}
        if output.get("output_type") != "stream" or not isinstance(text, str):
            return False
        if last.get("kind") != "text" or last.get("name") != output.get("name"):
            return False
        self.outputs[-1] = text_block(last["text"][-TEXT_LIMIT:] + text, last["name"])
        return True

    def link_repair(self, before: Sequence[Step]) -> None:
        """Link to the last failed call of the same tool in `before` that this one tries again."""
        for step in reversed(before):
            for call in reversed(step.calls):
                if call.name != self.name or not call.done:
                    continue
                if not call.is_error or call.repaired:
                    return
                lines = call.code.splitlines(), self.code.splitlines()
                if SequenceMatcher(None, *lines, autojunk=False).ratio() >= SAME_ENOUGH:
                    self.repairs, self.diff = step.number, line_diff(*lines)
                return

    def mark_repaired(self, steps: Sequence[Step]) -> None:
        """This call worked: the failed call that it repairs, and that one's own, are repaired."""
        number = self.repairs
        for step in reversed(steps):
            if step.number == number:
                for call in step.calls:
                    if call.name == self.name and call.is_error:
                        call.repaired, number = True, call.repairs

    def snapshot(self) -> dict[str, Any]:
        """The call as JSON values."""
        names = ("name", "title", "code", "outputs", "outcome", "is_error", "done", "changes")
        facts = {name: getattr(self, name) for name in names}
        extra: tuple[str, ...] = (
            "edited",
            "n_outputs_left_out",
            "saw",
            "saw_bytes",
            "saw_images",
            "cut_bytes",
        )
        extra += ("why", "decision", "by", "repairs", "repaired", "diff", "again")
        extra += ("question", "withheld", "stopped")
        return facts | {name: getattr(self, name) for name in extra if getattr(self, name)}


@dataclass(slots=True)
class Step:
    """One model call and the tool calls that it asked for."""

    number: int
    t: float = 0.0
    attempt: int = 1
    t_end: float = 0.0
    gist: str = ""
    reasoning: str = ""
    reasoning_tokens: int | None = None
    content: str = ""
    marks: tuple[str, ...] = ()
    calls: list[Call] = field(default_factory=list)
    retries: list[dict[str, Any]] = field(default_factory=list)
    steered: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    live_reasoning: str = ""
    live_answer: str = ""
    live_arguments: int = 0

    def call(self, index: int, name: str = "") -> Call:
        """The call at `index`, made if it is new."""
        found = next((call for call in self.calls if call.index == index), None)
        if found is None:
            found = Call(index)
            self.calls.append(found)
        found.name = one_line(clean(name), 64) or found.name
        return found

    def take(self, message: Message) -> None:
        """Take over what a reply says."""
        reasoning = clean(reasoning_of(message))
        self.reasoning = clip(reasoning, REASONING_LIMIT)
        self.gist = gist(reasoning)
        self.content = clip(clean(text_of(message)), ANSWER_LIMIT)

    @property
    def line(self) -> str:
        """What the step is about, in one line."""
        titles = [call.title for call in self.calls if call.title]
        first = self.gist or gist(clean(self.live_reasoning)) or (titles[0] if titles else "")
        return first or (gist(self.content) if not self.calls else self.calls[0].name) or "…"

    @property
    def tools(self) -> str:
        """The tools it called, on one line: one name, one name with its count, or `name +1`."""
        names = [call.name for call in self.calls]
        if len(names) <= 1:
            return "".join(names)
        same = len(set(names)) == 1
        return (
            f"{names[0]} \N{MULTIPLICATION SIGN}{len(names)}"
            if same
            else f"{names[0]} +{len(names) - 1}"
        )

    @property
    def outcome(self) -> str:
        """How its calls ended, in a few words; `answer` for a step without calls."""
        if self.calls:
            parts = ["denied" if c.decision == "deny" else c.outcome for c in self.calls]
            return ", ".join(dict.fromkeys(part for part in parts if part))
        return "answer" if self.content else ""

    @property
    def failed(self) -> bool:
        """Whether one of its calls failed."""
        return any(call.is_error for call in self.calls)

    def snapshot(self) -> dict[str, Any]:
        """The step as JSON values."""
        facts: dict[str, Any] = {"step": self.number, "gist": self.line}
        facts |= {"tools": self.tools, "outcome": self.outcome}
        names: tuple[str, ...] = ("reasoning", "reasoning_tokens", "content", "retries", "steered")
        names += ("notes", "marks")
        facts |= {name: getattr(self, name) for name in names if getattr(self, name)}
        if self.live_reasoning:
            facts["live_reasoning"] = clean(self.live_reasoning[-LIVE_LIMIT:])
        if self.live_answer:
            facts["live_answer"] = clean(self.live_answer)
        return facts | {"calls": [call.snapshot() for call in self.calls]}


@dataclass(slots=True)
class Range:
    """Older steps as one line: their numbers, counts, and a few of their gists."""

    first: int
    last: int
    n_steps: int
    n_calls: int
    n_failed: int
    n_repaired: int
    gists: list[tuple[int, str]]

    @classmethod
    def of(cls, step: Step) -> Range:
        """A range of one step."""
        failed = sum(call.is_error for call in step.calls)
        repaired = sum(call.repaired for call in step.calls)
        line = [(step.number, step.line)]
        return cls(step.number, step.number, 1, len(step.calls), failed, repaired, line)

    def joined(self, other: Range) -> Range:
        """This range and the next one as one."""
        gists = [*self.gists, *other.gists]
        while len(gists) > GISTS_PER_RANGE:
            gists = gists[::2]
        return Range(
            self.first,
            other.last,
            self.n_steps + other.n_steps,
            self.n_calls + other.n_calls,
            self.n_failed + other.n_failed,
            self.n_repaired + other.n_repaired,
            gists,
        )

    def snapshot(self) -> dict[str, Any]:
        """The range as JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


def merged_ranges(ranges: list[Range]) -> list[Range]:
    """Keep at most `RANGES_MAX` ranges: the shortest pair of neighbours becomes one."""
    while len(ranges) > RANGES_MAX:
        pairs = range(len(ranges) - 1)
        i = min(pairs, key=lambda k: (ranges[k].n_steps + ranges[k + 1].n_steps, k))
        ranges = [*ranges[:i], ranges[i].joined(ranges[i + 1]), *ranges[i + 2 :]]
    return ranges


def first_comment(code: str) -> str:
    """The first comment line of code, without its sign; '' if code comes first."""
    found = re.match(r"\s*#+ *([^\n!%][^\n]*)", code)
    return one_line(clean(found[1]), 90) if found else ""


def line_diff(old: Sequence[str], new: Sequence[str]) -> str:
    """The lines of two texts, each behind its sign: `-` gone, `+` new, blank the same; bounded."""
    rows: list[str] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            rows += [f"  {line}" for line in old[i:j]]
        else:
            rows += [f"- {line}" for line in old[i:j]] + [f"+ {line}" for line in new[k:m]]
    if len(rows) > DIFF_LINES:
        rows = [*rows[:DIFF_LINES], f"… {len(rows) - DIFF_LINES} more lines"]
    return "\n".join(rows)


def _arguments_text(arguments: Mapping[str, Any]) -> str:
    parts = (f"{k}={json.dumps(v, ensure_ascii=False, default=str)}" for k, v in arguments.items())
    return "\n".join(parts)


def _seen(content: Content) -> tuple[str, int]:
    """The text of what the model got, and how many pictures."""
    if isinstance(content, str):
        return content, 0
    texts = [part.get("text", "") for part in content if part.get("type") == "text"]
    return "\n".join(texts), len(content) - len(texts)
