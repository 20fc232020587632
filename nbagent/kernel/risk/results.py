"""What a call returns, and which variables it changes in place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from nbagent.kernel.risk import kinds
from nbagent.kernel.risk.calls import HANDLE, Call
from nbagent.kernel.risk.kinds import several
from nbagent.kernel.risk.values import (
    NONE,
    PARAMETER,
    PICK,
    UNKNOWN,
    Function,
    Value,
    canonical,
    named,
    words,
)

PATH = frozenset(["pathlib.Path"])
NAMES = frozenset(["globals()"])

_PATHS = several("pathlib.Path pathlib.PurePath pathlib.PosixPath os.path.join")
_SAME_PATH = several("""str os.fspath os.path.expanduser os.path.abspath os.path.normpath
    os.path.realpath compile functools.partial functools.lru_cache functools.cache staticmethod""")
_METHOD_NAMES = (
    dict.fromkeys(kinds.SELECTING, PICK)
    | dict.fromkeys(
        several("""glob rglob iterdir with_suffix with_name with_stem relative_to"""), PATH
    )
    | {"open": HANDLE}
)
"""What methods of anything return."""
_SAME_METHODS = several("expanduser resolve absolute as_posix strip __str__")
_HANDLES = several("""io.BytesIO io.StringIO tempfile.NamedTemporaryFile tempfile.TemporaryFile
    tempfile.SpooledTemporaryFile pandas.ExcelWriter matplotlib.backends.backend_pdf.PdfPages
    sys.stdout sys.stderr""")
_COPIES = several("""list sorted tuple set frozenset filter dict copy.copy collections.deque""")
_SAME_DATA = several("""memoryview numpy.asarray numpy.asanyarray numpy.ravel numpy.reshape
    numpy.transpose numpy.squeeze numpy.atleast_1d numpy.atleast_2d typing.cast""")
_WITHIN = frozenset(["os", "sys", "subprocess", "shutil", "builtins", "importlib"])
"""Modules that are found in others."""
_ITERATORS = several("enumerate zip reversed iter map itertools.chain")


def result(call: Call) -> Value:
    """What is known of a call's result."""
    if call.function.is_library:
        for name in call.function.names:
            value = _of_function(call, name)
            if value is not None:
                return value
    return _of_method(call)


def _of_function(call: Call, name: str) -> Value | None:
    if name == "get_ipython":
        return named("IPython")
    if name == "getattr":
        return attribute(call.argument(0) or UNKNOWN, call.argument(1) or UNKNOWN)
    if name in ("globals", "locals", "vars") and not call.args:
        return Value(names=NAMES)
    return _path(call, name) or _module(call, name) or _data(call, name)


def _path(call: Call, name: str) -> Value | None:
    """What functions of paths and files return."""
    if name in _PATHS:
        joined = join_paths(call.args)
        return joined if name.startswith("os") else joined._replace(names=PATH)
    if name in _SAME_PATH:
        return call.argument(0)
    if name in ("pathlib.Path.home", "pathlib.Path.cwd"):
        return words(str(Path.home() if name.endswith("home") else Path.cwd()), names=PATH)
    if name in kinds.OPENERS or name in _HANDLES:
        return Value(names=HANDLE if "Zip" not in name and "tarfile" not in name else NONE)
    return None


def _module(call: Call, name: str) -> Value | None:
    """What functions that import return."""
    first = call.argument(0)
    if first is None or not first.whole:
        return None
    if name == "__import__":
        return named(first.text.partition(".")[0])
    return named(first.text) if name == "importlib.import_module" else None


def _data(call: Call, name: str) -> Value | None:
    """What functions of containers and arrays return."""
    first = call.argument(0) or UNKNOWN
    if name in _COPIES:
        return first.without_roots()
    if name == "next":
        return first.element()
    if name in _SAME_DATA:
        return first
    if name in _ITERATORS:
        held = [arg.roots | arg.holds for arg in call.args]
        names = [arg.names for arg in call.args]
        return Value(names=NONE.union(*names), holds=NONE.union(*held))
    if name == "sqlite3.connect":
        return Value(names=frozenset(["sqlite3.memory"]) if first.text == ":memory:" else NONE)
    return None


