"""Lesson 02: wrong answers that people give, and the hint for each."""

from __future__ import annotations

from nbagent.lessons.course.exercise import Wrong

_SCHEMA = """\
mean_schema = {
    "type": "function",
    "function": {
        "name": "mean_reading",
        "description": DESCRIPTION,
        "parameters": {
            "type": "object",
            "properties": PROPERTIES,
            "required": ["station"],
        },
    },
}
"""
_GOOD = '{"station": {"type": "string"}, "digits": {"type": "integer"}}'


def _schema(description: str = '"The mean of one station."', properties: str = _GOOD) -> str:
    return _SCHEMA.replace("DESCRIPTION", description).replace("PROPERTIES", properties)


DESCRIBE_WRONG = (
    Wrong(_schema('"Works on readings."'), "never sees your code"),
    Wrong(
        _schema(
            properties='{"station": {"enum": ["lima", "oslo"]}, "digits": {"type": "integer"}}'
        ),
        "needs a `type`",
    ),
    Wrong(
        _schema(properties='{"station": {"type": "str"}, "digits": {"type": "int"}}'),
        "The types are JSON's",
    ),
    Wrong(
        _schema(properties='{"city": {"type": "string"}, "digits": {"type": "integer"}}').replace(
            '["station"]', '["city"]'
        ),
        "come back under these names",
    ),
    Wrong(_schema().replace('["station"]', '["station", "digits"]'), "has a default"),
    Wrong(
        _schema(properties='{"station": {"type": "string"}, "digits": {"type": "string"}}'),
        "whole numbers",
    ),
)

_LOOP = """\
def answer_calls(calls, functions):
    answers = []
    for call in calls:
        arguments = ARGUMENTS
        content = CONTENT
        answers.append(MESSAGE)
RETURN
"""


def _loop(
    arguments: str = 'json.loads(call["function"]["arguments"])',
    content: str = 'str(functions[call["function"]["name"]](**arguments))',
    message: str = '{"role": "tool", "tool_call_id": call["id"], "content": content}',
    returning: str = "    return answers",
) -> str:
    text = _LOOP.replace("ARGUMENTS", arguments).replace("CONTENT", content)
    return text.replace("MESSAGE", message).replace("RETURN", returning)


ANSWER_WRONG = (
    Wrong(_loop(arguments='call["function"]["arguments"]'), "JSON text, not a dict"),
    Wrong(
        _loop(content='functions[call["function"]["name"]](**arguments)'),
        "content of a message is text",
    ),
    Wrong(_loop(message='{"role": "tool", "content": content}'), "which call is answered"),
    Wrong(_loop(returning="        return answers"), "return after the last"),
    Wrong(_loop(), "An error is an answer too"),
    Wrong(_loop(message='{"role": "user", "content": content}'), 'role "tool"'),
)
