"""Output widgets (`with out:`, `interact`): what is shown inside one belongs to the widget.

The front end routes it: a widget that is entered takes the number of the current request and
claims every output of it until it is left. So while one is open, output is let through.
ipywidgets is not imported for this: a widget that is entered asks the kernel for that request,
and is recognised by the question.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


class OutputWidgets:
    """Knows which output widgets are open."""

    def __init__(self) -> None:
        self._entered: list[Any] = []

    def listening(self, get_parent: Callable[..., Any]) -> Callable[..., Any]:
        """The kernel's `get_parent`, with an ear for widgets being entered."""

        def ask(*args: Any, **kwargs: Any) -> Any:
            asker = sys._getframe(1)  # noqa: SLF001 -- documented, for CPython
            if asker.f_code.co_name == "__enter__":
                self._note(asker.f_locals.get("self"))
            return get_parent(*args, **kwargs)

        return ask

    def _note(self, widget: Any) -> None:
        if type(widget).__module__.startswith("ipywidgets") and hasattr(widget, "msg_id"):
            self._entered.append(widget)

    @property
    def open(self) -> bool:
        """Whether output belongs to a widget now."""
        if self._entered:
            self._entered = [widget for widget in self._entered if widget.msg_id]
        return bool(self._entered)
