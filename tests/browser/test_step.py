"""The step view where people meet it: by keyboard in JupyterLab, Notebook 7 and the widget alone.

A run is stepped, looked back at, changed, forked, and both are finished; a run that goes on is
paused; one that is over is played back and forked in a kernel of its own; a learner's loop.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from nbagent.lessons import control
from nbagent.lessons.process import Server
from tests.browser.lab import WAIT_MS, Lab, Notebook
from tests.browser.test_survives import hurry
from tests.browser.test_without_extension import leave_out

pytestmark = [pytest.mark.browser, pytest.mark.kernel]


def call(code: str) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "I try.", "calls": [["run_python", {"code": code}]]}


def say(text: str) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "I know.", "content": text}


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

    def fork(self) -> None:
        """Agree to the dialog that is open, and wait until the keys go to the fork."""
        self.press("Enter")
        expect(self.view.get_by_role("dialog")).to_have_count(0)

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
    stepper.fork()
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


@pytest.mark.long
@pytest.mark.parametrize("place", ["the widget alone", "Notebook 7"])
def test_three_steps_back_and_to_the_end(
    lab: Lab, page: Page, server: Server, name: str, place: str
) -> None:
    if place == "Notebook 7":
        lab = lab.as_notebook7()
    else:
        leave_out(page, "nbagent")
    control.order(server, call("a = 1\nprint(a)"), say("One it is."))
    cells = ("%load_ext nbagent\n%kimi use lesson", "%%kimi --step --out run\ngo")
    notebook = Notebook.in_lab(page, lab, lab.write(name, *cells, "print(run)")).wait_for_kernel()
    notebook.run(0, 1)
    stepper = Stepper(notebook.output(1), page)
    stepper.at("Paused before request 1")
    n_before = len(sent(server))
    stepper.focus("Step")
    stepper.step("Paused after reply 1")
    stepper.step("Paused before run_python")
    stepper.step("Paused after run_python")
    stepper.press("ArrowLeft")
    stepper.at("Looking back at move 3 of 4.")
    notebook.screenshot(f"step-view.{place}")
    assert len(sent(server)) == n_before + 1
    stepper.press("End")
    stepper.at("Paused after run_python")
    stepper.press("r")
    notebook.wait_done(1)
    expect(notebook.output(1)).to_contain_text("One it is.")
    notebook.run(2)
    expect(notebook.output(2)).to_have_text("One it is.")
    assert len(sent(server)) == n_before + 2


@pytest.mark.long
def test_a_run_that_goes_on_is_paused(lab: Lab, page: Page, lessons: Server, name: str) -> None:
    cells = ("%load_ext nbagent\n%kimi use lesson", "%%kimi --out run\nlesson long 5")
    notebook = Notebook.in_lab(page, lab, lab.write(name, *cells)).wait_for_kernel()
    notebook.run(0, 1)
    output = notebook.output(1)
    expect(output.get_by_role("region", name="Step view")).to_have_count(0)
    pause = output.get_by_role("button", name="Pause")
    pause.click(timeout=WAIT_MS)
    stepper = Stepper(output, page)
    stepper.at("Paused")
    expect(pause).to_have_count(0)
    moves = stepper.view.get_by_role("group", name="Moves").get_by_role("button")
    n_moves, n_sent = moves.count(), len(sent(lessons))
    hurry(lessons)
    expect(stepper.view).to_be_focused()  # the focus went along with what was asked
    stepper.press("Enter")
    expect(moves).to_have_count(n_moves + 1)
    stepper.press("r")
    notebook.wait_done(1)
    expect(output).to_contain_text("The sum of 1 to 5 is 15")
    assert len(sent(lessons)) > n_sent


@pytest.mark.long
def test_a_question_is_asked_where_it_is_seen_and_a_forks_too(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    control.order(server, call("mine = 6"), say("It is six."))
    cells = ("%load_ext nbagent\n%kimi use lesson\nmine = 5", "%%kimi --step --out run\ngo")
    notebook = Notebook.in_lab(page, lab, lab.write(name, *cells, "print(mine)")).wait_for_kernel()
    notebook.run(0, 1)
    output = notebook.output(1)
    stepper = Stepper(output, page)
    stepper.at("Paused before request 1")
    stepper.focus("Step")
    stepper.step("Paused after reply 1")
    stepper.step("Paused before run_python")
    stepper.press("Enter")
    asked = output.get_by_role("group", name="Run this?")
    expect(asked).to_contain_text("mine = 6", timeout=WAIT_MS)
    expect(output.get_by_role("button", name="Go to the decision")).to_be_focused()
    stepper.press("Enter")
    stepper.press("a")
    stepper.at("Paused after run_python")
    expect(stepper.view).to_be_focused()  # again
    stepper.press("r")
    notebook.wait_done(1)
    notebook.run(2)
    expect(notebook.output(2)).to_have_text("6")
    control.order(server, call("mine = 7"), say("No, seven."))
    stepper.view.get_by_label("Go to move").fill("1")
    stepper.press("Enter")
    stepper.at("Looking back at move 1 of")
    stepper.view.get_by_role("button", name="Fork").click()
    stepper.fork()
    stepper.at("Paused before request 1")
    stepper.press("r")
    asked = stepper.view.get_by_role("group", name="Run run_python?")
    expect(asked).to_contain_text("mine = 7", timeout=WAIT_MS)
    notebook.screenshot("step-fork-asks")
    asked.get_by_role("button", name="Yes").click()
    stepper.at("Finished")
    notebook.run(2)
    expect(notebook.output(2)).to_have_text("7")


LOOP = """from nbagent.loop import Act, Ask

