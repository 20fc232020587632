"""A kernel is killed, another one goes on: real kernels, the lesson server, one journal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbagent.clock import SystemClock
from nbagent.journal import Journal
from nbagent.lessons import control
from nbagent.lessons.process import Server, ensure
from nbagent.messages import first_fault
from nbagent.paths import data_dir
from nbagent.run.resume import FRESH_KERNEL
from tests.followed import turn
from tests.live_kernel import Cell, LiveKernel

pytestmark = pytest.mark.kernel

START = "%load_ext nbagent\n%kimi use lesson"


@pytest.fixture
def server() -> Iterator[Server]:
    found = ensure(SystemClock())
    control.clear(found)
    yield found
    control.clear(found)


@pytest.fixture
def kernels() -> Iterator[Callable[[], LiveKernel]]:
    """Makes kernels that end with the test."""
    made: list[LiveKernel] = []

    def make() -> LiveKernel:
        kernel = LiveKernel()
        made.append(kernel)
        kernel.run(START)
        return kernel

    yield make
    for kernel in made:
        kernel.close()


def killed(kernel: LiveKernel, server: Server, counter: Path, *, before: str = "") -> None:
    """Ask for a tool call that counts, and kill the kernel within it."""
    code = (
        f"{before}\nfrom pathlib import Path\nwith Path({str(counter)!r}).open('a') as f:\n"
        "    print('once', file=f)\nimport os; os.kill(os.getpid(), 9)"
    )
    control.order(server, turn(code="kept = 41"), turn(code=code), turn("All done."))
    with pytest.raises(AssertionError, match="the kernel has died"):
        kernel.run("%%kimi --ask never --save full\nCount once.")


def last_run() -> Any:
    journal = Journal(data_dir, clock=SystemClock())
    run = journal.load(journal.runs(limit=1)[0].run_id)
    journal.close()
    return run


def histories(server: Server) -> list[list[dict[str, Any]]]:
    """What each request that was answered has carried."""
    return [json.loads(entry["body"])["messages"] for entry in control.ledger(server)]


def resumed(kernel: LiveKernel, answer: str | None = None) -> Cell:
    def type_it(prompt: str) -> str:
        word = prompt.split("Type: y ")[1].split(maxsplit=1)[0].strip(",")
        return f"{answer} {word}"

    return kernel.run("%kimi resume", answer=type_it if answer else None)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (None, "nobody knows whether it took place"),
        pytest.param("d", "The user says that it was done", marks=pytest.mark.long),
    ],
)
def test_a_run_whose_kernel_was_killed_in_a_tool_goes_on_in_another(
    server: Server,
    kernels: Callable[[], LiveKernel],
    tmp_path: Path,
    answer: str | None,
    told: str,
) -> None:
    counter = tmp_path / "count.txt"
    killed(kernels(), server, counter)
    assert last_run().line.state == "running"
    second = kernels()
    cell = resumed(second, answer)
    assert "All done." in cell.text
    assert counter.read_text() == "once\n"
    record = last_run()
    assert record.finished.answer == "All done."
    assert [e.kind for e in record.events].count("resumed") == 1
    *_, sent = histories(server)
    assert first_fault(sent) is None  # type: ignore[arg-type] # the wire's dicts
    assert told in str(sent)
    assert FRESH_KERNEL in str(sent)
    assert [m["reasoning_content"] for m in sent if m["role"] == "assistant"] == ["So.", "So."]


@pytest.mark.long
def test_what_goes_on_is_one_conversation(
    server: Server, kernels: Callable[[], LiveKernel], tmp_path: Path
) -> None:
    killed(kernels(), server, tmp_path / "count.txt")
    second = kernels()
    resumed(second)
    control.order(server, turn("And this."))
    assert "And this." in second.run("%%kimi\nWhat else?").text
    *_, sent = histories(server)
    said = [m.get("content") for m in sent if m["role"] in {"user", "assistant"}]
    assert "Count once." in said
    assert "All done." in said


@pytest.mark.long
def test_a_run_that_another_kernel_drives_is_left_to_it(
    server: Server, kernels: Callable[[], LiveKernel]
) -> None:
    first, second = kernels(), kernels()
    control.order(server, turn(code="1"), {"kind": "stall", "after": 1})
    first.run("%%kimi --bg --out run --ask never\nWait.", answer=lambda _: "")
    cell = second.run(f"%kimi resume {last_run().line.run_id}")
    assert "Another kernel (process" in cell.text
    assert "goes on with" in cell.text
    assert not histories(server)[2:]
    assert "Stopped" in first.run("run.stop()\nprint(run.wait().finished.text)").text


@pytest.mark.long
def test_a_run_that_ended_by_a_fault_goes_on_when_told(
    server: Server, kernels: Callable[[], LiveKernel]
) -> None:
    kernel = kernels()
    control.order(server, turn(code="n = 5"), {"kind": "quota"}, turn("Five."))
    cell = kernel.run("%%kimi --out run --ask never\nCount.", answer=lambda _: "")
    assert "no money left" in cell.text or "balance" in cell.text
    assert "Five." in kernel.run("print(run.resume().answer)").text
    control.order(server, turn("Still five."))
    kernel.run("%%kimi --out later\nAgain?", answer=lambda _: "")
    *_, sent = histories(server)
    assert [m["role"] for m in sent].count("user") == 2
    again = kernel.run("later.resume()")
    assert "has its answer" in again.text


@pytest.mark.long
def test_a_run_that_ended_is_opened_again_in_another_kernel(
    server: Server, kernels: Callable[[], LiveKernel]
) -> None:
    control.order(server, turn("Blue."))
    kernels().run("%%kimi\nMy colour is blue. Which?")
    second = kernels()
    run_id = last_run().line.run_id
    assert "conversation is open again" in second.run(f"%kimi resume {run_id}").text
    control.order(server, turn("Blue, as before."))
    second.run("%%kimi\nWhich was it?")
    *_, sent = histories(server)
    assert "My colour is blue. Which?" in str(sent)


@pytest.mark.long
def test_there_may_be_nothing_to_resume(kernels: Callable[[], LiveKernel]) -> None:
    cell = kernels().run("%kimi resume run-nothing")
    assert "There is no run" in cell.text
