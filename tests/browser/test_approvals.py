"""Approvals by keyboard alone, the plan, and undo; then where no view can answer.

What the model was told is read from the lesson server's ledger.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from nbagent.lessons import control
from nbagent.lessons.process import Server
from tests.browser.lab import WAIT_MS, Lab
from tests.browser.test_control import call, opened, question, results, say
from tests.browser.test_without_extension import leave_out

pytestmark = [pytest.mark.browser, pytest.mark.kernel]

CALL, RESULT = "Run this?", "Send this result to the model?"
FOCUSED = """(() => {
  const active = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;
  return (active.getAttribute('aria-label') || active.textContent || '').trim();
})()"""
IN_VIEW = "Boolean(document.activeElement.shadowRoot?.activeElement)"
MOST_TABS = 40


def tab_to(page: Page, name: str) -> None:
    """Move the focus with the Tab key until it is on what has this name."""
    met: list[str] = []
    while name not in met:
        assert len(met) < MOST_TABS, met
        page.keyboard.press("Tab")
        met.append(page.evaluate(FOCUSED))


def press(page: Page, keys: str) -> None:
    """Press keys one after another; what stands in quotes is typed."""
    for key in re.findall(r"'[^']*'|\S+", keys):
        if key.startswith("'"):
            page.keyboard.type(key.strip("'"))
        else:
            page.keyboard.press(key)


ANSWERS = {
    "approve": ("a", "a", "one"),
    "edit": (
        "e Control+a 'print(4)' Control+Enter",
        "a",
        '[The user changed the arguments before it ran: {"code":"print(4)"}]\n4',
    ),
    "deny": ("d 'another number' Enter", "", "Denied: another number"),
    "deny, after a second thought": ("d 'no' Escape a", "a", "one"),
    "keep the result": (
        "a",
        "d 'it is private' Enter",
        "The user keeps this result to themselves. The call has run. They say: it is private",
    ),
    "edit the result": (
        "a",
        "e Control+a 'five' Control+Enter",
        "[The user changed this result before you got it.]\nfive",
    ),
}


QUICK = ("edit",)
CASES = [pytest.param(c, marks=[] if c in QUICK else pytest.mark.long) for c in ANSWERS]


@pytest.mark.parametrize("case", CASES)
def test_the_keyboard_alone_answers(
    lab: Lab, page: Page, server: Server, name: str, case: str
) -> None:
    about_call, about_result, told = ANSWERS[case]
    control.order(server, call("print('one')"), say("That was it."))
    notebook = opened(lab, page, name, "%%kimi --ask always\ngo")
    notebook.run(0, 1)
    output = notebook.output(1)
    question(output, CALL)
    tab_to(page, "Go to the decision")
    page.keyboard.press("Enter")
    notebook.screenshot(f"approvals.{name}.call")
    press(page, about_call)
    if about_result:
        question(output, RESULT)
        notebook.screenshot(f"approvals.{name}.result")
        tab_to(page, "Go to the decision")
        page.keyboard.press("Enter")
        press(page, about_result)
    notebook.wait_done(1)
    expect(output).to_contain_text("That was it.")
    notebook.screenshot(f"approvals.{name}.over")
    assert results(server) == [told]


def answer_by_key(page: Page, keys: str) -> None:
    """Go to the open question and press these keys."""
    tab_to(page, "Go to the decision")
    press(page, f"Enter {keys}")


@pytest.mark.long
def test_always_for_this_kind_and_undo(lab: Lab, page: Page, server: Server, name: str) -> None:
    rebinds, changes = call("prices = [9]"), call("costs.append(3)")
    control.order(server, rebinds, changes, say("All changed."))
    start = "prices = [1, 2]\ncosts = [5]"
    notebook = opened(lab, page, name, start, "%%kimi\ngo", "%kimi undo", "print(prices, costs)")
    notebook.run(0, 1, 2)
    output = notebook.output(2)
    question(output, "Run this? It changes your variables.")
    answer_by_key(page, "y")
    notebook.wait_done(2)
    notebook.screenshot("approvals.always")
    assert "~prices" in results(server)[0]
    assert "~costs" in results(server)[1]
    notebook.run(3, 4)
    expect(notebook.output(3)).to_contain_text("Put back as before the last run: prices.")
    expect(notebook.output(3)).to_contain_text("which cannot be taken back: costs")
    expect(notebook.output(4)).to_contain_text("[1, 2] [5, 3]")
    notebook.screenshot("approvals.undo")


@pytest.mark.long
def test_a_plan_looks_and_changes_nothing(lab: Lab, page: Page, server: Server, name: str) -> None:
    looks = "import statistics\nprint(statistics.mean(prices))"
    control.order(server, call(looks), call("prices.append(3)"), call("total = sum(prices)"))
    control.order(server, say("I would add 3, then sum."))
    cells = "prices = [1, 2]", "%%kimi --plan\ngo", "print(prices, 'total' in globals())"
    notebook = opened(lab, page, name, *cells)
    notebook.run(0, 1, 2)
    notebook.wait_done(2)
    notebook.screenshot("approvals.plan")
    looked, *denied = results(server)
    assert looked == "1.5"
    why = [
        "changes your variables (prices, line 1)",
        "sets the name total (line 1; names that begin with _ are free)",
    ]
    assert denied == [
        f"Denied: this run only plans, and the call {each}. Look, and say what you would do"
        for each in why
    ]
    notebook.run(3)
    expect(notebook.output(3)).to_contain_text("[1, 2] False")


@pytest.mark.long
def test_the_widget_asks_too(lab: Lab, page: Page, server: Server, name: str) -> None:
    """Where JupyterLab has not our extension, the answer goes over the widget's comm."""
    leave_out(page, "nbagent")
    control.order(server, call("print('one')"), say("That was it."))
    notebook = opened(lab, page, name, "%%kimi --ask always\ngo")
    notebook.run(0, 1)
    output = notebook.output(1)
    for title in (CALL, RESULT):
        question(output, title)
        answer_by_key(page, "a")
    notebook.wait_done(1)
    assert results(server) == ["one"]


