"""A reply that goes in circles over real HTTP: its connection is closed, and it is asked again."""

from __future__ import annotations

from collections.abc import Callable

from nbagent.clock import SystemClock
from nbagent.events import RetryScheduled, RunStarted
from nbagent.kernel.interrupts import Interrupts
from nbagent.kernel.person import Nobody
from nbagent.kernel.pump import Job, Pump, Unseen
from nbagent.run import Run
from nbagent.run.recipe import Recipe
from nbagent.settings import Settings
from nbagent.tools import Toolset
from tests.kimi.conftest import WAIT_S, Client
from tests.kimi.wire_server import ANSWER, Connection, delta, streams
from tests.scripted import NoExecutor


def endless(connection: Connection) -> bool:
    """Think the same thought until the client closes the connection."""
    connection.chunked()
    while True:
        connection.chunk(delta(reasoning_content="Let me look at the names of the columns again. "))


def test_the_stream_is_cut_and_the_next_reply_counts(client_of: Callable[..., Client]) -> None:
    client = client_of(first_delta_seconds=WAIT_S)
    client.server.answers(endless, streams(ANSWER))
    clock, interrupts = SystemClock(), Interrupts()
    recipe = Recipe(model=client.model, tools=Toolset([]), settings=Settings(), clock=clock)
    started = RunStarted(run_id="run-1", prompt="go", model="kimi-k2.6")
    run = Run(recipe, prompt="go", started=started)
    pump = Pump(
        executor=NoExecutor(),
        person=Nobody(),
        clock=clock,
        guard=interrupts.guard,
        tick=lambda: None,
    )
    pump.drive([Job(run, Unseen())])
    assert run.answer == "It is 3."
    assert client.server.client_closed.wait(WAIT_S)
    assert len(client.server.requests) == 2
    assert [e.reason for e in run.events if isinstance(e, RetryScheduled)] == ["in_circles"]
    assert "columns" not in str(run.messages)
