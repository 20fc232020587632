from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbagent.clock import SystemClock
from nbagent.lessons import address, control
from nbagent.lessons.chat import State
from nbagent.lessons.pace import Pace
from nbagent.lessons.process import Server
from nbagent.lessons.server import LessonServer


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real lesson server on loopback, in a thread of the test process."""
    path: Path = tmp_path_factory.mktemp("course") / address.FILE_NAME
    inner = LessonServer(SystemClock(), State(pace=Pace(math.inf)))
    thread = threading.Thread(target=inner.serve, args=(path, math.inf))
    thread.start()
    found = Server(inner.address.url, inner.address.token)
    yield found
    control.stop(found)
    thread.join(20)
