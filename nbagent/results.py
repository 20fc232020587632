"""What a tool brought back, made into what a message can hold: bounded text and pictures.

Read next: `nbagent.bounded` for the bounds, `nbagent.tools` for the results made of these.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import is_dataclass
from typing import Any

from nbagent.bounded import clip, mime_of, picture_of, picture_part, size_of
from nbagent.events import Output
from nbagent.messages import Content, Part

RESULT_BYTES = 16_000
"""How much text one tool result gives to the model, in bytes."""
MAX_PICTURES = 4
"""How many pictures one tool result gives to the model."""

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_TABLE_ROWS, _TABLE_COLUMNS = 30, 20
_MAX_ELEMENTS = 10_000
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
        text += f"\n[{len(shown) - len(fit)} more pictures, too many or too large to send]"
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
    return [_ANSI.sub("", text) for text in texts]


def shown_pictures(outputs: Iterable[Output]) -> list[bytes]:
    """The picture files among outputs, in order."""
    return [picture for output in outputs for picture in _pictures_in(output)]


def _pictures_in(output: Output) -> list[bytes]:
    data = output.get("data", {})
    found = (base64.b64decode(_joined(data[m])) for m in _PICTURE_MIMES if m in data)
    return [picture for picture in found if mime_of(picture)]


def _joined(text: str | list[str], by: str = "") -> str:
    return text if isinstance(text, str) else by.join(text)


def text_of_value(value: Any) -> str:
    """Write a function's return value for the model: text as it is, tables bounded, else JSON.

    Args:
        value: what the function returned; no picture.
    """
    if value is None or isinstance(value, str):
        return value or ""
    if hasattr(value, "to_string") and hasattr(value, "shape"):
        limits = {"max_cols": _TABLE_COLUMNS} if len(value.shape) > 1 else {}
        return str(value.to_string(max_rows=_TABLE_ROWS, **limits)) + f"\n[{extent_of(value)}]"
    plain = isinstance(value, dict | list | tuple | set | frozenset | bool | int | float)
    if plain or is_dataclass(value) or hasattr(value, "model_dump"):
        return _as_json(value)
    return repr(value)


def extent_of(value: Any) -> str:
    """The size of a table or array in words (`344 × 8`), '' for anything else."""
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple) or not all(isinstance(n, int) for n in shape):
        return ""
    return " × ".join(f"{n:,}" for n in shape) + (" rows" if len(shape) == 1 else "")


def value_output(value: Any, text: str, picture: bytes | None) -> list[Output]:
    """What the person sees of a return value, as outputs in nbformat's shape.

    Args:
        value: what the function returned.
        text: its text for the model.
        picture: its picture, if it is one.
    """
    if picture is not None:
        data = {str(mime_of(picture)): base64.b64encode(picture).decode(), "text/plain": text}
    elif value is None or not text:
        return []
    else:
        data = {"text/plain": clip(text, RESULT_BYTES)}
    return [{"output_type": "display_data", "data": data, "metadata": {}}]


def value_picture(value: Any, outputs: Iterable[Output]) -> bytes | None:
    """The picture that a return value is, unless the outputs have shown it already.

    A figure that pyplot knows is shown when the call ends; drawing the returned figure (or axes)
    too would send it twice.
    """
    from_pyplot = type(value).__module__.startswith("matplotlib")
    if from_pyplot and shown_pictures(outputs):
        return None
    return picture_of(value)


def _as_json(value: Any) -> str:
    from pydantic_core import to_jsonable_python  # noqa: PLC0415 -- slow; not needed to load

    plain = to_jsonable_python(value, fallback=_plain, bytes_mode="base64", serialize_unknown=True)
    return json.dumps(plain, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """JSON values for what JSON does not know: numbers and small arrays of numpy, else repr."""
    if hasattr(value, "tolist") and getattr(value, "size", _MAX_ELEMENTS) < _MAX_ELEMENTS:
        return value.tolist()
    return repr(value)
