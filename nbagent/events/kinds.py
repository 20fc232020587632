"""The events, each with what it tells; see `nbagent.events` for what holds of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from nbagent.events.parts import (
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
from nbagent.messages import Content, Message, Usage
from nbagent.samples import Phase, Sample, Samples


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(Event):
    """A run began. `host` is where requests go, `operator` who runs it ('' if unknown)."""

    kind: ClassVar[str] = "run_started"
    run_id: str
    prompt: str
    model: str
    host: str = ""
    operator: str = ""
    scripted: bool = False
    conversation: str = "main"
    cell_id: str = ""
    tools: tuple[str, ...] = ()
    system: str = ""
    wall: float = 0.0
    """Seconds since the epoch at which the run began."""
    window_tokens: int = 0
    price: tuple[float, float, float] | None = None
    """Dollars per million tokens: input, cached input, output. None where unknown."""
    note: str = ""
    """A line that the reader should meet first ('replaces the run of this cell')."""
    past: dict[str, Any] | None = None
    """How requests show what was said before, if not all of it (see `nbagent.run.window`)."""
    replays: str = ""
    """The saved run that this one replays, of which nothing is sent."""
    in_hand: dict[str, Any] | None = None
    """The reply and the results with which a fork began (see `nbagent.run.fork`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted(Event):
    """A request was handed to the model; `attempt` counts from 1 within its step."""

    kind: ClassVar[str] = "step_started"
    step: int
    attempt: int = 1
    n_messages: int = 0
    n_bytes: int = 0
    sha256: str = ""
    sent: tuple[Sent, ...] = ()
    """What this request carries that no earlier request of the run carried."""
    est_tokens: int = 0
    """How many tokens it is estimated to carry."""
    est_usd: float | None = None
    """What they are estimated to cost; None where the price is unknown."""
    note: str = ""
    """What the reader should know before it goes: what it costs, if that is much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta(Event):
    """A piece of a reply arrived (transient); `t` is its arrival on the socket."""

    kind: ClassVar[str] = "delta"
    step: int
    attempt: int
    phase: Phase
    text: str
    call_index: int = -1
    """Which tool call an arguments piece belongs to; -1 otherwise."""
    name: str = ""
    """The function's name, on the first piece of a call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyReceived(Event):
    """A whole reply was accepted into the history."""

    kind: ClassVar[str] = "reply_received"
    step: int
    attempt: int
    message: Message
    finish_reason: str
    usage: Usage | None = None
    samples: Sequence[Sample] = ()
    request_id: str = ""
    marks: tuple[str, ...] = ()
    """What is unusual about it: `no_reasoning`, `cut_at_limit`, `no_usage`."""

    def __post_init__(self) -> None:
        """Hold the samples in little memory, whatever they came as."""
        if not isinstance(self.samples, Samples):
            object.__setattr__(self, "samples", Samples(self.samples))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAsked(Event):
    """A call waits for the person; `why` says in words what makes it need an OK.

    `about` says whether the call is to run, its result to leave for the model, or what became of a
    call whose `outcome` nobody knows; `key` binds an answer to just this question and these bytes.
    """

    kind: ClassVar[str] = "approval_asked"
    step: int
    index: int
    name: str
    why: str
    about: About = "call"
    key: str = ""
    arguments: dict[str, Any] | None = None
    """What it would be called with."""
    content: Content = ""
    """What would leave for the model, of a result."""
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalGiven(Event):
    """A decision on a call or its result: run (or send), edit or deny; `by` says who decided.

    `done` is said of a call whose outcome nobody knows.
    """

    kind: ClassVar[str] = "approval_given"
    step: int
    index: int
    decision: Decided
    by: str = "you"
    why: str = ""
    about: About = "call"
    always: tuple[str, ...] = ()
    """The kinds of reasons that were allowed for the rest of the conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStarted(Event):
    """A tool call began. `index` counts calls within the step; ids may repeat and are no keys."""

    kind: ClassVar[str] = "tool_started"
    step: int
    index: int
    call_id: str
    name: str
    arguments: dict[str, Any]
    effect: str = "kernel"
    edited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOutput(Event):
    """A running tool showed something (transient): one output or one more piece of a stream."""

    kind: ClassVar[str] = "tool_output"
    step: int
    index: int
    output: Output


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFinished(Event):
    """A tool call ended: what the model gets (`content`) and what the person sees (`display`)."""

    kind: ClassVar[str] = "tool_finished"
    step: int
    index: int
    name: str
    content: Content
    display: tuple[Output, ...] = ()
    is_error: bool = False
    stopped: bool = False
    """Whether a stop ended it, or kept it from running: nothing that went wrong."""
    outcome: str = ""
    """The outcome in a few words for a step's line: `figure`, `KeyError`, `5 of 8 columns`."""
    changes: Changes | None = None
    cut_bytes: int = 0
    """How many bytes of output were left out of `content`; all of it is in `spill`."""
    spill: str = ""
    """Path of the file that holds the whole output, if it was cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryScheduled(Event):
    """A request waits and will go (again) at `until_t`.

    `attempt` is the attempt that failed, 0 if none of the step did: the account's pace is kept, or
    a summary is asked for again.
    """

    kind: ClassVar[str] = "retry_scheduled"
    step: int
    attempt: int
    reason: str
    text: str
    until_t: float
    discarded: str = ""
    """What the failed attempt had streamed; it never enters the history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused(Event):
    """The run rests until the person or the driver moves it on."""

    kind: ClassVar[str] = "paused"
    step: int
    why: str
    question: str = ""
    """What the person is asked, if they are: `Go on for another $1.00?`"""
    key: str = ""
    """Binds an answer to this question."""
    place: Place | Literal[""] = ""
    """Where it rests, of a pause between two moves; `index` names the call there."""
    index: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited(Event):
    """The person changed what was in hand at a pause.

    `message` is the reply as it is now, `content` the result. A changed request goes as it is,
    once; the history stays as it was.
    """

    kind: ClassVar[str] = "edited"
    step: int
    place: Place
    index: int = -1
    message: Message | None = None
    content: Content = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelAwaited(Event):
    """A tool that was to start waits until no cell of the user runs, or (`over`) has waited."""

    kind: ClassVar[str] = "kernel_awaited"
    step: int
    over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StopAsked(Event):
    """A stop was asked for while a tool runs, whichever way it came, and the tool still goes on."""

    kind: ClassVar[str] = "stop_asked"
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Steered(Event):
    """A message of the person joined the history while the run went on."""

    kind: ClassVar[str] = "steered"
    step: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacting(Event):
    """The model is asked for a summary of older messages, before the request of `step`."""

    kind: ClassVar[str] = "compacting"
    step: int
    attempt: int = 1
    n_messages: int = 0
    n_bytes: int = 0
    sent: tuple[Sent, ...] = ()
    """What the request carries that no earlier one did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted(Event):
    """Requests carry less from `step` on; the transcript keeps everything.

    `n_messages` older messages became `summary`, or `n_pictures` pictures a note. The other fields
    say how requests show the transcript from now on (see `nbagent.run.window`).
    """

    kind: ClassVar[str] = "compacted"
    step: int
    n_messages: int
    summary: str
    n_pictures: int = 0
    n_bytes: int = 0
    """Bytes of messages that requests carry no longer."""
    first: int = 0
    """Index, in the transcript, of the first message after the summary."""
    goals: tuple[int, ...] = ()
    """Indices of the prompts before it that stay in full."""
    pictures_before: int = 0
    """Pictures in messages before this index are left out."""
    mechanical: bool = False
    """Whether the summary was made from the record, since the model's own failed: `why`."""
    why: str = ""
    text: str = ""
    """What was left out and what was kept, in words."""
    usage: Usage | None = None
    """Token counts of the request for the summary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Event):
    """The run goes on from its record, as its kernel had ended; `t` leaves the time between out."""

    kind: ClassVar[str] = "resumed"
    step: int
    text: str
    """What was found, in words."""
    kernel: str = ""
    """The kernel in which it goes on."""
    fresh: bool = False
    """Whether that is another one, in which variables from before are gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(Event):
    """The run ended; last event, exactly once."""

    kind: ClassVar[str] = "run_finished"
    reason: FinishReason
    answer: str = ""
    text: str = ""
    """Why, in words, where the reason is not `answer`."""
    error_kind: str = ""
    discarded: str = ""
    """What the last attempt had streamed, if it failed."""


TRANSIENT = (Delta, ToolOutput)
"""Event types that feed the live view and are not kept."""

EVENT_TYPES: Mapping[str, type[Event]] = {
    cls.kind: cls
    for cls in (
        RunStarted,
        StepStarted,
        Delta,
        ReplyReceived,
        ApprovalAsked,
        ApprovalGiven,
        ToolStarted,
        ToolOutput,
        ToolFinished,
        RetryScheduled,
        Paused,
        Edited,
        KernelAwaited,
        StopAsked,
        Steered,
        Compacting,
        Compacted,
        Resumed,
        RunFinished,
    )
}
