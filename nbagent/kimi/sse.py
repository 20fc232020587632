"""Server-sent events, bytes to payloads: the framing around a streamed reply and nothing else.

The rules are the WHATWG's (HTML standard, "Server-sent events"): lines end with LF, CRLF or CR;
a blank line ends an event; its `data:` lines are joined by a newline; one space after the colon
is dropped; a line that starts with a colon is a comment; a byte order mark may come first.
Payloads stay bytes, so that a character split between two reads is whole again here.
"""

from __future__ import annotations

MAX_EVENT_BYTES = 8 * 2**20
"""An event longer than this is none of a chat completion."""

FIELDS = (b"data", b"event", b"id", b"retry")


class EventTooLong(Exception):
    """One event passed `MAX_EVENT_BYTES`; it is caught within this package."""


class SseParser:
    """Cuts a byte stream into the payloads of its events, whatever the sizes of its chunks.

    Attributes:
        stray: the beginning of the first line that is not part of any event stream; what a
            stream without events may have been instead (a web page, say).
    """

    def __init__(self) -> None:
        self.stray = b""
        self._line = bytearray()
        self._data: list[bytes] = []
        self._after_cr = False
        self._begun = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take the next bytes and return the payloads of the events that they complete.

        Raises:
            EventTooLong: an event grew beyond all measure.
        """
        if self._begun and not self._line and not self._data and _is_one_event(chunk):
            return [chunk[6:-2]]
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        if chunk:
            self._after_cr = chunk.endswith(b"\r")
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *ended, rest = chunk.split(b"\n")
        payloads: list[bytes] = []
        for part in ended:
            line = bytes(self._line) + part if self._line else part
            self._line.clear()
            self._take(line, payloads)
        self._line += rest
        if len(self._line) + sum(map(len, self._data)) > MAX_EVENT_BYTES:
            raise EventTooLong
        return payloads

    def end(self) -> list[bytes]:
        """End the stream; a last event without its blank line counts, if its line is whole."""
        payloads: list[bytes] = []
        for line in (bytes(self._line), b""):
            self._take(line, payloads)
        self._line.clear()
        return payloads

    def _take(self, line: bytes, payloads: list[bytes]) -> None:
        if not self._begun:
            self._begun = True
            line = line.removeprefix(b"\xef\xbb\xbf")
        if not line:
            if self._data:
                payloads.append(b"\n".join(self._data))
                self._data = []
            return
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" "))
        elif name and name not in FIELDS and not self.stray:
            self.stray = line[:500]


def _is_one_event(chunk: bytes) -> bool:
    """Whether a chunk is exactly one event of one line, as nearly all are."""
    return (
        chunk.startswith(b"data: ")
        and chunk.find(b"\n") == len(chunk) - 2
        and chunk.endswith(b"\n\n")
        and b"\r" not in chunk
    )
