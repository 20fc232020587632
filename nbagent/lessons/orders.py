"""Orders: faults and turns that a lesson or a test asks for before it sends a request.

An order is a JSON object with a `kind`; orders are taken first come, first served, one a request.

    refusals, before the request is judged:
        rate_limit    429; `retry_after` in seconds sends the header, `text` is RPM, TPM or TPD
        concurrency   429; too many requests at once
        quota         429; no money left
        overloaded    429; the server is busy
        status        `code` (default 503), with an HTML body as a proxy would send
        html          200, but a web page
    turns:
        turn          `reasoning`, `content`, `calls` [[name, arguments]…]: say this instead
        length        the reply is cut after `tokens` (default 12) and finishes as `length`
        no_reasoning  the reply carries no reasoning
        bad_arguments the last call's arguments are cut in two
    streams (`after` counts events, default 3):
        cut           the connection breaks
        truncate      the response ends as if it were whole
        stall         silence for `seconds` (default 3600)
        error         an error event, then the end
        no_finish     `[DONE]` without a finish chunk
        no_done       neither `[DONE]` nor an end: silence for `seconds` after the finish chunk
        not_json      an event that is not JSON
        whole_calls   each call in one fragment
        no_index      fragments of calls carry no index
        dialect       reasoning under `field` (default `reasoning`)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from nbagent.lessons.judge import Refused
from nbagent.lessons.story import Call, Turn
from nbagent.lessons.wire import Frame, Reply, chunk

Order: TypeAlias = dict[str, Any]
LONG_S = 3600.0
ACCOUNT = "org-lesson<ak-lesson>"
PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Page:
    """An answer that is no API answer."""

    status: int
    html: str


class Orders:
    """The orders that wait."""

    def __init__(self) -> None:
        self._waiting: deque[Order] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def place(self, orders: list[Order]) -> None:
        """Add orders at the end.

        Raises:
            ValueError: one is no order, or of an unknown kind; then none is added.
        """
        if not isinstance(orders, list) or not all(isinstance(order, dict) for order in orders):
            raise ValueError("a list of objects, each with a kind")
        for order in orders:
            if order.get("kind") not in REFUSALS | TURNS | STREAMS:
                raise ValueError(f"unknown order {order.get('kind')!r}")
        self._waiting.extend(orders)

    def clear(self) -> None:
        """Forget all."""
        self._waiting.clear()

    def take(self, kinds: frozenset[str]) -> Order | None:
        """Take the next order if it is of one of these kinds."""
        if self._waiting and self._waiting[0]["kind"] in kinds:
            return self._waiting.popleft()
        return None


def refuse(order: Order) -> Page:
    """Carry out a refusal.

    Returns:
        The page to send, where the order is for a page.

    Raises:
        Refused: the error to send.
    """
    kind = order["kind"]
    if kind == "html":
        return Page(200, PAGE.format("Sign in to the network"))
    if kind == "status":
        code = int(order.get("code", 503))
        return Page(code, PAGE.format(f"{code} Service Unavailable"))
    if kind == "overloaded":
        text = "The engine is currently overloaded, please try again later"
        raise Refused(429, "engine_overloaded_error", text)
    if kind == "quota":
        text = f"Your account {ACCOUNT} is suspended due to insufficient balance, please recharge"
        raise Refused(429, "exceeded_current_quota_error", text)
    raise Refused(429, "rate_limit_reached_error", _limit_text(order))


def _limit_text(order: Order) -> str:
    limit = "concurrency" if order["kind"] == "concurrency" else order.get("text", "RPM")
    begin = f"Your account {ACCOUNT} request reached "
    if limit == "TPM":
        return f"{begin}TPM rate limit, current:500100, limit:500000"
    if limit == "TPD":
        return f"{begin}TPD rate limit,current:1500100, limit:1500000"
    again = f"please try again after {order.get('seconds', 1)} seconds"
    most = "max concurrency: 1" if limit == "concurrency" else "max RPM: 3"
    return f"{begin}organization {most}, {again}"


def changed_turn(order: Order, turn: Turn) -> Turn:
    """Change what is said."""
    if order["kind"] == "turn":
        calls = tuple(Call(name, arguments) for name, arguments in order.get("calls", ()))
        return Turn(order.get("reasoning", ""), order.get("content", ""), calls)
    if order["kind"] == "no_reasoning":
        return replace(turn, reasoning="")
    return turn


def changed_reply(order: Order, reply: Reply) -> Reply:
    """Change how a reply is written."""
    if order["kind"] != "bad_arguments" or not reply.call_ids:
        return reply
    last = len(reply.call_ids) - 1
    mine = [p for p in reply.pieces if p.phase == "arguments" and p.call == last]
    kept = mine[: len(mine) // 2]
    return replace(reply, pieces=tuple(p for p in reply.pieces if p not in mine or p in kept))


def changed_frames(order: Order, frames: list[Frame], reply: Reply) -> list[Frame]:
    """Change how a stream is sent."""
    return STREAM_CHANGES[order["kind"]](order, frames, reply)


def _after(order: Order) -> int:
    return int(order.get("after", 3))


def _cut(order: Order, frames: list[Frame], _: Reply) -> list[Frame]:
    return [*frames[: _after(order)], Frame(cut=True)]


def _truncate(order: Order, frames: list[Frame], _: Reply) -> list[Frame]:
    return frames[: _after(order)]


def _stall(order: Order, frames: list[Frame], _: Reply) -> list[Frame]:
    at = _after(order)
    late = replace(frames[at], pause_s=float(order.get("seconds", LONG_S)))
    return [*frames[:at], late, *frames[at + 1 :]]


def _error(order: Order, frames: list[Frame], _: Reply) -> list[Frame]:
    text = "The engine is currently overloaded, please try again later"
    event = {"error": {"message": text, "type": "engine_overloaded_error"}}
    return [*frames[: _after(order)], Frame(event)]


def _not_json(order: Order, frames: list[Frame], _: Reply) -> list[Frame]:
    at = _after(order)
    return [*frames[:at], Frame('{"id":"chatcmpl-'), *frames[at:]]


def _no_finish(_: Order, frames: list[Frame], __: Reply) -> list[Frame]:
    return [f for f in frames if not _finishes(f)]


def _no_done(order: Order, frames: list[Frame], _: Reply) -> list[Frame]:
    silence = Frame(pause_s=float(order.get("seconds", LONG_S)), cut=True)
    return [*(f for f in frames if f.data != "[DONE]"), silence]


def _finishes(frame: Frame) -> bool:
    if isinstance(frame.data, str):
        return False
    choices = frame.data.get("choices")
    return not choices or choices[0]["finish_reason"] is not None


def _whole_calls(_: Order, frames: list[Frame], reply: Reply) -> list[Frame]:
    calls = reply.message().get("tool_calls", [])
    whole = [
        Frame(chunk(reply, {"tool_calls": [{"index": i, **call}]}), 8)
        for i, call in enumerate(calls)
    ]
    kept = [f for f in frames if "tool_calls" not in _delta_of(f)]
    at = next(i for i, f in enumerate(kept) if _finishes(f))
    return [*kept[:at], *whole, *kept[at:]]


def _no_index(_: Order, frames: list[Frame], __: Reply) -> list[Frame]:
    for frame in frames:
        for call in _delta_of(frame).get("tool_calls", []):
            del call["index"]
    return frames


def _dialect(order: Order, frames: list[Frame], _: Reply) -> list[Frame]:
    for frame in frames:
        delta = _delta_of(frame)
        if "reasoning_content" in delta:
            delta[order.get("field", "reasoning")] = delta.pop("reasoning_content")
    return frames


def _delta_of(frame: Frame) -> dict[str, Any]:
    if isinstance(frame.data, str) or not frame.data.get("choices"):
        return {}
    delta: dict[str, Any] = frame.data["choices"][0]["delta"]
    return delta


STREAM_CHANGES: dict[str, Callable[[Order, list[Frame], Reply], list[Frame]]] = {
    "cut": _cut,
    "truncate": _truncate,
    "stall": _stall,
    "error": _error,
    "not_json": _not_json,
    "no_finish": _no_finish,
    "no_done": _no_done,
    "whole_calls": _whole_calls,
    "no_index": _no_index,
    "dialect": _dialect,
}
REFUSALS = frozenset({"rate_limit", "concurrency", "quota", "overloaded", "status", "html"})
TURNS = frozenset({"turn", "length", "no_reasoning", "bad_arguments"})
STREAMS = frozenset(STREAM_CHANGES)
