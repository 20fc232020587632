"""Where the journal lives: the data directory, unless that is on a network or cannot be written.

On a network file system two kernels could damage the file, so it moves to a local directory by
itself; where there is none it stays, and is written by slower means that such a file system bears.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nbagent.paths import is_network


@dataclass(frozen=True, slots=True)
class Home:
    """A directory in which the journal can be.

    Attributes:
        directory: made, and this user's alone.
        wal: whether SQLite may keep its write-ahead log there.
        why: why it is here and not in the data directory ('' if it is), to be followed by where.
        is_settled: whether that will not change, so that it needs to be said only once.
    """

    directory: Path
    wal: bool = True
    why: str = ""
    is_settled: bool = False


def homes(
    first: Callable[[], Path],
    file_system: Callable[[Path], str],
    others: Callable[[], Iterator[Path]],
) -> Iterator[Home]:
    """The directories to try, best first.

    Args:
        first: makes and gives the data directory.
        file_system: the type of the file system that holds a path.
        others: local directories to move to.
    """
    why, directory = "", None
    try:
        directory = _private(first().resolve())
    except OSError as error:
        why = f"Your data directory cannot be used ({error.strerror})"
    kind = file_system(directory) if directory else ""
    is_remote = is_network(kind)
    if directory and not is_remote:
        yield Home(directory)
        why = f"The journal cannot be written in {directory}"
    elif directory:
        why = f"Your data directory is on a network file system ({kind}), where it could be damaged"
    for other in others():
        try:
            if not is_network(file_system(other.parent)):
                yield Home(_private(other), why=why, is_settled=is_remote)
        except OSError:
            continue
    if directory:
        yield Home(directory, wal=False, why=why, is_settled=is_remote)


def local_directories() -> Iterator[Path]:
    """Directories that are local on most machines, one of this user in each."""
    state, home = os.environ.get("XDG_STATE_HOME"), os.environ.get("HOME")
    if state or home:
        yield Path(state or f"{home}/.local/state") / "nbagent"
    for shared in ("/var/tmp", tempfile.gettempdir()):  # noqa: S108 -- _private checks whose it is
        yield Path(shared) / f"nbagent-{os.geteuid()}"


def _private(path: Path) -> Path:
    """Make a directory that is this user's alone.

    Raises:
        OSError: it cannot be made, or somebody else's is there, or a link.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(20, "it is not a directory of its own", str(path))
    if found.st_uid != os.geteuid():
        raise PermissionError(13, "it belongs to somebody else", str(path))
    if found.st_mode & 0o077:
        path.chmod(0o700)
    return path
