"""Mends a history that was made elsewhere, so that the endpoint takes it, and says what it changed.

Exports of other tools and old journals hold calls without results, results without calls, ids
that repeat, arguments that are no JSON, and more. `repaired` turns any list of JSON values into a
history without a fault (see `nbagent.messages.first_fault`). What a message said is kept, as text
where it can be nothing else; each change is listed; a message without a fault comes back as the
very same dict. Nothing here is ever done to a run's own history.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from nbagent.errors import UsageError
from nbagent.messages import REASONING_KEYS, Content, Message, Part, ToolCall, reasoning_of
from nbagent.phrases import clean, one_line, plural

NO_RESULT = "[no result was recorded]"
NO_OUTPUT = "(no output)"
ORPHAN = "[A tool result without its call]"
ROLES: Mapping[str, str] = {
    "developer": "system",
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "function": "tool",
}
"""What other tools call the four roles."""
TEXT_PARTS = ("text", "input_text", "output_text")
NAMED_MAX = 8
"""How many messages a line of the report names."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """A history without a fault.

    Attributes:
        messages: the history.
        changes: what was changed, as `(place in the given list, from 0; what was done)`.
    """

    messages: list[Message]
    changes: tuple[tuple[int, str], ...] = ()

    @property
    def report(self) -> str:
        """Every change in words, one kind a line; '' if nothing was changed."""
        by_what: dict[str, list[int]] = {}
        for place, what in self.changes:
            by_what.setdefault(what, []).append(place)
        return "\n".join(f"{_named(places)}: {what}" for what, places in by_what.items())

    @property
    def summary(self) -> str:
        """How much was changed, as a sentence; '' if nothing was."""
        if not self.changes:
            return ""
        return f"The history was repaired: {plural(len(self.changes), 'change')}."


def _named(places: list[int]) -> str:
    named = list(dict.fromkeys(places))
    listed = ", ".join(map(str, named[:NAMED_MAX]))
    more = f" and {len(named) - NAMED_MAX} more" if len(named) > NAMED_MAX else ""
    return f"{'message' if len(named) == 1 else 'messages'} {listed}{more}"


def parsed(text: str) -> list[Any]:
    """The list of messages that a file holds: a JSON list, or an object with `messages`.

    Raises:
        UsageError: it holds something else.
    """
    try:
        value = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"This is not JSON: {error}.", "Nothing was changed.") from None
    if isinstance(value, dict):
        value = value.get("messages")
    if not isinstance(value, list):
        raise UsageError(
            "This is no history: it should be a list of messages, or an object with `messages`.",
            "Nothing was changed.",
        )
    return value


def repaired(
    history: Iterable[Any], *, thinking: bool = True, reasoning_key: str = "reasoning_content"
) -> Repaired:
    """Mend a history; the same list gives the same outcome, and a mended one comes back as it is.

    Args:
        history: JSON values, messages in the OpenAI format for the most part.
        thinking: whether replies that call tools must carry their reasoning.
        reasoning_key: the field that carries it.
    """
    mender = _Mender(thinking=thinking, reasoning_key=reasoning_key)
    entries = [
        (i, message)
        for i, entry in enumerate(history)
        if (message := mender.message(i, entry)) is not None
    ]
    return Repaired(mender.paired(entries), tuple(mender.changes))


class _Mender:
    """Mends message by message, then puts calls and results together; lists what it changes."""

    def __init__(self, *, thinking: bool, reasoning_key: str) -> None:
        self._thinking = thinking
        self._reasoning_key = reasoning_key
        self.changes: list[tuple[int, str]] = []

    def _note(self, place: int, what: str) -> None:
        self.changes.append((place, what))

    # One message by itself

    def message(self, place: int, entry: Any) -> Message | None:
        """The message, the same dict if it has no fault of its own; None if it is left out."""
        if isinstance(entry, str) and entry:
            self._note(place, "a bare text became a message of the user")
            entry = {"role": "user", "content": entry}
        if not isinstance(entry, dict):
            self._note(place, "left out, as it is no message")
            return None
        mended = self._with_role(place, self._without(place, entry, _odd_fields(entry)))
        if "content" in mended:
            mended = self._with_content(place, mended)
        if mended["role"] == "assistant":
            return self._reply(place, mended)
        strange = {"tool_calls", "function_call"} & set(mended)
        if mended["role"] != "tool":
            strange |= {"tool_call_id"} & set(mended)
        mended = self._without(place, mended, strange)
        if mended["role"] != "tool" and not mended.get("content"):
            self._note(place, "left out, as it is empty")
            return None
        return cast("Message", mended)

    def _without(self, place: int, entry: dict[str, Any], names: set[str]) -> dict[str, Any]:
        if not names:
            return entry
        listed = ", ".join(one_line(clean(name), 40) for name in sorted(names)[:NAMED_MAX])
        self._note(place, f"fields that are empty or have no place there were left out ({listed})")
        return {name: value for name, value in entry.items() if name not in names}

    def _with_role(self, place: int, entry: dict[str, Any]) -> dict[str, Any]:
        role = entry.get("role")
        if role in ("system", "user", "assistant", "tool"):
            return entry
        other = ROLES.get(role, "user") if isinstance(role, str) else "user"
        shown = one_line(clean(str(role)), 40)
        self._note(
            place, f"its role {shown!r} became {other!r}" if role else "it became the user's"
        )
        return {**entry, "role": other}

    def _with_content(self, place: int, entry: dict[str, Any]) -> dict[str, Any]:
        content = entry["content"]
        if isinstance(content, str):
            return entry
        if not isinstance(content, list):
            self._note(place, "its content became text")
            return {**entry, "content": json.dumps(content, ensure_ascii=False)}
        parts = [mended for part in content if (mended := _part(part)) is not None]
        if len(parts) == len(content) and all(map(_same, parts, content)):
            return entry
        self._note(place, "parts of its content became text or were left out")
        return {**entry, "content": parts}

    def _reply(self, place: int, entry: dict[str, Any]) -> Message | None:
        entry = self._with_calls(place, entry)
        entry = self._without(place, entry, {"tool_call_id"} & set(entry))
        has_calls = bool(entry.get("tool_calls"))
        if not entry.get("content"):
            if not has_calls:
                self._note(place, "left out, as it has neither text nor calls")
                return None
            entry = self._without(place, entry, {"content"} & set(entry))
        if has_calls and self._thinking and not reasoning_of(cast("Message", entry)):
            self._note(place, "its reasoning is missing; a blank stands in its place")
            kept = {name: value for name, value in entry.items() if name not in REASONING_KEYS}
            entry = {**kept, self._reasoning_key: " "}
        return cast("Message", entry)

    def _with_calls(self, place: int, entry: dict[str, Any]) -> dict[str, Any]:
        """Mend the calls of a reply; one that cannot be a call becomes part of its text."""
        given = entry.get("tool_calls")
        if "function_call" in entry:
            self._note(place, "its call was put into today's form")
            given = [
                *(given if isinstance(given, list) else []),
                {"function": entry["function_call"]},
            ]
            entry = {name: value for name, value in entry.items() if name != "function_call"}
        elif given is None:
            return entry
        elif not given or not isinstance(given, list):
            return self._without(place, entry, {"tool_calls"})
        calls: list[Any] = []
        texts: list[str] = []
        for call in given:
            mended = self._call(place, call)
            if mended is None:
                self._note(place, "a call that cannot be one became text")
                texts.append(f"[A call that could not be made: {json.dumps(call)}]")
            else:
                calls.append(mended)
        if len(calls) == len(given) and all(map(_same, calls, given)):
            return entry
        mended_entry = {name: value for name, value in entry.items() if name != "tool_calls"}
        if calls:
            mended_entry["tool_calls"] = calls
        if texts:
            mended_entry["content"] = _with_text(mended_entry.get("content"), "\n".join(texts))
        return mended_entry

    def _call(self, place: int, call: Any) -> dict[str, Any] | None:
        """A call in its form, perhaps without an id yet; None if it names no function or so."""
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            return None
        name = function.get("name")
        if not isinstance(name, str) or not name:
            return None
        arguments = function.get("arguments")
        if not isinstance(arguments, str) or not arguments:
            self._note(place, "a call's arguments became JSON text")
            arguments = "{}" if arguments in (None, "") else json.dumps(arguments)
        try:
            json.loads(arguments)
        except (ValueError, RecursionError):
            return None
        call_id = call.get("id")
        mended: dict[str, Any] = {
            "id": call_id if isinstance(call_id, str) else "",
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }
        if mended == call:
            return cast("dict[str, Any]", call)
        if arguments == function.get("arguments") and mended["id"] == call_id:
            self._note(place, "a call was put into its form")
        return mended

    # Calls and results together

    def paired(self, entries: Sequence[tuple[int, Message]]) -> list[Message]:
        """The history with each call's result right behind its reply, in order."""
        history: list[Message] = []
        k = 0
        while k < len(entries):
            place, message = entries[k]
            k += 1
            calls = message.get("tool_calls") if message["role"] == "assistant" else None
            if not calls:
                history += self._plain(place, message)
                continue
            ends = (j for j in range(k, len(entries)) if entries[j][1]["role"] == "assistant")
            end = next(ends, len(entries))
            history += self._answered(place, message, calls, entries[k:end])
            k = end
        return history

    def _plain(self, place: int, message: Message) -> list[Message]:
        """A message that answers no call."""
        if message["role"] != "tool":
            return [message]
        content = message.get("content")
        if not content:
            self._note(place, "left out, as it is an empty result without its call")
            return []
        self._note(place, "a result without its call became a message of the user")
        return [{"role": "user", "content": _with_text(content, ORPHAN, first=True)}]

    def _answered(
        self,
        place: int,
        message: Message,
        calls: list[ToolCall],
        behind: Sequence[tuple[int, Message]],
    ) -> list[Message]:
        """A reply with calls, their results, and what else came before the next reply."""
        found = _results(calls, behind)
        wanted = [found[n] for n in range(len(calls)) if n in found]
        if wanted != list(range(len(wanted))):
            self._note(place, "its results were put right behind it, in order")
        ids = self._ids(place, calls)
        if ids != [call["id"] for call in calls]:
            renamed = [{**call, "id": new} for call, new in zip(calls, ids, strict=True)]
            message = {**message, "tool_calls": cast("list[ToolCall]", renamed)}
        history = [message]
        for n, call_id in enumerate(ids):
            if n in found:
                history.append(self._result(*behind[found[n]], call_id))
            else:
                self._note(place, f"a call has no result; it got {NO_RESULT!r}")
                history.append({"role": "tool", "tool_call_id": call_id, "content": NO_RESULT})
        taken = set(found.values())
        for k, (other_place, other) in enumerate(behind):
            history += [] if k in taken else self._plain(other_place, other)
        return history

    def _ids(self, place: int, calls: list[ToolCall]) -> list[str]:
        """The calls' ids, new ones where they are missing or repeated."""
        given = [call["id"] for call in calls]
        ids: list[str] = []
        for n, call_id in enumerate(given):
            new = call_id if call_id not in ids else ""
            if not new:
                self._note(place, "a call's id was missing or repeated; it got a new one")
                new = f"call_{place}_{n}"
            while new in ids or (new != call_id and new in given):
                new += "_"
            ids.append(new)
        return ids

    def _result(self, place: int, message: Message, call_id: str) -> Message:
        if message.get("tool_call_id") != call_id:
            self._note(place, "a result got the id of its call")
            message = {**message, "tool_call_id": call_id}
        if not message.get("content"):
            self._note(place, f"an empty result became {NO_OUTPUT!r}")
            message = {**message, "content": NO_OUTPUT}
        return message


