"""Random stops, of runs that ask and run in the background too, leave every history valid."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nbagent.clock import SystemClock
from nbagent.kernel.interrupts import Interrupts
from nbagent.kernel.person import Nobody
from nbagent.kernel.pump import Job, Pump
from tests.interrupted_runs import Quiet
from tests.scripted import NoExecutor, make_run, says

ROOT = Path(__file__).parent.parent


def results(n_runs: int, seed: int, handler: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.interrupted_runs", str(n_runs), str(seed), handler],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    print(found)
    return dict(found)


MANY = [pytest.param(seed, 300, marks=pytest.mark.long) for seed in range(10, 30)]


@pytest.mark.parametrize(("seed", "n_runs"), [(1, 60), *MANY])
def test_random_interrupts_break_nothing(seed: int, n_runs: int) -> None:
    found = results(n_runs, seed, "armed")
    assert found["runs"] == n_runs
    assert (found["invalid"], found["unfinished"], found["escaped"]) == (0, 0, 0)
    assert min(found["stopped"], found["background"], found["asked"]) > n_runs / 5


@pytest.mark.long
def test_pythons_own_handler_does_break_runs() -> None:
    """The positive control: interrupts that raise anywhere escape the pump."""
    assert results(60, 3, "default")["escaped"] > 0


def test_an_interrupt_while_a_run_is_wound_up_cuts_nothing() -> None:
    interrupts, run = Interrupts(), make_run([says("done")], clock=SystemClock())
    ended: list[int] = []

    def end() -> None:
        signal.raise_signal(signal.SIGINT)
        ended.append(1)

    pump = Pump(
        executor=NoExecutor(),
        person=Nobody(),
        clock=SystemClock(),
        guard=interrupts.guard,
        tick=lambda: None,
    )
    pump.drive([Job(run, Quiet(), end)])
    assert ended == [1]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # `&` in a shell ignores it
    with pytest.raises(KeyboardInterrupt):
        end()
    signal.signal(signal.SIGINT, before)
    assert ended == [1], "the control: outside, Python's own handler cuts it"
