"""Samples are what they were made of, in memory, as text and in the journal."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbagent.events import ReplyReceived, from_dict, to_dict
from nbagent.samples import Samples

PHASES = st.sampled_from(["reasoning", "answer", "arguments"])
ROUNDED = st.tuples(
    st.integers(0, 10**10).map(lambda n: n / 10_000),
    st.integers(0, 10**7).map(lambda n: n / 1_000),
    PHASES,
)
ANY = st.tuples(st.floats(allow_nan=False), st.floats(allow_nan=False), PHASES)


@given(st.lists(st.one_of(ROUNDED, ANY)))
def test_they_are_the_rows_that_they_were_made_of(rows: Any) -> None:
    samples = Samples(rows)
    assert samples == tuple(rows)
    assert [*samples] == rows
    assert len(samples) == len(rows)
    assert samples[:2] == tuple(rows[:2])


@given(st.lists(ROUNDED, min_size=1))
def test_rounded_ones_come_back_from_their_text(rows: Any) -> None:
    text = Samples(rows).text
    assert text
    assert Samples(text) == tuple(rows)


@given(st.lists(ANY, min_size=1))
def test_a_text_is_exact_or_there_is_none(rows: Any) -> None:
    text = Samples(rows).text
    assert not text or Samples(text) == tuple(rows)


@pytest.mark.parametrize("text", ["reasoning", "reasoning 1", "12 1", "answer 1 2;", "answer 1 x"])
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no samples"):
        Samples(text)


def test_an_event_tells_them_as_before() -> None:
    rows = [(0.5, 1.0, "reasoning"), (0.75, 2.0, "answer")]
    event = ReplyReceived(step=1, attempt=1, message={"role": "assistant"}, finish_reason="stop",
                          samples=rows)  # fmt: skip
    assert to_dict(event)["samples"] == [[0.5, 1.0, "reasoning"], [0.75, 2.0, "answer"]]
    assert from_dict(to_dict(event)) == event


def test_they_take_a_fraction_of_what_tuples_take() -> None:
    rows = [(i / 100, i % 70 / 10, "reasoning") for i in range(1_000)]
    plain = sum(sys.getsizeof(row) + sum(map(sys.getsizeof, row[:2])) + 8 for row in rows)
    samples = Samples(rows)
    assert plain > 5 * sys.getsizeof(samples.text)