mine = 5

def my_loop(messages, tools):
    while True:  # my own remark
        reply = yield Ask(messages, tools)
        messages.append(reply)
        if "tool_calls" not in reply:
            return reply
        messages.extend((yield Act(reply["tool_calls"])))"""


@pytest.mark.long
def test_a_learners_loop_is_played_back_and_forked_in_a_fresh_kernel(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    control.order(server, call("base = 10"), say("It was ten."))
    cells = ("%load_ext nbagent\n%kimi use lesson", LOOP)
    cells += ("%%kimi --step --loop my_loop --out run\ngo", "print(run, '|', run.forks[-1])")
    notebook = Notebook.in_lab(page, lab, lab.write(name, *cells)).wait_for_kernel()
    notebook.run(0, 1, 2)
    output = notebook.output(2)
    stepper = Stepper(output, page)
    stepper.at("Paused before request 1")
    current = stepper.view.locator(".cl.cur")
    expect(stepper.view.get_by_label("Loop source")).to_contain_text("# my own remark")
    expect(current).to_contain_text("reply = yield Ask(messages, tools)")
    stepper.focus("Step")
    stepper.step("Paused after reply 1")
    stepper.step("Paused before run_python")
    expect(current).to_contain_text('yield Act(reply["tool_calls"])')
    notebook.screenshot("step-loop")
    stepper.press("r")
    notebook.wait_done(2)
    play_back(stepper, output, server)
    stepper.press("f")
    expect(stepper.view.get_by_role("dialog")).to_contain_text("1 cell that worked")
    stepper.press("ArrowDown")
    expect(stepper.view.get_by_label("Fresh kernel")).to_be_checked()
    notebook.screenshot("step-fork-fresh")
    control.order(server, call("print(base, 'mine' in globals())"), say("And not five."))
    stepper.fork()
    stepper.at("Paused before request 2")
    stepper.press("r")
    stepper.at("Finished")
    notebook.run(3)
    expect(notebook.output(3)).to_have_text("It was ten. | And not five.", timeout=WAIT_MS)
    assert b"10 False" in sent(server)[-1]


def play_back(stepper: Stepper, output: Locator, server: Server) -> None:
    """Open the finished run, and go to its fifth move and around it: nothing is sent."""
    n_sent = len(sent(server))
    stepper.at("Finished")
    stepper.view.get_by_role("button", name="Close step view").click()
    expect(stepper.view).to_have_count(0)
    output.get_by_role("button", name="Step through").click(timeout=WAIT_MS)
    expect(stepper.view).to_be_visible()
    stepper.at("Finished")
    stepper.press("ArrowLeft")
    stepper.at("Looking back at move 5 of 6.")
    stepper.press("ArrowRight")
    expect(stepper.view).not_to_contain_text("Looking back")
    stepper.press("ArrowLeft")
    stepper.at("Looking back at move 5 of 6. The run is finished.")
    assert len(sent(server)) == n_sent
