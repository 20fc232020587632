"""Files that a prompt names: the head of text, pictures as pictures, the rest in words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nbagent.bounded import mime_of, picture_part
from nbagent.errors import UsageError
from nbagent.messages import Part
from nbagent.phrases import size

_HEAD_BYTES = 65_536
_COUNTED_BYTES = 50_000_000
_PICTURE_BYTES = 20_000_000
_TABLE_LINES = 6
_TABLES = (".csv", ".tsv", ".tab")


@dataclass(frozen=True, slots=True)
class FileHead:
    """What is sent of a file: `what` in a few words, its text or its picture."""

    what: str
    text: str = ""
    picture: Part | None = None


def read_file(name: str, budget_bytes: int) -> FileHead:
    """Read what is sent of a file.

    Args:
        name: its path, `~` allowed, relative to the kernel's directory.
        budget_bytes: how much text may be sent.

    Raises:
        UsageError: there is no such file, or it cannot be read; nothing was sent.
    """
    path = _path(name)
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            raise UsageError(f"{name} is no ordinary file.", "Nothing was sent.")
        n_bytes = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        if mime_of(head):
            return _picture(path, n_bytes)
        return _text(path, head, n_bytes, budget_bytes)
    except IsADirectoryError as error:
        raise UsageError(f"{name} is a directory.", "Nothing was sent. Name a file.") from error
    except FileNotFoundError as error:
        near = [n for n in near_files(name) if n.lower()[:3] == path.name.lower()[:3]]
        also = f" There are: {', '.join(near[:5])}." if near else ""
        raise UsageError(f"There is no file {name}.{also}", "Nothing was sent.") from error
    except OSError as error:
        raise UsageError(
            f"{name} cannot be read: {error.strerror}.", "Nothing was sent."
        ) from error


def is_there(name: str) -> bool:
    """Whether a path names something on disk."""
    try:
        return _path(name).exists()
    except OSError:  # a name that no file can have
        return False


def _path(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError:  # ~someone, where nobody has that name
        return Path(name)


def near_files(name: str) -> list[str]:
    """The files beside a path that may have been meant, at most 1,000."""
    folder = _path(name).parent
    if not is_there(str(folder)) or not folder.is_dir():
        return []
    names = [entry.name for _, entry in zip(range(1000), folder.iterdir(), strict=False)]
    return [str(folder / each) if folder != Path() else each for each in sorted(names)]


def _picture(path: Path, n_bytes: int) -> FileHead:
    part = picture_part(path.read_bytes()) if n_bytes <= _PICTURE_BYTES else None
    if part is None:
        return FileHead("file", f"A picture of {size(n_bytes)}, too large to send.")
    return FileHead("picture", picture=part)


def _text(path: Path, head: bytes, n_bytes: int, budget_bytes: int) -> FileHead:
    """The head of a text file, with how many lines there are; a binary file in words."""
    whole = n_bytes <= len(head)
    try:
        text = head.decode("utf-8-sig") if whole else head.decode("utf-8-sig", "ignore")
    except UnicodeDecodeError:
        text = head.decode("latin-1")
    if b"\0" in head:
        return FileHead(
            "file", f"A binary file of {size(n_bytes)}; only this was sent. Code can read it."
        )
    lines = text.splitlines()
    shown = lines[:_TABLE_LINES] if path.suffix.lower() in _TABLES else lines
    fit = "\n".join(shown)[: budget_bytes // 2]
    n_shown = fit.count("\n") + 1
    total = f"{len(lines):,}" if whole else _line_count(path, n_bytes)
    if whole and n_shown == len(lines) and len(fit) == len("\n".join(shown)):
        return FileHead("file", fit)
    is_in_one = n_shown == 1 and total in ("0", "1")  # a last line may lack its end
    of = "the beginning of one line" if is_in_one else f"the first {n_shown} of {total} lines"
    return FileHead("head of a file", f"({of}, {size(n_bytes)})\n{fit}")


def _line_count(path: Path, n_bytes: int) -> str:
    """How many lines a large file has, counted in its first 50 MB."""
    counted = 0
    with path.open("rb") as file:
        while file.tell() < _COUNTED_BYTES and (block := file.read(1_000_000)):
            counted += block.count(b"\n")
    return f"more than {counted:,}" if n_bytes > _COUNTED_BYTES else f"{counted:,}"
