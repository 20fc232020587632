"""The live view as a widget: our own JavaScript, carried by anywidget; no page loads anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

VIEW_JS = files("nbagent.trace") / "static" / "view.js"
STEP_JS = files("nbagent.trace") / "static" / "step.js"
"""The step view, which a page asks for when it is opened."""


def is_built() -> bool:
    """Whether the view's JavaScript is there; a clone that was not built has none."""
    return VIEW_JS.is_file()


def trace_widget(trace: Mapping[str, Any], on_message: Callable[[dict[str, Any]], None]) -> Any:
    """Make the widget of one run.

    Args:
        trace: our JSON, for the first drawing.
        on_message: given what views send.
    """
    import anywidget  # noqa: PLC0415 -- slow, and only a live view needs it
    import traitlets  # noqa: PLC0415 -- comes with it

    class TraceWidget(anywidget.AnyWidget):  # type: ignore[misc] # anywidget is not followed
        """Draws `trace`, then what arrives as custom messages."""

        _esm = VIEW_JS.read_text(encoding="utf-8")
        trace = traitlets.Dict().tag(sync=True)

        def __repr__(self) -> str:
            return "<live trace>"

    widget = TraceWidget(trace=dict(trace))
    widget.on_msg(lambda _widget, content, _buffers: on_message(content))
    return widget


def close(widget: Any) -> None:
    """Close a widget. What its pages have said meanwhile is heard by nobody.

    A page's words wait behind the cells of a "Run All"; to a comm that is gone by then, the kernel
    would answer with a warning in one of these cells. So the comm stays known, deaf.

    Args:
        widget: of `trace_widget`.
    """
    from comm import get_comm_manager  # noqa: PLC0415 -- comes with ipykernel, as slow as it

    comm = widget.comm
    widget.close()
    if comm is not None:
        comm.on_msg(None)
        comm.target_name = f"{comm.target_name}.closed"  # so that no page asks for its state
        get_comm_manager().register_comm(comm)
