"""What a driver needs of the world, as protocols: a model, an executor, a display.

A Run never sees these; the driver (the kernel's pump, a script, a test) joins them to it. Each
has a real implementation one layer up and may have others: a child kernel is another `Executor`,
a file another `Display`.

Read next: `nbagent.run` for what is delivered, `nbagent.kernel.pump` for who delivers it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from nbagent.errors import ModelError
from nbagent.events import Changes, Output
from nbagent.messages import Message, Request, Usage
from nbagent.samples import Phase


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of a model and its endpoint before the first request.

    Attributes:
        model: the model's name on the wire.
        host: where requests go, as `host` or `host:port`.
        url: where a request goes ('' if unknown).
        operator: who runs that host, in words ('' if unknown).
        scripted: True for the lesson server, whose replies are written by people.
        thinking: whether reasoning is on; then tool calls must keep theirs.
        window_tokens: context window, in tokens (0 if unknown).
        price: dollars per million tokens (input, cached input, output); None if unknown.
        images_in_tool_results: whether a tool message may carry pictures.
        reasoning_key: the message field that carries reasoning at this endpoint.
        sends: whether a request leaves for it; False for a record that is replayed.
    """

    model: str
    host: str
    url: str = ""
    operator: str = ""
    scripted: bool = False
    thinking: bool = True
    window_tokens: int = 262_144
    price: tuple[float, float, float] | None = None
    images_in_tool_results: bool = True
    reasoning_key: str = "reasoning_content"
    sends: bool = True


@dataclass(frozen=True, slots=True)
class Piece:
    """A streamed piece; `t` is the clock's `now()` when it was read from the socket."""

    t: float
    phase: Phase
    text: str
    call_index: int = -1
    name: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """The request waits until the clock's `now()` reaches `until`, to keep the account's pace."""

    t: float
    until: float
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply: its stream had a finish_reason and the message is fit for the history."""

    t: float
    message: Message
    finish_reason: str
    usage: Usage | None = None
    request_id: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """The call failed; nothing of it enters the history."""

    t: float
    error: ModelError


Arrival: TypeAlias = Piece | Held | Reply | Failure


class Offered(Protocol):
    """A tool as far as an endpoint cares."""

    def schema(self) -> dict[str, Any]:
        """The entry of a request's `tools`."""
        ...


class Model(Protocol):
    """An endpoint that answers requests, one at a time per call of `start`."""

    @property
    def facts(self) -> ModelFacts:
        """What is known of the endpoint."""
        ...

    def head(self, tools: Sequence[Offered]) -> bytes:
        """The body's fields before the messages, as the inside of a JSON object; byte-stable."""
        ...

    def tail(self, prompt_tokens: int) -> bytes:
        """The body's fields after the messages, given the last prompt's size in tokens."""
        ...

    def start(self, request: Request, sink: Callable[[Arrival], None]) -> Callable[[], None]:
        """Send a request. `sink` gets its arrivals from another thread; `Reply` or `Failure` last.

        Returns:
            A function that cancels the call at once; after it, `sink` gets nothing more.
        """
        ...

    def close(self) -> None:
        """Close connections and threads."""
        ...

    def again(self) -> Model:
        """The same endpoint by connections of its own, for another run."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What came of running code or a function.

    Attributes:
        outputs: everything it showed, in order, bounded, in nbformat's shape; an error is one of
            them.
        value: the function's return value (`invoke`), or the last expression's (`execute`).
        error: `(name, message)` of the exception that ended it, or None.
        interrupted: True if a stop ended it; `timed_out` if its time limit did.
        changes: names and files that it changed.
        wall_s: how long it took.
        cut_bytes: bytes of output left out of `outputs`; `spill` is the file that holds all.
        notes: what the executor put back or the model should know, one sentence each.
    """

    outputs: tuple[Output, ...] = ()
    value: object = None
    error: tuple[str, str] | None = None
    interrupted: bool = False
    timed_out: bool = False
    changes: Changes = Changes()  # noqa: RUF009 -- frozen and empty: safe to share
    wall_s: float = 0.0
    cut_bytes: int = 0
    spill: str = ""
    notes: tuple[str, ...] = ()


OnOutput: TypeAlias = Callable[[Output], None]


class Executor(Protocol):
    """Runs code where the user's variables live. First one: the live kernel's shell."""

    @property
    def alive(self) -> bool:
        """Whether code can be run now."""
        ...

    @property
    def interrupted(self) -> bool:
        """Whether a stop has come, heeded or not yet; from any thread."""
        ...

    def execute(self, code: str, on_output: OnOutput, limit_s: float | None = None) -> Execution:
        """Run a cell's worth of code; never raises for what the code does."""
        ...

    def invoke(
        self, function: Callable[[], object], on_output: OnOutput, limit_s: float | None = None
    ) -> Execution:
        """Call a Python function the same way; an awaitable that it returns is awaited."""
        ...

    def interrupt(self) -> None:
        """Stop what is running, from any thread."""
        ...
