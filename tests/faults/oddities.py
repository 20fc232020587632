"""Streams that are odd and mean what they should: taken as if nothing were odd."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from tests.faults.fault import TOLERATED, Break, Fault, sends, silence
from tests.faults.turns import FAILED, LOST, Turn, usage_of
from tests.kimi.wire_server import DONE, Connection, delta, event


def odd(name: str, events: Callable[[Turn], Iterable[bytes]], **more: Any) -> Fault:
    return Fault(name, sends(events), TOLERATED, **more)


def in_bytes(change: Callable[[bytes], bytes], size: int = 0) -> Callable[[Turn], Iterable[bytes]]:
    """The turn's bytes, changed; in chunks of one size, or all in one."""

    def events(turn: Turn) -> Iterable[bytes]:
        data = change(b"".join(turn.events()))
        return [data[i : i + size] for i in range(0, len(data), size)] if size else [data]

    return events


def among(extra: bytes) -> Callable[[Turn], Iterable[bytes]]:
    """Something beside every event."""
    return lambda turn: [extra, *(one + extra for one in turn.events()), extra]


def with_text(text: str) -> Fault:
    """The turn's reasoning with rare characters after it."""
    name = f"characters {' '.join(f'U+{ord(c):04X}' for c in text)}"

    def events(turn: Turn) -> Iterable[bytes]:
        extra = delta(reasoning_content=text)
        return [*Turn(turn.reasoning).open_events(), extra, *rest_of(turn), *turn.end_events()]

    def changed(message: dict[str, Any]) -> dict[str, Any]:
        return message | {"reasoning_content": message["reasoning_content"] + text}

    return odd(name, events, changed=changed)


def rest_of(turn: Turn) -> list[bytes]:
    return [delta(**p) for phase, p in turn.deltas() if phase not in {"head", "reasoning"}]


def whole(connection: Connection, turn: Turn) -> bool:
    """Answer in one piece, as a server does that cannot stream."""
    choice = {"index": 0, "message": turn.message, "finish_reason": turn.finish}
    body = {"object": "chat.completion", "choices": [choice], "usage": usage_of(turn.usage)}
    data = json.dumps(body).encode()
    connection.head(200, "application/json", Content_Length=str(len(data)))
    connection.sock.sendall(data)
    return True


def framed(head: bytes, *, close: bool = True, length: bool = False, after: bytes = b"") -> Break:
    """Answer with a head of one's own, and a body that ends with the connection."""

    def do(connection: Connection, turn: Turn) -> bool:
        body = b"".join(turn.events())
        rows = [head, b"Content-Type: text/event-stream"]
        rows += [b"Content-Length: %d" % len(body)] if length else []
        connection.sock.sendall(b"\r\n".join([*rows, b"", b""]) + body + after)
        return not close

    return do


def extended(connection: Connection, turn: Turn) -> bool:
    """Chunks with extensions, and headers after the last of them."""
    connection.chunked()
    for one in turn.events():
        connection.sock.sendall(b"%x;part=1\r\n" % len(one) + one + b"\r\n")
    connection.sock.sendall(b"0\r\nX-Trailer: late\r\n\r\n")
    return True


def ends_with(how: Callable[[Connection], bool], *last: bytes) -> Break:
    """Give the whole reply, and then do not end as one should."""

    def do(connection: Connection, turn: Turn) -> bool:
        connection.chunked()
        for one in [*turn.open_events(), delta(turn.finish, usage_of(turn.usage)), *last]:
            connection.chunk(one)
        return how(connection)

    return do


def unsolicited(connection: Connection, turn: Turn) -> bool:
    """Answer, and in the same breath answer once more what nobody has asked."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n"
    bodies = [b"".join(one.events()) for one in (turn, FAILED)]
    connection.sock.sendall(b"".join(head % len(body) + body for body in bodies))
    return True


def without_index(turn: Turn) -> Iterable[bytes]:
    """Fragments that do not say which call they belong to."""
    data = b"".join(turn.events())
    for i in range(len(turn.calls)):
        data = data.replace(b'"tool_calls": [{"index": %d, ' % i, b'"tool_calls": [{')
    return [data]


def in_one(turn: Turn) -> Iterable[bytes]:
    """Everything in one delta, the finish included."""
    message = dict(turn.message)
    calls = message.pop("tool_calls", [])
    message["tool_calls"] = [{"index": i, **call} for i, call in enumerate(calls)] or None
    return [delta(turn.finish, usage_of(turn.usage), **message), DONE]


def interleaved(turn: Turn) -> Iterable[bytes]:
    """The calls' fragments in turns: all names, then the arguments letter by letter."""
    found = [delta(**p) for phase, p in turn.deltas() if phase not in {"name", "arguments"}]
    found += [delta(**p) for phase, p in turn.deltas() if phase == "name"]
    for k in range(max((len(c.arguments) for c in turn.calls), default=0)):
        for i, call in reversed(list(enumerate(turn.calls))):
            piece = {"index": i, "function": {"arguments": call.arguments[k : k + 1]}}
            found.append(delta(tool_calls=[piece]))
    return [*found, *turn.end_events()]


