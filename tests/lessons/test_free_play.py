"""Free play: what people type becomes the right real call, and its result the answer."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbagent.lessons.scenarios.phrases import LONGEST, Wish, plain_form, wishes
from tests.lessons.kernel_like import KernelLike
from tests.lessons.test_stories import play

DF = "df"
TYPED: list[tuple[str, dict[str, Any]]] = [
    ("describe df", {"kind": "describe", "name": DF}),
    ("Describe the DataFrame df, please.", {"kind": "describe", "name": DF}),
    ("can you summarise `df` for me?", {"kind": "describe", "name": DF}),
    ("SUMMARIZE DF", {"kind": "describe", "name": "DF"}),
    ("what's in df?", {"kind": "describe", "name": DF}),
    ("What\u2019s in “df”?", {"kind": "describe", "name": DF}),
    ("what is in @df", {"kind": "describe", "name": DF}),
    ("whats in df", {"kind": "describe", "name": DF}),
    ("tell me about df", {"kind": "describe", "name": DF}),
    ("show me df", {"kind": "describe", "name": DF}),
    ("@df", {"kind": "describe", "name": DF}),
    ("what does df look like?", {"kind": "describe", "name": DF}),
    ("what type is x", {"kind": "describe", "name": "x"}),
    ("give me a summary of the table sales_2024", {"kind": "describe", "name": "sales_2024"}),
    ("how many rows has df", {"kind": "rows", "name": DF}),
    ("How many rows does df have?", {"kind": "rows", "name": DF}),
    ("Could you please tell me how many rows are in df?", {"kind": "rows", "name": DF}),
    ("how many rows are there in the data frame df", {"kind": "rows", "name": DF}),
    ("number of rows in df", {"kind": "rows", "name": DF}),
    ("how big is df?", {"kind": "rows", "name": DF}),
    ("shape of df", {"kind": "rows", "name": DF}),
    ("df.shape", {"kind": "rows", "name": DF}),
    ("len(df)", {"kind": "rows", "name": DF}),
    ("missing values in df", {"kind": "missing", "name": DF}),
    ("Are there any missing values in df?", {"kind": "missing", "name": DF}),
    ("how many missing values does df have", {"kind": "missing", "name": DF}),
    ("which columns of @df have missing values", {"kind": "missing", "name": DF}),
    ("any NaNs in df?", {"kind": "missing", "name": DF}),
    ("count the nulls of df", {"kind": "missing", "name": DF}),
    ("does df have any missing data", {"kind": "missing", "name": DF}),
    ("what variables are there", {"kind": "variables"}),
    ("Which variables do I have?", {"kind": "variables"}),
    ("list all my variables", {"kind": "variables"}),
    ("columns of df", {"kind": "columns", "name": DF}),
    ("what columns does df have?", {"kind": "columns", "name": DF}),
    ("df.dtypes", {"kind": "columns", "name": DF}),
    ("df.head()", {"kind": "head", "name": DF}),
    ("show me the first 10 rows of df", {"kind": "head", "name": DF, "n": 10}),
    ("mean of y by g", {"kind": "statistic", "statistic": "mean", "column": "y", "by": "g"}),
    ("average price per city in df", {
        "kind": "statistic", "statistic": "mean", "column": "price", "by": "city", "name": DF}),
    ("what's the average of price in df by city?", {
        "kind": "statistic", "statistic": "mean", "column": "price", "by": "city", "name": DF}),
    ("max of x", {"kind": "statistic", "statistic": "max", "column": "x"}),
    ("standard deviation of df.price", {
        "kind": "statistic", "statistic": "std", "column": "price", "name": DF}),
    ("mean of a by b", {"kind": "statistic", "statistic": "mean", "column": "a", "by": "b"}),
    ("how many of each species in df", {"kind": "counts", "column": "species", "name": DF}),
    ("value counts of df['species']", {"kind": "counts", "column": "species", "name": DF}),
    ("count rows by city in df", {"kind": "counts", "column": "city", "name": DF}),
    ("correlation between a and b in df", {
        "kind": "correlation", "column": "a", "other": "b", "name": DF}),
    ("plot x", {"kind": "plot", "name": "x"}),
    ("Plot `x`.", {"kind": "plot", "name": "x"}),
    ("plot a", {"kind": "plot", "name": "a"}),
    ('plot df["price"]', {"kind": "plot", "column": "price", "name": DF}),
    ("histogram of the column price in df", {"kind": "plot", "column": "price", "name": DF}),
    ("plot price against size in df", {
        "kind": "plot", "other": "price", "column": "size", "name": DF}),
    ("scatter plot of a vs. b in df", {"kind": "plot", "other": "a", "column": "b", "name": DF}),
]  # fmt: skip
NOT_UNDERSTOOD = [
    "", "hello", "thanks", "plot", "describe", "what is 2+2", "train a model on df", "delete df",
    "plot x and email it to Ann", "describe df in Polish and German", "describe class",
    "mean of the means of the groups of y", "describe " + "very " * 80 + "df", "plot x;rm -rf /",
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), TYPED, ids=[t[0] for t in TYPED])
def test_what_people_type(text: str, wanted: dict[str, Any]) -> None:
    (wish,) = wishes(text)
    assert wish == Wish(**wanted)


@pytest.mark.parametrize("text", NOT_UNDERSTOOD)
def test_what_is_not_understood_whole_is_not_understood(text: str) -> None:
    assert wishes(text) == ()


def test_a_looser_reading_would_be_seen() -> None:
    """The positive control: looking for a keyword understands what it must not."""

    def loose(text: str) -> bool:
        return any(word in text for word in ("plot", "describe", "mean"))

    assert [text for text in NOT_UNDERSTOOD if loose(text)]


def test_several_wishes_and_pronouns() -> None:
    two = wishes("Describe df. Then plot it!")
    assert [(w.kind, w.name) for w in two] == [("describe", "df"), ("plot", "df")]
    assert [w.name for w in wishes("describe df and plot x")] == ["df", "x"]
    (wish,) = wishes("and the missing values?", ["how many rows has df?", "what now", "thanks"])
    assert (wish.kind, wish.name) == ("missing", "df")
    (wish,) = wishes("plot it", ["Look at @birds and tell me what separates the species"])
    assert wish.name == "birds"
    (wish,) = wishes("mean of price by city", ["describe df", "describe other"])
    assert (wish.name, wish.spoken_of) == ("", ("other", "df"))


@given(st.text(max_size=400))
def test_any_text_is_read_without_a_crash(text: str) -> None:
    found = wishes(text)
    assert len(text) <= LONGEST or found == ()
    assert plain_form(plain_form(text)) is not None


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "price": [3.0, 5.0, None, 12.0],
            "size": [1, 2, 3, 4],
            "city": ["Oslo", "Oslo", "Bergen", None],
        }
    )


def answer_to(*prompts: str, **names: Any) -> str:
    kernel = KernelLike(**(names or {"df": frame(), "x": [1, 4, 9]}))
    messages: list[dict[str, Any]] = []
    for prompt in prompts:
        messages = play(kernel, prompt, messages)
    return str(messages[-1]["content"])


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("how many rows has df", ["**4 rows** and 3 columns"]),
        ("how long is x", ["`x` is a `list` with **3** items"]),
        ("describe df", ["**4 rows**", "| `price` | float64 | 1 |", "| `size` | int64 | 0 |"]),
        ("describe x", ["`list`", "[1, 4, 9]"]),
        ("missing values in df", ["**2 of 3 columns**", "| `price` | 1 |", "| `city` | 1 |"]),
        ("missing values of df.price", ["`price` has **1** missing values among 4."]),
        ("columns of df", ["**3 columns**", "| `size` | int64 |"]),
        ("first 2 rows of df", ["The first 2 of `df`", "Oslo"]),
        ("mean of price by city", ["in `df`, by `city`", "| Oslo | 4.000 |"]),
        ("mean of price in df", ["The mean of `price` in `df` is **6.667**."]),
        ("mean of x", ["The mean of `x` is **4.667**."]),
        ("sum of size", ["The sum of `size` in `df` is **10**."]),
        ("max of price in df", ["The max of `price` in `df` is **12.0**."]),
        ("how many of each city in df", ["3 different values", "| Oslo | 2 |"]),
        ("correlation of price and size", ["correlation of **0.993**"]),
        ("plot price of df", ["a histogram of `price` of `df`"]),
        ("plot city of df", ["how many rows hold each value of `city` of `df`"]),
        ("plot price", ["a histogram of `price` of `df`"]),
        ("plot x", ["the values in order of `x`"]),
        ("plot df", ["a histogram of each numeric column of `df`"]),
        ("plot price against size", ["`price` against `size` from `df`"]),
        ("what variables are there", ["df: DataFrame", "x: list"]),
        ("describe nope", ["There is no variable `nope` in this kernel."]),
        ("mean of nope by city", ["No table in this kernel has the columns `nope` and `city`."]),
        ("mean of nope by city in df", ["no column", "nope"]),
        ("missing values in x", ["I could not get", "AttributeError"]),
        ("describe it", ["I do not know which variable is meant."]),
    ],
)
def test_the_answer_is_what_the_kernel_said(
    prompt: str, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLBACKEND", "Agg")
    answer = answer_to(prompt)
    assert all(text in answer for text in said), answer


def test_follow_ups_go_on_in_one_conversation() -> None:
    assert "| `price` | 1 |" in answer_to("describe df", "and the missing values?")
    assert "**4 rows**" in answer_to(
        "how big is x", "describe df", "write a poem", "how many rows?"
    )


def test_the_user_s_names_stay() -> None:
    kernel = KernelLike(df=frame(), x=[1])
    before = dict(kernel.names)
    for prompt in ("describe df", "plot df", "mean of price by city", "mean of x", "plot x",
                   "missing values in df", "how many of each city"):  # fmt: skip
        play(kernel, prompt)
    made = set(kernel.names) - set(before) - {"__builtins__"}
    assert made <= {"plt", "pd"}
    assert all(kernel.names[name] is value for name, value in before.items())


def test_long_results_are_cut_and_say_so() -> None:
    wide = pd.DataFrame({f"column_{i}": [i] for i in range(40)})
    answer = answer_to("columns of df", df=wide)
    assert "**40 columns**" in answer
    assert "28 more are in the tool's output." in answer
    assert "characters more" in answer_to("describe x", x=list(range(5_000)))


def test_a_result_cannot_leave_its_code_block() -> None:
    answer = answer_to("describe x", x="```\n# not a headline\n")
    assert "````text" in answer or "\\n# not" in answer
