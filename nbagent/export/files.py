"""Writing a person's file: whole or not at all, and never over one that is there."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from nbagent.errors import UsageError


def save(path: Path, text: str, *, force: bool = False) -> Path:
    """Write a file in one move and return its path.

    Args:
        path: the file; its directory must be there.
        text: what it is to hold.
        force: whether it may take the place of a file that is there.

    Raises:
        UsageError: there is such a file, or the directory is not there; nothing was written.
        OSError: the disk refuses.
    """
    path = path.expanduser()
    if not path.parent.is_dir():
        raise UsageError(f"There is no directory {path.parent}.", "Nothing was written.")
    if path.is_dir():
        raise UsageError(f"{path} is a directory.", "Name a file. Nothing was written.")
    beside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}")
    try:
        beside.write_text(text, encoding="utf-8", errors="replace", newline="\n")
        _put(beside, path, force=force)
    finally:
        beside.unlink(missing_ok=True)
    return path


def _put(beside: Path, path: Path, *, force: bool) -> None:
    """Give a file that is written its name."""
    if force:
        beside.replace(path)
        return
    try:
        os.link(beside, path)  # fails if there is such a file, also one that came just now
    except FileExistsError:
        raise UsageError(
            f"{path} is there already, and was left as it is.",
            "Name another file, or give `--force`.",
        ) from None
    except OSError:  # no hard links here
        if path.exists():
            raise UsageError(f"{path} is there already, and was left as it is.") from None
        beside.replace(path)
