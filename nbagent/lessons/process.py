"""One lesson server per user: find the running one, or start it.

A server is reused only if it answers a challenge with the key of the address file, and runs the
code that is on disk. A stale file, a dead process or a stranger on the port all fail that, and a
new server is started; a stranger never sees the key.
"""

from __future__ import annotations

import hmac
import http.client
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from nbagent.clock import Clock
from nbagent.errors import ConnectionFailed
from nbagent.lessons import address
from nbagent.lessons.address import Address
from nbagent.paths import data_dir
from nbagent.settings import KEY_VARIABLES

HELLO_S = 2.0
START_S = 30.0
SMALL = {"MALLOC_ARENA_MAX": "1"}
"""Environment that keeps a threaded process of glibc small: one arena for all threads."""


@dataclass(frozen=True, slots=True)
class Server:
    """A lesson server that runs: base URL and key."""

    url: str
    token: str = field(repr=False)

    @property
    def caller(self) -> str:
        """The mark by which the ledger tells this process from the user's other ones."""
        return str(os.getpid())

    @property
    def key(self) -> str:
        """The key, with this process's mark."""
        return f"{self.token}.{self.caller}"


def address_path() -> Path:
    """The file that names this user's lesson server."""
    return data_dir() / address.FILE_NAME


def find(clock: Clock) -> Server | None:
    """The running lesson server of this user, if there is one."""
    path = address_path()
    with address.locked(path, clock):
        return _alive(address.read(path))


def ensure(clock: Clock, *, idle_minutes: float | None = None) -> Server:
    """Find this user's lesson server, or start it in the background.

    Args:
        clock: time; waits for another process that is starting one.
        idle_minutes: when one that is started ends for want of requests; its usual time if None.

    Raises:
        ConnectionFailed: it could not be started; the text says why or where its log is.
    """
    try:
        path = address_path()
        with address.locked(path, clock):
            return _alive(address.read(path)) or _start(path, idle_minutes)
    except OSError as fault:
        raise ConnectionFailed(
            f"The lesson server's address cannot be written down: {fault}.",
            "Set JUPYTER_DATA_DIR to a directory that you can write to.",
            layer="refused",
        ) from fault


def serve(clock: Clock, arguments: Sequence[str] = ()) -> int:
    """Run the lesson server in the foreground, until Ctrl-C; for `nbagent lessons serve`.

    If one is running already, say where and return.

    Args:
        clock: time.
        arguments: options of `nbagent.lessons.server`.

    Raises:
        ConnectionFailed: it cannot listen on the port that was asked for.
    """
    from nbagent.lessons import server  # noqa: PLC0415 -- only the server's process loads it

    found = find(clock)
    if found:
        sys.stdout.write(f"A lesson server is running already at {found.url}\nKey: {found.token}\n")
        return 0
    never = ["--idle-minutes", "0"]
    try:
        return server.main(["--address", str(address_path()), *never, *arguments])
    except OSError as fault:
        raise ConnectionFailed(
            f"The lesson server cannot listen there: {fault.strerror}.",
            "Leave out `--port`, and it takes a free one.",
            layer="refused",
        ) from fault


def _alive(known: Address | None) -> Server | None:
    """The server at an address, if it is there, is ours, and runs the code on disk."""
    if known is None or known.build != address.build():
        return None
    nonce = secrets.token_hex(16)
    connection = http.client.HTTPConnection(urlsplit(known.url).netloc, timeout=HELLO_S)
    try:
        connection.request("GET", f"/lesson/hello?nonce={nonce}")
        reply = json.loads(connection.getresponse().read(10_000))
        proof = str(reply["proof"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()
    due = hmac.new(known.token.encode(), nonce.encode(), "sha256").hexdigest()
    return Server(known.url, known.token) if hmac.compare_digest(proof, due) else None


def _start(path: Path, idle_minutes: float | None = None) -> Server:
    """Start a server; the command returns once it listens and its address is written."""
    path.unlink(missing_ok=True)
    module = "nbagent.lessons.server"
    command = [sys.executable, "-P", "-m", module, "--detach", "--address", str(path)]
    if idle_minutes is not None:
        command += ["--idle-minutes", str(idle_minutes)]
    environ = {k: v for k, v in os.environ.items() if k not in KEY_VARIABLES} | SMALL
    log = path.with_suffix(".log")
    log.unlink(missing_ok=True)
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as stderr:
        try:
            subprocess.run(  # noqa: S603 -- our own module, run by this very interpreter
                command,
                check=False,
                cwd=path.parent,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                timeout=START_S,
            )
        except (OSError, subprocess.TimeoutExpired) as fault:
            raise _failed(log) from fault
    started = address.read(path)
    if started is None:
        raise _failed(log)
    return Server(started.url, started.token)


def _failed(log: Path) -> ConnectionFailed:
    return ConnectionFailed(
        "The lesson server did not start.",
        f"What it said is in {log}; `nbagent lessons serve` starts it where you can see it.",
        layer="refused",
    )
