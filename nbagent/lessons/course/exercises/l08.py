"""Lesson 08, when things break: the exercises and the recap."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import Any

from nbagent.errors import (
    BadRequest,
    ConnectionFailed,
    ModelError,
    Overloaded,
    QuotaExceeded,
    RateLimited,
)
from nbagent.lessons import judge
from nbagent.lessons.body import Body
from nbagent.lessons.course.exercise import Case, Cases, Exercise, Ground, Outline, Question
from nbagent.lessons.course.exercises.l08_wrong import ASK_WRONG, LOOP_WRONG
from nbagent.lessons.course.judging import Endless, attempt
from nbagent.lessons.course.rehearsal import QUESTION, Stray, call, reply
from nbagent.lessons.judge import Refused
from nbagent.messages import Message

MOST_ASKS = 10
"""More attempts than this at one request are too many, in either exercise."""
ANSWER = reply("Known.", "There are three.")


class Line:
    """A line to the model that fails as it is told to, then gives the answer.

    Args:
        faults: what the first requests come to.
    """

    def __init__(self, faults: Iterable[BaseException]) -> None:
        self._faults: Iterator[BaseException] = iter(faults)
        self.n_asked = 0
        self.waits: list[float] = []

    def ask(self) -> Message:
        """The answer, or the next fault.

        Raises:
            Endless: it was asked far too often.
        """
        self.n_asked += 1
        if self.n_asked > 3 * MOST_ASKS:
            raise Endless("it asks again and again")
        fault = next(self._faults, None)
        if fault is not None:
            raise fault
        return copy.deepcopy(ANSWER)

    def wait(self, seconds: Any) -> None:
        """Note a wait; no time passes."""
        self.waits.append(float(seconds))


def _asking(ask_again: Any, _: Ground) -> Cases:
    line = Line([])
    got, _error = attempt(ask_again, line.ask, line.wait)
    yield Case(
        "a reply that comes at once is returned",
        got == ANSWER and not line.waits,
        f"it returned {got!r:.60} after waits of {line.waits}",
        "Call `ask()`, and return what it returns.",
    )
    yield _told_to_wait(ask_again)
    yield _busy(ask_again)
    yield from (_hopeless(ask_again, fault) for fault in HOPELESS)
    yield _gives_up(ask_again)
    yield _can_be_stopped(ask_again)


def _told_to_wait(ask_again: Any) -> Case:
    line = Line([RateLimited("three a minute", retry_after_s=7.0), ConnectionFailed("cut")])
    got, error = attempt(ask_again, line.ask, line.wait)
    hint = "`error.retry_after_s` is the server's own word: wait so long where it is given."
    if error is not None:
        hint = "`error.retryable` is True of this one: wait, and ask again."
    elif not line.waits:
        hint = "It asks again at once, which makes a busy server busier: call `wait` before."
    passed = got == ANSWER and line.waits[:1] == [7.0]
    said = f"{error!r}" if error else f"{_waited(line.waits)}; the server said 7 s"
    return Case("a rate limit is waited out", passed, said, hint)


def _waited(waits: list[float]) -> str:
    return f"it waited {', '.join(f'{s:g} s' for s in waits)}" if waits else "it did not wait"


def _busy(ask_again: Any) -> Case:
    faults = [Overloaded("busy"), Overloaded("busy"), ConnectionFailed("cut")]
    line = Line(faults)
    got, error = attempt(ask_again, line.ask, line.wait)
    grows = len(set(line.waits)) == len(faults) and line.waits == sorted(line.waits)
    said = f"{error!r}" if error else _waited(line.waits)
    hint = "Let each wait be longer than the one before, as by `0.5 * 2**attempt`."
    return Case("a busy server gets longer and longer pauses", got == ANSWER and grows, said, hint)


HOPELESS = (QuotaExceeded("no credit left"), BadRequest("the history is not valid"))


def _hopeless(ask_again: Any, fault: ModelError) -> Case:
    line = Line([fault])
    _, error = attempt(ask_again, line.ask, line.wait)
    said = f"asked {line.n_asked} times, raised {type(error).__name__}"
    hint = "Waiting does not help here. Raise it at once where `error.retryable` is False."
    return Case(f"{fault.kind} ends it at once", error is fault and line.n_asked == 1, said, hint)


def _gives_up(ask_again: Any) -> Case:
    line = Line(repeat(Overloaded("busy")))
    got, error = attempt(ask_again, line.ask, line.wait)
    hint = "Bound it: after five attempts or so it is time to tell the person."
    if error is None:
        hint = "Do not end without a word: `raise` the fault that came last."
    passed = isinstance(error, Overloaded) and line.n_asked <= MOST_ASKS
    came = f"it raised {type(error).__name__}" if error else f"it returned {got!r}"
    came = "it went on" if isinstance(error, Endless) else came
    said = f"asked {line.n_asked} times, then {came}"
    return Case("it gives up some day, and says why", passed, said, hint)


def _can_be_stopped(ask_again: Any) -> Case:
    line = Line([KeyboardInterrupt()])
    try:
        attempt(ask_again, line.ask, line.wait)
    except KeyboardInterrupt:
        return Case("you can stop it", passed=True)
    said = "a KeyboardInterrupt was taken for a fault"
    hint = "Catch `ModelError`, nothing wider: a stop by the person is no fault."
    return Case("you can stop it", passed=False, difference=said, hint=hint)


class Scene:
    """A conversation with faults in it; both sides are played by the check.

    Args:
        replies: what `ask` returns, each with its finish reason.
    """

    def __init__(self, *replies: tuple[Message, str]) -> None:
        self.replies = replies
        self.n_asked = 0
        self.ran: list[dict[str, Any]] = []
        self.messages: list[Any] = [copy.deepcopy(QUESTION)]

    def ask(self, messages: Any) -> tuple[Message, str]:
        """The next reply; the history is judged as the endpoint does.

        Raises:
            Stray: the endpoint would refuse it.
            Endless: there is no further reply.
        """
        if self.n_asked >= len(self.replies):
            raise Endless("it asks on and on")
        try:
            judge.check_request(Body({"model": "scripted", "messages": messages}))
        except Refused as refused:
            raise Stray(refused.message, POISONED) from None
        self.n_asked += 1
        return copy.deepcopy(self.replies[self.n_asked - 1])

    def count(self, **arguments: Any) -> int:
        """A tool that works."""
        self.ran.append(arguments)
        return 3

    def weigh(self, **_: Any) -> int:
        """A tool that fails.

        Raises:
            OSError: always.
        """
        raise OSError("the scales are not connected")


POISONED = (
    "This reply can never be sent back: the endpoint refuses it, and with it every later request. "
    "Do not append it; ask again."
)
UNBOUNDED = "Count the broken replies: after the third in a row, raise."
GUESSED = (
    "Nobody wrote those arguments, and a guess could delete something. Ask the model again instead."
)
NOT_TOLD = "A tool that fails is for the model to hear of: `result_of` makes a result of it."
CUT = "A reply that was cut at its limit is no answer: raise, with what happened."
SAME_CUT = "The same limit would cut the next reply too, and each one costs. Raise at once."
TOO_LATE = "Look at `finish` before you append: what was cut must not enter the history."


def _good(name: str = "count") -> tuple[Message, str]:
    return reply("Count.", "", call(name, 0, of="a")), "tool_calls"


def _broken() -> tuple[Message, str]:
    message, finish = _good()
    message["tool_calls"][0]["function"]["arguments"] = '{"of": "a'
    return message, finish


END = (ANSWER, "stop")


def _loop(careful_loop: Any, _: Ground) -> Cases:
    yield _ends("nothing breaks", careful_loop, Scene(_good(), END), "3")
    yield _ends("a tool fails", careful_loop, Scene(_good("weigh"), END), "not connected")
    yield _ends("a tool does not exist", careful_loop, Scene(_good("forecast"), END), "forecast")
    yield _ends("arguments are cut off", careful_loop, Scene(_broken(), _good(), END), "3")
    yield _raises(
        "arguments are cut off each time",
        careful_loop,
        Scene(*repeat(_broken(), 3 * MOST_ASKS)),
        lambda scene: scene.n_asked <= MOST_ASKS,
        UNBOUNDED,
    )
    yield _raises(
        "the reply reaches its token limit",
        careful_loop,
        Scene((reply("Long", "There are thr"), "length"), END),
        lambda scene: scene.n_asked == 1,
        SAME_CUT,
    )


def _played(careful_loop: Any, scene: Scene) -> tuple[Any, Exception | None]:
    functions: dict[str, Callable[..., Any]] = {"count": scene.count, "weigh": scene.weigh}
    return attempt(careful_loop, scene.ask, functions, scene.messages)


def _ends(name: str, careful_loop: Any, scene: Scene, told: str) -> Case:
    """A fault that the run survives: the answer comes, and the history holds what it should."""
    got, error = _played(careful_loop, scene)
    if isinstance(error, Stray):
        return Case(name, passed=False, difference=error.difference, hint=error.hint)
    if error is not None:
        known = {"nothing breaks": "", "arguments are cut off": POISONED}
        said = f"{type(error).__name__}: {error}"
        return Case(name, passed=False, difference=said, hint=known.get(name, NOT_TOLD))
    roles = [message.get("role") for message in scene.messages]
    results = [message["content"] for message in scene.messages if message["role"] == "tool"]
    if {} in scene.ran:
        return Case(name, passed=False, difference="count ran without arguments", hint=GUESSED)
    due = ["user", "assistant", "tool", "assistant"]
    if got != ANSWER or roles != due:
        said = f"the history is {', '.join(map(str, roles))}, and it returned {got!r:.40}"
        return Case(name, passed=False, difference=said, hint="")
    said = f"the model is told {results}"
    return Case(name, passed=told in results[0], difference=said, hint=NOT_TOLD)


def _raises(
    name: str, careful_loop: Any, scene: Scene, in_time: Callable[[Scene], bool], late: str
) -> Case:
    """A fault that ends the run."""
    got, error = _played(careful_loop, scene)
    hint = ""
    if isinstance(error, Stray):
        hint = error.hint
    elif isinstance(error, Endless) or not in_time(scene):
        hint = late
    elif error is None:
        hint = CUT
    elif len(scene.messages) > 1:
        hint = TOO_LATE
    else:
        return Case(name, passed=True)
    came = f"it raised {type(error).__name__}" if error else f"it returned {got!r:.60}"
    came = "it went on" if isinstance(error, Endless) else came
    grown = "; the history has grown" if len(scene.messages) > 1 else ""
    said = f"asked {scene.n_asked} times, then {came}{grown}"
    return Case(name, passed=False, difference=said, hint=hint)


ASK = Exercise(
    id="08a",
    title="ask again, or not",
    answer="ask_again",
    starter="""\
