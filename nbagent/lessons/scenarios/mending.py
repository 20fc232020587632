"""Rules that mend a cell: a slip in a name, a sign that is missing, a number that is a text.

Each takes the source and the error that it ended with, and gives the source with the smallest
change that the rule knows, or nothing. Rules, not thought: what they do not know is left alone.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

MOST_CHARS = 20_000
_ARROW = re.compile(r"^-+> ?(\d+) (.*)$", re.MULTILINE)
_PLACE = re.compile(r"(?:Cell In\[\d+\]|<[^>\n]*>\"?)[^\n]*?, line (\d+)")
_NUMBER_AS_TEXT = re.compile(r"""(['"])(-?\d+(?:\.\d+)?)\1""")
_CLOSERS = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A cell that ended with an error.

    Attributes:
        source: what it holds.
        kind: the exception's name; `message` is its text.
        line: the line at which it ended, from 1; 0 if that is not known.
        names: names that there are: of variables for a NameError, of columns for a KeyError.
    """

    source: str
    kind: str
    message: str
    line: int = 0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mended:
    """The source after a rule, and in a sentence what was wrong."""

    source: str
    why: str


def mend(trouble: Trouble) -> Mended | None:
    """The smallest change that a rule knows; None if no rule fits."""
    rule = _RULES.get(trouble.kind)
    if rule is None or len(trouble.source) > MOST_CHARS:
        return None
    found = rule(trouble)
    return found if found and found.source != trouble.source and _parses(found.source) else None


def failing_line(source: str, output: str) -> int:
    """The line of a source that a traceback points at, from 1; 0 if it does not say."""
    lines = [line.strip() for line in source.splitlines()]
    for number, text in reversed(_ARROW.findall(output)):
        if text.strip() and lines[int(number) - 1 : int(number)] == [text.strip()]:
            return int(number)
    said = _PLACE.findall(output)
    return int(said[-1]) if said and int(said[-1]) <= len(lines) else 0


def missing_key(trouble: Trouble) -> tuple[str, str] | None:
    """The variable in which a key was looked up in vain, and the key; None if it is not clear."""
    key = trouble.message.strip("'\"")
    pattern = rf"(\w+)\[\s*(['\"]){re.escape(key)}\2\s*\]"
    found = {match[1] for match in re.finditer(pattern, trouble.source)}
    return (found.pop(), key) if len(found) == 1 and key else None


def change_of(before: str, after: str) -> tuple[str, str]:
    """The lines that differ, and what takes their place: as few as occur once."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    shared = min(len(old), len(new))
    head = next((i for i in range(shared) if old[i] != new[i]), shared)
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    while True:
        part = "".join(old[head : len(old) - tail])
        is_once = part and before.find(part) == before.rfind(part)
        if is_once or (not head and not tail):
            return part, "".join(new[head : len(new) - tail])
        head, tail = max(head - 1, 0), max(tail - 1, 0)


def _near_name(trouble: Trouble) -> Mended | None:
    found = re.match(r"name '(\w+)' is not defined", trouble.message)
    if not found:
        return None
    wrong = found[1]
    own = re.findall(r"^[ \t]*(\w+)[ \t]*=(?!=)", trouble.source, re.MULTILINE)
    near = _near(wrong, [*trouble.names, *own])
    if not near:
        return None
    source = re.sub(rf"(?<![\w.]){wrong}\b", near, trouble.source)
    return Mended(source, f"There is no `{wrong}`; the name is `{near}`.")


def _near(wrong: str, names: Iterable[str]) -> str:
    there = [name for name in dict.fromkeys(names) if name != wrong]
    return next(iter(difflib.get_close_matches(wrong, there, n=1, cutoff=0.7)), "")


def _near_key(trouble: Trouble) -> Mended | None:
    found = missing_key(trouble)
    near = _near(found[1], trouble.names) if found else ""
    if not found or not near:
        return None
    name, key = found
    pattern = rf"({name}\[\s*(['\"])){re.escape(key)}(\2\s*\])"
    source = re.sub(pattern, lambda m: f"{m[1]}{near}{m[3]}", trouble.source)
    return Mended(source, f"`{name}` has no column or key `{key}`; it has `{near}`.")


def _missing_sign(trouble: Trouble) -> Mended | None:
    lines = trouble.source.split("\n")
    if not 0 < trouble.line <= len(lines):
        return None
    at = trouble.line - 1
    for line, why in _with_sign(lines[at], trouble.message):
        source = "\n".join([*lines[:at], line, *lines[at + 1 :]])
        if _parses(source):
            return Mended(source, f"In line {trouble.line} {why} is missing.")
    return None


def _with_sign(line: str, message: str) -> Iterator[tuple[str, str]]:
    """A line with the sign that a SyntaxError speaks of, in the places where it may belong."""
    code, comment = _without_comment(line)
    if "expected ':'" in message or "invalid syntax" in message:
        yield f"{code}:{comment}", "a colon"
    if "unterminated" in message:
        for quote in ('"', "'"):
            closers = re.search(r"[)\]}:,]*$", line)
            assert closers is not None
            for cut in range(closers.start(), len(line) + 1):
                yield f"{line[:cut]}{quote}{line[cut:]}", "a closing quote"
    never = re.search(r"'([(\[{])' was never closed", message)
    if never:
        closer = _CLOSERS[never[1]]
        ends = range(len(code), 0, -1)
        for cut in ends:
            yield f"{code[:cut]}{closer}{code[cut:]}{comment}", f"a closing `{closer}`"


def _without_comment(line: str) -> tuple[str, str]:
    """A line's code and the comment after it, where that is plain to see."""
    found = re.match(r"""^([^#'"]*?)([ \t]*#.*)$""", line)
    return (found[1], found[2]) if found else (line.rstrip(), "")


def _number_and_text(trouble: Trouble) -> Mended | None:
    lines = trouble.source.split("\n")
    if not 0 < trouble.line <= len(lines) or "str" not in trouble.message:
        return None
    at, line = trouble.line - 1, lines[trouble.line - 1]
    if "concatenate" in trouble.message:
        new, why = _as_text(line), "a text and a number were joined; `str` makes a text of it"
    else:
        quoted = _NUMBER_AS_TEXT.findall(line)
        new = _NUMBER_AS_TEXT.sub(r"\2", line) if len(quoted) == 1 else ""
        why = f"`{quoted[0][1]}` stands in quotes, which makes it a text" if quoted else ""
    if not new:
        return None
    return Mended("\n".join([*lines[:at], new, *lines[at + 1 :]]), f"In line {at + 1} {why}.")


def _as_text(line: str) -> str:
    """A line in which what is joined with a text literal is made a text; '' if it is not clear."""
    indent = len(line) - len(line.lstrip())
    try:
        tree = ast.parse(line.strip())
    except (SyntaxError, ValueError):
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            sides = (node.left, node.right)
            texts = [isinstance(s, ast.Constant) and isinstance(s.value, str) for s in sides]
            other = sides[texts.index(False)] if sum(texts) == 1 else None
            if isinstance(other, ast.Name | ast.Attribute | ast.Subscript | ast.Constant):
                raw = line.strip().encode()
                part = slice(other.col_offset, other.end_col_offset)
                new = raw[: part.start] + b"str(" + raw[part] + b")" + raw[part.stop :]
                return line[:indent] + new.decode()
    return ""


def _parses(source: str) -> bool:
    """Whether it is Python, magics and commands left out."""
    plain = re.sub(r"(?m)^([ \t]*)[%!].*$", r"\1pass", source)
    try:
        ast.parse(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


_RULES: dict[str, Callable[[Trouble], Mended | None]] = {
    "NameError": _near_name,
    "KeyError": _near_key,
    "TypeError": _number_and_text,
    "SyntaxError": _missing_sign,
    "IndentationError": _missing_sign,
}
