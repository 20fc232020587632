"""What the browser tests share: a notebook's name, and lesson servers, a slow and a quick one."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from nbagent.clock import SystemClock
from nbagent.lessons import control
from nbagent.lessons.process import Server, ensure

SLOW_TOKENS_PER_S, SLOW_TTFT_S = 20, 0.2


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """The test's own name, for its notebook."""
    return "".join(c if c.isalnum() else "-" for c in request.node.name).strip("-")


@pytest.fixture
def lessons() -> Iterator[Server]:
    """A lesson server that writes slowly, until the test lets it hurry."""
    server = ensure(SystemClock())
    control.clear(server)
    control.set_pace(server, SLOW_TOKENS_PER_S, SLOW_TTFT_S)
    yield server
    control.set_pace(server, math.inf)
    control.clear(server)


@pytest.fixture
def server() -> Iterator[Server]:
    """A lesson server that says at once what the test orders."""
    server = ensure(SystemClock())
    control.clear(server)
    yield server
    control.clear(server)
