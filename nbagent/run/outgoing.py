"""What leaves the machine: a request's new content piece by piece, and a guess at its tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nbagent.events import Sent
from nbagent.messages import Record, Request, Usage
from nbagent.meter import cost_usd
from nbagent.phrases import count, dollars
from nbagent.policy.spending import BYTES_PER_TOKEN

TOKENS_PER_PICTURE = 1_024
"""What a picture is taken to cost, whatever its bytes."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The next request's input before it goes: its tokens, and dollars where the price is known."""

    tokens: int = 0
    usd: float | None = None

    @classmethod
    def of(
        cls, tokens: int, last: Usage | None, price: tuple[float, float, float] | None
    ) -> Estimate:
        """Estimate what so many tokens will cost.

        What the last request carried counts as cached if the endpoint has said that it caches.

        Args:
            tokens: what the request carries.
            last: what the endpoint has counted of the last one.
            price: dollars per million tokens of input, cached input and output.
        """
        cached = min(last["prompt_tokens"], tokens) if last and last.get("cached_tokens") else 0
        usage: Usage = {"prompt_tokens": tokens, "completion_tokens": 0, "cached_tokens": cached}
        return cls(tokens, cost_usd(usage, price))

    def __str__(self) -> str:
        return f"Next request ≈ {count(self.tokens)} tokens, ≈ {dollars(self.usd)} for its input."


def estimated_tokens(records: Iterable[Record]) -> int:
    """Guess how many tokens messages take, before the endpoint has counted them."""
    n_bytes, n_pictures = 0, 0
    for record in records:
        n_bytes += record.n_bytes
        content = record.message.get("content")
        for part in content if isinstance(content, list) else ():
            if part["type"] == "image_url":
                n_bytes -= len(part["image_url"]["url"])
                n_pictures += 1
    return int(n_bytes / BYTES_PER_TOKEN) + n_pictures * TOKENS_PER_PICTURE


def newly_sent(request: Request, since: int, attached: Sequence[Sent]) -> tuple[Sent, ...]:
    """Say what a request carries that the one before it did not.

    Args:
        request: the request about to go.
        since: how many of its messages went before (0 for a run's first request).
        attached: what the person's prompt brings along; the first request carries it.
    """
    sent: list[Sent] = []
    names: dict[str, str] = {}
    if since == 0:
        sent.append(Sent(kind="tools", n_bytes=len(request.head)))
    records = request.records
    last = len(records) - 1
    for i, record in enumerate(records[max(since - 1, 0) :], start=max(since - 1, 0)):
        message, size = record.message, record.n_bytes
        for call in message.get("tool_calls") or []:
            names[call["id"]] = call["function"]["name"]
        if i < since:
            continue
        role = message["role"]
        if role == "tool":
            name = names.get(message.get("tool_call_id", ""), "")
            sent.append(Sent(kind="tool_result", name=name, n_bytes=size))
        elif role == "user" and (since or i == last):
            pieces = () if since else tuple(attached)
            own_bytes = size - sum(piece.n_bytes for piece in pieces)
            sent += [Sent(kind="prompt", n_bytes=max(own_bytes, 0)), *pieces]
        else:
            sent.append(Sent(kind="system" if role == "system" else "message", n_bytes=size))
    return tuple(sent)
