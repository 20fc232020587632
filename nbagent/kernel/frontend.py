"""What the kernel knows of the front end that sent the current cell.

This is the one module that looks at ipykernel's message state for that; each look is guarded by
what is really there, so that plain IPython and other kernels work, with less known.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def has_kernel(shell: Any) -> bool:
    """Whether the shell belongs to a Jupyter kernel; plain IPython has none."""
    return getattr(shell, "kernel", None) is not None


def parent_message(shell: Any) -> dict[str, Any]:
    """The execute_request that runs now ({} where there is none)."""
    get_parent = getattr(getattr(shell, "kernel", None), "get_parent", None)
    parent = get_parent("shell") if get_parent is not None else None
    return parent if isinstance(parent, dict) else {}


def cell_id(shell: Any) -> str:
    """The running cell's id, as JupyterLab sends it in `metadata.cellId`; '' if not sent."""
    return str(parent_message(shell).get("metadata", {}).get("cellId") or "")


def publisher(shell: Any) -> Callable[..., None]:
    """Publish displays for the cell that runs now, also when it is over and others run.

    ipykernel 7 keeps a task's cell by itself; for 6 the parent is put in place and back.
    """
    display_pub = shell.display_pub
    parent = getattr(display_pub, "parent_header", None)

    def publish(*arguments: Any, **options: Any) -> None:
        before = getattr(display_pub, "parent_header", None)
        if parent and before != parent:
            display_pub.parent_header = parent
        try:
            display_pub.publish(*arguments, **options)
        finally:
            if parent and before != parent:
                display_pub.parent_header = before

    return publish


def is_headless(shell: Any) -> bool:
    """Whether nobody can answer a question: the request's `allow_stdin` is False.

    nbclient, papermill and nbconvert send it as False. Plain IPython is headless when its
    standard input is no terminal.
    """
    if not has_kernel(shell):
        return not sys.stdin.isatty()
    content = parent_message(shell).get("content", {})
    return not content.get("allow_stdin", False)
