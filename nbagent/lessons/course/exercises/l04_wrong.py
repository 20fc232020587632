"""Lesson 04: wrong answers that people really give, each with the hint that it must get."""

from __future__ import annotations

from nbagent.lessons.course.exercise import Wrong

_LOST = """\
def lost(messages):
    found = []
    for i, message in enumerate(messages):
        if TEST:
            found.append(WHAT)
    return found
"""


def _lost(test: str, what: str = "i") -> str:
    return _LOST.replace("TEST", test).replace("WHAT", what)


_GONE = 'not (message.get("reasoning_content") or "").strip()'
_CALLS = 'message.get("tool_calls")'

LOST_WRONG = (
    Wrong(_lost(f'message["tool_calls"] and {_GONE}'), "Not every message has every key"),
    Wrong(_lost(f'message["role"] == "assistant" and {_GONE}'), "calls no tool"),
    Wrong(_lost(_GONE), "Count among all messages"),
    Wrong(_lost(f"{_CALLS} and {_GONE}", "message"), "not messages"),
    Wrong(_lost(f'{_CALLS} and "reasoning_content" not in message'), "its text is empty"),
    Wrong(_lost(f'{_CALLS} and not message.get("reasoning_content")'), "A blank gets past"),
    Wrong(
        f"""\
def lost(messages):
    for i, message in enumerate(messages):
        if {_CALLS} and {_GONE}:
            return [i]
    return []
""",
        "stops at the first",
    ),
    Wrong(
        f"""\
def lost(messages):
    return any({_CALLS} and {_GONE} for message in messages)
""",
        "Return a list",
    ),
)

_BY_HAND = """\
def to_message(message):
    rebuilt = {"role": message.role, "content": message.content}
    THOUGHT
    if message.tool_calls:
        rebuilt["tool_calls"] = CALLS
    return rebuilt
"""


def _by_hand(thought: str, calls: str = "[call.to_dict() for call in message.tool_calls]") -> str:
    return _BY_HAND.replace("THOUGHT", thought).replace("CALLS", calls)


_THOUGHT = 'getattr(message, "reasoning_content", None)'

TO_MESSAGE_WRONG = (
    Wrong("def to_message(message):\n    return message.content\n", "The whole message is wanted"),
    Wrong("def to_message(message):\n    return message\n", "The SDK would send the object"),
    Wrong(_by_hand("pass"), "left behind"),
    Wrong("def to_message(message):\n    return message.model_dump()\n", "are null now"),
    Wrong(
        _by_hand(f'rebuilt["reasoning_content"] = ({_THOUGHT} or "")[:8]'),
        "another one now",
    ),
    Wrong(
        """\
def to_message(message):
    thought = getattr(message, "reasoning_content", " ")
    return {**message.to_dict(), "reasoning_content": thought}
""",
        "not even a blank",
    ),
    Wrong(
        """\
def to_message(message):
    return {**message.to_dict(), "reasoning_content": message.reasoning_content}
""",
        "lacks a field",
    ),
    Wrong(
        """\
def to_message(message):
    return {key: value for key, value in message if value is not None}
""",
        "still the SDK's objects",
    ),
)
