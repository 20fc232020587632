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


def cell_number(shell: Any) -> int:
    """The running cell's number; the shell's own count is ahead of it in some versions."""
    return len(shell.history_manager.input_hist_raw) - 1


def publisher(shell: Any) -> Callable[..., None]:
    """Publish displays for the cell that runs now, also when it is over and others run.

    The message is made here, for a cell of its own: putting its parent in place of the present
    one for a moment would give it what another thread shows meanwhile.
    """
    display_pub = shell.display_pub
    parent = getattr(display_pub, "parent_header", None)
    if not parent:
        publish: Callable[..., None] = display_pub.publish
        return publish

    def send(
        data: dict[str, Any], metadata: dict[str, Any], *,
        transient: dict[str, Any] | None = None, update: bool = False,
    ) -> None:  # fmt: skip
        sys.stdout.flush()  # what the cell has printed stands before
        kind = "update_display_data" if update else "display_data"
        content = {"data": data, "metadata": metadata, "transient": transient or {}}
        message = display_pub.session.msg(kind, content, parent=parent)
        display_pub.session.send(display_pub.pub_socket, message, ident=display_pub.topic)

    return send


def publish_status(shell: Any, state: str) -> None:
    """Say that the kernel is `busy` or `idle`, outside of any cell; servers take it as activity."""
    publish = getattr(getattr(shell, "kernel", None), "_publish_status", None)
    if publish is not None:
        publish(state, "shell")


def is_headless(shell: Any) -> bool:
    """Whether nobody can answer a question: the request's `allow_stdin` is False.

    nbclient, papermill and nbconvert send it as False. Plain IPython is headless when its
    standard input is no terminal.
    """
    if not has_kernel(shell):
        return not sys.stdin.isatty()
    content = parent_message(shell).get("content", {})
    return not content.get("allow_stdin", False)
