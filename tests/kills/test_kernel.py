"""Real kernels are killed at each state of a run, and another one goes on; all of it is long."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbagent.clock import SystemClock
from nbagent.journal import Journal
from nbagent.lessons import control
from nbagent.lessons.process import Server, ensure
from nbagent.paths import data_dir
from nbagent.run.resume import FRESH_KERNEL
from tests.faults.server import FaultServer
from tests.faults.turns import Call, Turn
from tests.followed import turn
from tests.live_kernel import Cell, LiveKernel
from tests.strict import complaints

pytestmark = [pytest.mark.kernel, pytest.mark.long]

START = "%load_ext nbagent\n%kimi use lesson"
SESSION = 'session = get_ipython().magics_manager.registry["KimiMagics"].session\n'
KILLS = """
import os
session = get_ipython().magics_manager.registry["KimiMagics"].session
keep = session.driving._keep
def look(event):
    where = (event.kind, getattr(event, "phase", ""), getattr(event, "step", {step}))
    if where == {point}:
        os.kill(os.getpid(), 9)
def kept(run):
    if {is_before}:
        run.subscribe(look)
    keeper = keep(run)
    run.subscribe(look)
    return keeper
session.driving._keep = kept
"""
"""Kills the kernel at an event, just before the journal sees it or just after."""
POINTS: dict[str, tuple[str, str, bool]] = {
    "S1 request built": ("step_started", "", True),
    "S2 sent": ("step_started", "", False),
    "S3 reasoning": ("delta", "reasoning", False),
    "S4 content": ("delta", "answer", False),
    "S5 tool args": ("delta", "arguments", False),
    "S6 turn committed": ("reply_received", "", False),
    "S8 intent committed": ("tool_started", "", False),
    "S10 result in memory": ("tool_finished", "", True),
    "S11 result committed": ("tool_finished", "", False),
    "S12 run end": ("run_finished", "", True),
}
ASKED_AGAIN = {"S1 request built", "S2 sent", "S3 reasoning", "S4 content", "S5 tool args"}


@pytest.fixture
def server() -> Iterator[Server]:
    found = ensure(SystemClock())
    control.clear(found)
    yield found
    control.clear(found)


@pytest.fixture(scope="module")
def survivor() -> Iterator[LiveKernel]:
    kernel = LiveKernel()
    kernel.run(START)
    yield kernel
    kernel.close()


@pytest.fixture
def victim() -> Iterator[LiveKernel]:
    kernel = LiveKernel()
    kernel.run(START)
    yield kernel
    kernel.close()


def script(path: Path) -> list[dict[str, Any]]:
    lines = [
        f"from pathlib import Path\nwith Path({str(path)!r}).open('a') as f: print({n}, file=f)"
        for n in (1, 2)
    ]
    asks = [turn("Now.", code=code, reasoning=f"Step {n}.") for n, code in enumerate(lines, 1)]
    return [*asks, turn("All done.", reasoning="Step 3.")]


def last_record() -> Any:
    journal = Journal(data_dir, clock=SystemClock())
    record = journal.load(journal.runs(limit=1)[0].run_id)
    journal.close()
    return record


def killed(kernel: LiveKernel, line: str = "--ask never", **answers: Any) -> None:
    with pytest.raises(AssertionError, match="the kernel has died"):
        kernel.run(f"%%kimi -n {line} --save full\nCount.", **answers)


def check(cell: Cell, server: Server, path: Path) -> None:
    """The run is over, its history is right, and nothing took place twice."""
    record = last_record()
    assert record.finished is not None, cell.text
    assert record.finished.answer == "All done.", cell.text
    lines = path.read_text().split() if path.exists() else []
    assert len(lines) == len(set(lines))
    seqs = [event.seq for event in record.events]
    assert seqs == sorted(set(seqs))
    for entry in control.ledger(server):
        assert complaints(json.loads(entry["body"])["messages"]) == []
    kept = [m for send in record.sends if send.move == "ask" for m in [send.value]]
    assert [m["reasoning_content"] for m in kept] == ["Step 1.", "Step 2.", "Step 3."]


@pytest.mark.parametrize("at", [(state, step) for state in POINTS for step in (1, 2)], ids=str)
def test_a_kernel_is_killed_and_another_goes_on(
    at: tuple[str, int], server: Server, victim: LiveKernel, survivor: LiveKernel, tmp_path: Path
) -> None:
    state, step = at
    path = tmp_path / "count.txt"
    kind, phase, is_before = POINTS[state]
    step = 3 if state.startswith("S12") else step
    point = (kind, phase, step)
    victim.run(KILLS.format(point=point, step=step, is_before=is_before))
    turns = script(path)
    control.order(server, *turns)
    killed(victim)
    assert last_record().line.state == "running"
    control.clear(server)
    control.order(server, *turns[step - (state in ASKED_AGAIN) :])
    cell = survivor.run("%kimi resume")
    check(cell, server, path)
    record = last_record()
    told = str([record.origin, record.sends])
    assert ("nobody knows" in told) == (state in {"S8 intent committed", "S10 result in memory"})
    assert (FRESH_KERNEL in told) == (not state.startswith("S12"))


def test_one_that_waits_for_an_answer_asks_again(
    server: Server, victim: LiveKernel, survivor: LiveKernel, tmp_path: Path
) -> None:
    """S7: what is risky was asked about, and nobody had answered."""
    away = tmp_path / "away"
    away.mkdir()
    code = f"import shutil\nshutil.rmtree({str(away)!r})"
    victim.run(KILLS.format(point=("approval_asked", "", 1), step=1, is_before=False))
    control.order(server, turn(code=code), turn("All done."))
    killed(victim, "", answer=lambda _: "")
    assert away.is_dir()

    def yes(prompt: str) -> str:
        return f"y {prompt.split('Type: y ')[1].split(maxsplit=1)[0].strip(',')}"

    cell = survivor.run("%kimi resume", answer=yes)
    assert "All done." in cell.text
    assert not away.exists()
    assert len(cell.prompts) == 1


def test_one_that_is_killed_twice(server: Server, survivor: LiveKernel, tmp_path: Path) -> None:
    path, turns = tmp_path / "count.txt", script(tmp_path / "count.txt")
    victims = [LiveKernel(), LiveKernel()]
    for kernel, point in zip(
        victims, [("tool_started", "", 1), ("tool_finished", "", 2)], strict=True
    ):
        kernel.run(START)
        kernel.run(KILLS.format(point=point, step=1, is_before=False))
    control.order(server, *turns)
    killed(victims[0])
    with pytest.raises(AssertionError, match="the kernel has died"):
        victims[1].run("%kimi resume")
    check(survivor.run("%kimi resume"), server, path)
    assert path.read_text().split() == ["2"]
    assert [e.kind for e in last_record().events].count("resumed") == 2
    for kernel in victims:
        kernel.close()


def test_what_it_was_made_of_must_be_there(
    server: Server, victim: LiveKernel, survivor: LiveKernel, tmp_path: Path
) -> None:
    """A learner's loop and a tool of the notebook: without them it says which are missing."""
    define = (
        "from nbagent import Act, Ask\n"
        "def my_loop(messages, tools):\n"
        "    while True:\n"
        "        reply = yield Ask(messages, tools)\n"
        "        messages.append(reply)\n"
        "        if not reply.get('tool_calls'):\n"
        "            return reply\n"
        "        for each in reply['tool_calls']:\n"
        "            messages.extend((yield Act([each])))\n"
        "def double(n: int) -> int:\n"
        "    'Twice a number.'\n"
        "    return 2 * n\n"
    )
    path = tmp_path / "count.txt"
    victim.run(define)
    victim.run(KILLS.format(point=("tool_finished", "", 1), step=1, is_before=False))
    control.order(server, *script(path))
    killed(victim, "--ask never --loop my_loop --tools double")
    cell = survivor.run("%kimi resume")
    assert "uses double and my_loop, which this kernel does not have" in cell.text
    assert "Run the cell that defines it" in cell.text
    survivor.run(define)
    check(survivor.run("%kimi resume"), server, path)
    assert path.read_text().split() == ["1", "2"]


