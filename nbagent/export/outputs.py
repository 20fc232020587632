"""Recorded outputs for a notebook that others open: nbformat's shape, with no foreign markup.

A table is drawn anew from its cells' text, a picture stays a picture (SVG as an image, which runs
nothing); other HTML and scripts are left to their plain text. Data with a renderer of its own
(plotly, vega) stays, as no kernel is needed to draw it; a widget does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from nbagent.events import Output
from nbagent.phrases import clean
from nbagent.trace.blocks import table_html
from nbagent.trace.markup import tag
from nbagent.trace.pictures import uri
from nbagent.view.outputs import IMAGE_TYPES, RENDERED_BELOW, picture_of, table_of

_STREAMS = ("stdout", "stderr")


def safe_outputs(outputs: Iterable[Output], count: int) -> list[Output]:
    """These outputs, each in nbformat's shape; what is none is left out.

    Args:
        outputs: as recorded.
        count: the execution count of their cell.
    """
    return [made for output in outputs if (made := _safe(output, count)) is not None]


def _safe(output: Mapping[str, Any], count: int) -> Output | None:
    kind = output.get("output_type")
    if kind == "stream":
        name = output.get("name")
        text = clean(_text(output.get("text")))
        return {
            "output_type": "stream",
            "name": name if name in _STREAMS else "stdout",
            "text": text,
        }
    if kind == "error":
        lines = output.get("traceback")
        return {
            "output_type": "error",
            "ename": clean(_text(output.get("ename"))),
            "evalue": clean(_text(output.get("evalue"))),
            "traceback": [clean(str(line)) for line in lines] if isinstance(lines, list) else [],
        }
    data = output.get("data")
    if kind not in ("display_data", "execute_result") or not isinstance(data, Mapping):
        return None
    made: Output = {"output_type": kind, "data": _safe_data(data), "metadata": {}}
    if kind == "execute_result":
        made["execution_count"] = count
    return made if made["data"] else None


def _safe_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """A MIME bundle without foreign markup."""
    kept: dict[str, Any] = {
        mime: _plain(value)
        for mime, value in data.items()
        if RENDERED_BELOW.match(mime) and "widget" not in mime and isinstance(value, Mapping)
    }
    picture = picture_of(data)
    table = table_of(_text(data.get("text/html")))
    if picture is not None and picture.mime in IMAGE_TYPES[:2]:
        kept[picture.mime] = picture.data
    elif picture is not None:
        kept["text/html"] = str(tag("img", src=uri(picture), alt="Figure"))
    elif table is not None:
        kept["text/html"] = str(table_html(table))
    plain = next((_text(data[mime]) for mime in _TEXTS if data.get(mime)), "")
    return kept | ({"text/plain": clean(plain)} if plain else {})


_TEXTS = ("text/plain", "text/markdown", "text/latex", "text/html")
"""Where the plain text of a display is found, in this order; shown as it is, never rendered."""


def _plain(value: Any) -> Any:
    """JSON values without lone surrogates, which a file cannot hold."""
    return json.loads(json.dumps(value, default=str).encode(errors="replace"))


def _text(value: Any) -> str:
    """A value of nbformat as text; it also stores lists of lines."""
    if isinstance(value, list):
        return "".join(map(str, value))
    return value if isinstance(value, str) else "" if value is None else str(value)
