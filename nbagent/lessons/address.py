"""Where the user's lesson server is to be found: one private file, and the lock around it.

The file holds the server's URL, its key and a fingerprint of the code it runs.
Only its owner can read it. Whoever starts, checks or ends a server holds the lock.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from nbagent.clock import Clock
from nbagent.errors import ConnectionFailed

FILE_NAME = "lesson-server.json"
LOCK_WAIT_S = 30.0
LOCK_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Address:
    """A lesson server's address.

    Attributes:
        url: base URL, as `http://127.0.0.1:PORT/v1`.
        token: the key that the server accepts; new at each start.
        build: fingerprint of the code it runs.
    """

    url: str
    token: str = field(repr=False)
    build: str


def build() -> str:
    """Fingerprint of the lesson code on disk; a server that runs other code is not reused."""
    digest = hashlib.sha256()
    root = Path(__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def read(path: Path) -> Address | None:
    """Read the address, or None if there is none that can be understood."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        return Address(str(fields["url"]), str(fields["token"]), str(fields["build"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(path: Path, address: Address) -> None:
    """Write the address in one step, readable by its owner only."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(address), file)
    fresh.replace(path)


def forget(path: Path, address: Address) -> None:
    """Remove the file if it still names this server; a successor's address stays."""
    if read(path) == address:
        path.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, clock: Clock) -> Iterator[None]:
    """Hold the lock beside `path`; two processes never start, check or end a server at once.

    Raises:
        ConnectionFailed: another process held the lock for `LOCK_WAIT_S`.
    """
    deadline = clock.now() + LOCK_WAIT_S
    with path.with_suffix(".lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if clock.now() > deadline:
                    raise ConnectionFailed(
                        f"The lesson server's lock was held for {LOCK_WAIT_S:.0f} s.",
                        f"See which one holds {lock.name}.",
                        layer="timeout",
                    ) from None
                clock.sleep(LOCK_POLL_S)
        yield
