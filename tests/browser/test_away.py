"""While you are away: what nobody looks at is told once, and no longer when somebody has looked."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from nbagent.clock import SystemClock
from nbagent.lessons import control
from nbagent.lessons.process import Server
from tests.browser.lab import WAIT_MS, Lab, Notebook
from tests.browser.test_survives import hurry

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.long]

LOAD = "%load_ext nbagent\n%kimi use lesson"
NEEDS = re.compile("^◆ Kimi needs you · ")
ANSWERED = re.compile("^✓ Kimi has answered · ")
PLAIN = re.compile("^(?![◆✓✕])")
_SET = """() => {
  Object.defineProperty(document, 'hidden', {value: HIDDEN, configurable: true});
  Object.defineProperty(document, 'visibilityState',
    {value: HIDDEN ? 'hidden' : 'visible', configurable: true});
  document.dispatchEvent(new Event('visibilitychange'));
}"""
HIDE, COME_BACK = (_SET.replace("HIDDEN", hidden) for hidden in ("true", "false"))
"""As a browser does when another tab comes to the front; a headless one shows every page."""
COUNT = """() => {
  window.noticed = new Set();
  const look = () => document.querySelectorAll('.Toastify__toast')
    .forEach(({id}) => window.noticed.add(id));
  new MutationObserver(look).observe(document, {childList: true, subtree: true});
}"""
"""Counts the notifications that a page has ever shown."""
SYSTEM = """() => {
  window.told = [];
  window.Notification = class {
    static permission = 'default';
    static requestPermission() { this.permission = 'granted'; return Promise.resolve('granted'); }
    constructor(title, options) { window.told.push(`${title}: ${options.body}`); }
    close() { window.told.push('closed'); }
  };
}"""
"""The operating system's notifications, which no headless browser has."""
SETTING = """value => window.jupyterapp.serviceManager.settings.save('nbagent:plugin', value)"""


def say(text: str) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "I know.", "content": text}


def call(code: str) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "I try.", "calls": [["run_python", {"code": code}]]}


def held(lab: Lab, name: str) -> tuple[dict[str, Any], Callable[[], None]]:
    """A call that goes on until it is let go, and what does that."""
    flag = lab.root / f"{name}.go"
    waits = f"while not pathlib.Path({str(flag)!r}).exists():\n    time.sleep(0.05)"
    return call(f"import pathlib, time\n{waits}"), flag.touch


def opened(lab: Lab, page: Page, name: str, *cells: str, elsewhere: bool = False) -> Notebook:
    """A notebook, and beside it, if asked for, another one that can come to the front."""
    notebook = Notebook.in_lab(page, lab, lab.write(name, *cells)).wait_for_kernel()
    page.wait_for_function("window.jupyterapp.commands.hasCommand('nbagent:run')")
    if elsewhere:
        other = lab.write(f"{name}-other", "1")
        page.evaluate(
            "path => window.jupyterapp.commands.execute('docmanager:open', {path})", other.name
        )
        show(page, other.name)
        show(page, notebook.path.name)
    return notebook


def show(page: Page, name: str) -> None:
    """Bring a notebook of the page to the front."""
    tab = page.locator(".lm-DockPanel .lm-TabBar-tab").filter(
        has=page.get_by_text(name, exact=True)
    )
    tab.click()
    expect(tab).to_have_class(re.compile("lm-mod-current"))


def notices(page: Page) -> Locator:
    return page.locator(".Toastify__toast")


def wait_for_notice(*pages: Page) -> None:
    """Wait until one of the pages shows a notification; nobody knows beforehand which."""
    clock = SystemClock()
    deadline = clock.now() + WAIT_MS / 1000
    while clock.now() < deadline:
        if any(notices(page).count() for page in pages):
            return
        clock.sleep(0.05)
    raise AssertionError("no page has told it")


def test_a_question_that_nobody_sees_is_told_once_until_it_is_answered(
    lab: Lab, page: Page, name: str, server: Server
) -> None:
    waits, let_go = held(lab, name)
    control.order(server, waits, call("print('two')"), say("Done."))
    notebook = opened(lab, page, name, LOAD, "%%kimi --ask always\ngo", elsewhere=True)
    notebook.run(0, 1)
    show(page, f"{name}-other.ipynb")
    expect(page).to_have_title(NEEDS, timeout=WAIT_MS)
    expect(notices(page)).to_have_count(1, timeout=WAIT_MS)
    expect(notices(page)).to_contain_text(f"Kimi needs you in {name}.ipynb: call run_python?")
    notebook.screenshot("away-question")
    notebook.theme("JupyterLab Dark")
    notebook.screenshot("away-question-dark")
    notebook.theme("JupyterLab Light")
    notices(page).get_by_role("button", name="Go to the decision").click()
    question = notebook.output(1).get_by_role("group", name="Run this?")
    expect(question).to_be_focused(timeout=WAIT_MS)
    expect(page).to_have_title(PLAIN)
    expect(notices(page)).to_have_count(0)
    question.get_by_role("button", name="Approve").click()
    show(page, f"{name}-other.ipynb")
    let_go()  # it asks whether the result may leave
    expect(notices(page)).to_have_count(1, timeout=WAIT_MS)
    expect(page).to_have_title(NEEDS)
    show(page, notebook.path.name)
    expect(notices(page)).to_have_count(0, timeout=WAIT_MS)
    expect(page).to_have_title(PLAIN)


