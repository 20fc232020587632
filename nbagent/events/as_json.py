"""Events as JSON values, and back: what the journal, the page and exported files hold."""

from __future__ import annotations

from collections.abc import Mapping
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
    known = _FIELDS[cls]
    values = {key: _restore(key, value) for key, value in data.items() if key in known}
    return cls(**values)


def _restore(name: str, value: Any) -> Any:
    """Undo what JSON did to a field: tuples became lists, nested dataclasses dicts."""
    if name == "sent":
        return tuple(Sent(**row) for row in value)
    if name == "reasons":
        return tuple(Reason(**row) for row in value)
    if name == "changes" and value is not None:
        return Changes(**{key: tuple(names) for key, names in value.items()})
    if name in _TUPLES and value is not None:
        return tuple(value)
    return value


_FIELDS = {cls: frozenset(f.name for f in fields(cls)) for cls in EVENT_TYPES.values()}
_TUPLES = ("tools", "price", "marks", "display", "always", "goals")
