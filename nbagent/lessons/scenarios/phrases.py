"""What a short English request about the user's own variables asks for, or that it is none.

A request is understood whole or not at all: of "plot x and email it to Ann" no half is done.
First the sentence is brought into a plain form (no politeness, quotes or articles), then it has
to fit a phrase from end to end. In a phrase, `(a|b)` is one of them, `[a|b]` one of them or
none, `<column>` a word that is kept, and `<of>` stands for "of df", "in df" or nothing.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

STATISTICS = {
    "mean": "mean",
    "average": "mean",
    "avg": "mean",
    "median": "median",
    "sum": "sum",
    "total": "sum",
    "max": "max",
    "maximum": "max",
    "highest": "max",
    "largest": "max",
    "min": "min",
    "minimum": "min",
    "lowest": "min",
    "smallest": "min",
    "std": "std",
    "standard deviation": "std",
    "variance": "var",
}
LONGEST = 300
"""Longer texts, in characters, are no simple requests."""

PRONOUNS = {"it", "this", "that", "them", "they", "these", "those", "data", "everything"}
NOT_NAMES = {"you", "your", "i", "me", "we", "he", "she", "of", "in", "by", "and", "the", "to"}

WORDS = {
    "rows": "(rows|records|lines|entries|observations|items|elements)",
    "gaps": "(missing values|missing value|missing data|missing|null values|nulls|nans|nan|nas|na"
    "|gaps|empty cells)",
    "by": "(by|per|for each|for every|grouped by|group by|in each|within each|across)",
    "draw": "(plot|draw|chart|graph|visualize|visualise|histogram|hist|bar chart|line plot"
    "|line chart)",
    "versus": "(against|vs|versus|over|and|by)",
    "tell": "(describe|summarize|summarise|inspect|explain|explore|examine|profile)",
    "about": "(summary statistics|summary|overview|description|info|information|statistics|facts)",
}

PHRASES = """
variables   (what|which) (variables|names|objects) [are|do i have|have i|exist]
            [got|defined|available|loaded]
variables   [list|name|show|show me|see|print] [all] variables [i have|are defined]
variables   what [is|have i|do i have|are] [defined|got|in namespace|in kernel|in memory|in session]
rows        [how many|number of|count of|count] {rows} [are] [there] <of> [has|have]
rows        how many {rows} (has|have|does|do|are) [there in|in] <name> [have|has|contain]
rows        how (big|long|large) (is|are) <name>
rows        [what is] (size|shape|length|dimensions|row count) [of] <name>
rows        (what|which) (size|shape|length) (is|has) <name>
missing     [how many|count|number of|what|where are|which|are|is|what are] [there] [any|all] {gaps}
            [are|is] [there] <of> [have|has]
missing     [how many|count] {gaps} [are] [there] (of|in) <column> (of|in|from) <name>
missing     how many {gaps} (has|have|does|do|are) [there in|in] <name> [have|has|contain]
missing     (does|do|has|have) <name> [have|contain|got] [any] {gaps}
missing     (what|which|how many) (columns|column|fields) <of> (have|has|contain|are|with) [any]
            {gaps} <of>
missing     (check|look) [<name>] for [any] {gaps} <of>
missing     <name> {gaps}
columns     [what|which|list|names of|name|what are] [all] (columns|fields|dtypes|data types|column
            names|column types) [are|is] [there] <of> [has|have|contain]
columns     (what|which|how many) (columns|fields) (has|have|does|do|are) [there in|in] <name>
            [have|has|contain]
columns     <name> (columns|dtypes|column names)
head        [what are|see|view|display|show] (first|top) [few] [<n>] [few] {rows} <of>
head        head [of] <name>
head        <name> head
counts      how many [of] each <column> [are|is] [there] <of> [has|have]
counts      how many (different|distinct|unique) [values of] <column> [values] [are] [there] <of>
            [has|have]
counts      (value counts|counts|count|frequency|frequencies|distribution|unique values|distinct
            values|unique|distinct) of <column> <of>
counts      count [{rows}|<name>] {by} <column> <of>
counts      how many {rows} {by} <column> <of>
correlation (correlation|correlate) [between|of] <column> (and|with|to|vs) <other> <of>
correlation how [strongly|well] (are|do|is) <column> (and|with) <other>
            (correlated|related|correlate) <of>
