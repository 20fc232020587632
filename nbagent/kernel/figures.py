"""Figures of a shell without an inline backend: shown as pictures when a call ends.

Under ipykernel matplotlib's inline backend shows open figures after every cell by itself. In
plain IPython with a backend that has no window (Agg), nothing would ever show them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from nbagent.kernel.sink import Sink


@contextmanager
def flushed(sink: Sink) -> Iterator[None]:
    """Show the figures that the code in this context leaves open, then close them."""
    before = set(_open_figures())
    try:
        yield
    finally:
        _show_new(before, sink)


def _show_new(before: set[int], sink: Sink) -> None:
    for number in _open_figures():
        if number not in before:
            _show(number, sink)


def _open_figures() -> list[int]:
    """Numbers of open figures that only we would show; none if matplotlib was not imported."""
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    if pyplot is None or pyplot.get_backend().lower() != "agg":
        return []
    return list(pyplot.get_fignums())


def _show(number: int, sink: Sink) -> None:
    from IPython.core import pylabtools  # noqa: PLC0415 -- matplotlib is there now

    pyplot: Any = sys.modules["matplotlib.pyplot"]
    draw: Callable[..., str | None] = pylabtools.print_figure
    figure = pyplot.figure(number)
    picture = draw(figure, "png", base64=True)
    if picture:
        sink.rich("display_data", {"image/png": picture, "text/plain": repr(figure)}, {})
    pyplot.close(figure)
