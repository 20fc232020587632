"""Lesson 04, keep the thought: the exercises and the recap."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from nbagent.lessons.course.exercise import Case, Cases, Exercise, Ground, Outline, Question
from nbagent.lessons.course.exercises.l04_wrong import LOST_WRONG, TO_MESSAGE_WRONG
from nbagent.lessons.course.judging import attempt
from nbagent.lessons.course.rehearsal import call, reply, result_of

STATIONS = ("oslo", "lima", "quito", "cairo", "delhi", "paris")
LEAVES = "Each position belongs to a message with `tool_calls` whose reasoning is gone."


def _history(random: random.Random, *thoughts: str | None) -> list[dict[str, Any]]:
    """A conversation with a call for each thought, None for one that was dropped."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Which is warmest?"}]
    for n, (thought, station) in enumerate(zip(thoughts, random.sample(STATIONS, 6), strict=False)):
        message: dict[str, Any] = dict(reply("", "", call("mean_reading", n, station=station)))
        message.pop("reasoning_content")
        if thought is not None:
            message["reasoning_content"] = thought
        messages += [message, result_of(message["tool_calls"][0])]
    return [*messages, {"role": "assistant", "content": "Cairo is."}]


def _lost(lost: Any, ground: Ground) -> Cases:
    chance = ground.random
    noted = [f"Note: {chance.randrange(9)} °C." for _ in range(4)]
    yield _found(lost, "a history in which nothing is lost", _history(chance, *noted), [])
    dropped = _history(chance, noted[0], None, noted[1], None)
    yield _found(lost, "two whose reasoning was dropped", dropped, [3, 7])
    yield _found(lost, "one whose reasoning is an empty text", _history(chance, noted[0], ""), [3])
    yield _found(lost, "one whose reasoning is a blank", _history(chance, " ", noted[0]), [1])


def _found(lost: Any, name: str, messages: list[dict[str, Any]], due: list[int]) -> Case:
    got, error = attempt(lost, messages)
    if error is not None:
        said = f"{type(error).__name__}: {error}"
        hint = "Not every message has every key. `message.get(…)` gives None where one is missing."
        return Case(name, passed=False, difference=said, hint=hint)
    difference = f"it returned {got!r:.80}, due is {due}"
    return Case(name, got == due, difference, _lost_hint(got, messages, due))


def _lost_hint(got: Any, messages: Sequence[dict[str, Any]], due: list[int]) -> str:
    """Which slip leads to this list, as far as one can tell."""
    if not isinstance(got, list):
        return "Return a list: collect what you find, and return it after the last message."
    if got and not all(isinstance(each, int) for each in got):
        return "Return positions, not messages: `enumerate(messages)` counts them for you."
    if any(i >= len(messages) or messages[i]["role"] != "assistant" for i in got):
        return "Count among all messages, as the endpoint does, and look at the assistant's only."
    if any(not messages[i].get("tool_calls") for i in got):
        return "The last message calls no tool, so the endpoint does not ask for its reasoning."
    missed = [i for i in due if i not in got]
    return _missed_hint(messages, missed, stopped=got == due[:1]) if missed else LEAVES


def _missed_hint(messages: Sequence[dict[str, Any]], missed: list[int], *, stopped: bool) -> str:
    gone = messages[missed[0]].get("reasoning_content")
    if stopped:
        return "It stops at the first. Go on to the end of the messages."
    if gone == "":
        return "The key is there, but its text is empty. The endpoint refuses that too."
    if gone is not None:
        return "A blank gets past the endpoint, and holds no thought. `.strip()` takes blanks away."
    return f"messages[{missed[0]}] calls a tool and has no `reasoning_content`."


CAPTURED: Sequence[tuple[str, dict[str, Any]]] = (
    ("an answer", dict(reply("All are known.", "Cairo is."))),
    ("a call, with nothing said", dict(reply("Next is oslo.", "", call("mean_reading", 0)))),
    (
        "two calls at once, and a word beside them",
        dict(
            reply("Both.", "I look.", call("mean_reading", 1, at="lima"), call("mean_reading", 2))
        ),
    ),
    ("other scripts, and lines", dict(reply("注: 21.5 °C\nNext.", "Καλά\n", call("last_one", 3)))),
    ("a reply that came without thinking", {"role": "assistant", "content": "Hello."}),
)
"""Messages as they come, and what each is."""


def _to_message(answer: Any, _: Ground) -> Cases:
    """Try the function on messages of the SDK's own class, which a reply of the learner's has."""
    to_message, reply = answer
    yield Case(
        "it is a function",
        callable(to_message),
        f"it is a {type(to_message).__name__}",
        "The answer is the function itself, without parentheses: to_message.",
    )
    for name, wanted in CAPTURED:
        got, error = attempt(to_message, type(reply).model_validate(wanted))
        if error is not None:
            said = f"{type(error).__name__}: {error}"
            hint = (
                "This reply lacks a field that others have. `message.to_dict()` holds what came, "
                "and nothing else."
            )
            yield Case(name, passed=False, difference=said, hint=hint)
        else:
            yield _same(name, got, wanted)


