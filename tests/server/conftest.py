"""One server for the tests of the extension, and a journal beside it that real runs have filled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from nbagent.clock import SystemClock
from nbagent.journal import Journal
from tests.journal.harness import a_journal, a_run, kept
from tests.scripted import call, calls, says
from tests.server.served import Served

NUMBERS = count(1)
SECRET = "9f2c-not-a-word-4417"
"""A password in the server's environment."""


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server as behind a hub, whose authoriser a header can make refuse."""
    home = tmp_path_factory.mktemp("served")
    more = (
        "--ServerApp.authorizer_class=tests.server.refusing.Refusing",
        "--ServerApp.jpserver_extensions=tests.server.refusing=True",
    )
    with Served(home, "/user/ada/", more, {"SOME_PASSWORD": SECRET}) as running:
        yield running


@pytest.fixture(scope="session")
def journal(server: Served) -> Iterator[Journal]:
    """The journal that the server reads, as a kernel has it open."""
    opened = a_journal(server.data / "nbagent", clock=SystemClock())
    yield opened
    opened.close()


@pytest.fixture
def another_story(journal: Journal) -> Callable[[], str]:
    """Makes runs of two steps that have ended, and gives their names."""

    def made() -> str:
        name = f"run-story-{next(NUMBERS)}"
        script = [calls(call("a")), says("It is *four*.")]
        kept(journal, a_run(name, script, prompt="What is 2 + 2?\nSay it."))
        return name

    return made


@pytest.fixture
def story(another_story: Callable[[], str]) -> str:
    """The name of a run of two steps that has ended."""
    return another_story()
