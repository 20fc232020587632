"""What a Run asks of its driver, and what the driver brings back.

A Run is a state machine that does nothing by itself: `pending()` names one piece of work,
`deliver(work, outcome)` moves it on. Work that is no longer pending is to be cancelled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from nbagent.events import ApprovalAsked, Decided, Output
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
        kind: `call` (may this call run?), `result` (may its result leave for the model?),
            `outcome` (what became of a call that nobody saw end?), `limit` (go on past a limit?),
            `record` (go on although the record fails?) or `move` (the run rests; make the next
            move?).
        text: the question, in words.
        why: what makes it necessary.
        call: the call in question.
        asked: the event that told of the call in question.
        key: names the question, and the bytes in question.
    """

    kind: Literal["call", "result", "outcome", "limit", "record", "move"]
    text: str
    why: str = ""
    call: ToolCall | None = None
    asked: ApprovalAsked | None = None
    key: str = ""


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
    """The answer to a `Decide`: let it be, change it, or refuse.

    For a limit, `run` goes on for another allowance and `deny` ends the run. Of a call whose
    outcome nobody knows, `run` runs it again, `done` takes it as done and `deny` leaves it.

    Attributes:
        action: what was decided.
        arguments: of an edited call its arguments; of an edited result `{"content": text}`.
        why: what the model is told of a denial.
        by: who decided: `you` or `policy`.
        always: allow the kinds of these reasons for the rest of the conversation.
    """

    action: Decided
    arguments: dict[str, Any] | None = None
    why: str = ""
    by: str = "you"
    always: bool = False


@dataclass(frozen=True, slots=True)
class Elapsed:
    """The awaited moment has come."""


Outcome: TypeAlias = Piece | Held | Reply | Failure | Shown | ToolResult | Decision | Elapsed
