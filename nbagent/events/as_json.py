"""Events as JSON values, and back: what the journal, the page and exported files hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any

from nbagent.events.kinds import EVENT_TYPES, ReplyReceived
from nbagent.events.parts import Changes, Event, Reason, Sent


def to_dict(event: Event) -> dict[str, Any]:
    """Turn an event into JSON values; `from_dict` is its inverse."""
    told = {"kind": event.kind, **asdict(event)}
    if isinstance(event, ReplyReceived):
        told["samples"] = [[*sample] for sample in event.samples]
    return told


def from_dict(data: Mapping[str, Any]) -> Event:
    """Rebuild an event from `to_dict`'s JSON; fields that this version does not know are ignored.

    Raises:
        ValueError: the kind is unknown.
    """
    cls = EVENT_TYPES.get(str(data.get("kind")))
    if cls is None:
        raise ValueError(f"unknown event kind {data.get('kind')!r}")
    values = {key: value for key, value in data.items() if key in _FIELDS[cls]}
    for name in _RESTORED[cls]:
        if values.get(name) is not None:
            values[name] = _RESTORE[name](values[name])
    return cls(**values)


_RESTORE: dict[str, Callable[[Any], Any]] = {
    "sent": lambda rows: tuple(Sent(**row) for row in rows),
    "reasons": lambda rows: tuple(Reason(**row) for row in rows),
    "changes": lambda value: Changes(**{key: tuple(names) for key, names in value.items()}),
    **dict.fromkeys(("tools", "price", "marks", "display", "always", "goals"), tuple),
}
"""What undoes what JSON did to a field: tuples became lists, nested dataclasses dicts."""

_FIELDS = {cls: frozenset(f.name for f in fields(cls)) for cls in EVENT_TYPES.values()}
_RESTORED = {cls: tuple(known & _RESTORE.keys()) for cls, known in _FIELDS.items()}
