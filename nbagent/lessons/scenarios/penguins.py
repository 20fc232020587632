"""The quickstart's story: which measurements tell the three penguin species apart?

Data: palmerpenguins (Horst, Hill and Gorman; CC0), 344 birds. Everything the answer says is read
from what the user's kernel printed: another table, or a wrong result, gives another story.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nbagent.lessons.scenarios.telling import unexpected
from nbagent.lessons.story import Chat, Result, Scenario, Story, Turn, inspect, run

ASKED = re.compile(
    r"(separat|distinguish|tell\b.*\bapart|discriminat|differ).*\bspecies"
    r"|\bspecies\b.*(separat|distinguish|tell\b.*\bapart|discriminat|differ)",
    re.IGNORECASE | re.DOTALL,
)
MENTION = re.compile(r"@([A-Za-z_]\w*)")
MEASURE = r"(\w+_(?:mm|g))"

COUNT = """
# How many birds of each species, and how many of them were never measured?
measures = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
unmeasured = {table}[measures].isna().any(axis=1)
unmeasured.groupby({table}["species"]).agg(birds="size", unmeasured="sum")
"""

MEANS = """
# Where do the species differ? The mean of each measurement.
species_means = {table}.groupby("species").mean()
species_means.round(1)
"""

NUMERIC_MEANS = """
# Where do the species differ? The mean of each measurement.
species_means = {table}.groupby("species")[measures].mean()

# How much of each measurement's variance lies between the species? (1 = all of it)
group_mean = {table}.groupby("species")[measures].transform("mean").mask({table}[measures].isna())
between_share = (group_mean.var() / {table}[measures].var()).sort_values(ascending=False)
print(between_share.round(2).to_string())
species_means.round(1)
"""

PAIRS = """
# How often does a pair of measurements name the right species of a bird it has not seen?
# Five folds; the guess is the species whose mean bird is nearest, in standard deviations.
from itertools import combinations
import numpy as np

measured = {table}.dropna(subset=measures)

def guess_species(columns):
    guess, fold = np.empty(len(measured), dtype=object), np.arange(len(measured)) % 5
    for k in range(5):
        known, unseen = measured[fold != k], measured[fold == k][columns]
        typical = known.groupby("species")[columns].mean()
        steps = (unseen.to_numpy()[:, None] - typical.to_numpy()) / known[columns].std().to_numpy()
        guess[fold == k] = typical.index[(steps ** 2).sum(axis=2).argmin(axis=1)]
    return guess

def report_right(what, guess):
    right = (guess == measured["species"]).sum()
    print(f"{{what}}: {{right}} of {{len(measured)}} right ({{right / len(measured):.1%}})")

commonest = measured["species"].mode()[0]
report_right(f"always {{commonest}}", commonest)
for pair in [*combinations(measures, 2), measures]:
    report_right(" + ".join(pair), guess_species(list(pair)))
"""

PLOT = """
# The best pair, and the birds that it puts in the wrong species
import matplotlib.pyplot as plt

def plot_pair(x, y, wrong):
    figure, axes = plt.subplots(figsize=(6.4, 4.2))
    looks = zip(["o", "s", "D", "^"], ["#0072B2", "#D55E00", "#009E73", "#CC79A7"])
    for (species, birds), (marker, colour) in zip(measured.groupby("species"), looks):
        axes.scatter(birds[x], birds[y], s=22, marker=marker, color=colour, label=species)
    axes.scatter(measured[x][wrong], measured[y][wrong], s=95, facecolors="none",
                 edgecolors="black", label="placed wrongly")
    axes.set(xlabel="{x_label}", ylabel="{y_label}", title="{x_name} and {y_name}, by species")
    axes.legend(frameon=False)
    plt.show()

placed = guess_species(["{x}", "{y}"])
placed_wrongly = placed != measured["species"]
plot_pair("{x}", "{y}", placed_wrongly)
print(f"placed wrongly: {{placed_wrongly.sum()}} of {{len(measured)}}")
confused = (measured["species"] + " taken for " + placed)[placed_wrongly]
print(confused.value_counts(sort=False).sort_index().to_string())
"""


@dataclass(frozen=True, slots=True)
class Score:
    """How well a set of measurements does: `right` of `birds`, and the share as printed."""

    measures: tuple[str, ...]
    right: int
    birds: int
    share: str

    @property
    def is_pair(self) -> bool:
        """Whether it is a pair, not all four."""
        return len(self.measures) == 2  # noqa: PLR2004 -- a pair is two

    @property
    def label(self) -> str:
        """The measurements in words."""
        return " and ".join(plain(name) for name in self.measures)


def plain(name: str) -> str:
    """A column's name in words: `bill_length_mm` is "bill length"."""
    return re.sub(r"_(mm|g)$", "", name).replace("_", " ")


