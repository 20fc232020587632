"""The catalogue of the UI's texts: whole, nothing too many, and each value in its place."""

from __future__ import annotations

import re

from tests.words import (
    catalogue,
    made_in_python,
    missing,
    places,
    said,
    said_in,
    said_in_python,
    sentences_in,
    untold,
    unused,
)

ENGLISH_TOO = {"Kimi"}
"""What is the same in Chinese."""
_HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:!?()]|[,;:!?()][\u4e00-\u9fff]")


def test_every_text_of_page_and_kernel_is_translated_and_no_other() -> None:
    assert missing() == set(), "python -m tests.words lists them"
    assert unused() == set(), "python -m tests.words lists them"


def test_what_is_told_a_person_is_translated() -> None:
    assert untold() == set(), "python -m tests.words lists them"


def test_each_value_has_its_place() -> None:
    odd = {text for text, chinese in catalogue().items() if places(text) != places(chinese)}
    assert odd == set()


def test_a_translation_is_chinese_with_chinese_punctuation() -> None:
    texts = catalogue()
    worded = {text for text in texts if re.search("[A-Za-z]", re.sub(r"\{\w+\}", "", text))}
    same = {text for text in worded if not re.search(r"[\u4e00-\u9fff]", texts[text])}
    assert {text for text in same if "tok" not in text} == ENGLISH_TOO
    assert [chinese for chinese in texts.values() if _HALF_WIDTH.search(chinese)] == []


def test_texts_are_found_as_they_are_written() -> None:
    source = "x(t('a {b}', { b }), t(\n  'it\\'s', {}), t(\"two\"), part('no'), t(row.words))"
    assert list(said_in(source)) == ["a {b}", "it's", "two"]
    source = "counted(n('x'), 'step') + counted(a.b, it ? 'more row' : 'key') + recounted(1, 'no')"
    counts = ["1 step", "{n} steps", "1 more row", "{n} more rows", "1 key", "{n} keys"]
    assert list(said_in(source)) == counts
    assert places("{b} of {a}") == places("{a}: {b}") != places("{a}")


PYTHON = '''
"""No text."""
NAMES = {"a": "first", "b": ("second", "third")}
OTHER = {"a": "no"}

def f(n, name):
    """No text either."""
    say(t("one {n}", n=n), told("two"), counted(n, "step"), counted(n, "entry", "entries"))
    raise UsageError(f"There is no {name!r:.20}. Nothing was sent.{near}", t(NAMES["a"]))
'''


def test_texts_of_python_are_found_as_they_are_written() -> None:
    assert set(said_in_python(PYTHON, ("NAMES",))) == {
        *("one {n}", "two", "1 step", "{n} steps", "1 entry", "{n} entries"),
        *("first", "second", "third"),
    }
    made = set(made_in_python(PYTHON))
    assert {"There is no {}.", "Nothing was sent.", "no", "one {}"} <= made
    assert not {"There is no {}", "There is {}.", "two steps"} & made, "a changed text is no text"


def test_sentences_are_found_and_what_describes_the_code_is_not() -> None:
    assert set(sentences_in(PYTHON)) == {"There is no {}.", "Nothing was sent."}


def test_what_is_looked_for_is_there() -> None:
    """The control: a search that finds nothing would find nothing missing, and all unused."""
    assert {"Stop", "Traceback, {lines}", "{n} steps", "Thinking", "cut off"} <= said()
    assert "Stopped by you at step {n}." not in catalogue(), "half a text is another one"
