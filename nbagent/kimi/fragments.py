"""How the fragments of a streamed message join: text, unknown fields, details, tool calls."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from nbagent.errors import InvalidTurn
from nbagent.messages import ToolCall

_SURROGATES = re.compile("[\ud800-\udfff]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
"""What a function may be called; a history with any other name is refused for good."""
_GROWS = frozenset({"text", "summary", "data"})
"""Fields of a reasoning detail that arrive in pieces; its others arrive whole."""


def joined(parts: list[str]) -> str:
    r"""Concatenate text whose surrogate pairs may be split between parts (`\ud83d` + `\ude00`).

    Raises:
        InvalidTurn: half of a pair is missing.
    """
    text = "".join(parts)
    if text.isascii() or not _SURROGATES.search(text):
        return text
    halves = text.encode("utf-16-le", "surrogatepass")
    try:
        return halves.decode("utf-16-le")
    except UnicodeDecodeError:
        raise InvalidTurn("The reply held half of a character.") from None


def shown(text: str) -> str:
    """A piece of text as it can be shown: half of a surrogate pair becomes U+FFFD."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def merge(old: Any, new: Any) -> Any:
    """Join two pieces of a field that is not known here: strings and lists grow, dicts merge."""
    if isinstance(old, str) and isinstance(new, str):
        return old + new
    if isinstance(old, list) and isinstance(new, list):
        return old + new
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {key: merge(old.get(key), value) for key, value in new.items()}
    return new


def merge_details(details: list[Any], new: list[Any]) -> None:
    """Join OpenRouter's `reasoning_details`: entries of one type and index are one entry."""
    for entry in new:
        twin = next((d for d in details if _same_detail(d, entry)), None)
        if twin is None:
            details.append(dict(entry) if isinstance(entry, dict) else entry)
            continue
        for key, value in entry.items():
            if value is not None:
                twin[key] = merge(twin.get(key), value) if key in _GROWS else value


def _same_detail(old: object, new: object) -> bool:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    return all(old.get(key) == new.get(key) for key in ("type", "index"))


@dataclass(slots=True)
class CallParts:
    """One tool call as it grows.

    Attributes:
        claimed: the index that its fragments carry, if any.
        place: where it stands among the calls of the reply.
    """

    claimed: int | None
    place: int
    id: str = ""
    type: str = "function"
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    others: dict[str, Any] = field(default_factory=dict)
    function_others: dict[str, Any] = field(default_factory=dict)

    def grow(self, fragment: dict[str, Any], function: dict[str, Any]) -> tuple[str, str]:
        """Add a fragment; return its piece of the arguments and the name, if that is news."""
        self.id = self.id or str(fragment.get("id") or "")
        self.type = str(fragment.get("type") or self.type)
        for known, source, kept in (
            (("index", "id", "type", "function"), fragment, self.others),
            (("name", "arguments"), function, self.function_others),
        ):
            for key, value in source.items():
                if key not in known and value is not None:
                    kept[key] = merge(kept.get(key), value)
        name = str(function.get("name") or "")
        news = name not in {"", self.name}
        self.name += name if news else ""
        text = function.get("arguments") or ""
        if not isinstance(text, str):  # some servers send the object itself
            text = json.dumps(text, ensure_ascii=False)
        self.arguments.append(text)
        return text, self.name if news else ""

    def finished(self, call_id: str) -> ToolCall:
        """The call as it enters the message; no arguments at all mean an empty object."""
        text = joined(self.arguments)
        arguments = text if text.strip() else "{}"
        function = {"name": self.name, "arguments": arguments, **self.function_others}
        whole = {"id": call_id, "type": self.type, "function": function, **self.others}
        return cast("ToolCall", whole)


class Calls:
    """The tool calls of one reply, put together by index whatever the order of fragments."""

    def __init__(self) -> None:
        self._calls: list[CallParts] = []

    def take(self, fragments: object) -> Iterator[tuple[int, str, str]]:
        """Add fragments; yield `(place, piece of the arguments, name if it is new)` for each.

        Raises:
            InvalidTurn: their shape is unknown.
        """
        for fragment in _dicts(fragments):
            function = fragment.get("function") or {}
            if not isinstance(function, dict):
                raise InvalidTurn("The reply held a tool call of an unknown shape.")
            call = self._home(fragment, function)
            text, name = call.grow(fragment, function)
            if text or name:
                yield call.place, text, name

    def partial(self) -> list[str]:
        """The arguments of each call as far as they came."""
        return ["".join(call.arguments) for call in self._calls]

    def finished(self) -> list[ToolCall]:
        """The calls in order; a missing id is made of name and place, in the form of K2's own."""
        ordered = sorted(self._calls, key=lambda call: call.place)
        given = {call.id for call in ordered}
        done: list[ToolCall] = []
        for i, call in enumerate(ordered):
            made = f"{call.name}:{i}"
            while not call.id and made in given:
                made += "_"
            done.append(call.finished(call.id or made))
        return done

    def _home(self, fragment: dict[str, Any], function: dict[str, Any]) -> CallParts:
        """The call that a fragment belongs to: by index, else by id, else the latest."""
        index, call_id = fragment.get("index"), str(fragment.get("id") or "")
        named = bool(function.get("name"))
        claimed = index if isinstance(index, int) else None
        for call in reversed(self._calls):
            other_id = bool(call_id and call.id and call.id != call_id)
            if claimed is not None:
                if call.claimed == claimed and not (other_id and named):
                    return call
            elif call_id:
                if call.id == call_id:
                    return call
            elif not (named and call.name):
                return call
            else:
                break
        free = max((call.place for call in self._calls), default=-1) + 1
        taken = any(call.claimed == claimed for call in self._calls)
        place = claimed if claimed is not None and not taken else free
        self._calls.append(CallParts(claimed, place))
        return self._calls[-1]


def _dicts(fragments: object) -> list[dict[str, Any]]:
    if fragments is None:
        return []
    if isinstance(fragments, list) and all(isinstance(f, dict) for f in fragments):
        return fragments
    raise InvalidTurn("The reply held a tool call of an unknown shape.")


def calls_fault(calls: list[ToolCall]) -> str:
    """Say what makes the calls of a finished reply unfit for the history ('' if nothing)."""
    ids = [call["id"] for call in calls]
    if len(set(ids)) < len(ids):
        return "Two of the reply's tool calls carry one id."
    for call in calls:
        function = call["function"]
        if not function["name"]:
            return "A tool call of the reply names no function."
        if not _NAME.fullmatch(function["name"]):
            return "A tool call of the reply has a name that no function can have."
        try:
            json.loads(function["arguments"], parse_constant=_refuse)
        except (ValueError, RecursionError):
            return f"The arguments of the call to {function['name']} are not valid JSON."
    return ""


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
