"""Characters that a reader does not see, or takes for others: named, counted, made visible."""

from __future__ import annotations

import re
import unicodedata

_CATEGORIES = frozenset(["Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"])
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u180b\u180c\u180d\u180f") | {
    chr(code) for code in (*range(0xFE00, 0xFE0F), *range(0xE0100, 0xE01F0))
}
"""Letters, marks and variation selectors that draw nothing; U+FE0F stands after emoji."""
_PLAIN = re.compile(r"[\t\n -~]*\Z")
_WRITTEN = re.compile(r"⟨(?=U\+[0-9A-F]{4,6}⟩)")
_NAMES = {"\x1b": "ESCAPE", "\r": "CARRIAGE RETURN", "\x00": "NULL", "\x08": "BACKSPACE",
          "\x0b": "LINE TABULATION", "\x0c": "FORM FEED", "\x85": "NEXT LINE",
          "\x7f": "DELETE"}  # fmt: skip


def hidden_characters(code: str) -> list[tuple[int, int, str]]:
    r"""Find control, bidi, zero-width, tag, private and unassigned characters.

    Line separators other than `\n` and `\r\n` are among them; tabs are not.

    Args:
        code: any text.

    Returns:
        Line and column, both from 1, and name of each, in order.
    """
    if _PLAIN.match(code):
        return []
    found = []
    for number, line in enumerate(code.split("\n"), 1):
        for column, char in enumerate(line, 1):
            if _is_hidden(char) and not (char == "\r" and column == len(line)):
                found.append((number, column, _name(char)))
    return found


def visible(code: str) -> str:
    """Write each hidden character as its code point, `⟨U+202E⟩`; nothing else changes.

    What already looks like such a code point is marked as well, so that the writing can be read
    back without doubt.

    Args:
        code: any text.
    """
    if _PLAIN.match(code):
        return code
    code = _WRITTEN.sub("⟨U+27E8⟩", code)
    lines = code.split("\n")
    return "\n".join(
        "".join(
            f"⟨U+{ord(char):04X}⟩"
            if _is_hidden(char) and not (char == "\r" and column == len(line))
            else char
            for column, char in enumerate(line, 1)
        )
        for line in lines
    )


def _is_hidden(char: str) -> bool:
    if " " <= char <= "~" or char == "\t":
        return False
    return unicodedata.category(char) in _CATEGORIES or char in _BLANK


def _name(char: str) -> str:
    name = unicodedata.name(char, "") or _NAMES.get(char, "")
    return f"U+{ord(char):04X}" + (f" {name}" if name else "")
