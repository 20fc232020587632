"""An input method composes: Enter takes a word, and sends, answers and stops nothing.

The composition is Chromium's own, begun over its debugging protocol as a system's input method
does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from nbagent.lessons import control
from nbagent.lessons.process import Server
from tests.browser.lab import WAIT_MS, Lab, Notebook

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.long]

LOAD = "%load_ext nbagent\n%kimi use lesson"
KEYS = """() => {
  window.keys = [];
  window.addEventListener('keydown', ({key, isComposing}) => window.keys.push([key, isComposing]),
    true);
}"""


def say(text: str) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "I know.", "content": text}


def call(code: str) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "I try.", "calls": [["run_python", {"code": code}]]}


@contextmanager
def composing(page: Page, word: str) -> Iterator[None]:
    """Compose a word in the field that has the focus; at the end it is taken."""
    devtools = page.context.new_cdp_session(page)
    n = len(word)
    composition = {"text": word, "selectionStart": n, "selectionEnd": n}
    devtools.send("Input.imeSetComposition", composition)
    yield
    devtools.send("Input.insertText", {"text": word})
    devtools.detach()


def press(page: Page, *keys: str) -> None:
    """Press keys within a composition, and see that the browser took them for such."""
    page.evaluate("window.keys.length = 0")
    for key in keys:
        page.keyboard.press(key)
    last = page.evaluate("window.keys.at(-1)")
    assert last[1] is True, last


def asking(
    lab: Lab, page: Page, name: str, server: Server, options: str
) -> tuple[Notebook, Locator]:
    """A run that waits for the person, and its output."""
    control.order(server, call("print('one')"), say("Done."))
    path = lab.write(name, LOAD, f"%%kimi {options}\ngo", "x = 1")
    notebook = Notebook.in_lab(page, lab, path).wait_for_kernel()
    page.evaluate(KEYS)
    notebook.run(0, 1)
    return notebook, notebook.output(1)


def test_enter_sends_no_note_and_no_reason_while_a_word_is_composed(
    lab: Lab, page: Page, name: str, server: Server
) -> None:
    notebook, output = asking(lab, page, name, server, "--ask always")
    question = output.get_by_role("group", name="Run this?")
    expect(question).to_be_visible(timeout=WAIT_MS)
    note = output.get_by_label("Note for the agent")
    note.click()
    with composing(page, "蓝色"):
        press(page, "Enter")
        expect(output.get_by_text("Queued for the next request")).to_have_count(0)
    expect(note).to_have_value("蓝色")
    page.keyboard.press("Enter")
    expect(output).to_contain_text("Queued for the next request: “蓝色”")  # the control
    question.get_by_role("button", name="Deny").click()
    expect(question.get_by_label("Reason, for the agent")).to_be_focused()
    with composing(page, "不要"):
        press(page, "Enter")
        expect(question).to_be_visible()
    notebook.screenshot("composing")
    expect(question.get_by_label("Reason, for the agent")).to_have_value("不要")
    page.keyboard.press("Enter")
    expect(question).to_be_hidden(timeout=WAIT_MS)
    notebook.wait_done(1)
    body = json.loads(control.ledger(server)[-1]["body"])
    assert "Denied: 不要" in [m.get("content") for m in body["messages"]]


def test_no_shortcut_acts_while_a_word_is_composed_in_a_cell(
    lab: Lab, page: Page, name: str, server: Server
) -> None:
    notebook, output = asking(lab, page, name, server, "--ask always")
    question = output.get_by_role("group", name="Run this?")
    expect(question).to_be_visible(timeout=WAIT_MS)
    page.wait_for_function("window.jupyterapp.commands.isEnabled('nbagent:stop')")
    notebook.cell(2).locator(".cm-content").click()
    with composing(page, "停"):
        press(page, "Control+.", "Control+Shift+A", "Control+Shift+O")
        assert page.evaluate("window.jupyterapp.commands.isEnabled('nbagent:stop')") is False
    expect(question).to_be_visible()
    expect(notebook.cell(2).locator(".cm-content")).not_to_contain_text("%%kimi")
    page.keyboard.press("Control+.")
    expect(output).to_contain_text("Stopped by you", timeout=WAIT_MS)  # the control


def test_ctrl_enter_saves_no_edit_while_a_word_is_composed(
    lab: Lab, page: Page, name: str, server: Server
) -> None:
    _, output = asking(lab, page, name, server, "--step")
    expect(output).to_contain_text("Paused before request 1", timeout=WAIT_MS)
    output.get_by_role("button", name="Edit").first.click()
    form = output.get_by_role("form")
    form.locator("textarea").click()
    with composing(page, "改"):
        press(page, "Control+Enter")
        expect(form).to_be_visible()
    page.keyboard.press("Escape")
    expect(form).to_be_hidden()