from nbagent.errors import ModelError

def ask_again(ask, wait):
    for attempt in range(5):
        try:
            return ask()
        except ModelError as error:
            ...  # raise what waiting cannot mend; else wait(…) and go round again
""",
    solution="""\
from nbagent.errors import ModelError

def ask_again(ask, wait):
    for attempt in range(5):
        try:
            return ask()
        except ModelError as error:
            if not error.retryable or attempt == 4:
                raise
            wait(error.retry_after_s or 0.5 * 2**attempt)
""",
    check=_asking,
    hints=(
        (
            "Three things: raise where `error.retryable` is False or the attempts are used up; "
            "wait as long as `error.retry_after_s` says; where it is None, wait longer each time."
        ),
        (
            "if not error.retryable or attempt == 4: raise; then "
            "wait(error.retry_after_s or 0.5 * 2**attempt)."
        ),
    ),
    wrong=ASK_WRONG,
)

LOOP = Exercise(
    id="08b",
    title="a loop that survives",
    answer="careful_loop",
    starter="""\
def careful_loop(ask, functions, messages):
    while True:
        reply, finish = ask(messages)
        calls = reply.get("tool_calls") or []
        ...  # finish == "length", and arguments that are not is_json: two faults, two answers
        messages.append(reply)
        if not calls:
            return reply
        for call in calls:
            content = result_of(call, functions)
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": content})
""",
    solution="""\
