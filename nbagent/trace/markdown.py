"""A small Markdown reader: text to a tree of blocks, with nothing in it that could be markup.

Headings, paragraphs, lists, tables, code, emphasis, quotes and rules are understood. HTML is
text. LaTeX stays as its source. A link is its text and its URL; a picture is its description and
its URL, and nothing is fetched. The tree is JSON, so that other renderers can share its tests.

Read next: `nbagent.trace.answer`, which writes the tree as HTML and as safe Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeAlias

Inline: TypeAlias = list[Any]
"""`[kind, …]` with kind text, code, math, strong, em, strike, link or break."""

Node: TypeAlias = dict[str, Any]

MAX_DEPTH = 6
MAX_COLUMNS = 16

_INLINE = re.compile(
    r"""
    \\(?P<escape>[!-/:-@\[-`{-~])(?<!\\[(\[])
    | (?P<ticks>`{1,8})(?!`)(?P<code>.{1,1000}?)(?<!`)(?P=ticks)(?!`)
    | (?P<math>\$\$.{1,1000}?\$\$ | \$(?![\s$])[^$\n]{1,300}?(?<!\s)\$(?!\d)
        | \\\(.{1,500}?\\\) | \\\[.{1,1000}?\\\])
    | !?\[(?P<label>[^\[\]]{0,300})\]\(\s{0,3}<?(?P<url>[^\s()<>]{0,1000}
        (?:\([^\s()<>]{0,200}\)[^\s()<>]{0,200})?)>?(?:\s{1,3}"[^"]{0,200}")?\s{0,3}\)
    | <(?P<auto>https?://[^\s<>]{1,1000})>
    | (?P<bold>\*\*|__)(?=\S)(?P<strong>.{1,2000}?)(?<=\S)(?P=bold)
    | ~~(?=\S)(?P<strike>.{1,2000}?)(?<=\S)~~
    | \*(?=[^\s*])(?P<em>.{1,2000}?)(?<=[^\s*])\*(?!\*)
    | (?<![^\W_])_(?=[^\s_])(?P<under>.{1,2000}?)(?<=[^\s_])_(?![^\W_])
    | (?P<br>(?:\ {2,9}|\\)\n\s{0,9})
    """,
    re.VERBOSE | re.DOTALL,
)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*([\w+#.-]{0,30})[^`]*$")
_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
_RULE = re.compile(r" {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})$")
_ITEM = re.compile(r"( {0,3})([-*+]|\d{1,9}[.)])(?:([ \t]{1,4})(?=\S)|[ \t]*$)")
_QUOTE = re.compile(r" {0,3}> ?")
_ALIGN = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*){0,63}\|?[ \t]*$")


def parse(source: str, depth: int = 0) -> list[Node]:
    """Read Markdown into a list of blocks.

    Returns:
        Dicts with `kind` heading (`level`, `inline`), paragraph (`inline`), code (`text`,
        `lang`), list (`ordered`, `start`, `items`: lists of blocks), table (`head`, `align`,
        `rows`: cells of inlines), quote (`blocks`) or rule.
    """
    return _Reader(source.expandtabs(4).split("\n"), depth).blocks()


def inline(source: str, depth: int = 0) -> list[Inline]:
    """Read one paragraph's text into inline pieces."""
    pieces: list[Inline] = []
    at = 0
    for found in _INLINE.finditer(source):
        _add_text(pieces, source[at : found.start()])
        _add_piece(pieces, found, depth)
        at = found.end()
    _add_text(pieces, source[at:])
    return pieces


def _add_text(pieces: list[Inline], value: str) -> None:
    if not value:
        return
    if pieces and pieces[-1][0] == "text":
        pieces[-1][1] += value
    else:
        pieces.append(["text", value])


def _add_piece(pieces: list[Inline], found: re.Match[str], depth: int) -> None:
    group = found.groupdict()
    if group["escape"] is not None:
        _add_text(pieces, group["escape"])
    elif group["code"] is not None:
        code = group["code"].replace("\n", " ")
        padded = code.startswith(" ") and code.endswith(" ") and code.strip()
        pieces.append(["code", code[1:-1] if padded else code])
    elif group["math"] is not None:
        pieces.append(["math", group["math"]])
    elif group["url"] is not None:
        pieces.append(["link", inline(group["label"], MAX_DEPTH), group["url"]])
    elif group["auto"] is not None:
        pieces.append(["link", [], group["auto"]])
    elif group["br"] is not None:
        pieces.append(["break"])
    elif depth >= MAX_DEPTH:
        _add_text(pieces, found[0])
    else:
        for kind, name in _EMPHASIS:
            if group[name] is not None:
                pieces.append([kind, inline(group[name], depth + 1)])


_EMPHASIS = (("strong", "strong"), ("strike", "strike"), ("em", "em"), ("em", "under"))


class _Reader:
    """Reads lines into blocks; one for the whole text, one more inside each quote and item."""

    def __init__(self, lines: Sequence[str], depth: int) -> None:
        self.lines = lines
        self.depth = depth
        self.i = 0

    def blocks(self) -> list[Node]:
        """Read all lines."""
        nodes: list[Node] = []
        while self.i < len(self.lines):
            if not self.lines[self.i].strip():
                self.i += 1
                continue
            nodes.append(self._block())
        return nodes

    def _block(self) -> Node:
        line = self.lines[self.i]
        nests = self.depth < MAX_DEPTH
        if fence := _FENCE.match(line):
            return self._code(fence)
        if (heading := _HEADING.match(line)) or _RULE.match(line):
            self.i += 1
            if not heading:
                return {"kind": "rule"}
            content = inline(heading[2] or "")
            return {"kind": "heading", "level": len(heading[1]), "inline": content}
        if nests and _QUOTE.match(line):
            return self._quote()
        if nests and (item := _ITEM.match(line)):
            return self._list(item)
        following = self.lines[self.i + 1] if self.i + 1 < len(self.lines) else ""
        is_table = "|" in line and "-" in following and _ALIGN.match(following)
        return self._table() if is_table else self._paragraph()

    def _code(self, fence: re.Match[str]) -> Node:
        self.i += 1
        body: list[str] = []
        end = re.compile(rf" {{0,3}}{re.escape(fence[1][0])}{{{len(fence[1])},}}[ \t]*$")
        while self.i < len(self.lines) and not end.match(self.lines[self.i]):
            body.append(self.lines[self.i])
            self.i += 1
        self.i += 1
        return {"kind": "code", "lang": fence[2], "text": "\n".join(body)}

    def _quote(self) -> Node:
        body: list[str] = []
        while self.i < len(self.lines) and _QUOTE.match(self.lines[self.i]):
            body.append(_QUOTE.sub("", self.lines[self.i], count=1))
            self.i += 1
        return {"kind": "quote", "blocks": parse("\n".join(body), self.depth + 1)}

    def _list(self, first: re.Match[str]) -> Node:
        ordered = first[2][0].isdecimal()
        items: list[list[Node]] = []
        while self.i < len(self.lines):
            item = _ITEM.match(self.lines[self.i])
            if not item or item[2][0].isdecimal() != ordered or _RULE.match(self.lines[self.i]):
                break
            items.append(self._item(item))
        start = int(first[2][:-1]) if ordered else 1
        return {"kind": "list", "ordered": ordered, "start": start, "items": items}

    def _item(self, marker: re.Match[str]) -> list[Node]:
        indent = len(marker[0]) if marker[3] else len(marker[1]) + len(marker[2]) + 1
        body = [self.lines[self.i][len(marker[0]) :]]
        self.i += 1
        while self.i < len(self.lines):
            line = self.lines[self.i]
            if not line.strip():
                following = self.lines[self.i + 1] if self.i + 1 < len(self.lines) else ""
                if not following.startswith(" " * min(indent, 2)) or not following.strip():
                    break
                body.append("")
            elif len(line) - len(line.lstrip(" ")) >= min(indent, 2):
                body.append(line[min(indent, len(line) - len(line.lstrip(" "))) :])
            elif _ITEM.match(line) or _starts_block(line) or not body[-1]:
                break
            else:
                body.append(line)
            self.i += 1
        while self.i < len(self.lines) and not self.lines[self.i].strip():
            self.i += 1
        return parse("\n".join(body), self.depth + 1)

    def _table(self) -> Node:
        head = _cells(self.lines[self.i])
        aligns = [_align(cell) for cell in _cells(self.lines[self.i + 1])]
        self.i += 2
        rows: list[list[list[Inline]]] = []
        while self.i < len(self.lines) and "|" in self.lines[self.i]:
            cells = _cells(self.lines[self.i])[: len(head)]
            rows.append([inline(cell) for cell in cells + [""] * (len(head) - len(cells))])
            self.i += 1
        aligns = (aligns + [""] * len(head))[: len(head)]
        return {"kind": "table", "head": [inline(c) for c in head], "align": aligns, "rows": rows}

    def _paragraph(self) -> Node:
        body = [self.lines[self.i].strip(" ")]
        trailing = self.lines[self.i].endswith("  ")
        self.i += 1
        while self.i < len(self.lines):
            line = self.lines[self.i]
            if not line.strip() or _starts_block(line) or (_ITEM.match(line) and self.depth):
                break
            if (item := _ITEM.match(line)) and not item[2][0].isdecimal():
                break
            body[-1] += "  " if trailing else ""
            trailing = line.endswith("  ")
            body.append(line.strip(" "))
            self.i += 1
        return {"kind": "paragraph", "inline": inline("\n".join(body))}


def _starts_block(line: str) -> bool:
    return any(rule.match(line) for rule in (_FENCE, _HEADING, _RULE, _QUOTE))


def _cells(line: str) -> list[str]:
    """Split a table's line at its bars; an escaped bar, or one in code, is part of a cell."""
    line = line.strip().removeprefix("|")
    parts = re.findall(r"(?:\\.|`[^`]*`|[^|])+|(?<=\|)(?=\|)", line)
    return [part.strip().replace("\\|", "|") for part in parts[:MAX_COLUMNS]] or [""]


def _align(cell: str) -> str:
    left, right = cell.startswith(":"), cell.endswith(":")
    return "center" if left and right else "right" if right else "left" if left else ""
