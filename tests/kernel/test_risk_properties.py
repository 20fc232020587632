"""Whatever the text, a look at it ends, says the same each time, and hides no character."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from nbagent.kernel.risk import KINDS, hidden_characters, read_only, risks_of, visible
from tests.kernel.risk_rows import OBFUSCATED, RISKY, SILENT, namespace

ROWS = [code for code, *_ in RISKY if len(code) < 400] + SILENT + OBFUSCATED
NAMES = namespace()
PIECES = [
    *"()[]{}'\":=!%\\?*@\0\n\x0c\u2028\u202e",
    *("    ", "%%", "lambda ", "await ", "del ", "f'{", "global df\n"),
]


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A row of the tables, cut, doubled, and with something put in."""
    code = draw(st.sampled_from(ROWS))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(code)))
        to = draw(st.integers(at, len(code)))
        middle = draw(st.sampled_from([*PIECES, code[at:to] * 2, draw(st.sampled_from(ROWS))]))
        code = code[:at] + middle + code[to:]
    return code


def judged(code: str) -> None:
    found = risks_of(code, NAMES, set(NAMES))
    assert found == risks_of(code, NAMES, set(NAMES))
    assert [risk.line for risk in found] == sorted(risk.line for risk in found)
    assert all(risk.kind in KINDS and risk.line >= 1 and risk.what for risk in found)
    assert "it could not be judged" not in {risk.what for risk in found}, found
    if found:
        assert read_only(code, NAMES)


@settings(max_examples=400, deadline=None)
@given(st.text())
def test_any_text_is_judged(code: str) -> None:
    judged(code)


@settings(max_examples=600, deadline=None)
@given(mutated())
def test_broken_code_is_judged(code: str) -> None:
    judged(code)


def test_what_cannot_be_judged_asks() -> None:
    deep = [
        "(" * 5000,
        "[" * 90 + "]" * 90,
        "-" * 3000 + "1",
        "x" + ".a()" * 3000,
        "1+" * 4000 + "1",
    ]
    deep += ["if 1:\n" * 90, "f(" * 60 + ")" * 60, "x = 1\n" * 100_000, "!ls\n" * 500]
    deep += ["exec('" + "exec(" * 60 + "')", "def f(): pass\n" * 10_000, "x\ud800 = 1"]
    for code in deep:
        assert "unclear" in {risk.kind for risk in risks_of(code, {}, set())}, code[:40]


READ_BACK = re.compile(r"⟨U\+([0-9A-F]{4,6})⟩")


def plain(text: str) -> str:
    return READ_BACK.sub(lambda match: chr(int(match[1], 16)), text)


CHARS = st.one_of(
    st.characters(categories=["Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"]),
    st.sampled_from("⟨⟩U+0123456789ABCDEF\r\n\t a"),
    st.characters(),
)


@settings(max_examples=600, deadline=None)
@given(st.lists(st.one_of(CHARS, st.just("⟨U+202E⟩"), st.just("\r\n"))).map("".join))
def test_visible_code_can_be_read_back(code: str) -> None:
    shown = visible(code)
    assert plain(shown) == code
    assert hidden_characters(shown) == []


def test_every_kind_of_hidden_character_is_found_and_named() -> None:
    bad = [
        chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) in ("Cc", "Cf", "Zl", "Zp")
    ]
    for char in sorted(
        {*bad, "\ue000", "\U000e0041", "\u3164", "\ud800", "\U0010ffff"} - set("\n\t\r")
    ):
        assert hidden_characters(f"a\n b{char}c") == [(2, 3, hidden_characters(char)[0][2])]
        assert visible(f"x{char}") == f"x⟨U+{ord(char):04X}⟩"
        assert "hidden" in {risk.kind for risk in risks_of(f"x = '{char}'", {}, set())}
    assert hidden_characters("\u202e") == [(1, 1, "U+202E RIGHT-TO-LEFT OVERRIDE")]


def test_ordinary_text_hides_nothing() -> None:
    for text in ("a\tb\r\nc", "Größe 数据 “x” 🐧 ❤️ \u3000", "x = 'é'", "שלום"):
        assert hidden_characters(text) == []
        assert visible(text) == text


def test_a_lone_carriage_return_is_hidden() -> None:
    """The positive control: `print` would show only what stands behind it."""
    assert hidden_characters("rm()\rok()\r\n") == [(1, 5, "U+000D CARRIAGE RETURN")]
