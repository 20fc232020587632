"""A kernel of its own for scripts: the same port over another process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from nbagent.clock import SystemClock
from nbagent.kernel.child import ChildKernel
from tests.kernel.harness import wait_for

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def child() -> Iterator[ChildKernel]:
    kernel = ChildKernel(SystemClock())
    yield kernel
    kernel.close()


def nothing(_output: dict[str, Any]) -> None:
    return


def test_outputs_stream_and_state_persists(child: ChildKernel) -> None:
    live: list[dict[str, Any]] = []
    first = child.execute("x = 20\nprint('hi')\nx + 1", live.append)
    assert [o["output_type"] for o in first.outputs] == ["stream", "execute_result"]
    assert live
    assert child.execute("print(x)", nothing).outputs[0]["text"] == "20\n"


def test_errors_pictures_and_updates(child: ChildKernel) -> None:
    assert child.execute("1/0", nothing).error == ("ZeroDivisionError", "division by zero")
    done = child.execute(
        "import matplotlib.pyplot as plt; plt.plot([1]); plt.show()\n"
        "h = display(1, display_id=True); h.update(2)",
        nothing,
    )
    assert "image/png" in done.outputs[0]["data"]
    assert done.outputs[1]["data"]["text/plain"] == "2"


def test_a_time_limit(child: ChildKernel) -> None:
    done = child.execute("import time; time.sleep(60)", nothing, limit_s=0.3)
    assert done.timed_out
    assert done.error == ("KeyboardInterrupt", "")


def test_an_interrupt_from_another_thread(child: ChildKernel) -> None:
    live: list[Any] = []

    def stop() -> None:
        wait_for(lambda: bool(live))
        child.interrupt()

    thread = threading.Thread(target=stop)
    thread.start()
    done = child.execute("import time; print('begun', flush=True); time.sleep(60)", live.append)
    thread.join()
    assert done.interrupted


def test_input_is_refused(child: ChildKernel) -> None:
    done = child.execute("input()", nothing)
    assert done.error is not None
    assert done.error[0] == "StdinNotImplementedError"


def test_a_kernel_that_ends_is_told_and_replaced(child: ChildKernel) -> None:
    done = child.execute("import os; os._exit(1)", nothing)
    assert done.error is not None
    assert done.error[0] == "KernelEnded"
    assert "variables are gone" in done.notes[0]
    assert child.execute("print('new')", nothing).outputs[0]["text"] == "new\n"


def test_functions_are_called_here(child: ChildKernel) -> None:
    async def later() -> str:
        print("inside")
        return "value"

    done = child.invoke(later, nothing)
    assert (done.value, done.outputs[0]["text"]) == ("value", "inside\n")
    failed = child.invoke(lambda: 1 / 0, nothing)
    assert failed.error == ("ZeroDivisionError", "division by zero")
    assert "nbagent/kernel" not in "".join(failed.outputs[0]["traceback"])
