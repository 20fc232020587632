"""How values become rows: JSON in which long texts are replaced by a number, each stored once.

A tool's output stands in its event, in its message and in every later turn's history; it is
stored once. A string that was replaced is U+0001 and a number; one that begins with U+0001 by
itself gets `=` after it. Nothing here looks up a name that tool code may have broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from hashlib import blake2b, sha256
from json import JSONEncoder, loads
from sqlite3 import Connection
from typing import Any, TypeAlias, cast
from zlib import compress, decompress

from nbagent.events import Event, from_dict
from nbagent.messages import Message
from nbagent.samples import Samples

LONG = 256
"""Strings from this many characters on are stored apart."""

Texts: TypeAlias = dict[int, str]
"""Long texts that were read already, by number."""

Row: TypeAlias = tuple[int, float, str, bytes]
"""An event as it is stored: `seq`, `t`, `kind` and `body`."""

_MARK = "\x01"
_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
_encode_ascii = JSONEncoder(separators=(",", ":"), default=str).encode
_REFERENCE = re.compile(rb'\\u0001(\d+)"')
_STAMPS = {"seq", "t"}


def to_json(value: Any) -> bytes:
    """Serialise as `messages.json_bytes` does; what is no JSON becomes its text."""
    try:
        return _encode(value).encode()
    except UnicodeEncodeError:
        return _encode_ascii(value).encode()


def pack(db: Connection, value: Mapping[str, Any]) -> bytes:
    """Serialise a JSON object; its long texts are stored in `db`."""
    return to_json(_shrunk(db, value))


def unpack(db: Connection, body: bytes, texts: Texts) -> Any:
    """Read what `pack` has made."""
    value = loads(body)
    if b"\\u0001" in body:
        _grow(db, value, texts)
    return value


def unpack_all(db: Connection, bodies: Sequence[bytes], texts: Texts) -> list[Any]:
    """Read what `pack` has made of many values, in a few queries.

    Raises:
        ValueError: one of them cannot be read.
    """
    _read_texts(db, references(bodies) - texts.keys(), texts)
    values = loads(b"[%b]" % b",".join(bodies))
    for value, body in zip(values, bodies, strict=True):
        if b"\\u0001" in body:
            _grow(db, value, texts)
    return cast("list[Any]", values)


def pack_event(db: Connection, event: Event) -> bytes:
    """Serialise an event without its stamps, which have columns."""
    return pack(
        db, {f.name: getattr(event, f.name) for f in fields(event) if f.name not in _STAMPS}
    )


def unpack_events(db: Connection, rows: Sequence[Row], texts: Texts) -> list[Event]:
    """Read events; those of a newer nbagent that this one does not know are left out.

    Args:
        db: the connection.
        rows: `seq`, `t`, `kind` and `body` of each.
        texts: long texts that were read already.
    """
    try:
        values = unpack_all(db, [body for *_, body in rows], texts)
    except (ValueError, TypeError):
        if len(rows) == 1:
            return []
        return [event for row in rows for event in unpack_events(db, [row], texts)]
    events = (_event_of(row, value) for row, value in zip(rows, values, strict=True))
    return [event for event in events if event is not None]


def _event_of(row: Row, value: Any) -> Event | None:
    seq, t, kind, _ = row
    try:
        value |= {"kind": kind, "seq": seq, "t": t}
        return from_dict(value)
    except (ValueError, TypeError):
        return None


def storable(text: str) -> str:
    """A text that a column can hold: lone surrogates, which UTF-8 cannot, become escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


def _shrunk(db: Connection, value: Any) -> Any:
    if isinstance(value, Samples):
        value = value.text or [*value]
    if isinstance(value, str):
        if len(value) >= LONG:
            return f"{_MARK}{_text_id(db, value)}"
        return f"{_MARK}={value}" if value[:1] == _MARK else value
    if isinstance(value, dict):
        return {str(key): _shrunk(db, entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_shrunk(db, item) for item in value]
    if is_dataclass(value):
        return {f.name: _shrunk(db, getattr(value, f.name)) for f in fields(value)}
    return value


def _grow(db: Connection, value: Any, texts: Texts) -> None:
    """Put the long texts back into a list or dict that was just read."""
    for key, entry in value.items() if type(value) is dict else enumerate(value):
        kind = type(entry)
        if kind is str:
            if entry[:1] == _MARK:
                value[key] = _restored(db, entry, texts)
        elif kind is dict or kind is list:
            _grow(db, entry, texts)


def _restored(db: Connection, text: str, texts: Texts) -> str:
    if text[1:2] == "=":
        return text[2:]
    number = int(text[1:])
    if number not in texts:
        _read_texts(db, {number}, texts)
    if number not in texts:
        raise ValueError("a long text is missing")
    return texts[number]


def _read_texts(db: Connection, numbers: Iterable[int], texts: Texts) -> None:
    """Read long texts by number."""
    for first, n in to_spans(sorted(numbers)):
        query = "SELECT id, zipped, body FROM text WHERE id BETWEEN ? AND ?"
        for number, zipped, body in db.execute(query, (first, first + n - 1)):
            texts[number] = (decompress(body) if zipped else body).decode("utf-8", "surrogatepass")


def _text_id(db: Connection, text: str) -> int:
    """The number of a long text, stored now unless it was before."""
    data = text.encode("utf-8", "surrogatepass")
    key = blake2b(data, digest_size=16).digest()
    found = db.execute("SELECT id FROM text WHERE hash = ?", (key,)).fetchone()
    if found:
        return cast("int", found[0])
    packed = compress(data, 1)
    zipped = len(packed) < len(data) * 7 // 8
    row = (key, zipped, packed if zipped else data)
    return cast(
        "int", db.execute("INSERT INTO text (hash, zipped, body) VALUES (?, ?, ?)", row).lastrowid
    )


def message_id(db: Connection, message: Message) -> int:
    """The number of a message, stored now unless one with the same bytes was before."""
    key = sha256(to_json(message)).digest()
    found = db.execute("SELECT id FROM message WHERE hash = ?", (key,)).fetchone()
    if found:
        return cast("int", found[0])
    row = (key, pack(db, message))
    return cast("int", db.execute("INSERT INTO message (hash, body) VALUES (?, ?)", row).lastrowid)


def messages_of(db: Connection, numbers: Iterable[int], texts: Texts) -> dict[int, Message]:
    """Read messages, by number."""
    query = "SELECT id, body FROM message WHERE id BETWEEN ? AND ?"
    rows: list[tuple[int, bytes]] = []
    for first, n in to_spans(sorted(numbers)):
        rows += db.execute(query, (first, first + n - 1))
    values = unpack_all(db, [body for _, body in rows], texts)
    return {number: value for (number, _), value in zip(rows, values, strict=True)}


def to_spans(numbers: Iterable[int]) -> list[list[int]]:
    """Numbers as `[first, how many]`: a history is a few spans, however long it is."""
    spans: list[list[int]] = []
    due = None
    for number in numbers:
        if number == due:
            spans[-1][1] += 1
        else:
            spans.append([number, 1])
        due = number + 1
    return spans


def from_spans(spans: Sequence[Sequence[int]]) -> Iterator[int]:
    """The numbers of `to_spans`."""
    for first, n in spans:
        yield from range(first, first + n)


def references(bodies: Iterable[bytes]) -> set[int]:
    """The numbers of all long texts that these bodies may refer to."""
    return {int(number) for body in bodies for number in _REFERENCE.findall(body)}
