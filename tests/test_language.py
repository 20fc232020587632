"""The process's language: what is shown speaks it, and what is kept and sent does not."""
# ruff: noqa: RUF001 -- Chinese punctuation

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from nbagent.events import Reason
from nbagent.events.as_json import from_dict
from nbagent.kernel.interrupts import Interrupts
from nbagent.kernel.person import Keyboard
from nbagent.magics.config import Kimi
from nbagent.magics.lab_defaults import ADDRESS, LabDefaults
from nbagent.meter import Meter
from nbagent.phrases import columns, padded
from nbagent.policy.approval import told_why, told_words, words
from nbagent.run.work import Decide
from nbagent.trace import TRACE_MIME, mimebundle
from nbagent.view import RunView
from nbagent.words import choose, counted, language, page_speaks, series, t, told, told_series

FIXTURES = Path(__file__).parent / "fixtures"
LOCALE = ("LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    choose("auto")
    page_speaks("")


@pytest.fixture
def chinese() -> None:
    choose("zh-CN")


# A denial

DEEDS = (
    Reason(kind="deletes", verb="deletes files", what="os.remove", line=2),
    Reason(kind="deletes", verb="deletes files", what="shutil.rmtree", line=3),
    Reason(kind="network", verb="uses the network", line=4),
    Reason(kind="installs", verb="installs packages"),
)


@pytest.mark.parametrize("n", range(1, 5))
def test_why_a_call_needed_an_ok_is_told_where_it_was_denied_without_a_reason(n: int) -> None:
    kept = words(DEEDS[:n])
    assert told_why(kept) == kept, "in English it is as it was kept"
    choose("zh-CN")
    assert told_why(kept) == told_words(DEEDS[:n])
    assert told_why("not while (I am) away") == "not while (I am) away", "the person's own words"


def test_the_fallback_tells_of_a_denial_in_chinese() -> None:
    story = json.loads((FIXTURES / "run_asked.json").read_text(encoding="utf-8"))
    view, meter = RunView(), Meter()
    for told_of in story["events"]:
        if told_of["kind"] == "approval_asked":
            told_of["why"] = words(DEEDS)
        elif told_of["kind"] == "approval_given" and told_of["decision"] == "deny":
            told_of["why"] = ""
        event = from_dict(told_of)
        view.apply(event)
        meter.apply(event)
    choose("zh-CN")
    html = mimebundle(view, meter)["text/html"]
    assert "已被你拒绝" in html
    assert told_words(DEEDS) in unescape(html)
    assert "deletes files" not in html.partition("已被你拒绝")[2][:300]


# Which language


def test_what_is_chosen_counts_more_than_the_page_and_the_page_more_than_the_locale(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in LOCALE:
        monkeypatch.delenv(name, raising=False)
    choose("auto")
    assert language() == "en", "nobody has said anything"
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    choose("auto")
    assert language() == "zh-CN"
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    choose("auto")
    assert language() == "en", "LC_ALL is asked before LANG"
    page_speaks("zh-CN")
    assert (language(), t("Thinking")) == ("zh-CN", "正在思考")
    choose("en")
    assert (language(), t("Thinking")) == ("en", "Thinking")


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [
        *[(name, True) for name in ("zh-CN", "zh_CN.UTF-8", "zh", "zh-Hans-SG", "ZH-cn")],
        *[(name, False) for name in ("zh-TW", "zh_HK.UTF-8", "zh-Hant", "en-US", "de", "")],
    ],
)
def test_simplified_chinese_is_known_by_all_its_names(name: str, is_ours: bool) -> None:  # noqa: FBT001 -- a table
    page_speaks(name)
    assert (language() == "zh-CN") == is_ours


def test_a_setting_chooses_and_a_page_tells() -> None:
    settings = Kimi()
    assert "language" not in settings.chosen(), "no run is made of it"
    defaults = LabDefaults()
    told_so = {"run_id": ADDRESS, "request_id": "1", "action": "defaults", "values": {}}
    defaults.answer("defaults", told_so | {"language": "zh-CN"})
    assert language() == "zh-CN"
    settings.language = "en"
    assert language() == "en"
    settings.language = "auto"
    assert language() == "zh-CN"
    defaults.answer("defaults", told_so)
    assert language() == "en", "a page that says nothing leaves it to the environment"
    with pytest.raises(Exception, match="language"):
        settings.language = "klingon"


# Texts


def test_a_text_has_its_values_and_a_number_its_word(chinese: None) -> None:
    assert t("{n} tokens out", n="5") == "输出 5 个 token"
    assert t("No text of ours: {x}", x=1) == "No text of ours: 1"
    assert [counted(n, "step") for n in (1, 2, 2_000)] == ["1 个步骤", "2 个步骤", "2,000 个步骤"]
    assert series(["a", "", "b"]) == "a，b"
    choose("en")
    assert [counted(n, "step") for n in (1, 2, 2_000)] == ["1 step", "2 steps", "2,000 steps"]
    assert (series(["a", "", "b"]), told_series("1 failed, df")) == ("a, b", "1 failed, df")


TOLD = json.loads((FIXTURES / "told.json").read_text(encoding="utf-8"))
"""Texts as they were made, and in Chinese; the page's tests read them too."""


@pytest.mark.parametrize(("english", "said"), TOLD["ours"])
def test_a_text_that_was_made_in_english_is_known_again(
    chinese: None, english: str, said: str
) -> None:
    assert told(english) == said
    assert told(said) == said
    choose("en")
    assert told(english) == english


@pytest.mark.parametrize("foreign", TOLD["others"])
def test_other_peoples_texts_stay_as_they_are(chinese: None, foreign: str) -> None:
    assert told(foreign) == foreign


def test_a_table_stays_aligned() -> None:
    assert [columns(text) for text in ("key", "密钥", "k密")] == [3, 4, 3]
    assert [columns(padded(text, 8)) for text in ("key", "密钥")] == [8, 8]


# What is shown


class Said(HTMLParser):
    """The words of a page that are neither code nor output."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code += tag in {"pre", "code"}
        self.texts += [value for name, value in attrs if name in {"alt", "title"} and value]

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in {"pre", "code"}

    def handle_data(self, data: str) -> None:
        if not self._code and data.strip():
            self.texts.append(data)


def folded(name: str) -> tuple[RunView, Meter, dict[str, Any]]:
    run = json.loads((FIXTURES / f"run_{name}.json").read_text())
    view, meter = RunView(), Meter()
    for event in map(from_dict, run["events"]):
        view.apply(event)
        meter.apply(event)
    return view, meter, run


OURS = {"kind", "phase", "place", "reason", "finish_reason", "effect", "about", "decision", "by"}
OURS |= {"marks", "outcome", "why", "role", "type", "output_type", "question", "until"}
"""Fields of events that hold words of ours."""


def spoken(value: Any) -> Iterator[str]:
    """All that models, tools and people have written: names, code, prompts, outputs."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from spoken(part) if name not in OURS else ()
    elif isinstance(value, list):
        for part in value:
            yield from spoken(part)
    elif isinstance(value, str):
        yield value


UNITS = {"token", "min", "kB", "MB"}
RUNS = ("repaired", "stopped", "scripted", "long", "many", "asked", "stepped")


def english_in(bundle: dict[str, Any], events: list[dict[str, Any]]) -> set[str]:
    """The English words in what a person reads, other than those of model, tools and person."""
    page = Said()
    page.feed(bundle.get("text/html", ""))
    texts = [*page.texts, bundle["text/plain"], unescape(bundle["text/markdown"])]
    theirs = words_in(spoken(events)) | UNITS
    return words_in(texts) - theirs


def words_in(texts: Iterable[str]) -> set[str]:
    return set(re.findall(r"[A-Za-z]{2,}", " ".join(texts)))


@pytest.mark.parametrize("name", RUNS)
def test_the_static_trace_has_no_english_words_of_ours(chinese: None, name: str) -> None:
    view, meter, run = folded(name)
    for mode in ("live", "text"):
        shown = mimebundle(view, meter, running=view.running, mode=mode)  # type: ignore[arg-type] # a table
        assert english_in(shown, run["events"]) == set()
        assert re.search(r"[\u4e00-\u9fff]", shown["text/plain"])


@pytest.mark.parametrize("name", RUNS)
def test_our_json_in_the_notebook_is_the_same_in_both_languages(name: str) -> None:
    kept = []
    for chosen in ("en", "zh-CN"):
        choose(chosen)
        view, meter, _ = folded(name)
        shown = mimebundle(view, meter, running=view.running)
        kept.append(json.dumps(shown[TRACE_MIME], ensure_ascii=False))
    assert kept[0] == kept[1]


def test_the_control_finds_english() -> None:
    view, meter, run = folded("repaired")
    found = english_in(mimebundle(view, meter), run["events"])
    assert {"steps", "Trace", "Figures", "below"} <= found


def test_a_question_at_the_keyboard_is_asked_in_chinese(chinese: None) -> None:
    asked: list[str] = []
    limit = "50 steps limit reached after 50 steps (everything kept)."

    def read(prompt: str) -> str:
        asked.append(prompt)
        return "n"

    question = Decide("limit", "Go on for another 50 steps?", limit)
    Keyboard(Interrupts(), read).decide(question, lambda: False)
    assert re.fullmatch(
        r"再继续 50 个步骤？50 个步骤后.*一切都已保留）。请键入：y [a-z]{2}（.*否） ", asked[0]
    )
