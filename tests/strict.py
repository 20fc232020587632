"""A judge of histories, written apart from the product's own check: what the endpoint refuses."""

from __future__ import annotations

import json
from typing import Any


def complaints(messages: list[dict[str, Any]]) -> list[str]:
    """Everything that is wrong with a history, most of it in the endpoint's words."""
    found = []
    i = 0
    while i < len(messages):
        message = messages[i]
        role = message.get("role")
        i += 1
        if role == "tool":
            found.append(f"{i - 1}: messages with role 'tool' must be a response to tool_calls")
        elif role in {"user", "system"} and not message.get("content"):
            found.append(f"{i - 1}: content is empty")
        elif role == "assistant" and not message.get("tool_calls"):
            if not message.get("content"):
                found.append(f"{i - 1}: role 'assistant' must not be empty")
        elif role == "assistant":
            found += [f"{i - 1}: {text}" for text in _about_calls(message)]
            wanted = [tool_call["id"] for tool_call in message["tool_calls"]]
            for call_id in wanted:
                answer = messages[i] if i < len(messages) else {}
                if answer.get("role") != "tool" or answer.get("tool_call_id") != call_id:
                    found.append(f"{i}: {call_id} did not have a response message")
                    break
                if not answer.get("content"):
                    found.append(f"{i}: tool content is empty")
                i += 1
    return found


def _about_calls(message: dict[str, Any]) -> list[str]:
    found = []
    if not message.get("reasoning_content"):
        found.append("reasoning_content is missing in assistant tool call message")
    if message.get("content") == "":
        found.append("text content is empty")
    ids = [tool_call["id"] for tool_call in message["tool_calls"]]
    if len(set(ids)) < len(ids) or not all(ids):
        found.append("ids repeat or are missing")
    for tool_call in message["tool_calls"]:
        if set(tool_call) != {"id", "type", "function"}:
            found.append("unknown keys in a call")
        json.loads(tool_call["function"]["arguments"])
    return found
