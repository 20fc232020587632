"""Free play: simple requests about the user's own variables become real tool calls.

Each kind of request has a small story of its own that returns the text of its answer; the numbers
in it come from what the kernel printed, and an error is told as it is. The code makes no names
but the usual short ones of libraries: it runs among the user's variables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import TypeAlias

from nbagent.lessons.scenarios.phrases import Wish, wishes
from nbagent.lessons.scenarios.telling import (
    find_table,
    markdown_table,
    no_answer,
    no_table,
    quoted,
    which,
)
from nbagent.lessons.story import (
    Chat,
    Result,
    Scenario,
    Story,
    Turn,
    inspect,
    run,
    variables,
    without_tools,
)

Part: TypeAlias = Generator[Turn, list[Result], str]
"""The story of one wish; it returns the text of the answer."""

ROW = r"(\S.*?)[ \t]{2,}(\S.*?)"

NAMES = """\
# Which names are there, apart from IPython's own?
print(*sorted(
    f"{name}: {type(value).__name__}" for name, value in list(globals().items())
    if not name.startswith("_") and name not in {"In", "Out", "exit", "quit", "get_ipython", "open"}
), sep="\\n")"""

TYPE = """\
# What is {name}, and how big?
print("type:", type({name}).__name__)
print("size:", *getattr({name}, "shape", [len({name})] if hasattr({name}, "__len__") else []))"""

ALSO_INSPECTS = {"describe", "rows", "missing", "columns", "head"}
"""Wishes that `inspect_variable` answers too, where no code can be run."""


def free_play(chat: Chat) -> Story:
    """Carry out each wish in turn and join the answers."""
    parts = []
    for wish in wishes(chat.prompt, chat.earlier):
        kind = KINDS[wish.kind] if "run_python" in chat.tools else _without_code
        parts.append((yield from kind(wish, chat)))
    return Turn("The results are here; I report them as they are.", "\n\n".join(parts))


def _variables(_: Wish, chat: Chat) -> Part:
    call = next(iter(chat.offered(variables())), run(NAMES))
    (listed,) = yield Turn(
        "The names in this kernel are asked for; one call lists them.", "", (call,)
    )
    return f"These variables are in the kernel:\n\n{quoted(listed)}"


def _without_code(wish: Wish, chat: Chat) -> Part:
    """What can be told where the request does not offer `run_python`."""
    calls = chat.offered(variables()) if wish.kind == "variables" else ()
    if wish.name and wish.kind in ALSO_INSPECTS:
        calls = chat.offered(inspect(wish.name))
    if not calls:
        return without_tools(frozenset({"run_python"})).content
    (result,) = yield Turn("No code can be run here, but this tool can look.", calls=calls)
    return f"This request offers no `run_python`. `{calls[0].name}` returned:\n\n{quoted(result)}"


def _rows(wish: Wish, _: Chat) -> Part:
    name = wish.name
    if not name:
        return which()
    (result,) = yield Turn(
        f"How big `{name}` is can be asked of it directly.", calls=(run(TYPE.format(name=name)),)
    )
    kind, size = result.line(r"type: (\w+)"), result.line(r"size:((?: \d+)*)")
    if result.error or not kind or not size:
        return no_answer(f"the size of `{name}`", result)
    return _sized(name, kind[1], size[1].split())


def _sized(name: str, kind: str, size: list[str]) -> str:
    if kind == "DataFrame" and size:
        return f"`{name}` has **{size[0]} rows** and {size[-1]} columns."
    if not size:
        return f"`{name}` is a `{kind}`; it has no length."
    shape = " × ".join(size)
    return f"`{name}` is a `{kind}` with **{shape}** {'values' if len(size) > 1 else 'items'}."


def _describe(wish: Wish, chat: Chat) -> Part:
    name = wish.name
    if not name:
        return which()
    *_, result = yield Turn(
        f"The request is about `{name}`. First its type and size; what is worth asking next "
        "depends on them.",
        calls=chat.offered(inspect(name), run(TYPE.format(name=name))),
    )
    kind, size = result.line(r"type: (\w+)"), result.line(r"size:((?: \d+)*)")
    if result.error or not kind or not size:
        return no_answer(f"what `{name}` is", result)
    head = _sized(name, kind[1], size[1].split())
    if kind[1] == "DataFrame":
        (columns,) = yield Turn(
            "A table: the columns with their types and gaps, and the numbers in short.",
            calls=(run(_table_code(name)),),
        )
        return f"{head}\n\n{_columns_table(columns)}"
    code = (
        f"# In short\nprint({name}.describe())" if kind[1] == "Series" else f"# Its value\n{name}"
    )
    (more,) = yield Turn(f"It is a `{kind[1]}`; I look at what it holds.", calls=(run(code),))
    return f"{head}\n\n{quoted(more)}"


def _table_code(name: str) -> str:
    return (
        f"# The columns of {name}: type and missing values; then the numbers in short\n"
        f'print({name}.dtypes.to_string())\nprint("missing:")\n'
        f"print({name}.isna().sum().to_string())\n{name}.describe().round(2)"
    )


def _columns_table(result: Result) -> str:
    if result.error:
        return no_answer("the columns", result)
    above, _, below = result.text.partition("missing:\n")
    types = {m[1]: m[2] for m in Result(above).lines(ROW)}
    gaps = {m[1]: m[2] for m in Result(below).lines(r"(\S.*?)[ \t]{2,}(\d+)")}
    rows = [(f"`{name}`", kind, gaps[name]) for name, kind in types.items() if name in gaps]
    if not rows:
        return quoted(result)
    return markdown_table(("column", "type", "missing"), rows)


def _missing(wish: Wish, _: Chat) -> Part:
    name = wish.name
    if not name:
        return which()
    subject = f'{name}["{wish.column}"]' if wish.column else name
    code = f'# Missing values\nprint("rows:", len({name}))\nprint({subject}.isna().sum())'
    (result,) = yield Turn(
        f"Missing values in `{name}`: count them, and the rows to compare the count with.",
        calls=(run(code),),
    )
    rows = result.line(r"rows: (\d+)")
    if result.error or not rows:
        return no_answer(f"the missing values of `{name}`", result)
    counts = [(m[1], m[2]) for m in result.lines(r"(\S.*?)[ \t]{2,}(\d{1,15})")]
    gaps = [(column, n) for column, n in counts if int(n)]
    whole = result.line(r"(\d+)")
    if whole and not counts:
        return f"`{wish.column or name}` has **{whole[1]}** missing values among {rows[1]}."
    if not counts:
        return quoted(result)
    if not gaps:
        return f"`{name}` has **no missing values**: {len(counts)} columns, {rows[1]} rows."
    gaps.sort(key=lambda gap: -int(gap[1]))
    table = markdown_table(("column", "missing"), [(f"`{column}`", n) for column, n in gaps])
    return (
        f"**{len(gaps)} of {len(counts)} columns** of `{name}` have missing values "
        f"({rows[1]} rows); `{gaps[0][0]}` has most, {gaps[0][1]}.\n\n{table}"
    )


def _columns(wish: Wish, _: Chat) -> Part:
    if not wish.name:
        return which()
    (result,) = yield Turn(
        f"The columns of `{wish.name}` with their types are one line.",
        calls=(run(f"print({wish.name}.dtypes.to_string())"),),
    )
    found = result.lines(ROW)
    if result.error or not found:
        return no_answer(f"the columns of `{wish.name}`", result)
    table = markdown_table(("column", "type"), [(f"`{m[1]}`", m[2]) for m in found])
    return f"`{wish.name}` has **{len(found)} columns**.\n\n{table}"


def _head(wish: Wish, _: Chat) -> Part:
    name = wish.name
    if not name:
        return which()
    (result,) = yield Turn(
        f"The beginning of `{name}` is asked for.",
        calls=(run(f'{name}.head({wish.n}) if hasattr({name}, "head") else {name}[:{wish.n}]'),),
    )
    if result.error:
        return no_answer(f"the beginning of `{name}`", result)
    return f"The first {wish.n} of `{name}`:\n\n{quoted(result)}"


def _counts(wish: Wish, _: Chat) -> Part:
    name = wish.name or (yield from find_table(wish.spoken_of, wish.column))
    if not name:
        return no_table(wish.column)
    (result,) = yield Turn(
        f"How often each value of `{wish.column}` occurs, the missing ones too.",
        calls=(run(f'print({name}["{wish.column}"].value_counts(dropna=False).to_string())'),),
    )
    found = result.lines(r"(\S.*?)[ \t]{2,}(\d+)")
    if result.error or not found:
        return no_answer(f"the counts of `{wish.column}` in `{name}`", result)
    table = markdown_table((wish.column, "rows"), [(m[1], m[2]) for m in found])
    return f"`{wish.column}` in `{name}` has **{len(found)} different values**.\n\n{table}"


def _correlation(wish: Wish, _: Chat) -> Part:
    a, b = wish.column, wish.other
    name = wish.name or (yield from find_table(wish.spoken_of, a, b))
    if not name:
        return no_table(a, b)
    (result,) = yield Turn(
        f"The correlation of `{a}` and `{b}`, over the rows that have both.",
        calls=(run(f'print("correlation:", round({name}["{a}"].corr({name}["{b}"]), 3))'),),
    )
    value = result.line(r"correlation: (\S+)")
    if result.error or not value:
        return no_answer(f"the correlation of `{a}` and `{b}`", result)
    return f"`{a}` and `{b}` in `{name}` have a correlation of **{value[1]}** (Pearson)."


def _statistic(wish: Wish, chat: Chat) -> Part:
    how, column, by = wish.statistic, wish.column, wish.by
    if by:
        return (yield from _grouped(wish))
    values = f'{wish.name}["{column}"]' if wish.name else f"pd.Series({column})"
    code = f'print("{how}:", {_rounded(f"{values}.{how}()", how)})'
    code = code if wish.name else f"import pandas as pd\n{code}"
    (result,) = yield Turn(f"One number is asked for: the {how} of `{column}`.", calls=(run(code),))
    value = result.line(rf"{how}: (.+?)")
    if not wish.name and (result.error or ("", ""))[0] == "NameError":
        home = yield from find_table(wish.spoken_of, column)
        if home:
            return (yield from _statistic(replace(wish, name=home), chat))
    if result.error or not value:
        return no_answer(f"the {how} of `{column}`", result)
    where = f" in `{wish.name}`" if wish.name else ""
    return f"The {how} of `{column}`{where} is **{value[1]}**."


def _rounded(expression: str, how: str) -> str:
    """Round what is a number for sure; a largest or smallest value may be a text or a date."""
    return expression if how in {"max", "min"} else f"round({expression}, 3)"


def _grouped(wish: Wish) -> Part:
    how, column, by = wish.statistic, wish.column, wish.by
    name = wish.name or (yield from find_table(wish.spoken_of, column, by))
    if not name:
        return no_table(column, by)
    what = f"the {how} of `{column}`"
    code = f'print({name}.groupby("{by}")["{column}"].{how}().to_string(float_format="%.3f"))'
    (result,) = yield Turn(f"Group by `{by}`, then {what} in each group.", calls=(run(code),))
    found = result.lines(ROW)
    if result.error or not found:
        return no_answer(f"{what} by `{by}`", result)
    table = markdown_table((by, f"{how} of {column}"), [(m[1], m[2]) for m in found])
    return f"The {how} of `{column}` in `{name}`, by `{by}`:\n\n{table}"


def _plot(wish: Wish, chat: Chat) -> Part:
    name, column, other = wish.name, wish.column, wish.other
    if column and not name:
        name = yield from find_table(wish.spoken_of, column, other)
        if not name:
            return no_table(column, other)
    if not name:
        return which()
    if other:
        code = f'{name}.plot.scatter(x="{column}", y="{other}", title="{other} against {column}")'
        return (yield from _drawn(code, f"`{other}` against `{column}` from `{name}`"))
    subject = f'{name}["{column}"]' if column else name
    (result,) = yield Turn(
        "Which plot fits depends on what it is, so I look at that first.",
        calls=(run(f'print("type:", type({subject}).__name__, getattr({subject}, "dtype", ""))'),),
    )
    kind = result.line(r"type: (\w+)[ \t]?(\S*)")
    if not column and (result.error or ("", ""))[0] == "NameError":
        home = yield from find_table(wish.spoken_of, name)
        if home:
            return (yield from _plot(Wish("plot", home, name), chat))
    if result.error or not kind:
        return no_answer(f"what `{column or name}` is", result)
    what = f"`{column}` of `{name}`" if column else f"`{name}`"
    form, code = _plot_code(subject, column or name, kind[1], kind[2])
    return (yield from _drawn(code, f"{form} {what}"))


def _plot_code(subject: str, title: str, kind: str, dtype: str) -> tuple[str, str]:
    """Which form of plot fits, in words, and the code that draws it."""
    if kind == "DataFrame":
        code = f'{subject}.hist(figsize=(8, 5), bins=20)\nplt.suptitle("{title}")'
        return "a histogram of each numeric column of", code
    if kind != "Series":
        return "the values in order of", f'plt.plot({subject})\nplt.title("{title}")'
    if re.match(r"(u?int|float)", dtype, re.IGNORECASE):
        code = f'{subject}.plot.hist(bins=20, title="{title}", xlabel="{title}")'
        return "a histogram of", code
    code = f'{subject}.value_counts().head(20).plot.bar(title="{title}", ylabel="rows")'
    return "how many rows hold each value of", code


def _drawn(code: str, what: str) -> Part:
    (result,) = yield Turn(
        f"Now the figure: {what}.",
        calls=(run(f"import matplotlib.pyplot as plt\n\n{code}\nplt.show()"),),
    )
    if result.error:
        return no_answer(f"a figure of {what}", result)
    return f"The figure shows {what}."


KINDS: dict[str, Callable[[Wish, Chat], Part]] = {
    "variables": _variables,
    "rows": _rows,
    "describe": _describe,
    "missing": _missing,
    "columns": _columns,
    "head": _head,
    "counts": _counts,
    "correlation": _correlation,
    "statistic": _statistic,
    "plot": _plot,
}


def _asked(chat: Chat) -> bool:
    return bool(wishes(chat.prompt, chat.earlier))


FREE_PLAY = Scenario("free_play", _asked, free_play)
