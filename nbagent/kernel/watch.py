"""What tool code changed: names in the user's namespace, and files that it wrote."""

from __future__ import annotations

import os
import sys
from collections.abc import Hashable, Mapping
from pathlib import Path, PurePath
from types import ModuleType
from typing import Any

from nbagent.events import Changes
from nbagent.kernel.fingerprint import Fingerprints
from nbagent.paths import data_dir

MAX_NAMES = 50
"""Names and files of one kind that are reported."""

_HOME = "nbagent_file_watch"
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NOT_THE_USERS = {"__pycache__", ".ipython", ".jupyter", ".cache", ".matplotlib", ".git",
                  ".ipynb_checkpoints"}  # fmt: skip
_NOT_ON_DISK = ("/dev/", "/proc/", "/sys/")


class Watch:
    """Compares a kernel before and after a call.

    Args:
        shell: the IPython shell.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._files = _file_watch(shell)
        self._folder = ""
        self._before: dict[str, Hashable] = {}

    def begin(self) -> None:
        """Look at the namespace, and watch files from now on."""
        self._before = self._look()
        self._folder = os.path.realpath(os.curdir)
        self._files.begin()

    def end(self) -> Changes:
        """What changed since `begin`."""
        files = self._files.end(self._folder)
        before, after = self._before, self._look()
        self._before = {}
        return Changes(
            added=tuple([name for name in after if name not in before][:MAX_NAMES]),
            changed=tuple(
                [n for n, seen in after.items() if n in before and seen != before[n]][:MAX_NAMES]
            ),
            removed=tuple([name for name in before if name not in after][:MAX_NAMES]),
            files=files[:MAX_NAMES],
        )

    def _look(self) -> dict[str, Hashable]:
        hidden: Mapping[str, Any] = self._shell.user_ns_hidden
        prints = Fingerprints()
        return {
            name: prints.of(value)
            for name, value in list(self._shell.user_ns.items())
            if not name.startswith("_")
            and not isinstance(value, ModuleType)
            and not (name in hidden and hidden[name] is value)
        }


def _file_watch(shell: Any) -> _FileWatch:
    """The file watch of a kernel; an audit hook stays for ever, so there is one."""
    home = vars(shell)
    if _HOME not in home:
        home[_HOME] = _FileWatch()
    watch: _FileWatch = home[_HOME]
    return watch


class _FileWatch:
    """Collects the paths that Python code opens for writing while it is switched on.

    Files that C libraries and other processes open by themselves are not seen.
    """

    def __init__(self) -> None:
        self._paths: dict[str, None] | None = None
        sys.addaudithook(self._hear)

    def begin(self) -> None:
        self._paths = {}

    def end(self, folder: str) -> tuple[str, ...]:
        """The files written since `begin` that are there now, relative to `folder` if inside."""
        paths, self._paths = self._paths or {}, None
        ours = str(data_dir())
        found = [path for path in paths if Path(path).is_file() and _is_the_users(path, ours)]
        return tuple(
            os.path.relpath(path, folder) if path.startswith(folder + os.sep) else path
            for path in found
        )

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        """Called for every audit event of the process; it must be quick and never raise."""
        paths = self._paths
        if paths is None:
            return
        if event == "open":
            path, _mode, flags = args
            if (
                isinstance(flags, int)
                and flags & _WRITES
                and isinstance(path, str | bytes | PurePath)
            ):
                paths[_absolute(path)] = None
        elif event == "os.rename":
            paths.pop(_absolute(args[0]), None)
            paths[_absolute(args[1])] = None


def _absolute(path: Any) -> str:
    """The real path of a file, or '' if it cannot be told."""
    try:
        return os.path.realpath(os.fsdecode(path))
    except (OSError, TypeError, ValueError):
        return ""


def _is_the_users(path: str, ours: str) -> bool:
    """Whether a file is worth reporting: not a cache, a device, or one of ours."""
    if path.startswith((ours, *_NOT_ON_DISK)) or path.endswith((".pyc", "history.sqlite")):
        return False
    parts = Path(path).parts
    cache = getattr(sys.modules.get("matplotlib"), "get_cachedir", None)
    if cache is not None and path.startswith(str(cache())):
        return False
    return not any(part in _NOT_THE_USERS or part.startswith("ipykernel_") for part in parts)
