"""A request body, read once: its JSON, and the exact text of each message and of the tool list.

The exact texts are what the prefix cache compares: two prompts share a prefix only if the client
sent the same characters again.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Body:
    """A chat request as it was received.

    Attributes:
        value: the parsed JSON object.
        message_texts: the source text of each entry of `messages`.
        tools_text: the source text of `tools` ('' if there is none).
    """

    value: dict[str, Any]
    message_texts: tuple[str, ...] = ()
    tools_text: str = ""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages; only meaningful once they were judged."""
        messages: list[dict[str, Any]] = self.value["messages"]
        return messages

    @property
    def thinking(self) -> bool:
        """Whether thinking is on: it is unless the request turns it off."""
        thinking = self.value.get("thinking")
        return not isinstance(thinking, dict) or thinking.get("type") == "enabled"

    @property
    def keep_all(self) -> bool:
        """Whether the reasoning of earlier turns reaches the model (Preserved Thinking)."""
        thinking = self.value.get("thinking")
        return isinstance(thinking, dict) and thinking.get("keep") == "all"

    @property
    def tool_names(self) -> frozenset[str]:
        """Names of the functions that the request offers."""
        tools = self.value.get("tools") or []
        if self.value.get("tool_choice") == "none":
            return frozenset()
        return frozenset(tool["function"]["name"] for tool in tools)

    @property
    def tool_schemas(self) -> dict[str, dict[str, Any]]:
        """What the request says of each function that it offers, by name."""
        tools = self.value.get("tools") or []
        return {tool["function"]["name"]: tool["function"] for tool in tools}


def read(raw: bytes) -> Body:
    """Read a request body.

    Raises:
        ValueError: it is not a JSON object in UTF-8.
    """
    text = raw.decode("utf-8")
    value, end = _DECODER.raw_decode(text, _skip(text, 0))
    if not isinstance(value, dict) or _skip(text, end) != len(text):
        raise ValueError("the body is not one JSON object")
    spans = _members(text)
    at = spans.get("messages")
    listed = at is not None and isinstance(value["messages"], list)
    texts = _elements(text, at[0]) if at and listed else ()
    tools = spans.get("tools", (0, 0))
    return Body(value, texts, text[slice(*tools)])


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _members(text: str) -> dict[str, tuple[int, int]]:
    """Where each member's value begins and ends; the text is known to be a JSON object."""
    spans: dict[str, tuple[int, int]] = {}
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        begin = _skip(text, _skip(text, at) + 1)
        _, end = _DECODER.raw_decode(text, begin)
        spans[name] = (begin, end)
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at
    return spans


def _elements(text: str, begin: int) -> tuple[str, ...]:
    """The source text of each element of the array that begins at `begin`."""
    found = []
    at = _skip(text, begin + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        found.append(text[at:end])
        at = _skip(text, end)
        at = _skip(text, at + 1) if text[at] == "," else at
    return tuple(found)
