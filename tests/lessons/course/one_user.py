"""`python -m tests.lessons.course.one_user`: one learner takes lesson 01, and then stays.

Prints a line of JSON about it: where the server is, what the checks said, and what it took. Ends
when its standard input does.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from nbagent.lessons import address, control
from nbagent.lessons.course import notebooks
from nbagent.lessons.process import Server, address_path
from nbagent.lessons.running import client_of
from tests.lessons.course.running import errors, verdicts


@dataclass(frozen=True)
class Size:
    """A process's memory in MB: with pages that are shared (RSS), and its share of them (PSS)."""

    rss: float
    pss: float


def size(pid: int) -> Size:
    fields = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    )
    return Size(*(int(fields[name].split()[0]) / 1024 for name in ("Rss", "Pss")))


def server_process() -> int:
    """The process of this user's lesson server, by its command line."""
    wanted = str(address_path()).encode()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if wanted in path.read_bytes().split(b"\0"):
                return int(path.parent.name)
    raise LookupError(wanted)


def taken(book: NotebookNode) -> None:
    """Take the lesson, tell what came of it, and stay until told to go."""
    client = client_of(book, timeout=120, allow_errors=True, shutdown_kernel="immediate")
    with client.setup_kernel():
        pid = client.km.provisioner.process.pid
        bare = size(pid)
        for i, cell in enumerate(book.cells):
            client.execute_cell(cell, i)
        known = address.read(address_path())
        assert known is not None
        server = Server(known.url, known.token)
        after = size(pid)
        of_server = size(server_process())
        told = {
            "uid": os.getuid(),
            "url": known.url,
            "token": known.token,
            "errors": errors(book),
            "passed": {name: each["passed"] for name, each in verdicts(book).items()},
            "requests": len(control.ledger(server)),
            "rss": after.rss - bare.rss + of_server.rss,
            "pss": after.pss - bare.pss + of_server.pss,
        }
        print(json.dumps(told), flush=True)
        sys.stdin.read()
        control.stop(server)


if __name__ == "__main__":
    taken(notebooks.solved(notebooks.read(notebooks.source("01"))))
