"""Mailbox, drain, stops and approvals on each supported ipykernel, subshell comms on and off.

Each version is installed into a folder of its own, first on the path of the kernels of its tests.
JupyterLab sends comm messages to subshells where its setting says so and the kernel has them;
6.31 has none, and what else a version does otherwise is asserted as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from nbagent.kernel.mailbox import REPLY, REQUEST
from tests.conftest import KERNELS
from tests.followed import (
    BACKGROUND_WAYS,
    FINISHED,
    STATES,
    WAYS,
    Events,
    Followed,
    Place,
    can_stop,
)
from tests.live_kernel import TIMEOUT_S

pytestmark = [pytest.mark.kernel, pytest.mark.long]

VERSIONS = ("6.31.0", "7.0.1", "7.1.0", "7.2.0", "7.3.0", "7.4.0")
WITHOUT_SUBSHELLS = ("6.31.0",)
COMMS_WAIT = ("6.31.0", "7.4.0")
"""Versions in which a comm's message waits for the main thread, also if it goes to a subshell."""


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(version: str) -> Iterator[Place]:
    folder = KERNELS / version
    if not folder.is_dir():
        pytest.fail(f"{folder} is missing. Run `make build/kernels` and try again.")
    place = Place({"PYTHONPATH": os.pathsep.join([str(folder), os.environ["PYTHONPATH"]])})
    assert (
        place.kernel.run("import ipykernel; print(ipykernel.__version__)").text.strip() == version
    )
    yield place
    place.close()


def control_reply(place: Place, kind: str, content: dict[str, Any]) -> dict[str, Any]:
    """Ask on the control channel, and wait for the answer."""
    client = place.kernel.client
    message = client.session.msg(kind, content)
    client.control_channel.send(message)
    while True:
        reply = client.get_control_msg(timeout=TIMEOUT_S)
        if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
            return dict(reply)


def ended(run: Followed) -> str:
    run.until(FINISHED)
    run.until_idle()
    return str(run.events[-1]["reason"])


@pytest.mark.parametrize("state", ["reasoning", "approval", "tool: Python", "tool: await"])
@pytest.mark.parametrize("way", list(WAYS))
def test_a_stop_arrives_and_the_conversation_goes_on(place: Place, state: str, way: str) -> None:
    run = place.begin(STATES[state])
    WAYS[way](run)
    if not can_stop(way, STATES[state], background=False):
        control_reply(place, REQUEST, {"action": "ready", "run_id": run.run_id, "request_id": "1"})
        assert not FINISHED(run.events), "the shell channel waits while a tool runs"
        run.command("stop")
    assert ended(run) == "stopped"
    assert place.goes_on()


@pytest.mark.parametrize("way", ["control", "comm", "%kimi stop", "run.stop()"])
def test_a_run_in_the_background_is_stopped(place: Place, way: str) -> None:
    run = place.begin(STATES["reasoning"], background=True)
    BACKGROUND_WAYS[way](run)
    assert ended(run) == "stopped"
    assert place.goes_on()


@pytest.mark.parametrize("channel", ["control", "comm", "subshell"])
def test_an_approval_by_click(place: Place, version: str, channel: str) -> None:
    subshell = subshell_of(place, version) if channel == "subshell" else ""
    run = place.begin(STATES["approval"])
    (asked,) = [event for event in run.events if event["kind"] == "approval_asked"]
    given = {"decision": "deny", "key": asked["key"], "why": "keep it"}
    if channel == "control":
        run.command("decide", **given)
    else:
        run.by_comm("decide", subshell=subshell, **given)
    assert ended(run) == "answer"
    decided = [event for event in run.events if event["kind"] == "approval_given"]
    assert [(e["decision"], e["why"], e["by"]) for e in decided] == [("deny", "keep it", "you")]


def subshell_of(place: Place, version: str) -> str:
    """A new subshell; '' for the main shell where this version has none."""
    said = place.kernel.run("print(get_ipython().kernel.kernel_info.get('supported_features'))")
    has_them = "kernel subshells" in said.text
    assert has_them == (version not in WITHOUT_SUBSHELLS), said.text
    if not has_them:
        return ""
    return str(control_reply(place, "create_subshell_request", {})["content"]["subshell_id"])


@pytest.mark.parametrize("state", ["reasoning", "tool: Python"])
def test_a_comm_on_a_subshell_stops(place: Place, version: str, state: str) -> None:
    subshell = subshell_of(place, version)
    run = place.begin(STATES[state])
    run.by_comm("stop", subshell=subshell)
    if version in COMMS_WAIT and STATES[state].in_tool:
        ready = {"action": "ready", "run_id": run.run_id, "request_id": "1"}
        control_reply(place, REQUEST, ready)
        assert not FINISHED(run.events)
        run.command("stop")
    assert ended(run) == "stopped"
    assert place.goes_on()


def test_a_busy_kernel_answers_what_views_ask_and_keeps_cells_for_later(place: Place) -> None:
    run = place.begin(STATES["reasoning"])
    client = place.kernel.client
    for code in ("order = [1]", "order += [2]"):
        run.by_cell(code)
    asked = client.session.msg("comm_info_request", {"target_name": "jupyter.widget"})
    client.shell_channel.send(asked)
    reply = client.get_shell_msg(timeout=TIMEOUT_S)
    assert reply["parent_header"]["msg_id"] == asked["header"]["msg_id"], (
        "a cell was not to run yet"
    )
    assert run.comm_id in reply["content"]["comms"]
    known = {"run_id": run.run_id, "request_id": "again", "action": "ready"}
    answer = control_reply(place, REQUEST, known)
    assert (answer["msg_type"], answer["content"]["ok"]) == (REPLY, True)
    assert streams_on(run), "the run does not go on"
    place.kernel.interrupt()
    assert ended(run) == "stopped"
    assert "[1, 2]" in place.kernel.run("print(order)").text


def streams_on(run: Followed) -> bool:
    """Wait for more of the reply than there was."""
    n = len(run.events)

    def more(events: Events) -> bool:
        return len(events) > n

    run.until(more)
    return not FINISHED(run.events)
