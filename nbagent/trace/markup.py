"""HTML that is escaped by construction: a string becomes markup only through `tag`.

Styles are literal and inline, because a saved output is read where there are no style sheets, and
JupyterLab's sanitiser drops `<style>`, inline SVG and every declaration with a variable. Text and
background inherit the host's colours; greys are translucent, so that both themes keep contrast.
"""

from __future__ import annotations

import re
from html import escape

MONO = "font-family:Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:12px;line-height:1.5"
PRE = (
    "margin:4px 0 8px;padding:8px 12px;background:#80808018;border:1px solid #80808040;"
    f"border-radius:4px;overflow-x:auto;white-space:pre;{MONO}"
)
WRAPPED = PRE.replace("white-space:pre;", "white-space:pre-wrap;overflow-wrap:break-word;")
CODE = "font-family:Menlo,Consolas,'DejaVu Sans Mono',monospace;font-size:.92em"
FAILED = "border-left:3px solid #d9534f"
QUIET = "opacity:.75"
PROSE = (
    "margin:4px 0 8px;padding:2px 0 2px 12px;font-size:13px;line-height:1.5;"
    "max-width:620px;white-space:pre-wrap;overflow-wrap:break-word"
)
LABEL = "font-size:12px;margin:8px 0 0"


class Html(str):
    """Text that is already markup."""

    __slots__ = ()


def text(value: object) -> Html:
    """Escape a value for use as text or in an attribute; markup stays as it is."""
    return value if isinstance(value, Html) else Html(escape(str(value), quote=True))


def join(*parts: object, by: str = "") -> Html:
    """Join escaped texts and markup."""
    return Html(by.join(text(part) for part in parts))


def tag(name: str, *children: object, style: str = "", **attributes: str) -> Html:
    """One element; children that are not markup are escaped.

    Args:
        name: the element's name; `img`, `br`, `hr` and `meta` have no end tag.
        children: texts and markup inside it.
        style: inline declarations.
        attributes: further attributes; a trailing underscore is dropped (`class_`).
    """
    attributes = attributes | ({"style": style} if style else {})
    pairs = (f' {key.rstrip("_")}="{text(value)}"' for key, value in attributes.items())
    start = f"<{name}{''.join(pairs)}>"
    return Html(
        start if name in ("img", "br", "hr", "meta") else f"{start}{join(*children)}</{name}>"
    )


def coded(words: str) -> Html:
    """A text, escaped, in which what stands between backticks is code."""
    parts = re.split(r"`([^`\n]+)`", words)
    return join(*(tag("code", part) if i % 2 else part for i, part in enumerate(parts)))


def filled(words: str, **parts: Html) -> Html:
    """A text with markup in its places; the text itself is escaped.

    Args:
        words: with `{name}` where a part belongs.
        parts: what belongs there.
    """
    pieces = re.split(r"\{(\w+)\}", words)
    return join(*(parts[piece] if i % 2 else piece for i, piece in enumerate(pieces)))


def details(summary: Html, *body: object, style: str, summary_style: str, is_open: bool) -> Html:
    """A folded part: its line, and its body from the next source line on."""
    attributes = {"open": "open"} if is_open else {}
    line = tag("summary", summary, style=f"cursor:pointer;{summary_style}")
    return tag("details", line, Html("\n"), join(*body, by="\n"), style=style, **attributes)


def pre(value: str, *, wrap: bool = False, extra: str = "") -> Html:
    """A block of code or output in the code font."""
    style = WRAPPED if wrap else PRE
    return tag(
        "pre", value, style=f"{style};{extra}" if extra else style, dir="auto" if wrap else "ltr"
    )


def prose(value: str, colour: str = "#80808080") -> Html:
    """A longer text that people read, behind a rule of its phase's colour."""
    return tag("div", value, style=f"{PROSE};border-left:2px solid {colour}", dir="auto")
