"""A K2.6 endpoint on loopback that plays the conversation, judges what it gets, and breaks."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nbagent.lessons import judge
from nbagent.lessons.body import Body, read
from tests.faults.turns import TURNS, Turn
from tests.kimi.wire_server import Answer, Connection, Received, WireServer, refuses, streams
from tests.strict import complaints

if TYPE_CHECKING:
    from tests.faults.fault import Fault

JOIN_S = 10.0
AFTER = Turn("Nothing else.", "That was all.")
"""Answers what is asked once the conversation is over."""


class FaultServer(WireServer):
    """Plays `turns`; each fault of `plan` strikes when its turn has come, as often as it says.

    Attributes:
        meant: the replies that a client should have taken, in order.
        bodies: the requests that it judged.
        complaints: what was wrong with them.
        endless: whether what never ends may go on for ever; if not, it ends after a while.
    """

    def __init__(
        self, plan: Sequence[tuple[int, Fault]] = (), turns: Sequence[Turn] = TURNS
    ) -> None:
        self.plan = [(at, fault, fault.times) for at, fault in plan]
        self.turns = turns
        self.at = 0
        self.meant: list[dict[str, Any]] = []
        self.struck: list[str] = []
        self.bodies: list[bytes] = []
        self.complaints: list[str] = []
        self.endless = True
        super().__init__()

    def pass_time(self, seconds: float) -> None:
        """Let time pass; whoever owns the clock replaces this, and `wall`."""

    def wall(self) -> float:
        """Seconds since the epoch."""
        return 0.0

    @property
    def next_fault(self) -> Fault | None:
        """The fault that strikes the next request, if one does."""
        if self.plan and self.plan[0][0] == self.at:
            return self.plan[0][1]
        return None

    def next_answer(self, received: Received) -> Answer:
        refusal = self._judge(received.body)
        if refusal is not None:
            return refusal
        fault = self.next_fault
        if fault is None:
            turn = self.turns[self.at] if self.at < len(self.turns) else AFTER
            self.at += 1
            self.meant.append(turn.message)
            return streams(turn.events(), request_id=f"req-{len(self.bodies)}")
        self.strike()
        turn = self.turns[self.at]
        meant = fault.meant(turn)
        if meant is not None:
            self.meant.append(meant)
        if fault.takes_the_turn:
            self.at += 1
        return lambda connection: fault.do(connection, turn)

    def strike(self) -> None:
        """Count the fault that strikes now."""
        at, fault, times = self.plan[0]
        self.struck.append(fault.name)
        self.plan[:1] = [(at, fault, times - 1)] if times > 1 else []

    def _judge(self, body: bytes) -> Answer | None:
        """Refuse what K2.6 would refuse; note what a careful client avoids."""
        self.bodies.append(body)
        request: Body = read(body)
        try:
            judge.check_model(request)
            judge.check_request(request)
        except judge.Refused as refused:
            self.complaints.append(refused.message)
            return refuses(refused.status, refused.kind, refused.message)
        self.complaints += judge.notes(request)
        self.complaints += complaints(json.loads(body)["messages"])
        return None

    def close(self) -> None:
        """Close, and wait until nobody serves any more."""
        super().close()
        for thread in self.threads:
            thread.join(JOIN_S)

    # Being away

    def go_away(self) -> None:
        """Refuse connections from now on."""
        self.shut()

    def come_back(self) -> None:
        """Listen again, at the same port."""
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.listen()


def server_of(connection: Connection) -> FaultServer:
    assert isinstance(connection.server, FaultServer)
    return connection.server
