"""What events are made of: their base, and the words and small records that several of them use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

SCHEMA_VERSION = 1

Place: TypeAlias = Literal["request", "reply", "call", "result"]
"""Where a run can rest: before a request, after a reply, before a call, after its result."""

About: TypeAlias = Literal["call", "result", "outcome"]
"""What a question to the person is about."""

Decided: TypeAlias = Literal["run", "edit", "deny", "done"]
"""What was decided."""

FinishReason: TypeAlias = Literal["answer", "stopped", "limit", "error"]
"""Why a run ended."""

Output: TypeAlias = dict[str, Any]
"""One output in nbformat's shape: stream, display_data, execute_result or error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One kind of content that a request carries, for the header that counts what leaves.

    `kind` is one of system, prompt, attachment, message, tool_result, image, tools; `name` says
    which one where it has a name (`df`, `run_python`); `n_bytes` is its size on the wire.
    """

    kind: str
    name: str = ""
    n_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What tool code did to the kernel and the disk: names in the user's namespace, files."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def __str__(self) -> str:
        names = [f"+{n}" for n in self.added] + [f"~{n}" for n in self.changed]
        return " ".join(names + [f"-{n}" for n in self.removed])


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that makes a call need the person's OK.

    `kind` groups reasons that a person may allow for good; `verb` says what the call does
    ("deletes files") and `doing` the same as an activity ("deleting files"); `what` is the piece
    of code, on `line` (from 1; 0 for none), and `detail` what is known of it ("15 kB").
    """

    kind: str
    verb: str
    doing: str = ""
    what: str = ""
    line: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events. The Run stamps `seq` (0, 1, 2, …) and `t` (seconds since it began)."""

    kind: ClassVar[str] = ""
    seq: int = -1
    t: float = 0.0
