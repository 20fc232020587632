"""Commands of views: delivered to their run, carried out once, answered always."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from nbagent.kernel.mailbox import KEPT_ANSWERS, REPLY, REQUEST, Mailbox
from tests.live_kernel import LiveKernel


def command(action: str, request_id: str = "q1", run_id: str = "run-1") -> dict[str, Any]:
    return {"run_id": run_id, "request_id": request_id, "action": action}


def test_a_command_is_carried_out_once_whoever_brings_it() -> None:
    done: list[str] = []
    mailbox = Mailbox()
    mailbox.put_up("run-1", lambda action, _: done.append(action) or len(done))
    threads = [threading.Thread(target=mailbox.deliver, args=(command("stop"),)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == ["stop"]
    assert mailbox.deliver(command("stop"))["data"] == 1
    assert mailbox.deliver(command("stop", "q2"))["data"] == 2


def test_what_nobody_answers_is_answered_in_words() -> None:
    mailbox = Mailbox()
    answer = mailbox.deliver(command("ready"))
    assert (answer["ok"], answer["error"]) == (False, "this kernel does not know the run")
    assert mailbox.deliver({})["ok"] is False


def test_answers_are_bounded() -> None:
    mailbox = Mailbox()
    mailbox.put_up("run-1", lambda _action, _command: "x" * 10)
    for i in range(KEPT_ANSWERS * 3):
        mailbox.deliver(command("say", f"q{i}"))
        mailbox.deliver(command("bundle", f"r{i}"))  # only reads: its answer is not kept
    assert len(mailbox._answers) == KEPT_ANSWERS
    assert set(mailbox._answers) == {f"q{i}" for i in range(KEPT_ANSWERS * 2, KEPT_ANSWERS * 3)}


@pytest.fixture(scope="module")
def kernel() -> Iterator[LiveKernel]:
    kernel = LiveKernel()
    kernel.run("%load_ext nbagent\n%kimi use lesson")
    yield kernel
    kernel.close()


def ask(kernel: LiveKernel, content: dict[str, Any]) -> dict[str, Any]:
    message = kernel.client.session.msg(REQUEST, content)
    kernel.client.control_channel.send(message)
    while True:
        reply = kernel.client.get_control_msg(timeout=20)
        if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
            assert reply["msg_type"] == REPLY
            return dict(reply["content"])


@pytest.mark.kernel
def test_the_control_channel_is_answered_while_a_cell_is_busy(kernel: LiveKernel) -> None:
    message = kernel.client.session.msg(
        "execute_request",
        {"code": "import time\nfor _ in range(400): time.sleep(0.01)", "silent": True},
    )
    kernel.client.shell_channel.send(message)
    answer = ask(kernel, command("ready", "busy"))
    assert answer["ok"] is False
    assert kernel.client.get_shell_msg(timeout=30)["content"]["status"] == "ok"


STORED = """
from nbagent.events import ReplyReceived, RunFinished, RunStarted
from nbagent.paths import data_dir
from nbagent.run.reading import write_events
told = [RunStarted(seq=0, run_id="old-run-1", prompt="hi", model="kimi-k2.6")]
for n in range(1, 41):
    said = {"role": "assistant", "content": f"reply {n}"}
    told.append(ReplyReceived(seq=n, step=n, attempt=1, message=said, finish_reason="stop"))
told.append(RunFinished(seq=41, reason="answer"))
(data_dir() / "runs").mkdir(exist_ok=True)
write_events(told, data_dir() / "runs" / "old-run-1.jsonl")
"""


@pytest.mark.kernel
def test_steps_of_a_run_are_told_while_their_record_is_there(kernel: LiveKernel) -> None:
    """In memory, and from disk once the run was shown."""
    asked = kernel.run("%%kimi --new --out told_of\nWhat is 2 + 2?", answer=str)
    assert asked.reply["status"] == "ok", asked
    run_id = kernel.run("print(told_of.run_id)").text.strip()
    told = ask(kernel, command("steps", "s1", run_id) | {"first": 1, "last": 1})
    assert told["ok"], (told, run_id)
    assert {event["step"] for event in told["data"]["events"]} == {1}
    assert "reply_received" in {event["kind"] for event in told["data"]["events"]}
    old = command("steps", "s2", "old-run-1") | {"first": 3, "last": 400}
    kernel.run(STORED)
    assert ask(kernel, old)["ok"] is False, "the control: nobody has read it yet"
    kernel.run("%kimi show old-run-1")
    answer = ask(kernel, old | {"request_id": "s3"})
    assert [event["step"] for event in answer["data"]["events"]] == list(range(3, 23))
    stopped = ask(kernel, command("stop", "s4", "old-run-1"))
    assert (stopped["ok"], stopped["error"]) == (False, "this kernel has the run's record alone")
