"""Lesson 05: recorded streams, and made ones, for the checks."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

Delta = dict[str, Any]
Piece = tuple[float, str, str]

ROLE: Delta = {"role": "assistant", "content": ""}
END_OF_THOUGHT: Delta = {"reasoning_content": ""}


def _head(index: int, call_id: str, name: str) -> Delta:
    call = _call(call_id, name, "")
    return {"tool_calls": [{"index": index, **call}]}


def _more(index: int, text: str) -> Delta:
    return {"tool_calls": [{"index": index, "function": {"arguments": text}}]}


def _call(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function}


RECORDED: Sequence[tuple[str, Sequence[Delta], dict[str, Any]]] = (
    (
        "a reply without thinking",
        (ROLE, {"content": "Oslo "}, {"content": "is."}, {}),
        {"content": "Oslo is."},
    ),
    (
        "reasoning, then an answer",
        (
            *(ROLE, {"reasoning_content": "Two "}, {"reasoning_content": "halves."}),
            *(END_OF_THOUGHT, {"content": "One, "}, {"content": "and two."}, {}),
        ),
        {"reasoning_content": "Two halves.", "content": "One, and two."},
    ),
    (
        "one call, its arguments in fragments",
        (
            *(ROLE, {"reasoning_content": "Count."}, END_OF_THOUGHT, _head(0, "count:0", "count")),
            *(_more(0, '{"of": '), _more(0, '"lima"}'), {}),
        ),
        {
            "reasoning_content": "Count.",
            "tool_calls": [_call("count:0", "count", '{"of": "lima"}')],
        },
    ),
    (
        "two calls whose fragments take turns",
        (
            *(ROLE, {"reasoning_content": "Both."}, END_OF_THOUGHT, _head(0, "count:0", "count")),
            *(_more(0, '{"of": '), _head(1, "mean:1", "mean"), _more(1, '{"of": ')),
            *(_more(0, '"lima"}'), _more(1, '"oslo"}'), {}),
        ),
        {
            "reasoning_content": "Both.",
            "tool_calls": [
                _call("count:0", "count", '{"of": "lima"}'),
                _call("mean:1", "mean", '{"of": "oslo"}'),
            ],
        },
    ),
)
"""Recorded streams: what each is, its deltas, and the message that they make."""


def stream(
    random: random.Random, thought: int, said: int, *, many: int = 1, stall_s: float = 0.0
) -> tuple[list[Piece], int, float]:
    """Pieces as a stream brings them, how many tokens they hold, and when the last text came."""
    t = random.uniform(0.3, 0.6)
    pieces: list[Piece] = [(t, "", "")]
    kinds = ["reasoning"] * thought + ["answer"] * said
    t += random.uniform(0.3, 0.9)
    for i, kind in enumerate(kinds):
        pieces.append((t, kind, "word " * many))
        t += random.uniform(0.008, 0.03) + (stall_s if i == len(kinds) // 2 else 0.0)
    return [*pieces, (t + 0.4, "", "")], many * len(kinds), pieces[-1][0]
