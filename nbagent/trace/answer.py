"""The Markdown tree written out: as HTML from escaped text, and as Markdown without surprises.

A saved `text/markdown` is rendered by hosts that let HTML through, so the answer is never stored
as the model wrote it: it is written anew from the tree, with everything escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from nbagent.trace.markdown import Inline, Node
from nbagent.trace.markup import CODE, Html, join, pre, tag

PARAGRAPH = "margin:0 0 8px;max-width:620px;line-height:1.6"
CELL = "text-align:"
TABLE_ROW = "border-bottom:1px solid #80808040"
HEADING_SIZES = {1: "18px", 2: "16px", 3: "15px"}


def to_html(nodes: Sequence[Node]) -> Html:
    """Write blocks as HTML, one source line or more each."""
    return join(*(_block_html(node) for node in nodes), by="\n")


def _block_html(node: Node) -> Html:
    return _HTML[node["kind"]](node)


def _heading_html(node: Node) -> Html:
    size = HEADING_SIZES.get(node["level"], "14px")
    style = f"font-size:{size};font-weight:600;margin:12px 0 6px;line-height:1.35"
    return tag("p", tag("b", inline_html(node["inline"])), style=style, dir="auto")


def _paragraph_html(node: Node) -> Html:
    return tag("p", inline_html(node["inline"]), style=PARAGRAPH, dir="auto")


def _quote_html(node: Node) -> Html:
    style = "margin:0 0 8px;padding:0 0 0 12px;border-left:3px solid #80808066"
    return tag("blockquote", to_html(node["blocks"]), style=style)


def _rule_html(_: Node) -> Html:
    return tag("hr", style="border:0;border-top:1px solid #80808066;margin:12px 0")


def _code_html(node: Node) -> Html:
    return pre(node["text"])


def _list_html(node: Node) -> Html:
    rows = []
    for blocks in node["items"]:
        lead = blocks[0] if blocks and blocks[0]["kind"] == "paragraph" else None
        first = inline_html(lead["inline"]) if lead else Html("")
        rest = to_html(blocks[1:] if lead else blocks)
        rows.append(tag("li", first, rest, style="margin:2px 0", dir="auto"))
    start = {"start": str(node["start"])} if node["ordered"] and node["start"] != 1 else {}
    style = "margin:0 0 8px;padding:0 0 0 22px;max-width:600px;line-height:1.6"
    return tag("ol" if node["ordered"] else "ul", join(*rows, by="\n"), style=style, **start)


def _table_html(node: Node) -> Html:
    def row(cells: Sequence[Sequence[Inline]], name: str) -> Html:
        pairs = zip(cells, node["align"], strict=False)
        inside = (tag(name, inline_html(c), style=CELL + (a or "left")) for c, a in pairs)
        return tag("tr", *inside, style=TABLE_ROW)

    rows = [row(node["head"], "th"), *(row(cells, "td") for cells in node["rows"])]
    style = "border-collapse:collapse;font-size:13px;margin:0"
    table = tag("table", join(*rows, by="\n"), style=style, cellpadding="4")
    return tag("div", table, style="overflow-x:auto;margin:0 0 8px")


_HTML: Mapping[str, Callable[[Node], Html]] = {
    "heading": _heading_html,
    "paragraph": _paragraph_html,
    "code": _code_html,
    "quote": _quote_html,
    "list": _list_html,
    "table": _table_html,
    "rule": _rule_html,
}


def inline_html(pieces: Sequence[Inline]) -> Html:
    """Write inline pieces as HTML; a link shows its URL and leads nowhere by itself."""
    return join(*(_inline_html(piece) for piece in pieces))


def _inline_html(piece: Inline) -> Html:
    kind, *rest = piece
    if kind == "text":
        return join(rest[0])
    if kind == "break":
        return tag("br")
    if kind in ("code", "math"):
        return tag("code", rest[0], style=CODE)
    if kind == "link":
        label = inline_html(rest[0])
        url = tag("code", rest[1], style=f"{CODE};overflow-wrap:break-word")
        return join(label, " (", url, ")") if label and str(label) != rest[1] else url
    return tag(_TAGS[kind], inline_html(rest[0]))


_TAGS = {"strong": "b", "em": "i", "strike": "del"}

_SPECIAL = re.compile(r"[\\`*_{}\[\]()#+!|~$^-]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escape_markdown(value: str) -> str:
    """Escape text so that Markdown shows it as it is, without HTML, links or mathematics."""
    value = re.sub(r"[&<>]", lambda m: _ENTITIES[m[0]], _SPECIAL.sub(r"\\\g<0>", value))
    value = re.sub(r"(?m)^(\s*\d+)([.)])", r"\1\\\2", value)
    return re.sub(r"(?i)\b(https?|ftp|www|mailto)([:.])", r"\1&#8203;\2", value)


def fenced(value: str, lang: str = "") -> str:
    """A code fence that the text cannot close."""
    longest = max((len(run) for run in re.findall(r"`+", value)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{lang}\n{value}\n{ticks}"


def to_markdown(nodes: Sequence[Node]) -> str:
    """Write blocks as Markdown in which every text of the model is escaped."""
    return "\n\n".join(_block_markdown(node) for node in nodes)


def _block_markdown(node: Node) -> str:
    return _MARKDOWN[node["kind"]](node)


def _list_markdown(node: Node) -> str:
    items = [to_markdown(blocks) for blocks in node["items"]]
    first = node["start"]
    marks = [f"{first + i}. " if node["ordered"] else "- " for i in range(len(items))]
    return "\n".join(
        _prefixed(item, mark, " " * len(mark)) for item, mark in zip(items, marks, strict=True)
    )


def _table_markdown(node: Node) -> str:
    rows = [node["head"], *node["rows"]]
    lines = ["| " + " | ".join(map(_flat, row)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(node["head"]), *lines[1:]])


_MARKDOWN: Mapping[str, Callable[[Node], str]] = {
    "heading": lambda node: f"{'#' * min(node['level'] + 1, 6)} {_flat(node['inline'])}",
    "paragraph": lambda node: inline_markdown(node["inline"]),
    "code": lambda node: fenced(node["text"], re.sub(r"\W", "", node["lang"])),
    "quote": lambda node: _prefixed(to_markdown(node["blocks"]), "> ", "> "),
    "list": _list_markdown,
    "table": _table_markdown,
    "rule": lambda _: "---",
}


def _prefixed(value: str, first: str, rest: str) -> str:
    lines = value.split("\n")
    return "\n".join([first + lines[0], *(rest + line for line in lines[1:])])


def _flat(pieces: Sequence[Inline]) -> str:
    return inline_markdown(pieces).replace("\n", " ")


def inline_markdown(pieces: Sequence[Inline]) -> str:
    """Write inline pieces as escaped Markdown."""
    return "".join(_inline_markdown(piece) for piece in pieces)


def _inline_markdown(piece: Inline) -> str:
    kind, *rest = piece
    if kind == "text":
        return escape_markdown(rest[0])
    if kind == "break":
        return "\\\n"
    if kind in ("code", "math"):
        return _code_span(rest[0])
    if kind == "link":
        label = inline_markdown(rest[0])
        return f"{label} ({_code_span(rest[1])})" if label else _code_span(rest[1])
    mark = {"strong": "**", "em": "*", "strike": "~~"}[kind]
    return f"{mark}{inline_markdown(rest[0])}{mark}"


def _code_span(value: str) -> str:
    """Inline code; text with backticks or bars is escaped instead, as no span holds it safely."""
    value = value.replace("\n", " ").strip()
    return escape_markdown(value) if not value or "`" in value or "|" in value else f"`{value}`"
