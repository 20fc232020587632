"""Lesson 08: a tool that does not exist, an error in the data, and a sum in the end."""

from __future__ import annotations

import re

from nbagent.lessons.scenarios.telling import no_answer
from nbagent.lessons.story import Call, Chat, Scenario, Story, Turn, run

ASKED = re.compile(r"\s*(what is|find) the total of @?`?(?P<name>\w+)`?\s*[?.]?\s*", re.IGNORECASE)
UNKNOWN_TOOL = "sum_column"


def total(chat: Chat) -> Story:
    """Call what is not there, then add what cannot be added, then mend the call."""
    found = ASKED.fullmatch(chat.prompt)
    assert found is not None
    name = found["name"]
    yield Turn(
        f"A sum. I seem to remember a tool `{UNKNOWN_TOOL}`, so I call it.",
        calls=(Call(UNKNOWN_TOOL, {"name": name}),),
    )
    (added,) = yield Turn(
        f"There is no `{UNKNOWN_TOOL}`. What is offered runs Python, which can add.",
        f"Then I add up `{name}` in Python.",
        calls=(run(f"print('total:', sum({name}))"),),
    )
    if added.error is not None:
        kind, message = added.error
        (added,) = yield Turn(
            f"{kind}: {message}. Some of them are text. I turn each into a number first.",
            calls=(run(f"print('total:', sum(float(_v) for _v in {name}))"),),
        )
    value = added.line(r"total: (-?\d+(?:\.\d+)?)")
    if value is None:
        return Turn("There is no total.", no_answer(f"the total of `{name}`", added))
    return Turn("The total is printed.", f"The total of `{name}` is **{value[1]}**.")


BROKEN = Scenario(
    "lesson 08",
    lambda chat: ASKED.fullmatch(chat.prompt) is not None,
    total,
    frozenset({"run_python"}),
)
