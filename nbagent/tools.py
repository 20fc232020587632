"""Tools: what the model may call, and what comes back.

A `Tool` is a name, a description, a JSON schema and a callable. Calling one never raises: a
failure is a `ToolResult` that tells the model how to mend its call. What the model gets
(`content`) and what the person sees (`display`) are separate, and both are counted in bytes.

Read next: `nbagent.schema`, which makes a tool of a plain function.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from nbagent.events import Changes, Output
from nbagent.messages import Content
from nbagent.ports import Executor, OnOutput

Effect: TypeAlias = Literal["pure", "kernel", "external"]
"""What a call can change: nothing, the kernel's state, or the world outside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What came of a tool call.

    Attributes:
        content: what the model gets: text, or parts with text and pictures; never empty.
        display: what the person sees: outputs in nbformat's shape.
        is_error: whether the call failed.
        outcome: the outcome in a few words, for the step's line.
        changes: names and files that it changed, if it can tell.
        interrupted: a stop ended the call.
        cut_bytes: bytes of output left out of `content`; `spill` is the file that holds all.
    """

    content: Content
    display: tuple[Output, ...] = ()
    is_error: bool = False
    outcome: str = ""
    changes: Changes | None = None
    interrupted: bool = False
    cut_bytes: int = 0
    spill: str = ""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a call may use: the executor, and where to show output while it runs."""

    executor: Executor
    on_output: OnOutput


@dataclass(frozen=True, slots=True)
class Tool:
    """Something the model may call.

    Attributes:
        name: 3 to 64 characters, `[a-zA-Z_][a-zA-Z0-9-_]*` (Moonshot's rule).
        description: what it does and when to use it; the model reads this.
        parameters: JSON schema of the arguments, in the subset that Moonshot accepts.
        call: runs it, given validated arguments and a context.
        effect: what a call can change; approvals and resume need to know.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    call: Callable[[dict[str, Any], ToolContext], ToolResult]
    effect: Effect = "kernel"

    def schema(self) -> dict[str, Any]:
        """The entry of a request's `tools`."""
        function = {
            "name": self.name,
            "description": self.description,
            "parameters": self.parameters,
        }
        return {"type": "function", "function": function}
