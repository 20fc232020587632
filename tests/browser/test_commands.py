"""Commands, keys, toolbars and settings, in JupyterLab and Notebook 7, clicked by a person.

What the model got is read from the lesson server's ledger.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from nbagent.lessons import control
from nbagent.lessons.process import Server
from tests.browser.lab import WAIT_MS, Lab, Notebook

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.long]

BOTH = pytest.mark.parametrize("front_end", ["JupyterLab", "Notebook 7"])
FAILS = "heavy = [1, 2]\nheavvy.count(1)"
LOAD = "%load_ext nbagent\n%kimi use lesson"
TEXTS = """() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells.map(
    cell => [cell.source].flat().join(''))"""
FORGET = """() => window.jupyterapp.serviceManager.settings.save('nbagent:plugin', '{}')"""
HAS_KEYS = """() => window.jupyterapp.commands.hasCommand('nbagent:run')
    && window.jupyterapp.commands.keyBindings.some(({command}) => command === 'nbagent:run')"""
FOCUSED = """() => {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active?.getAttribute('aria-label') ?? active?.textContent ?? '';
}"""

STANDS_AT = f"""window.jupyterapp.shell.currentWidget.content.activeCellIndex === at
    && ({FOCUSED})().includes(error)"""
"""Whether the active cell is this one, and what has the focus tells of this error."""


def say(text: str) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "I know.", "content": text}


def call(code: str) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "I try.", "calls": [["run_python", {"code": code}]]}


def opened(lab: Lab, page: Page, name: str, *cells: str, front_end: str = "JupyterLab") -> Notebook:
    at = lab if front_end == "JupyterLab" else lab.as_notebook7()
    notebook = Notebook.in_lab(page, at, lab.write(name, *cells)).wait_for_kernel()
    page.wait_for_function(HAS_KEYS)
    return notebook


def asked(server: Server) -> str:
    """The prompt as the model got it last."""
    body = json.loads(control.ledger(server)[-1]["body"])
    return str(next(m["content"] for m in reversed(body["messages"]) if m["role"] == "user"))


def select(notebook: Notebook, i: int) -> None:
    """Make a cell the active one, without editing it."""
    notebook.cell(i).locator(".jp-InputPrompt").click()
    expect(notebook.cell(i)).to_have_class(re.compile("jp-mod-active"))


def fix_button(notebook: Notebook, i: int) -> Locator:
    return notebook.cell(i).get_by_role("button", name="Fix with Kimi")


@BOTH
def test_a_cell_that_failed_is_fixed_from_its_toolbar(
    lab: Lab, page: Page, name: str, server: Server, front_end: str
) -> None:
    """Also where nbagent was not loaded: the button does it."""
    control.order(server, say("It is a typing mistake."))
    notebook = opened(lab, page, name, FAILS, "print('fine')", front_end=front_end)
    notebook.run(1)
    notebook.wait_done(1)
    expect(fix_button(notebook, 1)).to_be_hidden()
    notebook.run(0)
    notebook.wait_done(0)
    expect(fix_button(notebook, 0)).to_be_visible()
    notebook.screenshot(f"fix-button-{front_end}")
    fix_button(notebook, 0).click()
    output = notebook.output(1)
    expect(output).to_contain_text("It is a typing mistake.", timeout=WAIT_MS)
    text = page.evaluate(TEXTS)[1]
    assert text.startswith("%%kimi --plan\nFix @cell:")
    assert "NameError" in text
    prompt = asked(server)
    assert FAILS in prompt
    assert "name 'heavvy' is not defined" in prompt, "the traceback goes along"
    expect(fix_button(notebook, 1)).to_be_hidden()


def test_a_cell_is_explained_from_its_menu(lab: Lab, page: Page, name: str, server: Server) -> None:
    control.order(server, say("It counts."))
    notebook = opened(lab, page, name, "n = sum(range(4))\nn")
    notebook.run(0)
    notebook.wait_done(0)
    notebook.cell(0).locator(".jp-InputPrompt").click(button="right")
    menu = page.locator(".lm-Menu-content")
    expect(menu.get_by_text("Fix with Kimi")).to_be_hidden()
    menu.get_by_text("Explain with Kimi").click()
    expect(notebook.output(1)).to_contain_text("It counts.", timeout=WAIT_MS)
    assert "n = sum(range(4))" in asked(server)
    assert page.evaluate(TEXTS)[1].startswith("%%kimi --plan\nExplain what @cell:")


@BOTH
def test_a_cell_becomes_a_prompt_and_then_runs(
    lab: Lab, page: Page, name: str, server: Server, front_end: str
) -> None:
    """The first press only prepares: what was code by mistake costs nothing."""
    control.order(server, say("Four."))
    notebook = opened(lab, page, name, "What is 2 + 2?", front_end=front_end)
    notebook.cell(0).locator(".cm-content").click()
    page.keyboard.press("Control+Shift+A")
    expect(notebook.cell(0).locator(".cm-content")).to_contain_text("%%kimi")
    assert page.evaluate(TEXTS) == ["%%kimi\nWhat is 2 + 2?"]
    expect(notebook.cell(0).locator(".jp-InputPrompt")).to_have_text("[ ]:")
    page.keyboard.press("Control+z")
    expect(notebook.cell(0).locator(".cm-content")).not_to_contain_text("%%kimi")
    assert page.evaluate(TEXTS) == ["What is 2 + 2?"], "it can be taken back"
    page.keyboard.press("Control+Shift+A")
    expect(notebook.cell(0).locator(".cm-content")).to_contain_text("%%kimi")
    page.keyboard.press("Control+Shift+A")
    expect(notebook.output(0)).to_contain_text("Four.", timeout=WAIT_MS)


@BOTH
def test_a_run_is_stopped_from_toolbar_and_keyboard(
    lab: Lab, page: Page, lessons: Server, front_end: str, name: str
) -> None:
    notebook = opened(lab, page, name, LOAD, "%%kimi\nlesson long 9", front_end=front_end)
    stop = page.get_by_role("button", name="Stop Kimi")
    expect(stop).to_be_hidden()
    notebook.run(0, 1)
    expect(stop).to_be_visible(timeout=WAIT_MS)
    notebook.screenshot(f"stop-button-{front_end}")
    stop.click()
    expect(notebook.output(1)).to_contain_text("Stopped by you", timeout=WAIT_MS)
    expect(stop).to_be_hidden(timeout=WAIT_MS)
    notebook.run(1)
    expect(stop).to_be_visible(timeout=WAIT_MS)
    page.keyboard.press("Control+.")
    expect(stop).to_be_hidden(timeout=WAIT_MS)
    expect(notebook.output(1)).to_contain_text("Stopped by you", timeout=WAIT_MS)


def test_a_run_is_stepped_by_key(lab: Lab, page: Page, name: str, server: Server) -> None:
    control.order(server, call("print('one')"), say("Done."))
    notebook = opened(lab, page, name, LOAD, "%%kimi --step\ngo")
    notebook.run(0, 1)
    output = notebook.output(1)
    expect(output).to_contain_text("Paused before request 1", timeout=WAIT_MS)
    page.wait_for_function("window.jupyterapp.commands.isEnabled('nbagent:step')")
    select(notebook, 0)
    page.keyboard.press("F8")
    expect(output).to_contain_text("Paused after reply 1", timeout=WAIT_MS)
    page.wait_for_function("window.jupyterapp.commands.isEnabled('nbagent:continue')")
    page.keyboard.press("Shift+F8")
    notebook.wait_done(1)
    expect(output).to_contain_text("Done.")


@BOTH
def test_a_question_is_found_but_not_answered_by_key(
    lab: Lab, page: Page, name: str, server: Server, front_end: str
) -> None:
    control.order(server, call("print('one')"), say("Done."))
    notebook = opened(
        lab, page, name, LOAD, "%%kimi --ask always\ngo", *["x"] * 20, front_end=front_end
    )
    notebook.run(0, 1)
    question = notebook.output(1).get_by_role("group", name="Run this?")
    expect(question).to_be_visible(timeout=WAIT_MS)
    page.wait_for_function("window.jupyterapp.commands.isEnabled('nbagent:approve')")
    select(notebook, 21)
    page.keyboard.press("Control+Shift+O")
    expect(question).to_be_focused()
    expect(question).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Shift+O")
    expect(question).to_be_visible()
    expect(question).to_be_focused()
    page.keyboard.press("a")
    sending = notebook.output(1).get_by_role("group", name="Send this result to the model?")
    expect(sending).to_be_visible(timeout=WAIT_MS)
    sending.get_by_role("button", name="Send").click()
    notebook.wait_done(1)


def test_errors_are_gone_through_from_cell_to_cell(
    lab: Lab, page: Page, name: str, server: Server
) -> None:
    control.order(server, call("1/0"), call("oops"), say("Two mistakes."))
    notebook = opened(lab, page, name, LOAD, "%%kimi --ask never\ngo", "2", FAILS)
    notebook.run(0, 1, 3)
    notebook.wait_done(3)
    select(notebook, 0)
    for place in [(1, "ZeroDivision"), (1, "NameError"), (3, ""), (1, "ZeroDivision")]:
        page.keyboard.press("e")
        page.wait_for_function(f"([at, error]) => {STANDS_AT}", arg=place)
        page.keyboard.press("Escape")  # out of the trace, whose own key is the same


def is_settings(method: str) -> Callable[[Response], bool]:
    """What saves our settings, or reads them again, as JupyterLab does once they are saved."""
    return lambda response: (
        response.request.method == method and "/api/settings/nbagent" in response.url
    )


def test_a_setting_holds_for_the_next_run(lab: Lab, page: Page, name: str, server: Server) -> None:
    notebook = opened(lab, page, name, LOAD, "%%kimi --new\nlesson long 6")
    page.evaluate("window.jupyterapp.commands.execute('nbagent:settings')")
    field = page.get_by_role("group", name="Kimi").get_by_role("spinbutton").first
    expect(field).to_be_visible(timeout=WAIT_MS)
    with page.expect_response(is_settings("GET")), page.expect_response(is_settings("PUT")):
        field.fill("2")
        field.press("Tab")
    notebook.screenshot("settings")
    page.locator(".lm-TabBar-tab").get_by_text(notebook.path.name).click()
    try:
        notebook.run(0, 1)
        notebook.output(1).get_by_role("button", name="Stop here").click(timeout=WAIT_MS)
        expect(notebook.output(1)).to_contain_text("limit reached after 2 steps", timeout=WAIT_MS)
    finally:
        page.evaluate(FORGET)


def test_the_palette_has_every_command(lab: Lab, page: Page, name: str) -> None:
    opened(lab, page, name, "1")
    page.keyboard.press("Control+Shift+C")
    page.locator(".lm-CommandPalette-input").fill("Kimi")
    items = page.locator(".lm-CommandPalette-item")
    for label in (
        "Ask Kimi with This Cell",
        "Explain with Kimi",
        "Show Kimi Runs",
        "Kimi Settings",
    ):
        expect(items.get_by_text(label)).to_be_visible()
    expect(items.get_by_text("Fix with Kimi")).to_have_count(0)
