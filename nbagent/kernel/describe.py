"""Live variables in bounded words, and the two tools that give them to the model.

Looking never raises and never costs much: foreign `__repr__`s may raise, be endless or return
megabytes; what they do is contained, and only the beginning of large data is looked at. A repr
that does not return is stopped like any other tool call.

Read next: `nbagent.kernel.tables` for tables and arrays, `nbagent.kernel.lookup` for names.
"""

from __future__ import annotations

import inspect
import itertools
import reprlib
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from types import ModuleType
from typing import Annotated, Any, TypeVar

from nbagent.bounded import clip
from nbagent.kernel.lookup import NotFound, lookup, own_variables
from nbagent.kernel.tables import (
    bytes_of,
    describe_array,
    describe_frame,
    extent,
    is_array,
    is_frame,
    shape_of,
)
from nbagent.phrases import one_line, plural, size
from nbagent.tools import Tool, ToolResult, as_tool, tool

_Seen = TypeVar("_Seen")

SUMMARY_BYTES = 6_000
"""How much text the summary of one variable takes."""
MAX_LISTED = 100
"""How many variables are listed."""
_MAX_ENTRIES = 20
_LOOKED_AT = 1_000
_DOC_BYTES = 1_200


def describe(value: Any, budget_bytes: int = SUMMARY_BYTES) -> str:
    """Describe a live object by its structure, within a byte budget.

    Args:
        value: any object.
        budget_bytes: how much text it may take.

    Returns:
        Text; never raises for what the object does.
    """
    text = guarded(lambda: _form_of(value)(value)) or guarded(lambda: _plain_object(value))
    return clip(text or f"{_kind(value)} (it cannot be shown)", budget_bytes)


def guarded(look: Callable[[], _Seen]) -> _Seen | None:
    """What a look at a foreign object gives, None if it raises."""
    try:
        return look()
    except Exception:  # noqa: BLE001 -- foreign code: a hostile repr is contained here
        return None


def _form_of(value: Any) -> Callable[[Any], str]:
    """How a value is described; the first kind that fits."""
    forms: list[tuple[bool, Callable[[Any], str]]] = [
        (type(value).__module__.startswith("xarray."), _plain_object),  # its repr is a summary
        (isinstance(value, str | bytes | bytearray), _text),
        (isinstance(value, Mapping), _mapping),
        (isinstance(value, list | tuple | set | frozenset), _collection),
        (isinstance(value, ModuleType), _module),
        (isinstance(value, type) or inspect.isroutine(value), _callable),
        (is_frame(value), describe_frame),
        (is_array(value) and shape_of(value) != (), describe_array),  # a numpy scalar is a number
    ]
    return next((form for fits, form in forms if fits), _plain_object)


def _kind(value: Any) -> str:
    """The type's name, with its module unless it is builtin or the notebook's own."""
    cls = type(value)
    home = str(cls.__module__)
    return cls.__qualname__ if home in ("builtins", "__main__") else f"{home}.{cls.__qualname__}"


