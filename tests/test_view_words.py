"""A view that has no language with it asks its run for the texts, in the language that holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbagent.magics.desk import Desk
from nbagent.words import choose, language, page_speaks
from tests.scripted import make_run, says
from tests.words import catalogue


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    choose("auto")
    page_speaks("")


def texts(page: str) -> dict[str, str]:
    """What a view gets whose page speaks so."""
    answer: dict[str, dict[str, str]] = Desk(make_run([says("Yes.")])).answer(
        "words", {"language": page}
    )
    return answer["words"]


def test_a_chinese_page_gets_the_catalogue_and_another_one_nothing() -> None:
    assert texts("zh-CN") == texts("zh") == catalogue()
    assert len(catalogue()) > 1
    assert texts("de") == texts("zh-TW") == {}


def test_what_was_chosen_comes_before_the_page() -> None:
    choose("zh-CN")
    assert texts("en") == catalogue()
    choose("en")
    assert texts("zh-CN") == {}


def test_what_the_kernel_shows_next_speaks_as_the_page() -> None:
    texts("zh-CN")
    assert language() == "zh-CN"
    texts("en")
    assert language() == "en"
