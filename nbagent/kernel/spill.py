"""Whole outputs on disk: what is too long for memory, notebook and model is kept in one file.

Files are the user's alone (0600), bounded each and in number; the oldest go first. Everything
written passes the redactor. Nothing here goes through `builtins.open`, which tool code may break.

Read next: `nbagent.kernel.read_output`, the tool by which the model reads them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from os import close as os_close
from os import write as os_write
from pathlib import Path

from nbagent.paths import data_dir

MAX_FILE_BYTES = 256_000_000
"""One output's file ends here."""
MAX_FILES = 1_000
"""How many outputs are kept, so that those of a long run last as long as it does."""
MAX_TOTAL_BYTES = 1_000_000_000
"""How much the outputs may take together, the newest excepted."""


def spill_dir() -> Path:
    """Where whole outputs are kept; made at first use."""
    path = data_dir() / "spill"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


class Spill:
    """A file for one call's whole output; it is made when the first text comes.

    Args:
        redact: everything written passes it.

    Attributes:
        path: the file's path, '' while there is none, also if the disk refuses.
    """

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._fd = -1
        self._n_bytes = 0
        self._failed = False
        self.path = ""

    def write(self, text: str) -> None:
        """Append a text; a full disk or a full file ends the writing, not the call."""
        if self._failed or self._n_bytes >= MAX_FILE_BYTES:
            return
        data = self._redact(text).encode("utf-8", "backslashreplace")
        data = data[: MAX_FILE_BYTES - self._n_bytes]
        try:
            if self._fd < 0:
                self._open()
            while data:
                written = os_write(self._fd, data)
                self._n_bytes += written
                data = data[written:]
        except OSError:
            self._failed = True

    def _open(self) -> None:
        folder = spill_dir()
        _make_room(folder)
        self._fd, self.path = tempfile.mkstemp(".txt", "output-", folder)

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os_close(self._fd)
            self._fd = -1


def _make_room(folder: Path) -> None:
    """Remove the oldest files until there is room for one more."""
    total = 0
    newest_first = sorted(_files_in(folder), reverse=True)
    for count, (_, n_bytes, path) in enumerate(newest_first, start=1):
        total += n_bytes
        if count >= MAX_FILES or total > MAX_TOTAL_BYTES:
            path.unlink(missing_ok=True)


def _files_in(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """Time, size and path of each output; another kernel may remove some meanwhile."""
    for path in folder.glob("output-*.txt"):
        with suppress(FileNotFoundError):
            told = path.stat()
            yield told.st_mtime, told.st_size, path
