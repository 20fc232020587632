"""`%%kimi --step` in real kernels: by code, by prompt, with nobody there; forks; own loops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from nbagent import Agent, Settings
from nbagent.clock import SystemClock
from nbagent.lessons import control
from nbagent.lessons.process import Server, ensure
from tests.live_kernel import LiveKernel
from tests.test_mailbox import ask

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def kernel() -> Iterator[LiveKernel]:
    kernel = LiveKernel()
    kernel.run("%load_ext nbagent\n%kimi use lesson")
    kernel.run("import nbagent.kernel.person as person\nperson.PROMPT_S = 0.0")
    yield kernel
    kernel.close()


@pytest.fixture
def server(kernel: LiveKernel) -> Iterator[Server]:
    server = ensure(SystemClock())
    control.clear(server)
    yield server
    kernel.run("%kimi reset")
    control.clear(server)


def call(code: str) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "So.", "calls": [["run_python", {"code": code}]]}


def say(text: str) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "I know.", "content": text}


def typing(*lines: str) -> Callable[[str], str]:
    """Types these lines at the prompts, one after the other."""
    left = list(lines)
    return lambda _prompt: left.pop(0) if left else "q"


def n_requests(server: Server) -> int:
    return len(control.ledger(server))


def test_code_makes_one_move_at_a_time(kernel: LiveKernel, server: Server) -> None:
    control.order(server, call("made = 6 * 7\nprint('made it')"), say("It is 42."))
    kernel.run("%%kimi --step --bg --out run\ngo", answer=lambda _: "")
    before = n_requests(server)
    places = [kernel.run("move = run.step()\nprint(move.n, move.place)").text for _ in range(3)]
    assert [place.strip() for place in places] == ["2 reply", "3 call", "4 result"]
    assert n_requests(server) == before + 1
    assert kernel.run("print(made)").text.strip() == "42"
    assert "42" in kernel.run("print(run.wait())").text
    assert n_requests(server) == before + 2


def test_code_changes_a_reply_and_forks(kernel: LiveKernel, server: Server) -> None:
    control.order(server, call("kept = 1"), say("One."), say("Forked."))
    kernel.run("%%kimi --step --bg --out run\ngo", answer=lambda _: "")
    kernel.run("run.step(); run.step()\nrun.edit({'code': 'kept = 2'})\nrun.wait()")
    assert kernel.run("print(kept, run)").text.split() == ["2", "One."]
    kernel.run("fork = run.fork(4, edit='nothing was kept')")
    cell = kernel.run("print(fork.wait(), '|', run, '|', fork.forked_from == (run.run_id, 4))")
    assert cell.text.strip() == "Forked. | One. | True"
    body = control.ledger(server)[-1]["body"]
    assert "nothing was kept" in str(body)


def test_a_fork_in_a_fresh_kernel_has_what_the_recorded_code_made(
    kernel: LiveKernel, server: Server
) -> None:
    kernel.run("mine = 5")
    control.order(server, call("base = 10\nmine_too = mine"), call("base = 10"), say("Here."))
    kernel.run("%%kimi --ask never --out run\ngo", answer=lambda _: "")
    kernel.run("base = 'changed since'")
    look = call("print(base, 'mine' in globals())")
    control.order(server, look, say("Looked."))
    n = kernel.run("print([m.n for m in run.moves if m.place == 'request'][-1])").text.strip()
    kernel.run(f"fork = run.fork({n}, fresh=True)")
    cell = kernel.run("fork.wait()\nprint(fork.messages[-2]['content'])")
    assert "10 False" in cell.text
    assert "one cell failed here" in cell.text  # `mine` is the notebook's own


def test_a_fork_that_a_view_asks_for_runs_on_the_kernels_own_thread(
    kernel: LiveKernel, server: Server
) -> None:
    control.order(server, call("first = 1"), say("One."))
    kernel.run("%%kimi --out run\ngo", answer=lambda _: "")
    run_id = kernel.run("print(run.run_id)").text.strip()
    where = "import threading\nforked_on = threading.current_thread().name"
    control.order(server, call(where), say("Forked."))
    fork = ask(kernel, {"run_id": run_id, "request_id": "f1", "action": "fork", "n": 5})
    name = fork["data"]["run_id"]
    ask(kernel, {"run_id": name, "request_id": "f2", "action": "pace", "until": "end"})
    kernel.run("import asyncio\nfork = run.forks[0]")
    while "Forked." not in kernel.run("print(fork)").text:
        kernel.run("await asyncio.sleep(0.02)")
    assert kernel.run("print(forked_on)").text.strip() == "MainThread"


def test_where_there_is_only_text_the_same_is_done_by_prompts(
    kernel: LiveKernel, server: Server
) -> None:
    control.order(server, call("typed = 1"), say("Typed."))
    lines = ["", "", "b", "e 5", "g 3", "f", 'e {"code": "typed = 2"}', "x", "c answer", "r"]
    before = n_requests(server)
    cell = kernel.run("%%kimi --step --out run\ngo", answer=typing(*lines))
    text = cell.text
    assert "▶  4" in text
    assert "not taken" in text
    assert "Looking back at move 2. Nothing is sent and nothing runs." in text
    assert "This is not JSON" in text or "must be a JSON object" in text
    assert "Enter: step" in text  # an unknown word shows the keys
    assert "run_python would run, edited by you" in text
    assert kernel.run("print(typed, run)").text.split() == ["2", "Typed."]
    assert n_requests(server) == before + 2


def test_a_prompt_can_stop_the_run(kernel: LiveKernel, server: Server) -> None:
    control.order(server, call("never = 1"), say("x"))
    cell = kernel.run("%%kimi --step --out run\ngo", answer=typing("", "", "q"))
    assert cell.reply["status"] == "ok"
    assert kernel.run("print(run.finished.reason, 'never' in dir())").text.split() == [
        "stopped",
        "False",
    ]


def test_with_nobody_there_the_run_does_not_rest(kernel: LiveKernel, server: Server) -> None:
    control.order(server, call("headless = 1"), say("Done."))
    cell = kernel.run("%%kimi --step --out run\ngo")
    assert "Nobody is here to step" in kernel.run("print(run.started.note)").text
    assert cell.reply["status"] == "ok"
    assert kernel.run("print(run)").text.strip() == "Done."


LOOP = """
from nbagent.loop import Act, Ask
def my_loop(messages, tools):
    while True:
        reply = yield Ask(messages, tools)
        messages.append(reply)
        if "tool_calls" not in reply:
            return reply
        {act}
