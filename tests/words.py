"""The UI's texts and their catalogue; `python -m tests.words` lists what the catalogue lacks."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[1]
CATALOGUE = HERE / "nbagent" / "words" / "zh-CN.json"
SCHEMA = HERE / "labextension" / "schema" / "plugin.json"
_SAID = re.compile(r"""(?<![\w.])t\(\s*('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")""")
_COUNTED = re.compile(
    r"""\bcounted\((?:[^()']|\([^()]*\))*?,\s*(?:\w+ \? )?'(\w[\w ]*)'(?: : '(\w[\w ]*)')?\)"""
)
_PLACE = re.compile(r"\{\w+(?:![rs])?\}")

LATER = {
    "nbagent/export/listing.py": ("HEAD", "_STATES"),
    "nbagent/magics/line.py": ("HELP", "_ROWS"),
    "nbagent/magics/live.py": ("NO_VIEW", "SAVED", "BELOW"),
    "nbagent/magics/replaying.py": ("NO_RECORD",),
    "nbagent/magics/stepping.py": ("KEYS",),
    "nbagent/phrases.py": ("STATES", "ENDED", "BADGE"),
    "nbagent/trace/blocks.py": ("_MARKS",),
    "nbagent/trace/chart.py": ("NAMES",),
    "nbagent/trace/page.py": ("_COLUMNS", "_PIECES"),
}
"""Constants of texts that are translated where they are shown."""


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


def said_in_schema(schema: dict[str, Any]) -> Iterator[str]:
    """What settings are called, as JupyterLab's settings editor shows it."""
    for part in (schema, *schema["properties"].values()):
        yield from (part["title"], part["description"])


def said_in_python(source: str, later: tuple[str, ...] = ()) -> Iterator[str]:
    """The texts that a Python file says by `t("…")`, `told("…")` and `counted(n, "…")`.

    Args:
        source: the file's text.
        later: names of constants whose texts it says too.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield from _said_by(node, "counted")
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in later:
            yield from _texts(node.value)


def _said_by(call: ast.Call, *counting: str) -> Iterator[str]:
    name = ast.unparse(call.func)
    if name in {"t", "told"}:
        yield from _literals(call.args[0])
    elif name in counting:
        words = [text for argument in call.args[1:] for text in _literals(argument)]
        if words:
            yield from (f"1 {words[0]}", f"{{n}} {words[-1] if words[1:] else words[0] + 's'}")


def _literals(node: ast.expr) -> list[str]:
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def _texts(node: ast.expr) -> Iterator[str]:
    """The texts of a constant: itself, a table's values, a list's items."""
    if isinstance(node, ast.Dict):
        yield from (text for value in node.values for text in _texts(value))
    elif isinstance(node, (ast.Tuple, ast.List)):
        yield from (text for item in node.elts for text in _texts(item))
    elif isinstance(node, ast.Starred):
        yield from _texts(node.value)
    else:
        yield from _literals(node)


def made_in_python(source: str) -> Iterator[str]:
    """All texts that a Python file makes, and their sentences; `{}` for each value."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            parts = (str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
            yield from _with_sentences("".join(parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _with_sentences(bare(node.value))
        elif isinstance(node, ast.Call):
            yield from map(bare, _said_by(node, "counted", "plural"))


def _with_sentences(text: str) -> Iterator[str]:
    yield text
    for line in text.splitlines():
        yield line
        for sentence in re.split(r"(?<=[.!?;]) ", line):
            yield sentence.strip(" ,")
            yield re.sub(r"^\{\} |(?<=[.?])\{\}$", "", sentence.strip(" ,"))


def bare(text: str) -> str:
    """A text without the names of its places."""
    return _PLACE.sub("{}", text)


def _python() -> Iterator[tuple[str, str]]:
    for path in sorted((HERE / "nbagent").rglob("*.py")):
        yield path.relative_to(HERE).as_posix(), path.read_text(encoding="utf-8")


def said() -> set[str]:
    """The texts that page and kernel say, and that the catalogue must have."""
    page = (HERE / "labextension" / "src").rglob("*.ts")
    texts = {text for path in page for text in said_in(path.read_text(encoding="utf-8"))}
    texts |= set(said_in_schema(json.loads(SCHEMA.read_text(encoding="utf-8"))))
    for name, source in _python():
        texts |= set(said_in_python(source, LATER.get(name, ())))
    return texts


def made() -> set[str]:
    """The texts that Python makes and keeps in English; the catalogue may have them."""
    return {text for _, source in _python() for text in made_in_python(source)}


def missing() -> set[str]:
    """The texts without a translation."""
    return said() - set(catalogue())


def unused() -> set[str]:
    """The translations of what nobody says."""
    here, kept = said(), made()
    return {text for text in catalogue() if text not in here and bare(text) not in kept}


def places(text: str) -> list[str]:
    """What of a text is put in, in the order of names."""
    return sorted(_PLACE.findall(text))


def main() -> None:
    """Print the texts that have no translation, and the translations that have no text."""
    for text in sorted(missing()):
        sys.stdout.write(f"missing: {json.dumps(text, ensure_ascii=False)}\n")
    for text in sorted(unused()):
        sys.stdout.write(f"unused: {json.dumps(text, ensure_ascii=False)}\n")


if __name__ == "__main__":
    main()
