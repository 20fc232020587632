"""What the model does in a soak: real Python, call after call, until there is an answer.

The story has no state: the next turn follows from the last call's id in the request, so a turn
that was cut off, or asked for by another kernel, comes again as it was.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nbagent.summary import HEADINGS
from tests.faults.turns import Call, Turn

PROMPT = "Work through all parts, one after the other, and say when you are done."
ANSWER = "All parts are done."
BLOCK = 9
"""Of so many turns the last has two calls, the others one."""
N_NAMES = 20
"""So many variables the story has; what looks at them all costs the same at any call."""
PIECE = 24
"""Characters in a delta."""
_ID = re.compile(rb'"tool_call_id":"run_python:(\d+)"')
_WORDS = [
    *("the", "values", "look", "even", "so", "far", "and", "nothing", "stands", "out", "but"),
    *("one", "of", "them", "was", "larger", "than", "it", "should", "be", "which", "may", "rows"),
    *("mean", "median", "columns", "index", "missing", "join", "group", "by", "week", "price"),
    *("total", "ratio", "slope", "outlier", "figure", "table", "check", "compare", "against"),
]
_THOUGHT = [*_WORDS, "zażółć", "第一步", "✓", "—"]
"""Reasoning has other letters too; code and what it prints seldom do."""


@dataclass(frozen=True)
class SoakTurn(Turn):
    """A turn that streams as K2.6 does, a few words at a time."""

    def deltas(self) -> list[tuple[str, dict[str, Any]]]:
        pieces: list[tuple[str, dict[str, Any]]] = [("head", {"role": "assistant", "content": ""})]
        pieces += [("reasoning", {"reasoning_content": part}) for part in parts(self.reasoning)]
        pieces += [("answer", {"content": part}) for part in parts(self.content)]
        for i, call in enumerate(self.calls):
            function = {"name": call.name, "arguments": ""}
            first = {"index": i, "id": call.id, "type": "function", "function": function}
            pieces.append(("name", {"tool_calls": [first]}))
            for part in parts(call.arguments):
                rest = {"index": i, "function": {"arguments": part}}
                pieces.append(("arguments", {"tool_calls": [rest]}))
        return pieces


def parts(text: str) -> list[str]:
    return [text[i : i + PIECE] for i in range(0, len(text), PIECE)]


def n_turns(n_calls: int) -> int:
    """How many turns make so many calls."""
    return turn_of(n_calls - 1) + 1


def turn_of(call: int) -> int:
    """The turn that makes a call, both from 0."""
    block, place = divmod(call, BLOCK + 1)
    return BLOCK * block + min(place, BLOCK - 1)


def calls_of(turn: int) -> list[int]:
    """The calls that a turn makes."""
    first = turn + turn // BLOCK
    return [first, first + 1] if turn % BLOCK == BLOCK - 1 else [first]


def next_turn(body: bytes) -> int:
    """The turn that a request asks for."""
    last = max((int(found) for found in _ID.findall(body)), default=-1)
    return turn_of(last) + 1 if last >= 0 else 0


def turn(k: int, n_calls: int, *, deadly: bool, usage: tuple[int, int]) -> SoakTurn:
    """The turn `k` of a story of so many calls.

    Args:
        k: its number, from 0.
        n_calls: after so many calls comes the answer.
        deadly: whether its last call kills the kernel.
        usage: tokens of the prompt and of the reply.
    """
    numbers = [call for call in calls_of(k) if call < n_calls]
    if not numbers:
        return SoakTurn("Nothing is left to do.", ANSWER, usage=usage)
    codes = [code(call) for call in numbers]
    if deadly:
        codes[-1] = f"count({numbers[-1]})\nimport os; os.kill(os.getpid(), 9)"
    calls = tuple(
        Call(f"run_python:{call}", "run_python", json.dumps({"code": text}, ensure_ascii=False))
        for call, text in zip(numbers, codes, strict=True)
    )
    return SoakTurn(f"Part {k}: {words(k, 110, _THOUGHT)}.", "", calls, usage)


def code(call: int) -> str:
    """What a call runs: mostly a small computation; now and then an error, a picture, a file."""
    name = f"rows_{call % N_NAMES}"
    lines = [f"# {words(call + 1, 8)}", f"count({call})"]
    lines += [f"{name} = [(i, i * {call + 3} % 97) for i in range(12)]"]
    lines += [f"for i, value in {name}:", f"    print(i, value, '{words(-call, 6)}', i * {call})"]
    every = {
        50: "{}['not there']",
        80: "from IPython.display import HTML, display\n"
        f"display(HTML('<table>' + ''.join(f'<tr><td>{{i}}</td></tr>' for i, _ in {name}) + "
        "'</table>'))",
        100: f"picture({call})",
        120: f"open('part_{call}.txt', 'w').write('{words(call, 20)}')",
        200: f"print('\\n'.join(f'{{i}} {{i * {call + 3} % 1009}}' for i in range(12_000)))",
    }
    lines += [text for n, text in every.items() if call % n == n - 1]
    lines += [f"sum(value for _, value in {name})"] if call % 100 != 99 else []
    return "\n".join(lines)


def words(seed: int, n: int, of: Sequence[str] = _WORDS) -> str:
    """Words that are not all the same."""
    return " ".join(random.Random(seed).choices(of, k=n))


def summary(k: int, usage: tuple[int, int]) -> SoakTurn:
    """The summary that is asked for before turn `k`."""
    said = "\n".join(f"## {heading}\n{words(k + i, 80)}" for i, heading in enumerate(HEADINGS))
    return SoakTurn("What was done so far.", said, usage=usage)
