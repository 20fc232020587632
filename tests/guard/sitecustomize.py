"""No network: an audit hook refuses to connect anywhere but to this machine.

The test session loads this file itself, and its directory is on PYTHONPATH for every process that
a test starts: kernels, servers, the lesson server. Each refusal is also written down, so that
code which swallows the error does not hide it.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from typing import Any

LEDGER_VARIABLE = "NBAGENT_TEST_REFUSED"
_EVENTS = {"socket.connect", "socket.sendto", "socket.sendmsg"}


class NetworkRefused(RuntimeError):
    """A test tried to leave the machine."""


def is_local(address: Any) -> bool:
    """Whether an address is this machine: a Unix socket, or a loopback IP."""
    if not isinstance(address, tuple):
        return True
    try:
        return ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback
    except ValueError:
        return address[0] in {"localhost", ""}


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _EVENTS or is_local(arguments[1]):
        return
    ledger = os.environ.get(LEDGER_VARIABLE)
    if ledger:
        with open(ledger, "a") as file:  # noqa: PTH123 -- pathlib is slow to import at start-up
            file.write(f"{sys.argv[0] if sys.argv else sys.executable}: {arguments[1]!r}\n")
    raise NetworkRefused(f"the tests may not connect to {arguments[1]!r}")


sys.addaudithook(_refuse)
