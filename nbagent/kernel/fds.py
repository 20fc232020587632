"""Output below Python: what subprocesses and C code write to file descriptors 1 and 2.

For the time of a call both descriptors lead into pipes that a thread reads. At its end a mark
goes through the pipes, so that everything written before it has arrived. A process that the call
left running holds its pipe open; what it still writes goes on to Python's stream, as late output.
"""

from __future__ import annotations

import codecs
import os
import secrets
import selectors
import sys
import threading
from collections.abc import Callable
from typing import Self

CHUNK_BYTES = 65_536
TICK_S = 0.05
"""How often text that waits is shown while nothing is written."""
WAIT_S = 2.0
"""How long the end of a call waits for its mark, should the reading thread get no turn."""


class Descriptors:
    """Reads descriptors 1 and 2 while the context lasts.

    Args:
        write: gets `("stdout" | "stderr", text)` on the reading thread.
        tick: called on that thread from time to time.

    Attributes:
        thread: the reading thread; it lives on while a process of the call does, and is named
            for what its late output comes from.
    """

    def __init__(self, write: Callable[[str, str], None], tick: Callable[[], None]) -> None:
        self._write = write
        self._tick = tick
        self._channels: list[_Channel] = []
        self.thread = threading.Thread(target=self._read, name="a background process", daemon=True)

    def __enter__(self) -> Self:
        _flush()
        for name, fd in (("stdout", 1), ("stderr", 2)):
            try:
                self._channels.append(_Channel(name, fd))
            except OSError:  # the descriptor is not open: there is nothing to read
                continue
        self.thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        _flush()
        for channel in self._channels:
            channel.restore()
        for channel in self._channels:
            channel.arrived.wait(WAIT_S)

    def _read(self) -> None:
        with selectors.DefaultSelector() as selector:
            for channel in self._channels:
                selector.register(channel.reading, selectors.EVENT_READ, channel)
            while selector.get_map():
                active = not all(channel.arrived.is_set() for channel in self._channels)
                for key, _ in selector.select(TICK_S if active else None):
                    if not self._take(key.data):
                        selector.unregister(key.fd)
                        os.close(key.fd)
                if active:
                    self._tick()

    def _take(self, channel: _Channel) -> bool:
        """Pass on what a channel holds; False once nothing more can come."""
        late = channel.arrived.is_set()
        text, marked, more = channel.read()
        if text and late:
            getattr(sys, channel.name).write(text)
        elif text:
            self._write(channel.name, text)
        if marked or not more:
            channel.arrived.set()
        return more


class _Channel:
    """One descriptor's detour through a pipe."""

    def __init__(self, name: str, fd: int) -> None:
        self.name = name
        self._fd = fd
        self._saved = os.dup(fd)
        self.reading, self._writing = os.pipe()
        os.dup2(self._writing, fd)
        self._mark = f"\0end-{secrets.token_hex(8)}\0".encode()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = b""
        self.arrived = threading.Event()

    def restore(self) -> None:
        """Lead the descriptor back (also if tool code closed it), and send the mark."""
        os.dup2(self._saved, self._fd)
        os.close(self._saved)
        os.write(self._writing, self._mark)
        os.close(self._writing)

    def read(self) -> tuple[str, bool, bool]:
        """Read what is there: its text, whether the mark came, and whether more can come."""
        data = os.read(self.reading, CHUNK_BYTES)
        text, marked = self._held + data, self._mark in self._held + data
        if marked:
            text = text.replace(self._mark, b"", 1)
        over = marked or self.arrived.is_set() or not data
        keep = 0 if over else self._overlap(text)
        self._held = text[len(text) - keep :]
        return self._decoder.decode(text[: len(text) - keep], not data), marked, bool(data)

    def _overlap(self, data: bytes) -> int:
        """How many bytes at the end may be the beginning of the mark."""
        longest = min(len(self._mark) - 1, len(data))
        return next((n for n in range(longest, 0, -1) if data.endswith(self._mark[:n])), 0)


def _flush() -> None:
    """Write out what Python's own streams hold back (they sit on these descriptors)."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None and not stream.closed:
            stream.flush()
