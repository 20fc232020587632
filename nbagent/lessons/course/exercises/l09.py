"""Lesson 09, long runs: the exercises and the recap."""

from __future__ import annotations

from typing import Any

from nbagent.lessons import judge
from nbagent.lessons.body import Body
from nbagent.lessons.course.exercise import Case, Cases, Exercise, Ground, Outline, Question, Wrong
from nbagent.lessons.course.rehearsal import QUESTION, call, reply, result_of
from nbagent.lessons.judge import Refused

SYSTEM = {"role": "system", "content": "You add up numbers."}
SUMMARY = {"role": "user", "content": "Summary of what came before: nothing was found yet."}
N_HEAD = 2
"""The system prompt and the question stay in any case."""

PARTED = (
    "The first message that stays is a result, and its call is gone. Go back until it is not of "
    "the role `tool`."
)
SEVERAL = (
    "One reply can call several tools, so several results follow it: go back `while`, not `if`."
)
TOO_FEW = "At least `keep` messages are to stay. Go back to the call, not on to the next one."
TOO_MANY = "More stays than has to: begin at `len(messages) - keep`, and go back from there."
HEAD = (
    "The history is shorter than what is to stay. The first two messages stay anyway, so the index "
    "is never less than 2."
)


def _history(*n_calls: int) -> list[Any]:
    """A history whose replies make so many calls each."""
    messages: list[Any] = [SYSTEM, QUESTION]
    n = 0
    for count in n_calls:
        calls = [call("count", n + i, of=i) for i in range(count)]
        messages += [reply("Count on.", "", *calls), *(result_of(each) for each in calls)]
        n += count
    return messages


def _cut(cut_at: Any, ground: Ground) -> Cases:
    source = ground.random
    long = _history(*[1] * source.randint(8, 12))
    wide = _history(1, 1, 3, 1)
    yield _cut_case("a call is the first that stays", cut_at, long, 4)
    yield _cut_case("a result would be the first", cut_at, long, 5)
    yield _cut_case("the results of three calls", cut_at, wide, 3)
    yield _cut_case("a history that is short", cut_at, _history(1), 3)


def _cut_case(name: str, cut_at: Any, messages: list[Any], keep: int) -> Case:
    got = cut_at([*messages], keep)
    due = max(len(messages) - keep, N_HEAD)
    while messages[due]["role"] == "tool":
        due -= 1
    if got == due:
        return Case(name, passed=True)
    said = f"{len(messages)} messages, keep {keep}: it returned {got!r:.60}"
    if not isinstance(got, int):
        return Case(name, passed=False, difference=said, hint="Return an index: a whole number.")
    if got < N_HEAD:
        return Case(name, passed=False, difference=said, hint=HEAD)
    refusal = _refusal([*messages[:N_HEAD], SUMMARY, *messages[got:]])
    if len(messages) - got < min(keep, len(messages) - N_HEAD):
        hint = TOO_FEW
    elif refusal:
        said = f"{said}. The endpoint says: {refusal}"
        hint = SEVERAL if messages[got - 1]["role"] == "tool" else PARTED
    else:
        hint = TOO_MANY
    return Case(name, passed=False, difference=said, hint=hint)


def _refusal(messages: list[Any]) -> str:
    """What the endpoint would say against a history, '' for nothing."""
    try:
        judge.check_request(Body({"model": "scripted", "messages": messages}))
    except Refused as refused:
        return refused.message
    return ""


PURE = frozenset({"list_rows"})
REUSE = "Its result is in the journal: reuse it. Made again, the call would save a second row."
AGAIN = (
    "It had begun, and no result was written down: it may have saved the row or not. Only a person "
    "or a look can tell."
)
NO_RESULT = "A start is not an end: there is no result that could be reused."
NOT_BEGUN = (
    "A start is written down before a call runs. Where there is none, it has not run: run it."
)
HARMLESS = "It only looks. To look twice harms nobody, so nobody needs to be asked."
WORDS = 'Return a list with one word for each call, in their order: "reuse", "run" or "ask".'


def _begun(index: int) -> dict[str, Any]:
    return {"kind": "tool_started", "index": index}


def _ended(index: int) -> dict[str, Any]:
    return {"kind": "tool_finished", "index": index}


def _take_up(take_up: Any, ground: Ground) -> Cases:
    n = ground.random.randint(2, 4)
    saves = [{"name": "save_row", "arguments": {"n": i}} for i in range(n)]
    look = {"name": "list_rows", "arguments": {}}
    whole = [event for i in range(n) for event in (_begun(i), _ended(i))]
    yield _taken_up("all calls have their results", take_up, saves, whole, ["reuse"] * n)
    cut = [*whole, _begun(n)]
    yield _taken_up(
        "the last call had begun", take_up, [*saves, saves[0]], cut, ["reuse"] * n + ["ask"]
    )
    yield _taken_up(
        "two more had not begun",
        take_up,
        [*saves, saves[0], look],
        whole,
        ["reuse"] * n + ["run"] * 2,
    )
    yield _taken_up(
        "a call that only looks had begun", take_up, [*saves, look], cut, ["reuse"] * n + ["run"]
    )


