"""What a docstring says about a function and its parameters: google, numpy and rst forms."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_SECTIONS = (
    "args|arguments|parameters|params|other parameters|keyword args|keyword arguments|attributes|"
    "returns|return|yields|raises|examples?|notes?|warnings?|see also|references|todo"
)
_HEADING = re.compile(rf"({_SECTIONS})\s*:?\s*$", re.IGNORECASE)
_PARAMETERS = ("arg", "param", "other param", "keyword")
_GOOGLE = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)")
_NUMPY = re.compile(r"(\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?$")
_RST = re.compile(r":(?:param|parameter|arg|argument|key|keyword)\s+(?:[^:]*\s)?(\w+)\s*:\s*(.*)")
_RST_FIELD = re.compile(r":\w+[^:]*:")


@dataclass(frozen=True, slots=True)
class Docs:
    """A docstring's text before its sections, and what it says of each parameter."""

    text: str = ""
    parameters: dict[str, str] = field(default_factory=dict)


def docs_of(function: object) -> Docs:
    """Read a function's own docstring.

    Args:
        function: anything with a docstring.
    """
    lines = (inspect.getdoc(function) or "").splitlines()
    text: list[str] = []
    parameters: dict[str, str] = {}
    for heading, body in _sections(lines):
        if heading.startswith(_PARAMETERS):
            parameters |= _entries(body)
        elif not heading:
            text = body
    free, fields = _split_rst(text)
    return Docs("\n".join(free).strip(), parameters | fields)


def _sections(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Split at headings: `Args:` alone on its line, or `Parameters` over a row of dashes."""
    heading, body = "", list[str]()
    for i, line in enumerate(lines):
        below = lines[i + 1].strip() if i + 1 < len(lines) else ""
        underlined = len(below) > 2 and not below.strip("-")  # noqa: PLR2004 -- shortest rule
        match = _HEADING.match(line)
        if match and (underlined or line.rstrip().endswith(":")):
            yield heading, body
            heading, body = match[1].lower(), []
        elif heading and line.strip() and not line.strip("- "):
            continue
        else:
            body.append(line)
    yield heading, body


def _entries(body: list[str]) -> dict[str, str]:
    """Read a parameter section's entries; deeper lines go on with the entry above them."""
    filled = [line for line in body if line.strip()]
    if not filled:
        return {}
    margin = min(len(line) - len(line.lstrip()) for line in filled)
    found: dict[str, list[str]] = {}
    names: list[str] = []
    for line in filled:
        entry = line.strip()
        if len(line) - len(line.lstrip()) > margin:
            for name in names:
                found[name].append(entry)
        elif margin and (match := _GOOGLE.match(entry)):
            names = [match[1]]
            found[match[1]] = [match[2]]
        elif match := _NUMPY.match(entry):
            names = [name.strip(" *") for name in match[1].split(",")]
            found |= {name: [] for name in names}
    return {name: " ".join(words).strip() for name, words in found.items()}


def _split_rst(lines: list[str]) -> tuple[list[str], dict[str, str]]:
    """Separate `:param x: …` fields, with the lines that go on with them, from free text."""
    free: list[str] = []
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in lines:
        match = _RST.match(line.strip())
        if match:
            current = found.setdefault(match[1], [])
            current.append(match[2])
        elif _RST_FIELD.match(line.strip()):
            current = []
        elif current is not None and line.startswith((" ", "\t")):
            current.append(line.strip())
        else:
            current = None
            free.append(line)
    return free, {name: " ".join(words).strip() for name, words in found.items()}
