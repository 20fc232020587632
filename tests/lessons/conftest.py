from __future__ import annotations

import http.client
import json
import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai
import pytest

from nbagent.clock import SystemClock
from nbagent.lessons import address, control
from nbagent.lessons.chat import State
from nbagent.lessons.pace import Pace
from nbagent.lessons.process import Server
from nbagent.lessons.server import LessonServer
from tests.lessons.kernel_like import ALL_TOOLS


@dataclass
class Lesson:
    """A real lesson server on loopback, in a thread of the test process."""

    inner: LessonServer
    server: Server
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        host, port = self.inner.server_address[:2]
        self.connection = http.client.HTTPConnection(str(host), int(port), timeout=20)

    def request(
        self, method: str, path: str, body: bytes | str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        headers.setdefault("Authorization", f"Bearer {self.server.token}")
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        sent = {name.lower(): value for name, value in response.getheaders()}
        return response.status, sent, response.read()

    def chat(self, **fields: Any) -> tuple[int, dict[str, Any]]:
        body = {"model": "scripted", "messages": [user("hello")], **fields}
        status, _, data = self.request("POST", "/v1/chat/completions", json.dumps(body))
        return status, json.loads(data)

    def events(self, **fields: Any) -> list[str]:
        """The events of a streamed chat, as their data."""
        body = {"model": "scripted", "messages": [user("hello")], "stream": True, **fields}
        status, _, data = self.request("POST", "/v1/chat/completions", json.dumps(body))
        assert status == 200, data
        blocks = data.decode().split("\n\n")
        assert blocks.pop() == ""
        assert all(block.startswith("data: ") for block in blocks)
        return [block.removeprefix("data: ") for block in blocks]

    def client(self) -> openai.OpenAI:
        return openai.OpenAI(
            base_url=self.server.url, api_key=self.server.token, max_retries=0, timeout=20
        )


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def chunks(events: list[str]) -> list[dict[str, Any]]:
    assert events[-1] == "[DONE]"
    return [json.loads(event) for event in events[:-1]]


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lesson]:
    path: Path = tmp_path_factory.mktemp("lesson") / address.FILE_NAME
    inner = LessonServer(SystemClock(), State(pace=Pace(math.inf)))
    thread = threading.Thread(target=inner.serve, args=(path, math.inf))
    thread.start()
    server = Server(inner.address.url, inner.address.token)
    yield Lesson(inner, server)
    control.stop(server)
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def lesson(running: Lesson) -> Iterator[Lesson]:
    control.clear(running.server)
    control.set_pace(running.server, math.inf)
    yield running
    running.connection.close()


@pytest.fixture
def tools() -> list[dict[str, Any]]:
    return ALL_TOOLS
