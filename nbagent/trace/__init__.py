"""The trace of a run, drawn: HTML, Markdown, text and our own JSON in one MIME bundle.

`mimebundle` is all that others call. It reads a `RunView` and a `Meter` and changes neither.
"""

from nbagent.trace.bundle import TRACE_MIME, mimebundle

__all__ = ["TRACE_MIME", "mimebundle"]
