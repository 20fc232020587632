"""Lesson 05, streaming and tokens/s: the exercises and the recap."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nbagent.lessons.course.exercise import Case, Cases, Exercise, Ground, Outline, Question
from nbagent.lessons.course.exercises.l05_streams import RECORDED, Piece, stream
from nbagent.lessons.course.exercises.l05_wrong import ASSEMBLE_WRONG, METER_WRONG, RACE_WRONG
from nbagent.lessons.course.judging import attempt


def _assemble(assemble: Any, _: Ground) -> Cases:
    for name, deltas, due in RECORDED:
        copied = [{**delta} for delta in deltas]
        got, error = attempt(assemble, copied)
        if error is not None:
            said = f"{type(error).__name__}: {error}"
            yield Case(name, passed=False, difference=said, hint=_raised_hint(error))
        else:
            yield _assembled(name, got, due)


def _raised_hint(error: Exception) -> str:
    if isinstance(error, ValueError):
        return "A fragment is no JSON yet. Arguments stay text; whoever runs the call reads them."
    return "A delta has only the keys that are new in it. `delta.get(…)` gives None for the others."


def _assembled(name: str, got: Any, due: Mapping[str, Any]) -> Case:
    if not isinstance(got, dict):
        hint = "Return the message, a dict with role, reasoning, content and calls."
        return Case(name, passed=False, difference=f"it is {got!r:.60}", hint=hint)
    for field in ("content", "reasoning_content"):
        text, wanted = got.get(field) or "", due.get(field, "")
        if text != wanted:
            said = f"{field} is {text!r:.60}, due is {wanted!r}"
            return Case(name, passed=False, difference=said, hint=_text_hint(field, text, wanted))
    calls, wanted_calls = got.get("tool_calls") or [], due.get("tool_calls", [])
    said = f"calls are {calls!r:.200}"
    return Case(name, calls == wanted_calls, said, _calls_hint(calls, wanted_calls))


def _text_hint(field: str, text: Any, wanted: str) -> str:
    if not text and field == "reasoning_content":
        return "The reasoning comes in deltas of its own, under `reasoning_content`. Join it too."
    if isinstance(text, str) and text and wanted.endswith(text):
        return "Only the last piece is left. A delta is what is new: add it to what was there."
    return "Join all pieces of one field, in the order in which they come, with nothing between."


def _calls_hint(calls: Any, wanted: Sequence[dict[str, Any]]) -> str:
    """What became of the calls, as far as one can tell."""
    if not isinstance(calls, list) or not calls:
        return "The calls come last, in fragments, under `tool_calls`."
    if len(calls) > len(wanted):
        return "Each fragment became a call. Only one with an `id` begins one; others add to it."
    if any(isinstance(call, dict) and "index" in call for call in calls):
        return "`index` belongs to the stream. A call of a message has id, type and function."
    texts = [call.get("function", {}).get("arguments") for call in calls if isinstance(call, dict)]
    if texts and texts[-1] not in {call["function"]["arguments"] for call in wanted}:
        return "The fragments of two calls got mixed up. `index` says which call each belongs to."
    return "Compare with a call of lesson 02: id, type, and a function with name and arguments."


def _meter(meter: Any, ground: Ground) -> Cases:
    chance = ground.random
    for name, recorded in (
        ("reasoning, then an answer", stream(chance, 30, 20)),
        ("three tokens in each piece", stream(chance, 20, 25, many=3)),
        ("a stall of two seconds", stream(chance, 12, 30, stall_s=2.0)),
        ("reasoning and no answer", stream(chance, 24, 0)),
    ):
        pieces, tokens, last = recorded
        got, error = attempt(meter, list(pieces), tokens)
        if error is not None:
            said = f"{type(error).__name__}: {error}"
            hint = "Not every reply has an answer: then `ttfa_s` is None. `next(…, None)` does it."
            yield Case(name, passed=False, difference=said, hint=hint)
        else:
            yield _metered(name, got, pieces, tokens, last)


def _metered(name: str, got: Any, pieces: Sequence[Piece], n: int, last: float) -> Case:
    first = pieces[1][0]
    answer = next((t for t, kind, text in pieces if text and kind == "answer"), None)
    tpot = (last - first) / (n - 1)
    due = {"ttft_s": first, "ttfa_s": answer, "tpot_s": tpot, "tokens_per_s": 1 / tpot}
    if not isinstance(got, dict) or set(got) != set(due):
        hint = "Return a dict with these four keys: ttft_s, ttfa_s, tpot_s, tokens_per_s."
        return Case(name, passed=False, difference=f"it returned {got!r:.80}", hint=hint)
    wrong = next((key for key, value in due.items() if not _near(got[key], value)), "")
    if not wrong:
        return Case(name, passed=True)
    told = "still `...`" if got[wrong] is ... else repr(got[wrong])
    said = f"{wrong} is {told}, due is {due[wrong]!r}"
    slips = {"ttft_s": _ttft_slips(pieces), "tpot_s": _speed_slips(pieces, n, last)}.get(wrong, [])
    hint = next((text for slip, text in slips if _near(got[wrong], slip)), FORMULAS[wrong])
    return Case(name, passed=False, difference=said, hint=hint)


FORMULAS = {
    "ttft_s": "TTFT is the time of the first piece that holds any text, of whatever kind.",
    "ttfa_s": "TTFA is the time of the first piece of the kind `answer`; None if there is none.",
    "tpot_s": "TPOT is the time from the first piece of text to the last, over tokens - 1.",
    "tokens_per_s": "Tokens a second and seconds a token are each other's reciprocal.",
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value != 0


def _near(got: Any, due: float | None) -> bool:
    if got is None or due is None:
        return got is due
    return _is_number(got) and math.isclose(got, due, rel_tol=1e-6)


def _ttft_slips(pieces: Sequence[Piece]) -> list[tuple[float, str]]:
    return [
        (
            pieces[0][0],
            "The first piece is empty: it only opens the reply. Wait for the first with text.",
        ),
        (pieces[1][0] * 1000, "The times are in seconds, and `_s` says seconds."),
        (
            next((t for t, kind, _ in pieces if kind == "answer"), 0.0),
            "Reasoning counts: its first piece is the first token. The answer has `ttfa_s`.",
        ),
    ]


def _speed_slips(pieces: Sequence[Piece], n: int, last: float) -> list[tuple[float, str]]:
    """Seconds a token, by the slip that leads to it."""
    first, end, n_pieces = pieces[1][0], pieces[-1][0], len(pieces) - 2
    return [
        (
            (end - first) / (n - 1),
            "The last piece is empty: it ends the reply. Take the last text.",
        ),
        (
            (last - first) / (n_pieces - 1),
            "A piece may hold several tokens. The count is `tokens`, which comes from the usage.",
        ),
        (
            (last - first) / n,
            "Between n tokens there are n - 1 gaps: the first one starts the clock.",
        ),
        (
            last / n,
            "This has the wait before the first token in it, which no faster decoding shortens.",
        ),
        (
            1 / ((last - first) / (n - 1)),
            "TPOT is seconds a token; this is tokens a second.",
        ),
    ]


TOKENS, SLOW, FAST = 100, 100, 400
"""The much quoted case: a turn of 100 tokens, at 100 or at 400 a second."""


def _race(times_faster: Any, ground: Ground) -> Cases:
    chance = ground.random
    waits = [(0.0, 0.0)]
    waits += [(chance.randrange(4, 9) / 10, chance.randrange(10, 30) / 10) for _ in range(2)]
    for ttft_s, tool_s in waits:
        name = f"{ttft_s:g} s to the first token, {tool_s:g} s of tools"
        name = name if tool_s else "nothing but decoding"
        got, error = attempt(times_faster, TOKENS, SLOW, FAST, ttft_s, tool_s)
        if error is not None:
            said = f"{type(error).__name__}: {error}"
            hint = "It is called with five numbers: tokens, slow, fast, ttft_s, tool_s."
            yield Case(name, passed=False, difference=said, hint=hint)
        else:
            yield _raced(name, got, ttft_s, tool_s)


def _raced(name: str, got: Any, ttft_s: float, tool_s: float) -> Case:
    def ratio(slow_waits: float, fast_waits: float) -> float:
        return (TOKENS / SLOW + slow_waits) / (TOKENS / FAST + fast_waits)

    waits = ttft_s + tool_s
    due = ratio(waits, waits)
    slips: list[tuple[float, str]] = [
        (
            1 / due,
            "This is how much of the time is left. How many times faster is the reciprocal.",
        ),
        (
            TOKENS / SLOW - TOKENS / FAST,
            "This is how many seconds are saved. Divide the one time by the other.",
        ),
        (FAST / SLOW, "This is decoding alone. Each turn also waits, and runs its tools."),
        (ratio(tool_s, tool_s), "The wait for the first token is missing, in both turns."),
        (ratio(ttft_s, ttft_s), "The time in tools is missing, in both turns."),
        (ratio(waits, 0.0), "The fast one has to wait and to run its tools, too."),
    ]
    hint = next((text for slip, text in slips if _near(got, slip)), "One turn takes ttft_s, plus "
                "tokens / rate, plus tool_s. Take it at both rates.")  # fmt: skip
    return Case(name, _near(got, due), f"it returned {got!r}, due is {due:.6g}", hint)


ASSEMBLE = Exercise(
    id="05a",
    title="put a reply together",
    answer="assemble",
    starter="""\
