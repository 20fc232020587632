"""Rehearsals: a learner's loop is run against replies and results that are known beforehand.

No server and no model: a check plays both sides, compares the history that the loop builds with
the one that is due, and says where they first differ.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from nbagent.lessons.course.exercise import Case
from nbagent.lessons.course.judging import Endless
from nbagent.loop import Act, Ask
from nbagent.messages import FunctionCall, Message, ToolCall

QUESTION = {"role": "user", "content": "How many?"}

KEEP = "The reply has to join the history: append it, before its calls are answered."
UNCHANGED = (
    "Append the very object that came. A message that is built anew loses what it leaves out, and "
    "the reasoning is the first to go."
)
EXTEND = "There is one message a result, and `messages` is a flat list: extend it."
EARLY = "It stopped while tools were still called. Only a reply without `tool_calls` is the answer."
SPEAKS = (
    "A reply can say something and call tools in the same breath, so `content` does not tell "
    "whether it is the answer. `tool_calls` does."
)
LATE = "A reply without tool calls is the answer: return it. There is nothing to run."
ACT_TAKES = "It takes the list of calls, `reply['tool_calls']`, not the whole reply."
RETURNS = "Return the reply itself, the last message, whole."


class Stray(Exception):
    """A loop did something that cannot be gone on from.

    Args:
        difference: what it did, in words.
        hint: what to think about.
    """

    def __init__(self, difference: str, hint: str) -> None:
        super().__init__(difference)
        self.difference = difference
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """One conversation: the replies that the model will give, in order.

    Attributes:
        name: what is tried, in words.
        replies: assistant messages; the last one calls no tool.
    """

    name: str
    replies: tuple[Message, ...]

    @property
    def history(self) -> list[Any]:
        """The messages that a good loop ends with."""
        due: list[Any] = [QUESTION]
        for reply in self.replies:
            due += [reply, *(result_of(call) for call in reply.get("tool_calls", []))]
        return due


def call(name: str, n: int, **arguments: Any) -> ToolCall:
    """A tool call, as a reply carries it."""
    function: FunctionCall = {"name": name, "arguments": json.dumps(arguments)}
    return {"id": f"{name}:{n}", "type": "function", "function": function}


def reply(reasoning: str, content: str = "", *calls: ToolCall) -> Message:
    """An assistant message; text that is empty is left out beside calls."""
    message: Message = {"role": "assistant", "reasoning_content": reasoning}
    if content or not calls:
        message["content"] = content
    if calls:
        message["tool_calls"] = [*calls]
    return message


def result_of(call: Any) -> dict[str, Any]:
    """The message that answers a call here."""
    return {"role": "tool", "tool_call_id": call["id"], "content": f"result of {call['id']}"}


class Sides:
    """Both sides of a rehearsal: `ask` gives the next reply, `act` the results.

    Args:
        rehearsal: what is played.
    """

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.rehearsal = rehearsal
        self.n_asked = 0

    def ask(self, messages: Any, _tools: Any = ()) -> Message:
        """The next reply; the history so far must be the one that is due.

        Raises:
            Stray: the history is another one.
            Endless: there is no further reply.
        """
        replies = self.rehearsal.replies
        if self.n_asked >= len(replies):
            raise Endless("the answer was given, and the loop asked again")
        begun = sum(1 + len(each.get("tool_calls", [])) for each in replies[: self.n_asked])
        compare(messages, self.rehearsal.history[: 1 + begun])
        self.n_asked += 1
        return copy.deepcopy(replies[self.n_asked - 1])

    def act(self, calls: Any) -> list[Any]:
        """The results of calls.

        Raises:
            Stray: these are no calls.
        """
        if not calls:
            raise Stray("tools were to run, but the reply calls none", LATE)
        if not isinstance(calls, list):
            raise Stray(f"`calls` is a {type(calls).__name__}, not the list of calls", ACT_TAKES)
        return [result_of(each) for each in calls]


def compare(messages: Any, due: Sequence[Any]) -> None:
    """Compare a history with the one that is due.

    Raises:
        Stray: they differ; it says where first.
    """
    for i, wanted in enumerate(due):
        where = f"messages[{i}]"
        if i >= len(messages):
            hint = KEEP if wanted["role"] == "assistant" else EXTEND
            raise Stray(f"{where} is missing; it should be the {wanted['role']} message", hint)
        got = messages[i]
        if got == wanted:
            continue
        if not isinstance(got, dict):
            raise Stray(f"{where} is a {type(got).__name__}, not a message", EXTEND)
        if got.get("role") != wanted["role"]:
            said = f"{where} is a {got.get('role')} message; the {wanted['role']} message is due"
            raise Stray(said, KEEP if wanted["role"] == "assistant" else EXTEND)
        lost = [name for name in wanted if got.get(name) != wanted[name]]
        said = ", ".join(lost) or "has fields that the reply did not have"
        raise Stray(f"{where} is not as it came: {said}", UNCHANGED)
    if len(messages) > len(due):
        raise Stray(f"messages[{len(due)}] is one too many", "Each message is appended once.")


def rehearse_function(loop: Any, rehearsal: Rehearsal) -> Case:
    """Run a loop that calls `ask(…)` and `act(…)`, with both played by the check.

    Args:
        loop: a function of `messages` and `tools`.
        rehearsal: what is played.
    """
    sides = Sides(rehearsal)
    names = {**loop.__globals__, "ask": sides.ask, "act": sides.act}
    played = FunctionType(loop.__code__, names, loop.__name__, loop.__defaults__, loop.__closure__)
    return _judged(rehearsal, lambda messages: played(messages, []))


def rehearse_generator(loop: Callable[..., Any], rehearsal: Rehearsal) -> Case:
    """Drive a loop that yields `Ask` and `Act`, with both answered by the check.

    Args:
        loop: a generator function of `messages` and `tools`.
        rehearsal: what is played.
    """
    return _judged(rehearsal, lambda messages: _driven(loop(messages, []), Sides(rehearsal)))


def _driven(steps: Generator[Any, Any, Any], sides: Sides) -> Any:
    send: Any = None
    try:
        while True:
            wish = steps.send(send)
            if isinstance(wish, Ask):
                send = sides.ask(wish.messages)
            elif isinstance(wish, Act):
                send = sides.act(wish.calls)
            else:
                said = f"it yielded a {type(wish).__name__}"
                raise Stray(said, "Yield an `Ask` or an `Act`, nothing else.")
    except StopIteration as end:
        return end.value


def _judged(rehearsal: Rehearsal, run: Callable[[list[Any]], Any]) -> Case:
    messages: list[Any] = [copy.deepcopy(QUESTION)]
    try:
        returned = run(messages)
        _check_end(rehearsal, messages, returned)
    except Stray as stray:
        return Case(rehearsal.name, passed=False, difference=stray.difference, hint=stray.hint)
    except Endless as endless:
        return Case(rehearsal.name, passed=False, difference=str(endless), hint=LATE)
    return Case(rehearsal.name, passed=True)


def _check_end(rehearsal: Rehearsal, messages: list[Any], returned: Any) -> None:
    last = rehearsal.replies[-1]
    early = next((r for r in rehearsal.replies[:-1] if r == returned), None)
    if early is not None:
        said = "it returned a reply that still calls tools"
        raise Stray(said, SPEAKS if early.get("content") else EARLY)
    compare(messages, rehearsal.history)
    if returned != last:
        raise Stray(f"it returned {returned!r:.60}", RETURNS)


REHEARSALS = (
    Rehearsal("no tool is called", (reply("Known.", "There are three."),)),
    Rehearsal(
        "one call, then the answer",
        (reply("Count.", "", call("count", 0)), reply("Counted.", "There are three.")),
    ),
    Rehearsal(
        "three calls, one after another",
        (
            reply("List.", "I look first.", call("list", 0)),
            reply("Count.", "", call("count", 1, of="a")),
            reply("Again.", "", call("count", 2, of="b")),
            reply("Counted.", "There are five."),
        ),
    ),
    Rehearsal(
        "two calls at once",
        (
            reply("Both.", "", call("count", 0, of="a"), call("count", 1, of="b")),
            reply("Counted.", "There are five."),
        ),
    ),
)
"""What a loop has to get right; the model's words are ours."""
