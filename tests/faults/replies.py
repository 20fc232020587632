"""Replies that are whole as streams and unfit, or odd, as replies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.faults.fault import (
    TOLERATED,
    Break,
    Fault,
    Outcome,
    always,
    ends,
    sends,
    tells,
)
from tests.faults.streams import invalid
from tests.faults.turns import FAILED, LOST, Call, Turn, note
from tests.kimi.wire_server import delta


def replied(turn: Turn, finish: str = "") -> Break:
    return sends([*turn.open_events(), *turn.end_events(finish)])


def calling(arguments: str, *, name: str = "note", id_: str = "note:9", why: str = LOST) -> Turn:
    return Turn(f"{why} thought.", "", (Call(id_, name, arguments),))


def told(name: str, arguments: str, words: str, *, tool: str = "note") -> Fault:
    """A call that is fit for the history and cannot be run: the model is told."""
    reply = calling(arguments, name=tool, why="Odd")
    return Fault(name, replied(reply), tells(words), reply=reply)


def discarded(name: str, turn: Turn, words: str, finish: str = "") -> Fault:
    return invalid(name, replied(turn, finish), words)


def fragments(name: str, *fragments_: dict[str, Any], words: str) -> Fault:
    """Tool calls in pieces that make no call."""
    events = [*FAILED.up_to("reasoning"), *(delta(tool_calls=[f]) for f in fragments_)]
    return invalid(name, sends([*events, *FAILED.end_events()]), words)


def nested(depth: int) -> str:
    return '{"text": ' + "[" * depth + "]" * depth + "}"


ONLY_THOUGHT = Turn(f"{LOST} thought.", "")
NOTHING = Turn("", "")
LONG = "The token limit was reached in the midst of this"
TWINS = Turn(f"{LOST}.", "", (note(8, LOST), Call("note:8", "note", '{"text": "LOST too"}')))
TOKENS = f"<|tool_calls_section_begin|><|tool_call_begin|>functions.note:0 {LOST}"

FAULTS = [
    discarded("an empty reply", NOTHING, "holds nothing"),
    discarded("an empty reply that claims calls", NOTHING, "announced", "tool_calls"),
    discarded("reasoning only", ONLY_THOUGHT, "only reasoning"),
    discarded("blanks only", Turn(f"{LOST}.", " \n "), "only reasoning"),
    always(
        discarded("an empty reply", NOTHING, "holds nothing"),
        ends("invalid_turn", "3 attempts", retries=2),
    ),
    always(
        discarded("reasoning only", ONLY_THOUGHT, "only reasoning"),
        ends("invalid_turn", "only reasoning", retries=2),
    ),
    discarded("tokens of a call in the answer", Turn(f"{LOST}.", TOKENS), "control tokens"),
    discarded("tokens of a call in reasoning", Turn(TOKENS, f"{LOST}."), "control tokens"),
    discarded("tokens of a call in arguments", calling(f'{{"text": "{TOKENS}"}}'), "control tok"),
    discarded("arguments cut short", calling('{"text": "LO'), "not valid JSON"),
    discarded("arguments that are no JSON", calling("{text: LOST}"), "not valid JSON"),
    discarded("arguments with NaN", calling('{"text": NaN}'), "not valid JSON"),
    replace(
        discarded("arguments nested without end", calling(nested(100_000)), "not valid JSON"),
        settings={"notice_repeats": False},
    ),
    discarded("arguments twice", calling('{"text": "LOST"}{"text": "LOST"}'), "not valid JSON"),
    discarded("two calls of one id", TWINS, "carry one id"),
    discarded("a call without a name", calling("{}", name=""), "names no function"),
    discarded("a name of blanks", calling("{}", name="   "), "no function can have"),
    discarded("a name with a prefix", calling("{}", name="functions.note"), "no function can have"),
    discarded("a name too long", calling("{}", name="n" * 100), "no function can have"),
    always(
        discarded("a call without a name", calling("{}", name=""), "names no function"),
        ends("invalid_turn", "3 attempts", retries=2),
    ),
    discarded("aborted", FAILED, "broke the reply off", "abort"),
    discarded("finished by an error", FAILED, "broke the reply off", "error"),
    fragments("a fragment that has no call", {"index": 0, "id": "a"}, words="names no function"),
    invalid(
        "no finish, but [DONE]",
        sends([*FAILED.open_events(), b"data: [DONE]\n\n"]),
        "cut off before its end",
    ),
    Fault(
        "filtered",
        replied(Turn(f"{LOST}.", f"{LOST} half"), "content_filter"),
        ends("content_filter", "content filter cut this reply"),
    ),
    Fault(
        "cut at the limit in arguments",
        replied(calling('{"text": "LO'), "length"),
        ends("length", "--max-tokens"),
    ),
    Fault(
        "cut at the limit in reasoning", replied(ONLY_THOUGHT, "length"), ends("length", "before")
    ),
    Fault(
        "cut at the limit in the answer",
        replied(Turn("Long.", LONG), "length"),
        Outcome(answer=LONG, mark="cut_at_limit"),
        reply=Turn("Long.", LONG),
    ),
    Fault(
        "calls without reasoning",
        replied(Turn("", "", (note(9, LOST),))),
        Outcome(kind="no_reasoning", retries=1, words="without its reasoning"),
    ),
    told("wrong types", '{"text": 7}', "was not run"),
    told("an argument too many", '{"text": "x", "loud": true}', "was not run"),
    told("an argument too few", "{}", "was not run"),
    Fault(
        "no arguments at all",
        replied(calling("", why="Odd")),
        tells("was not run"),
        reply=calling("{}", why="Odd"),
    ),
    told("null for arguments", "null", "must be a JSON object"),
    told("a list for arguments", '["x"]', "must be a JSON object"),
    told("arguments nested 100 deep", nested(100), "was not run"),
    told("arguments nested 400 deep", nested(400), "was not run"),
    told("a key that is no name", '{"\\u0000": 1, "text": "x"}', "was not run"),
    told("an unknown tool", '{"text": "x"}', "There is no tool called", tool="notes"),
    Fault(
        "the same call again and again",
        replied(calling("{}", name="look", why="Odd")),
        Outcome("limit", words="Say what it should try instead", unknown=0),
        times=1_000,
        reply=calling("{}", name="look", why="Odd"),
    ),
    told("a tool that is none", '{"text": "x"}', "The tools are: note", tool="rm_rf"),
    Fault(
        "calls that are said to be an answer",
        sends(lambda turn: [*turn.open_events(), *turn.end_events("stop")]),
        TOLERATED,
    ),
]
