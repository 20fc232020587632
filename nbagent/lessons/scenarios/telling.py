"""How results are told: what is said of a result, of an error, of a table that is not named."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence

from nbagent.lessons.story import Result, Turn, run

MOST_ROWS = 12
MOST_TEXT = 2_000

HOMES = """\
# Which tables have {what}?
print("tables:", *sorted(
    name for name, value in list(globals().items())
    if not name.startswith("_") and hasattr(value, "groupby") and hasattr(value, "columns")
    and {columns} <= set(map(str, value.columns))
))"""


def unexpected(what: str, text: str) -> Turn:
    """The end of a story whose call returned something that it cannot use."""
    said = text.strip()[-600:] or "(nothing)"
    return Turn(
        f"The result does not hold {what}, which the next step needs. "
        "I do not go on from a figure that I do not have.",
        f"I stopped here: the last call did not return {what}, so I have no answer. "
        f"It returned:\n\n{fenced(said)}",
    )


def fenced(text: str) -> str:
    """A text as a Markdown code block, whatever fences it holds itself."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}text\n{text}\n{fence}"


def find_table(spoken_of: Sequence[str], *columns: str) -> Generator[Turn, list[Result], str]:
    """Find the table that has these columns; '' if none has them all.

    Args:
        spoken_of: names in the order in which to choose, if several have them.
        columns: names of columns; empty ones do not count.
    """
    wanted = [column for column in columns if column]
    what = " and ".join(f"a column {column}" for column in wanted)
    (result,) = yield Turn(
        f"No table is named. I look for one that has {what}.",
        calls=(run(HOMES.format(what=what, columns="{" + ", ".join(map(repr, wanted)) + "}")),),
    )
    found = result.line(r"tables:((?: [A-Za-z_]\w*)*)")
    tables = found[1].split() if found else []
    return next((name for name in [*spoken_of, *tables] if name in tables), "")


def no_table(*columns: str) -> str:
    """What is said when no table has these columns."""
    wanted = [f"`{column}`" for column in columns if column]
    noun = "the columns" if len(wanted) > 1 else "a column"
    return f"No table in this kernel has {noun} {' and '.join(wanted)}."


def which() -> str:
    """What is said when no variable is named and none was spoken of."""
    return (
        "I do not know which variable is meant. Name it, for instance `describe df`; "
        "`what variables are there` lists them."
    )


def no_answer(what: str, result: Result) -> str:
    """What is said when a call failed or returned something else than was asked."""
    if result.error is None:
        return f"I could not get {what}. The call returned:\n\n{quoted(result)}"
    kind, message = result.error
    missing = re.fullmatch(r"name '(\w+)' is not defined.*", message)
    if kind == "NameError" and missing:
        return (
            f"There is no variable `{missing[1]}` in this kernel. "
            "`what variables are there` lists those that exist."
        )
    if kind == "KeyError":
        return f"I could not get {what}: there is no column {message} (`KeyError`)."
    return f"I could not get {what}. The code failed:\n\n{fenced(f'{kind}: {message}')}"


def quoted(result: Result) -> str:
    """A result as a code block, cut at `MOST_TEXT` characters; it says how many it leaves out."""
    text = result.text.strip("\n") or "(nothing)"
    if len(text) > MOST_TEXT:
        text = (
            f"{text[:MOST_TEXT]}\n… {len(text) - MOST_TEXT} characters more, see the tool's output"
        )
    return fenced(text)


def markdown_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table of at most `MOST_ROWS` rows; it says how many it leaves out."""
    lines = [head, tuple("---" for _ in head), *rows[:MOST_ROWS]]
    text = "\n".join(
        "| " + " | ".join(c.replace("|", "\\|") for c in line) + " |" for line in lines
    )
    more = len(rows) - MOST_ROWS
    return f"{text}\n\n{more} more are in the tool's output." if more > 0 else text
