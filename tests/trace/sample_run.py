"""A realistic run of five steps on the penguins: a figure, a table, an error and its repair, a
retry and a stall. Tables, figure and traceback are made by real pandas, matplotlib and IPython."""

from __future__ import annotations

import base64
import io
import traceback
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from palmerpenguins import load_penguins
from trace_story import CHANGES, Story, display_output, error_output, stream_output

from nbagent.events import Changes

PLOT = """# Where do the birds of unknown sex sit among the others?
per = df.groupby("species")["sex"].agg(birds="size", unknown=lambda s: s.isna().sum())
print(per)
fig, ax = plt.subplots(figsize=(6, 3.2))
known = df.dropna(subset=["sex"])
for sex, part in known.groupby("sex"):
    ax.scatter(part["flipper_length_mm"], part["body_mass_g"], s=9, label=sex)
unknown = df[df["sex"].isna()]
ax.scatter(unknown["flipper_length_mm"], unknown["body_mass_g"], s=30, marker="D",
           facecolors="none", edgecolors="black", label="sex unknown")
ax.set_xlabel("flipper length (mm)")
ax.set_ylabel("body mass (g)")
ax.legend(frameon=False)"""
BROKEN = """# A typical bird of each species, to compare the unknown ones with
typical = df.groupby("species").median()
typical.round(1)"""
REPAIRED = """# A typical bird of each species, to compare the unknown ones with
typical = df.groupby("species").median(numeric_only=True)
typical.round(1)"""
ANSWER = """## Five of eight columns have gaps; `sex` is the worst

Eleven of 344 birds (3.2 %) have no sex recorded: six Adelie, five Gentoo, no Chinstrap. The four
measurements are missing *together* in two of those birds, rows 3 and 271.

**Suggested fix.** Nine of the eleven can be guessed from their size. Put the guess in a new column:

1. compare each bird with the typical bird of its species and sex,
2. keep rows 3 and 271 as unknown, since they have no measurements.

| column | missing | share |
|---|---:|---:|
| `sex` | 11 | 3.2 % |
| `bill_length_mm` | 2 | 0.6 % |

```python
df["sex_guess"] = df["sex"].fillna(guess)
```

The threshold is $\\hat{m} = 1.2\\,m$; see [the data set](https://allisonhorst.github.io/palmerpenguins/).
"""


def figure_png() -> str:
    df = load_penguins()
    scope: dict[str, Any] = {"df": df, "plt": plt, "print": lambda *_: None}
    exec(PLOT, scope)
    buffer = io.BytesIO()
    scope["fig"].savefig(buffer, format="png", dpi=100, bbox_inches="tight")
    plt.close("all")
    return base64.b64encode(buffer.getvalue()).decode()


def failed() -> dict[str, Any]:
    try:
        load_penguins().groupby("species").median()
    except TypeError as error:
        lines = traceback.format_exception(error)
        return error_output("TypeError", str(error), [line.rstrip() for line in lines])
    raise AssertionError("pandas should refuse this")


def tell(*, pace: float = 1.0, **started: Any) -> Story:
    """The run; `pace` stretches its times and nothing else."""
    df = load_penguins()
    gaps = df.isna().sum().to_frame("missing")
    head = display_output(html=gaps._repr_html_(), plain=repr(gaps))
    typical = df.groupby("species").median(numeric_only=True).round(1)
    table = display_output(html=typical._repr_html_(), plain=repr(typical))
    counted = df.groupby("species")["sex"].agg(birds="size", unknown=lambda s: s.isna().sum())
    figure = display_output(png=figure_png(), plain="<Figure size 600x320 with 1 Axes>")
    image = [
        {"type": "text", "text": repr(counted)},
        {"type": "image_url", "image_url": {"url": "data:"}},
    ]
    prompt = "Which columns of @df have missing values? Plot the worst one and suggest a fix."
    story = Story(prompt, pace=pace, **started)
    story.ask(
        ("prompt", "", 82),
        ("attachment", "df (summary)", 2_310),
        ("system", "", 4_100),
        ("tools", "", 3_900),
    )
    story.think(
        "Ask for the schema and the missing counts first. Then the worst column can be plotted.",
        1.4,
    )
    story.calls("inspect_variable", '{"name": "df"}', 0.4).reply(226, reasoning=180, cached=0)
    story.run(
        "inspect_variable",
        head,
        arguments={"name": "df"},
        saw=repr(gaps),
        s=0.1,
        outcome="5 of 8 columns",
    )
    story.ask(("tool_result", "inspect_variable", 640))
    story.think(
        "Sex is worst: see where those birds sit. A scatter plot shows them among the others." * 4,
        2.2,
    )
    story.calls("run_python", '{"code": "…"}' * 30, 2.4).reply(540, reasoning=251)
    story.run(
        "run_python",
        stream_output(repr(counted) + "\n"),
        figure,
        code=PLOT,
        saw=image,
        s=0.74,
        outcome="figure",
        changes=CHANGES,
    )
    story.ask(("tool_result", "run_python", 1_210), ("image", "figure 1", 24_000))
    story.think("Compare with a typical bird of each species.", 0.6).stall(1.7)
    story.think(
        " Medians are robust against the few heavy ones, so they are the better comparison." * 3,
        1.8,
        wait=0,
    )
    story.calls("run_python", BROKEN, 1.2).reply(340, reasoning=260)
    error = failed()
    story.run(
        "run_python",
        error,
        code=BROKEN,
        saw="\n".join(error["traceback"])[-900:],
        s=0.1,
        is_error=True,
    )
    story.ask(("tool_result", "run_python", 900))
    story.think("Take numeric columns only: species and isl", 0.5)
    story.retry(
        "The server is busy (429, overloaded).",
        2.0,
        discarded="Take numeric columns only: species and isl",
    )
    story.ask(attempt=2, s=2.0)
    story.think(
        "Take numeric columns only: species and island are text, so the median has none.", 0.9
    )
    story.calls("run_python", REPAIRED, 1.8).reply(480, reasoning=139)
    story.run(
        "run_python",
        table,
        code=REPAIRED,
        saw=repr(typical),
        s=1.9,
        outcome="3 rows",
        changes=Changes(added=("typical",)),
    )
    story.ask(("tool_result", "run_python", 410))
    story.think("Nine of the eleven can be guessed, two cannot.", 0.6).say(ANSWER, 2.9).reply(
        453, reasoning=60
    )
    return story.finish(ANSWER)
