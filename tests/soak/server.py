"""The endpoint of a soak: plays the story at full speed, breaks, and kills kernels."""

from __future__ import annotations

import hashlib
import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nbagent.lessons.body import read
from nbagent.summary import is_ask
from tests.faults.fault import Fault
from tests.faults.score import is_plain
from tests.faults.server import FaultServer
from tests.faults.table import TABLE
from tests.faults.turns import Turn
from tests.kimi.wire_server import Answer, Connection, Received, streams
from tests.soak import story
from tests.soak.clock import SharedClock

HEAVY = ("without end", "20 MB", "40 MB", "1 MB", "then silence")
"""Faults that send tens of megabytes, or go on passing time beside a run that has gone on."""
OTHER_TURN = ("ids ", "characters ")
"""Oddities that make another turn of the one that is due."""
BYTES_PER_TOKEN = 4
PATIENCE_S = 300.0
"""So much time passes while something drips or is silent: more than the client waits for."""


def faults() -> list[Fault]:
    """The faults of the table that a run goes on after."""
    return [
        fault
        for name, fault in TABLE.items()
        if is_plain(fault) and not fault.then.is_over and not fault.away and fault.reply is None
        if not any(word in name for word in HEAVY) and not name.startswith(OTHER_TURN)
    ]


@dataclass(frozen=True)
class Plan:
    """What happens in a soak.

    Attributes:
        n_calls: tool calls in all.
        n_faults: at so many turns something breaks.
        n_kills: so often the kernel is killed: in a tool, while a reply comes, before it comes.
        hours: how long it all takes, by the clock.
        window_tokens: the window that is used.
        seed: chooses the faults and their turns.
    """

    n_calls: int
    n_faults: int
    n_kills: int
    hours: float
    window_tokens: int
    seed: str

    @property
    def think_s(self) -> float:
        """How long the model takes for a turn."""
        return self.hours * 3600 / story.n_turns(self.n_calls)

    def breaks(self) -> Mapping[int, Fault]:
        """The faults, by turn."""
        chance, every = random.Random(self.seed), faults()
        turns = chance.sample(range(1, story.n_turns(self.n_calls)), self.n_faults)
        order = chance.sample(every, len(every))
        return {k: order[i % len(order)] for i, k in enumerate(turns)}

    def kills(self) -> list[int]:
        """The turns at which the kernel is killed, evenly spread, none where something breaks."""
        broken, n = self.breaks(), story.n_turns(self.n_calls)
        places = (n * (i + 1) // (self.n_kills + 1) for i in range(self.n_kills))
        return [next(k for k in range(place, n) if k not in broken) for place in places]


class SoakServer(FaultServer):
    """Plays the story; a fault or a kill comes once, at its turn.

    Args:
        plan: what happens.
        clock: passes while the model thinks, and while nothing comes.

    Attributes:
        kill: kills the kernel.
        killed: at which turns it was.
        n_asked: requests; `n_cached` and `n_bytes` say how much of them the one before had.
    """

    def __init__(self, plan: Plan, clock: SharedClock) -> None:
        self.story = plan
        self.breaks = dict(plan.breaks())
        self.kills = plan.kills()
        self.killed: list[int] = []
        self.kill: Callable[[], None] = lambda: None
        self.n_asked = self.n_bytes = self.n_cached = self.n_summaries = 0
        self.largest = 0
        self._last = b""
        self._patience_s = 0.0
        self._clock = clock
        super().__init__()
        self.requests = deque(maxlen=1)  # type: ignore[assignment] # thousands, each of a window

    def pass_time(self, seconds: float) -> None:
        """Let time pass; while something is broken no more than any limit needs."""
        seconds = min(seconds, self._patience_s)
        self._patience_s -= seconds
        self._clock.sleep(seconds)

    def wall(self) -> float:
        return self._clock.wall()

    def next_answer(self, received: Received) -> Answer:
        body = received.body
        refusal = self._judge(body)
        self.bodies.clear()
        if refusal is not None:
            return refusal
        self._count(body)
        k = story.next_turn(body)
        usage = (len(body) // BYTES_PER_TOKEN, 300)
        if is_ask(read(body).messages[-1]):
            self.n_summaries += 1
            return self._thought(story.summary(k, usage))
        fault = self.breaks.pop(k, None)
        if k in self.kills[:1]:
            self.kills.pop(0)
            self.killed.append(k)
            return self._kills(k, usage)
        due = story.turn(k, self.story.n_calls, deadly=False, usage=usage)
        if fault is None:
            return self._thought(due)
        self.struck.append(fault.name)
        self._patience_s = PATIENCE_S
        return lambda connection: fault.do(connection, due)

    def _thought(self, due: Turn) -> Answer:
        self._clock.sleep(self.story.think_s)
        return streams(due.events())

    def _kills(self, k: int, usage: tuple[int, int]) -> Answer:
        """Kill the kernel in one of three ways."""
        way = len(self.killed) % 3
        due = story.turn(k, self.story.n_calls, deadly=way == 1, usage=usage)
        if way == 1:
            return self._thought(due)
        events = due.open_events()[: 20 if way == 2 else 0]

        def answer(connection: Connection) -> bool:
            if events:
                connection.chunked()
                for one in events:
                    connection.chunk(one)
            self.kill()
            return False

        return answer

    def _count(self, body: bytes) -> None:
        """Note how much of a request the one before it had."""
        self.n_asked += 1
        self.n_bytes += len(body)
        self.largest = max(self.largest, len(body))
        low, high = 0, min(len(body), len(self._last))
        while low < high:
            middle = (low + high + 1) // 2
            is_same = body[:middle] == self._last[:middle]
            low, high = (middle, high) if is_same else (low, middle - 1)
        self.n_cached += low
        self._last = body


def digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=8).digest()
