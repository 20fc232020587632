"""Outputs in nbformat's shape as bounded blocks: what of them a view may show.

A block is a dict of plain text and numbers: text, table, image, error, source (HTML and
JavaScript, shown as text) or below (data with a renderer of its own, shown under the trace).
Nothing here is markup; a renderer escapes every string.

Read next: `nbagent.view`, which keeps these blocks with their step.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, TypeAlias

from nbagent.events import Output
from nbagent.phrases import clean, clip, one_line, plural, size

Block: TypeAlias = dict[str, Any]

TEXT_LIMIT = 8_000
SOURCE_LIMIT = 1_000
TABLE_ROWS, TABLE_COLUMNS, CELL_LIMIT = 20, 12, 80
IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")
RENDERED_BELOW = re.compile(
    r"application/(?:geo\+json|vnd\.(?!nbagent\.|dataresource\+)[\w.-]+\+json)\Z", re.ASCII
)
"""Data MIME types that JupyterLab and its extensions draw themselves (plotly, vega, widgets)."""


@dataclass(slots=True)
class Picture:
    """A figure as it came, once.

    Attributes:
        mime: one of `IMAGE_TYPES`.
        data: base64 text; of an SVG the text itself.
        width: in pixels, 0 if unknown.
        small: the form that fits a notebook, made once by whoever draws it.
    """

    mime: str
    data: str
    width: int = 0
    small: Picture | None = None

    @property
    def key(self) -> str:
        """A name made of the content, so that equal figures are kept once."""
        return hashlib.sha256(self.data.encode(errors="replace")).hexdigest()[:12]

    @property
    def n_bytes(self) -> int:
        """About how large it is, in bytes."""
        return len(self.data) if self.mime == "image/svg+xml" else len(self.data) * 3 // 4


def goes_below(output: Output) -> bool:
    """Whether an output has data with a renderer of its own and goes on below the trace."""
    return any(RENDERED_BELOW.match(mime) for mime in _data(output))


def block_of(output: Output) -> tuple[Block, Picture | None]:
    """Turn one output into a block, and its picture if it is one.

    Args:
        output: stream, display_data, execute_result or error in nbformat's shape.
    """
    kind = output.get("output_type")
    if kind == "stream":
        return text_block(_text(output.get("text")), str(output.get("name", "stdout"))), None
    if kind == "error":
        return error_block(output), None
    data = _data(output)
    below = next((mime for mime in data if RENDERED_BELOW.match(mime)), None)
    if below:
        return {"kind": "below", "what": below_name(below)}, None
    picture = picture_of(data)
    if picture:
        alt = one_line(clean(_text(data.get("text/plain"))), 100)
        alt = alt if alt and not alt.startswith("<") else "Figure"
        return {"kind": "image", "picture": picture.key, "alt": alt}, picture
    return _text_form(data), None


def text_block(text: str, name: str) -> Block:
    """A block of text, cleaned and bounded; `name` is stdout, stderr, result or log."""
    return {"kind": "text", "name": name, "text": clip(clean(text[: TEXT_LIMIT * 40]), TEXT_LIMIT)}


def error_block(output: Mapping[str, Any]) -> Block:
    """An exception: its type, message and traceback without colours."""
    lines = output.get("traceback") or []
    traceback = clean("\n".join(map(str, lines)) if isinstance(lines, list) else str(lines))
    return {
        "kind": "error",
        "name": one_line(clean(str(output.get("ename", "Error"))), 80),
        "message": clip(clean(str(output.get("evalue", ""))), 2_000),
        "traceback": clip(traceback, TEXT_LIMIT // 2),
        "n_lines": traceback.count("\n") + 1 if traceback else 0,
    }


def below_name(mime: str) -> str:
    """A data MIME type in words: `plotly figure`, `widget`."""
    for part, words in _BELOW_NAMES.items():
        if part in mime:
            return words
    return mime


_BELOW_NAMES = {
    "plotly": "plotly figure",
    "vega": "Vega chart",
    "widget-view": "widget",
    "bokeh": "Bokeh plot",
    "holoviews": "HoloViews plot",
    "geo+json": "map",
}


def picture_of(data: Mapping[str, Any]) -> Picture | None:
    """The picture in a MIME bundle, if it is a sound one."""
    for mime in IMAGE_TYPES:
        value = _text(data.get(mime))
        if mime == "image/svg+xml" and "<svg" in value:
            return Picture(mime, value)
        compact = "".join(value.split())
        if compact and mime != "image/svg+xml" and _is_base64(compact):
            return Picture(mime, compact, _png_width(compact) if mime == "image/png" else 0)
    return None


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _png_width(data: str) -> int:
    """The width in a PNG's header (bytes 16 to 19), in pixels; 0 if it is no PNG."""
    head = base64.b64decode(data[:32].ljust(32, "A"))
    return int.from_bytes(head[16:20], "big") if head[1:4] == b"PNG" else 0


