"""A stop ends tool code and nothing else; time limits hold; handlers come back."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from nbagent.kernel.interrupts import Interrupts
from tests.kernel.harness import LiveKernel, Told, wait_for

ROOT = Path(__file__).parent.parent.parent


def fired(shots: int, seed: int, handler: str) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.kernel.machine", str(shots), str(seed), handler],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=100,
    )  # fmt: skip
    found = json.loads(done.stdout)
    print(found)
    return dict(found)


def test_no_interrupt_lands_in_bookkeeping() -> None:
    found = fired(600, random.randint(0, 999), "armed")
    assert (found["escaped"], found["torn"]) == (0, 0)
    assert found["raised"] > 100


def test_pythons_own_handler_tears_states_apart() -> None:
    """The positive control."""
    found = fired(100, 3, "default")
    assert found["escaped"] > 0
    assert found["torn"] > 0


def test_outside_a_window_a_stop_is_only_told() -> None:
    told: list[int] = []
    with Interrupts(lambda: told.append(1)):
        signal.raise_signal(signal.SIGINT)
    assert told == [1]


def test_a_stop_before_the_window_ends_it_at_once() -> None:
    with Interrupts() as interrupts:
        interrupts.interrupt()
        with pytest.raises(KeyboardInterrupt), interrupts.armed():
            pytest.fail("the code in the window must not run")


def test_a_shielded_section_is_finished_first() -> None:
    done: list[str] = []

    def code(interrupts: Interrupts) -> None:
        with interrupts.armed():
            with interrupts.shielded():
                signal.raise_signal(signal.SIGINT)
                done.append("the section")
            done.append("the code after it")

    with Interrupts() as interrupts, pytest.raises(KeyboardInterrupt):
        code(interrupts)
    assert done == ["the section"]


def test_nested_runs_both_hear_the_stop_and_handlers_return() -> None:
    before = signal.getsignal(signal.SIGINT)
    heard: list[str] = []
    with Interrupts(lambda: heard.append("outer")):
        outer = signal.getsignal(signal.SIGINT)
        with Interrupts(lambda: heard.append("inner")):
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) == outer
    assert heard == ["inner", "outer"]
    assert signal.getsignal(signal.SIGINT) == before


def test_a_guard_tells_its_own_run_and_forgets_it() -> None:
    heard: list[str] = []
    interrupts = Interrupts()
    for name in ("first", "second"):
        with interrupts.guard(lambda name=name: heard.append(name)):
            signal.raise_signal(signal.SIGINT)
        assert not interrupts.windows
    assert heard == ["first", "second"]


def test_off_the_main_thread_nothing_is_installed() -> None:
    heard: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def run() -> None:
        with Interrupts(lambda: heard.append(1)) as interrupts:
            with interrupts.armed(), interrupts.limit(0.001):
                heard.append(0)
            interrupts.interrupt()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert heard == [0, 1]
    assert signal.getsignal(signal.SIGINT) == before


BEGIN = "open({path!r}, 'w').close()\n"
CODES = {
    "sleep": "import time; time.sleep(60)",
    "loop": "while True: pass",
    "printing": "while True: print('x')",
    "swallowing Exception": (
        "import time\nwhile True:\n    try: time.sleep(60)\n    except Exception: pass"
    ),
    "await": "import asyncio; await asyncio.sleep(60)",
    "await in a loop": "import asyncio\nwhile True: await asyncio.sleep(0)",
    "lock": "import threading; _l = threading.Lock(); _l.acquire(); _l.acquire()",
    "subprocess": "import subprocess; subprocess.run(['sleep', '60'])",
    "shell command": "!sleep 60",
    "regex": "import re; re.match('(a+)+$', 'a' * 60 + 'b')",
}


def stopped(kernel: LiveKernel, code: str, folder: Path) -> Told:
    flag = folder / "begun"
    request = kernel.send(f"_tool({BEGIN.format(path=str(flag)) + code!r})")
    wait_for(flag.exists)
    kernel.manager.interrupt_kernel()
    return kernel.told(request)


@pytest.mark.kernel
@pytest.mark.parametrize("what", CODES)
def test_a_stop_ends_the_code_and_the_kernel_goes_on(
    kernel: LiveKernel, what: str, folder: Path
) -> None:
    told = stopped(kernel, CODES[what], folder)
    assert told.interrupted
    assert not told.timed_out
    assert "nbagent" not in str(told.outputs)
    if what != "shell command":  # IPython ends the command and lets the cell go on
        assert told.error[0] == "KeyboardInterrupt"
    assert kernel.tool("1 + 1").value == "2"


@pytest.mark.kernel
@pytest.mark.parametrize("what", ["sleep", "loop", "await", "printing", "shell command"])
def test_a_time_limit_ends_the_code_and_is_no_stop(kernel: LiveKernel, what: str) -> None:
    before = kernel.cell("print(len(_stops))").stdout
    told = kernel.tool(CODES[what], limit_s=0.2)
    assert told.timed_out
    assert not told.interrupted
    assert kernel.cell("print(len(_stops))").stdout == before


@pytest.mark.kernel
def test_a_limit_repeats_for_code_that_swallows_interrupts(kernel: LiveKernel) -> None:
    told = kernel.tool(
        "import time as _t\n_n = 0\nwhile _n < 3:\n    try:\n        _t.sleep(60)\n"
        "    except BaseException:\n        _n += 1",
        limit_s=0.1,
    )
    assert told.timed_out
    assert kernel.cell("print(_n)").stdout == "3\n"


@pytest.mark.kernel
def test_a_limit_that_is_not_reached_leaves_nothing_behind(kernel: LiveKernel) -> None:
    told = kernel.tool("5", limit_s=60)
    assert (told.timed_out, told.interrupted, told.error) == (False, False, None)
    names = kernel.cell("import threading as _t; print([t.name for t in _t.enumerate()])").stdout
    assert "nbagent-limit" not in names


@pytest.mark.kernel
def test_a_handler_that_tool_code_sets_does_not_stay(kernel: LiveKernel) -> None:
    handler = "import signal as _signal; print(_signal.getsignal(_signal.SIGINT))"
    before = kernel.cell(handler).stdout
    told = kernel.tool("import signal as _s; _s.signal(_s.SIGINT, _s.SIG_IGN);")
    assert any("SIGINT" in note for note in told.notes)
    assert kernel.cell(handler).stdout == before


@pytest.mark.kernel
def test_alarms_of_libraries_do_not_disturb_a_limit(kernel: LiveKernel) -> None:
    told = kernel.tool(
        "import signal as _s\n_s.signal(_s.SIGALRM, lambda *_: None); _s.alarm(0)\n"
        "while True: pass",
        limit_s=0.2,
    )
    assert told.timed_out


@pytest.mark.kernel
def test_invoked_functions_are_stopped_too(kernel: LiveKernel) -> None:
    request = kernel.send("import time as _time; _call(lambda: _time.sleep(60), 0.2)")
    told: Any = kernel.told(request)
    assert told.timed_out
    assert told.error[0] == "KeyboardInterrupt"
