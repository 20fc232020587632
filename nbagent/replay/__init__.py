"""A saved run once more, from its record: the same loop and the same code, and nothing is sent.

A replay is a run whose model is the record. `model` answers each request with the recorded reply,
`replay` says of each call whether its code runs again or its recorded result stands, `compare`
says where results differ, `finding` finds the saved run of a cell.
"""

from nbagent.replay.compare import Difference, differences
from nbagent.replay.finding import saved_run
from nbagent.replay.replay import Replay

__all__ = ["Difference", "Replay", "differences", "saved_run"]