def careful_loop(ask, functions, messages):
    broken = 0
    while True:
        reply, finish = ask(messages)
        calls = reply.get("tool_calls") or []
        if finish == "length":
            raise RuntimeError("The reply was cut at its token limit.")
        if not all(is_json(call["function"]["arguments"]) for call in calls):
            broken += 1
            if broken == 3:
                raise RuntimeError("Three replies in a row were broken.")
            continue
        broken = 0
        messages.append(reply)
        if not calls:
            return reply
        for call in calls:
            content = result_of(call, functions)
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": content})
""",
    check=_loop,
    hints=(
        (
            "Both tests stand before `messages.append(reply)`. A cut reply ends the run: raise. A "
            "broken one is dropped: `continue`, but count them."
        ),
        (
            'if finish == "length": raise RuntimeError("…"); if not all(is_json(call["function"]'
            '["arguments"]) for call in calls): broken += 1, raise at 3, else continue.'
        ),
    ),
    wrong=LOOP_WRONG,
)

LESSON = Outline(
    number="08",
    title="When things break",
    question="What does a good agent do with errors?",
    minutes=25,
    live_usd=0.11,
    exercises=(ASK, LOOP),
    recap=(
        Question(
            "The account has no credit left. What should the loop do?",
            (
                "Wait and ask again, as for every 429",
                "Tell the model, so that it can be brief",
                "End, and tell the person",
            ),
            2,
            "Three faults share the status 429. Only the type tells which can be waited out.",
        ),
        Question(
            "A tool raised an error. Who can do something about it?",
            (
                "The model: it reads the error and mends its call",
                "The server, if it is asked again",
                "Nobody; the run is over",
            ),
            0,
            "The error's text is the result of the call. Most of them are repaired in one step.",
        ),
        Question(
            "A reply's arguments are half a JSON text. Why not append it and report the error?",
            (
                "It would be too long",
                "The endpoint refuses a history that holds it, now and in every later request",
                "The model would be offended",
            ),
            1,
            "Such a history is poisoned. The reply is dropped whole, and asked for again.",
        ),
    ),
)
