"""What happens in a run, as frozen facts: the one stream that view, meter and journal consume.

Events are in the past tense; `seq` and `t` are stamped in one place, by the Run. `t` is seconds
since the run began. `Delta` and `ToolOutput` are transient: they feed the live view and the
meter and are not kept (`TRANSIENT`); what is kept of a reply is its text and at most 2,000
samples. `RunFinished` comes last and exactly once.
`kinds` has the events, `parts` what they are made of, `as_json` their form on disk and in the page.

Read next: `nbagent.view` and `nbagent.meter`, which fold these events.
"""

from nbagent.events.as_json import from_dict, to_dict
from nbagent.events.kinds import (
    EVENT_TYPES,
    TRANSIENT,
    ApprovalAsked,
    ApprovalGiven,
    Compacted,
    Compacting,
    Delta,
    Edited,
    KernelAwaited,
    Paused,
    ReplyReceived,
    Resumed,
    RetryScheduled,
    RunFinished,
    RunStarted,
    Steered,
    StepStarted,
    StopAsked,
    ToolFinished,
    ToolOutput,
    ToolStarted,
)
from nbagent.events.parts import (
    SCHEMA_VERSION,
    About,
    Changes,
    Decided,
    Event,
    FinishReason,
    Output,
    Place,
    Reason,
    Sent,
)
from nbagent.samples import Phase, Sample

__all__ = [
    "EVENT_TYPES",
    "SCHEMA_VERSION",
    "TRANSIENT",
    "About",
    "ApprovalAsked",
    "ApprovalGiven",
    "Changes",
    "Compacted",
    "Compacting",
    "Decided",
    "Delta",
    "Edited",
    "Event",
    "FinishReason",
    "KernelAwaited",
    "Output",
    "Paused",
    "Phase",
    "Place",
    "Reason",
    "ReplyReceived",
    "Resumed",
    "RetryScheduled",
    "RunFinished",
    "RunStarted",
    "Sample",
    "Sent",
    "Steered",
    "StepStarted",
    "StopAsked",
    "ToolFinished",
    "ToolOutput",
    "ToolStarted",
    "from_dict",
    "to_dict",
]
