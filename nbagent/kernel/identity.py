"""Which kernel this is: a name that no other one has, before or after a restart."""

from __future__ import annotations

import secrets
from typing import Any

ATTRIBUTE = "_nbagent_kernel"


def kernel_id(shell: Any) -> str:
    """The name of the kernel behind a shell.

    The shell carries it, as it lives and dies with the user's variables; nbagent may be unloaded
    and loaded again meanwhile.
    """
    name: str = vars(shell).setdefault(ATTRIBUTE, f"kernel-{secrets.token_hex(8)}")
    return name
