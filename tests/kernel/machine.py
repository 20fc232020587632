"""A small state machine under fire; prints as JSON what interrupts did to it.

    python -m tests.kernel.machine SHOTS SEED HANDLER

Every state change has two halves that must not be parted. Tool code runs between them, and makes
state changes of its own, as printing does. HANDLER is `armed` (ours) or `default` (Python's own,
the positive control).
"""

from __future__ import annotations

import json
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from nbagent.kernel.interrupts import Interrupts


class Ledger:
    """Two halves that are equal whenever somebody may look."""

    def __init__(self) -> None:
        self.first: list[int] = []
        self.second: list[int] = []

    def enter(self, value: int) -> None:
        self.first.append(value)
        for _ in range(20):
            value += 1
        self.second.append(value - 20)

    def torn(self) -> bool:
        return self.first != self.second


class Ours:
    def __init__(self) -> None:
        self.interrupts = Interrupts()
        self.told = 0

    def tell(self) -> None:
        self.told += 1

    def guard(self) -> AbstractContextManager[Any]:
        return self.interrupts.guard(self.tell)

    def armed(self) -> AbstractContextManager[Any]:
        return self.interrupts.armed()

    def shielded(self) -> AbstractContextManager[Any]:
        return self.interrupts.shielded()


class Default(Ours):
    @contextmanager
    def guard(self) -> Iterator[None]:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def armed(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def shielded(self) -> AbstractContextManager[Any]:
        return nullcontext()


def tool(note: Callable[[int], None], rng: random.Random) -> None:
    for i in range(rng.randint(1, 300)):
        note(i)


def one_round(how: Ours, rng: random.Random, found: dict[str, int]) -> None:
    ledger = Ledger()

    def note(value: int) -> None:
        with how.shielded():
            ledger.enter(value)

    try:
        with how.guard():
            for value in range(rng.randint(1, 5)):
                for _ in range(rng.randint(1, 40)):
                    ledger.enter(value)
                try:
                    with how.armed():
                        tool(note, rng)
                except KeyboardInterrupt:
                    found["raised"] += 1
                for _ in range(rng.randint(1, 40)):
                    ledger.enter(-value)
    except KeyboardInterrupt:
        found["escaped"] += 1
    found["torn"] += ledger.torn()


def main(shots: int, seed: int, handler: str) -> None:
    how = Ours() if handler == "armed" else Default()
    rng, gun = random.Random(seed), random.Random(seed + 1)
    found = {"rounds": 0, "shots": 0, "raised": 0, "escaped": 0, "torn": 0, "told": 0}
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pause, main_thread = threading.Event(), threading.main_thread().ident

    def fire() -> None:
        while found["shots"] < shots:
            pause.wait(gun.random() * 0.003)
            signal.pthread_kill(main_thread or 0, signal.SIGINT)
            found["shots"] += 1

    shooter = threading.Thread(target=fire)
    shooter.start()
    while shooter.is_alive():
        one_round(how, rng, found)
        found["rounds"] += 1
    found["told"] = how.told
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
