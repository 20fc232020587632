"""Lesson 01, one call: the exercises and the recap."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

from nbagent.lessons.course.exercise import Case, Cases, Exercise, Ground, Outline, Question, Wrong
from nbagent.lessons.course.prices import (
    CACHED_USD,
    INPUT_USD,
    MILLION,
    OUTPUT_USD,
    cached_tokens,
    cost_usd,
    reasoning_tokens,
)
from nbagent.lessons.course.requests import NOTHING, Request

KEYS = ("reasoning", "answer", "usd")
ARTICLE_INPUT_USD, ARTICLE_OUTPUT_USD = 0.60, 2.50
"""What a K2 model of 2025 cost; articles still quote it."""
PRICE_RULE = (
    "Input tokens times the input price, plus output tokens times the output price, divided by a "
    "million, times the number of calls."
)


def _calls(random: random.Random) -> dict[str, int]:
    return {"calls": random.randrange(200, 900, 10)}


def _usage(answer: Mapping[str, Any], ground: Ground, n: int) -> Mapping[str, Any]:
    """The token counts that the answer is about: those whose price it is, else the newest.

    The same thought can come back twice, as when `%%kimi` has asked the same question: then the
    price tells which call is meant, be it right or a slip that is known.
    """
    counted = [r.usage for r in ground.requests if r.usage and reasoning_tokens(r.usage)]
    fitting = [u for u in counted if reasoning_tokens(u) == answer["reasoning"]] or counted
    meant = [u for u in fitting if _slip(answer["usd"], u, n) or _is(answer["usd"], _due(u, n))]
    return next(reversed(meant or fitting), NOTHING)


def _price(answer: Any, ground: Ground) -> Cases:
    shape = isinstance(answer, dict) and set(answer) >= set(KEYS)
    yield Case(
        "the answer has `reasoning`, `answer` and `usd`",
        shape,
        f"it is {answer!r}",
        "Keep the three keys of the dict, and put a number to each.",
    )
    n = _calls(ground.random)["calls"]
    usage = _usage(answer, ground, n) if shape else NOTHING
    yield Case(
        "the server has seen a call that thinks",
        bool(usage),
        "there is none since this lesson began",
        "Run the cell that makes the call, then this exercise's cell again.",
    )
    if not usage:
        return
    reasoning, completion = reasoning_tokens(usage), usage["completion_tokens"]
    yield _same("reasoning tokens", answer["reasoning"], reasoning, "They have a field of their "
                "own: `usage.completion_tokens_details.reasoning_tokens`.")  # fmt: skip
    yield _same(
        "answer tokens",
        answer["answer"],
        completion - reasoning,
        "`completion_tokens` counts the reasoning too, so take that away from it.",
    )
    hint = _slip(answer["usd"], usage, n) or PRICE_RULE
    yield _same(f"the price of {n} calls", answer["usd"], _due(usage, n), hint)


def _due(usage: Mapping[str, Any], n: int) -> float:
    return n * (cost_usd(usage) or 0.0)


def _is(given: Any, due: float) -> bool:
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    return is_number and math.isclose(given, due, rel_tol=1e-9, abs_tol=1e-12)


def _same(what: str, given: Any, due: float, hint: str) -> Case:
    said = f"yours is {given!r}, the server's counts give {due:.10g}"
    return Case(what, _is(given, due), said, hint)


def _slip(usd: Any, usage: Mapping[str, Any], n: int) -> str:
    """Which slip leads to this price, as far as one can tell; '' if none is known."""
    prompt, out = usage["prompt_tokens"], usage["completion_tokens"]
    fresh, cached, thought = (
        prompt - cached_tokens(usage),
        cached_tokens(usage),
        reasoning_tokens(usage),
    )

    def price(input_usd: float, output_usd: float, output: float = out) -> float:
        return float(n * (fresh * input_usd + cached * CACHED_USD + output * output_usd) / MILLION)

    due = price(INPUT_USD, OUTPUT_USD)
    slips = {
        due / n: f"This is the price of one call. The class makes {n}.",
        due * MILLION: "The prices are for a million tokens. Divide by 1,000,000.",
        due * 1000: "The prices are for a million tokens, not for a thousand.",
        price(OUTPUT_USD, INPUT_USD): "The two prices changed places: output is the dear one.",
        price(ARTICLE_INPUT_USD, ARTICLE_OUTPUT_USD): "$0.60 and $2.50 were the prices of an "
        "earlier model. The table above has those of K2.6.",
        price(INPUT_USD, OUTPUT_USD, out + thought): "The reasoning is counted twice: "
        "`completion_tokens` holds it already.",
        price(INPUT_USD, OUTPUT_USD, out - thought): "The reasoning is missing. It is paid for "
        "like the answer, at the price of output.",
        n * out * OUTPUT_USD / MILLION: "The question is missing: its tokens are paid for too.",
    }
    return next((hint for wrong, hint in slips.items() if _is(usd, wrong)), "")


def _quiet(_: Any, ground: Ground) -> Cases:
    last = next(reversed(ground.requests), Request(b""))
    thinking = last.body.get("thinking")
    yield Case(
        "the request has a field `thinking`",
        thinking is not None,
        f"its fields are {', '.join(last.body)}",
        _where_hint(last),
    )
    yield Case(
        "it is disabled",
        isinstance(thinking, dict) and thinking.get("type") == "disabled",
        f"`thinking` is {thinking!r}",
        'The value is an object with one field: {"type": "disabled"}.',
    )
    yield Case(
        "the server accepted it",
        last.status == 200,  # noqa: PLR2004 -- HTTP
        last.refusal,
        "Read the refusal: it names the field that the server does not take.",
    )
    thought = (last.reply or NOTHING).get("reasoning_content")
    yield Case(
        "the reply came without reasoning",
        last.reply is not None and not thought,
        f"it begins {str(thought)[:40]!r}",
        "Look at the last request as it arrived: lesson.requests[-1].body.",
    )


def _where_hint(last: Request) -> str:
    if "type" in last.body:
        return (
            "`type` arrived beside `model` and `messages`, where the server does not look for it. "
            "It belongs into an object under the name `thinking`."
        )
    if "reasoning_effort" in last.body:
        return (
            "`reasoning_effort` says how much to think, and this model still thinks. The switch "
            "is a field of its own, named `thinking`."
        )
    if last.messages and len(last.messages) > 1:
        return (
            "You asked for it in a message. A message is read by the model; whether the model "
            "thinks is decided before that, by a field of the request."
        )
    return (
        "The request is the same as before. `extra_body` adds a field that the SDK does not know."
    )


PRICE = Exercise(
    id="01a",
    title="what a call costs",
    answer="price",
    starter="""\
