"""Figures that a call draws: shown when it ends, and in words that stand for them.

Under ipykernel matplotlib's inline backend shows open figures after every cell by itself, but not
after a function that is called as a tool; with a backend that has no window (Agg) nothing would
ever show them. What stands beside the picture as text is its alternative text in a trace, so a
figure says its title and labels there instead of its class and size.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from nbagent.kernel.sink import Sink

Form: TypeAlias = Callable[..., tuple[dict[str, Any], dict[str, Any]]]
INLINE = ("inline", "module://matplotlib_inline.backend_inline")
"""The names of one backend; which it is depends on matplotlib's version."""


@contextmanager
def flushed(sink: Sink, *, by_inline: bool = False) -> Iterator[None]:
    """Show the figures that the code in this context leaves open, then close them.

    Args:
        sink: gets them.
        by_inline: whether the inline backend is to show its own, after a cell.
    """
    backends = ("agg",) if by_inline else ("agg", *INLINE)
    before = set(_open_figures(backends))
    try:
        yield
    finally:
        _show_new(before, backends, sink)


def worded(form: Form) -> Form:
    """A display formatter's `format` whose text for a figure is what the figure shows.

    A printer registered for the type would not last: the inline backend drops them all when it
    is chosen. Where the user has a text form for figures, it stays.
    """

    def with_words(value: Any, *more: Any, **given: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = form(value, *more, **given)
        module: Any = sys.modules.get("matplotlib.figure")
        is_figure = module is not None and isinstance(value, module.Figure)
        if is_figure and data.get("text/plain") == repr(value):
            data["text/plain"] = words_of(value)
        return data, metadata

    return with_words


def words_of(figure: Any) -> str:
    """A figure's title, and of each plot in it the title and what its axes show; else its repr."""
    heading: str = getattr(figure, "get_suptitle", str)()  # matplotlib has it since 3.8
    plots = [_plot_words(axes) for axes in figure.axes]
    return "; ".join(filter(None, [heading, *plots])) or repr(figure)


def _plot_words(axes: Any) -> str:
    labels = [("x", axes.get_xlabel()), ("y", axes.get_ylabel())]
    shown = ", ".join(f"{name}: {label}" for name, label in labels if label)
    return " ".join(filter(None, [axes.get_title(), f"({shown})" if shown else ""]))


def _show_new(before: set[int], backends: Collection[str], sink: Sink) -> None:
    for number in _open_figures(backends):
        if number not in before:
            _show(number, sink)


def _open_figures(backends: Collection[str]) -> list[int]:
    """Numbers of open figures that only we would show; none if matplotlib was not imported."""
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    if pyplot is None or pyplot.get_backend().lower() not in backends:
        return []
    return list(pyplot.get_fignums())


def _show(number: int, sink: Sink) -> None:
    from IPython.core import pylabtools  # noqa: PLC0415 -- matplotlib is there now

    pyplot: Any = sys.modules["matplotlib.pyplot"]
    draw: Callable[..., str | None] = pylabtools.print_figure
    figure = pyplot.figure(number)
    picture = draw(figure, "png", base64=True)
    if picture:
        sink.rich("display_data", {"image/png": picture, "text/plain": words_of(figure)}, {})
    pyplot.close(figure)
