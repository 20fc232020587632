"""The table: every fault by its name."""

from __future__ import annotations

from tests.faults import connections, oddities, refusals, replies, streams
from tests.faults.fault import Fault

GROUPS: dict[str, list[Fault]] = {
    "connections": connections.FAULTS,
    "refusals": refusals.FAULTS,
    "streams": streams.FAULTS,
    "replies": replies.FAULTS,
    "oddities": oddities.FAULTS,
}
TABLE = {fault.name: fault for faults in GROUPS.values() for fault in faults}
assert len(TABLE) == sum(map(len, GROUPS.values())), "two faults have one name"
