"""Bounds on what a message carries: text cut in its middle, pictures made small enough."""

from __future__ import annotations

import base64
import io
import struct
from typing import Any

from nbagent.messages import Part

PICTURE_PIXELS = 800
"""Longest side of a picture in a message or a notebook, in pixels."""
PICTURE_BYTES = 300_000
"""Largest picture in a message, in bytes before base64."""

_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}


def clip(text: str, n_bytes: int) -> str:
    """Bound a text: its head and tail stay, a note between them says how much was left out.

    Args:
        text: any text.
        n_bytes: how many bytes of UTF-8 may stay, the note not counted.
    """
    total = size_of(text) if len(text) > n_bytes // 4 else 0
    if total <= n_bytes:
        return text
    ending = _encoded(text[max(len(text) - n_bytes, 0) :])
    head = _encoded(text[:n_bytes])[: n_bytes * 2 // 3].decode("utf-8", "ignore")
    tail = ending[len(ending) - n_bytes // 3 :].decode("utf-8", "ignore")
    left_out = total - size_of(head) - size_of(tail)
    return f"{head}\n… [{left_out:,} bytes left out] …\n{tail}"


def size_of(text: str) -> int:
    """Bytes that a text takes as UTF-8."""
    return len(text) if text.isascii() else len(_encoded(text))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def mime_of(data: bytes) -> str | None:
    """Say which of the pictures that the model can see these bytes are, if any."""
    kind = next((mime for magic, mime in _MAGIC.items() if data.startswith(magic)), None)
    return None if kind == "image/webp" and data[8:12] != b"WEBP" else kind


def picture_of(value: Any) -> bytes | None:
    """Draw a value that is a picture: figures, axes, PIL images, `_repr_png_`, picture bytes.

    Args:
        value: any object; its library is not imported if it is not a picture.

    Returns:
        The picture's file (png, jpeg, gif or webp), or None if the value is no picture.
    """
    if isinstance(value, bytes):
        return value if mime_of(value) else None
    home = type(value).__module__.partition(".")[0]
    if home == "matplotlib":
        figure = value if hasattr(value, "savefig") else getattr(value, "figure", None)
        return _drawn(figure) if hasattr(figure, "savefig") else None
    if home == "PIL" and hasattr(value, "thumbnail"):
        return _saved(value)
    method = None if isinstance(value, type) else getattr(value, "_repr_png_", None)
    return _from_repr(method()) if callable(method) else None


def picture_part(data: bytes) -> Part | None:
    """Make a message part of a picture, made smaller where needed.

    Args:
        data: a png, jpeg, gif or webp file.

    Returns:
        The part with a `data:` URL, or None if it is no such picture or cannot be made small.
    """
    mime = mime_of(data)
    if mime is None:
        return None
    if len(data) > PICTURE_BYTES or max(_png_size(data), default=0) > PICTURE_PIXELS:
        data = _shrunk(data)
        mime = mime_of(data)
        if len(data) > PICTURE_BYTES:
            return None
    url = f"data:{mime};base64,{base64.b64encode(data).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


def _drawn(figure: Any) -> bytes:
    """Save a matplotlib figure so that its longest side fits."""
    longest = max(*figure.get_size_inches(), 0.1)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=min(100.0, PICTURE_PIXELS / longest))
    return buffer.getvalue()


def _saved(image: Any) -> bytes:
    small = image.copy()
    small.thumbnail((PICTURE_PIXELS, PICTURE_PIXELS))
    if small.mode not in ("1", "L", "LA", "P", "RGB", "RGBA"):
        small = small.convert("RGB")
    buffer = io.BytesIO()
    small.save(buffer, format="PNG", optimize=True)
    if buffer.tell() > PICTURE_BYTES:
        buffer = io.BytesIO()
        small.convert("RGB").save(buffer, format="JPEG", quality=80)
    return buffer.getvalue()


def _from_repr(drawn: Any) -> bytes | None:
    """Read what `_repr_png_` returned: bytes or base64 text, alone or with metadata."""
    data = drawn[0] if isinstance(drawn, tuple) and drawn else drawn
    if isinstance(data, str):
        data = base64.b64decode(data)
    return data if isinstance(data, bytes) and mime_of(data) else None


def _png_size(data: bytes) -> tuple[int, ...]:
    """Width and height of a png, read from its header; () for other files."""
    if mime_of(data) != "image/png" or len(data) < 24:  # noqa: PLR2004 -- signature and IHDR
        return ()
    return struct.unpack(">II", data[16:24])


def _shrunk(data: bytes) -> bytes:
    """Make a picture smaller with Pillow, if it is there; else hand it back as it is."""
    try:
        from PIL import Image  # noqa: PLC0415 -- optional, and slow to import
    except ImportError:
        return data
    try:
        with Image.open(io.BytesIO(data)) as image:
            return _saved(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return data
