"""The ledger: every request that the server received, with its exact bytes and what came of it.

Tests and lesson checks read it. It is a ring: the oldest entries go first, and the oldest bodies
even before their entries, so that its memory is bounded.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections import deque
from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import Any

MOST_ENTRIES = 1_000
MOST_BODY_BYTES = 2_000_000


@dataclass(slots=True)
class Entry:
    """One request.

    Attributes:
        n: its number, from 0, counted since the server started.
        connection: which connection it came on, from 0.
        method: HTTP method.
        path: its path.
        headers: its headers, the key left out.
        caller: the mark of the process that sent it; '' for none.
        body: its exact bytes, packed by zlib; None once they were dropped to make room.
        sha256: hash of its bytes.
        n_bytes: their number.
        status: HTTP status of the answer.
        error: the answer's error object, if it was refused.
        notes: what was let pass though a careful client avoids it.
        order: the order that was carried out on it, if any.
        reply: the assistant message that it was answered with.
        usage: the reply's token counts.
    """

    n: int
    connection: int
    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None
    sha256: str = ""
    n_bytes: int = 0
    caller: str = ""
    status: int = 0
    error: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)
    order: dict[str, Any] | None = None
    reply: dict[str, Any] | None = None
    usage: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """The entry as JSON values; the packed body is base64."""
        body = None if self.body is None else base64.b64encode(self.body).decode("ascii")
        return asdict(self) | {"body": body}


class Ledger:
    """The ring of entries.

    Args:
        most_entries: how many entries are kept.
        most_body_bytes: how many bytes of packed bodies are kept, all entries together.
    """

    def __init__(
        self, most_entries: int = MOST_ENTRIES, most_body_bytes: int = MOST_BODY_BYTES
    ) -> None:
        self._entries: deque[Entry] = deque(maxlen=most_entries)
        self._most_body_bytes = most_body_bytes
        self._count = 0
        self._lock = Lock()

    def open(
        self, connection: int, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> Entry:
        """Enter a request; whoever answers it completes the entry."""
        with self._lock:
            packed = zlib.compress(body, level=1)
            entry = Entry(self._count, connection, method, path, headers, packed)
            entry.sha256 = hashlib.sha256(body).hexdigest()
            entry.n_bytes = len(body)
            self._count += 1
            self._entries.append(entry)
            self._make_room()
            return entry

    @property
    def count(self) -> int:
        """How many requests there ever were."""
        return self._count

    def since(self, n: int) -> list[Entry]:
        """The kept entries from number `n` on."""
        with self._lock:
            return [entry for entry in self._entries if entry.n >= n]

    def clear(self) -> None:
        """Forget all entries; the numbers go on."""
        with self._lock:
            self._entries.clear()

    def _make_room(self) -> None:
        size = sum(len(entry.body) for entry in self._entries if entry.body is not None)
        for entry in self._entries:
            if size <= self._most_body_bytes:
                return
            if entry.body is not None:
                size -= len(entry.body)
                entry.body = None