def _text_form(data: Mapping[str, Any]) -> Block:
    html, plain = _text(data.get("text/html")), _text(data.get("text/plain"))
    table = table_of(html) if html else None
    if table:
        return table
    shown = bool(plain) and not re.match(r"<[\w.]+( object)?[^>]*>\s*\Z", plain)
    for mime, what in (("text/html", "HTML"), ("application/javascript", "JavaScript")):
        source = _text(data.get(mime))
        if source and not shown:
            text = clip(clean(source[:TEXT_LIMIT]), SOURCE_LIMIT)
            return {"kind": "source", "what": f"{what}, {size(len(source))}", "text": text}
    for mime in ("text/markdown", "text/latex", "application/json"):
        if not plain:
            plain = _text(data.get(mime))
    return text_block(plain, "result")


def table_of(html: str) -> Block | None:
    """The one table of an HTML output (a DataFrame, a Styler) as rows of text cells.

    Returns:
        `{"kind": "table", "head": [[…]], "rows": [[…]], "note": "344 rows …"}`, at most
        `TABLE_ROWS` by `TABLE_COLUMNS` cells; None if there is no table or more than one.
    """
    parser = _TableParser()
    parser.feed(html[:400_000])
    if parser.n_tables != 1 or not parser.rows:
        return None
    head = _joined_head([row for row, is_head in parser.rows if is_head])
    body = [row for row, is_head in parser.rows if not is_head]
    n_columns = max(len(row) for row, _ in parser.rows)
    cut = len(body) > TABLE_ROWS or n_columns > TABLE_COLUMNS
    shape = parser.note or f"{plural(len(body), 'row')}, {plural(n_columns, 'column')}"
    return {
        "kind": "table",
        "head": [_columns(row) for row in head[:3]],
        "rows": [_columns(row) for row in body[:TABLE_ROWS]],
        "note": shape + (", the first ones shown" if cut else "") if cut or parser.note else "",
    }


def _joined_head(head: list[list[str]]) -> list[list[str]]:
    """Pandas writes the index's name on a line of its own: move it over its column."""
    if len(head) > 1 and head[-2][:1] == [""] and not any(head[-1][1:]):
        return [*head[:-2], [*head[-1][:1], *head[-2][1:]]]
    return head


def _columns(row: list[str]) -> list[str]:
    if len(row) <= TABLE_COLUMNS:
        return row
    return [*row[: TABLE_COLUMNS - 1], "…"]


class _TableParser(HTMLParser):
    """Reads the text of table cells; style and script are skipped, nothing is interpreted."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[tuple[list[str], bool]] = []
        self.n_tables = 0
        self.note = ""
        self._cell: list[str] | None = None
        self._span = 1
        self._in_head = False
        self._skip = False
        self._closed = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a cell, a row or the table."""
        self._skip = tag in ("style", "script")
        if tag == "table":
            self.n_tables += 1
        elif tag == "thead":
            self._in_head = True
        elif tag == "tr" and len(self.rows) < 2_000:  # noqa: PLR2004 -- only a bound
            self.rows.append(([], self._in_head))
        elif tag in ("td", "th") and self.rows:
            span = dict(attrs).get("colspan") or "1"
            self._end_cell()
            self._span = min(int(span[:4]), TABLE_COLUMNS) if span.isdecimal() else 1
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        """Close a cell or the table."""
        self._skip = False
        if tag == "thead":
            self._in_head = False
        elif tag in ("td", "th", "tr", "table"):
            self._end_cell()
            self._closed = self._closed or tag == "table"

    def handle_data(self, data: str) -> None:
        """Collect a cell's text; after the table, pandas writes its shape."""
        if self._skip:
            return
        if self._cell is not None:
            self._cell.append(data)
        elif self._closed and data.strip():
            self.note = one_line(clean(f"{self.note} {data}"), 60)

    def _end_cell(self) -> None:
        if self._cell is None:
            return
        text = one_line(clean("".join(self._cell)), CELL_LIMIT)
        self.rows[-1][0].extend([text, *[""] * (self._span - 1)])
        self._cell = None


def _data(output: Mapping[str, Any]) -> Mapping[str, Any]:
    data = output.get("data")
    return data if isinstance(data, Mapping) else {}


def _text(value: Any) -> str:
    """A MIME value as text: nbformat also stores lists of lines."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(str, value))
    return "" if value is None else str(value)
