"""What Python says to a person, in the process's language. English stands where it is said.

The English text is the key of the one catalogue, `zh-CN.json` beside this file, which the page
reads too. A text is translated where it is shown. What is stored or sent to a model is made
without this module and stays English; `told` translates such a text when somebody reads it.

The language is the process's, like a locale: `%config Kimi.language`, else what the page last
said, else the environment's LC_ALL, LC_MESSAGES or LANG.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

LANGUAGES = ("auto", "en", "zh-CN")
"""What can be chosen."""
_CHINESE = re.compile(r"zh(?![-_](?:tw|hk|mo|hant))", re.IGNORECASE)
"""Names of simplified Chinese in locales, pages and JupyterLab."""
_PLACE = re.compile(r"\{(\w+)\}")
_VALUES = {
    "n": r"\d[\d,.]*(?: [kM])?",
    "name": r"\S+",
    "cost": r"\$[\d.,]+",
    "status": r".*?",
    "size": r"\d[\d.]* [kM]?B",
    "time": r"\d[\d.]* (?:s|min|h)(?: \d\d)?",
}
"""What stands in a place of that name; in others anything may."""
_TELLING = 6
"""With so many letters beside its places a text is known by them, whatever stands there."""
_SENTENCES = re.compile(r"(?<=[.!?;]) (?=\S)")


class _Process:
    """The language of this process; the one state that all modules share."""

    def __init__(self) -> None:
        self.chosen = "auto"
        self.page = ""
        self._texts: Mapping[str, str] | None = None

    @property
    def texts(self) -> Mapping[str, str]:
        """The catalogue in force; empty for English."""
        if self._texts is None:
            self._texts = _catalogue() if self.name == "zh-CN" else {}
        return self._texts

    @property
    def name(self) -> str:
        if self.chosen != "auto":
            return self.chosen
        variables = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
        said = self.page or next(filter(None, variables), "")
        return "zh-CN" if _CHINESE.match(said) else "en"

    def turn(self, *, chosen: str | None = None, page: str | None = None) -> None:
        self.chosen = self.chosen if chosen is None else chosen
        self.page = self.page if page is None else page
        self._texts = None


_process = _Process()


def choose(language: str) -> None:
    """Set the language.

    Args:
        language: `en`, `zh-CN`, or `auto` for that of the page, else of the environment.
    """
    _process.turn(chosen=language)


def page_speaks(language: str) -> None:
    """Take over the language of the page that the person looks at: a BCP 47 tag, '' if unknown."""
    _process.turn(page=language)


def language() -> str:
    """The language in force: `en` or `zh-CN`."""
    return _process.name


def texts() -> Mapping[str, str]:
    """The texts in force by the English ones, for a page; none for English."""
    return _process.texts


def t(text: str, **values: object) -> str:
    """A text in the process's language, with its values.

    Args:
        text: English, with `{name}` where a value belongs.
        values: what belongs there.
    """
    found = _process.texts.get(text, text)
    return _filled(found, values) if values else found


def counted(n: int, word: str, many: str = "") -> str:
    """`1 step`, `5 steps`; in the catalogue as these words with `{n}` for any number but 1."""
    if n == 1:
        return t(f"1 {word}")
    return t(f"{{n}} {many or word + 's'}", n=f"{n:,}")


def series(parts: Iterable[str]) -> str:
    """Texts one after another, with the language's comma; empty ones are left out."""
    return t(", ").join(part for part in parts if part)


def paragraph(sentences: Iterable[str]) -> str:
    """Sentences one after another; behind a Chinese one stands no space."""
    text = ""
    for sentence in filter(None, sentences):
        text += sentence if not text or not text[-1].isascii() else f" {sentence}"
    return text


def told(text: str) -> str:
    """A text that was made in English and is kept so, in the process's language.

    It is looked up whole, then as a text of the catalogue whose places are filled, then line by
    line and sentence by sentence. What is in no catalogue stays as it is: a tool's or a provider's
    own words.
    """
    return _chinese(text) if _process.texts else text


def told_series(text: str) -> str:
    """The same for parts between commas, each of them a text."""
    return series(told(part) for part in text.split(", ")) if text else ""


def _filled(text: str, values: Mapping[str, object]) -> str:
    return _PLACE.sub(lambda place: str(values.get(place[1], place[0])), text)


@cache
def _catalogue() -> dict[str, str]:
    """The Chinese texts, by the English ones."""
    from importlib.resources import files  # noqa: PLC0415 -- slow, and English needs none of it

    read: dict[str, str] = json.loads((files(__name__) / "zh-CN.json").read_text(encoding="utf-8"))
    return read


@cache
def _forms() -> list[tuple[re.Pattern[str], str]]:
    """The texts with places as patterns of what they are when filled, the longest first."""
    with_places = [text for text in _catalogue() if _PLACE.search(text) and _is_known_again(text)]
    with_places.sort(key=lambda text: len(_PLACE.sub("", text)), reverse=True)
    return [(_pattern(text), _catalogue()[text]) for text in with_places]


def _is_known_again(text: str) -> bool:
    letters = sum(map(str.isalpha, _PLACE.sub("", text)))
    return letters >= _TELLING or set(_PLACE.findall(text)) <= set(_VALUES)


def _pattern(text: str) -> re.Pattern[str]:
    pieces, seen = _PLACE.split(text), set[str]()
    for i in range(1, len(pieces), 2):
        name = pieces[i]
        value = _VALUES.get(name, ".+?")
        pieces[i] = f"(?P={name})" if name in seen else f"(?P<{name}>{value})"
        seen.add(name)
    pieces[::2] = map(re.escape, pieces[::2])
    return re.compile("".join(pieces))


@lru_cache(maxsize=2_000)
def _chinese(text: str) -> str:
    whole = _catalogue().get(text) or _as_form(text)
    if whole is not None:
        return whole
    if "\n" in text:
        return "\n".join(map(_line, text.split("\n")))
    said = _by_sentences(_SENTENCES.split(text))
    return _as_list(text) or text if said == text else said


def _by_sentences(sentences: list[str]) -> str:
    """The sentences one after another, as many together as the catalogue has together."""
    said: list[str] = []
    while sentences:
        n, words = _longest_known(sentences)
        said.append(words)
        sentences = sentences[n:]
    return paragraph(said)


def _longest_known(sentences: list[str]) -> tuple[int, str]:
    """How many of the first sentences are a text, and that text; the first as it is if none is."""
    for n in range(len(sentences), 0, -1):
        first = " ".join(sentences[:n])
        known = _catalogue().get(first) or _as_form(first)
        if known:
            return n, known
    return 1, sentences[0]


def _line(line: str) -> str:
    bare = line.strip()
    return line.replace(bare, _chinese(bare)) if bare else line


def _as_list(text: str) -> str | None:
    """Parts between commas, if each of them is a text."""
    parts = text.split(", ")
    said = [_catalogue().get(part) or _as_form(part) for part in parts]
    return series(filter(None, said)) if all(said) else None


def _as_form(text: str) -> str | None:
    for pattern, chinese in _forms():
        found = pattern.fullmatch(text)
        if found:
            values = found.groupdict()
            return _filled(chinese, {k: _chinese(v) if " " in v else v for k, v in values.items()})
    return None
