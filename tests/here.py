"""An executor that calls in this thread and keeps what is printed."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import Callable

from nbagent.events import Output
from nbagent.messages import ToolCall
from nbagent.ports import Execution, OnOutput


def a_call(name: str, arguments: str) -> ToolCall:
    """A model's call with this JSON text."""
    return {"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}}


class Here:
    """Runs functions where it is called."""

    alive = True
    interrupted = False

    def __init__(self) -> None:
        self.limit_s: float | None = None

    def execute(self, code: str, on_output: OnOutput, limit_s: float | None = None) -> Execution:
        raise NotImplementedError

    def invoke(
        self, function: Callable[[], object], on_output: OnOutput, limit_s: float | None = None
    ) -> Execution:
        self.limit_s = limit_s
        printed = io.StringIO()
        value: object = None
        error: tuple[str, str] | None = None
        with contextlib.redirect_stdout(printed):
            try:
                value = function()
                if asyncio.iscoroutine(value):
                    value = asyncio.run(value)
            except Exception as raised:  # noqa: BLE001 -- what an executor is for
                error = type(raised).__name__, str(raised)
        stream: Output = {"output_type": "stream", "name": "stdout", "text": printed.getvalue()}
        outputs = (stream,) if stream["text"] else ()
        for output in outputs:
            on_output(output)
        return Execution(outputs=outputs, value=value, error=error)

    def interrupt(self) -> None:
        raise NotImplementedError
