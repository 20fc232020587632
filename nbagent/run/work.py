"""What a Run asks of its driver, and what the driver brings back.

A Run is a state machine that does nothing by itself: `pending()` names one piece of work,
`deliver(work, outcome)` moves it on. Work that is no longer pending is to be cancelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from nbagent.events import Output
from nbagent.messages import Request, ToolCall
from nbagent.ports import Failure, Held, Piece, Reply
from nbagent.tools import ToolResult


@dataclass(frozen=True, slots=True, eq=False)
class AskModel:
    """Send this request; bring back `Piece` and `Held` as they come, then `Reply` or `Failure`."""

    request: Request
    step: int
    attempt: int


@dataclass(frozen=True, slots=True, eq=False)
class RunTool:
    """Run this call; bring back `Shown` as it shows things, then its `ToolResult`."""

    call: ToolCall
    step: int
    index: int


@dataclass(frozen=True, slots=True, eq=False)
class Decide:
    """Ask the person, or a policy where nobody is there; bring back a `Decision`.

    Attributes:
        kind: `call` (may this call run?) or `limit` (go on past a limit?).
        text: the question, in words.
        why: what makes it necessary.
        call: the call in question, for `call`.
    """

    kind: Literal["call", "limit"]
    text: str
    why: str = ""
    call: ToolCall | None = None


@dataclass(frozen=True, slots=True, eq=False)
class WaitUntil:
    """Nothing can be done until the clock's `now()` reaches `until`; then bring back `Elapsed`."""

    until: float
    text: str


Work: TypeAlias = AskModel | RunTool | Decide | WaitUntil


@dataclass(frozen=True, slots=True)
class Shown:
    """A running tool showed one output."""

    output: Output


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a `Decide`: let it be, change the arguments, or refuse.

    For a limit, `run` goes on for another allowance and `deny` ends the run.
    """

    action: Literal["run", "edit", "deny"]
    arguments: dict[str, Any] | None = None
    why: str = ""
    by: str = "you"


@dataclass(frozen=True, slots=True)
class Elapsed:
    """The awaited moment has come."""


Outcome: TypeAlias = Piece | Held | Reply | Failure | Shown | ToolResult | Decision | Elapsed