def test_an_end_that_nobody_saw_is_told_until_somebody_looks(
    lab: Lab, page: Page, name: str, lessons: Server
) -> None:
    notebook = opened(lab, page, name, LOAD, "%%kimi\nlesson long 40", elsewhere=True)
    notebook.run(0, 1)
    expect(notebook.output(1)).to_contain_text("Stop", timeout=WAIT_MS)
    show(page, f"{name}-other.ipynb")
    hurry(lessons)
    expect(page).to_have_title(ANSWERED, timeout=WAIT_MS)
    expect(notices(page)).to_have_count(1, timeout=WAIT_MS)
    expect(notices(page)).to_contain_text(f"Kimi has answered in {name}.ipynb: lesson long 40")
    notebook.screenshot("away-end")
    notices(page).get_by_role("button", name="Open").click()
    expect(notebook.output(1)).to_be_visible()
    expect(notices(page)).to_have_count(0)
    expect(page).to_have_title(PLAIN)


def test_what_is_looked_at_is_not_told(lab: Lab, page: Page, name: str, server: Server) -> None:
    """The control: the same run, in sight."""
    control.order(server, call("print('one')"), say("Done."))
    notebook = opened(lab, page, name, LOAD, "%%kimi --ask always\ngo")
    notebook.run(0, 1)
    output = notebook.output(1)
    output.get_by_role("button", name="Approve").click(timeout=WAIT_MS)
    output.get_by_role("group").get_by_role("button", name="Send").first.click(timeout=WAIT_MS)
    notebook.wait_done(1)
    expect(page).to_have_title(PLAIN)
    expect(notices(page)).to_have_count(0)


def test_of_two_pages_one_tells_and_an_answer_anywhere_ends_it(
    lab: Lab, page: Page, name: str, server: Server
) -> None:
    control.order(server, call("prices.append(3)"), say("Done."))
    page.context.add_init_script(f"({COUNT})()")
    notebook = opened(lab, page, name, LOAD, "prices = [1]", "%%kimi\ngo")
    notebook.save()
    other = page.context.new_page()
    Notebook.in_lab(other, lab, notebook.path, reset=False).wait_for_kernel()
    other.wait_for_function("window.jupyterapp.commands.hasCommand('nbagent:run')")
    pages = (page, other)
    for each in pages:
        each.evaluate(HIDE)
    notebook.run(0, 1, 2)
    for each in pages:
        expect(each).to_have_title(NEEDS, timeout=WAIT_MS)
    wait_for_notice(*pages)
    notebook.output(2).get_by_role("button", name="Approve").dispatch_event("click")
    for each in pages:
        expect(each).to_have_title(ANSWERED, timeout=WAIT_MS)
        expect(notices(each).get_by_text("Kimi needs you")).to_have_count(0)
    wait_for_notice(*pages)
    other.evaluate(COME_BACK)
    for each in pages:
        expect(each).to_have_title(PLAIN, timeout=WAIT_MS)
        expect(notices(each)).to_have_count(0, timeout=WAIT_MS)
    told = [each.evaluate("window.noticed.size") for each in pages]
    assert sum(told) == 2, "the question once, and the end once"


def test_the_systems_notification_needs_a_switch_and_a_click(
    lab: Lab, page: Page, name: str, server: Server
) -> None:
    control.order(server, call("print('one')"), say("Done."))
    page.add_init_script(f"({SYSTEM})()")
    notebook = opened(lab, page, name, LOAD, "%%kimi --ask always\ngo")
    assert page.evaluate("Notification.permission") == "default"
    page.evaluate("window.jupyterapp.commands.execute('nbagent:settings')")
    switch = page.get_by_role("checkbox", name="Notify outside of the browser too")
    switch.check(timeout=WAIT_MS)
    allow = notices(page).get_by_role("button", name="Ask the browser")
    expect(allow).to_be_visible(timeout=WAIT_MS)
    assert page.evaluate("Notification.permission") == "default", "asked by a click only"
    allow.click()
    assert page.evaluate("Notification.permission") == "granted"
    show(page, notebook.path.name)
    try:
        page.evaluate(HIDE)
        notebook.run(0, 1)
        page.wait_for_function("window.told.length === 1", timeout=WAIT_MS)
        told = page.evaluate("window.told")
        assert told == [f"Kimi: Kimi needs you in {name}.ipynb: call run_python?"]
        page.evaluate(COME_BACK)
        page.wait_for_function("window.told.at(-1) === 'closed'", timeout=WAIT_MS)
    finally:
        page.evaluate(SETTING, "{}")