def test_a_stepped_run_does_not_wait_for_nobody(
    server: Server, victim: LiveKernel, survivor: LiveKernel, tmp_path: Path
) -> None:
    path = tmp_path / "count.txt"
    victim.run(KILLS.format(point=("paused", "", 1), step=1, is_before=False))
    control.order(server, *script(path))
    killed(victim, "--step --ask never", answer=lambda _: "")
    check(survivor.run("%kimi resume"), server, path)


def test_a_kernel_whose_journal_fails_ends_before_the_next_tool(tmp_path: Path) -> None:
    """No lesson: nobody is there to ask, so the run ends, and says what was kept."""
    path = tmp_path / "count.txt"
    fails = f"{SESSION}session.driving.journal._database._db.execute('PRAGMA query_only = ON')\n"
    notes = [f"with open({str(path)!r}, 'a') as f: print({n}, file=f)" for n in (1, 2)]
    codes = [fails + notes[0], notes[1]]
    turns = [
        Turn("So.", calls=(Call(f"run_python:{n}", "run_python", json.dumps({"code": code})),))
        for n, code in enumerate(codes)
    ]
    server = FaultServer(turns=[*turns, Turn("So.", "All done.")])
    kernel = LiveKernel()
    try:
        kernel.run("%load_ext nbagent")
        line = f"%%kimi --endpoint {server.url} --model kimi-k2.6 --ask never --out run\nCount."
        cell = kernel.run(line)
        assert path.read_text().split() == ["1"], cell.text
        assert "This run is not kept on disk now: the file cannot be written" in cell.text
        said = kernel.run("print(run.finished.reason, run.finished.error_kind)").text
        assert said.split() == ["error", "record"]
        kernel.run("session.driving.journal._database._db.execute('PRAGMA query_only = OFF')")
        again = kernel.run("print(run.resume().answer)")
        assert "All done." in again.text or "That was all." in again.text
        assert server.complaints == []
    finally:
        kernel.close()
        server.close()
    journal = Journal(data_dir, clock=SystemClock())
    states = [line.state for line in journal.runs(limit=2)]
    journal.close()
    assert states == ["answer", "error"]
