"""Lesson 05: wrong answers that people really give, each with the hint that it must get."""

from __future__ import annotations

from nbagent.lessons.course.exercise import Wrong

_ASSEMBLE = """\
def assemble(deltas):
    message = {"role": "assistant", "reasoning_content": "", "content": "", "tool_calls": []}
    calls = message["tool_calls"]
    for delta in deltas:
        TEXTS
        for fragment in delta.get("tool_calls") or []:
            FRAGMENT
    return message
"""
_TEXTS = """\
message["content"] += delta.get("content") or ""
        message["reasoning_content"] += delta.get("reasoning_content") or ""\
"""
_BEGIN = """\
if "id" in fragment:
                function = {"name": fragment["function"]["name"], "arguments": ""}
                calls.append({"id": fragment["id"], "type": "function", "function": function})
            \
"""
_ADD = 'calls[INDEX]["function"]["arguments"] += fragment["function"].get("arguments", "")'


def _assemble(texts: str = _TEXTS, fragment: str = "") -> str:
    usual = _BEGIN + _ADD.replace("INDEX", 'fragment["index"]')
    return _ASSEMBLE.replace("TEXTS", texts).replace("FRAGMENT", fragment or usual)


ASSEMBLE_WRONG = (
    Wrong(_assemble(_TEXTS.splitlines()[0]), "in deltas of its own"),
    Wrong(_assemble(_TEXTS.replace('.get("content") or ""', '["content"]')), "has only the keys"),
    Wrong(
        _assemble(
            """\
for name in ("content", "reasoning_content"):
            if delta.get(name):
                message[name] = delta[name]\
"""
        ),
        "Only the last piece",
    ),
    Wrong(_assemble(fragment="calls.append(fragment)"), "Each fragment became a call"),
    Wrong(_assemble(fragment=_BEGIN + _ADD.replace("INDEX", "-1")), "got mixed up"),
    Wrong(
        _assemble(
            fragment="""\
if "id" in fragment:
                calls.append({**fragment, "function": {**fragment["function"], "arguments": ""}})
            """
            + _ADD.replace("INDEX", 'fragment["index"]')
        ),
        "belongs to the stream",
    ),
    Wrong(
        "import json\n"
        + _assemble(
            fragment=_BEGIN
            + 'calls[fragment["index"]]["function"]["arguments"] = '
            + 'json.loads(fragment["function"]["arguments"])'
        ),
        "no JSON yet",
    ),
    Wrong(_assemble(fragment="pass"), "The calls come last"),
)

_METER = """\
def meter(pieces, tokens):
    said = [(t, kind) for t, kind, text in pieces if text]
    first, last = FIRST, LAST
    answer = ANSWER
    tpot = TPOT
    return {"ttft_s": TTFT, "ttfa_s": answer, "tpot_s": tpot, "tokens_per_s": RATE}
"""


def _meter(**parts: str) -> str:
    usual = {
        "FIRST": "said[0][0]",
        "LAST": "said[-1][0]",
        "ANSWER": 'next((t for t, kind in said if kind == "answer"), None)',
        "TPOT": "(last - first) / (tokens - 1)",
        "TTFT": "first",
        "RATE": "1 / tpot",
    }
    text = _METER
    for name, part in (usual | {name.upper(): part for name, part in parts.items()}).items():
        text = text.replace(name, part)
    return text


METER_WRONG = (
    Wrong(_meter(first="pieces[0][0]"), "it only opens the reply"),
    Wrong(_meter(ttft="first * 1000"), "`_s` says seconds"),
    Wrong(_meter(ttft="answer"), "Reasoning counts"),
    Wrong(_meter(answer="first"), "of the kind `answer`"),
    Wrong(_meter(answer='[t for t, kind in said if kind == "answer"][0]'), "then `ttfa_s` is None"),
    Wrong(_meter(last="pieces[-1][0]"), "it ends the reply"),
    Wrong(_meter(tpot="(last - first) / (len(said) - 1)"), "several tokens"),
    Wrong(_meter(tpot="(last - first) / tokens"), "n - 1 gaps"),
    Wrong(_meter(tpot="last / tokens"), "the wait before the first token"),
    Wrong(_meter(tpot="(tokens - 1) / (last - first)"), "this is tokens a second"),
    Wrong(_meter(rate="tpot"), "each other's reciprocal"),
)


def _race(value: str) -> str:
    return f"def times_faster(tokens, slow, fast, ttft_s, tool_s):\n    return {value}\n"


_SLOW, _FAST = "(ttft_s + tokens / slow + tool_s)", "(ttft_s + tokens / fast + tool_s)"

RACE_WRONG = (
    Wrong(_race("fast / slow"), "decoding alone"),
    Wrong(_race(f"{_FAST} / {_SLOW}"), "how much of the time is left"),
    Wrong(_race(f"{_SLOW} - {_FAST}"), "how many seconds are saved"),
    Wrong(_race("(tokens / slow + tool_s) / (tokens / fast + tool_s)"), "wait for the first token"),
    Wrong(_race("(ttft_s + tokens / slow) / (ttft_s + tokens / fast)"), "time in tools is missing"),
    Wrong(_race(f"{_SLOW} / (tokens / fast)"), "The fast one has to wait"),
)
