"""A row of the table: what the server does, and what a run is to make of it; and ways to break."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from tests.faults.server import server_of
from tests.faults.turns import FAILED, POSITIONS, Turn
from tests.kimi.wire_server import Connection

Break: TypeAlias = Callable[[Connection, Turn], bool]
"""What a server does with a request, given the turn that is due; whether the connection stays."""

AWHILE = 2_000
"""How often something comes that never ends, for a client that would wait for ever."""
POLL_S = 0.02


@dataclass(frozen=True)
class Outcome:
    """How a run goes on after a fault.

    Attributes:
        end: how it ends.
        kind: the kind of error, of the attempts that fail or of the end.
        retries: how many attempts fail and are made again.
        words: stand in what the person is told of it.
        result: stands in the result that the model gets, of a call that cannot be run.
        answer: the answer, where the fault changes it.
        wait_s: the shortest and the longest wait before the next attempt, in seconds.
        mark: stands among the marks of the reply.
        unknown: how many attempts may have cost what nobody knows; as many as failed if None.
    """

    end: Literal["answer", "error", "stopped", "limit"] = "answer"
    kind: str = ""
    retries: int = 0
    words: str = ""
    result: str = ""
    answer: str = ""
    wait_s: tuple[float, float] | None = None
    mark: str = ""
    unknown: int | None = None

    @property
    def is_over(self) -> bool:
        """Whether the run ends with it, instead of with the conversation's last turn."""
        return self.end != "answer" or bool(self.answer)

    @property
    def n_unknown(self) -> int:
        failed = self.retries + (self.end != "answer")
        return failed if self.unknown is None else self.unknown

    def __str__(self) -> str:
        if self.end != "answer":
            return f"ends: {self.kind or self.end}"
        if self.result:
            return "told to the model"
        return f"tried again: {self.kind}" if self.retries else "taken as it is"


def survives(kind: str, words: str = "", *, n: int = 1, **more: Any) -> Outcome:
    return Outcome(kind=kind, retries=n, words=words, **more)


def ends(kind: str, words: str, *, retries: int = 0, **more: Any) -> Outcome:
    return Outcome("error", kind, retries, words, **more)


def tells(words: str) -> Outcome:
    return Outcome(result=words)


TOLERATED = Outcome()


@dataclass(frozen=True)
class Fault:
    """One row.

    Attributes:
        name: what goes wrong.
        do: what the server does.
        then: what a run makes of it.
        times: how many requests in a row it strikes.
        settings: what the run is set to, where the default would not show it.
        reply: the reply that joins the history beside the turns, if the fault is one of replies.
        changed: what a client takes instead of the turn's own message.
        stop: when the person stops the run: once a piece has come, or while it waits.
        away: whether nobody listens, so that nothing is asked at all.
        at: the turns at which it can strike.
    """

    name: str
    do: Break
    then: Outcome
    times: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    reply: Turn | None = None
    changed: Callable[[dict[str, Any]], dict[str, Any]] = lambda message: message
    stop: Literal["", "piece", "wait", "held", "sent"] = ""
    away: bool = False
    at: tuple[str, ...] = tuple(POSITIONS)

    @property
    def takes_the_turn(self) -> bool:
        """Whether it is the turn itself that comes, though oddly."""
        return self.then == TOLERATED and self.reply is None

    def meant(self, turn: Turn) -> dict[str, Any] | None:
        """What a client takes of it; None where there is nothing fit to be taken."""
        if self.reply is not None:
            return self.reply.message
        return self.changed(turn.message) if self.takes_the_turn else None


def always(fault: Fault, then: Outcome, **more: Any) -> Fault:
    """The same fault at every attempt."""
    return replace(fault, name=f"{fault.name}, always", then=then, times=1_000, **more)


# Ways to break

Piece: TypeAlias = bytes | Iterable[bytes]


def sends(events: Iterable[bytes] | Callable[[Turn], Iterable[bytes]]) -> Break:
    """Stream these events, one chunk each."""

    def do(connection: Connection, turn: Turn) -> bool:
        connection.chunked(request_id="req-bad")
        for one in events(turn) if callable(events) else events:
            connection.chunk(one)
        return connection.end()

    return do


def stops_after(phase: str, how: Callable[[Connection], bool]) -> Break:
    """Stream as far as a phase of a reply, then break as `how` does."""

    def do(connection: Connection, _: Turn) -> bool:
        connection.chunked(request_id="req-bad")
        for one in FAILED.up_to(phase):
            connection.chunk(one)
        return how(connection)

    return do


def cut(_: Connection) -> bool:
    """Close the connection in the middle of a chunked body."""
    return False


def answers(
    status: int, body: Any = b"", content_type: str = "application/json", **headers: str
) -> Break:
    """Answer with a status and a body."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def do(connection: Connection, _: Turn) -> bool:
        connection.head(
            status,
            content_type,
            Content_Length=str(len(data)),
            **({"Msh_Request_Id": "req-bad"} | headers),
        )
        connection.sock.sendall(data)
        return True

    return do


def refuses(status: int, type_: str, message: str, **headers: str) -> Break:
    """Answer with an error in Moonshot's form."""
    return answers(status, {"error": {"message": message, "type": type_}}, **headers)


def raw(data: bytes, *, keep: bool = False) -> Break:
    """Answer with bytes that may be no HTTP at all."""

    def do(connection: Connection, _: Turn) -> bool:
        connection.sock.sendall(data)
        return keep

    return do


def silence(connection: Connection) -> bool:
    """Say nothing until the client gives up, while time passes for it."""
    server = server_of(connection)
    connection.sock.settimeout(POLL_S)
    for _ in itertools.count() if server.endless else range(50):
        try:
            if not connection._more():
                break
        except TimeoutError:
            server.pass_time(10.0)
    return False


def drips(drop: bytes, *, after: Iterable[bytes] = (), step_s: float = 1.0) -> Break:
    """Send one thing again and again, while time passes."""

    def do(connection: Connection, _: Turn) -> bool:
        server = server_of(connection)
        connection.chunked(request_id="req-bad")
        for one in after:
            connection.chunk(one)
        for _ in itertools.count() if server.endless else range(AWHILE):
            connection.chunk(drop)
            server.pass_time(step_s)
        return connection.end()

    return do
