"""The server's process: it listens on loopback, writes its address down, and ends by itself.

Run as `python -m nbagent.lessons.server`. It ends after some time without a request, at SIGTERM,
at Ctrl-C, or when told to (`nbagent.lessons.control.stop`). One thread serves one connection; a
connection serves many requests. Memory stays small because only the standard library is loaded.
"""

from __future__ import annotations

import argparse
import math
import os
import secrets
import signal
import socketserver
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Lock
from typing import NoReturn

from nbagent.clock import Clock, SystemClock
from nbagent.lessons import address
from nbagent.lessons.address import Address
from nbagent.lessons.chat import State
from nbagent.lessons.pace import Pace
from nbagent.lessons.routes import Handler

HOST = "127.0.0.1"
IDLE_MINUTES = 15.0
POLL_S = 0.25
ABANDONED_S = 60.0
"""A background server whose address is gone, so that nobody can find it, ends this soon."""
PACE_VARIABLE = "NBAGENT_LESSON_PACE"
IDLE_VARIABLE = "NBAGENT_LESSON_IDLE_MINUTES"


class LessonServer(socketserver.ThreadingTCPServer):
    """Listens on a port of its own choice.

    Args:
        clock: time.
        state: what the server remembers between requests.
        port: the port to listen on; 0 for any free one.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    timeout = POLL_S

    def __init__(self, clock: Clock, state: State, port: int = 0) -> None:
        super().__init__((HOST, port), Handler)
        self.clock = clock
        self.state = state
        self.connections = count()
        self.stopping = False
        url = f"http://{HOST}:{self.server_address[1]}/v1"
        self.address = Address(url, f"lesson-{secrets.token_urlsafe(24)}", address.build())
        self._active = 0
        self._last = clock.now()
        self._lock = Lock()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """While a request is on, the server is not idle."""
        with self._lock:
            self._active += 1
        try:
            yield
        finally:
            with self._lock:
                self._active -= 1
                self._last = self.clock.now()

    def idle_s(self) -> float:
        """Seconds since the last request ended; 0 while one is on."""
        with self._lock:
            return 0.0 if self._active else self.clock.now() - self._last

    def serve(self, path: Path, idle_limit_s: float) -> None:
        """Answer requests until told to stop or idle for too long; then forget the address.

        A server that was superseded, or whose directory was removed, does not stay around. The
        last look at the clock is taken under the lock that `ensure` holds while it checks a
        server, so a server that was just found alive does not end.

        Args:
            path: the address file.
            idle_limit_s: how long to wait for a request, in seconds; infinite for no limit.
        """
        try:
            while not self.stopping:
                self.handle_request()
                if self.idle_s() > ABANDONED_S and self._abandoned(path, idle_limit_s):
                    return
                if self.idle_s() > idle_limit_s:
                    with address.locked(path, self.clock):
                        self.stopping = self.idle_s() > idle_limit_s
                        if self.stopping:
                            address.forget(path, self.address)
        finally:
            address.forget(path, self.address)
            self.server_close()

    def _abandoned(self, path: Path, idle_limit_s: float) -> bool:
        return math.isfinite(idle_limit_s) and address.read(path) != self.address


def main(argv: Sequence[str] | None = None) -> int:
    """Run a lesson server.

    Args:
        argv: command line; `sys.argv[1:]` if None.

    Returns:
        The exit code.
    """
    options = _parser().parse_args(argv)
    pace = Pace.parse(options.pace, Pace())
    server = LessonServer(SystemClock(), State(pace=pace), options.port)
    address.write(options.address, server.address)
    signal.signal(signal.SIGTERM, _end)
    if options.detach:
        _detach()
    else:
        _announce(server.address)
    try:
        server.serve(options.address, options.idle_minutes * 60 or float("inf"))
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nbagent lessons serve",
        description="Serve K2.6's wire format with replies written by people. Not Kimi.",
    )
    parser.add_argument("--address", type=Path, required=True, help="file for URL and key")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (any free one)")
    parser.add_argument("--detach", action="store_true", help="go on in the background")
    parser.add_argument(
        "--idle-minutes",
        type=float,
        default=float(os.environ.get(IDLE_VARIABLE) or IDLE_MINUTES),
        help="end after so long without a request; 0 for never",
    )
    parser.add_argument(
        "--pace",
        default=os.environ.get(PACE_VARIABLE, ""),
        help="tokens per second, or inf for no pacing",
    )
    return parser


def _announce(mine: Address) -> None:
    sys.stdout.write(
        f"Lesson server at {mine.url}\n"
        f"Key: {mine.token}\n"
        "Its model is called `scripted`: replies are written by people, this is not Kimi.\n"
        "It listens on this machine only. Ctrl-C ends it.\n"
    )
    sys.stdout.flush()


def _detach() -> None:
    """Go on in a child process with a session of its own; the parent ends here."""
    if os.fork():
        os._exit(0)
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)


def _end(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
