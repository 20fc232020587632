"""MIME bundles as an output keeps them: JSON through and through, and bounded in bytes."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from json import dumps, loads  # bound early: tool code may break the module's
from typing import Any

from nbagent.bounded import clip, size_of

PLAIN_BYTES = 50_000
"""Longest text form of one display; the whole of a longer one goes to disk."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bounded bundle.

    Attributes:
        data: MIME type to value, as nbformat stores it.
        n_bytes: size of its MIME types other than text/plain.
        cut_bytes: how many bytes were left out.
        whole: the text form before it was cut, '' if it was not.
    """

    data: dict[str, Any]
    n_bytes: int
    cut_bytes: int
    whole: str


def bounded(data: Mapping[str, Any], room: int) -> Bundle:
    """Bring a bundle into the shape that a notebook stores, within bounds.

    Args:
        data: MIME type to value, as a display publishes it.
        room: bytes that its MIME types other than text/plain may take together.
    """
    kept: dict[str, Any] = {}
    notes: list[str] = []
    used = cut = 0
    for mime, value in data.items():
        if mime == "text/plain":
            continue
        stored, n_bytes = _stored(mime, value)
        if used + n_bytes > room:
            notes.append(f"[{mime}, {n_bytes:,} bytes, left out]")
            cut += n_bytes
        else:
            kept[mime] = stored
            used += n_bytes
    plain, whole = str(data.get("text/plain", "")), ""
    n_plain = size_of(plain)
    if n_plain > PLAIN_BYTES:
        cut += n_plain - PLAIN_BYTES
        plain, whole = clip(plain, PLAIN_BYTES), plain
    if plain or notes or "text/plain" in data:
        kept["text/plain"] = "\n".join(filter(None, [plain, *notes]))
    return Bundle(kept, used, cut, whole)


def _stored(mime: str, value: Any) -> tuple[Any, int]:
    """A value as nbformat stores it, and its size: bytes become base64, the rest is JSON."""
    if isinstance(value, bytes):
        text = base64.b64encode(value).decode()
        return text, len(text)
    if isinstance(value, str):
        return value, size_of(value)
    if isinstance(value, list) and not mime.endswith("json"):
        text = "".join(map(str, value))
        return text, size_of(text)
    text = dumps(value, default=str)
    return loads(text), len(text)