def _same(name: str, got: Any, wanted: dict[str, Any]) -> Case:
    """Whether a message is as it came; the hint says what became of it."""
    if not isinstance(got, dict):
        kind = type(got).__name__
        hint = (
            "The SDK would send the object as it came, too. A history that you can save as JSON is "
            "made of dicts: turn it into one, whole."
            if kind == "ChatCompletionMessage"
            else "The whole message is wanted as a dict: role, content, reasoning and calls."
        )
        return Case(name, passed=False, difference=f"it is a {kind}", hint=hint)
    lost = [key for key in wanted if key not in got]
    added = [key for key in got if key not in wanted]
    changed = [key for key in wanted if key in got and got[key] != wanted[key]]
    told = [("lost", lost), ("added", added), ("changed", changed)]
    difference = "; ".join(f"{word}: {', '.join(keys)}" for word, keys in told if keys)
    return Case(name, got == wanted, difference, _same_hint(lost, added, changed, got))


def _same_hint(lost: list[str], added: list[str], changed: list[str], got: dict[str, Any]) -> str:
    if "reasoning_content" in lost:
        return "The reasoning is left behind. With a call in it, K2.6 refuses this message."
    if "reasoning_content" in changed:
        return "The reasoning is another one now. Send back the text that came, all of it."
    if "reasoning_content" in added and got["reasoning_content"]:
        return "This reply came without reasoning. Do not invent any, not even a blank."
    if "tool_calls" in changed:
        return "The calls are still the SDK's objects, or not all are there: dicts are wanted."
    if added and all(got[key] is None for key in added):
        return (
            "Fields that never came are null now, and a strict endpoint refuses some of them. "
            "`to_dict()` leaves out what was not set."
        )
    return "Every field that came, as it came, and none besides."


_REPLY = """\
response = client.chat.completions.create(model=lesson.model, messages=kept[:1], tools=tools)
reply = response.choices[0].message

"""

LOST = Exercise(
    id="04a",
    title="find what was lost",
    answer="lost",
    starter="""\
def lost(messages):
    found = []
    for i, message in enumerate(messages):
        ...  # does it call a tool, and is its reasoning gone?
    return found
""",
    solution="""\
def lost(messages):
    found = []
    for i, message in enumerate(messages):
        thought = message.get("reasoning_content") or ""
        if message.get("tool_calls") and not thought.strip():
            found.append(i)
    return found
""",
    check=_lost,
    hints=(
        (
            "Two questions for each message: does it have `tool_calls`, and is there any text in "
            "its `reasoning_content`? A missing key, an empty text and a blank are all “no”."
        ),
        'if message.get("tool_calls") and not (message.get("reasoning_content") or "").strip():',
    ),
    wrong=LOST_WRONG,
)

TO_MESSAGE = Exercise(
    id="04b",
    title="send back what came",
    answer="(to_message, reply)",
    starter=_REPLY
    + """\
def to_message(message):
    return {
        "role": message.role,
        "content": message.content,
        "tool_calls": message.tool_calls,
    }
""",
    solution=_REPLY
    + """\
def to_message(message):
    return message.to_dict()
""",
    check=_to_message,
    hints=(
        "Whatever you list by hand, you may forget. The SDK's object knows what it was made of.",
        "return message.to_dict()",
    ),
    wrong=TO_MESSAGE_WRONG,
)

LESSON = Outline(
    number="04",
    title="Keep the thought",
    question="Why does the reply go back unchanged?",
    minutes=25,
    live_usd=0.32,
    exercises=(LOST, TO_MESSAGE),
    recap=(
        Question(
            "Which messages does K2.6 refuse when their reasoning is missing?",
            (
                "All of the assistant's",
                "Those of the assistant that call tools",
                "The last one of the history",
            ),
            1,
            "A thought that led to a call belongs to the call and its result.",
        ),
        Question(
            "A blank in its place is accepted. What is lost?",
            (
                "Nothing: the results are still there",
                "What was thought and never said: the plan, the notes, what was ruled out",
                "The tool calls",
            ),
            1,
            "Whatever was worked out only in thought has to be worked out again.",
        ),
        Question(
            'What does `"keep": "all"` change?',
            (
                "The reasoning of earlier turns reaches the model too",
                "The model thinks longer",
                "The reasoning is shown to you",
            ),
            0,
            "Within a turn it is used anyway. Across turns it costs input tokens, mostly cached.",
        ),
    ),
)
