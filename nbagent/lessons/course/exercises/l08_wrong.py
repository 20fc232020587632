"""Lesson 08: wrong answers that people give, and the hint for each."""

from __future__ import annotations

from nbagent.lessons.course.exercise import Wrong

_ASK = """\
from nbagent.errors import ModelError

def ask_again(ask, wait):
    for attempt in range(5):
        try:
            return ask()
        except CAUGHT as error:
            if ENDS:
                raise
            WAIT
"""


def _ask(
    caught: str = "ModelError",
    ends: str = "not error.retryable or attempt == 4",
    wait: str = "wait(error.retry_after_s or 0.5 * 2**attempt)",
) -> str:
    return _ASK.replace("CAUGHT", caught).replace("ENDS", ends).replace("WAIT", wait)


ASK_WRONG = (
    Wrong(_ask(ends="True"), "is True of this one"),
    Wrong(_ask(wait="continue"), "busy server busier"),
    Wrong(_ask(wait="wait(2**attempt)"), "server's own word"),
    Wrong(_ask(wait="wait(error.retry_after_s or 1)"), "longer than the one before"),
    Wrong(_ask(ends="attempt == 4"), "Waiting does not help here"),
    Wrong(_ask(ends="not error.retryable"), "end without a word"),
    Wrong(
        "import itertools\n"
        + _ask(ends="not error.retryable").replace("range(5)", "itertools.count()"),
        "Bound it",
    ),
    Wrong(
        _ask(
            caught="BaseException",
            ends='not getattr(error, "retryable", True) or attempt == 4',
            wait='wait(getattr(error, "retry_after_s", None) or 0.5 * 2**attempt)',
        ),
        "nothing wider",
    ),
)

_LOOP = """\
def careful_loop(ask, functions, messages):
    broken = 0
    while True:
        reply, finish = ask(messages)
        calls = reply.get("tool_calls") or []
        LENGTH
        if not all(is_json(call["function"]["arguments"]) for call in calls):
            BROKEN
        messages.append(reply)
        LATE
        if not calls:
            return reply
        for call in calls:
            content = CONTENT
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": content})
"""
_ENDS = 'if finish == "length": raise RuntimeError("cut")'
_COUNTED = (
    'broken += 1\n            if broken == 3: raise RuntimeError("broken")\n            continue'
)


def _loop(
    length: str = _ENDS,
    broken: str = _COUNTED,
    late: str = "pass",
    content: str = "result_of(call, functions)",
) -> str:
    text = _LOOP.replace("LENGTH", length).replace("BROKEN", broken)
    return text.replace("LATE", late).replace("CONTENT", content)


LOOP_WRONG = (
    Wrong(_loop(broken="pass"), "can never be sent back"),
    Wrong(_loop(broken="continue"), "Count the broken replies"),
    Wrong(
        _loop(
            broken="for call in calls:\n"
            '                if not is_json(call["function"]["arguments"]):\n'
            '                    call["function"]["arguments"] = "{}"'
        ),
        "a guess could delete",
    ),
    Wrong(_loop(length="pass"), "is no answer"),
    Wrong(_loop(length='if finish == "length": continue'), "cut the next reply too"),
    Wrong(_loop(length="pass", late=_ENDS), "before you append"),
    Wrong(
        _loop(
            content="str(functions[call['function']['name']]"
            "(**json.loads(call['function']['arguments'])))"
        ),
        "for the model to hear of",
    ),
)
