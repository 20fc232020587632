"""The summary that takes the place of older messages: how it is asked for, checked and framed.

The model writes it, under fixed headings. Where that fails, `mechanical` makes a list of the same
form from what is recorded, and says that it is one. Both are plain text in one user message.

Read next: `nbagent.run.compaction`, which asks for it when the window fills.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nbagent.bounded import clip
from nbagent.events import Changes
from nbagent.messages import Message, text_of
from nbagent.phrases import clean, one_line

HEADINGS = (
    "Goal",
    "Decisions",
    "Variables alive in the kernel",
    "Files written",
    "Open questions",
)
SUMMARY_BYTES = 24_000
"""How long a summary may be; a longer one loses its middle."""
MECHANICAL_BYTES = 12_000
_SECTION_BYTES = 3_000
"""What a mechanical summary keeps of one section of the summary before it."""
_MAX_NAMES = 100
_DEEDS = 40
"""How many of the older calls a mechanical summary names, from the last."""

ASK = """\
[nbagent asks this, not the user] The context is filling up. Your next requests will carry the \
user's request and your last steps in full; everything else above will be gone and replaced by \
the summary that you write now. Call no tool and write nothing but the summary, under exactly \
these headings, in at most 800 words:

## Goal
What the user wants, and each instruction of theirs that still holds, in their words.
## Decisions
What was decided and found out, with the numbers that matter; what was tried and did not work.
## Variables alive in the kernel
Each variable that still matters: its name, type, size and what it holds.
## Files written
Each file, and what is in it.
## Open questions
What is left to do, what is unclear, and the next step."""
"""The user message that asks for a summary, after the messages of the request before."""

_FRAME = "[nbagent: the earlier messages were left out here; this summary stands for them]"
_FRAME_MECHANICAL = (
    "[nbagent: the earlier messages were left out here. This list was made from the run's record, "
    "not by you; what it does not say, look up again]"
)
_HEADING = re.compile(r"^\s{0,3}(?:#{1,6}\s*)?[*_]{0,2}([^\n*_#:]+?)[*_]{0,2}:?[*_]{0,2}\s*$")


def ask_for_summary(variables: Mapping[str, str]) -> Message:
    """The message that asks the model for a summary.

    Args:
        variables: what the run's code has made and what is alive, in a few words each.
    """
    text = ASK
    if variables:
        rows = "\n".join(_variable_rows(variables))
        text += f"\n\nOf the variables that your code made, these are alive now:\n{rows}"
    return {"role": "user", "content": text}


def is_ask(message: Mapping[str, object]) -> bool:
    """Whether a message asks for a summary."""
    content = message.get("content")
    return isinstance(content, str) and content.startswith(ASK[:60])


def framed(summary: str, *, is_mechanical: bool) -> Message:
    """The message that carries a summary; the same bytes for the same summary."""
    frame = _FRAME_MECHANICAL if is_mechanical else _FRAME
    return {"role": "user", "content": f"{frame}\n\n{summary}"}


def summary_in(message: Mapping[str, object]) -> str:
    """The summary that a message carries, '' if it carries none."""
    content = message.get("content")
    if message.get("role") != "user" or not isinstance(content, str):
        return ""
    frame = next((f for f in (_FRAME, _FRAME_MECHANICAL) if content.startswith(f)), None)
    return content[len(frame) :].strip() if frame else ""


def fault_of(reply: Message) -> str:
    """Why a reply is no summary, in words; '' if it is one."""
    if reply.get("tool_calls"):
        return "the model called a tool instead"
    found = sections(text_of(reply))
    missing = [heading for heading in HEADINGS if heading not in found]
    return f"the heading “{missing[0]}” is missing" if missing else ""


def sections(summary: str) -> dict[str, str]:
    """The text under each of the headings that a summary has."""
    found: dict[str, list[str]] = {}
    names = {heading.lower(): heading for heading in HEADINGS}
    lines: list[str] = []
    for line in summary.splitlines():
        match = _HEADING.match(line)
        heading = names.get(match[1].strip().lower()) if match else None
        if heading is not None:
            lines = found.setdefault(heading, [])
        else:
            lines.append(line)
    return {heading: "\n".join(body).strip() for heading, body in found.items()}


@dataclass(frozen=True, slots=True)
class Made:
    """What tool code has made: names in the kernel, and files; oldest first."""

    names: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def after(self, changes: Iterable[Changes]) -> Made:
        """The same after further calls."""
        names, files = dict.fromkeys(self.names), dict.fromkeys(self.files)
        for change in changes:
            names |= dict.fromkeys((*change.added, *change.changed))
            files |= dict.fromkeys(change.files)
            for name in change.removed:
                names.pop(name, None)
        return Made(tuple(names), tuple(files))


def mechanical(
    *,
    goal: str,
    variables: Mapping[str, str],
    files: Sequence[str],
    older: Sequence[Message],
    before: str = "",
    limit_bytes: int = MECHANICAL_BYTES,
) -> str:
    """Make a summary from what is recorded, where the model's own failed.

    Args:
        goal: what the user asked for.
        variables: names that the run's code made, with what is known of each.
        files: files that it wrote.
        older: the messages that the summary stands for.
        before: the summary that it follows ('' for none).
        limit_bytes: how long it may be.
    """
    earlier = sections(before)
    said = [one_line(clean(text), 300) for text in _said(older)]
    deeds = _deeds(older)
    left_out = len(deeds) - _DEEDS
    bodies = {
        "Goal": [one_line(clean(goal), 1_000)],
        "Decisions": [
            *_kept(earlier, "Decisions"),
            *(f"- The user said: {text}" for text in said[-10:]),
            *([f"- {left_out:,} older calls are not named here."] if left_out > 0 else []),
            *(f"- {deed}" for deed in deeds[-_DEEDS:]),
        ],
        "Variables alive in the kernel": list(_variable_rows(variables)),
        "Files written": [f"- {clean(name)}" for name in files[-_MAX_NAMES:]],
        "Open questions": _kept(earlier, "Open questions"),
    }
    parts = [
        f"## {name}\n" + ("\n".join(body) or "Nothing is known.") for name, body in bodies.items()
    ]
    return clip("\n".join(parts), limit_bytes)


def _kept(earlier: Mapping[str, str], heading: str) -> list[str]:
    text = earlier.get(heading, "")
    return [clip(text, _SECTION_BYTES)] if text else []


def _variable_rows(variables: Mapping[str, str]) -> Iterable[str]:
    shown = list(variables.items())[-_MAX_NAMES:]
    return (f"- {name}: {words}" if words else f"- {name}" for name, words in shown)


def _said(older: Sequence[Message]) -> list[str]:
    """What the user said among these messages, summaries left out."""
    users = [message for message in older if message["role"] == "user"]
    return [text for m in users if not summary_in(m) and (text := text_of(m)).strip()]


def _deeds(older: Sequence[Message]) -> list[str]:
    """Each call among these messages with the beginning of its result, one line each."""
    results = [text_of(message) for message in older if message["role"] == "tool"]
    calls = [call for message in older for call in message.get("tool_calls") or []]
    return [
        f"{call['function']['name']}({one_line(clean(call['function']['arguments']), 100)}) "
        f"gave: {one_line(clean(result), 100)}"
        for call, result in zip(calls, results, strict=False)
    ]
