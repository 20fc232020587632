"""The strict judge: what K2.6's endpoint refuses, in its order and with its texts.

The order is: model, rate, fixed parameters, thinking and tool_choice, tools, messages, tokens
(the key is judged before any of these, by the server). The history rules are written here from
the endpoint's documentation and error texts alone, so that nbagent's own check of a history
(`nbagent.messages`) is tested by somebody else's.

What the endpoint lets pass but a careful client avoids is not refused: `notes` names it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from nbagent.lessons.body import Body
from nbagent.lessons.mfjs import first_fault

WINDOW_TOKENS = 262_144
DEFAULT_REPLY_TOKENS = 32_768
MODELS = ("scripted", "kimi-k2.6")
MAX_TOOLS = 128
MAX_STOPS, MAX_STOP_BYTES = 5, 32
FUNCTION_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9-_]{2,63}")
IMAGE_URL = re.compile(r"data:image/(png|jpeg|webp|gif);base64,|ms://")
FIXED = (("top_p", 0.95), ("n", 1), ("presence_penalty", 0), ("frequency_penalty", 0))


class Refused(Exception):
    """A request that is refused.

    Args:
        status: HTTP status.
        kind: the error's `type`.
        message: the error's text.
    """

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message

    def body(self) -> dict[str, Any]:
        """The response body."""
        return {"error": {"message": self.message, "type": self.kind}}


def invalid(message: str) -> Refused:
    """A 400 with the text that follows `Invalid request: `."""
    return bad(f"Invalid request: {message}")


def bad(message: str) -> Refused:
    """A 400 with a text of its own."""
    return Refused(400, "invalid_request_error", message)


def check_key(header: str | None, token: str) -> str:
    """Judge the Authorization header; returns the caller's mark, which may follow the key."""
    if not header or not header.startswith("Bearer "):
        raise Refused(401, "invalid_authentication_error", "Invalid Authentication")
    key, _, mark = header.removeprefix("Bearer ").strip().partition(".")
    if key != token:
        raise Refused(401, "incorrect_api_key_error", "Incorrect API key provided")
    return mark


def check_model(body: Body) -> None:
    """Judge the model's name."""
    model = body.value.get("model")
    if model not in MODELS:
        text = f"Not found the model {model} or Permission denied"
        raise Refused(404, "resource_not_found_error", text)


def check_request(body: Body) -> None:
    """Judge everything that comes after the rate limit, but for the prompt's size."""
    _check_fixed(body)
    _check_thinking(body)
    _check_tools(body.value.get("tools"))
    _check_messages(body.value.get("messages"), thinking=body.thinking)


def reply_tokens(body: Body) -> int:
    """The longest reply that the request allows, in tokens, reasoning included."""
    asked = body.value.get("max_completion_tokens", body.value.get("max_tokens"))
    return DEFAULT_REPLY_TOKENS if asked is None else int(asked)


def check_size(body: Body, prompt_tokens: int) -> None:
    """Judge prompt and longest reply against the window."""
    requested = prompt_tokens + reply_tokens(body)
    if prompt_tokens > WINDOW_TOKENS:
        raise invalid("Input token length too long")
    if requested > WINDOW_TOKENS:
        raise invalid(
            f"Your request exceeded model token limit: {WINDOW_TOKENS} (requested: {requested})"
        )


def _check_fixed(body: Body) -> None:
    temperature = 1 if body.thinking else 0.6
    for name, only in (("temperature", temperature), *FIXED):
        value = body.value.get(name)
        if value is not None and (isinstance(value, bool) or value != only):
            raise bad(f"invalid {name}: only {only} is allowed for this model")
    for name in ("max_tokens", "max_completion_tokens"):
        value = body.value.get(name)
        if value is not None and (type(value) is not int or value < 1):
            raise invalid(f"{name} must be a positive integer")
    stops = body.value.get("stop") or []
    stops = stops if isinstance(stops, list) else [stops]
    if len(stops) > MAX_STOPS or any(len(str(s).encode()) > MAX_STOP_BYTES for s in stops):
        raise invalid("stop takes at most 5 strings of at most 32 bytes")


def _check_thinking(body: Body) -> None:
    thinking = body.value.get("thinking")
    effort = body.value.get("reasoning_effort")
    if thinking is not None:
        if not isinstance(thinking, dict):
            raise invalid("thinking is not valid, expected type object")
        if thinking.get("type") not in ("enabled", "disabled"):
            raise invalid("thinking.type must be one of enabled, disabled")
        if set(thinking) - {"type", "keep"} or thinking.get("keep") not in (None, "all"):
            raise invalid("thinking takes type and keep (null or all) only")
        if effort is not None:
            raise bad("cannot specify both 'thinking' and 'reasoning_effort'")
    if effort is not None and effort not in ("minimal", "low", "medium", "high"):
        raise invalid(f"reasoning_effort {effort!r} is not supported")
    choice = body.value.get("tool_choice")
    named = isinstance(choice, dict)
    if body.thinking and (named or choice == "required"):
        word = "specified" if named else "required"
        raise bad(f"tool_choice '{word}' is incompatible with thinking enabled")
    if not named and choice not in (None, "auto", "none", "required"):
        raise invalid("tool_choice must be auto, none, required or a function")


