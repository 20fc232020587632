"""How long a stop takes, in each state and by each way: `python -m tests.bench.stops [--quick]`.

Each run is real: a kernel, HTTP to the lesson server, a client that follows it as a view does. It
is brought into a state, stopped after a random moment, and then its conversation goes on. Measured
is the time from sending the stop until the client has the run's end; a figure is p50 and p99 in
ms. Nothing is asserted of speed; a request that the server's judge refuses afterwards is counted.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path

from nbagent.events import from_dict
from nbagent.lessons import control
from nbagent.view import RunView
from tests.bench.view import isolate
from tests.followed import (
    BACKGROUND_WAYS,
    CLOCK,
    DEAF,
    FINISHED,
    STATES,
    STOP_ASKED,
    WAYS,
    Followed,
    Place,
    State,
    can_stop,
)

ROUNDS, QUICK_ROUNDS = 20, 2
DEAF_ROUNDS, QUICK_DEAF_ROUNDS = 3, 1
WIDTH, NAME = 12, 18
AT_MOST_S = 0.1
"""A stop comes at a random moment within so long after the state was reached, in seconds."""
LONG_S = 3.0
"""When it is looked what a view says of a stop that has not taken."""


class Tally:
    """Times of stops, and how often the conversation went on."""

    def __init__(self) -> None:
        self.times: dict[tuple[str, str], list[float]] = {}
        self.n_stops = self.n_accepted = 0

    def note(self, state: str, way: str, ms: float, *, accepted: bool) -> None:
        self.times.setdefault((state, way), []).append(ms)
        self.n_stops += 1
        self.n_accepted += accepted

    def lines(self, states: Iterable[str], ways: Iterable[str]) -> list[str]:
        columns = list(ways)
        lines = [" " * NAME + "".join(f"{way:>{WIDTH}}" for way in columns)]
        for state in states:
            cells = (_cell(self.times.get((state, way), [])) for way in columns)
            lines.append(f"{state:<{NAME}}" + "".join(f"{cell:>{WIDTH}}" for cell in cells))
        return lines


def _cell(times: list[float]) -> str:
    if not times:
        return "-"
    ordered = sorted(times)
    p50, p99 = ordered[len(ordered) // 2], ordered[int(0.99 * len(ordered))]
    return f"{p50:.0f} / {p99:.0f}"


def stop(
    place: Place, state: State, send: Callable[[Followed], None], *, background: bool
) -> float:
    """Bring a run into a state and stop it; the time until its end is known, in ms."""
    run = place.begin(state, background=background)
    CLOCK.sleep(random.random() * AT_MOST_S)
    sent_at = CLOCK.now()
    send(run)
    run.until(FINISHED)
    took = CLOCK.now() - sent_at
    run.until_idle()
    return 1000 * took


def measure(place: Place, rounds: int, *, background: bool) -> Tally:
    tally = Tally()
    ways = BACKGROUND_WAYS if background else WAYS
    pairs = [
        (name, way)
        for name, state in STATES.items()
        for way in ways
        if can_stop(way, state, background=background)
    ]
    for _ in range(rounds):
        random.shuffle(pairs)
        for name, way in pairs:
            ms = stop(place, STATES[name], ways[way], background=background)
            tally.note(name, way, ms, accepted=place.goes_on())
    return tally


def deaf(place: Place, rounds: int) -> list[str]:
    """What becomes of a stop where the code does not let go, by each way that reaches it."""
    lines = [f"{'':<{NAME}}{'stop':>{WIDTH}}{'told s':>{WIDTH}}{'ended s':>{WIDTH}}  accepted"]
    words = ""
    for name, state in DEAF.items():
        for way in ("control", "interrupt", "thread"):
            told, ended, accepted = [], [], 0
            for _ in range(rounds):
                run = place.begin(state)
                sent_at = CLOCK.now()
                WAYS[way](run)
                run.until(STOP_ASKED)
                told.append(CLOCK.now() - sent_at)
                words = said_after(run, LONG_S)
                run.until(FINISHED)
                ended.append(CLOCK.now() - sent_at)
                run.until_idle()
                accepted += place.goes_on()
            figures = (f"{max(values):>{WIDTH}.1f}" for values in (told, ended))
            lines.append(f"{name:<{NAME}}{way:>{WIDTH}}{''.join(figures)}  {accepted} of {rounds}")
    return [*lines, f"What a view says {LONG_S:.0f} s after: {words}."]


def said_after(run: Followed, seconds: float) -> str:
    """What a view says so long after the stop was told."""
    view = RunView()
    for event in run.events:
        view.apply(from_dict(event))
    return view.state(view.t + seconds)


def report(rounds: int, deaf_rounds: int) -> list[str]:
    place = Place()
    try:
        front = measure(place, rounds, background=False)
        back = measure(place, rounds, background=True)
        unheeded = deaf(place, deaf_rounds)
    finally:
        place.close()
        control.stop(place.server)
    n, accepted = front.n_stops + back.n_stops, front.n_accepted + back.n_accepted
    return [
        f"ipykernel {version('ipykernel')}, Python {sys.version.split()[0]}",
        f"{rounds} stops a cell; load average of the last 5 minutes {os.getloadavg()[1]:.1f}",
        "\nIn the cell",
        *front.lines(STATES, WAYS),
        "\nIn the background",
        *back.lines(STATES, BACKGROUND_WAYS),
        f"\nThe next request of the conversation was accepted after {accepted:,} of {n:,} stops.",
        f"\nCode that does not let go, the slowest of {deaf_rounds}: when it is told, when it ends",
        *unheeded,
    ]


def main() -> None:
    quick = "--quick" in sys.argv[1:]
    rounds = QUICK_ROUNDS if quick else ROUNDS
    with tempfile.TemporaryDirectory(prefix="nbagent-") as folder:
        isolate(Path(folder))
        lines = report(rounds, QUICK_DEAF_ROUNDS if quick else DEAF_ROUNDS)
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
