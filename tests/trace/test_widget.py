"""A live view that is closed: what its page has said meanwhile comes late, and is no warning."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live_kernel import TIMEOUT_S, LiveKernel

pytestmark = pytest.mark.kernel
MAKE = """
from nbagent.trace.widget import close, trace_widget
heard = []
widget = trace_widget({}, heard.append)
comm_id = widget.comm.comm_id
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[LiveKernel]:
    kernel = LiveKernel()
    yield kernel
    kernel.close()


def late(kernel: LiveKernel, how: str) -> str:
    """Close a view, let its page speak, and return what the kernel printed of that."""
    comm_id = kernel.run(f"{MAKE}\n{how}\nprint(comm_id)").text.split()[-1]
    data = {"method": "custom", "content": {"action": "ready"}}
    message = kernel.client.session.msg("comm_msg", {"comm_id": comm_id, "data": data})
    kernel.client.shell_channel.send(message)
    printed = ""
    while True:
        said = kernel.client.get_iopub_msg(timeout=TIMEOUT_S)
        if said["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        printed += said["content"].get("text", "")
        if said["content"].get("execution_state") == "idle":
            return printed


def test_late_words_of_a_page_reach_nobody(kernel: LiveKernel) -> None:
    assert late(kernel, "close(widget)") == ""
    assert kernel.run("print(heard)").text.strip() == "[]"


def test_a_widget_that_is_closed_plainly_would_warn(kernel: LiveKernel) -> None:
    """The positive control."""
    assert "No such comm" in late(kernel, "widget.close()")
