"""Lesson 06: a new column by way of an error and a figure, and a fault in a long output.

The table and its columns are named by the user; what is told of them comes from the kernel.
"""

from __future__ import annotations

import re
from collections.abc import Generator

from nbagent.lessons.scenarios.telling import no_answer, unexpected
from nbagent.lessons.story import Call, Chat, Result, Scenario, Story, Turn, inspect, run

MAKE = re.compile(
    r"\s*make (?:a table )?@?(?P<new>[A-Za-z_]\w*) from @?(?P<old>[A-Za-z_]\w*),? with "
    r"(?:a column )?(?P<column>[A-Za-z_]\w*) (?:=|as|that is|equal to) (?P<a>[A-Za-z_]\w*) "
    r"(?:/|divided by) (?P<b>[A-Za-z_]\w*)(?P<plot>,? and plot it)?\s*\.?\s*",
    re.IGNORECASE,
)
FIND = re.compile(
    r"\s*which (?:line|row) of @?(?P<name>[A-Za-z_]\w*) (?:holds|has|contains|mentions) "
    r"(?:the |a |an )?(?P<word>\w+)\s*\??\s*",
    re.IGNORECASE,
)
SPILL = re.compile(r"whole output is in \S*?(output-\w+\.txt)")

FIRST = """\
{new} = {old}.copy()
{new}["{column}"] = {new}["{a}"] / {new}["{b}"]
print("mean:", round({new}["{column}"].mean(), 1))"""
MENDED = """\
import pandas as pd

{new} = {old}.assign({column}=(
    pd.to_numeric({old}["{a}"].astype(str).str.replace(",", ""))
    / pd.to_numeric({old}["{b}"].astype(str).str.replace(",", ""))
).round(1))
print("mean:", round({new}["{column}"].mean(), 1))
print("rows:", len({new}))"""
FIGURE = """\
import matplotlib.pyplot as plt

{new}.plot.scatter(x="{b}", y="{column}", title="{column} = {a} / {b}")
plt.show()"""

Told = Generator[Turn, list[Result], Result]


def make(chat: Chat) -> Story:
    """Look, try, mend what failed, draw, and say what was made."""
    wish = MAKE.fullmatch(chat.prompt)
    assert wish is not None
    names = {key: str(value or "") for key, value in wish.groupdict().items()}
    new, old, column = names["new"], names["old"], names["column"]
    if "inspect_variable" in chat.tools:
        (looked,) = yield Turn(
            f"A table `{new}` is to be made from `{old}`. First I look at what `{old}` is.",
            calls=(inspect(old),),
        )
        if looked.error:
            return Turn("It is not there.", no_answer(f"what `{old}` is", looked))
    result = yield from _computed(names)
    if result.text.startswith("Denied"):
        return Turn(
            "The call was not allowed, so it did not run. I do not try another way round.",
            f"That was not allowed, so nothing ran and `{old}` is as it was. If it is to stay so, "
            "ask for a table under a new name.",
        )
    mean = result.line(r"mean: (-?\d+(?:\.\d+)?)")
    if mean is None:
        return Turn("No number came back.", no_answer(f"the column `{column}`", result))
    said = f"`{new}` is `{old}` with a column `{column}`; its mean is **{mean[1]}**."
    if names["plot"]:
        (drawn,) = yield Turn("Now the figure.", calls=(run(FIGURE.format(**names)),))
        if drawn.error:
            return Turn("The figure failed.", f"{said} {no_answer('the figure', drawn)}")
        said += f" The figure shows it against `{names['b']}`."
    return Turn("Everything that was asked is there.", f"{said} `{old}` is as it was.")


def _computed(names: dict[str, str]) -> Told:
    """The column, at the second try where the first one meets text."""
    (tried,) = yield Turn(
        "The column is one division. I work on a copy, so that the person's own table stays as "
        "it is.",
        calls=(run(FIRST.format(**names)),),
    )
    if not tried.error or tried.error[0] != "TypeError":
        return tried
    (mended,) = yield Turn(
        f"{tried.error[0]}: {tried.error[1]}. So one of the two columns is text, not numbers, "
        "most likely for its commas. I take these out and divide numbers.",
        calls=(run(MENDED.format(**names)),),
    )
    return mended


def find(chat: Chat) -> Story:
    """Print everything, see that the middle is cut out, and read the part that matters."""
    wish = FIND.fullmatch(chat.prompt)
    assert wish is not None
    name, word = wish["name"], wish["word"]
    (printed,) = yield Turn(
        f"I want to see all lines of `{name}`, so I print them.",
        calls=(run(f'print(*{name}, sep="\\n")'),),
    )
    kept = SPILL.search(printed.text)
    result = printed
    if kept and "read_output" in chat.tools and not _lines(printed, word):
        call = Call("read_output", {"name": kept[1], "pattern": f"(?i){word}"})
        (result,) = yield Turn(
            f"The output was cut in its middle, and what I was given does not hold “{word}”. I "
            "was told where the whole is, so I search there instead of printing it all again.",
            calls=(call,),
        )
    found = _lines(result, word)
    if not found:
        return unexpected(f"a line with “{word}”", result.text)
    return Turn("This is the line.", f"The line is `{found[0]}`.")


def _lines(result: Result, word: str) -> list[str]:
    return [
        line.strip()
        for line in result.text.splitlines()
        if re.search(rf"\b{word}\b", line, re.IGNORECASE) and not line.startswith("[")
    ]


KERNEL = (
    Scenario(
        "lesson 06, a column",
        lambda chat: MAKE.fullmatch(chat.prompt) is not None,
        make,
        frozenset({"run_python"}),
    ),
    Scenario(
        "lesson 06, a long output",
        lambda chat: FIND.fullmatch(chat.prompt) is not None,
        find,
        frozenset({"run_python"}),
    ),
)
