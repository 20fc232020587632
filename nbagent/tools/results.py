"""What a tool brought back, made into what a message can hold: bounded text and pictures.

Read next: `nbagent.bounded` for the bounds, `nbagent.tools` for the results made of these.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, is_dataclass
from typing import Any

from nbagent.bounded import clip, mime_of, picture_of, picture_part, size_of
from nbagent.events import Output
from nbagent.messages import Content, Part
from nbagent.phrases import clean, plural

RESULT_BYTES = 16_000
"""How much text one tool result gives to the model, in bytes."""
MAX_PICTURES = 4
"""How many pictures one tool result gives to the model."""

_TABLE_ROWS, _TABLE_COLUMNS = 30, 20
_MAX_ELEMENTS = 10_000
_HTML_BYTES = 100_000
_TRACEBACK_BYTES = 4_000
_PICTURE_MIMES = ("image/png", "image/jpeg", "image/gif", "image/webp")


def content_of(texts: Iterable[str], pictures: Iterable[bytes] = ()) -> tuple[Content, int]:
    """Join texts and pictures into a message's content.

    Args:
        texts: pieces of text, in order; empty ones are left out.
        pictures: picture files.

    Returns:
        The content, never empty, and how many bytes of text were left out of it.
    """
    whole = "\n".join(text.strip("\n") for text in texts if text.strip())
    text = clip(whole, RESULT_BYTES)
    shown = list(pictures)
    parts = [picture_part(data) for data in shown[:MAX_PICTURES]]
    fit: list[Part] = [part for part in parts if part is not None]
    if len(fit) < len(shown):
        more = plural(len(shown) - len(fit), "more picture")
        text += f"\n[{more}, too many or too large to send]"
    cut = max(size_of(whole) - RESULT_BYTES, 0)
    if not fit:
        return text or "(no output)", cut
    lead: list[Part] = [{"type": "text", "text": text}] if text else []
    return [*lead, *fit], cut


def shown_text(outputs: Iterable[Output]) -> list[str]:
    """The text of outputs (nbformat's shape), in order: streams, plain forms, tracebacks."""
    texts: list[str] = []
    for output in outputs:
        kind = output["output_type"]
        if kind == "stream":
            texts.append(_joined(output["text"]))
        elif kind == "error":
            texts.append(clip(_joined(output["traceback"], "\n"), _TRACEBACK_BYTES))
        elif not _pictures_in(output):
            texts.append(_joined(output["data"].get("text/plain", "")))
    return [clean(text) for text in texts]


def shown_pictures(outputs: Iterable[Output]) -> list[bytes]:
    """The picture files among outputs, in order."""
    return [picture for output in outputs for picture in _pictures_in(output)]


def _pictures_in(output: Output) -> list[bytes]:
    data = output.get("data", {})
    found = [_decoded(_joined(data[mime])) for mime in _PICTURE_MIMES if mime in data]
    return [picture for picture in found[:1] if mime_of(picture)]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:  # an output of somebody else's making
        return b""


def _joined(text: str | list[str], by: str = "") -> str:
    return text if isinstance(text, str) else by.join(text)


@dataclass(frozen=True, slots=True)
class Returned:
    """A function's return value, read: what is kept of it once the call is over.

    Attributes:
        result: the value itself where it is a finished tool result, else None.
        text: its text for the model.
        html: a table's HTML, for the person.
        picture: its picture file, if it is one.
        extent: the size of a table or array (`344 × 8`).
        by_matplotlib: whether it is a figure or axes; pyplot may have shown it already.
    """

    result: Any = None
    text: str = ""
    html: str = ""
    picture: bytes | None = None
    extent: str = ""
    by_matplotlib: bool = False


def read_value(value: Any) -> Returned:
    """Read what a function returned: text as it is, pictures drawn, tables bounded, else JSON.

    Args:
        value: anything; reading it may run its own code, so read it where that can be stopped.
    """
    by_matplotlib = type(value).__module__.startswith("matplotlib")
    picture = picture_of(value)
    if picture is not None:
        return Returned(picture=picture, by_matplotlib=by_matplotlib)
    html = str(value._repr_html_() or "") if _is_table(value) else ""
    return Returned(
        text=_text_of(value),
        html=html if len(html) <= _HTML_BYTES else "",
        extent=_extent_of(value),
        by_matplotlib=by_matplotlib,
    )


def value_outputs(value: Returned) -> list[Output]:
    """What the person sees of a return value, as outputs in nbformat's shape."""
    data = {"text/plain": clip(value.text, RESULT_BYTES)}
    if value.html:
        data["text/html"] = value.html
    if value.picture is not None:
        data[str(mime_of(value.picture))] = base64.b64encode(value.picture).decode()
    if not any(data.values()):
        return []
    return [{"output_type": "display_data", "data": data, "metadata": {}}]


def _is_table(value: Any) -> bool:
    return all(hasattr(value, name) for name in ("to_string", "shape", "_repr_html_"))


def _text_of(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if hasattr(value, "to_string") and hasattr(value, "shape"):
        limits = {"max_cols": _TABLE_COLUMNS} if len(value.shape) > 1 else {}
        return f"{value.to_string(max_rows=_TABLE_ROWS, **limits)}\n[{_extent_of(value)}]"
    plain = isinstance(value, dict | list | tuple | set | frozenset | bool | int | float)
    if plain or is_dataclass(value) or hasattr(value, "model_dump"):
        return _as_json(value)
    return repr(value)


def _extent_of(value: Any) -> str:
    """The size of a table or array in words, '' for anything else."""
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple) or not all(isinstance(n, int) for n in shape):
        return ""
    return " × ".join(f"{n:,}" for n in shape) + (" rows" if len(shape) == 1 else "")


def _as_json(value: Any) -> str:
    from pydantic_core import to_jsonable_python  # noqa: PLC0415 -- slow; not needed to load

    plain = to_jsonable_python(value, fallback=_plain, bytes_mode="base64", serialize_unknown=True)
    return json.dumps(plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """JSON values for what JSON does not know: numbers and small arrays of numpy, else repr."""
    if hasattr(value, "tolist") and getattr(value, "size", _MAX_ELEMENTS) < _MAX_ELEMENTS:
        return value.tolist()
    return repr(value)
