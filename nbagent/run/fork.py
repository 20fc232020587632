"""Where a run begins: at its first request, at a move of another run, or where its record ends.

Read next: `nbagent.run.resume`, which finds the last of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from nbagent.events import Event, Resumed, ToolStarted
from nbagent.messages import Message
from nbagent.run.cursor import Cursor
from nbagent.run.moves import InHand, Move
from nbagent.tools import ToolResult


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a run begins with.

    Attributes:
        cursor: the loop, at rest.
        made: the moves before the first one of this run.
        step: steps made.
        reply: the reply in hand.
        results: what the first calls of the reply have brought already.
        is_fresh: whether it begins right after the last of these results.
        edit: what takes the place of what is in hand.
        unknown: the start of a call that nobody saw end; it comes after the known results.
        held: the result after these, which waits for the person's OK to leave.
        events: the record so far, of a run that goes on under its own name.
        resumed: what the reader is told of that.
        partial: what the reply had streamed that was on its way when the record ended.
        note: what the model is told beside the next results.
        said: what the person had said, and the model is told then.
        rests: whether the run rests where it begins.
    """

    cursor: Cursor
    made: Sequence[Move] = ()
    step: int = 0
    reply: Message | None = None
    results: Sequence[ToolResult] = ()
    is_fresh: bool = False
    edit: InHand | None = None
    unknown: ToolStarted | None = None
    held: ToolResult | None = None
    events: Sequence[Event] = ()
    resumed: Resumed | None = None
    partial: str = ""
    note: str = ""
    said: Sequence[str] = ()
    rests: bool = False

    def in_hand(self) -> dict[str, Any]:
        """What it begins with that its loop was not sent, for the record."""
        return {"reply": self.reply, "results": [result.content for result in self.results]}


def worked(moves: Sequence[Move]) -> list[str]:
    """The Python that the calls among these moves ran without an error, in order."""
    codes: list[str] = []
    code: object = None
    for move in moves:
        if move.place == "call" and isinstance(move.in_hand, dict):
            code = move.in_hand.get("code")
        elif isinstance(move.in_hand, ToolResult) and isinstance(code, str):
            codes += [] if move.in_hand.is_error else [code]
            code = None
    return codes


def beginning_at(moves: Sequence[Move], n: int, cursor: Cursor) -> Beginning:
    """The beginning of a run that goes on from move `n`, with what was in hand there.

    Args:
        moves: the moves of the run that is forked.
        n: number of the move, from 1.
        cursor: its loop; only its record is read.
    """
    move = moves[n - 1]
    in_hand = move.in_hand if move.was is None else move.was
    before = [
        cast("ToolResult", other.in_hand)
        for other in moves[: n - 1]
        if other.place == "result" and other.sends == move.sends
    ]
    return Beginning(
        cursor=cursor.at(move.sends),
        made=moves[: n - 1],
        step=move.step - (move.place == "request"),
        reply=cast("Message", in_hand) if move.place == "reply" else None,
        results=[*before, in_hand] if isinstance(in_hand, ToolResult) else before,
        is_fresh=move.place == "result",
    )
