from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbagent.clock import Clock, SystemClock
from nbagent.kimi.client import KimiModel, connect
from nbagent.kimi.endpoints import PRESETS
from nbagent.messages import Message, Request, Transcript
from nbagent.ports import Arrival, Failure, Reply
from nbagent.settings import Secret, Settings
from tests.kimi.wire_server import WireServer

KEY = "sk-canary-0123456789abcdef"
WAIT_S = 30.0


class Asked:
    """One started request and what arrives for it."""

    def __init__(self, model: KimiModel, messages: list[Message]) -> None:
        revision = Transcript().sync(messages, trusted=True)
        self.request = Request(model.head([]), revision, len(messages), model.tail(100))
        self.queue: queue.SimpleQueue[Arrival] = queue.SimpleQueue()
        self.cancel = model.start(self.request, self.queue.put)

    def next(self) -> Arrival:
        return self.queue.get(timeout=WAIT_S)

    def all(self) -> list[Arrival]:
        arrivals = [self.next()]
        while not isinstance(arrivals[-1], Reply | Failure):
            arrivals.append(self.next())
        return arrivals


class Client:
    """A model at the wire server, and short ways to ask it."""

    def __init__(self, server: WireServer, model: KimiModel) -> None:
        self.server, self.model = server, model

    def ask(self, text: str = "What is the mean?") -> Asked:
        return Asked(self.model, [{"role": "user", "content": text}])

    def reply(self) -> Reply:
        last = self.ask().all()[-1]
        assert isinstance(last, Reply), last
        return last

    def failure(self) -> Any:
        last = self.ask().all()[-1]
        assert isinstance(last, Failure), last
        return last.error


@pytest.fixture
def server() -> Iterator[WireServer]:
    server = WireServer()
    yield server
    server.close()


@pytest.fixture
def client_of(server: WireServer, tmp_path: Path) -> Iterator[Callable[..., Client]]:
    opened: list[KimiModel] = []

    def make(
        *, url: str = "", preset: str = "moonshot", clock: Clock | None = None, **settings: Any
    ) -> Client:
        model = connect(
            Settings(**settings),
            PRESETS[preset].at(url or server.url),
            Secret(KEY),
            clock or SystemClock(),
            cache_key="run-7",
            model_given=True,
            directory=lambda: tmp_path,
        )
        opened.append(model)
        return Client(server, model)

    yield make
    for model in opened:
        model.close()


@pytest.fixture
def client(client_of: Callable[..., Client]) -> Client:
    return client_of()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
