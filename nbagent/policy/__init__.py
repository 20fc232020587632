"""Policies: what may run, when to stop, when to try again. Plain functions of plain values.

None of these is a branch in the loop; the Run asks them between the loop's moves.

Read next: `approval`, the gates; `limits`, budgets and retries; `nbagent.run`, which asks.
"""

from nbagent.policy.approval import (
    Allow,
    Deny,
    Edit,
    Gate,
    ProposedCall,
    Recall,
    Standing,
    Verdict,
    Wait,
    allow_all,
    asking,
    gate_of,
    planning,
)
from nbagent.policy.limits import MAX_INVALID_TURNS, Budget, retry_delay_s

__all__ = [
    "MAX_INVALID_TURNS",
    "Allow",
    "Budget",
    "Deny",
    "Edit",
    "Gate",
    "ProposedCall",
    "Recall",
    "Standing",
    "Verdict",
    "Wait",
    "allow_all",
    "asking",
    "gate_of",
    "planning",
    "retry_delay_s",
]
