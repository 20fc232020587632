"""The moves of a run: where it was, what it had in hand there, and where it rests for the person.

A run passes four kinds of place: before a `request`, after a `reply`, before a `call` and after its
`result`. Each passage is recorded as a `Move`, so that a view can look back without sending or
running anything, and so that a fork can begin there. Whether the run also rests at a place is the
pace's choice; what is in hand there can be changed before it goes on.

Read next: `nbagent.run.edits`, which checks such a change.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, overload

from nbagent.events import Edited, Event, Paused, Place
from nbagent.messages import Message, Request, ToolCall
from nbagent.packed import Packed
from nbagent.run.work import Decide
from nbagent.tools import ToolResult

Until: TypeAlias = Literal["end", "move", "tool", "error", "answer"]
"""How far a run goes by itself: to its end, one move, or to the next such thing."""

InHand: TypeAlias = Request | Message | dict[str, Any] | ToolResult
"""The request about to go, the reply, a call's arguments, or its result."""


@dataclass(frozen=True, slots=True)
class Move:
    """One passage of a place.

    Attributes:
        n: its number, from 1.
        place: which kind of place.
        step: the step it belongs to.
        index: the call within the step, -1 where it is about none.
        in_hand: what goes on from here, as it went on.
        was: the same before the person changed it, None if they did not.
        sends: how many moves the loop itself had made.
        line: the line of the loop's source on which it rested, from 1.
        call: the call in question.
        note: for a call, who let it run, in words.
    """

    n: int
    place: Place
    step: int
    index: int
    in_hand: InHand
    sends: int = 0
    line: int = 0
    call: ToolCall | None = None
    was: InHand | None = None
    note: str = ""

    @property
    def key(self) -> str:
        """Names the pause here: an answer to it is no answer to another one."""
        return f"{self.step}.{self.index}.{self.place}"

    @property
    def mark(self) -> str:
        """What became of it, in a word, where that matters."""
        if self.place == "reply":
            return "calls" if self.in_hand.get("tool_calls") else "answer"  # type: ignore[union-attr] # a Message here
        if isinstance(self.in_hand, ToolResult):
            if self.in_hand.interrupted:
                return "stopped"
            is_denied = self.in_hand.outcome == "denied"
            return "denied" if is_denied else "error" if self.in_hand.is_error else ""
        return ""


class Moves(Sequence[Move]):
    """Records a run's moves, and rests where the pace says.

    Args:
        emit: where events go.
        made: moves of an earlier run that this one goes on from.

    Attributes:
        made: the moves.
        until: how far the run goes by itself; may be set from any thread.
        open: the pause at which it rests.
        edit: what the person has put in place of what is in hand there, not yet taken.
        lock: held while `until` and `open` change together, as another thread may set how far the
            run goes while it comes to rest.
    """

    def __init__(self, emit: Callable[[Event], None], made: Sequence[Move] = ()) -> None:
        self._emit = emit
        self.made: Packed[Move] = Packed(made)
        self.edit: InHand | None = None
        self._passed = ""
        self.until: Until = "end"
        self.open: Decide | None = None
        self.lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.made)

    @overload
    def __getitem__(self, i: int) -> Move: ...
    @overload
    def __getitem__(self, i: slice) -> list[Move]: ...
    def __getitem__(self, i: int | slice) -> Move | list[Move]:
        return self.made[i]

    def pass_by(self, move: Move, *, what: str = "", over: bool = False) -> Decide | None:
        """Come past a place: the pause here, or None if the run goes on.

        It may be called again for the same place; the second time the run has rested here.

        Args:
            move: the place, with what is in hand; its number is given here.
            what: the place in words ("before request 4"), and what holds there.
            over: whether the run is being stopped, so that it rests nowhere.
        """
        if self._passed == move.key:
            self.open = None
            return None
        self._passed = move.key
        self.made.append(replace(move, n=len(self.made) + 1))
        why = f"Paused {what}"
        with self.lock:
            if over or not self._rests(move):
                return None
            self.until = "move"
            self.open = pause = Decide("move", "Step?", why, key=move.key)
        self._emit(
            Paused(step=move.step, why=why, key=move.key, place=move.place, index=move.index)
        )
        return pause

    def _rests(self, move: Move) -> bool:
        if self.until == "tool":
            return move.place == "call"
        if self.until == "error":
            return move.place == "result" and move.mark == "error"
        if self.until == "answer":
            return move.place == "reply" and move.mark == "answer"
        return self.until == "move"

    def come_again(self) -> None:
        """Let the next passage of the same place count as a new move, at which the run rests."""
        self._passed, self.until = "", "move"

    def note(self, words: str) -> None:
        """Add who let the call run to the move before it."""
        self.made.replace_last(replace(self.made[-1], note=words))

    def taken(self) -> InHand | None:
        """Take the person's change of what is in hand, if there is one, and record it."""
        edit, self.edit = self.edit, None
        if edit is None:
            return None
        last = self.made[-1]
        self.made.replace_last(replace(last, in_hand=edit, was=last.in_hand))
        message = edit if last.place == "reply" else None
        content = edit.content if isinstance(edit, ToolResult) else ""
        self._emit(
            Edited(
                step=last.step,
                place=last.place,
                index=last.index,
                message=message,  # type: ignore[arg-type] # a reply's change is a Message
                content=content,
            )
        )
        return edit

    def drop(self) -> None:
        """Leave the pause, as the run is stopped; a change that was not taken is dropped."""
        self.open = self.edit = None
