"""What the list of runs tells of each: its state and its counts, folded from its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from sqlite3 import Connection

from nbagent.events import Event, RunFinished, ToolFinished
from nbagent.journal.packing import storable
from nbagent.meter.meter import cost_usd

PROMPT_CHARS = 500
"""How much of a prompt the list of runs holds."""
ANSWER_CHARS = 200
"""How much of an answer the list of runs holds."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The counts of one run; `cost_usd` is None while no reply had a known price."""

    state: str = "running"
    n_steps: int = 0
    n_tool_calls: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    elapsed_s: float = 0.0
    answer: str = ""

    @classmethod
    def of(cls, db: Connection, row: int) -> Figures:
        """The figures that are stored."""
        return cls(*db.execute(f"SELECT {_COLUMNS} FROM run WHERE id = ?", (row,)).fetchone())  # noqa: S608 -- our own names

    def after(self, events: Iterable[Event], price: tuple[float, float, float] | None) -> Figures:
        """The figures when these events have happened too.

        Args:
            events: what happened, in order.
            price: dollars per million tokens (input, cached input, output), None if unknown.
        """
        figures = self
        for event in events:
            figures = figures._after(event, price)
        return figures

    def _after(self, event: Event, price: tuple[float, float, float] | None) -> Figures:
        usage = getattr(event, "usage", None)
        cost = cost_usd(usage, price)
        end = event if isinstance(event, RunFinished) else None
        return replace(
            self,
            state=end.reason if end else "running",
            n_steps=max(self.n_steps, getattr(event, "step", 0)),
            n_tool_calls=self.n_tool_calls + isinstance(event, ToolFinished),
            completion_tokens=self.completion_tokens + (usage["completion_tokens"] if usage else 0),
            cost_usd=self.cost_usd if cost is None else cost + (self.cost_usd or 0.0),
            elapsed_s=max(self.elapsed_s, event.t),
            answer=storable(end.answer[:ANSWER_CHARS]) if end else self.answer,
        )

    def write(self, db: Connection, row: int, *, masked: bool) -> None:
        """Store the figures of a run."""
        values = {**asdict(self), "masked": int(masked), "row": row}
        values["completion_tokens"] = min(self.completion_tokens, _LARGEST)
        db.execute(_UPDATE, values)


_LARGEST = 2**62
"""No endpoint counts so far; one that says so does not break the file."""
_COLUMNS = ", ".join(Figures.__dataclass_fields__)
_VALUES = ", ".join(f"{name} = :{name}" for name in Figures.__dataclass_fields__)
_UPDATE = f"UPDATE run SET {_VALUES}, masked = max(masked, :masked) WHERE id = :row"  # noqa: S608 -- our own names