def _check_tools(tools: Any) -> None:
    if tools is None:
        return
    if not isinstance(tools, list) or len(tools) > MAX_TOOLS:
        raise invalid(f"tools must be an array of at most {MAX_TOOLS}")
    names: set[str] = set()
    for tool in tools:
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or tool.get("type") != "function":
            raise invalid("tools takes entries of type function only")
        name = function.get("name")
        if not isinstance(name, str) or not FUNCTION_NAME.fullmatch(name):
            raise invalid(
                f"function name {name} is invalid, must start with a letter and can contain "
                "letters, numbers, underscores, and dashes, 3 to 64 characters"
            )
        if name in names:
            raise invalid(f"function name {name} is duplicated")
        names.add(name)
        fault = first_fault(function.get("parameters"))
        if fault:
            raise invalid(
                "tools.function.parameters is not a valid moonshot flavored json schema, "
                f"details: <{fault}>"
            )


def _check_messages(messages: Any, *, thinking: bool) -> None:
    if not isinstance(messages, list) or not messages:
        raise invalid("messages must be a non-empty array")
    unanswered: list[str] = []
    may_answer = False
    for i, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in ("system", "user", "assistant", "tool"):
            raise invalid(f"the message at position {i} has no valid role")
        _check_content(i, message)
        if role == "tool":
            if not may_answer:
                raise invalid(
                    "messages with role 'tool' must be a response to a preceeding message "
                    "with 'tool_calls'"
                )
            _check_answer(message, unanswered)
            continue
        _check_all_answered(unanswered)
        calls = message.get("tool_calls") or []
        if role == "assistant":
            _check_assistant(i, message, calls, thinking=thinking)
        unanswered = [call["id"] for call in calls]
        may_answer = bool(calls)
    _check_all_answered(unanswered)


def _check_all_answered(unanswered: list[str]) -> None:
    if unanswered:
        raise bad(
            "an assistant message with 'tool_calls' must be followed by tool messages responding "
            "to each 'tool_call_id'. The following tool_call_ids did not have response messages: "
            + ", ".join(unanswered)
        )


def _check_answer(message: dict[str, Any], unanswered: list[str]) -> None:
    call_id = message.get("tool_call_id") or ""
    if call_id not in unanswered:
        raise invalid(f"tool_call_id {call_id} is not found")
    unanswered.remove(call_id)


def _check_assistant(i: int, message: dict[str, Any], calls: Any, *, thinking: bool) -> None:
    if not calls:
        return
    if not isinstance(calls, list):
        raise invalid(f"tool_calls at position {i} must be an array")
    ids: set[str] = set()
    for call in calls:
        _check_call(i, call)
        if call["id"] in ids:
            raise invalid(f"tool_call_id {call['id']} is duplicated")
        ids.add(call["id"])
    reasoning = message.get("reasoning_content")
    if thinking and not (isinstance(reasoning, str) and reasoning):
        raise bad(
            "thinking is enabled but reasoning_content is missing in assistant tool call message "
            f"at index {i}"
        )


def _check_call(i: int, call: Any) -> None:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or call.get("type", "function") != "function":
        raise invalid(f"a tool call at position {i} is not of type function")
    if not isinstance(call.get("id"), str) or not call["id"]:
        raise invalid(f"a tool call at position {i} has no id")
    name = function.get("name")
    if not isinstance(name, str) or not FUNCTION_NAME.fullmatch(name):
        raise invalid(f"a tool call at position {i} has no valid function name")
    try:
        json.loads(str(function["arguments"]))
    except (KeyError, ValueError):
        raise invalid(
            f"the arguments of tool call {call['id']} at position {i} are not valid JSON"
        ) from None


def _check_content(i: int, message: dict[str, Any]) -> None:
    role, content = message["role"], message.get("content")
    if isinstance(content, list):
        for part in content:
            _check_part(part)
    elif not isinstance(content, str | None):
        raise invalid(f"the content of the message at position {i} must be a string or an array")
    if not content and not (role == "assistant" and message.get("tool_calls")):
        raise invalid(f"the message at position {i} with role '{role}' must not be empty")


def _check_part(part: Any) -> None:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text":
        if not isinstance(part.get("text"), str) or not part["text"]:
            raise invalid("text content is empty")
    elif kind == "image_url":
        image = part.get("image_url")
        url = image.get("url") if isinstance(image, dict) else image
        if not IMAGE_URL.match(str(url)):
            raise invalid(f"unsupported image url: {str(url)[:80]}")
    else:
        raise invalid(f"content part of type {kind} is not supported")


def notes(body: Body) -> list[str]:
    """What the endpoint lets pass but a careful client avoids; for a valid request."""
    found = []
    order: list[str] = []
    for i, message in enumerate(body.messages):
        role, calls = message["role"], message.get("tool_calls") or []
        if calls and message.get("content") == "":
            found.append(f"blank content beside tool_calls at index {i}")
        if role == "assistant" and body.keep_all and not message.get("reasoning_content"):
            found.append(f"keep is all but reasoning_content is missing at index {i}")
        if calls and not str(message.get("reasoning_content") or " ").strip():
            found.append(f"blank reasoning_content at index {i}")
        if role == "tool" and order and message["tool_call_id"] != order.pop(0):
            found.append(f"results out of order at index {i}")
        order = [call["id"] for call in calls] or order
    if "max_tokens" in body.value:
        found.append("max_tokens is deprecated; use max_completion_tokens")
    return found