class _Short(reprlib.Repr):
    """Bounded repr; tables and arrays by their shape."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxstring, self.maxother, self.maxlong = 3, 120, 120, 60
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = 6

    def repr_instance(self, x: Any, level: int) -> str:
        """One object that is no builtin container."""
        shape = guarded(lambda: extent(x))
        if shape:
            return f"<{type(x).__name__} {shape}>"
        return super().repr_instance(x, level)


def short_repr(value: Any, limit: int = 120) -> str:
    """A bounded one-line repr of any object.

    Args:
        value: any object.
        limit: most characters.
    """
    text = guarded(lambda: str(_Short().repr(value)))
    return one_line(text or f"<{type(value).__name__}, its repr fails>", limit)


def _text(value: str | bytes | bytearray) -> str:
    unit = "character" if isinstance(value, str) else "byte"
    title = f"{_kind(value)}, {plural(len(value), unit)}"
    if isinstance(value, str):
        return f"{title}, {plural(value.count(chr(10)) + 1, 'line')}:\n{value}"
    return f"{title}, first ones: {bytes(value[:60])!r}"


def _mapping(value: Mapping[Any, Any]) -> str:
    shown = list(itertools.islice(value.items(), _MAX_ENTRIES))
    lines = [f"{_kind(value)}, {plural(len(value), 'entry', 'entries')}"]
    lines += [f"  {short_repr(key, 60)}: {_typed(item)}" for key, item in shown]
    if len(value) > len(shown):
        lines.append(f"  and {len(value) - len(shown):,} more")
    return "\n".join(lines)


def _collection(value: Collection[Any]) -> str:
    looked_at = list(itertools.islice(value, _LOOKED_AT))
    kinds = Counter(type(item).__name__ for item in looked_at).most_common(5)
    of = ", ".join(f"{n:,} {kind}" for kind, n in kinds)
    among = f" among the first {_LOOKED_AT:,}" if len(value) > _LOOKED_AT else ""
    lines = [f"{_kind(value)}, {plural(len(value), 'element')}" + (f": {of}{among}" if of else "")]
    lines += [f"  {_typed(item)}" for item in looked_at[:_MAX_ENTRIES]]
    if len(value) > _MAX_ENTRIES:
        lines.append(f"  and {len(value) - _MAX_ENTRIES:,} more")
    return "\n".join(lines)


def _typed(value: Any) -> str:
    plain = isinstance(value, str | int | float | bool | list | tuple | dict | type(None))
    text = short_repr(value, 100)
    return (
        text if plain or text.startswith(f"<{type(value).__name__}") else f"{_kind(value)} {text}"
    )


def _module(value: ModuleType) -> str:
    version = guarded(lambda: str(getattr(value, "__version__", ""))) or ""
    doc = one_line(value.__doc__ or "", 200)
    return "\n".join(filter(None, [f"module {value.__name__} {version}".strip(), doc]))


def _callable(value: Any) -> str:
    signature = guarded(lambda: str(inspect.signature(value))) or "(…)"
    what = "class" if isinstance(value, type) else "function"
    what = "async function" if inspect.iscoroutinefunction(value) else what
    lines = [f"{what} {value.__module__}.{value.__qualname__}{signature}"]
    doc = inspect.getdoc(value)
    if doc:
        lines.append(clip(doc, _DOC_BYTES))
    if isinstance(value, type):
        own = [name for name in vars(value) if not name.startswith("_")]
        lines.append("has: " + one_line(", ".join(own) or "nothing of its own", 300))
    return "\n".join(lines)


def _plain_object(value: Any) -> str:
    text = guarded(lambda: repr(value)) or "(its repr fails)"
    title = f"{_kind(value)}: {clip(text, SUMMARY_BYTES // 2)}"
    return "\n".join(filter(None, [title, guarded(lambda: _attributes(value))]))


def _attributes(value: Any) -> str:
    held: dict[str, Any] = getattr(value, "__dict__", {})
    public = [(name, item) for name, item in held.items() if not name.startswith("_")]
    return "\n".join(f"  .{name}: {_typed(item)}" for name, item in public[:_MAX_ENTRIES])


def outcome_of(value: Any) -> str:
    """The size of a value in a few words: `344 × 8`, `12 entries`, `Figure`."""
    return guarded(lambda: _size_in_words(value)) or type(value).__name__


def _size_in_words(value: Any) -> str:
    shape = shape_of(value)
    if shape:
        return extent(value) if len(shape) > 1 else plural(shape[0], "element")
    if isinstance(value, dict):
        return plural(len(value), "entry", "entries")
    return plural(len(value), "element") if isinstance(value, list | tuple | set) else ""


def alive_in(shell: Any, names: Iterable[str]) -> dict[str, str]:
    """Type and size of those of these variables that are there, none of their content.

    Args:
        shell: the IPython shell.
        names: which variables.
    """
    there = own_variables(shell)
    kept = {name: there[name] for name in names if name in there}
    return {name: type_and_size(value) for name, value in kept.items()}


_KNOWN = frozenset({"builtins", "numpy", "pandas", "polars", "pyarrow", "torch"})
"""Whose objects tell their size at once; that of others might run the user's own code."""