def names_last(turn: Turn) -> Iterable[bytes]:
    """The arguments before the name that they are for."""
    found = [delta(**p) for phase, p in turn.deltas() if phase not in {"name", "arguments"}]
    for i, call in enumerate(turn.calls):
        early = {"index": i, "function": {"arguments": call.arguments}}
        late = {"index": i, "id": call.id, "type": "function", "function": {"name": call.name}}
        found += [delta(tool_calls=[early]), delta(tool_calls=[late])]
    return [*found, *turn.end_events()]


def named_again(turn: Turn) -> Iterable[bytes]:
    """Id, type and name with every fragment."""
    found = [delta(**p) for phase, p in turn.deltas() if phase not in {"name", "arguments"}]
    for i, call in enumerate(turn.calls):
        for letter in call.arguments:
            function = {"name": call.name, "arguments": letter}
            piece = {"index": i, "id": call.id, "type": "function", "function": function}
            found.append(delta(tool_calls=[piece]))
    return [*found, *turn.end_events()]


def as_objects(turn: Turn) -> Iterable[bytes]:
    """Arguments as an object instead of its text."""
    found = [delta(**p) for phase, p in turn.deltas() if phase not in {"name", "arguments"}]
    for i, call in enumerate(turn.calls):
        function = {"name": call.name, "arguments": json.loads(call.arguments)}
        piece = {"index": i, "id": call.id, "type": "function", "function": function}
        found.append(delta(tool_calls=[piece]))
    return [*found, *turn.end_events()]


