"""IPython's own syntax: code becomes Python line by line, and a magic what it does."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from IPython.core.inputtransformer2 import TransformerManager

from nbagent.kernel.risk.kinds import several
from nbagent.kernel.risk.paths import facts, is_secret_path, is_secret_variable
from nbagent.kernel.risk.shell import Command, commands
from nbagent.phrases import one_line

MAX_ESCAPED = 40
"""Lines with magics or shell commands in one cell; each costs a tokenization of all of it."""

_FLAGS = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_ODD_LINE_ENDS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|\r(?!\n)")
_ESCAPED = re.compile(r"^[ \t]*[%!?,;/]|=[ \t]*[%!]|\?[ \t]*$", re.MULTILINE)
_FIRST_WORD = re.compile(r"\s*([A-Za-z_]\w*)(?![\w.(=\[:,])\s*(?!=[^=])(.*)\s*\Z")

_HARMLESS = several("""matplotlib who whos who_ls precision pwd lsmagic magic quickref pinfo
    pinfo2 pdoc psource pfile pdef psearch config load_ext reload_ext unload_ext autoreload colors
    xmode history hist cd pushd popd dirs bookmark ls ll lf lk lx ldir less more page man pprint
    automagic autocall autoindent autoawait autosave alias_magic gui tb doctest_mode debug pdb
    mkdir markdown html HTML latex svg SVG js javascript subshell profile pycat lines clear cls""")
_TIMED = several("time timeit prun memit mprun lprun capture pyinstrument heat")
_PACKAGES = several("pip conda mamba micromamba uv")
_SHELL = several("""! !! sx system sc bash sh script zsh cmd rm rmdir mv cp ln cat""")
_KINDS = {
    "reset": "variables", "reset_selective": "variables", "xdel": "variables", "store": "variables",
    "killbgscripts": "process", "perl": "program", "ruby": "program", "python": "program",
    "python2": "program", "python3": "program", "pypy": "program", "R": "program",
    "logstart": "may_overwrite", "save": "may_overwrite", "notebook": "may_overwrite",
}  # fmt: skip
AUTOMATIC = _HARMLESS | _TIMED | _PACKAGES | (_SHELL - {"!", "!!"}) | _KINDS.keys() | {
    "run", "env", "set_env", "load", "edit", "macro", "recall", "rerun", "pylab", "alias", "rep",
}  # fmt: skip
"""Magics and aliases that also work without their sign, alone on a line."""
_WITH_VALUE = frozenset(["-n", "-r", "-p", "-s", "-l", "-T", "-D", "-f", "-m"])


@dataclass(frozen=True, slots=True)
class Code:
    """Python code in a magic, and on which line below the magic's it begins."""

    text: str
    offset: int


class _Numbered(TransformerManager):
    """IPython's transformer, with as many lines afterwards as before."""

    def do_one_token_transform(self, lines: list[str]) -> tuple[bool, list[str]]:
        changed, new = super().do_one_token_transform(lines)  # type: ignore[no-untyped-call] # IPython
        if lost := len(lines) - len(new):
            pairs = zip(lines, new, strict=False)
            at = next((i for i, (old, now) in enumerate(pairs) if old != now), len(new) - 1)
            new = [*new[: at + 1], *["\n"] * lost, *new[at + 1 :]]
        return changed, new


def parse(code: str, names: Collection[str]) -> tuple[ast.Module, int]:
    """Parse a cell as IPython would run it.

    Args:
        code: the cell.
        names: names that are bound; they hide magics of their name.

    Returns:
        The tree, and how many lines stand before its first.

    Raises:
        SyntaxError: it is neither Python nor IPython's.
        ValueError: it holds characters that cannot be in code, or too many escaped lines.
    """
    lines = code.splitlines(keepends=True)
    word = _FIRST_WORD.match(code) if len(code.strip().splitlines()) == 1 else None
    if word and word[1] in AUTOMATIC and word[1] not in names:
        code = f"%{word[1]} {word[2]}"
    elif not _ODD_LINE_ENDS.search(code):
        try:
            return parse_python(code), 0
        except SyntaxError:
            pass
    if len(_ESCAPED.findall(code)) > MAX_ESCAPED and not code.lstrip().startswith("%%"):
        raise ValueError("it has too many lines that are no Python")
    blank = next((i for i, line in enumerate(lines) if not line.isspace()), 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about line ends that only IPython takes for such
        code = _Numbered().transform_cell(code)  # type: ignore[no-untyped-call] # IPython
    return parse_python(code), blank


def parse_python(code: str) -> ast.Module:
    """Parse Python with top-level `await`, without a word about odd escapes in strings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = compile(code, "<cell>", "exec", _FLAGS)
    assert isinstance(tree, ast.Module)
    return tree


def doings(name: str, text: str, body: str | None) -> Iterator[Command | Code]:
    """What a magic does: risks, and code that is still to be judged.

    Args:
        name: the magic's name, without its sign.
        text: the rest of its line.
        body: the lines below it, for a cell magic.
    """
    sign = ("%" if body is None else "%%") + name
    if name in _TIMED:
        yield from _timed(text, body)
    elif name in _PACKAGES:
        yield from commands(f"{name} {text}")
    elif name in _SHELL:
        yield from _shell(sign, name, text, body)
    elif name in _KINDS:
        yield Command(_KINDS[name], one_line(f"{sign} {text}", 60), 0)
    elif name in ("env", "set_env"):
        yield from _environment(sign, text)
    elif name in ("writefile", "file"):
        path = text.rpartition(" ")[2]
        there = facts(path)
        if there is not None:
            yield Command("overwrites", f"{path!r}, {there}", 0)
        elif "{" in path or "$" in path:
            yield Command("may_overwrite", path, 0)
    elif name not in _HARMLESS:
        yield Command("unclear", one_line(f"{sign} {text}", 60), 0)


def writes(name: str) -> bool:
    """Whether a magic writes a file or sets a name, even a new one."""
    return name in ("writefile", "file", "env", "set_env", "load_ext", "reload_ext", "mkdir",
                    "config", "capture", "cd", "pushd", "popd", "alias_magic")  # fmt: skip


def _timed(text: str, body: str | None) -> Iterator[Code]:
    options = text.split(" ")
    skipped = 0
    while skipped < len(options) and (options[skipped].startswith("-") or not options[skipped]):
        skipped += 2 if options[skipped] in _WITH_VALUE else 1
    rest = " ".join(options[skipped:])
    if body is None:
        yield Code(rest, 0)
        return
    if rest and not rest.isidentifier():
        yield Code(rest, 0)
    yield Code(body, 1)


def _shell(sign: str, name: str, text: str, body: str | None) -> Iterator[Command]:
    if body is not None:
        yield Command("program", one_line(f"{sign} {text}", 60), 0)
        found = commands(body) if name != "script" or "sh" in text else iter(())
        for command in found:
            if command.kind != "program":
                yield command._replace(offset=command.offset + 1)
    elif name == "cat":
        if any(is_secret_path(word) for word in text.split()):
            yield Command("credentials", f"{sign} {text}", 0)
    else:
        plain = name in ("rm", "rmdir", "mv", "cp", "ln")
        yield from commands(f"{name} {text}" if plain else text)


def _environment(sign: str, text: str) -> Iterator[Command]:
    name = re.split(r"[=\s]", text.strip(), maxsplit=1)[0]
    if "=" not in text and " " not in text.strip() and (not name or is_secret_variable(name)):
        yield Command("credentials", f"{sign} {name}".strip(), 0)
