"""Approval: which calls run, and which wait for the person.

A gate is any callable `(call) -> Verdict`: write your own and give it to `Agent(gate=…)`. It is
asked before each call, while the loop rests on its line. What a call could do is in
`call.reasons`, as far as its tool can tell. This prevents accidents; it is no protection against
code that means harm, which has all the rights of the kernel that it runs in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from nbagent.events import Reason
from nbagent.messages import Content
from nbagent.settings import Settings
from nbagent.tools import Effect, ToolResult
from nbagent.words import series, t, told

Ask: TypeAlias = Literal["always", "risky", "never"]


@dataclass(frozen=True, slots=True)
class ProposedCall:
    """A call before it runs, as a gate sees it.

    Attributes:
        name: the tool's name.
        arguments: what it is called with.
        effect: what the tool can change.
        step: the step that called it, from 1.
        reasons: what makes it risky, as far as the tool can tell.
        changes: why it is not for looking only, in words; '' if it changes nothing.
    """

    name: str
    arguments: dict[str, Any]
    effect: Effect
    step: int
    reasons: tuple[Reason, ...] = ()
    changes: str = ""


@dataclass(frozen=True, slots=True)
class Allow:
    """Let the call run.

    Attributes:
        told: what the model gets in place of the result; None for the result itself.
        arguments: those that it runs with in full, where a record has them; None for its own.
    """

    told: Content | None = None
    arguments: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """Run it with other arguments; the model is told that the user changed them.

    Attributes:
        arguments: these.
        told: what the model gets in place of all this; None for the result itself.
    """

    arguments: dict[str, Any]
    told: Content | None = None


@dataclass(frozen=True, slots=True)
class Deny:
    """Do not run it; the model gets `why` as the result."""

    why: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask the person first.

    Attributes:
        why: in words what makes the call need an OK.
        reasons: the same, piece by piece. The person may allow their kinds for good.
    """

    why: str
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Recall:
    """Do not run it: what came of it is known, as in a replay.

    Attributes:
        result: the known result.
    """

    result: ToolResult


Verdict: TypeAlias = Allow | Edit | Deny | Wait | Recall
Gate: TypeAlias = Callable[[ProposedCall], Verdict]


def allow_all(_call: ProposedCall) -> Verdict:
    """Let every call run."""
    return Allow()


def asking(ask: Ask) -> Gate:
    """Return the gate of `--ask`: every call waits, the risky ones do, or none does.

    Args:
        ask: `always`, `risky` or `never`.
    """

    def gate(call: ProposedCall) -> Verdict:
        if ask == "never" or (ask == "risky" and not call.reasons):
            return Allow()
        return Wait(words(call.reasons) or "you are asked before every call", call.reasons)

    return gate


def gate_of(settings: Settings) -> Gate:
    """Return the gate that the settings `ask` and `plan` name."""
    gate = asking(settings.ask)
    return planning(gate) if settings.plan else gate


def planning(gate: Gate) -> Gate:
    """Return the gate of `--plan`: what changes anything is denied, the rest goes to `gate`."""

    def planned(call: ProposedCall) -> Verdict:
        if call.changes:
            return Deny(
                f"this run only plans, and the call {call.changes}. Look, and say what you would do"
            )
        return gate(call)

    return planned


class Standing:
    """What the person has allowed for the rest of a conversation, by kind."""

    def __init__(self) -> None:
        self.kinds: set[str] = set()

    def covers(self, reasons: tuple[Reason, ...]) -> bool:
        """Whether every one of the reasons, and there are some, was allowed before."""
        return bool(reasons) and all(reason.kind in self.kinds for reason in reasons)

    def allow(self, reasons: tuple[Reason, ...]) -> tuple[str, ...]:
        """Allow these kinds from now on; their names come back."""
        kinds = tuple(dict.fromkeys(reason.kind for reason in reasons))
        self.kinds.update(kinds)
        return kinds


_DEED = re.compile(r"([^()]+?)(?: \((.+)\))?")
"""What a call does, and the places where it does it."""
_BETWEEN = re.compile(r" and (?=[a-z]+s )")


def words(reasons: tuple[Reason, ...]) -> str:
    """Reasons in words: `deletes files (shutil.rmtree, line 3) and uses the network (line 4)`."""
    parts = [f"{verb} ({where})" if where else verb for verb, where in _deeds(reasons, str)]
    return " and ".join(parts)


def told_words(reasons: tuple[Reason, ...]) -> str:
    """The same in the language of whoever reads it."""
    deeds = _deeds(reasons, told)
    return series(t("{verb} ({where})", verb=v, where=w) if w else v for v, w in deeds)


def told_why(why: str) -> str:
    """What `words` made, and a trace has kept, in the language of whoever reads it."""
    deeds = [_DEED.fullmatch(part) for part in _BETWEEN.split(why)]
    said = [(told(deed[1]), _told_places(deed[2] or "")) for deed in deeds if deed]
    if len(said) < len(deeds) or any(deed and told(deed[1]) == deed[1] for deed in deeds):
        return told(why)
    return series(t("{verb} ({where})", verb=v, where=w) if w else v for v, w in said)


def _told_places(where: str) -> str:
    return "; ".join(", ".join(map(told, place.split(", "))) for place in where.split("; "))


def _deeds(reasons: tuple[Reason, ...], say: Callable[[str], str]) -> list[tuple[str, str]]:
    """What the call does, each with the places where it does it."""
    by_verb: dict[str, list[str]] = {}
    for reason in reasons:
        place = say(f"line {reason.line}") if reason.line else ""
        where = ", ".join(filter(None, (say(reason.what), place)))
        by_verb.setdefault(reason.verb, []).append(where)
    return [(say(verb), "; ".join(filter(None, where))) for verb, where in by_verb.items()]
