"""The event spool: each run's events as JSON lines on disk, so that a trace outlives its kernel.

A spool never stops a run: if the disk refuses, the rest stays in memory and `problem` says why.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from nbagent.events import Event, from_dict, to_dict
from nbagent.messages import json_bytes

KEPT_RUNS = 500
"""Older spools are removed."""


class Spool:
    """Writes the kept events of one run; transient ones are left out.

    Args:
        directory: gives the directory where spools live, one file a run, for this user only.
        run_id: the run's name.
    """

    def __init__(self, directory: Callable[[], Path], run_id: str) -> None:
        self.problem = ""
        self._fd = -1
        try:
            folder = directory()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _trim(folder)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            self._fd = os.open(folder / f"{run_id}.jsonl", flags, 0o600)
        except OSError as error:
            self._give_up(error)

    def apply(self, event: Event) -> None:
        """Append one event; `Delta` and `ToolOutput` are not kept."""
        if self._fd < 0 or event.kind in {"delta", "tool_output"}:
            return
        try:
            os.write(self._fd, json_bytes(to_dict(event)) + b"\n")
        except OSError as error:
            self._give_up(error)
        if event.kind == "run_finished":
            self.close()

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _give_up(self, error: OSError) -> None:
        self.problem = (
            f"This run is not kept on disk ({error.strerror}), only in this kernel and notebook. "
            "`%kimi doctor` looks at the data directory."
        )
        self.close()


def load(directory: Path, run_id: str) -> Iterator[Event]:
    """Read a run's events back; a last line cut short by a crash is left out.

    Raises:
        FileNotFoundError: there is no such run.
    """
    with (directory / f"{run_id}.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            try:
                data = json.loads(line)
            except ValueError:
                return
            yield from_dict(data)


def stored_runs(directory: Path) -> list[str]:
    """Names of the runs on disk, newest first."""
    files = sorted(directory.glob("*.jsonl"), key=lambda path: path.stat().st_mtime, reverse=True)
    return [path.stem for path in files]


def _trim(directory: Path) -> None:
    for run_id in stored_runs(directory)[KEPT_RUNS - 1 :]:
        (directory / f"{run_id}.jsonl").unlink(missing_ok=True)
