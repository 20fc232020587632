"""Lesson 02, a tool is a promise in JSON: the exercises and the recap."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from nbagent.lessons import judge
from nbagent.lessons.body import Body
from nbagent.lessons.course.exercise import Case, Cases, Exercise, Ground, Outline, Question
from nbagent.lessons.course.exercises.l02_wrong import ANSWER_WRONG, DESCRIBE_WRONG
from nbagent.lessons.course.judging import attempt
from nbagent.lessons.judge import Refused
from nbagent.lessons.scenarios.l02 import TOOL
from nbagent.lessons.story import Chat, Turn

ASKED = "What is the mean at Lima, to 2 digits?"
DUE = {"station": "lima", "digits": 2}
DECOY = {
    "type": "function",
    "function": {
        "name": "count_missing",
        "description": "Count the readings that are missing at one weather station.",
        "parameters": {
            "type": "object",
            "properties": {"station": {"type": "string"}},
            "required": ["station"],
        },
    },
}


def _describe(schema: Any, _: Ground) -> Cases:
    refusal = _refusal(schema)
    yield Case("the endpoint accepts it", not refusal, refusal, _refusal_hint(refusal))
    if refusal:
        return
    function = schema["function"]
    properties = function.get("parameters", {}).get("properties", {})
    yield Case(
        "it names the function",
        function["name"] == "mean_reading",
        f"the name is {function['name']!r}",
        "The name in the schema is how you will find the function: use `mean_reading`.",
    )
    yield Case(
        "its parameters are the function's",
        set(properties) == set(DUE),
        f"it has {sorted(properties)}, the function takes {sorted(DUE)}",
        "The arguments come back under these names, and `mean_reading(**arguments)` needs its own.",
    )
    types = {name: each.get("type") for name, each in properties.items()}
    yield Case(
        "each has the type that the function takes",
        types == {"station": "string", "digits": "integer"},
        f"the types are {types}",
        "A station is text, and digits are whole numbers: `string` and `integer`.",
    )
    required = function["parameters"].get("required", [])
    yield Case(
        "only what has no default is required",
        required == ["station"],
        f"required are {required}",
        "`digits` has a default, so the model may leave it out.",
    )
    calls = _picked(schema).calls
    arguments = calls[0].arguments if calls and calls[0].name == function["name"] else None
    yield Case(
        f"the model picks it for “{ASKED}”",
        arguments == DUE,
        f"it calls {[each.name for each in calls] or 'no tool'}",
        "The model never sees your code. Say in the description what is computed, in the words "
        "that a question would use.",
    )


def _request(schema: Any) -> Body:
    question = {"role": "user", "content": ASKED}
    return Body({"model": "scripted", "messages": [question], "tools": [schema, DECOY]})


def _refusal(schema: Any) -> str:
    """What the endpoint would say against the schema, '' for nothing."""
    try:
        judge.check_request(_request(schema))
    except Refused as refused:
        return refused.message
    return ""


def _refusal_hint(refusal: str) -> str:
    if "type is not defined" in refusal:
        return "Each property needs a `type`, also beside an `enum`."
    if "invalid type" in refusal:
        return "The types are JSON's: string, integer, number, boolean, array, object."
    if "root schema" in refusal:
        return 'The parameters together are one object: {"type": "object", "properties": {…}}.'
    return "The refusal names the path in the schema. Look there."


def _picked(schema: Any) -> Turn:
    """What the scripted model says to the request: no server, the same story."""
    body = _request(schema)
    return next(TOOL.story(Chat(ASKED, body.tool_names, schemas=body.tool_schemas)), Turn(""))


def mean_reading(station: str, digits: int = 1) -> float:
    """The mean at one station."""
    return round({"lima": 18.55, "oslo": 2.925}[station], digits)


def count_missing(station: str) -> int:
    """The number of missing readings at one station."""
    return {"lima": 2, "oslo": 1}[station]


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "count_missing": count_missing,
    "mean_reading": mean_reading,
}


def _call(n: int, name: str, **arguments: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"id": f"{name}:{n}", "type": "function", "function": function}


def _answer(answer_calls: Any, _: Ground) -> Cases:
    one = [_call(0, "count_missing", station="lima")]
    two = [
        _call(1, "mean_reading", station="oslo", digits=2),
        _call(2, "count_missing", station="oslo"),
    ]
    bad = [_call(3, "count_missing", station="atlantis"), _call(4, "forecast", station="lima")]
    yield from _answered("one call", answer_calls, one, ["2"])
    yield from _answered("two calls, in their order", answer_calls, two, ["2.92", "1"])
    yield from _answered("calls that fail", answer_calls, bad, [None, None])


def _answered(
    what: str, answer_calls: Any, calls: list[dict[str, Any]], due: list[str | None]
) -> Cases:
    """Let the learner's function answer calls; `due` holds each text, None for any error text."""
    got, error = attempt(answer_calls, calls, dict(FUNCTIONS))
    if error is None:
        yield _compared(what, got, calls, due)
    else:
        said = f"{type(error).__name__}: {error}".replace(f"{__name__}.", "")
        yield Case(what, passed=False, difference=said, hint=_raised_hint(error, due))