def ids(make: Callable[[int, str], str]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """What a client takes when the calls have other ids."""

    def changed(message: dict[str, Any]) -> dict[str, Any]:
        calls = message.get("tool_calls", [])
        given = [call | {"id": make(i, call["id"])} for i, call in enumerate(calls)]
        return message | ({"tool_calls": given} if calls else {})

    return changed


def with_ids(name: str, make: Callable[[int, str], str], sent: str | None = None) -> Fault:
    """Calls whose ids are made by `make`, or are all `sent` on the wire."""

    def events(turn: Turn) -> Iterable[bytes]:
        data = b"".join(turn.events())
        for i, call in enumerate(turn.calls):
            given = make(i, call.id) if sent is None else sent
            data = data.replace(f'"id": "{call.id}"'.encode(), f'"id": "{given}"'.encode())
        return [data]

    return odd(name, events, changed=ids(make))


def no_usage(turn: Turn) -> Iterable[bytes]:
    return [*turn.open_events(), delta(turn.finish), DONE]


COUNTS = {"numbers beyond measure": 10**400, "less than nothing": -7, "truths": True, "halves": 2.5}


def counted(n: Any) -> Callable[[Turn], Iterable[bytes]]:
    """Token counts that cannot be."""
    usage = {"prompt_tokens": n, "completion_tokens": n, "cached_tokens": n}
    return lambda turn: [*turn.open_events(), delta(turn.finish, usage), DONE]


def names_in_pieces(turn: Turn) -> Iterable[bytes]:
    found = [delta(**p) for phase, p in turn.deltas() if phase not in {"name", "arguments"}]
    for i, call in enumerate(turn.calls):
        for name in (call.name[:2], call.name[2:]):
            function = {"name": name, "arguments": ""}
            piece = {"index": i, "id": call.id, "type": "function", "function": function}
            found.append(delta(tool_calls=[piece]))
        rest = {"index": i, "function": {"arguments": call.arguments}}
        found.append(delta(tool_calls=[rest]))
    return [*found, *turn.end_events()]


SECOND_CALL, LATE_CALL = b'"tool_calls": [{"index": 1,', b'"tool_calls": [{"index": 900000000,'
DEEP = delta(x_trace="@").replace(b'"@"', b"[" * 150 + b"]" * 150)
FIELDS = b"event: message\nid: 7\nretry: 10\n"
SECOND = {"index": 1, "delta": {"content": LOST, "tool_calls": [{"index": 0, "id": LOST}]}}

FAULTS = [
    odd("bytes one by one", in_bytes(lambda data: data, 1)),
    odd("all in one read", in_bytes(lambda data: data)),
    odd("lines end with CR LF", in_bytes(lambda data: data.replace(b"\n", b"\r\n"), 7)),
    odd("lines end with CR", in_bytes(lambda data: data.replace(b"\n", b"\r"), 7)),
    odd("a byte order mark", in_bytes(lambda data: b"\xef\xbb\xbf" + data)),
    odd("no space after the colon", in_bytes(lambda data: data.replace(b"data: ", b"data:"))),
    odd(
        "other fields of events", in_bytes(lambda data: data.replace(b"data: ", FIELDS + b"data: "))
    ),
    odd("no blank line at the end", in_bytes(lambda data: data.rstrip(b"\n"))),
    odd("comments between", among(b": OPENROUTER PROCESSING\n\n")),
    odd("blank lines between", among(b"\n\n\n")),
    odd("delta null between", among(event({"choices": [{"index": 0, "delta": None}]}))),
    odd("no choices between", among(event({"id": "x", "choices": []}))),
    odd("choices null between", among(event({"id": "x", "choices": None}))),
    odd("usage null between", among(event({"choices": [], "usage": None}))),
    odd("empty reasoning between", among(delta(reasoning_content=""))),
    odd("nulls between", among(delta(content=None, tool_calls=None, reasoning_content=None))),
    odd("a second choice", among(event({"choices": [SECOND]}))),
    odd("roles between", among(delta(role="assistant"))),
    odd("a role that is none", among(delta(role="robot"))),
    odd("no role", lambda turn: turn.events()[1:]),
    odd("junk after [DONE]", lambda turn: [*turn.events(), b"data: {oops\n\n", b"\xff\xfe"]),
    odd("an error after the finish", lambda turn: [*turn.events()[:-1], event({"error": "x"})]),
    odd("everything in one delta", in_one),
    odd("no usage", no_usage),
    odd(
        "usage of words",
        lambda turn: [*turn.open_events(), delta(turn.finish, {"prompt_tokens": "many"}), DONE],
    ),
    *(odd(f"usage of {name}", counted(n)) for name, n in COUNTS.items()),
    odd("an index that is large", in_bytes(lambda data: data.replace(SECOND_CALL, LATE_CALL))),
    odd(
        "an unknown field nested 150 deep, kept",
        lambda turn: [*turn.open_events(), DEEP, *turn.end_events()],
        changed=lambda message: message | {"x_trace": json.loads("[" * 150 + "]" * 150)},
    ),
    odd("names in pieces", names_in_pieces),
    odd("a finish of an unknown kind", lambda turn: [*turn.open_events(), *turn.end_events("eos")]),
    odd("finish said twice", lambda turn: [*turn.events()[:-1], delta(turn.finish), DONE]),
    *(with_text(text) for text in ("\u2028\u2029", "\x85\x0b\x0c", "👍🏽 Ünïcode", "\ufeff\u200b")),
    odd("fragments without an index", without_index),
    odd("fragments in turns", interleaved),
    odd("arguments before their name", names_last),
    odd("names with every fragment", named_again),
    odd("arguments as objects", as_objects),
    with_ids("ids with a prefix", lambda i, id_: f"functions.{id_}"),
    with_ids("ids of numbers", lambda i, id_: f"call_{i}_{id_[-1]}"),
    with_ids("ids of an earlier turn", lambda i, id_: f"note:{i}"),
    with_ids("ids that are missing", lambda i, id_: f"note:{i}", sent=""),
    Fault("a whole reply instead of a stream", whole, TOLERATED),
    Fault("finish without [DONE]", ends_with(Connection.end), TOLERATED),
    Fault("finish, then silence", ends_with(silence), TOLERATED),
    Fault("[DONE], then silence", ends_with(silence, DONE), TOLERATED),
    Fault("finish, then closed", ends_with(lambda _: False), TOLERATED),
    Fault("no framing but the end", framed(b"HTTP/1.1 200 OK"), TOLERATED),
    Fault("chunks with extensions and trailers", extended, TOLERATED),
    Fault("HTTP/1.0", framed(b"HTTP/1.0 200 OK"), TOLERATED),
    Fault(
        "a length instead of chunks",
        framed(b"HTTP/1.1 200 OK", close=False, length=True),
        TOLERATED,
    ),
    Fault(
        "early hints first",
        framed(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK", close=False, length=True),
        TOLERATED,
    ),
    Fault(
        "closed after the answer, though kept alive",
        framed(b"HTTP/1.1 200 OK\r\nConnection: keep-alive", length=True),
        TOLERATED,
    ),
    Fault(
        "a wrong content type",
        framed(
            b"HTTP/1.1 200 OK\r\nX-Real: 1\r\nContent-Type: text/html", close=False, length=True
        ),
        TOLERATED,
    ),
]

UNSOLICITED = Fault("an answer that nobody asked for", unsolicited, TOLERATED)
"""A known miss: HTTP/1.1 does not say which request an answer is for."""