statistic   [what is|what are] <statistic> [value] [of] <column> <of> {by} <by>
statistic   [what is|what are] <statistic> [value] [of] <column> {by} <by> <of>
statistic   [what is|what are] <statistic> [value] [of] <column> <of>
statistic   group <name> by <by> and <statistic> [of] <column>
plot        (plot|draw|chart|graph|scatter|scatter plot|plot of|scatter plot of) <other> {versus}
            <column> <of>
plot        {draw} [of|for] [distribution of|histogram of|plot of|values of] <column> (of|in|from)
            <name>
plot        {draw} [of|for] [distribution of|histogram of|plot of|values of] <name>
describe    {tell} [of] <name> [in short|in detail|briefly]
describe    [short|brief|quick] {about} [of|on|about|for] <name>
describe    (what is|what are|show me|give me|show|display|view|see|print|about|have look at|look
            at|look into) [in|inside|stored in|about] <name>
describe    what (does|do) <name> (look like|contain|hold|mean)
describe    what (type|kind) [of thing|of object] is <name>
describe    [what is] type of <name>
describe    <mention>
"""

OPENER = re.compile(
    r"^(?:please|kindly|hi|hey|hello|ok|okay|now|then|and|also|so|just|kimi|well|next|finally|"
    r"(?:can|could|would|will) you|i (?:want|need|would like|d like)(?: you)?(?: to)?|let us|lets|"
    r"do you know|(?:show|give|tell) me(?= \S+ \S)|find out|find|get me|get|compute|calculate|"
    r"work out|make me|make|draw me|create|do|what about|how about)\b[\s,:]*",
    re.IGNORECASE,
)
CLOSER = re.compile(
    r"[\s,]+(?:please|thanks|thank you|for me|now|first|kimi|there|here|currently|right now|"
    r"in (?:this|the|my|our)? ?(?:notebook|kernel|session|namespace|memory))$",
    re.IGNORECASE,
)
NOUN = re.compile(
    r"\b(?:data ?frame|data ?set|table|variable|object|series|array|column|field|frame)s? "
    r"(?=@?[a-z_]\w*)(?!(?:by|of|in|per|have|has|is|are|and|look|contain|with|does|do|types?)\b)",
    re.IGNORECASE,
)
NOUN_AT_END = re.compile(r"^(\w+ .*\w) (?:data ?frame|data ?set|table|variable)$", re.IGNORECASE)
THE_DATA = re.compile(
    r"\b(?:the|my|our|this|that) (?:data ?frame|data ?set|data|table)\b"
    r"(?= (?:have|has|contain|contains|look)\b|$)",
    re.IGNORECASE,
)
ARTICLE = re.compile(
    r"\b(?:the|my|our|an|a(?! (?:against|vs|versus|and|by|of|in|from|per|for|over|with|have|has|is"
    r"|are)\b)) (?=@?\w)",
    re.IGNORECASE,
)
TOKEN = re.compile(r"\[[^\]]*\]|\([^)]*\)|\S+")
SLOT = re.compile(r"<(\w+)>")
MENTION = re.compile(r"@([A-Za-z_]\w*)")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for.

    Attributes:
        kind: which of the things that free play can do.
        name: the variable ('' if none was named).
        column: a column of it; `other` is a second one, `by` one to group by.
        statistic: the pandas name of a statistic.
        n: a number of rows.
        spoken_of: the variables that were named in this request and before it, last first.
    """

    kind: str
    name: str = ""
    column: str = ""
    other: str = ""
    by: str = ""
    statistic: str = ""
    n: int = 5
    spoken_of: tuple[str, ...] = ()


def _slot(found: re.Match[str]) -> str:
    name = found[1]
    if name == "of":
        return rf"(?:(?:of|in|from|on|within|for)\s+{_word('name')})?"
    if name == "statistic":
        return f"(?P<statistic>{'|'.join(STATISTICS)})"
    if name == "n":
        return r"(?P<n>\d{1,3})"
    return r"@(?P<name>[A-Za-z_]\w*)" if name == "mention" else _word(name)


def _word(group: str) -> str:
    return rf"@?(?P<{group}>[A-Za-z_]\w*)"


def _compiled(phrase: str) -> re.Pattern[str]:
    """Turn a phrase into a pattern; a slot that occurs twice may be filled in either place."""
    parts = []
    for part in TOKEN.findall(phrase.format_map(WORDS)):
        inner = (part[1:-1] if part[0] in "([" else part).replace(" ", r"\s+")
        text = rf"(?:{SLOT.sub(_slot, inner)})(?!\w)\s*"
        parts.append(f"(?:{text})?" if part[0] == "[" or part == "<of>" else text)
    source, seen = "".join(parts), set[str]()
    for group in re.findall(r"\(\?P<(\w+)>", source):
        if group in seen:
            at = source.rindex(f"(?P<{group}>")
            source = f"{source[:at]}(?P<{group}2>{source[at + len(group) + 5 :]}"
        seen.add(group)
    return re.compile(source, re.IGNORECASE)


