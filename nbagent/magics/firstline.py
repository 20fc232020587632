"""First lines that people really type: what IPython would refuse before the magic is called.

IPython finds a cell magic only in the very first line, refuses one without a body, and takes a
question mark at a line's end for a request for help. This cleanup transformer runs before all
that and turns a cell that begins with `%%kimi` (after comments or blank lines), or a lone
`%kimi …?`, into the call that is meant. `%%kimi?` and `%kimi?` are still requests for help.
"""

from __future__ import annotations

import re

MAGIC = "%%kimi"
_CELL = re.compile(MAGIC + r"(?:[ \t]+(?P<line>.*))?$")
_LINE = re.compile(r"%kimi[ \t]+(?P<line>.*\?)$")


def kimi_first_line(lines: list[str]) -> list[str]:
    """Rewrite a cell's lines if they ask for `%%kimi`; other cells come back as they are."""
    first = next((i for i, line in enumerate(lines) if not _skipped(line)), None)
    if first is None:
        return lines
    text = lines[first].strip()
    cell = _CELL.match(text)
    if cell:
        body = "".join(lines[first + 1 :])
        call = f"get_ipython().run_cell_magic('kimi', {cell['line'] or ''!r}, {body or chr(10)!r})"
        return [call + "\n"]
    alone = _LINE.match(text)
    if alone and all(_skipped(line) for line in lines[first + 1 :]):
        return [f"get_ipython().run_line_magic('kimi', {alone['line']!r})\n"]
    return lines


def magic_line(code: str) -> tuple[int, int] | None:
    """Where the text behind `%%kimi` begins and its line ends; None if a cell asks for another.

    Args:
        code: the whole cell.
    """
    start = 0
    for line in code.split("\n"):
        if not _skipped(line):
            begin = start + len(line) - len(line.lstrip()) + len(MAGIC)
            return (begin, start + len(line)) if _CELL.match(line.strip()) else None
        start += len(line) + 1
    return None


def _skipped(line: str) -> bool:
    text = line.strip()
    return not text or text.startswith("#")
