"""A stop that does not take is told as it is, whichever way it came; a stopped call is no failure.

Each code here is let go by the test once the view has been told, so that nothing depends on time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nbagent.events import from_dict
from nbagent.view import RunView
from tests.followed import FINISHED, STOP_ASKED, WAYS, Place, State, tool, turn

pytestmark = pytest.mark.kernel

# The mutex is free only while the main thread waits inside of C: from then on it is deaf.
IN_C = """
import ctypes, pathlib, threading
c = ctypes.CDLL(None)
mutex, told = (ctypes.create_string_buffer(256) for _ in range(2))
c.pthread_mutex_lock(mutex)
def let_go():
    c.pthread_mutex_lock(mutex)
    print("begun", flush=True)
    while not pathlib.Path({path!r}).exists():
        pass
    c.pthread_cond_signal(told)
    c.pthread_mutex_unlock(mutex)
threading.Thread(target=let_go, daemon=True).start()
c.pthread_cond_wait(told, mutex)
"""
SWALLOWS = """
import pathlib, time
while True:
    try:
        print("begun", flush=True)
        while not pathlib.Path({path!r}).exists():
            time.sleep(0.01)
        break
    except KeyboardInterrupt:
        pass
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    place = Place()
    yield place
    place.close()


@pytest.mark.parametrize("way", ["control", "interrupt", "thread"])
@pytest.mark.parametrize("code", [IN_C, SWALLOWS], ids=["in C", "swallows"])
def test_a_stop_that_does_not_take_is_told(
    place: Place, tmp_path: Path, code: str, way: str
) -> None:
    path = tmp_path / "let go"
    run = place.begin(State(turn(code=code.format(path=str(path)))))
    WAYS[way](run)
    run.until(STOP_ASKED)
    view = RunView()
    for event in run.events:
        view.apply(from_dict(event))
    assert view.state(view.t + 1) == "Stopping"
    assert "Stopping for 4.0 s: the code does not let go. Restart" in view.state(view.t + 4)
    path.touch()
    run.until(FINISHED)
    run.until_idle()
    kinds = [event["kind"] for event in run.events]
    assert kinds.count("stop_asked") == 1
    assert kinds.index("stop_asked") < kinds.index("tool_finished")
    assert run.events[-1]["reason"] == "stopped"
    assert place.goes_on()


def test_a_call_that_ends_by_itself_tells_of_no_stop(place: Place) -> None:
    """The positive control, and a failed call, which is one."""
    run = place.begin(State(tool("1 / 0")))
    run.until(FINISHED)
    run.until_idle()
    assert not STOP_ASKED(run.events)
    (failed,) = [event for event in run.events if event["kind"] == "tool_finished"]
    assert (failed["is_error"], failed["stopped"]) == (True, False)


def test_a_stopped_call_is_no_failure(place: Place) -> None:
    run = place.begin(State(tool("while True:\n    pass")))
    WAYS["control"](run)
    run.until(FINISHED)
    run.until_idle()
    (stopped,) = [event for event in run.events if event["kind"] == "tool_finished"]
    assert (stopped["stopped"], stopped["outcome"]) == (True, "stopped")
    view = RunView()
    for event in run.events:
        view.apply(from_dict(event))
    assert (view.counts(), view.steps[-1].failed) == ("", False)
