"""One call: what it does, by the function's name, by its own arguments, by the method's name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from nbagent.kernel.risk import kinds, paths, shell
from nbagent.kernel.risk.kinds import kind_of
from nbagent.kernel.risk.values import UNKNOWN, Value
from nbagent.phrases import one_line

HANDLE = frozenset(["io.file"])
_SQL = re.compile(
    r"\s*(?:drop|delete|update|alter|truncate|replace|insert|vacuum)\b", re.IGNORECASE
)
_QUERIES = frozenset(["execute", "executemany", "executescript", "sql", "raw_sql"])
_QUIET_ENVIRON = frozenset(["keys", "setdefault", "update", "__contains__", "__setitem__"])
_WHERE = ("url", "uri", "path", "filepath_or_buffer", "io", "fname", "filename", "path_or_buf")


class Finding(NamedTuple):
    """One risk of a call."""

    kind: str
    what: str
    detail: str = ""


class Call(NamedTuple):
    """A call with what is known of its parts.

    Attributes:
        function: what is called.
        method: the last name of it; '' if it has none.
        receiver: what the method is of.
        args: positional arguments; from a starred one on they are unknown.
        keywords: the others; `**` if there are more.
        node: how the function is written.
    """

    function: Value
    method: str
    receiver: Value
    args: tuple[Value, ...]
    keywords: Mapping[str, Value]
    node: ast.expr

    @property
    def written(self) -> str:
        """How a risk names the function: by its qualified name, else as the code writes it."""
        if self.function.is_library and self.function.names:
            return min(self.function.names)
        node = self.node
        parts: list[str] = []
        while not isinstance(node, ast.Name):
            if isinstance(node, ast.Attribute):
                parts.append(f".{node.attr}")
                node = node.value
            elif isinstance(node, ast.Call):
                parts.append("()")
                node = node.func
            elif isinstance(node, ast.Subscript):
                parts.append("[…]")
                node = node.value
            else:
                break
        parts.append(node.id if isinstance(node, ast.Name) else "(…)")
        return one_line("".join(reversed(parts)), 60)

    def argument(self, index: int, *names: str) -> Value | None:
        """One argument; None if it is not given."""
        for name in names:
            if name in self.keywords:
                return self.keywords[name]
        if index < len(self.args):
            return self.args[index]
        return UNKNOWN if "**" in self.keywords or "*" in self.keywords else None


def findings(call: Call) -> Iterator[Finding]:
    """What is risky in a call, but for changes of variables."""
    known = sorted(call.function.names)
    found = [each for name in known for each in _by_name(call, name)]
    if not found and not any(name in kinds.OPENERS for name in known):
        found += _by_method(call)
    yield from found
    yield from _by_argument(call, {each.kind for each in found})


def writes(call: Call) -> bool:
    """Whether a call writes to a disk, be it a new file."""
    for name in call.function.names:
        if name in kinds.OPENERS:
            mode = call.argument(kinds.OPENERS[name], "mode")
            return mode is not None and _is_writing(mode)
        if name in kinds.WRITERS or name in kinds.COPIERS or name in kinds.MOVERS:
            return True
        if name in ("os.mkdir", "os.makedirs", "os.chdir"):
            return True
    if call.method in kinds.WRITING_METHODS:
        return call.argument(*kinds.WRITING_METHODS[call.method]) is not None
    if call.method == "open":
        mode = call.argument(0, "mode")
        return mode is not None and _is_writing(mode)
    return call.method in kinds.PATH_WRITERS or call.method in ("mkdir", "touch", "makedirs")


def _by_name(call: Call, name: str) -> Iterator[Finding]:
    first = call.argument(0, *_WHERE, "file", "src", "source", "name")
    if name in kinds.OPENERS:
        yield from _opened(first, call.argument(kinds.OPENERS[name], "mode"), name)
    elif name in kinds.WRITERS:
        yield from _written(call.argument(*kinds.WRITERS[name]), name)
    elif name in kinds.COPIERS:
        target = call.argument(1, "dst") or UNKNOWN
        yield from _written(paths.inside(target, first or UNKNOWN), name)
    elif name in kinds.MOVERS:
        yield from _moved(first or UNKNOWN, call.argument(1, "dst") or UNKNOWN, name)
    elif name in kinds.PATH_MOVERS:
        yield from _moved(call.receiver, first or UNKNOWN, name)
    elif name == "os.getenv" or name.startswith("os.environ."):
        yield from _environment(call, name)
    elif name == "vars" and first and first.is_library:
        yield Finding("unclear", name, "of a module")
    elif name in ("getattr", "setattr", "delattr"):
        yield from _attributes(call, name)
    elif name.rpartition(".")[0] in kinds.MODULE_STATE and call.method in kinds.MUTATORS:
        yield Finding("library", name)
    else:
        yield from _by_kind(call, name, first)


def _by_kind(call: Call, name: str, first: Value | None) -> Iterator[Finding]:
    kind = kind_of(name)
    if kind == "program":
        yield from _program(first, name)
    elif kind == "deletes":
        where = call.receiver if name.startswith("pathlib.") and call.receiver.text else first
        yield Finding(kind, name, _place(where))
    elif kind == "may_overwrite":
        yield from _written(UNKNOWN, name)
    elif name in ("exec", "eval", "compile", "__import__", "importlib.import_module"):
        if not (first and first.whole):
            yield Finding("unclear", name, "of computed text")
    elif name == "numpy.load":
        if (flag := call.argument(2, "allow_pickle")) and flag.text != "False":
            yield Finding("unclear", name, "a pickle can run code")
    elif kind == "unclear" and ("load" in name or "pickle" in name):
        yield Finding(kind, name, "a pickle can run code" if "import" not in name else "")
    elif kind:
        yield Finding(kind, name)


def _by_method(call: Call) -> Iterator[Finding]:
    method = call.method
    if method == "extractall":
        yield from _written(UNKNOWN, call.written)
    elif method in kinds.WRITING_METHODS:
        yield from _written(call.argument(*kinds.WRITING_METHODS[method]), call.written)
    elif method in kinds.PATH_WRITERS:
        yield from _written(call.receiver, call.written)
    elif method in kinds.DELETING_METHODS:
        yield Finding("deletes", call.written, _place(call.receiver))
    elif method in kinds.KILLING_METHODS or method == "do_shutdown":
        yield Finding("process", call.written)
    elif method in kinds.FETCHING_METHODS:
        yield Finding("network", call.written)
    elif method == "open":
        yield from _opened(call.receiver, call.argument(0, "mode"), call.written)
    else:
        yield from _database(call)


def _database(call: Call) -> Iterator[Finding]:
    con = call.argument(1, "con") if call.method == "to_sql" else call.receiver
    if con and "sqlite3.memory" in con.names:
        return
    text = call.argument(0)
    if call.method == "to_sql":
        yield Finding("may_overwrite", call.written, "a table of a database")
    elif call.method in _QUERIES and text and _SQL.match(text.text):
        yield Finding("overwrites", call.written, "changes a database")


def _by_argument(call: Call, found: set[str]) -> Iterator[Finding]:
    if "network" not in found and call.method not in kinds.SPEAKING:
        where = call.argument(0, *_WHERE)
        if where and paths.is_remote(where.text):
            yield Finding("network", call.written, paths.shown(where).strip("'"))
    download = call.keywords.get("download")
    if download and download.text == "True":
        yield Finding("network", call.written, "download=True")
    if call.method in ("print", "display", "append"):
        return
    for value in (call.receiver, *call.args, *call.keywords.values()):
        if value.whole and paths.is_secret_path(value.text):
            yield Finding("credentials", paths.shown(value))


def _is_writing(mode: Value) -> bool:
    return not mode.whole or any(sign in mode.text for sign in "wax+")


def _opened(path: Value | None, mode: Value | None, name: str) -> Iterator[Finding]:
    if mode is None or not _is_writing(mode) or "x" in mode.text:
        return
    if mode.whole:
        yield from _written(path, name)
    elif path is None or not path.whole or paths.facts(path.text) is not None:
        yield Finding("may_overwrite", name, "the mode is computed")


def _written(path: Value | None, name: str) -> Iterator[Finding]:
    if path is None or path.names & HANDLE or path.text == "None":
        return
    if paths.is_remote(path.text):
        yield Finding("network", name, paths.shown(path))
    elif not path.whole:
        shown = paths.shown(path)
        yield Finding("may_overwrite", name, f"{shown} is computed" if shown else "computed path")
    elif path.names & {"int", "bool"}:
        return
    else:
        for text in (path.text, f"{path.text}.npy", f"{path.text}.npz")[
            : 3 if "numpy" in name else 1
        ]:
            if (there := paths.facts(text)) is not None:
                yield Finding("overwrites", repr(text), there)


def _moved(source: Value, target: Value, name: str) -> Iterator[Finding]:
    yield from _written(paths.inside(target, source), name)
    if not source.whole or paths.facts(source.text) is not None:
        yield Finding("moves", name, _place(source))


def _place(path: Value | None) -> str:
    if path is None or not path.text:
        return "computed path"
    if not path.whole:
        return f"{paths.shown(path)} is computed"
    return f"{paths.shown(path)}, {paths.facts(path.text) or 'not there now'}"


def _program(command: Value | None, name: str) -> Iterator[Finding]:
    if command is None or not command.text:
        yield Finding("program", name)
        return
    for kind, what, _ in shell.commands(command.text):
        if name.startswith("IPython."):
            yield Finding(kind, f"!{what}")
        elif kind == "program":
            yield Finding(kind, name, what)
        else:
            yield Finding(kind, what)


def _environment(call: Call, name: str) -> Iterator[Finding]:
    if name == "os.getenv" or call.method in ("get", "pop", "__getitem__"):
        variable = call.argument(0, "key")
        if variable is None or not variable.whole:
            yield Finding("credentials", name, "a computed name")
        elif paths.is_secret_variable(variable.text):
            yield Finding("credentials", variable.text)
    elif call.method not in _QUIET_ENVIRON:
        yield Finding("credentials", "os.environ", "all of it")


def _attributes(call: Call, name: str) -> Iterator[Finding]:
    owner, attribute = call.argument(0) or UNKNOWN, call.argument(1) or UNKNOWN
    if not owner.is_library or owner.roots:
        if attribute.whole and attribute.text in kinds.STRANGE:
            yield Finding("unclear", attribute.text)
    elif name != "getattr":
        yield Finding("library", f"{name}({', '.join(sorted(owner.names))})")
    elif not attribute.whole:
        yield Finding("unclear", "getattr", "of a module, with a computed name")
    elif attribute.text in kinds.STRANGE or attribute.text == "__dict__":
        yield Finding("unclear", attribute.text)