usage = response.usage
calls = lesson.given("01a")["calls"]
price = {"reasoning": ..., "answer": ..., "usd": ...}
""",
    solution="""\
usage = response.usage
calls = lesson.given("01a")["calls"]
reasoning = usage.completion_tokens_details.reasoning_tokens
cost = (usage.prompt_tokens * 0.95 + usage.completion_tokens * 4.00) / 1_000_000
price = {
    "reasoning": reasoning,
    "answer": usage.completion_tokens - reasoning,
    "usd": calls * cost,
}
""",
    check=_price,
    hints=(
        (
            "Print `usage`. Three numbers are enough: prompt_tokens, completion_tokens, and the "
            "reasoning_tokens inside completion_tokens_details."
        ),
        "One call costs (prompt_tokens * 0.95 + completion_tokens * 4.00) / 1_000_000 dollars.",
    ),
    wrong=(
        Wrong(
            """\
calls = lesson.given("01a")["calls"]
price = {"reasoning": 0, "answer": 0, "usd": 0.0}
""",
            "a field of their own",
        ),
        Wrong(
            """\
usage = response.usage
thought = usage.completion_tokens_details.reasoning_tokens
price = {"reasoning": thought, "answer": usage.completion_tokens, "usd": 0.0}
""",
            "counts the reasoning too",
        ),
        Wrong(
            """\
