"""Secrets are masked in everything on its way to screen, disk, model or exception.

Two layers. Known values, registered with `add` or found in the environment by name, are masked
in plain, reversed, base64, hexadecimal, URL-quoted and JSON-escaped form. Then the well-known
shapes of keys are masked, whoever they belong to. The limit, said honestly: an encoding that tool
code invents passes.

The layers are applied one after the other, so that a shape that overlaps a known value cannot
hide its rest. Text without a secret is never changed, and masking twice changes nothing.
"""

from __future__ import annotations

import base64
import json
import re
import string
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, cast
from urllib.parse import quote, quote_plus

MASK = "[hidden]"
MIN_LENGTH = 8
"""Shorter values are not registered: they would mask ordinary text."""

_Value = TypeVar("_Value")

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASS|CREDENTIAL", re.IGNORECASE)
_ORDINARY = re.compile(
    r"[A-Za-z]?[a-z]{1,16}|[A-Z]{1,16}|[\d.:,-]{1,15}"  # words and small numbers
    r"|(?:~|\.{1,2})?(?:/[\w.@-]{1,32}){2,}/?|https?://[^@\s]+"  # paths and addresses
)
"""Values that are no secrets, whatever their variable is called."""


def _shape(literal: str, rest: str) -> tuple[str, re.Pattern[str]]:
    """A key's shape: `literal` at the start of a word, then `rest`."""
    return literal, re.compile(f"(){literal}(?<![A-Za-z0-9_-]{literal}){rest}", re.ASCII)


_PEM = r"[A-Z ]{0,30}PRIVATE KEY-----"
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "PRIVATE KEY-----",
        re.compile(
            rf"()-----BEGIN {_PEM}"
            rf"(?:[\s\S]{{1,20000}}?-----END {_PEM}|(?:(?:\\[rn]|\s)*[\w+/=]{{16,}})+)",
            re.ASCII,
        ),
    ),
    ("earer", re.compile(r"(earer\s{1,8})(?=\S*\d)[A-Za-z0-9._~+/=-]{12,}", re.ASCII)),
    (
        "uthorization",
        re.compile(
            r"""(uthorization["']?\s{0,3}[:=]\s{0,3}["']?(?:Basic|Token|ApiKey)\s{1,3})"""
            r"(?=\S*\d)[A-Za-z0-9._~+/=-]{12,}",
            re.ASCII,
        ),
    ),
    _shape("eyJ", r"[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"),
    _shape("sk-", r"[A-Za-z0-9_-]{20,}"),
    _shape("ghp_", r"[A-Za-z0-9]{30,}"),
    _shape("github_pat_", r"[A-Za-z0-9_]{30,}"),
    _shape("hf_", r"[A-Za-z0-9]{30,}"),
    _shape("AKIA", r"[0-9A-Z]{16,}"),
    _shape("xox", r"[abeoprs]-[A-Za-z0-9-]{10,}"),
)
"""Each shape: a literal that every match holds (looked for first, which is fast) and the pattern;
its group 1 stays."""

_PRINTABLE = string.digits + string.ascii_letters + string.punctuation
_OPEN = re.compile(
    rf"-----BEGIN [A-Z ]{{0,30}}(?:PRIVATE KEY-----(?:(?!-----END {_PEM})[\s\S]){{0,20000}})?\Z"
    r"""|earer\s{1,8}\Z|uthorization["']?\s{0,3}(?:[:=]\s{0,3}["']?\w{0,7}\s{0,3})?\Z""",
    re.ASCII,
)
"""The beginning of a shape that holds white space and may go on."""
_LONGEST_HELD = 32_768
"""How many characters a stream holds back (a blob without white space) before it gives way."""


