"""Stopping and deleting: a run that a kernel of this server goes on with, seen from its server."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from nbagent.clock import SystemClock
from nbagent.journal import Journal
from nbagent.lessons import control
from nbagent.lessons.process import address_path, ensure
from tests.journal.harness import a_run, keep
from tests.server.served import Served, lines_of

CLOCK = SystemClock()
TURN = {
    "kind": "turn",
    "reasoning": "So.",
    "content": "",
    "calls": [["run_python", {"code": "import time\ntime.sleep(600)"}]],
}


@pytest.fixture
def kernel(server: Served) -> Iterator[BlockingKernelClient]:
    """A kernel that the server has started, which talks to the tests' lesson server."""
    lessons = ensure(CLOCK)
    control.clear(lessons)
    control.set_pace(lessons, math.inf)
    control.order(lessons, TURN)
    place = server.data / "nbagent"
    place.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(address_path(), place)  # the kernel's data directory is the server's
    session = server.by_token()
    begun = session.post(f"{server.url}api/kernels", json={}, timeout=60).json()
    file = server.home / "runtime" / f"kernel-{begun['id']}.json"
    client = BlockingKernelClient(connection_file=str(file))
    client.load_connection_file()
    client.start_channels(hb=False)  # a kernel that begins slowly would count as dead
    client.wait_for_ready(timeout=60)
    yield client
    client.stop_channels()
    session.delete(f"{server.url}api/kernels/{begun['id']}", timeout=60)
    control.clear(lessons)


@pytest.mark.kernel
def test_a_run_of_a_kernel_is_stopped_by_its_server(
    server: Served, kernel: BlockingKernelClient
) -> None:
    session = server.by_token()
    with session.get(f"{server.api}/stream", stream=True, timeout=60) as listed:
        lines = lines_of(listed)
        next(lines)
        kernel.execute("%load_ext nbagent\n%kimi use lesson")
        kernel.execute("%%kimi -n\nGo on.")
        row = next(line for line in lines if line["type"] == "changed")["runs"][0]
    run = f"{server.api}/runs/{row['run_id']}"
    assert (row["state"], row["held_by"][:8]) == ("running", "process ")
    with session.get(f"{run}/stream", stream=True, timeout=60) as followed:
        told = lines_of(followed)
        next(line for line in told if line.get("kind") == "tool_started")
        held = session.delete(run, timeout=60)
        assert (held.status_code, held.json()["reason"]) == (409, "held")
        stopped = session.post(f"{run}/stop", timeout=60)
        assert (stopped.status_code, stopped.json()["stopping"]) == (200, True)
        *_, last = told
    assert (last["type"], last["run"]["state"]) == ("ended", "stopped")
    again = session.post(f"{run}/stop", timeout=60)
    assert (again.status_code, again.json()["reason"]) == (409, "ended")
    until_free(server, row["run_id"])
    assert session.delete(run, timeout=60).status_code == 204
    assert session.get(run, timeout=60).status_code == 404


def until_free(server: Served, run_id: str) -> None:
    """The kernel gives its lease back a moment after the run's end."""
    while server.get(f"/runs/{run_id}").json()["held_by"]:
        pass


def test_a_run_that_no_kernel_here_has_is_not_stopped(server: Served, journal: Journal) -> None:
    """This very process holds it, which is none of the server's kernels."""
    keeper = keep(journal, a_run("run-of-nobody"))
    answer = server.by_token().post(f"{server.api}/runs/run-of-nobody/stop", timeout=60)
    assert (answer.status_code, answer.json()["reason"]) == (409, "not_stopped")
    held = server.by_token().delete(f"{server.api}/runs/run-of-nobody", timeout=60)
    assert (held.status_code, held.json()["reason"]) == (409, "held")
    keeper.close()
    deleted = server.by_token().delete(f"{server.api}/runs/run-of-nobody", timeout=60)
    assert deleted.status_code == 204


def test_pages_of_the_list_follow_one_another(server: Served, another_story: object) -> None:
    names = [another_story() for _ in range(5)]  # type: ignore[operator]
    query, found = {"search": "run-story", "limit": 2}, []
    while True:
        page = server.get("/runs", **query).json()
        found += [row["run_id"] for row in page["runs"]]
        if page["next"] is None:
            break
        query["before"] = page["next"]
    assert found[:5] == names[::-1]
    assert len(found) == len(set(found))
    assert server.get("/runs", search=json.dumps({"%": "_"})).json()["runs"] == []
