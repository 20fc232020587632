"""Shell commands: what each one of a command line does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from nbagent.kernel.risk.kinds import NOT_INSTALLING, PROGRAMS, several
from nbagent.kernel.risk.paths import is_remote, is_secret_path
from nbagent.phrases import one_line

_BETWEEN = re.compile(r"\|\|?|&&?|;|\n|\$\(|`|\(|\)")
_ASSIGNMENT = re.compile(r"\w+=\S*\Z")
_PREFIXES = several("sudo env nohup time exec command nice xargs doas then do else ! {")
_PYTHON = re.compile(r"python[\d.]*|py|pypy\d?|\{?sys\.executable\}?")
_DELETING = re.compile(r"\s-delete\b|\s-exec\s+rm\b|\bgit\s+clean\b|\bgit\s+reset\s+--hard\b")
_FETCHING = re.compile(r"\bgit\s+(?:clone|push|pull|fetch)\b")


class Command(NamedTuple):
    """What one command does, and on which line of the text, from 0."""

    kind: str
    what: str
    offset: int


def commands(text: str) -> Iterator[Command]:
    """Classify the commands of a shell script; each is of one kind, `program` if of no other.

    Args:
        text: one line or many.
    """
    position = 0
    for match in [*_BETWEEN.finditer(text), None]:
        end = match.start() if match else len(text)
        part = text[position:end]
        line = text.count("\n", 0, position + len(part) - len(part.lstrip()))
        if part.strip() and not part.lstrip().startswith("#"):
            yield Command(_kind(part), one_line(part, 60), line)
            if any(is_secret_path(word.strip("'\"<>")) for word in part.split()):
                yield Command("credentials", one_line(part, 60), line)
        position = match.end() if match else end


def _kind(part: str) -> str:
    parts = part.replace('"', " ").replace("'", " ").split()
    while parts and (parts[0] in _PREFIXES or _ASSIGNMENT.match(parts[0])):
        del parts[0]
    first = parts[0].rpartition("/")[2] if parts else ""
    if _PYTHON.fullmatch(first) and parts[1:2] == ["-m"]:
        parts = parts[2:]
        first = parts[0] if parts else ""
    kind = PROGRAMS.get(first, "program")
    if kind == "installs" and (len(parts) == 1 or parts[1] in NOT_INSTALLING):
        return "program"
    if kind != "program":
        return kind
    if _DELETING.search(part):
        return "deletes"
    if _FETCHING.search(part) or any(is_remote(word) for word in parts):
        return "network"
    return "program"
