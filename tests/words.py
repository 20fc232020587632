"""The UI's texts and their catalogue; `python -m tests.words` lists what the catalogue lacks."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parents[1]
CATALOGUE = HERE / "nbagent" / "words" / "zh-CN.json"
_SAID = re.compile(r"""(?<![\w.])t\(\s*('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")""")
_COUNTED = re.compile(
    r"""\bcounted\((?:[^()']|\([^()]*\))*?,\s*(?:\w+ \? )?'(\w[\w ]*)'(?: : '(\w[\w ]*)')?\)"""
)
_PLACE = re.compile(r"\{\w+\}")


def catalogue() -> dict[str, str]:
    """The Chinese texts, by the English ones."""
    read: dict[str, str] = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    return read


def said_in(source: str) -> Iterator[str]:
    """The texts that a TypeScript file says by `t('…')` and `counted(n, '…')`."""
    for match in _SAID.finditer(source):
        yield re.sub(r"\\(.)", r"\1", match[1][1:-1])
    for match in _COUNTED.finditer(source):
        for word in filter(None, match.groups()):
            yield from (f"1 {word}", f"{{n}} {word}s")


def said() -> set[str]:
    """The texts that the page says."""
    files = (HERE / "labextension" / "src").rglob("*.ts")
    return {text for path in files for text in said_in(path.read_text(encoding="utf-8"))}


def places(text: str) -> list[str]:
    """What of a text is put in, in the order of names."""
    return sorted(_PLACE.findall(text))


def main() -> None:
    """Print the texts that have no translation, and the translations that have no text."""
    here, there = said(), catalogue()
    for text in sorted(here - set(there)):
        sys.stdout.write(f"missing: {json.dumps(text, ensure_ascii=False)}\n")
    for text in sorted(set(there) - here):
        sys.stdout.write(f"unused: {json.dumps(text, ensure_ascii=False)}\n")


if __name__ == "__main__":
    main()
