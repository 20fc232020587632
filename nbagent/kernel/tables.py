"""Tables and arrays in words: columns, types, missing values, ranges, the first rows.

Nothing is imported here: pandas, polars, numpy and torch objects are known by what they have.
Figures of large data come from its beginning, and the text says so.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from nbagent.phrases import one_line, plural, size

MAX_COLUMNS = 40
SAMPLE_ROWS = 100_000
SAMPLE_ELEMENTS = 5_000_000
_HEAD_ROWS = 5
_HEAD_COLUMNS = 12
_EXAMPLES = 4
_VALUE = 30
_NUMBERS = ("int", "uint", "float", "double", "decimal")
_TIMES = ("date", "time", "duration", "period")


def shape_of(value: Any) -> tuple[int, ...] | None:
    """The shape of a table or array, None for anything else."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and all(isinstance(n, int) for n in shape):
        return tuple(shape)
    return None


def is_frame(value: Any) -> bool:
    """Whether a value is a table with named columns."""
    shape = shape_of(value)
    return shape is not None and len(shape) == 2 and hasattr(value, "columns")  # noqa: PLR2004 -- rows, columns


def is_array(value: Any) -> bool:
    """Whether a value has a shape and one dtype (series, arrays, tensors)."""
    return shape_of(value) is not None and hasattr(value, "dtype")


def extent(value: Any) -> str:
    """The shape as `344 × 8`, '' where there is none."""
    return " × ".join(f"{n:,}" for n in shape_of(value) or ())


def bytes_of(value: Any) -> int | None:
    """Memory of a table or array in bytes, without following references; None if unknown."""
    if hasattr(value, "memory_usage"):
        used = value.memory_usage()
        return int(used.sum() if hasattr(used, "sum") else used)
    if hasattr(value, "estimated_size"):
        return int(value.estimated_size())
    n_bytes = getattr(value, "nbytes", None)
    return n_bytes if isinstance(n_bytes, int) else None


def describe_frame(frame: Any) -> str:
    """A table by its schema: one line a column, then the first rows.

    Args:
        frame: a pandas or polars DataFrame, or one that behaves alike.
    """
    n_rows, n_columns = frame.shape
    memory = bytes_of(frame)
    lines = [
        f"{type(frame).__name__}, {plural(n_rows, 'row')} × {plural(n_columns, 'column')}"
        + (f", {size(memory)}" if memory is not None else "")
    ]
    sample = frame.head(SAMPLE_ROWS) if n_rows > SAMPLE_ROWS else frame
    if sample is not frame:
        lines.append(f"(figures of the columns are those of the first {SAMPLE_ROWS:,} rows)")
    names = list(frame.columns)
    lines.append("column | type | missing | values")
    for i, name in enumerate(names[:MAX_COLUMNS]):
        column = sample.iloc[:, i] if hasattr(sample, "iloc") else sample[name]
        lines.append(f"{one_line(str(name), 60)} | {column.dtype} | {_summary(column)}")
    if n_columns > MAX_COLUMNS:
        rest = ", ".join(str(name) for name in names[MAX_COLUMNS:])
        more = plural(n_columns - MAX_COLUMNS, "more column")
        lines.append(f"and {more}: {one_line(rest, 600)}")
    if n_rows:
        lines += ["first rows:", _head(frame)]
    return "\n".join(lines)


def _head(frame: Any) -> str:
    head = frame.head(_HEAD_ROWS)
    if hasattr(head, "to_string"):
        return str(head.to_string(max_cols=_HEAD_COLUMNS, max_colwidth=_VALUE))
    return str(head)


def _summary(column: Any) -> str:
    """Missing count and what the values are."""
    missing = int(column.isna().sum() if hasattr(column, "isna") else column.null_count())
    return f"{missing:,} | {_values(column, missing)}"


def _values(column: Any, missing: int) -> str:
    if missing == len(column):
        return "none"
    kind = str(column.dtype).lower()
    if kind.startswith(_NUMBERS):
        return f"{_short(column.min())} to {_short(column.max())}, mean {_short(column.mean())}"
    if kind.startswith(_TIMES):
        return f"{column.min()} to {column.max()}"
    present = column.dropna() if hasattr(column, "dropna") else column.drop_nulls()
    try:
        different = present.unique()
    except TypeError:  # lists and dicts as elements
        return "for example " + ", ".join(_short(value) for value in list(present[:_EXAMPLES]))
    examples = ", ".join(_short(value) for value in list(different[:_EXAMPLES]))
    return f"{len(different):,} different: {examples}" + ", …" * (len(different) > _EXAMPLES)


def describe_array(array: Any) -> str:
    """A series, array or tensor by shape, type and range.

    Args:
        array: anything with `shape` and `dtype`.
    """
    shape = shape_of(array) or ()
    memory = bytes_of(array)
    name = getattr(array, "name", None)
    title = f"{type(array).__name__}" + (f" {name}" if isinstance(name, str) and name else "")
    lines = [
        f"{title}, {array.dtype}, shape {shape}" + (f", {size(memory)}" if memory else ""),
    ]
    if not all(shape):
        return lines[0]
    sample = _beginning(array, shape)
    if sample is not array:
        lines.append(f"(figures are those of the first {len(sample):,} of {shape[0]:,})")
    if hasattr(array, "head") and len(shape) == 1:
        lines.append("missing | values: " + _summary(sample))
    else:
        lines += _range(sample)
    lines.append("first values: " + _first(array, shape))
    return "\n".join(lines)


def _beginning(array: Any, shape: tuple[int, ...]) -> Any:
    """The leading part of a large array."""
    total = 1
    for n in shape:
        total *= n
    if total <= SAMPLE_ELEMENTS or not shape:
        return array
    return array[: max(shape[0] * SAMPLE_ELEMENTS // total, 1)]


def _range(array: Any) -> list[str]:
    kind = str(array.dtype).rpartition(".")[2].lower()  # torch.float32
    if not kind.startswith((*_NUMBERS, "bool", "complex")):
        return []
    if kind.startswith(("complex", "bool")):
        return [f"true: {_short(array.sum())}"] if kind.startswith("bool") else []
    missing = array != array  # noqa: PLR0124 -- only NaN differs from itself
    n_missing = int(missing.sum())
    present = array[~missing] if n_missing else array
    if present.shape and not len(present):
        return [f"all {n_missing:,} are nan"]
    figures = [f"min {_short(present.min())}", f"max {_short(present.max())}"]
    with suppress(TypeError, RuntimeError, AttributeError):  # some indexes and tensors have none
        figures.insert(1, f"mean {_short(present.mean())}")
    return [", ".join([*figures, f"{n_missing:,} nan"])]


def _first(array: Any, shape: tuple[int, ...]) -> str:
    row = array
    for _ in shape[1:]:
        row = row[0]
    values = list(row[:_HEAD_ROWS]) if shape else [row]
    more = ", …" if shape and shape[-1] > _HEAD_ROWS else ""
    return ", ".join(_short(value) for value in values) + more


def _short(value: Any) -> str:
    """One value, bounded; floats to six figures."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    return f"{value:.6g}" if isinstance(value, float) else one_line(str(value), _VALUE)
