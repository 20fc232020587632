"""A run to be written out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nbagent.events import Event, RunStarted, from_dict, to_dict
from nbagent.messages import Content, Message, text_of
from nbagent.notebook import Cell
from nbagent.redact import Redactor


@dataclass(frozen=True, slots=True)
class Source:
    """A run to be written out.

    Attributes:
        events: what happened, without the transient pieces.
        content: the prompt as it went to the model, with what was attached; '' if that is not
            known.
        before: the code of the person's cells before the one in which it was asked, as far as it
            is known.
    """

    events: Sequence[Event]
    content: Content = ""
    before: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        events: Sequence[Event],
        messages: Iterable[Message] = (),
        cells: Sequence[Cell] = (),
    ) -> Source:
        """A run with its prompt as it stands in its messages, and with the cells before it.

        Args:
            events: what happened.
            messages: the run's transcript, or what it began with.
            cells: those of its notebook.
        """
        started = next((e for e in events if isinstance(e, RunStarted)), None)
        prompt = started.prompt if started else ""
        asked = [m for m in messages if m["role"] == "user" and text_of(m).startswith(prompt)]
        content = asked[-1].get("content", "") if asked else ""
        return cls(events, content, _before(cells, started) if started else ())

    def masked(self, redact: Redactor) -> Source:
        """The same with the secrets masked that are known by now."""
        events = [from_dict(redact.value(to_dict(event))) for event in self.events]
        before = tuple(redact(code) for code in self.before)
        return Source(events, redact.value(self.content), before)


_OURS = re.compile(
    r"(?m)^(?=[ \t]*(?:%kimi|%config +Kimi|%(?:re)?load_ext +nbagent|(?:import|from) +nbagent)\b)"
)
"""The beginning of a line that needs nbagent."""


def _before(cells: Sequence[Cell], started: RunStarted) -> tuple[str, ...]:
    """The code of the cells before the one that a run was asked in; all, if that is not found."""
    codes: list[str] = []
    for cell in cells:
        is_asked = cell.source.lstrip().startswith("%%kimi")
        if is_asked and (cell.id == started.cell_id or started.prompt in cell.source):
            break
        has_failed = any(output.get("output_type") == "error" for output in cell.outputs)
        has_run = cell.kind == "code" and cell.execution_count is not None and not has_failed
        if has_run and not cell.source.lstrip().startswith("%%"):
            codes.append(_OURS.sub("# ", cell.source))
    return tuple(codes)
