"""What a page hears of a kernel's runs as a whole, over the control channel of a real kernel."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest

from nbagent.clock import SystemClock
from nbagent.kernel.mailbox import READING, REQUEST
from nbagent.lessons import control
from nbagent.lessons.process import Server, ensure
from nbagent.magics.live_runs import LISTED, NAME
from tests.live_kernel import TIMEOUT_S, LiveKernel

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def kernel() -> Iterator[LiveKernel]:
    kernel = LiveKernel()
    kernel.run("%load_ext nbagent\n%kimi use lesson")
    yield kernel
    kernel.close()


@pytest.fixture
def server() -> Iterator[Server]:
    """A lesson server, slow until the test is over."""
    server = ensure(SystemClock())
    control.set_pace(server, 20, 0.1)
    yield server
    control.set_pace(server, math.inf)
    control.clear(server)


class Asker:
    """Asks a kernel on its control channel, also while a cell runs."""

    def __init__(self, kernel: LiveKernel) -> None:
        self.kernel = kernel
        self.n = 0

    def __call__(self, action: str, run_id: str = NAME, **fields: Any) -> dict[str, Any]:
        self.n += 1
        command = {"run_id": run_id, "request_id": f"runs {id(self)} {self.n}", "action": action}
        message = self.kernel.client.session.msg(REQUEST, command | fields)
        self.kernel.client.control_channel.send(message)
        while True:
            reply = self.kernel.client.get_control_msg(timeout=TIMEOUT_S)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return dict(reply["content"])

    def rows(self) -> list[dict[str, Any]]:
        answer = self("runs")
        assert answer["ok"], answer
        json.dumps(answer)
        return list(answer["data"]["runs"])


def test_runs_are_listed_while_one_goes_on_and_can_be_stopped(
    kernel: LiveKernel, server: Server
) -> None:
    ask = Asker(kernel)
    kernel.run("%%kimi -n --out first\nWhat is 2 + 2?", cell_id="cell-1", answer=str)
    seen: list[list[dict[str, Any]]] = []

    def look(_output: dict[str, Any]) -> None:
        if not seen:
            seen.append(ask.rows())
            assert ask("stop", seen[0][0]["run_id"])["ok"]

    kernel.run("%%kimi -n\nlesson long 30", cell_id="cell-2", answer=str, on_output=look)
    rows = seen[0][:2]  # those before them are of other tests
    assert [row["cell_id"] for row in rows] == ["cell-2", "cell-1"]
    assert [row["state"] for row in rows] == ["running", "answer"]
    assert rows[0]["title"] == "lesson long 30"
    assert rows[0]["held_by"] == "this kernel"
    assert rows[1]["n_steps"] >= 1
    after = ask.rows()[:2]
    assert [row["state"] for row in after] == ["stopped", "answer"]
    assert after[1] == rows[1], "the row of a run that is over stays as it is"


@pytest.mark.long
def test_a_run_in_the_background_is_told_to_a_page_that_no_cell_sends_anything(
    kernel: LiveKernel, server: Server
) -> None:
    """A fork has no view of its own; `snapshot` still tells it whole."""
    ask = Asker(kernel)
    kernel.run("%%kimi -n --out origin\nWhat is 2 + 2?", answer=str)
    kernel.run("forked = origin.fork(1)", answer=str)
    name = kernel.run("print(forked.run_id)").text.strip()
    (row,) = [row for row in ask.rows() if row["run_id"] == name]
    assert row["state"] == "paused"
    assert ask("ready", name)["ok"] is False, "the control: no display stands behind it"
    told = ask("snapshot", name)["data"]
    assert told["events"][0]["kind"] == "run_started"
    assert (told["running"], told["comm_id"]) == (True, "")
    kernel.run("forked.stop(); _ = forked.wait()", answer=str)
    assert ask("snapshot", name)["data"]["running"] is False


@pytest.mark.long
@pytest.mark.parametrize("form", ["notebook", "html", "jsonl"])
def test_a_run_is_written_as_a_file(kernel: LiveKernel, form: str) -> None:
    ask = Asker(kernel)
    kernel.run("%%kimi -n --out whole\nWhat is 2 + 2?", answer=str)
    name = kernel.run("print(whole.run_id)").text.strip()
    text = ask("export", run=name, format=form)["data"]["text"]
    if form == "notebook":
        assert json.loads(text)["nbformat"] == 4
    else:
        assert "What is 2 + 2?" in text


def test_what_it_does_not_know_is_refused_in_words(kernel: LiveKernel) -> None:
    ask = Asker(kernel)
    assert ask("export", run="run-0", format="html")["error"] == "this kernel has no run 'run-0'"
    assert ask("decide")["error"] == "a kernel is not asked for 'decide'"
    kernel.run("%%kimi -n\nWhat is 2 + 2?", answer=str)
    name = ask.rows()[0]["run_id"]
    assert ask("export", run=name, format="exe")["error"] == "a run is not written as 'exe'"


def test_a_secret_is_in_no_row(kernel: LiveKernel) -> None:
    ask = Asker(kernel)
    secret = "sk-" + "not-for-any-page"
    kernel.run("from nbagent.magics.live_runs import NAME")
    kernel.run(
        "session = get_ipython().magics_manager.registry['KimiMagics'].session\n"
        f"session.redact.add({secret!r})"
    )
    kernel.run(f"%%kimi -n\nWhat is {secret}?", answer=str)
    assert secret not in json.dumps(ask.rows())


def test_lists_are_bounded_and_their_answers_not_kept() -> None:
    assert LISTED <= 500
    assert {"runs", "export", "snapshot"} <= READING