def label(name: str) -> str:
    """A column's name as an axis label: "bill length (mm)"."""
    return f"{plain(name)} ({name.rsplit('_', 1)[-1]})"


def penguins(chat: Chat) -> Story:
    """Look, stumble, repair, compare all pairs, plot the best, answer."""
    found = MENTION.search(chat.prompt)
    table = found.group(1) if found else "penguins"
    *_, counted = yield Turn(
        f"Three things are asked: which measurements separate the species, a plot of the best "
        f"pair, and how well that pair does. Before any of it I need to know what `{table}` holds. "
        "I look at its columns, and in the same step count the birds of each species: the "
        "sizes of the groups decide what counts as a good result, and birds without "
        "measurements cannot be used.",
        calls=chat.offered(inspect(table), run(COUNT.format(table=table))),
    )
    groups = counted.lines(r"(\w.*?)[ \t]+(\d{1,15})[ \t]+(\d{1,15})")
    if not groups:
        return _cannot_begin(table, counted)
    (means,) = yield Turn(_after_count(groups), calls=(run(MEANS.format(table=table)),))
    code = NUMERIC_MEANS.format(table=table)
    (shares,) = yield Turn(_after_means(means), calls=(run(code),))
    ranked = shares.lines(MEASURE + r"[ \t]+(\d\.\d+)")
    if not ranked:
        return unexpected("the variance between the species", shares.text)
    (compared,) = yield Turn(_after_shares(ranked), calls=(run(PAIRS.format(table=table)),))
    scores = _scores(compared)
    pairs = _pairs(scores)
    if not pairs:
        return unexpected("the score of any pair", compared.text)
    (plotted,) = yield Turn(_after_pairs(pairs, scores, ranked), calls=(run(_plot_code(pairs[0])),))
    if not plotted.line(r"placed wrongly: (\d+) of (\d+)"):
        return unexpected("the number of birds placed wrongly", plotted.text)
    return Turn(
        "The figure and the list of wrong placements agree with the score. Everything that was "
        "asked has a number from the data behind it, so I can answer, and say what the "
        "figure does not show: how it would do on birds from elsewhere.",
        _answer(groups, ranked, compared, plotted),
    )


def _cannot_begin(table: str, counted: Result) -> Turn:
    error = counted.error
    if error and error[0] == "NameError":
        return Turn(
            f"There is no `{table}` in this kernel, so there is nothing to measure.",
            f"There is no variable `{table}` in this kernel (`{error[0]}: {error[1]}`). "
            "Load the data first, for instance:\n\n"
            "```python\nfrom palmerpenguins import load_penguins\n"
            "penguins = load_penguins()\n```",
        )
    return unexpected("a count of birds by species", counted.text)


def _after_count(groups: list[re.Match[str]]) -> str:
    sizes = ", ".join(f"{g[2]} {g[1]}" for g in groups)
    gaps = sum(int(g[3]) for g in groups)
    return (
        f"{sizes}; {gaps} birds were never measured, few enough to leave out. The groups are "
        "uneven, so naming the largest species every time would already be right fairly "
        "often; a pair has to be compared with that. First, where do the species differ at "
        "all? The mean of every column by species is the quickest look."
    )


def _after_means(means: Result) -> str:
    if means.error:
        kind, message = means.error
        return (
            f"{kind}: {message}. My mistake: I asked for the mean of every column, and some of "
            "them, the island and the sex, are text, which has none. I name the four "
            "measurements instead. A mean alone also does not say whether the groups overlap, "
            "so in the same step I ask how much of each measurement's variance lies between "
            "the species."
        )
    return (
        "The means came back for every column, the year too, which is no measurement. Means alone "
        "do not say whether the groups overlap. I keep to the four measurements and ask how "
        "much of each one's variance lies between the species."
    )


def _after_shares(ranked: list[re.Match[str]]) -> str:
    best, last = ranked[0], ranked[-1]
    return (
        f"Taken alone, {plain(best[1])} separates best ({best[2]} of its variance is between "
        f"species) and {plain(last[1])} least ({last[2]}). But the best pair need not be the two "
        "best alone: two measurements that both tell the same two species apart add "
        "little to each other. So I try all six pairs on birds that were not used for the "
        "guess, with the simplest rule there is, the nearest mean, and beside them all "
        "four together and the constant guess as yardsticks."
    )


