"""How nbagent writes numbers, sizes and names, the same in every view and every output.

Seconds to one decimal, thin numbers: `6.9 s`, `1 h 14`, `$0.015`, `97 tok/s`, `262 k`. A figure
that nobody measured is "—". Text of the model or a tool passes `clean` before it is shown.
"""

from __future__ import annotations

import re
import unicodedata

from nbagent.words import counted, t

STATES = {
    "starting": "Starting",
    "replied": "Working",
    "compacting": "Summarising older messages",
    "queued": "Waiting for the kernel",
    "reasoning": "Thinking",
    "answer": "Answering",
    "arguments": "Writing a tool call",
}
"""What a run that goes on is doing, by phase."""
ENDED = {
    "answer": "Done",
    "stopped": "Stopped by you",
    "limit": "Limit reached",
    "error": "Failed",
}
"""How a run has ended, by reason."""

UNKNOWN = "—"
STOP_PATIENCE_S = 2.0
"""From here on a stop counts as one that the code does not heed."""
BADGE = (
    "SCRIPTED · replies written by people, paced by a timer. "
    "Tools and numbers are real; the thinking is not."
)
"""Stands in the first line and at the answer of every scripted run, in every form."""

_ESCAPES = re.compile(
    r"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?"
    r"|\[[0-?]*[ -/]*[@-~]?|[@-Z\\-_]?)"
)
"""Terminal escape sequences (ECMA-48): OSC, other strings, CSI, two-character ones."""

_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Characters that would make a reader see another text than the one that is there."""


def clean(text: str) -> str:
    """Make foreign text fit to be shown: no terminal escapes, and nothing invisible.

    A carriage return starts its line again, as a terminal does (progress bars). Control, bidi,
    zero-width and tag characters and lone surrogates become their code points, `[U+202E]`.
    """
    text = _ESCAPES.sub("", text.replace("\r\n", "\n"))
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return _HIDDEN.sub(lambda m: f"[U+{ord(m[0]):04X}]", text)


def clip(text: str, limit: int) -> str:
    """Bound a text to about `limit` characters: its head and its tail, and a line between."""
    if len(text) <= limit:
        return text
    head, tail = text[: limit * 2 // 3], text[len(text) - limit // 3 :]
    head = head[: head.rfind("\n") + 1] or head
    left_out = len(text) - len(head) - len(tail)
    return f"{head.rstrip()}\n… {size(left_out)} left out here …\n{tail.lstrip()}"


def one_line(text: str, limit: int = 120) -> str:
    """The first `limit` characters of a text on one line, cut between words."""
    text = " ".join(text[: limit * 8].split())
    if len(text) <= limit:
        return text
    cut = text[:limit].rpartition(" ")[0]
    return (cut if len(cut) > limit // 2 else text[:limit]).rstrip(" ,;:") + "…"


def gist(text: str, limit: int = 90) -> str:
    """The first sentence of a text, on one line."""
    text = " ".join(text[:2000].split())
    end = re.search(r"[.!?](?=\s)|[。！？]", text)  # noqa: RUF001 -- Chinese sentence ends
    return one_line(text[: end.end()] if end else text, limit).removesuffix(".")


def padded(text: str, n_columns: int) -> str:
    """A text with spaces behind it, so many columns wide in all; Chinese characters take two."""
    return text + " " * (n_columns - columns(text))


def columns(text: str) -> int:
    """How wide a text is where each letter takes one column."""
    return sum(1 + (unicodedata.east_asian_width(letter) in "WF") for letter in text)


def seconds(value: float | None) -> str:
    """A duration: `0.4 s`, `6.9 s`, `73 s`, `5 min 06`, `12 min`, `1 h 14`."""
    if value is None:
        return UNKNOWN
    if value < 59.95:  # noqa: PLR2004 -- shown as 60.0 otherwise
        return f"{value:.1f} s"
    if value < 119.5:  # noqa: PLR2004 -- two minutes
        return f"{value:.0f} s"
    if value < 599.5:  # noqa: PLR2004 -- ten minutes
        return f"{round(value) // 60} min {round(value) % 60:02d}"
    minutes = round(value / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d}"  # noqa: PLR2004 -- an hour


def size(n_bytes: int) -> str:
    """A size in bytes: `512 B`, `1.2 kB`, `14 kB`, `3.4 MB`."""
    if n_bytes < 1000:  # noqa: PLR2004 -- SI prefixes
        return f"{n_bytes} B"
    value, unit = (n_bytes / 1e3, "kB") if n_bytes < 999_500 else (n_bytes / 1e6, "MB")  # noqa: PLR2004
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"  # noqa: PLR2004


def count(value: float | None) -> str:
    """A count: `2,039`, `262 k`, `2.1 M`."""
    if value is None:
        return UNKNOWN
    if value < 99_950:  # noqa: PLR2004 -- up to five digits are read as they are
        return f"{value:,.0f}"
    return f"{value / 1e3:.0f} k" if value < 999_500 else f"{value / 1e6:.1f} M"  # noqa: PLR2004


def dollars(value: float | None, *, at_least: bool = False) -> str:
    """A cost: `$0.0031`, `$0.015`, `$1.20`, `≥ $0.015`; unknown is a dash."""
    if value is None:
        return UNKNOWN
    least = "≥ " if at_least else ""
    if value >= 0.995:  # noqa: PLR2004 -- from a dollar on, cents
        return f"{least}${value:,.2f}"
    return f"{least}${value:.3f}" if value >= 0.01 or value == 0 else f"{least}${value:.4f}"  # noqa: PLR2004


def unfinished(n_attempts: int) -> str:
    """What is said of requests whose tokens nobody knows; '' if there are none."""
    attempts = counted(n_attempts, "unfinished attempt")
    return t("+{attempts}, tokens unknown", attempts=attempts) if n_attempts else ""


def share(part: float | None) -> str:
    """A share from 0 to 1: `89 %`."""
    return UNKNOWN if part is None else f"{100 * part:.0f} %"


def plural(n: int, word: str, many: str = "") -> str:
    """`1 step`, `5 steps`, in English: what is kept or sent. `words.counted` is for showing."""
    return f"{n:,} {word if n == 1 else many or word + 's'}"


def stopping_words(waited_s: float) -> str:
    """What is said of a stop that was asked for so long ago and has not taken."""
    if waited_s < STOP_PATIENCE_S:
        return "Stopping"
    return (
        f"Stopping for {seconds(waited_s)}: the code does not let go. Restart the kernel to end "
        "it: trace and files are kept, variables and conversation are not"
    )