def _odd_fields(entry: dict[str, Any]) -> set[str]:
    """Fields that are null, or of a type that they cannot have."""
    odd = {name for name, value in entry.items() if value is None}
    for name in ("name", "tool_call_id"):
        odd |= {name} if name in entry and not isinstance(entry[name], str) else set()
    for name in REASONING_KEYS:
        odd |= {name} if name in entry and not isinstance(entry[name], str | list) else set()
    return odd


def _results(calls: list[ToolCall], behind: Sequence[tuple[int, Message]]) -> dict[int, int]:
    """Which of the messages behind a reply answers which of its calls: by id, then by order."""
    tools = {k: m.get("tool_call_id", "") for k, (_, m) in enumerate(behind) if m["role"] == "tool"}
    found: dict[int, int] = {}
    by_id: dict[str, list[int]] = {}
    for k, call_id in tools.items():
        by_id.setdefault(call_id, []).append(k)
    for n, call in enumerate(calls):
        if call["id"] and by_id.get(call["id"]):
            found[n] = by_id[call["id"]].pop(0)
    taken = set(found.values())
    left = [k for k in tools if k not in taken]
    for n, call in enumerate(calls):
        fits = (k for k in left if n not in found and not (call["id"] and tools[k]))
        fit = next(fits, None)
        if fit is not None:
            found[n] = fit
            left.remove(fit)
    return found


def _part(part: Any) -> Part | None:
    """A part of a content: the same if it has no fault, text if it can be nothing else."""
    if isinstance(part, str):
        return {"type": "text", "text": part} if part else None
    if not isinstance(part, dict):
        return None
    text, picture = part.get("text"), part.get("image_url")
    if part.get("type") in TEXT_PARTS:
        is_ours = part["type"] == "text" and isinstance(text, str) and text
        return cast("Part", part) if is_ours else _part(text) if isinstance(text, str) else None
    if part.get("type") == "image_url":
        if isinstance(picture, dict) and isinstance(picture.get("url"), str):
            return cast("Part", part)
        if isinstance(picture, str):
            return {"type": "image_url", "image_url": {"url": picture}}
    shown = one_line(clean(str(part.get("type"))), 40)
    return {"type": "text", "text": f"[a part of type {shown} was left out]"}


def _same(mended: object, given: object) -> bool:
    return mended is given


def _with_text(content: Any, text: str, *, first: bool = False) -> Content:
    """A content with a further text behind it, or before."""
    if not content:
        return text
    if isinstance(content, str):
        return f"{text}\n{content}" if first else f"{content}\n{text}"
    part: Part = {"type": "text", "text": text}
    return [part, *content] if first else [*content, part]
