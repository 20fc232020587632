"""Lesson 03, the loop: the exercises and the recap."""

from __future__ import annotations

import inspect
from typing import Any

from nbagent.lessons.course.exercise import Case, Cases, Exercise, Ground, Outline, Question, Wrong
from nbagent.lessons.course.rehearsal import REHEARSALS, rehearse_function, rehearse_generator

A_FUNCTION = "The answer is the function itself, without parentheses: run_loop."


def _while_loop(loop: Any, _: Ground) -> Cases:
    plain = inspect.isfunction(loop)
    yield Case("it is a function", plain, f"it is a {type(loop).__name__}", A_FUNCTION)
    if plain:
        for rehearsal in REHEARSALS:
            yield rehearse_function(loop, rehearsal)


def _generator(loop: Any, _: Ground) -> Cases:
    yields = inspect.isgeneratorfunction(loop)
    yield Case(
        "it yields what it wants",
        yields,
        "there is no `yield` in it, so calling it makes no generator",
        "Where the first loop called ask(…), this one says: reply = yield Ask(messages, tools).",
    )
    if not yields:
        return
    yield _without_call(loop)
    for rehearsal in REHEARSALS:
        yield rehearse_generator(loop, rehearsal)


def _without_call(loop: Any) -> Case:
    """A loop that still calls `ask` or `act` does I/O itself."""
    called = sorted({"ask", "act"} & set(loop.__code__.co_names))
    hint = "Nothing may be called: yield the wish, and whoever holds the loop carries it out."
    return Case(
        "it calls neither ask nor act", not called, f"it calls {' and '.join(called)}", hint
    )


_WHILE = """\
def run_loop(messages, tools):
    while True:
        reply = ask(messages, tools)
        KEEP
        calls = reply.get("tool_calls")
        if DONE:
            RETURN
        RESULTS
"""


def _while(
    keep: str = "messages.append(reply)",
    done: str = "not calls",
    returning: str = "return reply",
    results: str = "messages.extend(act(calls))",
) -> str:
    text = _WHILE.replace("KEEP", keep).replace("DONE", done)
    return text.replace("RETURN", returning).replace("RESULTS", results)


_YIELDING = """\
from nbagent import Act, Ask

def my_loop(messages, tools):
    while True:
        reply = ASKING
        messages.append(reply)
        calls = reply.get("tool_calls")
        if not calls:
            RETURN
        messages.extend(ACTING)
"""


def _yielding(
    asking: str = "yield Ask(messages, tools)",
    acting: str = "(yield Act(calls))",
    returning: str = "return reply",
) -> str:
    text = _YIELDING.replace("ASKING", asking).replace("ACTING", acting)
    return text.replace("RETURN", returning)


WHILE = Exercise(
    id="03a",
    title="the loop, with a while",
    answer="run_loop",
    starter=_while(keep="...  # keep the reply", done="..."),
    solution=_while(),
    check=_while_loop,
    hints=(
        (
            "Two things are missing: the reply joins the history, and the loop ends at a reply "
            "that calls no tool."
        ),
        "messages.append(reply), and: if not calls.",
    ),
    wrong=(
        Wrong(_while(keep="pass"), "has to join the history"),
        Wrong(
            _while(
                keep='messages.append({"role": "assistant", "content": reply.get("content"), '
                '"tool_calls": reply.get("tool_calls")})'
            ),
            "Append the very object",
        ),
        Wrong(_while(done="calls"), "There is nothing to run"),
        Wrong(_while(done='reply.get("content")'), "in the same breath"),
        Wrong(_while(results="messages.append(act(calls))"), "extend it"),
        Wrong(_while(returning='return reply["content"]'), "Return the reply itself"),
    ),
)

GENERATOR = Exercise(
    id="03b",
    title="the loop that only says what it wants",
    answer="my_loop",
    starter=_yielding(asking="ask(messages, tools)", acting="act(calls)"),
    solution=_yielding(),
    check=_generator,
    hints=(
        "Two words change: `ask(…)` becomes `yield Ask(…)`, and `act(…)` becomes `yield Act(…)`.",
        "reply = yield Ask(messages, tools), and: messages.extend((yield Act(calls))).",
    ),
    wrong=(
        Wrong(
            _yielding(asking="Ask(messages, tools)", acting="Act(calls)"), "Where the first loop"
        ),
        Wrong(_yielding(acting="act(calls)"), "Nothing may be called"),
        Wrong(_yielding(asking="yield messages, tools"), "Yield an `Ask`"),
        Wrong(_yielding(acting="(yield Act(reply))"), "not the whole reply"),
        Wrong(_yielding(returning="return messages"), "Return the reply itself"),
        Wrong(
            _yielding(acting="[(yield Act(calls))]"),
            "flat list",
        ),
    ),
)

LESSON = Outline(
    number="03",
    title="The loop",
    question="What makes it an agent?",
    minutes=30,
    live_usd=0.11,
    exercises=(WHILE, GENERATOR),
    recap=(
        Question(
            "When is the loop done?",
            (
                "When a reply has content",
                "When a reply calls no tool",
                "When every tool has been called once",
            ),
            1,
            "A reply can speak and call tools at once. Only the calls decide.",
        ),
        Question(
            "Why is the reply appended unchanged?",
            (
                "Because copying it is slow",
                (
                    "Because it carries the calls that the results answer, and the reasoning that "
                    "led to them"
                ),
                "Because the SDK forbids to copy it",
            ),
            1,
            "Without its calls the results answer nothing; without its reasoning K2.6 refuses it.",
        ),
        Question(
            "What does `yield Ask(…)` do that `ask(…)` does not?",
            (
                "It makes the request in the background",
                "It hands the wish to whoever holds the loop, who may wait, change or record it",
                "It saves tokens",
            ),
            1,
            "The loop stays the same in a notebook, in a test and under a step debugger.",
        ),
    ),
)