class Redactor:
    """Masks secrets in text and in JSON values."""

    def __init__(self) -> None:
        self._forms: tuple[str, ...] = ()
        self._spaced: tuple[str, ...] = ()
        """Those forms that hold white space or other characters than ASCII's."""

    def add(self, value: str) -> None:
        """Register a secret; values under 8 characters are ignored."""
        if len(value) >= MIN_LENGTH and value not in self._forms:
            forms = {*self._forms, *_forms_of(value)}
            self._forms = tuple(sorted(forms, key=lambda form: (-len(form), form)))
            self._spaced = tuple(form for form in self._forms if form.strip(_PRINTABLE))

    def add_environment(self, environ: Mapping[str, str]) -> None:
        """Register what the environment calls a key, token, secret, password or credential.

        Ordinary words, small numbers, paths and addresses are left out.
        """
        for name, value in environ.items():
            if _SECRET_NAME.search(name) and not _ORDINARY.fullmatch(value):
                self.add(value)

    def __call__(self, text: str) -> str:
        """Return `text` with its secrets masked; the same object if there are none."""
        present = [form for form in self._forms if form in text]
        if present:
            text = re.sub("|".join(map(re.escape, present)), MASK, text)
        while (masked := _without_shapes(text)) != text:
            text = masked  # a mask can uncover the beginning of a word, so once more
        return text

    def value(self, value: _Value) -> _Value:
        """Mask the texts inside a JSON value; the same object if there is nothing to mask.

        Pictures (`image/…` entries, `data:image/…` texts) are passed over.
        """
        return cast("_Value", self._masked(value))

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return value if value.startswith("data:image/") else self(value)
        if isinstance(value, list | tuple):
            items = [self._masked(item) for item in value]
            if all(new is old for new, old in zip(items, value, strict=True)):
                return value
            return items if isinstance(value, list) else tuple(items)
        if isinstance(value, dict):
            pairs = {self._masked(key): self._entry(key, value[key]) for key in value}
            same = all(pairs.get(key, self) is value[key] for key in value)
            return value if same else pairs
        return value

    def _entry(self, key: Any, value: Any) -> Any:
        picture = isinstance(key, str) and key.startswith("image/") and "svg" not in key
        return value if picture else self._masked(value)

    def stream(self) -> RedactedStream:
        """A fresh stream for text that comes in pieces."""
        return RedactedStream(self)

    def cut(self, text: str) -> int:
        """How much of an unfinished text can be masked and shown, whatever comes next.

        The last word is held back, and with it what may belong to it. A cut is always at the
        beginning of a word, so that the pieces are masked as the whole would be.

        Args:
            text: the text so far; it begins at white space or at the text's beginning.
        """
        cut = len(text.rstrip(_PRINTABLE))
        while begins := [start for start in self._begins(text, cut) if start < cut]:
            cut = len(text[: min(begins)].rstrip(_PRINTABLE))
        return cut

    def _begins(self, text: str, cut: int) -> Iterator[int]:
        """Where something begins that holds white space and may go on after a cut."""
        if begun := _OPEN.search(text, 0, cut):
            yield begun.start()
        for form in self._spaced:
            whole = text.find(form, max(cut - len(form) + 1, 0), cut + len(form) - 1)
            if whole >= 0:
                yield whole
            sizes = range(min(len(form) - 1, len(text)), 0, -1)
            size = next((size for size in sizes if text.endswith(form[:size])), 0)
            if size:
                yield len(text) - size


class RedactedStream:
    """Masks text that comes in pieces, so that a secret split between them does not slip through.

    A piece is held back while it may be the beginning of a secret: as a rule the last word.
    """

    def __init__(self, redact: Redactor) -> None:
        self._redact = redact
        self._held = ""

    def feed(self, text: str) -> str:
        """Take a piece; return what can be shown by now."""
        self._held += text
        cut = self._redact.cut(self._held)
        if cut == 0 and len(self._held) > _LONGEST_HELD:
            self._held = self._redact(self._held)
            cut = max(len(self._held) - _LONGEST_HELD // 2, 0)
        shown, self._held = self._held[:cut], self._held[cut:]
        return self._redact(shown)

    def flush(self) -> str:
        """Return what was held back, masked; the text is at its end."""
        shown, self._held = self._redact(self._held), ""
        return shown


def _without_shapes(text: str) -> str:
    for literal, pattern in _SHAPES:
        if literal in text:
            text = pattern.sub(rf"\1{MASK}", text)
    return text


def _forms_of(value: str) -> Iterator[str]:
    """The forms in which a known value is looked for, itself included."""
    data = value.encode("utf-8", "surrogatepass")
    quoted = (quote(value, safe=""), quote(value), quote_plus(value))
    escaped = (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    twice = (repr(value)[1:-1], json.dumps(escaped[0])[1:-1])
    hexadecimal = (data.hex(), data.hex().upper())
    plain = (value, value[::-1])
    for form in (*plain, *hexadecimal, *quoted, *escaped, *twice, *_base64_forms(data)):
        if len(form) >= MIN_LENGTH and form not in MASK:
            yield form


def _base64_forms(data: bytes) -> Iterator[str]:
    """Base64 of a value wherever it stands in a longer text.

    Three bytes become four characters, so there are three alignments; the characters at the
    edges, which depend on the neighbours, are left out.
    """
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + data).decode()
        stable = text[-(-8 * offset // 6) : 8 * (offset + len(data)) // 6]
        yield from (stable, stable.translate(str.maketrans("+/", "-_")))