def _of_method(call: Call) -> Value:
    receiver, method = call.receiver, call.method
    function = call.function.function
    if function:
        return Value(roots=_returned(call, function))
    if method in kinds.VIEWS and (receiver.roots or receiver.holds):
        if method in ("items", "values"):
            return Value(names=receiver.names, holds=receiver.roots | receiver.holds)
        return receiver.element()._replace(text="", whole=False)
    if method in ("cursor", "connect") and "sqlite3.memory" in receiver.names:
        return Value(names=receiver.names)
    return _text(call) or Value(names=_METHOD_NAMES.get(method, NONE))


def _text(call: Call) -> Value | None:
    """What methods of paths and strings return."""
    receiver, method = call.receiver, call.method
    if method == "joinpath":
        return join_paths((receiver, *call.args))._replace(names=PATH)
    if method in _SAME_METHODS and receiver.text:
        return receiver._replace(roots=NONE)
    if method == "format" and receiver.text:
        return words(receiver.text.partition("{")[0], whole=False)
    return None


def _returned(call: Call, function: Function) -> frozenset[str]:
    """The variables that a function of the code returns, its arguments among them."""
    roots = {root for root in function.returns if not root.startswith(PARAMETER)}
    for index, name in enumerate(function.parameters):
        value = call.argument(index, name)
        if value is not None and PARAMETER + name in function.returns:
            roots |= value.roots | value.holds
    return frozenset(roots)


def attribute(owner: Value, name: Value) -> Value:
    """What `getattr` returns."""
    return member(owner, name.text) if name.whole else Value(roots=owner.roots)


def member(owner: Value, name: str) -> Value:
    """An attribute of a value."""
    names = frozenset([f"{each}.{name}" for each in owner.names])
    if owner.is_library:
        if "sys.executable" in names:
            return words("python")
        if name in _WITHIN:
            return named(name)
        names = frozenset(map(canonical, names))
    return Value(names, owner.roots, owner.holds, is_library=owner.is_library)


def join_paths(parts: tuple[Value, ...]) -> Value:
    """The path that several parts make, as far as it is known."""
    text, whole = "", True
    for part in parts:
        if whole:
            text = os.path.join(text, part.text)  # noqa: PTH118 -- of any text
        whole = whole and part.whole
    return words(text, whole=whole and bool(parts))


def changed(call: Call) -> Iterator[frozenset[str]]:
    """The variables, or parts of such, that a call changes in place."""
    receiver = call.receiver
    if receiver.roots and not receiver.is_library and call.method in _mutators(receiver):
        yield receiver.roots
    inplace = call.keywords.get("inplace")
    if inplace and inplace.text != "False":
        yield receiver.roots
    if (out := call.keywords.get("out")) is not None:
        yield out.roots | out.holds
    yield from _by_function(call)


def _by_function(call: Call) -> Iterator[frozenset[str]]:
    first = call.args[0] if call.args else call.argument(0, "dst", "a", "x", "arr", "obj")
    if first is None:
        pass
    elif call.method == "shuffle" or (
        call.function.is_library
        and (
            any(name in kinds.IN_PLACE for name in call.function.names)
            or any(_is_mutator_of_class(name) for name in call.function.names)
        )
    ):
        yield first.roots
    function = call.function.function
    if function:
        for index, name in enumerate(function.parameters):
            value = call.argument(index, name)
            if name in function.changes and value is not None:
                yield value.roots | value.holds


def _mutators(receiver: Value) -> frozenset[str]:
    """The methods that change such a value."""
    general = kinds.MUTATORS | kinds.FITTERS
    if not receiver.names:
        return general
    families = [kinds.FAMILIES.get(name.partition(".")[0], general) for name in receiver.names]
    return NONE.union(*families) | {"__setitem__", "__delitem__", "__setattr__", "__init__"}


def _is_mutator_of_class(name: str) -> bool:
    """Whether a name is that of a changing method, as `list.append`."""
    owner, _, method = name.rpartition(".")
    owner = owner.rpartition(".")[2]
    is_class = owner[:1].isupper() or owner in (
        "list",
        "dict",
        "set",
        "deque",
        "bytearray",
        "ndarray",
    )
    return is_class and method in kinds.MUTATORS
