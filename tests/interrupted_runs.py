"""Many runs, each hit by interrupts at random moments; prints what was left behind as JSON.

    python -m tests.interrupted_runs RUNS SEED HANDLER

HANDLER is `armed` (ours) or `default` (Python's own, the positive control).
"""

from __future__ import annotations

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
from nbagent.kernel.interrupts import Interrupts
from nbagent.kernel.person import Nobody
from nbagent.kernel.pump import Job, Pump
from nbagent.kernel.run_python import run_python_tool
from nbagent.kernel.shell import LiveShell
from nbagent.messages import Request
from nbagent.ports import Arrival
from nbagent.run import Run
from nbagent.run.recipe import Recipe
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


@contextmanager
def no_guard(_on_stop: Callable[[], None]) -> Iterator[None]:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield


def one_run(shell: Any, rng: random.Random, handler: str) -> tuple[Run, bool]:
    """Drive one run under fire; True if an exception escaped."""
    clock, interrupts = SystemClock(), Interrupts()
    script = []
    for step in range(rng.randint(1, 3)):
        code = [json.dumps({"code": rng.choice(CODES)}) for _ in range(rng.randint(1, 2))]
        script.append(
            calls(*(call(f"run_python:{step}{i}", "run_python", c) for i, c in enumerate(code)))
        )
    recipe = Recipe(
        model=ThreadedModel([*script, says("done")]),
        tools=Toolset([run_python_tool()]),
        settings=Settings(),
        clock=clock,
    )
    run = Run(recipe, prompt="go", started=RunStarted(run_id="run-1", prompt="go", model="test"))
    pump = Pump(
        executor=LiveShell(shell, clock, interrupts),
        person=Nobody(),
        clock=clock,
        guard=interrupts.guard if handler == "armed" else no_guard,
        tick=lambda: None,
    )
    over = threading.Event()

    def fire() -> None:
        for _ in range(rng.randint(1, 2)):
            if not over.wait(rng.random() * 0.08):
                os.kill(os.getpid(), signal.SIGINT)

    shooter = threading.Thread(target=fire, daemon=True)
    escaped = False
    try:
        shooter.start()
        pump.drive([Job(run, Quiet())])
    except KeyboardInterrupt:
        escaped = True
    finally:
        over.set()
    with_default = signal.signal(signal.SIGINT, signal.SIG_IGN)
    shooter.join()
    signal.signal(signal.SIGINT, with_default)
    return run, escaped


def main(n_runs: int, seed: int, handler: str) -> None:
    shell = plain_shell()
    rng = random.Random(seed)
    found = {"runs": 0, "invalid": 0, "unfinished": 0, "escaped": 0, "stopped": 0}
    signal.signal(signal.SIGINT, lambda *_: None)
    for _ in range(n_runs):
        run, escaped = one_run(shell, rng, handler)
        signal.signal(signal.SIGINT, lambda *_: None)
        kinds = [event.kind for event in run.events]
        found["runs"] += 1
        found["escaped"] += escaped
        found["invalid"] += bool(complaints([dict(m) for m in run.messages]))
        found["unfinished"] += kinds.count("run_finished") != 1 or kinds[-1] != "run_finished"
        found["stopped"] += bool(run.finished and run.finished.reason == "stopped")
    print(json.dumps(found), file=sys.__stdout__)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
