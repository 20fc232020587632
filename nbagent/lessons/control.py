"""Reads a lesson server's ledger and places orders, from another process.

Lesson checks and tests use it: a check looks at what was really sent, not at what was meant.
"""

from __future__ import annotations

import base64
import http.client
import json
import zlib
from typing import Any
from urllib.parse import urlsplit

from nbagent.errors import BadRequest
from nbagent.lessons.process import Server

Entry = dict[str, Any]
TIMEOUT_S = 10.0


def ledger(server: Server, since: int = 0) -> list[Entry]:
    """The requests that the server received, oldest first; `body` holds their exact bytes.

    Args:
        server: the server.
        since: number of the first request wanted.
    """
    lines = _call(server, "GET", f"/lesson/ledger?since={since}").splitlines()
    entries: list[Entry] = [json.loads(line) for line in lines]
    for entry in entries:
        if entry["body"] is not None:
            entry["body"] = zlib.decompress(base64.b64decode(entry["body"]))
    return entries


def order(server: Server, *orders: dict[str, Any]) -> None:
    """Place orders for the next requests (see `nbagent.lessons.orders` for the kinds).

    Raises:
        BadRequest: a kind is unknown; then none is placed.
    """
    _call(server, "POST", "/lesson/next", {"orders": list(orders)})


def set_pace(server: Server, tokens_per_s: float, ttft_s: float | None = None) -> None:
    """Set how fast replies are written; `math.inf` for no pacing."""
    pace: dict[str, Any] = {"tokens_per_s": str(tokens_per_s)}
    _call(server, "POST", "/lesson/pace", pace if ttft_s is None else pace | {"ttft_s": ttft_s})


def restore(server: Server) -> None:
    """Go back to the pace that the server began with, and forget the orders that wait."""
    _call(server, "DELETE", "/lesson/pace")
    _call(server, "DELETE", "/lesson/next")


def clear(server: Server) -> None:
    """Forget the ledger and the orders that wait."""
    _call(server, "DELETE", "/lesson/ledger")
    _call(server, "DELETE", "/lesson/next")


def stop(server: Server) -> None:
    """End the server; it stops listening within a second."""
    _call(server, "POST", "/lesson/stop", {})


def _call(server: Server, method: str, path: str, value: Any = None) -> bytes:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=TIMEOUT_S)
    try:
        body = None if value is None else json.dumps(value)
        connection.request(method, path, body, {"Authorization": f"Bearer {server.token}"})
        response = connection.getresponse()
        reply = response.read()
    finally:
        connection.close()
    if response.status != http.client.OK:
        text = str(json.loads(reply)["error"]["message"])
        raise BadRequest(text, status=response.status)
    return reply
