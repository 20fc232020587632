"""What the model is sent of its calls: one message per call, in order, then pictures and notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nbagent.messages import Content, Message, Part, ToolCall
from nbagent.tools import ToolResult


def answers_of(
    calls: Sequence[ToolCall], results: Sequence[Content], *, images_inline: bool
) -> list[Message]:
    """The messages that answer calls.

    Args:
        calls: the calls.
        results: what each of them has brought.
        images_inline: whether a tool message may carry pictures; if not, they follow in one user
            message.
    """
    answers: list[Message] = []
    pictures: list[Part] = []
    for call, given in zip(calls, results, strict=True):
        content = given
        if isinstance(content, list) and not images_inline:
            shown = [part for part in content if part["type"] == "image_url"]
            pictures += shown
            content = "\n".join(p["text"] for p in content if p["type"] == "text")
            follow = "picture follows" if len(shown) == 1 else "pictures follow"
            content += f"\n[{len(shown)} {follow} in the next message]" * bool(shown)
        answers.append({"role": "tool", "tool_call_id": call["id"], "content": content})
    if pictures:
        label: Part = {"type": "text", "text": "Pictures from the tool results above:"}
        answers.append({"role": "user", "content": [label, *pictures]})
    return answers


def with_note(result: ToolResult, note: str) -> ToolResult:
    """Put a line before what the model gets."""
    if isinstance(result.content, str):
        content: Content = f"{note}\n{result.content}"
    else:
        content = [{"type": "text", "text": note}, *result.content]
    return replace(result, content=content)