def _raised_hint(error: Exception, due: list[str | None]) -> str:
    if "mapping" in str(error):
        return "`arguments` is JSON text, not a dict. `json.loads` reads it."
    if None in due:
        return (
            "An error is an answer too: catch it and send its text back, so that the model can "
            "mend its call."
        )
    return "Look at one call with print: its name and arguments are under `function`."


def _compared(what: str, got: Any, calls: list[dict[str, Any]], due: list[str | None]) -> Case:
    if not isinstance(got, list) or len(got) != len(calls):
        n = len(got) if isinstance(got, list) else repr(got)
        hint = "Each call is answered by one message; collect them, and return after the last."
        return Case(what, passed=False, difference=f"{len(calls)} calls, answers: {n}", hint=hint)
    for message, call, content in zip(got, calls, due, strict=True):
        wanted = {"role": "tool", "tool_call_id": call["id"], "content": content}
        if not isinstance(message, dict) or message.get("role") != "tool":
            hint = 'Each answer is a message of role "tool".'
            return Case(what, passed=False, difference=f"an answer is {message!r}", hint=hint)
        if message.get("tool_call_id") != call["id"]:
            hint = "`tool_call_id` says which call is answered: it is the call's own `id`."
            return Case(what, passed=False, difference=f"{message!r} answers no call", hint=hint)
        said = message.get("content")
        if not isinstance(said, str) or not said:
            hint = "The content of a message is text. `str` makes it of a number."
            return Case(what, passed=False, difference=f"content is {said!r}", hint=hint)
        if content is not None and said != content:
            hint = "Call the function that the call names, with the arguments that it gives."
            return Case(what, passed=False, difference=f"{said!r}, not {wanted!r}", hint=hint)
    return Case(what, passed=True)


DESCRIBE = Exercise(
    id="02a",
    title="describe a function",
    answer="mean_schema",
    starter="""\
mean_schema = {
    "type": "function",
    "function": {
        "name": "mean_reading",
        "description": "A function.",
        "parameters": {"type": "object", "properties": {}},
    },
}
""",
    solution="""\
mean_schema = {
    "type": "function",
    "function": {
        "name": "mean_reading",
        "description": "Compute the mean of one weather station's readings.",
        "parameters": {
            "type": "object",
            "properties": {
                "station": {"type": "string", "description": "Name in lower case."},
                "digits": {"type": "integer", "description": "Digits after the point."},
            },
            "required": ["station"],
        },
    },
}
""",
    check=_describe,
    hints=(
        (
            "Begin with the schema of `count_missing` above, and change four things: the name, the "
            "description, the properties, what is required."
        ),
        (
            '"properties": {"station": {"type": "string"}, "digits": {"type": "integer"}}, and a '
            "description with the word “mean”."
        ),
    ),
    wrong=DESCRIBE_WRONG,
)

ANSWER = Exercise(
    id="02b",
    title="answer every call",
    answer="answer_calls",
    starter="""\
def answer_calls(calls, functions):
    answers = []
    for call in calls:
        ...  # run functions[name](**arguments), append one tool message
    return answers
""",
    solution="""\
def answer_calls(calls, functions):
    answers = []
    for call in calls:
        try:
            arguments = json.loads(call["function"]["arguments"])
            content = str(functions[call["function"]["name"]](**arguments))
        except Exception as error:
            content = f"{type(error).__name__}: {error}"
        answers.append({"role": "tool", "tool_call_id": call["id"], "content": content})
    return answers
""",
    check=_answer,
    hints=(
        (
            'A call is a dict: call["id"], call["function"]["name"], call["function"]["arguments"].'
            " The arguments are JSON text."
        ),
        (
            'answers.append({"role": "tool", "tool_call_id": call["id"], "content": str(result)}), '
            "and a `try` around the call."
        ),
    ),
    wrong=ANSWER_WRONG,
)

LESSON = Outline(
    number="02",
    title="A tool is a promise in JSON",
    question="How does a model know my function?",
    minutes=20,
    live_usd=0.05,
    exercises=(DESCRIBE, ANSWER),
    recap=(
        Question(
            "The reply holds a tool call. What has run so far?",
            ("The function, on the server", "The function, in this kernel", "Nothing"),
            2,
            "A call is a wish in JSON. Your code decides whether and how it runs.",
        ),
        Question(
            "What does the model know of your function?",
            (
                "Its source",
                "Its name, its description and its parameters' schema",
                "Its name only",
            ),
            1,
            "So the description is part of the program: it decides when the tool is used.",
        ),
        Question(
            "A function raises an error. What goes back to the model?",
            (
                "A tool message with the error's text",
                "Nothing; the conversation is over",
                "The same question again",
            ),
            0,
            "Each call needs its answer, and an error that is told can be mended.",
        ),
    ),
)
