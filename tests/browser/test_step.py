"""The step view in JupyterLab: a run by keyboard, back, changed, forked, and both finished."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from nbagent.clock import SystemClock
from nbagent.lessons import control
from nbagent.lessons.process import Server, ensure
from tests.browser.lab import WAIT_MS, Lab, Notebook

pytestmark = [pytest.mark.browser, pytest.mark.kernel]


def call(code: str) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "I try.", "calls": [["run_python", {"code": code}]]}


def say(text: str) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "I know.", "content": text}


@pytest.fixture
def server() -> Iterator[Server]:
    server = ensure(SystemClock())
    control.clear(server)
    yield server
    control.clear(server)


def sent(server: Server) -> list[bytes]:
    """The requests that the server has received, byte for byte."""
    bodies = [entry["body"] for entry in control.ledger(server)]
    return [body.encode() if isinstance(body, str) else body for body in bodies]


class Stepper:
    """A step view, used by keyboard alone."""

    def __init__(self, output: Locator, page: Page) -> None:
        self.view = output.get_by_role("region", name="Step view")
        self.page = page
        expect(self.view).to_be_visible(timeout=WAIT_MS)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def focus(self, button: str) -> None:
        self.view.get_by_role("button", name=button, exact=button == "Step").focus()

    def at(self, words: str) -> None:
        expect(self.view).to_contain_text(words, timeout=WAIT_MS)

    def step(self, words: str) -> None:
        self.press("Enter")
        self.at(words)


def test_four_steps_back_two_changed_forked_and_both_finished(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    control.order(server, call("a = 1\nprint(a)"), call("b = a + 1\nprint(b)"), call("1/0"))
    control.order(server, say("The original is done."))
    cells = ("%load_ext nbagent\n%kimi use lesson", "%%kimi --step --out run\ngo")
    path = lab.write(name, *cells, "print(run, '|', run.forks[-1])")
    notebook = Notebook.in_lab(page, lab, path).wait_for_kernel()
    n_before = len(sent(server))
    notebook.run(0, 1)
    stepper = Stepper(notebook.output(1), page)
    stepper.at("Paused before request 1")
    assert len(sent(server)) == n_before
    two_steps(stepper, server)
    notebook.screenshot("step-view")
    n_sent = len(sent(server))
    look_back_and_change(stepper)
    notebook.screenshot("step-fork")
    stepper.press("Enter")
    stepper.at("at move 8")
    stepper.at("Paused after run_python")
    stepper.at("b is nowhere to be found")
    assert len(sent(server)) == n_sent
    # The fork's next reply is the third that was ordered; then come the original's.
    stepper.focus("Step")
    stepper.step("Paused before request 3")
    stepper.press("r")
    stepper.at("The original is done.")
    assert b"b is nowhere to be found" in sent(server)[-1]
    control.order(server, call("c = 3"), say("And this one too."))
    stepper.view.get_by_role("button", name="Go to run-").click()
    stepper.at("Looking back at move 8 of 9.")
    stepper.focus("Back to now")
    stepper.press("End")
    stepper.at("Paused before request 3")
    stepper.press("r")
    notebook.wait_done(1)
    notebook.run(2)
    expect(notebook.output(2)).to_contain_text("And this one too. | The original is done.")
    assert b"nowhere" not in sent(server)[-1]


def two_steps(stepper: Stepper, server: Server) -> None:
    """Two steps by Enter; what was shown before the second request is what has left."""
    stepper.focus("Step")
    stepper.step("Paused after reply 1")
    stepper.step("Paused before run_python")
    stepper.step("Paused after run_python")
    stepper.step("Paused before request 2")
    stepper.view.get_by_role("tab", name="Request").click()
    stepper.focus("Exact bytes")
    stepper.press("Enter")
    body = stepper.view.locator("pre.wire").text_content()
    stepper.focus("Step")
    stepper.step("Paused after reply 2")
    assert sent(server)[-1].decode() == body
    stepper.step("Paused before run_python")
    stepper.step("Paused after run_python")
    stepper.step("Paused before request 3")


def look_back_and_change(stepper: Stepper) -> None:
    """Two moves back, one forward, and another result there: that asks for a fork."""
    stepper.press("ArrowLeft")
    stepper.at("Looking back at move 8 of 9.")
    stepper.press("ArrowLeft")
    stepper.at("Looking back at move 7 of 9.")
    stepper.press("ArrowRight")
    stepper.at("Looking back at move 8 of 9.")
    stepper.press("e")
    stepper.press("Control+a")
    stepper.page.keyboard.type("b is nowhere to be found")
    stepper.press("Control+Enter")
    expect(stepper.view.get_by_role("dialog")).to_contain_text("Fork from move 8")
