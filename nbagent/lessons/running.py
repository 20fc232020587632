"""Notebooks executed in private: a kernel of this interpreter, without the user's keys and files.

A lesson server that such a kernel starts is its own, and ends with it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbagent.lessons import address, control
from nbagent.lessons.process import Server
from nbagent.lessons.server import PACE_VARIABLE

if TYPE_CHECKING:
    from nbformat import NotebookNode

SCRUBBED = ("MOONSHOT_", "KIMI_", "NBAGENT_", "OPENAI_", "JUPYTER_", "IPYTHON")


def client_of(notebook: NotebookNode, **options: Any) -> Any:
    """An nbclient client whose kernel is of this very interpreter.

    Args:
        notebook: what it will execute, in place.
        options: of `nbclient.NotebookClient`.
    """
    from nbclient import NotebookClient  # noqa: PLC0415 -- an extra; its callers check

    client = NotebookClient(notebook, record_timing=False, **options)
    client.create_kernel_manager()
    client.km.kernel_spec.argv[0] = sys.executable
    client.km.kernel_spec.argv.append("--log-level=ERROR")
    return client


def private_environment(environ: Mapping[str, str], private: Path) -> dict[str, str]:
    """An environment without the user's keys, endpoints and Jupyter configuration.

    Only the pace of the scripted replies may be set from outside.

    Args:
        environ: the environment to begin with.
        private: an empty directory that stands in for the user's Jupyter directories.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith(SCRUBBED)}
    folders = ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    kept |= {name: str(private / name.lower()) for name in folders}
    return kept | {name: environ[name] for name in (PACE_VARIABLE,) if name in environ}


def data_dir_of(private: Path) -> Path:
    """Where a kernel with this private directory keeps nbagent's files."""
    return private / "jupyter_data_dir" / "nbagent"


@contextmanager
def lesson_server_of(private: Path) -> Iterator[None]:
    """End the lesson server that a kernel with this private directory has started."""
    try:
        yield
    finally:
        known = address.read(data_dir_of(private) / address.FILE_NAME)
        if known is not None:
            control.stop(Server(known.url, known.token))
