"""What a person writes in place of what is in hand at a pause, read and checked.

A change of a reply, a call or a result becomes part of the history, so it must leave one that the
endpoint accepts. A changed request goes once, as it is, and the history stays as it was: it is
the way to see what an endpoint does with a request that is wrong.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, cast

from nbagent.errors import HistoryError, UsageError
from nbagent.messages import REASONING_KEYS, Message, Request, reply_fault
from nbagent.run.moves import InHand, Move
from nbagent.tools import ToolResult

NOTE = "[The user changed this result before you got it.]"
KEPT = "Nothing was changed."


def edited(move: Move, value: Any, *, thinking: bool) -> InHand:
    """Read what takes the place of what is in hand.

    Args:
        move: the place, with what is in hand.
        value: a request's body, a message, a call's arguments (each an object, or its JSON text),
            or a result's text.
        thinking: whether tool calls must keep their reasoning.

    Raises:
        UsageError: it cannot be read, or would break the history; the text names the fault.
    """
    if isinstance(move.in_hand, ToolResult):
        return _result(move.in_hand, value)
    read = _object(value)
    if move.place == "request":
        try:
            return Request.of(read)
        except HistoryError as error:
            raise UsageError(str(error), KEPT) from error
    return _reply(cast("Message", read), thinking=thinking) if move.place == "reply" else read


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise UsageError(f"This is not JSON: {error}.", KEPT) from error
    if not isinstance(value, dict):
        raise UsageError("It must be a JSON object, in braces.", KEPT)
    return value


def _reply(message: Message, *, thinking: bool) -> Message:
    if message.get("role") != "assistant":
        raise UsageError('A reply\'s `role` is "assistant".', KEPT)
    calls = message.get("tool_calls") or []
    if not all(isinstance(call, dict) and _is_call(call) for call in cast("list[Any]", calls)):
        raise UsageError(
            "Each of `tool_calls` needs `id`, `type` and `function` with `name` and `arguments`, "
            "the last as JSON text.",
            KEPT,
        )
    fault = reply_fault(message, thinking=thinking)
    if fault is None:
        return message
    if thinking and calls and not any(message.get(key) for key in REASONING_KEYS):
        fault += ". To see it refuse, change the request instead: that one request alone"
    raise UsageError(f"The next request would be refused: {fault}.", KEPT)


def _is_call(call: dict[str, Any]) -> bool:
    function = call.get("function")
    texts = [call.get("id")]
    if isinstance(function, dict):
        texts += [function.get("name"), function.get("arguments")]
    return len(texts) > 1 and all(isinstance(text, str) for text in texts)


def _result(result: ToolResult, value: Any) -> ToolResult:
    if not isinstance(value, str):
        raise UsageError("A result is changed by its text.", KEPT)
    text = f"{NOTE}\n{value}"
    if isinstance(result.content, str):
        return replace(result, content=text)
    pictures = [part for part in result.content if part["type"] != "text"]
    return replace(result, content=[{"type": "text", "text": text}, *pictures])
