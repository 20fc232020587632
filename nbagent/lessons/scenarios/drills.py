"""Drills: short stories on no data at all, asked for by name (`lesson repair`, `lesson long 10`).

lesson repair     an error, read and repaired
lesson parallel   three calls in one reply, then one that joins their results
lesson long N     N steps; among them parallel calls, an error and a picture. After a summary it
                  takes up where that one says
"""

from __future__ import annotations

import re
from collections.abc import Callable

from nbagent.lessons.scenarios.telling import unexpected
from nbagent.lessons.story import Chat, Scenario, Story, Turn, run

ASKED = re.compile(
    r"\s*lesson[\s:]+(repair|parallel|long)(?:[\s:]+(\d{1,6}))?\s*[.!?]*\s*", re.IGNORECASE
)
ADDED = re.compile(r"'sum:', (\d{1,15}) \+ (\d{1,6})\)")
"""A step of `long`, as a summary tells of its code."""
MOST_STEPS = 2_000
PARALLEL_STEP, FAILING_STEP, PICTURE_STEP = 3, 5, 7
RUN_PYTHON = frozenset({"run_python"})

DOT = (
    "iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEUlEQVR42mNgKNqED41KY0MAz1pyEQE1QYMAAAAA"
    "SUVORK5CYII="
)
"""A blue square, ten pixels wide, as PNG."""


def asked_for(kind: str) -> Callable[[Chat], bool]:
    """A matcher for the drill of this name."""

    def matches(chat: Chat) -> bool:
        found = ASKED.fullmatch(chat.prompt)
        return found is not None and found[1].lower() == kind

    return matches


def repair(_: Chat) -> Story:
    """Meet an error, read it, mend the call, report both."""
    (first,) = yield Turn(
        "The total of three prices. One of them was typed as text, but I have not looked yet, so "
        "I simply add them up.",
        calls=(run("drill_prices = [3, 4, '5']\nprint('total:', sum(drill_prices))"),),
    )
    error = first.error
    if error is None:
        return unexpected("the error that this lesson is about", first.text)
    (second,) = yield Turn(
        f"{error[0]}: {error[1]}. One price is text. I turn each into a number before I add.",
        calls=(run("print('total:', sum(int(price) for price in drill_prices))"),),
    )
    total = second.line(r"total: (\d{1,15})")
    if total is None:
        return unexpected("a total", second.text)
    return Turn(
        "The sum came back without an error. I say what it is, and what went wrong before.",
        f"The total is **{total[1]}**. The first try failed with `{error[0]}`, because one price "
        "was text; turning each price into a number repaired it.",
    )


def parallel(_: Chat) -> Story:
    """Three calls that do not depend on each other, then one that needs all three."""
    codes = [f"print('square of {n}:', {n} ** 2)" for n in (3, 4, 12)]
    results = yield Turn(
        "Three squares, and none needs another: I ask for all three at once.",
        calls=tuple(run(code) for code in codes),
    )
    found = [result.line(r"square of (\d+): (\d{1,15})") for result in results]
    squares = [int(match[2]) for match in found if match]
    if len(squares) < len(codes):
        return unexpected("all three squares", "\n".join(result.text for result in results))
    (joined,) = yield Turn(
        f"{squares[0]}, {squares[1]} and {squares[2]} are here. Now the one step that needs all.",
        calls=(run(f"print('root:', ({' + '.join(map(str, squares))}) ** 0.5)"),),
    )
    root = joined.line(r"root: ([\d.]+)")
    if root is None:
        return unexpected("the root", joined.text)
    return Turn(
        "All four results are here.",
        f"The squares are {squares[0]}, {squares[1]} and {squares[2]}; the root of their sum is "
        f"**{root[1]}**.",
    )


def long(chat: Chat) -> Story:
    """Add up 1 to N, a step a number; the sum is carried by the results, not by the story."""
    found = ASKED.fullmatch(chat.prompt)
    n = min(int((found and found[2]) or 10), MOST_STEPS)
    told = [(int(m[2]), int(m[1])) for m in ADDED.finditer(chat.summary)]
    first, total = next((each for each in reversed(told) if each[0] <= n), (1, 0))
    for step in range(first, n + 1):
        codes = _step_codes(step, total)
        results = yield Turn(
            f"Step {step} of {n}: the sum so far is {total}; I add {step}. “Carry on” — dodatkowo: "
            "zażółć gęślą jaźń, 第一步, ✓.",
            calls=tuple(run(code) for code in codes),
        )
        sums = [m for r in results if (m := r.line(r"sum: (\d{1,15})"))]
        if not sums:
            return unexpected("the sum so far", results[0].text)
        total = int(sums[0][1])
    return Turn(f"All {n} numbers are added.", f"The sum of 1 to {n} is **{total}**.")


def _step_codes(step: int, total: int) -> list[str]:
    """One call; at step 3 two more beside it, at step 5 one that fails, at step 7 a picture."""
    codes = [f"print('sum:', {total} + {step})"]
    if step == PARALLEL_STEP:
        codes += ["print('beside: one')", "print('beside: two')"]
    if step == FAILING_STEP:
        codes.append("{}['not there']")
    if step == PICTURE_STEP:
        codes.append(
            "import base64\nfrom IPython.display import Image, display\n"
            f"display(Image(base64.b64decode('{DOT}')))"
        )
    return codes


REPAIR = Scenario("repair", asked_for("repair"), repair, RUN_PYTHON)
PARALLEL = Scenario("parallel", asked_for("parallel"), parallel, RUN_PYTHON)
LONG = Scenario("long", asked_for("long"), long, RUN_PYTHON)