_TABLE = tuple(
    (line.split(maxsplit=1)[0], _compiled(line.split(maxsplit=1)[1]))
    for line in re.sub(r"\n +", " ", PHRASES.strip()).splitlines()
)


def wishes(text: str, earlier: Sequence[str] = ()) -> tuple[Wish, ...]:
    """What a request asks for, in order; empty if any part of it is not understood.

    Args:
        text: the user's words.
        earlier: the user's words of the turns before; "plot it" means what was spoken of there.
            A column without a table stays so: which table has it is for the kernel to say.
    """
    spoken_of = tuple(w.name for said in reversed(earlier) for w in _named(said))
    found = []
    for wish in _wishes(text):
        name = wish.name or ("" if wish.column else next(iter(spoken_of), ""))
        found.append(replace(wish, name=name, spoken_of=spoken_of))
        spoken_of = (name, *spoken_of) if name else spoken_of
    return tuple(found)


def _named(said: str) -> list[Wish]:
    found = [wish for wish in reversed(_wishes(said)) if wish.name]
    mention = MENTION.search(said)
    return found or ([Wish("describe", mention[1])] if mention else [])


def _wishes(text: str) -> tuple[Wish, ...]:
    if len(text) > LONGEST:
        return ()
    whole = _wish(text)
    if whole:
        return (whole,)
    for border in (r"[.?!;\n]+\s*", r"(?:[.?!;,\n]|\band\b|\bthen\b)+\s*"):
        parts = [part for part in re.split(border, text.strip()) if part.strip()]
        found = [wish for part in parts if (wish := _wish(part))]
        if len(parts) > 1 and len(found) == len(parts):
            return tuple(found)
    return ()


def _wish(text: str) -> Wish | None:
    plain = plain_form(text)
    for kind, pattern in _TABLE:
        found = pattern.fullmatch(plain)
        wish = found and _filled(kind, found)
        if wish:
            return wish
    return None


def _filled(kind: str, found: re.Match[str]) -> Wish | None:
    """The wish with its slots filled; None if a word in a slot can be no name."""
    slots = {k.rstrip("2"): v for k, v in found.groupdict().items() if v}
    name = slots.get("name", "")
    if keyword.iskeyword(name) or NOT_NAMES & {v.lower() for v in slots.values()}:
        return None
    if name.lower() in PRONOUNS:
        slots["name"] = ""
    if "statistic" in slots:
        slots["statistic"] = STATISTICS[re.sub(r"\s+", " ", slots["statistic"].lower())]
    n = int(slots.pop("n", 5))
    words: dict[str, Any] = slots
    return Wish(kind, n=n, **words)


def plain_form(text: str) -> str:
    """Bring a request into the form that phrases are written in.

    Quotes, articles, politeness and closing punctuation go; `df["x"]` and `df.x` become "x of df",
    `len(df)` becomes "length of df".
    """
    text = re.sub(r"\bwhat['\u2019]?s\b", "what is", text.strip(), flags=re.IGNORECASE)
    text = re.sub(r"(\w+)\[\s*['\"]([A-Za-z_]\w*)['\"]\s*\]", r"\2 of \1", text)
    text = re.sub(r"(?<=\w)['\u2019]s\b", "", text)
    text = re.sub(r"[\"'`\u2018\u2019\u201c\u201d«»*]", "", text)
    text = re.sub(r"\bvs\.", "vs", text, flags=re.IGNORECASE)
    text = re.sub(r"\blen\(\s*(\w+)\s*\)", r"length of \1", text).replace("()", "")
    text = re.sub(r"@?\b([A-Za-z_]\w*)\.([A-Za-z_]\w*)\b", r"\2 of \1", text)
    text = re.sub(r"\s+", " ", text).strip(" .?!:;,…")
    text = NOUN.sub("", ARTICLE.sub("", THE_DATA.sub("it", text)))
    for pattern in (OPENER, CLOSER):
        while (shorter := pattern.sub("", text)) != text:
            text = shorter.strip(" .?!:;,…")
    return NOUN_AT_END.sub(r"\1", text)
