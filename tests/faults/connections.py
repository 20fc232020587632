"""Faults of connections, framing and time."""

from __future__ import annotations

import gzip

from tests.faults.fault import (
    Break,
    Fault,
    Outcome,
    always,
    answers,
    cut,
    drips,
    ends,
    raw,
    refuses,
    silence,
    stops_after,
    survives,
)
from tests.faults.server import server_of
from tests.faults.turns import FAILED, LOST, PHASES, Turn
from tests.kimi.wire_server import Connection, delta

BROKE = survives("connection", "broke off")
CUT = survives("invalid_turn", "cut off before its end")


def in_headers(how: Break) -> Break:
    def do(connection: Connection, turn: Turn) -> bool:
        connection.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/ev")
        return how(connection, turn)

    return do


def reset(connection: Connection, _: Turn) -> bool:
    return connection.reset()


def close(_connection: Connection, _: Turn) -> bool:
    return False


def drips_headers(connection: Connection, _: Turn) -> bool:
    """Send one header after another and never the last."""
    server = server_of(connection)
    connection.sock.sendall(b"HTTP/1.1 200 OK\r\n")
    for i in range(AS_MANY_HEADERS):
        connection.sock.sendall(b"x-%d: y\r\n" % i)
        server.pass_time(1.0)
    return silence(connection)


AS_MANY_HEADERS = 50


def hints_for_ever(connection: Connection, _: Turn) -> bool:
    server = server_of(connection)
    for _i in range(AS_MANY_HEADERS):
        connection.sock.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        server.pass_time(1.0)
    return silence(connection)


def page_that_drips(connection: Connection, _: Turn) -> bool:
    """Refuse, with words that never end."""
    connection.head(500, "text/html", Transfer_Encoding="chunked")
    for _i in range(AS_MANY_HEADERS):
        connection.chunk(b"<p>so sorry</p>")
        server_of(connection).pass_time(1.0)
    return silence(connection)


def bad_chunk(connection: Connection, _: Turn) -> bool:
    connection.chunked(request_id="req-bad")
    for one in FAILED.up_to("answer"):
        connection.chunk(one)
    connection.sock.sendall(b"zz\r\nthis is no chunk\r\n")
    return False


def longer_than_said(connection: Connection, _: Turn) -> bool:
    """Say a length, and send more: the rest is no part of the answer."""
    body = b"".join(FAILED.events())
    connection.head(200, Content_Length=str(len(body) // 2), Msh_Request_Id="req-bad")
    connection.sock.sendall(body)
    return False


def shorter_than_said(connection: Connection, _: Turn) -> bool:
    body = b"".join(FAILED.up_to("answer"))
    connection.head(200, Content_Length=str(len(body) + 100), Msh_Request_Id="req-bad")
    connection.sock.sendall(body)
    return False


def cut_gzip(connection: Connection, _: Turn) -> bool:
    body = gzip.compress(b"".join(FAILED.events()))
    connection.head(200, Content_Encoding="gzip", Content_Length=str(len(body) // 2))
    connection.sock.sendall(body[: len(body) // 2])
    return True


def drips_after(phase: str) -> Break:
    return drips(b": keep-alive\n\n", after=FAILED.up_to(phase))


def stalls_after(phase: str) -> Break:
    return stops_after(phase, silence)


STALLED = survives("connection", "sent no further token for 60 s")
ONLY = {"first_delta_seconds": 1e6, "reply_minutes": 1e6}
"""Leaves one limit: the server's time runs ahead of what the client has read."""
UNHEARD = survives("connection", "sent no first token for 120 s")

FAULTS = [
    Fault("refused", close, survives("connection", "connection refused"), away=True),
    Fault("reset before headers", reset, BROKE),
    Fault("closed before headers", close, BROKE),
    Fault("reset in headers", in_headers(reset), BROKE),
    Fault("closed in headers", in_headers(close), BROKE),
    *(Fault(f"reset after {p}", stops_after(p, Connection.reset), BROKE) for p in PHASES),
    *(Fault(f"closed after {p}", stops_after(p, cut), BROKE) for p in PHASES),
    *(Fault(f"clean end after {p}", stops_after(p, Connection.end), CUT) for p in PHASES),
    always(
        Fault("closed after reasoning", stops_after("reasoning", cut), BROKE),
        ends("connection", "5 attempts", retries=4),
        settings={"retry_attempts": 5},
    ),
    always(
        Fault("clean end after arguments", stops_after("arguments", Connection.end), CUT),
        ends("invalid_turn", "3 attempts", retries=2),
    ),
    Fault("no HTTP at all", raw(b"SSH-2.0-OpenSSH_9.2\r\n"), BROKE),
    Fault("a chunk of no length", bad_chunk, BROKE),
    Fault("content-length too small", longer_than_said, CUT),
    Fault("content-length too large", shorter_than_said, BROKE),
    Fault(
        "gzip that is none",
        answers(200, f"{LOST} no gzip".encode(), "text/event-stream", Content_Encoding="gzip"),
        BROKE,
    ),
    Fault("gzip cut short", cut_gzip, CUT),
    Fault("silence before headers", lambda c, _: silence(c), UNHEARD),
    Fault("headers that never end", drips_headers, UNHEARD),
    Fault("early hints without end", hints_for_ever, UNHEARD),
    Fault("a refusal without end", page_that_drips, UNHEARD),
    Fault("a header of 1 MB", raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2**20), BROKE),
    Fault("a status that is none", raw(b"HTTP/1.1 two hundred\r\n\r\n"), BROKE),
    Fault("silence after headers", stalls_after("head"), UNHEARD),
    *(Fault(f"silence after {p}", stalls_after(p), STALLED, settings=ONLY) for p in PHASES[1:]),
    Fault("comments only", drips(b": keep-alive\n\n"), UNHEARD),
    Fault("empty deltas only", drips(delta(content="")), UNHEARD),
    Fault("unknown fields only", drips(delta(x_trace="z")), UNHEARD),
    *(Fault(f"comments after {p}", drips_after(p), STALLED, settings=ONLY) for p in PHASES[1:]),
    Fault(
        "a first token that is later than is set",
        lambda c, _: silence(c),
        survives("connection", "sent no first token for 7 s"),
        settings={"first_delta_seconds": 7.0},
    ),
    Fault(
        "a pause that is longer than is set",
        stalls_after("reasoning"),
        survives("connection", "sent no further token for 7 s"),
        settings={**ONLY, "between_deltas_seconds": 7.0},
    ),
    Fault(
        "a reply that takes longer than is set",
        drips(delta(reasoning_content=LOST), step_s=0.5),
        survives("connection", "sent no end of the reply for 60 s"),
        settings={"reply_minutes": 1.0},
    ),
    Fault(
        "stopped in reasoning",
        stalls_after("reasoning"),
        Outcome("stopped", words="Stopped by you"),
        stop="piece",
    ),
    Fault(
        "stopped before headers",
        lambda c, _: silence(c),
        Outcome("stopped", words="Stopped by you"),
        stop="sent",
    ),
    Fault(
        "stopped while it waits to try again",
        refuses(503, "server_error", "later", Retry_After="30"),
        Outcome("stopped", words="Stopped by you", kind="overloaded", retries=1, unknown=1),
        stop="wait",
    ),
    Fault(
        "stopped while it keeps the pace",
        refuses(
            429,
            "rate_limit_reached_error",
            "request reached organization max RPM: 1, please try again after 1 seconds",
        ),
        Outcome("stopped", words="Stopped by you", kind="rate_limit", retries=1, unknown=0),
        stop="held",
        at=("first", "middle"),
    ),
]
