"""Many runs, each hit by stops at random moments; prints what was left behind as JSON.

    python -m tests.interrupted_runs RUNS SEED HANDLER

HANDLER is `armed` (ours) or `default` (Python's own, the positive control). A run goes on in its
cell or in the background, beside cells of the user; some of its calls wait for an answer, and so
do some results. A stop is an interrupt, or `run.stop()` in another thread.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nbagent.clock import SystemClock
from nbagent.events import Event, RunStarted
from nbagent.kernel.background import Background
from nbagent.kernel.interrupts import Interrupts
from nbagent.kernel.pump import Job, Pump
from nbagent.kernel.run_python import run_python_tool
from nbagent.kernel.shell import LiveShell
from nbagent.messages import Request
from nbagent.policy import asking
from nbagent.ports import Arrival
from nbagent.run import Run
from nbagent.run.recipe import Recipe
from nbagent.run.work import Decide, Decision
from nbagent.settings import Settings
from nbagent.tools import Toolset
from tests.scripted import ScriptedModel, call, calls, plain_shell, says
from tests.strict import complaints

CODES = [
    "x = 1\nprint(x)",
    "for i in range(20_000): y = i * i",
    "import time; time.sleep(0.01)",
    "await __import__('asyncio').sleep(0.005)",
    "1 / 0",
    "try:\n    z = sum(range(100_000))\nexcept BaseException:\n    z = 0",
    "import shutil\nshutil.rmtree('not there', ignore_errors=True)",
]


class ThreadedModel(ScriptedModel):
    """Delivers from another thread, a little later, as the real one does."""

    def start(self, request: Request, sink: Callable[[Arrival], None]) -> Callable[[], None]:
        cancelled = threading.Event()

        def deliver() -> None:
            for arrival in self.arrivals(SystemClock().now()):
                if cancelled.wait(random.random() * 0.004):
                    return
                sink(arrival)

        threading.Thread(target=deliver, daemon=True).start()
        return cancelled.set


class Quiet:
    def apply(self, event: Event) -> None:
        return

    def refresh(self, *, final: bool = False) -> None:
        return


class Someone:
    """Answers a question, after a while, in any way."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.n_asked = 0

    def decide(self, question: Decide, _is_answered: Callable[[], bool]) -> Decision | None:
        if self._rng.random() < 0.6:
            return None
        self.n_asked += 1
        changed = {"call": {"code": "x = 2"}, "result": {"content": "something else"}}
        answers = (
            Decision("run", always=self._rng.random() < 0.1),
            Decision("deny", why="not now"),
            Decision("edit", changed.get(question.kind)),
        )
        return self._rng.choice(answers)


async def beside_cells(background: Background, job: Job, rng: random.Random) -> None:
    """Let a run go on behind the user's cells; one of them may wait for it."""
    background.start(job)
    while job.run.finished is None:
        kind = rng.choice(("none", "cell", "cell", "wait"))
        if kind != "none":
            background.note_cell_begins(None)
        if kind == "wait" and rng.random() < 0.2:
            background.carry_on(job.run, lambda: False)
        await asyncio.sleep(rng.random() * 0.01)
        if kind != "none":
            background.note_cell_ends(None)


@contextmanager
def no_guard(_on_stop: Callable[[], None]) -> Iterator[None]:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield


def a_run(rng: random.Random) -> Run:
    script = []
    for step in range(rng.randint(1, 3)):
        code = [json.dumps({"code": rng.choice(CODES)}) for _ in range(rng.randint(1, 2))]
        script.append(
            calls(*(call(f"run_python:{step}{i}", "run_python", c) for i, c in enumerate(code)))
        )
    settings = Settings(ask=rng.choice(("never", "risky", "always")))
    recipe = Recipe(
        model=ThreadedModel([*script, says("done")]),
        tools=Toolset([run_python_tool()]),
        settings=settings,
        clock=SystemClock(),
        gate=asking(settings.ask),
    )
    return Run(recipe, prompt="go", started=RunStarted(run_id="run-1", prompt="go", model="test"))


def one_run(shell: Any, rng: random.Random, handler: str, found: dict[str, int]) -> Run:
    """Drive one run under fire, and count what was met."""
    clock, interrupts = SystemClock(), Interrupts()
    run, person = a_run(rng), Someone(rng)
    run.moves.until = rng.choice(("end", "end", "move", "tool"))
    in_background = rng.random() < 0.4
    pump = Pump(
        executor=LiveShell(shell, clock, interrupts),
        person=person,
        clock=clock,
        guard=interrupts.guard if handler == "armed" else no_guard,
        tick=lambda: None,
    )
    over = threading.Event()

    def fire() -> None:
        for _ in range(rng.randint(1, 2)):
            if over.wait(rng.random() * 0.08):
                return
            if by_thread:
                run.stop()
            else:
                os.kill(os.getpid(), signal.SIGINT)

    by_thread = rng.random() < 0.3
    shooter = threading.Thread(target=fire, daemon=True)
    job = Job(run, Quiet())
    try:
        shooter.start()
        if in_background:
            asyncio.run(beside_cells(Background(pump, lambda _state: None), job, rng))
        else:
            pump.drive([job])
    except KeyboardInterrupt:
        found["escaped"] += 1
    finally:
        over.set()
    with_default = signal.signal(signal.SIGINT, signal.SIG_IGN)
    shooter.join()
    signal.signal(signal.SIGINT, with_default)
    found["background"] += in_background
    found["asked"] += person.n_asked
    return run


def main(n_runs: int, seed: int, handler: str) -> None:
    shell = plain_shell()
    rng = random.Random(seed)
    names = ("runs", "background", "asked", "invalid", "unfinished", "escaped", "stopped")
    found = dict.fromkeys(names, 0)
    signal.signal(signal.SIGINT, lambda *_: None)
    for _ in range(n_runs):
        run = one_run(shell, rng, handler, found)
        signal.signal(signal.SIGINT, lambda *_: None)
        kinds = [event.kind for event in run.events]
        found["runs"] += 1
        found["invalid"] += bool(complaints([dict(m) for m in run.messages]))
        found["unfinished"] += kinds.count("run_finished") != 1 or kinds[-1] != "run_finished"
        found["stopped"] += bool(run.finished and run.finished.reason == "stopped")
    print(json.dumps(found), file=sys.__stdout__)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