"""


def test_a_learners_loop_is_stepped_with_its_own_lines(kernel: LiveKernel, server: Server) -> None:
    kernel.run(LOOP.format(act='messages.extend((yield Act(reply["tool_calls"])))'))
    control.order(server, call("looped = 1"), say("By mine."))
    cell = kernel.run("%%kimi --step --loop my_loop --out run\ngo", answer=typing("", "", "r"))
    assert "▶  7         messages.extend((yield Act" in cell.text
    assert kernel.run("print(run)").text.strip() == "By mine."


def test_a_mistake_in_it_is_explained(kernel: LiveKernel, server: Server) -> None:
    kernel.run(LOOP.format(act='yield Act(reply["tool_calls"])'))
    control.order(server, call("mistaken = 1"))
    kernel.run("%%kimi --loop my_loop --out run\ngo", answer=lambda _: "")
    assert "messages.extend(results)" in kernel.run("print(run)").text
    control.order(server, say("On again."))
    kernel.run("%%kimi --out run\ngo", answer=lambda _: "")
    assert kernel.run("print(run)").text.strip() == "On again."  # the history is not broken


def test_a_script_steps_too() -> None:
    server = ensure(SystemClock())
    control.clear(server)
    control.order(server, call("print(6 * 7)"), say("Fine."))
    run = Agent(settings=Settings(endpoint="lesson")).begin("go")
    assert [run.step().place for _ in range(4)] == ["request", "reply", "call", "result"]
    run.edit("41")
    assert run.wait().answer == "Fine."
    assert "41" in str(run.messages[-2]["content"])


def test_control_without_the_option_it_runs_through(kernel: LiveKernel, server: Server) -> None:
    """The positive control: the prompts above come from `--step` alone."""
    control.order(server, call("through = 1"), say("Through."))
    cell = kernel.run("%%kimi --out run\ngo", answer=typing())
    assert cell.prompts == []
    assert "▶" not in cell.text
