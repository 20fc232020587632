"""Policies: what may run, when to stop, when to try again. Plain functions of plain values.

None of these is a branch in the loop; the Run asks them between the loop's moves.

Read next: `approval`, the gates; `limits`, budgets and retries; `spending`, what is counted;
`repeats` and `circles`, runs and replies that have lost their way; `nbagent.run`, which asks.
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
from nbagent.policy.circles import CircleWatch
from nbagent.policy.limits import (
    LIMITS,
    MAX_INVALID_TURNS,
    Account,
    Budget,
    Reached,
    Spent,
    retry_delay_s,
    setting_of,
    usd_words,
)
from nbagent.policy.repeats import Repeats
from nbagent.policy.spending import Tally

__all__ = [
    "LIMITS",
    "MAX_INVALID_TURNS",
    "Account",
    "Allow",
    "Budget",
    "CircleWatch",
    "Deny",
    "Edit",
    "Gate",
    "ProposedCall",
    "Reached",
    "Recall",
    "Repeats",
    "Spent",
    "Standing",
    "Tally",
    "Verdict",
    "Wait",
    "allow_all",
    "asking",
    "gate_of",
    "planning",
    "retry_delay_s",
    "setting_of",
    "usd_words",
]
