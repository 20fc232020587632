"""What a run has in hand at a move, as JSON values: request, reply, call and result."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from nbagent.events import Place, ToolFinished, ToolStarted
from nbagent.messages import Message, Request, reasoning_of
from nbagent.policy.spending import BYTES_PER_TOKEN
from nbagent.run import Run
from nbagent.run.moves import Move
from nbagent.tools import ToolResult


def _last(moves: Sequence[Move], *places: Place) -> Move | None:
    return next((move for move in reversed(moves) if move.place in places), None)


def calls_in(moves: Sequence[Move]) -> int:
    """How many calls the last reply among these moves has."""
    reply = _last(moves, "reply")
    return len(cast("Message", reply.in_hand).get("tool_calls") or []) if reply else 0


def request_told(run: Run, moves: Sequence[Move]) -> dict[str, Any] | None:
    """The last request among these moves; its `body` is the text that goes on the wire."""
    move = _last(moves, "request")
    if move is None:
        return None
    request = cast("Request", move.in_hand)
    earlier = [m for m in moves if m.place == "request"][-2:-1]
    body = request.body()
    cached = _same_bytes(request, cast("Request", earlier[0].in_hand)) if earlier else 0
    usage = _usage(run, move.step)
    price = run.recipe.model.facts.price
    n_tokens = usage["prompt_tokens"] if usage else int(len(body) / BYTES_PER_TOKEN)
    return {
        "body": body.decode(),
        "n_bytes": len(body),
        "est_tokens": n_tokens,
        "cached_bytes": cached,
        "est_usd": n_tokens * price[0] / 1e6 if price else None,
        "is_sent": move is not moves[-1],
        "edited": move.was is not None,
        "url": run.recipe.model.facts.url,
        "step": move.step,
    }


def _same_bytes(request: Request, earlier: Request) -> int:
    """How many bytes at the beginning of a request's body are those of an earlier one's."""
    a, b = request.body(), earlier.body()
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if a[:middle] == b[:middle] else (low, middle - 1)
    return low


def _usage(run: Run, step: int) -> Any:
    replies = (e for e in run.events if e.kind == "reply_received" and e.step == step)  # type: ignore[attr-defined] # a ReplyReceived
    return next((e.usage for e in replies if e.usage), None)  # type: ignore[attr-defined] # the same


def reply_told(run: Run, moves: Sequence[Move]) -> dict[str, Any] | None:
    """The last reply among these moves, with its figures."""
    move = _last(moves, "reply")
    if move is None:
        return None
    message = cast("Message", move.in_hand)
    event: Any = next(
        (e for e in run.events if e.kind == "reply_received" and e.step == move.step),  # type: ignore[attr-defined] # a ReplyReceived
        None,
    )
    figures: dict[str, Any] = next(
        (s for s in run.metrics()["steps"] if s["step"] == move.step), {}
    )
    is_kept = bool(reasoning_of(message).strip())
    return {
        "message": message,
        "finish_reason": event.finish_reason if event else "",
        "usage": event.usage if event else None,
        "ttft_s": figures.get("ttft_s"),
        "tokens_per_s": None if run.started.scripted else figures.get("tokens_per_s"),
        "edited": move.was is not None,
        "was": _pretty(move.was) if move.was is not None else "",
        "reasoning": "kept" if is_kept else "missing" if message.get("tool_calls") else "none",
        "step": move.step,
    }


def tool_told(run: Run, moves: Sequence[Move]) -> dict[str, Any] | None:
    """The last call among these moves, with its result if it is there."""
    move = _last(moves, "call", "result")
    asked = _last(moves, "call")
    if move is None or asked is None or asked.call is None:
        return None
    arguments = cast("dict[str, Any]", asked.in_hand)
    result = move.in_hand if isinstance(move.in_hand, ToolResult) else None
    was = move.was.content if isinstance(move.was, ToolResult) else None
    before = _pretty(asked.was) if asked.was is not None else ""
    return {
        "name": asked.call["function"]["name"],
        "call_id": asked.call["id"],
        "arguments": arguments,
        "code": arguments.get("code") if isinstance(arguments.get("code"), str) else "",
        "gate": asked.note,
        "state": "done" if result else "waits",
        "edited": move.was is not None or asked.was is not None,
        "was": _as_text(was) if was is not None else before,
        "step": move.step,
        "index": move.index,
        "of": calls_in(moves),
        **_result_told(run, move, result or ToolResult(content="")),
    }


def _result_told(run: Run, move: Move, result: ToolResult) -> dict[str, Any]:
    changes = result.changes
    return {
        "content": result.content,
        "n_bytes": len(_as_text(result.content).encode()),
        "outputs": list(result.display),
        "is_error": result.is_error,
        "outcome": result.outcome,
        "changes": {
            "added": list(changes.added) if changes else [],
            "changed": list(changes.changed) if changes else [],
            "removed": list(changes.removed) if changes else [],
            "files": list(changes.files) if changes else [],
        },
        "wall_s": _wall_s(run, move) if move.place == "result" else None,
    }


def _wall_s(run: Run, move: Move) -> float | None:
    """How long the call ran, in seconds; None if it did not, or not in this run."""
    started, ended = None, None
    for event in run.events:
        if isinstance(event, (ToolStarted, ToolFinished)):
            if (event.step, event.index) != (move.step, move.index):
                continue
            started = event.t if isinstance(event, ToolStarted) else started
            ended = event.t if isinstance(event, ToolFinished) else ended
    return None if started is None or ended is None else ended - started


def _as_text(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1)
