"""Figures as `data:` images: each once, at most 800 pixels wide, within a budget.

With Pillow a wide picture is scaled down and a heavy one gets a palette, which keeps lines and
text of a plot sharp. Without Pillow a picture stays as it is, or out if it is too large.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from typing import Any

from nbagent.view.outputs import Picture

try:
    from PIL import Image
except ImportError:  # pictures are then shown as they came
    Image = None

MAX_WIDTH = 800
HEAVY_BYTES = 48_000
MAX_PIXELS = 40_000_000
"""Larger pictures are not decoded: one could fill the kernel's memory."""


def svg_uri(svg: str) -> str:
    """An SVG text as a `data:` URL."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode(errors="replace")).decode()


def uri(picture: Picture) -> str:
    """A picture as a `data:` URL."""
    if picture.mime == "image/svg+xml":
        return svg_uri(picture.data)
    return f"data:{picture.mime};base64,{picture.data}"


def small(picture: Picture) -> Picture:
    """The form of a picture that fits a notebook; made once and kept with it."""
    if picture.small is None:
        picture.small = _shrunk(picture)
    return picture.small


def _shrunk(picture: Picture) -> Picture:
    fits = picture.width <= MAX_WIDTH and picture.n_bytes <= HEAVY_BYTES
    sized = picture.mime == "image/png" and picture.width > 0
    if Image is None or picture.mime in ("image/svg+xml", "image/gif") or (fits and sized):
        return picture
    try:
        with Image.open(io.BytesIO(base64.b64decode(picture.data))) as image:
            return _redrawn(picture, image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return picture  # not a picture that Pillow reads: the browser may


def _redrawn(picture: Picture, image: Any) -> Picture:
    if image.width * image.height > MAX_PIXELS or image.width == 0:
        return picture
    width = min(image.width, MAX_WIDTH)
    height = max(round(image.height * width / image.width), 1)
    drawn = image.convert("RGBA").resize((width, height), Image.Resampling.LANCZOS)
    flat = Image.new("RGBA", drawn.size, "white")
    flat.alpha_composite(drawn)
    rgb = flat.convert("RGB")
    forms: list[tuple[str, Any, dict[str, Any]]]
    forms = [("image/png", rgb.quantize(256, dither=Image.Dither.NONE), {"optimize": True})]
    if picture.mime == "image/jpeg":
        forms = [("image/jpeg", rgb, {"quality": 85})]
    best = picture if picture.width and picture.width <= MAX_WIDTH else None
    for mime, form, options in forms:
        buffer = io.BytesIO()
        form.save(buffer, mime.removeprefix("image/").upper(), **options)
        made = Picture(mime, base64.b64encode(buffer.getvalue()).decode(), width)
        if best is None or made.n_bytes < best.n_bytes:
            best = made
    return best or picture


def chosen(keys: Iterable[str], pictures: Mapping[str, Picture], budget: int) -> dict[str, Picture]:
    """Those pictures that fit a budget, the first of `keys` first.

    Args:
        keys: names of pictures, the most important first.
        pictures: what the view kept, by name.
        budget: characters of base64 for all of them.
    """
    kept: dict[str, Picture] = {}
    left = budget
    for key in dict.fromkeys(keys):
        if key not in pictures:
            continue
        picture = small(pictures[key])
        cost = len(uri(picture))
        if cost <= left:
            kept[key] = picture
            left -= cost
    return kept