usage = response.usage
calls = lesson.given("01a")["calls"]
thought = usage.completion_tokens_details.reasoning_tokens
cost = (usage.prompt_tokens * 0.60 + usage.completion_tokens * 2.50) / 1_000_000
price = {"reasoning": thought, "answer": usage.completion_tokens - thought, "usd": calls * cost}
""",
            "an earlier model",
        ),
        Wrong(
            """\
usage = response.usage
thought = usage.completion_tokens_details.reasoning_tokens
cost = (usage.prompt_tokens * 0.95 + usage.completion_tokens * 4.00) / 1_000_000
price = {"reasoning": thought, "answer": usage.completion_tokens - thought, "usd": cost}
""",
            "the price of one call",
        ),
        Wrong(
            """\
usage = response.usage
calls = lesson.given("01a")["calls"]
thought = usage.completion_tokens_details.reasoning_tokens
cost = (usage.prompt_tokens * 0.95 + (usage.completion_tokens + thought) * 4.00) / 1_000_000
price = {"reasoning": thought, "answer": usage.completion_tokens - thought, "usd": calls * cost}
""",
            "counted twice",
        ),
        Wrong(
            """\
usage = response.usage
calls = lesson.given("01a")["calls"]
thought = usage.completion_tokens_details.reasoning_tokens
cost = (usage.prompt_tokens * 0.95 + (usage.completion_tokens - thought) * 4.00) / 1_000_000
price = {"reasoning": thought, "answer": usage.completion_tokens - thought, "usd": calls * cost}
""",
            "The reasoning is missing",
        ),
    ),
    given=_calls,
)

_CALL = """\
quiet = client.chat.completions.create(
    model=lesson.model,
    messages=[question],{}
)
"""

QUIET = Exercise(
    id="01b",
    title="a reply without thinking",
    answer="quiet",
    starter="""\
quiet = ...  # the same call as above, with thinking switched off
""",
    solution=_CALL.format('\n    extra_body={"thinking": {"type": "disabled"}},'),
    check=_quiet,
    hints=(
        (
            "The switch is a field of the request. The SDK has no argument of that name, so it "
            "goes into `extra_body`."
        ),
        'extra_body={"thinking": {"type": "disabled"}}',
    ),
    wrong=(
        Wrong(_CALL.format(""), "the same as before"),
        Wrong(_CALL.format('\n    extra_body={"type": "disabled"},'), "beside `model`"),
        Wrong(_CALL.format('\n    reasoning_effort="low",'), "how much to think"),
        Wrong(
            _CALL.replace(
                "[question]", '[{{"role": "system", "content": "Do not think."}}, question]'
            ).format(""),
            "in a message",
        ),
        Wrong(_CALL.format('\n    extra_body={"thinking": {"type": "enabled"}},'), "one field"),
        Wrong(_CALL.format('\n    extra_body={"thinking": False},'), "expected type object"),
    ),
)

LESSON = Outline(
    number="01",
    title="One call",
    question="What is really sent to a model, and what comes back?",
    minutes=15,
    live_usd=0.03,
    exercises=(PRICE, QUIET),
    recap=(
        Question(
            "What does the model know of your earlier calls?",
            (
                "Everything since the client was made",
                "Only what this request carries in `messages`",
                "What the same key has asked within an hour",
            ),
            1,
            "Each request stands alone. What is not in `messages` was never said.",
        ),
        Question(
            "A reply has 300 completion tokens, 240 of them reasoning. How many are paid for at "
            "the price of output?",
            ("60", "300", "540"),
            1,
            "The reasoning is inside the 300, and it is paid for like the answer.",
        ),
        Question(
            "Why `getattr(message, 'reasoning_content', None)` and not "
            "`message.reasoning_content`?",
            (
                "The field is not in every reply, and the SDK does not declare it",
                "It is faster",
                "The field is private",
            ),
            0,
            "With thinking switched off there is none, and a plain attribute would raise.",
        ),
    ),
)