HINTS = {
    ("reuse", "run"): REUSE,
    ("reuse", "ask"): REUSE,
    ("ask", "run"): AGAIN,
    ("ask", "reuse"): NO_RESULT,
    ("run", "ask"): NOT_BEGUN,
    ("run", "reuse"): NOT_BEGUN,
}


def _taken_up(
    name: str, take_up: Any, calls: list[Any], journal: list[Any], due: list[str]
) -> Case:
    got = take_up([*calls], [*journal], PURE)
    if got == due:
        return Case(name, passed=True)
    if not isinstance(got, list) or len(got) != len(due):
        return Case(name, passed=False, difference=f"it returned {got!r:.80}", hint=WORDS)
    at = next(i for i, word in enumerate(due) if got[i] != word)
    said = f"call {at} ({calls[at]['name']}): it returned {got[at]!r}"
    hint = HINTS.get((due[at], str(got[at])), WORDS)
    if calls[at]["name"] in PURE and _begun(at) in journal:
        hint = HARMLESS
    return Case(name, passed=False, difference=said, hint=hint)


_CUT = "def cut_at(messages, keep):\n    cut = BEGIN\n    BACK\n    return cut\n"


def _cutting(
    begin: str = "max(len(messages) - keep, 2)",
    back: str = 'while messages[cut]["role"] == "tool":\n        cut -= 1',
) -> str:
    return _CUT.replace("BEGIN", begin).replace("BACK", back)


CUT = Exercise(
    id="09a",
    title="where to cut",
    answer="cut_at",
    starter="""\
def cut_at(messages, keep):
    return len(messages) - keep
""",
    solution=_cutting(),
    check=_cut,
    hints=(
        (
            "Begin with the last `keep` messages. If the first of them is a result, its call "
            "stands before it: go back to it. The first two messages always stay."
        ),
        'cut = max(len(messages) - keep, 2); while messages[cut]["role"] == "tool": cut -= 1.',
    ),
    wrong=(
        Wrong(_cutting(back="pass"), "its call is gone"),
        Wrong(
            _cutting(back='while messages[cut]["role"] == "tool":\n        cut += 1'),
            "not on to the next one",
        ),
        Wrong(_cutting(back='if messages[cut]["role"] == "tool":\n        cut -= 1'), "not `if`"),
        Wrong(_cutting(begin="len(messages) - keep"), "never less than 2"),
        Wrong("def cut_at(messages, keep):\n    return 2\n", "More stays than has to"),
    ),
)

_TAKE_UP = """\
def take_up(calls, journal, pure):
    begun = {event["index"] for event in journal if event["kind"] == "tool_started"}
    ended = {event["index"] for event in journal if event["kind"] == "tool_finished"}
    words = []
    for index, call in enumerate(calls):
        if index in ENDED:
            words.append("reuse")
        elif ASKED:
            words.append("ask")
        else:
            words.append("run")
    return words
"""


def _taking(
    ended: str = "ended", asked: str = 'index in begun and call["name"] not in pure'
) -> str:
    return _TAKE_UP.replace("ENDED", ended).replace("ASKED", asked)


TAKE_UP = Exercise(
    id="09b",
    title="take up a run",
    answer="take_up",
    starter=_taking(asked="...")
    .replace('elif ...:\n            words.append("ask")\n        ', "")
    .replace('append("run")', 'append("run")  # every one of them?'),
    solution=_taking(),
    check=_take_up,
    hints=(
        (
            "There are three cases: a result is there; it had begun and there is none; it had not "
            "begun. The second has an exception, `pure`."
        ),
        (
            'if index in ended: "reuse"; elif index in begun and call["name"] not in pure: "ask"; '
            'else: "run".'
        ),
    ),
    wrong=(
        Wrong(_taking(asked="False"), "may have saved the row or not"),
        Wrong(_taking(ended="begun"), "A start is not an end"),
        Wrong(_taking(asked='call["name"] not in pure'), "Where there is none, it has not run"),
        Wrong(_taking(asked="index in begun"), "harms nobody"),
        Wrong(_taking(ended="()"), "reuse it"),
        Wrong(_taking().replace("return words", "return set(words)"), "one word for each call"),
    ),
)

LESSON = Outline(
    number="09",
    title="Long runs",
    question="What changes after a hundred and fifty calls?",
    minutes=30,
    live_usd=2.70,
    exercises=(CUT, TAKE_UP),
    recap=(
        Question(
            "Why do most input tokens of a long run cost little?",
            (
                "Because the model forgets them",
                (
                    "Because each request begins with the bytes of the one before, which the "
                    "provider finds in its cache"
                ),
                "Because results are short",
            ),
            1,
            "A history that only grows keeps its prefix. Whoever rewrites it pays in full again.",
        ),
        Question(
            "What does a compaction remove?",
            (
                "Messages from the record",
                "Older messages from the requests, which get a summary instead",
                "Variables from the kernel",
            ),
            1,
            "The record keeps everything, and so does the kernel. Only requests get shorter.",
        ),
        Question(
            "The kernel ended in the middle of a call. What does a resume do with that call?",
            (
                "It runs again",
                "It counts as done",
                "It is not run again by itself; you decide, or the model looks first",
            ),
            2,
            "Nobody knows whether it took place. Twice would be worse than a look.",
        ),
    ),
)