def assemble(deltas):
    message = {"role": "assistant", "reasoning_content": "", "content": "", "tool_calls": []}
    for delta in deltas:
        message["content"] += delta.get("content") or ""
        ...  # the reasoning, and each fragment of a call
    return message
""",
    solution="""\
def assemble(deltas):
    message = {"role": "assistant", "reasoning_content": "", "content": "", "tool_calls": []}
    calls = message["tool_calls"]
    for delta in deltas:
        message["content"] += delta.get("content") or ""
        message["reasoning_content"] += delta.get("reasoning_content") or ""
        for fragment in delta.get("tool_calls") or []:
            if "id" in fragment:
                function = {"name": fragment["function"]["name"], "arguments": ""}
                calls.append({"id": fragment["id"], "type": "function", "function": function})
            arguments = fragment["function"].get("arguments") or ""
            calls[fragment["index"]]["function"]["arguments"] += arguments
    return message
""",
    check=_assemble,
    hints=(
        (
            "`reasoning_content` is joined like `content`. A fragment of a call with an `id` "
            "begins a call; every fragment adds its `arguments` to the call at its `index`."
        ),
        'calls[fragment["index"]]["function"]["arguments"] += fragment["function"]["arguments"]',
    ),
    wrong=ASSEMBLE_WRONG,
)

METER = Exercise(
    id="05b",
    title="a meter",
    answer="meter",
    starter="""\
