"""Calling a function as a tool: its value, or its exception told like a cell's."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from nbagent.kernel.sink import Sink

_OURS = str(Path(__file__).parent.parent)


@dataclass(slots=True)
class Outcome:
    """What running the code itself came to."""

    value: object = None
    error: BaseException | None = None


def called(
    function: Callable[[], object], sink: Sink, run: Callable[[Coroutine[Any, Any, Any]], Any]
) -> Outcome:
    """Call a function; what it raises goes to the sink, except an interrupt.

    Args:
        function: the tool's function, its arguments bound.
        sink: gets the traceback.
        run: runs a coroutine to its end, should the function return an awaitable.
    """
    try:
        value = function()
        if inspect.isawaitable(value):
            value = run(_awaited(value))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 -- foreign code, at the tool boundary
        kind, tb = type(error), without_ours(error.__traceback__)
        lines = traceback.format_exception(kind, error, tb)
        sink.error(kind.__name__, text_of_error(error), lines)
        return Outcome(error=error)
    return Outcome(value)


def text_of_error(error: BaseException) -> str:
    """An exception's message, also if its own `__str__` fails."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 -- foreign code, at the tool boundary
        return "(its text cannot be shown)"


async def _awaited(awaitable: Awaitable[object]) -> object:
    return await awaitable


def without_ours(tb: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of this package; the same object if it has none."""
    if tb is None:
        return None
    rest = without_ours(tb.tb_next)
    if tb.tb_frame.f_code.co_filename.startswith(_OURS):
        return rest
    if rest is tb.tb_next:
        return tb
    return TracebackType(rest, tb.tb_frame, tb.tb_lasti, tb.tb_lineno)
