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

_END = re.compile(r"(?<=[.!?;]) ")
_SENTENCE = re.compile(r"(?:[A-Z][a-z']|A |`|\{).* .*[.?]")
"""As a person is spoken to: what begins with two capitals is SQL."""

TOLD = ("nbagent/kimi/", "nbagent/magics/", "nbagent/doctor/", "nbagent/assembly.py")
TOLD += ("nbagent/run/asking.py", "nbagent/run/cursor.py", "nbagent/run/edits.py")
TOLD += ("nbagent/run/limits.py", "nbagent/run/run.py", "nbagent/policy/repeats.py")
TOLD += ("nbagent/journal/journal.py", "nbagent/journal/database.py", "nbagent/journal/keeper.py")
"""Where sentences are made in English and told a person: all of them are in the catalogue."""
TOLD_BY_OTHERS = {"nbagent/magics/config.py"}
"""Help that IPython prints."""
UNSAID = {
    "Go on where you stopped.",  # to the model
}

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
        if isinstance(node, (ast.JoinedStr, ast.Constant)):
            yield from _with_sentences("".join(_made_by(node)))
        elif isinstance(node, ast.Call):
            yield from map(bare, _said_by(node, "counted", "plural"))


def sentences_in(source: str) -> Iterator[str]:
    """The sentences that a Python file makes, without its docstrings; `{}` for each value."""
    tree = ast.parse(source)
    blocks = (node.body for node in ast.walk(tree) if isinstance(getattr(node, "body", None), list))
    docs = {id(line.value) for block in blocks for line in block if isinstance(line, ast.Expr)}
    inner = {
        id(v) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for v in node.values
    }
    for node in ast.walk(tree):
        if id(node) not in docs | inner and isinstance(node, (ast.Constant, ast.JoinedStr)):
            for line in "".join(_made_by(node)).splitlines():
                yield from filter(_SENTENCE.fullmatch, map(_ended, _END.split(line)))


def _ended(sentence: str) -> str:
    """A sentence without what stands before and behind it by chance."""
    return re.sub(r"(?<=[.?])\{\}$", "", sentence.strip(" ,")).removeprefix("{} ")


def _made_by(node: ast.Constant | ast.JoinedStr) -> Iterator[str]:
    """What of a text is known; `{}` for the rest."""
    if isinstance(node, ast.Constant):
        yield bare(node.value) if isinstance(node.value, str) else ""
        return
    for part in node.values:
        yield str(part.value) if isinstance(part, ast.Constant) else "{}"


def _with_sentences(text: str) -> Iterator[str]:
    yield text
    for line in text.splitlines():
        yield line
        for sentence in _END.split(line):
            yield from (sentence.strip(" ,"), sentence.removesuffix("{}"), _ended(sentence))


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


def untold() -> set[str]:
    """The sentences of `TOLD` that no text of the catalogue is or has; `{}` for each value."""
    known = {part for text in catalogue() for part in _with_sentences(bare(text))}
    found = set()
    for name, source in _python():
        if name.startswith(TOLD) and name not in TOLD_BY_OTHERS:
            found |= {text for text in sentences_in(source) if text not in known}
    return found - UNSAID


def unused() -> set[str]:
    """The translations of what nobody says."""
    here, kept = said(), made()
    return {text for text in catalogue() if text not in here and bare(text) not in kept}


def places(text: str) -> list[str]:
    """What of a text is put in, in the order of names."""
    return sorted(_PLACE.findall(text))


def main() -> None:
    """Print the texts that have no translation, and the translations that have no text."""
    for text in sorted(missing() | untold()):
        sys.stdout.write(f"missing: {json.dumps(text, ensure_ascii=False)}\n")
    for text in sorted(unused()):
        sys.stdout.write(f"unused: {json.dumps(text, ensure_ascii=False)}\n")


if __name__ == "__main__":
    main()
