"""Where nbagent keeps things: one private directory under Jupyter's data directory."""

from __future__ import annotations

from pathlib import Path

from jupyter_core.paths import jupyter_data_dir


def data_dir() -> Path:
    """The directory for runs, keys and the lesson server's address; made 0700 at first use."""
    path = Path(jupyter_data_dir()) / "nbagent"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def runs_dir() -> Path:
    """The directory of the runs' events."""
    return data_dir() / "runs"