WORD = re.compile(r"Type: y (\w\w) ")


def asked_in_line(output: Locator, *old: str) -> str:
    """The word of a prompt that stands open, other than those of earlier prompts."""
    prompt = output.locator(".jp-Stdin-prompt:not(.jp-Stdin-historical *)").last
    before = "|".join(old) or "  "
    expect(prompt).to_have_text(re.compile(rf"Type: y (?!{before})"), timeout=WAIT_MS)
    found = WORD.search(prompt.inner_text())
    assert found is not None, prompt.inner_text()
    return found[1]


def type_line(output: Locator, text: str) -> None:
    output.page.keyboard.type(text)
    output.page.keyboard.press("Enter")


@pytest.mark.long
def test_a_prompt_asks_where_no_view_can(lab: Lab, page: Page, server: Server, name: str) -> None:
    leave_out(page, "nbagent", "anywidget")
    control.order(server, call("prices.append(3)"), call("prices.append(4)"), say("Half added."))
    notebook = opened(lab, page, name, "prices = [1, 2]", "%%kimi\ngo", "print(prices)")
    notebook.run(0, 1, 2)
    output = notebook.output(2)
    first = asked_in_line(output)
    notebook.screenshot("approvals.prompt")
    type_line(output, f"y {first}")
    second = asked_in_line(output, first)
    type_line(output, f"y {first}")
    third = asked_in_line(output, first, second)
    notebook.screenshot("approvals.prompt.stale")
    type_line(output, "n leave them")
    notebook.wait_done(2)
    assert third
    assert results(server)[1] == "Denied: leave them"
    notebook.run(3)
    expect(notebook.output(3)).to_contain_text("[1, 2, 3]")


@pytest.mark.long
def test_the_keyboard_does_the_rest(lab: Lab, page: Page, server: Server, name: str) -> None:
    """Help, steps, find, a note, leaving to the cell, and the stop, in JupyterLab itself."""
    control.order(server, call("print('one')"), call("print('two')"), say("Not stopped."))
    notebook = opened(lab, page, name, "%%kimi --ask always\ngo", "print('mine')")
    notebook.run(0, 1)
    output = notebook.output(1)
    for title in (CALL, RESULT):
        question(output, title)
        answer_by_key(page, "a")
    question(output, CALL)
    assert page.evaluate(IN_VIEW), "the focus went with the card that was answered"
    page.keyboard.press("?")
    expect(output.get_by_role("note", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(output.get_by_role("note", name="Keys")).to_be_hidden()
    first = output.locator(".item").first.locator(".st")
    press(page, "ArrowUp ArrowRight")
    expect(first).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowLeft")
    expect(first).to_have_attribute("aria-expanded", "false")
    press(page, "/ 'two' Enter")
    expect(output).to_contain_text("1 of 1")
    press(page, "Escape s 'use blue' Enter")
    expect(output).to_contain_text("Queued for the next request: “use blue”")
    page.keyboard.press("Escape")
    assert not page.evaluate(IN_VIEW), "the view let go"
    expect(notebook.cell(1)).to_have_class(re.compile("jp-mod-active"))
    tab_to(page, "Stop")
    page.keyboard.press(".")
    notebook.wait_done(1)
    expect(output).to_contain_text("Stopped by you")
    notebook.screenshot("approvals.stopped")