def _after_pairs(pairs: list[Score], scores: list[Score], ranked: list[re.Match[str]]) -> str:
    best, worst = pairs[0], pairs[-1]
    alone = {ranked[0][1], ranked[1][1]} if len(ranked) > 1 else set()
    verdict = (
        "These are also the two that separate best alone."
        if set(best.measures) == alone
        else "These are not the two that separate best alone, so trying all pairs was worth it."
    )
    full = next((s for s in scores if not s.is_pair), None)
    yardstick = f" All four together get {full.right}." if full else ""
    return (
        f"{best.label.capitalize()}: {best.right} of {best.birds} right. {verdict} "
        f"The weakest pair, {worst.label}, gets {worst.right}.{yardstick} "
        "Now the plot of the best pair. I mark the birds that the rule puts in the wrong "
        "species, and count which species are confused: a share alone hides that."
    )


def _scores(result: Result) -> list[Score]:
    pattern = MEASURE + r"((?: \+ \w+_(?:mm|g))+): (\d{1,15}) of (\d{1,15}) right \(([\d.]+%)\)"
    return [
        Score((m[1], *m[2].split(" + ")[1:]), int(m[3]), int(m[4]), m[5])
        for m in result.lines(pattern)
    ]


def _plot_code(best: Score) -> str:
    x, y = best.measures
    return PLOT.format(
        x=x, y=y, x_label=label(x), y_label=label(y), x_name=plain(x).capitalize(), y_name=plain(y)
    )


def _answer(
    groups: list[re.Match[str]],
    ranked: list[re.Match[str]],
    compared: Result,
    plotted: Result,
) -> str:
    scores = _scores(compared)
    pairs = _pairs(scores)
    best = pairs[0]
    left_out = sum(int(g[3]) for g in groups)
    wrong = plotted.line(r"placed wrongly: (\d+) of (\d+)")
    assert wrong
    mixed = plotted.lines(r"(\w+) taken for (\w+)[ \t]+(\d+)")
    confused = ", ".join(f"{m[3]} {m[1]} taken for {m[2]}" for m in mixed)
    rows = [f"| {s.label} | {s.right} of {s.birds} | {s.share} |" for s in pairs]
    full = [s for s in scores if not s.is_pair]
    rows += [f"| *all four* | {s.right} of {s.birds} | {s.share} |" for s in full]
    title = f"### {best.label.capitalize()} separate the species best: {best.share} placed right"
    works = (
        f"With these two measurements, {best.right} of {best.birds} birds are placed in their "
        "own species by a rule that has not seen them (nearest species mean, five folds). "
        f"{_yardsticks(compared, scores, best)}"
    )
    fails = f"**Where it fails.** {wrong[1]} birds are placed wrongly" + (
        f": {confused}. They are circled in the figure." if confused else "."
    )
    alone = (
        f"**One by one,** {plain(ranked[0][1])} separates most: {ranked[0][2]} of its variance "
        f"lies between the species; {plain(ranked[-1][1])} least, {ranked[-1][2]}."
    )
    table = "\n".join(["| measurements | placed right | share |", "|---|---|---|", *rows])
    limits = (
        f"{left_out} birds without measurements are left out. The folds are of these same birds, "
        "so birds from other islands or years may do worse."
    )
    return f"{title}\n\n{works}\n\n{fails}\n\n{alone}\n\n{table}\n\n{limits}"


def _pairs(scores: list[Score]) -> list[Score]:
    """The pairs, best first."""
    return sorted((s for s in scores if s.is_pair), key=lambda s: -s.right)


def _yardsticks(compared: Result, scores: list[Score], best: Score) -> str:
    """What the best pair is to be compared with: the constant guess, and all measurements."""
    said = ""
    always = compared.line(r"always (.+): (\d{1,15}) of (\d{1,15}) right \(([\d.]+%)\)")
    if always:
        said = f"Always naming {always[1]} would place {always[4]} right. "
    for full in (s for s in scores if not s.is_pair):
        gain = full.right - best.right
        said += (
            f"All four measurements together place {gain} birds more ({full.share})."
            if gain > 0
            else f"All four measurements together do no better ({full.share})."
        )
    return said


PENGUINS = Scenario(
    "penguins", lambda chat: bool(ASKED.search(chat.prompt)), penguins, frozenset({"run_python"})
)
