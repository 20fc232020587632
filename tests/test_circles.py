"""Replies that go in circles are ended; whatever else repeats itself is let be."""

from __future__ import annotations

import itertools
import json
import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbagent.events import ReplyReceived, RetryScheduled
from nbagent.policy.circles import LONG_CHARS, CircleWatch, goes_in_circles
from nbagent.ports import Piece
from nbagent.run import Run
from nbagent.run.work import AskModel, Elapsed, WaitUntil
from nbagent.settings import Settings
from tests.scripted import make_run, says

DICE = random.Random(5)
SPECIES = ["Adelie", "Chinstrap", "Gentoo"]
WORDS = [
    "".join(DICE.choice(string.ascii_lowercase) for _ in range(DICE.randint(2, 10)))
    for _ in range(900)
]
CAPITALS = {w: WORDS[i] for i, w in enumerate(WORDS[300:600])}


def rows(form: str, n: int, *choices: list[str]) -> str:
    """So many lines of one form, filled from lists at random and with numbers."""
    return "\n".join(
        form.format(*(DICE.choice(c) for c in choices), i=i, x=DICE.random() * 100)
        for i in range(n)
    )


def prose(n_words: int, words: list[str] = WORDS) -> str:
    sentence = (" ".join(DICE.choices(words, k=12)).capitalize() + "." for _ in itertools.count())
    return " ".join(itertools.islice(sentence, n_words // 12))


VERSE = [prose(36) for _ in range(12)]
CHORUS = "Row, row, row your boat, gently down the stream, merrily, merrily, life is but a dream."
LEGITIMATE = {
    "a table of numbers": rows("| {i} | {x:.2f} | {x:.0f} |", 400),
    "a table with the same labels": rows(
        "| {0} | {1} | {x:.1f} |", 344, SPECIES, ["male", "female"]
    ),
    "a table with the same cells": "| Adelie | Torgersen | male | yes |\n" * 152,
    "a table of noughts": "| 0 | 0 | 0 | 0 |\n" * 300,
    "a long list of numbers": ", ".join(str(DICE.randint(0, 99)) for _ in range(5_000)),
    "the numbers in order": ", ".join(map(str, range(4_000))),
    "a list of noughts": "[" + "0, " * 3_000 + "0]",
    "ones and noughts": "".join(DICE.choice("01") for _ in range(20_000)),
    "a JSON array": json.dumps(
        [{"name": DICE.choice(SPECIES), "mass": DICE.random()} for _ in range(300)]
    ),
    "a JSON array of equal objects": json.dumps([{"name": "x", "value": 0, "ok": True}] * 300),
    "indented JSON": json.dumps(
        [{"id": i, "tags": [], "note": None} for i in range(200)], indent=4
    ),
    "code with repeated lines": "    self.assertEqual(result, expected)\n" * 200,
    "code of one form": rows("df.loc[{i}, 'mass'] = {x:.3f}", 300),
    "code of one form with words": rows("    assert capital_of('{0}') == '{1}'", 200, WORDS, WORDS),
    "imports": rows("from package.{0} import {1}", 200, WORDS, WORDS),
    "a log": rows("2025-01-01 12:00:{i:02d} INFO step {i} loss {x:.4f} saved checkpoint", 300),
    "a log without numbers": "INFO nothing to do, waiting for the next event\n" * 90,
    "labels in any order": rows("{0}", 900, ["positive", "negative", "neutral"]),
    "species sorted": "Adelie\n" * 152 + "Chinstrap\n" * 68 + "Gentoo\n" * 124,
    "numbered labels": rows("{i}. {0}", 600, ["yes", "no"]),
    "a rule": "-" * 2_000,
    "rules between parts": "\n".join(f"{'=' * 80}\n{v}" for v in VERSE),
    "blank lines": "\n" * 3_000,
    "a tree of files": rows("│   ├── {0}/\n│   │   ├── __init__.py", 150, WORDS),
    "a song with a chorus": "\n\n".join(f"{verse}\n\n{CHORUS}" for verse in VERSE),
    "a sentence that is asked for fifty times": "I will not talk in class.\n" * 50,
    "sentences of one form": " ".join(
        f"The country {a} has the capital {b}." for a, b in CAPITALS.items()
    ),
    "numbered sentences": rows(
        "Row {i}: a penguin of species {0} weighs {x:.0f} grams.", 200, SPECIES
    ),
    "steps of thought": rows(
        "Wait, let me check {0} again. It is {1}, so that holds.", 150, WORDS, WORDS
    ),
    "prose": prose(4_000),
    "prose of few words": prose(4_000, WORDS[:60]),
    "a proof by cases": rows(
        "Case {0}: then {1} divides {2}, which we have excluded above.", 200, WORDS, WORDS, WORDS
    ),
    "a matrix": "\n".join(" ".join(str(int(i == j)) for j in range(60)) for i in range(60)),
    "a DNA sequence": "".join(DICE.choice("ACGT") for _ in range(20_000)),
    "base64": "".join(DICE.choice(string.ascii_letters + string.digits) for _ in range(20_000)),
    "dates": "\n".join(f"2025-{m:02d}-{d:02d}" for m in range(1, 13) for d in range(1, 29)),
    "HTML": rows("<tr><td>{0}</td><td>{1}</td></tr>", 200, SPECIES, WORDS),
    "CSV with empty fields": rows("{i},,,{0},,,", 500, SPECIES),
    "Chinese prose": "".join(chr(DICE.randint(0x4E00, 0x5E00)) for _ in range(20_000)),
    "LaTeX": rows(r"\item $x_{{{i}}} = \frac{{{i}}}{{2}}$ and {0}", 200, WORDS),
    "a mean page": VERSE[0] * 4,
}
PAGE = prose(250)
LOOPING = {
    "a sentence": "Let me check the column names of this data frame again. " * 200,
    "a sentence, counted": "".join(
        f"Attempt {i}: let me check the column names of this frame again. " for i in range(400)
    ),
    "a paragraph": (VERSE[1] + "\n\n") * 40,
    "a page": PAGE * 20,
    "three sentences in any order": " ".join(
        DICE.choices(
            ["Wait, that is not right.", "Let me think once more.", "Hmm, so the mean is wrong."],
            k=500,
        )
    ),
    "few words": "I do not know. " * 2_500,
    "one word": "wait, " * 5_000,
    "one letter": "a" * 30_000,
    "blank lines": "\n" * 30_000,
    "noughts": "0, " * 10_000,
    "a row": "| Adelie | Torgersen | male | yes |\n" * 1_000,
    "code": "    self.assertEqual(result, expected)\n" * 1_000,
    "Chinese": "让我再检查一下这个数据框的列名是否正确。" * 500,
    "after much prose": prose(3_000) + "Let me look at the data once more before I answer. " * 200,
}


def noticed_at(text: str) -> int | None:
    """After how many characters of a stream it is noticed, if it is."""
    watch = CircleWatch()
    for i in range(0, len(text), 7):
        if watch.feed("answer", text[i : i + 7]):
            return i
    return None


@pytest.mark.parametrize("name", LEGITIMATE)
def test_what_repeats_itself_for_a_reason_is_let_be(name: str) -> None:
    assert noticed_at(LEGITIMATE[name]) is None


@pytest.mark.parametrize("name", LOOPING)
def test_what_goes_in_circles_is_noticed_before_its_end(name: str) -> None:
    at = noticed_at(LOOPING[name])
    assert at is not None
    assert at < len(LOOPING[name]) - 100


def test_a_naive_watch_would_end_much_that_is_fine() -> None:
    """The positive control: "the same 64 characters came before" ends a third of the above."""

    def naive(text: str) -> bool:
        return any(text.count(text[i : i + 64]) >= 4 for i in range(0, len(text) - 64, 500))

    assert all(map(naive, [LOOPING["a sentence"], LOOPING["a row"]]))
    assert sum(map(naive, LEGITIMATE.values())) > len(LEGITIMATE) // 4


def test_arguments_are_judged_by_the_longer_piece_alone() -> None:
    watch = CircleWatch()
    sentence = LOOPING["a sentence"]
    assert not watch.feed("arguments", sentence[: LONG_CHARS // 2])
    assert watch.feed("arguments", "\\n" * LONG_CHARS)
    assert len(watch.end(500)) == 500


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.integers(100, 900))
def test_no_prose_at_random_is_ended(seed: int, n_different: int) -> None:
    dice = random.Random(seed)
    text = " ".join(dice.choices(WORDS[:n_different], k=5_000))
    assert not goes_in_circles(text[:6_500])
    assert not goes_in_circles(text)


def stream(run: Run, text: str, size: int = 400) -> AskModel:
    """Bring a reply's text piece by piece, as long as the run takes it."""
    work = run.pending()
    assert isinstance(work, AskModel)
    for i in range(0, len(text), size):
        run.deliver(work, Piece(0.0, "reasoning", text[i : i + size]))
    return work


def test_such_a_reply_is_dropped_and_asked_for_again() -> None:
    run = make_run([says("fine")])
    first = stream(run, LOOPING["a sentence"])
    second = run.pending()
    assert isinstance(second, AskModel)
    assert second is not first  # so its driver cancels the first
    assert (second.step, second.attempt) == (1, 2)
    run.deliver(first, run.recipe.model.arrivals(0.0)[-1])
    assert run.finished is None
    (retry,) = [e for e in run.events if isinstance(e, RetryScheduled)]
    assert retry.reason == "in_circles"
    assert "names of this data frame again. Let me" in retry.discarded
    run.recipe.model.script = [says("fine")]
    for arrival in run.recipe.model.arrivals(0.0):
        run.deliver(second, arrival)
    run.pending()
    assert run.answer == "fine"
    assert "again" not in json.dumps(run.messages)
    assert run.limits.account.spent.estimated


def test_it_is_asked_for_again_a_few_times_only() -> None:
    run = make_run([])
    n_asked = 0
    while (work := run.pending()) is not None:
        if isinstance(work, WaitUntil):
            run.deliver(work, Elapsed())
            continue
        stream(run, LOOPING["a sentence"])
        n_asked += 1
    assert n_asked == 3
    assert run.finished is not None
    assert (run.finished.reason, run.finished.error_kind) == ("error", "in_circles")
    assert "notice_repeats" in run.finished.text
    assert not [e for e in run.events if isinstance(e, ReplyReceived)]


def test_it_can_be_switched_off() -> None:
    run = make_run([], settings=Settings(notice_repeats=False))
    assert stream(run, LOOPING["a sentence"]) is run.pending()