def meter(pieces, tokens):
    first = ...
    last = ...
    return {"ttft_s": ..., "ttfa_s": ..., "tpot_s": ..., "tokens_per_s": ...}
""",
    solution="""\
def meter(pieces, tokens):
    said = [(t, kind) for t, kind, text in pieces if text]
    first, last = said[0][0], said[-1][0]
    answer = next((t for t, kind in said if kind == "answer"), None)
    tpot = (last - first) / (tokens - 1)
    return {"ttft_s": first, "ttfa_s": answer, "tpot_s": tpot, "tokens_per_s": 1 / tpot}
""",
    check=_meter,
    hints=(
        (
            "Leave out the pieces without text first. Then the first and the last of what remains "
            "are the two ends of decoding."
        ),
        "said = [(t, kind) for t, kind, text in pieces if text], and (last - first) / (tokens - 1)",
    ),
    wrong=METER_WRONG,
)

TIMES = Exercise(
    id="05c",
    title="how much faster a turn is",
    answer="times_faster",
    starter="""\
def times_faster(tokens, slow, fast, ttft_s, tool_s):
    return fast / slow
""",
    solution="""\
def times_faster(tokens, slow, fast, ttft_s, tool_s):
    return (ttft_s + tokens / slow + tool_s) / (ttft_s + tokens / fast + tool_s)
""",
    check=_race,
    hints=(
        "How long is one turn at the slow rate, with all that it waits for? And at the fast one?",
        "(ttft_s + tokens / slow + tool_s) / (ttft_s + tokens / fast + tool_s)",
    ),
    wrong=RACE_WRONG,
)

LESSON = Outline(
    number="05",
    title="Streaming and tokens per second",
    question="Where does the time go?",
    minutes=30,
    live_usd=0.05,
    exercises=(ASSEMBLE, METER, TIMES),
    recap=(
        Question(
            "A stream ends without an error, and no `finish_reason` came. What do you have?",
            ("A whole reply", "A part of a reply: ask again", "An empty reply"),
            1,
            "The SDK ends quietly where a connection breaks. Only `finish_reason` says “whole”.",
        ),
        Question(
            "Why is the speed not the number of chunks a second?",
            (
                "A chunk may hold several tokens, or none",
                "Chunks are slower than tokens",
                "Reasoning is not sent in chunks",
            ),
            0,
            "The count comes from the usage; the chunks only say when.",
        ),
        Question(
            "A turn: 0.5 s to the first token, 1 s of decoding, 6 s of tools. What first?",
            ("A model that decodes four times faster", "The tools", "A shorter prompt"),
            1,
            "The faster model saves 0.75 s of 7.5. Half the time in tools saves 3.",
        ),
    ),
)
