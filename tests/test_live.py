"""The live display in a real kernel, seen from the channels of a front end."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from nbagent.clock import SystemClock
from nbagent.kernel.mailbox import REQUEST
from nbagent.lessons import control
from nbagent.lessons.process import Server, ensure
from nbagent.magics.live import WIDGET_MIME
from nbagent.trace import TRACE_MIME
from tests.live_kernel import TIMEOUT_S, LiveKernel

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def kernel() -> Iterator[LiveKernel]:
    kernel = LiveKernel()
    kernel.run("%load_ext nbagent\n%kimi use lesson")
    yield kernel
    kernel.close()


@pytest.fixture
def slow() -> Iterator[Server]:
    """A lesson server that writes slowly until the test is over."""
    server = ensure(SystemClock())
    control.set_pace(server, 5, 0.2)
    yield server
    control.set_pace(server, math.inf)


class Page:
    """A front end that draws our bundle: by the renderer, or by the widget in it."""

    def __init__(self, kernel: LiveKernel, by: str) -> None:
        self.kernel = kernel
        self.by = by
        self.outputs: list[dict[str, Any]] = []
        self.n = 0

    def ask(self, action: str) -> None:
        self.n += 1
        (run_id,) = {o[TRACE_MIME]["run_id"] for o in self.outputs if TRACE_MIME in o}
        command = {"run_id": run_id, "request_id": f"{run_id} {self.n}", "action": action}
        message = self.kernel.client.session.msg(REQUEST, command | {"by": self.by})
        self.kernel.client.control_channel.send(message)
        assert self.kernel.client.get_control_msg(timeout=TIMEOUT_S)["content"]["ok"] is True

    def show(self, content: dict[str, Any]) -> None:
        """Take what the cell shows; the first output is answered, once it is there."""
        if "data" in content:
            self.outputs.append(content["data"])
        if len(self.outputs) == 1:
            self.ask("ready")
        if len(self.outputs) == self.enough and self.n == 1:
            self.ask("stop")

    @property
    def enough(self) -> int:
        """The bundle with a widget, the one without, and the widget's own output."""
        return 3 if self.by == "widget" else 2


def watched(kernel: LiveKernel, by: str) -> tuple[Page, list[dict[str, Any]]]:
    """A run that a page follows from the start, until the page stops it; its last outputs."""
    page = Page(kernel, by)
    cell = kernel.run("%%kimi -n\nlesson long 30", answer=lambda _: "", on_output=page.show)
    return page, [output["data"] for output in cell.outputs]


@pytest.mark.parametrize("by", ["renderer", "widget"])
def test_what_is_saved_in_mid_run_needs_no_widget(
    kernel: LiveKernel, slow: Server, by: str
) -> None:
    page, last = watched(kernel, by)
    first, kept, *below = page.outputs[: page.enough]
    assert WIDGET_MIME in first
    assert {TRACE_MIME, "text/html", "text/markdown", "text/plain"} == set(kept)
    assert kept[TRACE_MIME]["running"] is True
    assert (
        f"%kimi show {kept[TRACE_MIME]['run_id']}</code> draws all of it from disk"
        in kept["text/html"]
    )
    assert [set(data) for data in below] == ([{WIDGET_MIME, "text/plain"}] if below else [])
    assert bool(below) == (by == "widget")
    assert "running" not in last[0][TRACE_MIME]
    assert "from disk" not in last[0]["text/html"]
    assert last[1:] == ([{}] if below else [])


def test_a_run_whose_end_no_page_has_drawn_is_named_by_the_next(
    kernel: LiveKernel, slow: Server
) -> None:
    kernel.run("import nbagent.magics.driving as driving\ndriving.LOST_S = 1e-9")
    page, _ = watched(kernel, "renderer")
    run_id = page.outputs[0][TRACE_MIME]["run_id"]
    control.set_pace(slow, math.inf)
    after = kernel.run("%%kimi -n\nlesson repair")
    assert f"`%kimi show {run_id}` draws it" in after.traces[-1]["text/plain"]
    assert "%kimi show" not in kernel.run("%%kimi -n\nlesson repair").text
    page, _ = watched(kernel, "renderer")
    page.ask("drawn")
    after = kernel.run("%%kimi -n\nlesson repair")
    assert "%kimi show" not in after.text, "the control: a page has drawn its end"
