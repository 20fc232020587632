"""In charge while it runs: a person approves, edits, denies, keeps a result, and steers.

What the model got is read from the lesson server's ledger.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from nbagent.lessons import control
from nbagent.lessons.process import Server
from tests.browser.lab import WAIT_MS, Lab, Notebook

pytestmark = [pytest.mark.browser, pytest.mark.kernel]


def call(code: str) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "I try.", "calls": [["run_python", {"code": code}]]}


def say(text: str) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "I know.", "content": text}


def opened(lab: Lab, page: Page, name: str, *cells: str) -> Notebook:
    path = lab.write(name, "%load_ext nbagent\n%kimi use lesson", *cells)
    return Notebook.in_lab(page, lab, path).wait_for_kernel()


def results(server: Server) -> list[str]:
    """What the model got of its calls, by the last request."""
    body = json.loads(control.ledger(server)[-1]["body"])
    return [m["content"] for m in body["messages"] if m["role"] == "tool"]


def question(output: Locator, title: str) -> Locator:
    found = output.get_by_role("group", name=title)
    expect(found).to_be_visible(timeout=WAIT_MS)
    return found


def test_calls_and_results_wait_for_the_person(lab: Lab, page: Page, server: Server) -> None:
    control.order(server, call("print('one')"), call("print('two')"), call("print('three')"))
    control.order(server, say("That was it."))
    notebook = opened(lab, page, "asked", "%%kimi --ask always --out run\ngo", "print(run)")
    notebook.run(0, 1)
    output = notebook.output(1)
    asked = question(output, "Run this?")
    expect(asked).to_contain_text("print('one')")
    notebook.screenshot("approval")
    output.get_by_role("button", name="Go to the decision").click()
    page.keyboard.press("a")
    sending = question(output, "Send this result to the model?")
    expect(sending).to_contain_text("one")
    sending.get_by_role("button", name="Keep it here").click()
    page.keyboard.type("it is private")
    page.keyboard.press("Enter")
    asked = question(output, "Run this?")
    expect(asked).to_contain_text("print('two')")
    asked.get_by_role("button", name="Deny").click()
    page.keyboard.type("another number")
    page.keyboard.press("Enter")
    asked = question(output, "Run this?")
    expect(asked).to_contain_text("print('three')")
    asked.get_by_role("button", name="Edit").click()
    page.keyboard.press("Control+a")
    page.keyboard.type("print('four')")
    page.keyboard.press("Control+Enter")
    question(output, "Send this result to the model?").get_by_role("button", name="Send").click()
    notebook.wait_done(1)
    expect(output).to_contain_text("That was it.")
    first, second, third = results(server)
    assert (
        first
        == "The user keeps this result to themselves. The call has run. They say: it is private"
    )
    assert second == "Denied: another number"
    assert third.startswith("[The user changed the arguments")
    assert "four" in third
    assert "three" not in third.partition("]")[2]


@pytest.mark.long
def test_what_is_risky_is_asked_once_a_kind(lab: Lab, page: Page, server: Server) -> None:
    first, second = call("prices.append(3)"), call("prices.append(4)")
    control.order(server, call("total = sum(prices)"), first, second, say("All added."))
    notebook = opened(lab, page, "risky", "prices = [1, 2]", "%%kimi\ngo", "print(prices, total)")
    notebook.run(0, 1, 2)
    asked = question(notebook.output(2), "Run this? It changes your variables.")
    expect(asked).to_contain_text("prices.append(3)")
    notebook.screenshot("risky")
    asked.get_by_role("button", name="Always allow changing your variables").click()
    notebook.wait_done(2)
    notebook.run(3)
    expect(notebook.output(3)).to_contain_text("[1, 2, 3, 4] 3")


@pytest.mark.long
def test_a_question_is_there_again_in_another_page(lab: Lab, page: Page, server: Server) -> None:
    """It has no time limit, and it does not go with the page that showed it."""
    control.order(server, call("print('still here')"), say("Done waiting."))
    notebook = opened(lab, page, "asked-again", "%%kimi --ask always\ngo")
    notebook.run(0, 1)
    question(notebook.output(1), "Run this?")
    notebook.save()
    other = page.context.new_page()
    page.close()
    notebook = Notebook.in_lab(other, lab, notebook.path)
    output = notebook.output(1)
    question(output, "Run this?").get_by_role("button", name="Approve").click()
    question(output, "Send this result to the model?").get_by_role("button", name="Send").click()
    expect(output).to_contain_text("Done waiting.", timeout=WAIT_MS)
    assert "still here" in results(server)[0]


@pytest.mark.long
def test_a_note_joins_at_the_next_request(lab: Lab, page: Page, server: Server) -> None:
    control.order(server, call("print('one')"), say("Read."))
    notebook = opened(lab, page, "steered", "%%kimi --ask always\ngo")
    notebook.run(0, 1)
    output = notebook.output(1)
    asked = question(output, "Run this?")
    output.get_by_label("Note for the agent").fill("use blue")
    page.keyboard.press("Enter")
    expect(output).to_contain_text("Queued for the next request: “use blue”")
    asked.get_by_role("button", name="Approve").click()
    question(output, "Send this result to the model?").get_by_role("button", name="Send").click()
    notebook.wait_done(1)
    body = json.loads(control.ledger(server)[-1]["body"])
    assert body["messages"][-1] == {"role": "user", "content": "use blue"}


@pytest.mark.long
def test_a_limit_asks_in_the_view(lab: Lab, page: Page, server: Server) -> None:
    notebook = opened(lab, page, "limit", "%%kimi --max-steps 1 --out run\nlesson long 3", "run")
    notebook.run(0, 1)
    output = notebook.output(1)
    output.get_by_role("button", name="Go on for another 1 step").click(timeout=WAIT_MS)
    expect(output).to_contain_text("after 2 steps", timeout=WAIT_MS)
    output.get_by_role("button", name="Stop here").click()
    notebook.wait_done(1)
    expect(output).to_contain_text("limit reached after 2 steps")


@pytest.mark.long
def test_without_a_question_nothing_waits(lab: Lab, page: Page, server: Server) -> None:
    """The positive control: what finds questions finds none where nobody is asked."""
    control.order(server, call("print('one')"), say("Done."))
    notebook = opened(lab, page, "unasked", "%%kimi --ask never\ngo")
    notebook.run(0, 1)
    notebook.wait_done(1)
    expect(notebook.output(1).get_by_role("group", name="Run this?")).to_have_count(0)
    assert "one" in results(server)[0]
