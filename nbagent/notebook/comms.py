"""Comms from this kernel to the pages that show its notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nbagent.notebook.pages import TARGET


def send(data: Mapping[str, Any], on_message: Callable[[Any], None]) -> Callable[[], None]:
    """Open a comm to whoever has registered `TARGET`; a front end that has not ignores it.

    Args:
        data: what goes with the opening.
        on_message: is given the data of each message that comes back on it.

    Returns:
        A function that closes it.
    """
    from comm import create_comm  # noqa: PLC0415 -- it comes with the kernel that a notebook has

    opened = create_comm(target_name=TARGET, data=dict(data))
    opened.on_msg(lambda message: on_message((message.get("content") or {}).get("data")))

    def close() -> None:
        opened.close()

    return close