def is_well_known(value: Any) -> bool:
    """Whether an object is of a kind that tells its size at once, by no code of the user."""
    return type(value).__module__.partition(".")[0] in _KNOWN


def type_and_size(value: Any) -> str:
    """Type and, of well-known kinds, size: `DataFrame, 344 × 8`; no code of the user runs."""
    kind = type(value).__name__
    words = outcome_of(value) if is_well_known(value) else kind
    return kind if words == kind else f"{kind}, {words}"


def list_variables_tool(shell: Any) -> Tool:
    """The tool that lists the notebook's variables.

    Args:
        shell: the IPython shell whose variables are listed.
    """

    @tool(effect="pure")
    def list_variables(
        contains: Annotated[str, "text that a name must contain; empty for all"] = "",
    ) -> ToolResult:
        """List the notebook's variables: name, type, size. Imported modules come last."""
        found = {
            name: value
            for name, value in own_variables(shell).items()
            if contains.lower() in name.lower()
        }
        values = {name: value for name, value in found.items() if not _is_module(value)}
        lines = [_line(name, values[name]) for name in list(values)[-MAX_LISTED:]]
        if len(values) > MAX_LISTED:
            older = len(values) - MAX_LISTED
            lines.insert(0, f"({older} older ones are not shown; ask with `contains`)")
        modules = [_imported(name, value) for name, value in found.items() if _is_module(value)]
        if modules:
            lines.append("modules: " + one_line(", ".join(modules), 600))
        return ToolResult(
            content="\n".join(lines) or "There are no variables.",
            outcome=plural(len(values), "variable"),
        )

    return as_tool(list_variables)


def _line(name: str, value: Any) -> str:
    """One variable on one line: name, type, size, a glimpse."""
    glimpse = guarded(lambda: _glimpse(value)) or "(cannot be looked at)"
    return one_line(f"{name}: {type(value).__name__} {glimpse}", 160)


def _glimpse(value: Any) -> str:
    if is_frame(value):
        columns = ", ".join(str(name) for name in list(value.columns)[:8])
        return f"{extent(value)}, {size(bytes_of(value) or 0)}, columns: {columns}"
    if is_array(value):
        return f"{value.dtype} {extent(value)}, {size(bytes_of(value) or 0)}"
    if isinstance(value, type) or inspect.isroutine(value):
        return guarded(lambda: str(inspect.signature(value))) or "(…)"
    sized = isinstance(value, str | bytes | list | tuple | dict | set | frozenset)
    length = f"of {len(value):,}, {size(sys.getsizeof(value))}: " if sized else ""
    return length + short_repr(value, 80)


def _is_module(value: Any) -> bool:
    return issubclass(type(value), ModuleType)  # isinstance asks the object itself


def _imported(name: str, module: ModuleType) -> str:
    return name if module.__name__ == name else f"{name} ({module.__name__})"


def inspect_variable_tool(shell: Any) -> Tool:
    """The tool that describes one variable.

    Args:
        shell: the IPython shell whose variables are looked at.
    """

    @tool(effect="pure")
    def inspect_variable(
        name: Annotated[
            str, "a variable, or its public attributes and elements: df, df.columns, d['a'][0]"
        ],
    ) -> ToolResult:
        """Describe a variable without running code.

        Tables by column (type, missing values, range, examples) and first rows, arrays by shape
        and range, containers by structure, functions by signature and docstring.
        """
        try:
            value = lookup(name, own_variables(shell))
        except NotFound as missing:
            return ToolResult(content=str(missing), is_error=True, outcome="no such variable")
        return ToolResult(content=f"{name}: {describe(value)}", outcome=outcome_of(value))

    return as_tool(inspect_variable)
