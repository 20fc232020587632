"""The table of routes: what a page may ask of `nbagent/api/`, and what answers."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_server.utils import url_path_join

from nbagent.clock import Clock, SystemClock
from nbagent.journal import Journal
from nbagent.redact import Redactor
from nbagent.server.acting import RunHandler, StopHandler
from nbagent.server.contents import (
    EventsHandler,
    ExportHandler,
    RequestHandler,
    StepsHandler,
    TraceHandler,
)
from nbagent.server.handler import Handler
from nbagent.server.kernels import Kernels
from nbagent.server.listing import DescriptionHandler, PingHandler, RunsHandler
from nbagent.server.records import Records
from nbagent.server.streams import ListStream, RunStream
from nbagent.server.watch import Watch

BASE = "nbagent/api"
ROUTES: Mapping[str, type[Handler]] = {
    "/ping": PingHandler,
    "/openapi.json": DescriptionHandler,
    "/runs": RunsHandler,
    "/stream": ListStream,
    "/runs/{run_id}": RunHandler,
    "/runs/{run_id}/trace": TraceHandler,
    "/runs/{run_id}/steps": StepsHandler,
    "/runs/{run_id}/request": RequestHandler,
    "/runs/{run_id}/events": EventsHandler,
    "/runs/{run_id}/stream": RunStream,
    "/runs/{run_id}/export": ExportHandler,
    "/runs/{run_id}/stop": StopHandler,
}


def add_routes(web_app: Any, clock: Clock | None = None) -> None:
    """Add the routes to a server, below its base URL.

    Args:
        web_app: the server's `ServerWebApplication`.
        clock: the one clock; the machine's by default.
    """
    clock = clock or SystemClock()
    redact = Redactor()
    redact.add_environment(os.environ)
    journal = Journal(clock=clock)
    root = web_app.settings.get("server_root_dir")
    parts: dict[str, Any] = {
        "records": Records(journal, redact, Path(root).expanduser().resolve() if root else None),
        "watch": Watch(journal, clock),
        "kernels": Kernels(web_app.settings["kernel_manager"]),
    }
    streams = {**parts, "clock": clock}
    base = url_path_join(web_app.settings["base_url"], BASE)
    rules = [
        (
            _pattern(url_path_join(base, path)),
            handler,
            streams if handler in (ListStream, RunStream) else parts,
        )
        for path, handler in ROUTES.items()
    ]
    web_app.add_handlers(".*$", rules)


def _pattern(path: str) -> str:
    """The pattern of a path in which `{name}` stands for one part."""
    return "([^/]+)".join(re.escape(part) for part in re.split(r"\{\w+\}", path))
