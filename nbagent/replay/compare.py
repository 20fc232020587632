"""Where a replay's results differ from the record's: the first line that does, of each call.

What differs from kernel to kernel without meaning anything is left out of the comparison: object
addresses, timings in the forms in which tools print them, cell numbers, names of temporary files,
and whether a name was new or changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from nbagent.events import Event
from nbagent.messages import Content
from nbagent.phrases import one_line, plural
from nbagent.run.recorded import Recorded, RecordedCall, recorded

LINE_CHARS = 160
"""How much of a differing line is told."""
NOTHING = "(nothing)"

_VOLATILE = (
    (re.compile(r"\b0x[0-9a-fA-F]{4,16}\b"), "0x…"),
    (re.compile(r"\bIn ?\[\d+\]"), "In […]"),
    (re.compile(r"<ipython-input-[^>]*>"), "<input>"),
    (re.compile(r"(?:/[\w.-]+)*/ipykernel_\d+/\d+\.py"), "<input>"),
    (re.compile(r"(whole output is in )\S+"), r"\1…"),
    (re.compile(r"^(CPU times|Wall time):.*$"), r"\1: …"),
    (re.compile(r"^.* per loop \(mean .*$"), "… per loop"),
    (re.compile(r"\d+(?:\.\d+)?(?:it/s|s/it)\b"), "…it/s"),
    (
        re.compile(r"^\[(?:This is now the output of|The cell itself was left|No page shows).*\]$"),
        "[…]",
    ),
    (re.compile(r"\[\d+:\d\d(?::\d\d)?<[\d:?]+,"), "[…,"),
)
_NAMES = re.compile(r"^\[Names \(.*\): ")


@dataclass(frozen=True, slots=True)
class Difference:
    """A call whose result is not as recorded: the first line that differs, then and now."""

    step: int
    index: int
    name: str
    was: str
    now: str

    def __str__(self) -> str:
        return f"step {self.step}, {self.name}: was {self.was!r}, is {self.now!r}"


def differences(record: Recorded, replayed: Iterable[Event]) -> list[Difference]:
    """The calls of a record whose results came out otherwise.

    Args:
        record: the saved run.
        replayed: the events of its replay.
    """
    found = []
    for was, now in _pairs(record, recorded(replayed)):
        lines = _first_difference(_content(was), _content(now))
        if lines is not None:
            found.append(Difference(was.step, was.index, was.name, *lines))
    return found


def in_words(record: Recorded, replayed: Iterable[Event]) -> str:
    """What a replay comes to, for its reader."""
    events = list(replayed)
    n_compared = len(list(_pairs(record, recorded(events))))
    found = differences(record, events)
    if not n_compared:
        return "No code ran again."
    if not found:
        return f"As recorded: {plural(n_compared, 'result')}."
    results = plural(n_compared, "result")
    head = f"{len(found)} of {results} differ from the record:"
    head = f"1 of {results} differs from the record:" if len(found) == 1 else head
    return "\n".join([head, *(f"  {each}" for each in found)])


def _pairs(record: Recorded, replayed: Recorded) -> Iterator[tuple[RecordedCall, RecordedCall]]:
    """Each call that ran then and now."""
    here = {(call.step, call.index): call for call in replayed.calls}
    for was in record.calls:
        now = here.get((was.step, was.index))
        if now is not None and was.ran and now.ran:
            yield was, now


def _content(call: RecordedCall) -> Content:
    return call.finished.content if call.finished else ""


def _first_difference(was: Content, now: Content) -> tuple[str, str] | None:
    (then, pictures_then), (here, pictures_here) = _parts(was), _parts(now)
    for before, after in zip_longest(then.splitlines(), here.splitlines()):
        if before is None or after is None or steady(before) != steady(after):
            return _told(before), _told(after)
    if pictures_then == pictures_here:
        return None
    if len(pictures_then) != len(pictures_here):
        return plural(len(pictures_then), "picture"), plural(len(pictures_here), "picture")
    return "a picture", "another picture"


def _parts(content: Content) -> tuple[str, list[str]]:
    """The text of a content, and its pictures."""
    if isinstance(content, str):
        return content, []
    texts = [part.get("text", "") for part in content if part["type"] == "text"]
    return "\n".join(texts), [p["image_url"]["url"] for p in content if "image_url" in p]


def _told(line: str | None) -> str:
    return NOTHING if line is None else one_line(line, LINE_CHARS)


def steady(line: str) -> str:
    """A line without what differs from kernel to kernel."""
    line = line.rstrip()
    if _NAMES.match(line):
        line = re.sub(r"(?<=[ :])[+~](?=\w)", "", line)
    for pattern, instead in _VOLATILE:
        line = pattern.sub(instead, line)
    return line
