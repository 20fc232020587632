"""`read_output`: the tool by which the model reads a part of an output that was too long for it.

It opens nothing but the files that `nbagent.kernel.spill` has written for this user, whatever
name it is given, and brings back a bounded piece.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from nbagent.kernel.spill import spill_dir
from nbagent.phrases import clean, plural, size
from nbagent.tools import Tool, ToolResult, as_tool, tool

PIECE_BYTES = 12_000
"""How much one call brings back at most."""
_MIN_BYTES = 4
"""One character at least."""
_LINE_CHARS = 2_000
_CHUNK_BYTES = 1 << 20
_NAME = re.compile(r"output-\w{1,40}\.txt")
NO_SUCH = (
    "There is no kept output of that name. Give it as the result's note names it "
    "(output-….txt); old ones are removed to make room."
)


def read_output_tool() -> Tool:
    """Make the tool that reads kept outputs."""

    @tool(effect="pure")
    def read_output(
        name: Annotated[str, "the file that a result's note names, with or without its folder"],
        offset: Annotated[int, "first byte to read"] = 0,
        length: Annotated[int, "how many bytes, at most 12000"] = PIECE_BYTES,
        pattern: Annotated[str, "a regular expression: give the lines that it fits instead"] = "",
    ) -> ToolResult:
        """Read a part of an output that was too long to be shown to you whole.

        Give offset and length, or a pattern to search the whole output line by line.
        """
        try:
            with _opened(name) as fd:
                return _lines_that_fit(fd, pattern) if pattern else _piece(fd, offset, length)
        except OSError:
            return ToolResult(content=NO_SUCH, is_error=True, outcome="no such output")
        except re.error as error:
            text = f"The pattern cannot be read: {error}."
            return ToolResult(content=text, is_error=True, outcome="no such pattern")

    return as_tool(read_output)


@contextmanager
def _opened(name: str) -> Iterator[int]:
    """A kept output, open for reading.

    Raises:
        FileNotFoundError: there is none of that name; no other file is looked at.
    """
    folder, file = os.path.split(name.strip())
    kept = spill_dir()
    if not _NAME.fullmatch(file) or folder not in ("", str(kept)):
        raise FileNotFoundError(name)
    fd = os.open(kept / file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise FileNotFoundError(name)
        yield fd
    finally:
        os.close(fd)


def _piece(fd: int, offset: int, length: int) -> ToolResult:
    total = os.fstat(fd).st_size
    start = min(max(offset, 0), total)
    data = os.pread(fd, min(max(length, _MIN_BYTES), PIECE_BYTES), start)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(data)
    end = start + len(data) - len(decoder.getstate()[0])  # a character that is cut comes next time
    more = f"; go on with offset={end}" if end < total else ""
    note = f"[bytes {start:,} to {end:,} of {total:,}{more}]"
    return ToolResult(content=f"{clean(text)}\n{note}", outcome=f"{size(len(data))} read")


def _lines_that_fit(fd: int, pattern: str) -> ToolResult:
    """The lines that a pattern fits, each with its number and the byte at which it begins."""
    expression = re.compile(pattern)
    found: list[str] = []
    n_found, room = 0, PIECE_BYTES
    for number, at, line in _lines(fd):
        if not expression.search(line):
            continue
        n_found += 1
        row = f"line {number}, byte {at}: {clean(line)}"
        if room > 0:
            found.append(row[:room])
            room -= len(row.encode("utf-8", "replace")) + 1
    shown = f", the first {len(found):,} shown" if len(found) < n_found else ""
    lines = plural(n_found, "line")
    note = f"[{lines} {'fits' if n_found == 1 else 'fit'}{shown}]"
    return ToolResult(content="\n".join([*found, note]), outcome=lines)


def _lines(fd: int) -> Iterator[tuple[int, int, str]]:
    """The lines of a file with number and offset, the long ones cut, in bounded memory."""
    rest, at, number = b"", 0, 0
    while chunk := os.read(fd, _CHUNK_BYTES):
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            number += 1
            yield number, at, line[:_LINE_CHARS].decode("utf-8", "replace")
            at += len(line) + 1
        if len(rest) > _CHUNK_BYTES:
            number += 1
            yield number, at, rest[:_LINE_CHARS].decode("utf-8", "replace")
            at, rest = at + len(rest), b""
    if rest:
        yield number + 1, at, rest[:_LINE_CHARS].decode("utf-8", "replace")
