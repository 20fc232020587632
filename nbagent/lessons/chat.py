"""One chat request, from its bytes to its reply; no sockets here.

Judge the request in the endpoint's order, find the story's next turn, write it out. `State` is
all that the server remembers: which prompt prefixes it saw, what it received, what was ordered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

from nbagent.lessons import body as bodies
from nbagent.lessons import judge, orders
from nbagent.lessons.body import Body
from nbagent.lessons.ledger import Entry, Ledger
from nbagent.lessons.orders import Order, Orders, Page
from nbagent.lessons.pace import Pace
from nbagent.lessons.scenarios import select
from nbagent.lessons.scenarios.summarising import summarise
from nbagent.lessons.scenarios.unknown import unknown
from nbagent.lessons.story import Turn, next_turn
from nbagent.lessons.tokens import Prefixes, count, message_tokens
from nbagent.lessons.wire import Frame, Reply, frames, make_reply
from nbagent.summary import is_ask

ORDERED_LENGTH = 12


@dataclass(slots=True)
class State:
    """What the server remembers between requests, and the lock around it."""

    pace: Pace = field(default_factory=Pace)
    ledger: Ledger = field(default_factory=Ledger)
    orders: Orders = field(default_factory=Orders)
    prefixes: Prefixes = field(default_factory=Prefixes)
    lock: Lock = field(default_factory=Lock)
    usual_pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self.usual_pace = self.pace


@dataclass(frozen=True, slots=True)
class Answer:
    """What a chat request is answered with: a reply, and its events if it is to be streamed."""

    reply: Reply
    stream: list[Frame] | None


def read(raw: bytes) -> Body:
    """Read a request's body.

    Raises:
        Refused: it is not a JSON object.
    """
    try:
        return bodies.read(raw)
    except (ValueError, RecursionError) as fault:
        raise judge.invalid(f"the request body is not valid JSON: {fault}") from None


def answer(raw: bytes, entry: Entry, state: State, created: int) -> Answer | Page:
    """Answer a chat request.

    Args:
        raw: its body.
        entry: its entry in the ledger, completed here.
        state: what the server remembers.
        created: seconds since the epoch.

    Raises:
        Refused: the request is refused.
    """
    body = read(raw)
    judge.check_model(body)
    with state.lock:
        order = state.orders.take(orders.REFUSALS)
    if order:
        entry.order = order
        return orders.refuse(order)
    judge.check_request(body)
    with state.lock:
        prompt, cached = state.prefixes.measure(body)
    judge.check_size(body, prompt)
    entry.notes = judge.notes(body)
    with state.lock:
        order = state.orders.take(orders.TURNS | orders.STREAMS)
    entry.order = order
    reply = _reply(raw, body, order or {}, created, (prompt, cached))
    entry.reply, entry.usage = reply.message(), reply.usage
    return Answer(reply, _stream(body, order, reply))


def _reply(raw: bytes, body: Body, order: Order, created: int, size: tuple[int, int]) -> Reply:
    ordered = order.get("kind")
    allowed = judge.reply_tokens(body)
    limit = int(order.get("tokens", ORDERED_LENGTH)) if ordered == "length" else allowed
    turn = _turn(body)
    reply = make_reply(
        orders.changed_turn(order, turn) if order else turn,
        raw=raw,
        created=created,
        first_call=sum(len(m.get("tool_calls") or []) for m in body.messages),
        thinking=body.thinking,
        limit=limit,
        prompt_tokens=size[0],
        cached_tokens=size[1],
    )
    return orders.changed_reply(order, reply) if order else reply


def _turn(body: Body) -> Turn:
    """What the story says next, or a summary of it, if that is asked for."""
    if not is_ask(body.messages[-1]):
        return next_turn(body.messages, body.tool_names, select, unknown, body.tool_schemas)
    then = next_turn(body.messages[:-1], body.tool_names, select, unknown)
    return summarise(body.messages, then)


def _stream(body: Body, order: Order | None, reply: Reply) -> list[Frame] | None:
    if not body.value.get("stream"):
        return None
    options = body.value.get("stream_options") or {}
    whole = frames(reply, include_usage=bool(options.get("include_usage")))
    if order and order["kind"] in orders.STREAMS:
        return orders.changed_frames(order, whole, reply)
    return whole


def estimate(raw: bytes) -> int:
    """Estimate the tokens of a request's messages and tools by the declared rule.

    Raises:
        Refused: the body cannot be read or its messages are not valid.
    """
    body = read(raw)
    judge.check_model(body)
    judge.check_request(body)
    return count(body.tools_text) + sum(message_tokens(m) for m in body.messages)
