"""Circles: whether a reply that streams in says the same over and over.

A model that has lost its way repeats a sentence or a page until its tokens are used up. Such text
compresses as nothing else does, so its compressed size is looked at, every so many characters.
Tables, code and lists repeat themselves too: text that is not plain sentences must be all but
the same for much longer before it counts.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from nbagent.samples import Phase

LOOK_CHARS = 1_000
"""How many characters come between two looks."""
SHORT_CHARS, LONG_CHARS = 6_000, 24_000
"""How much of a text's end is looked at."""
SENTENCES_SHARE = 0.08
"""Plain sentences that compress to less than this share of their bytes go in circles."""
ANYTHING_SHARE = 0.02
"""The same of any other text, of which the longer piece is looked at."""
PLAIN_SHARE = 0.93
"""From this share of letters, blanks and punctuation on, text counts as plain sentences."""
MIN_WORDS = 8
"""With fewer different words it may be a list of labels."""

_PLAIN = re.compile(r"""[^\W\d_]|[\s.,;!?'"()—…。，！？、；：-]""")  # noqa: RUF001 -- Chinese signs
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_]+")
"""A word; where words are not set apart, a character."""


@dataclass(slots=True)
class _Tail:
    """The end of one phase's text; `since` counts what came since the last look at it."""

    text: str = ""
    since: int = 0


class CircleWatch:
    """Watches one reply; `feed` it each piece, in order."""

    def __init__(self) -> None:
        self._tails: dict[Phase, _Tail] = {}

    def feed(self, phase: Phase, text: str) -> bool:
        """Take a piece; whether the phase's text goes in circles now.

        What this costs does not grow with the reply: one look a thousand characters, at no more
        than `LONG_CHARS`.
        """
        tail = self._tails.setdefault(phase, _Tail())
        tail.text += text
        tail.since += len(text)
        if tail.since < LOOK_CHARS:
            return False
        tail.since, tail.text = 0, tail.text[-LONG_CHARS:]
        return goes_in_circles(tail.text, sentences=phase != "arguments")

    def end(self, n_chars: int) -> str:
        """The end of what was said, for a report."""
        return "\n".join(tail.text for tail in self._tails.values())[-n_chars:]


def goes_in_circles(text: str, *, sentences: bool = True) -> bool:
    """Whether the end of a text says the same over and over.

    Args:
        text: the text so far; only its last `LONG_CHARS` are looked at.
        sentences: whether it can be plain sentences, which are judged earlier.
    """
    long = text[-LONG_CHARS:]
    if len(long) == LONG_CHARS:
        share = _compressed_share(long)
        if share < ANYTHING_SHARE or (share < SENTENCES_SHARE and sentences and _is_plain(long)):
            return True
    short = long[-SHORT_CHARS:]
    if not sentences or len(short) < SHORT_CHARS:
        return False
    return _compressed_share(short) < SENTENCES_SHARE and _is_plain(short)


def _compressed_share(text: str) -> float:
    data = text.encode(errors="replace")
    return len(zlib.compress(data, 1)) / len(data)


def _is_plain(text: str) -> bool:
    if len(_PLAIN.findall(text)) < PLAIN_SHARE * len(text):
        return False
    return len(set(_WORD.findall(text.lower()))) >= MIN_WORDS
