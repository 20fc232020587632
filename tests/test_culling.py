"""A server that ends idle kernels leaves one whose run in the background awaits the model."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.connect import find_connection_file

from nbagent.clock import SystemClock
from nbagent.kernel.background import ALIVE_S
from nbagent.lessons import control
from nbagent.lessons.process import Server, ensure
from tests.browser.lab import Lab

pytestmark = [pytest.mark.kernel, pytest.mark.long]

WAIT_S = 60.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    culls = [
        f"--MappingKernelManager.cull_idle_timeout={ALIVE_S + 3:.0f}",
        "--MappingKernelManager.cull_interval=1",
        "--MappingKernelManager.cull_connected=True",
    ]
    lab = Lab(tmp_path_factory.mktemp("culling"), more=culls)
    yield lab
    lab.close()


@pytest.fixture
def stalled() -> Iterator[Server]:
    """A lesson server that begins to reply, and then is silent."""
    lessons = ensure(SystemClock())
    control.clear(lessons)
    control.order(lessons, {"kind": "stall"})
    yield lessons
    control.clear(lessons)


def asked(lab: Lab, path: str, *, post: bool = False) -> Any:
    request = urllib.request.Request(
        f"{lab.url}{path}",
        data=b"{}" if post else None,
        headers={"Authorization": "token test"},
    )
    with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
        return json.load(answer)


def started(lab: Lab) -> str:
    return str(asked(lab, "api/kernels", post=True)["id"])


def alive(lab: Lab) -> set[str]:
    return {kernel["id"] for kernel in asked(lab, "api/kernels")}


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    clock = SystemClock()
    deadline = clock.now() + WAIT_S
    while not is_so():
        assert clock.now() < deadline, what
        clock.sleep(0.1)


def run(client: BlockingKernelClient, code: str) -> str:
    """Run a cell as a person does, who can be asked; what it printed."""
    printed: list[str] = []

    def note(message: dict[str, Any]) -> None:
        printed.append(message["content"].get("text", ""))

    client.execute_interactive(code, allow_stdin=True, output_hook=note, timeout=WAIT_S)
    return "".join(printed).strip()


def ask_as_a_view(client: BlockingKernelClient, run_id: str, action: str) -> None:
    content = {"run_id": run_id, "request_id": action, "action": action}
    client.control_channel.send(client.session.msg("nbagent_request", content))
    assert client.get_control_msg(timeout=WAIT_S)["content"]["ok"]


def test_a_run_in_the_background_keeps_its_kernel(server: Lab, stalled: Server) -> None:
    busy = started(server)
    client = BlockingKernelClient(connection_file=find_connection_file(f"kernel-{busy}.json"))
    client.load_connection_file()
    client.start_channels()
    client.wait_for_ready(timeout=WAIT_S)
    run(client, "%load_ext nbagent\n%kimi use lesson")
    run(client, "%%kimi --bg --out run\ngo")
    run_id = run(client, "print(run.run_id)")
    ask_as_a_view(client, run_id, "ready")  # from here on its text is no longer refreshed
    idle = started(server)
    wait_until(lambda: idle not in alive(server), "the control: an idle kernel is ended")
    assert busy in alive(server)
    assert run(client, "print(run.finished)") == "None"
    ask_as_a_view(client, run_id, "stop")
    wait_until(lambda: busy not in alive(server), "a kernel whose run is over is idle, too")
    client.stop_channels()
