"""The agent loop: the whole idea of an agent, on one screen, with no I/O.

The loop yields what it wants, `Ask` (one model call) or `Act` (run these tool calls), and is
sent the result. Whoever holds the generator decides when it moves: the kernel's pump, the step
view, a test, or you. This very function runs under `%%kimi`; read it with
`inspect.getsource(nbagent.agent_loop)`.

The rules of the protocol:

1. `Ask(messages, tools)` is answered with the assistant message. `Act(calls)` is answered with
   the messages to append: one tool message per call, in order, then any user messages. An `Act`
   may name any non-empty subset of the open calls.
2. The list belongs to the loop; the driver only reads it. A loop is deterministic and touches
   nothing but its arguments.
3. So the recorded sends are its state: a fresh generator fed the same sends is in the same place.
4. There is no `except` in a loop: to stop it, its open calls are answered and it is closed.

Read next: `nbagent.run.cursor`, which records and replays; `nbagent.run`, which drives.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from nbagent.messages import Message, ToolCall
from nbagent.tools import Tool


@dataclass(frozen=True, slots=True)
class Ask:
    """A wish for one model call. Answered with the assistant message."""

    messages: list[Message]
    tools: Sequence[Tool]


@dataclass(frozen=True, slots=True)
class Act:
    """A wish to run tool calls. Answered with the messages to append."""

    calls: list[ToolCall]


LoopGenerator: TypeAlias = Generator[Ask | Act, Any, Any]
"""Yields wishes, is sent what they bring, and returns the answer's message."""
Loop: TypeAlias = Callable[[list[Message], Sequence[Tool]], LoopGenerator]


def agent_loop(messages: list[Message], tools: Sequence[Tool]) -> LoopGenerator:
    """Ask the model and run the tools it calls, until it calls none."""
    while True:
        reply = yield Ask(messages, tools)
        messages.append(reply)
        calls = reply.get("tool_calls")
        if not calls:
            return reply
        results = yield Act(calls)
        messages.extend(results)
