"""While you are away: what nobody looks at is told once, and no longer when somebody has looked."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from nbagent.lessons import control
from nbagent.lessons.process import Server
from tests.browser.lab import WAIT_MS, Lab, Notebook

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.long]

LOAD = "%load_ext nbagent\n%kimi use lesson"
NEEDS = re.compile("^◆ Kimi needs you · ")
ANSWERED = re.compile("^✓ Kimi has answered · ")
PLAIN = re.compile("^(?![◆✓✕])")
HIDE = """isHidden => {
  Object.defineProperty(document, 'hidden', {value: isHidden, configurable: true});
  Object.defineProperty(document, 'visibilityState',
    {value: isHidden ? 'hidden' : 'visible', configurable: true});
  document.dispatchEvent(new Event('visibilitychange'));
}"""
"""As a browser does when another tab comes to the front; a headless one shows every page."""
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


def test_a_question_that_nobody_sees_is_told_once_until_it_is_answered(
    lab: Lab, page: Page, name: str, server: Server
) -> None:
    control.order(server, call("print('one')"), call("print('two')"), say("Done."))
    notebook = opened(lab, page, name, LOAD, "%%kimi --ask always\ngo", elsewhere=True)
    notebook.run(0, 1)
    show(page, f"{name}-other.ipynb")
    expect(page).to_have_title(NEEDS, timeout=WAIT_MS)
    expect(notices(page)).to_have_count(1, timeout=WAIT_MS)
    expect(notices(page)).to_contain_text(f"Kimi needs you in {name}.ipynb: Run this?")
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
    show(page, f"{name}-other.ipynb")  # it asks whether the result may leave
    expect(notices(page)).to_have_count(1, timeout=WAIT_MS)
    page.evaluate(
        """() => {
        const kernel = [...window.jupyterapp.shell.widgets('main')]
          .find(w => w.title.label.startsWith('test-a-question') && !w.title.label.includes('other'))
          .sessionContext.session.kernel;
        return kernel.requestExecute({code: '1'});
    }"""
    )
    expect(page).to_have_title(NEEDS)
    show(page, notebook.path.name)
    expect(notices(page)).to_have_count(0, timeout=WAIT_MS)
    expect(page).to_have_title(PLAIN)


def test_an_end_that_nobody_saw_is_told_until_somebody_looks(
    lab: Lab, page: Page, name: str, lessons: Server
) -> None:
    notebook = opened(lab, page, name, LOAD, "%%kimi\nlesson long 3", elsewhere=True)
    notebook.run(0, 1)
    expect(notebook.output(1)).to_contain_text("Stop", timeout=WAIT_MS)
    show(page, f"{name}-other.ipynb")
    expect(page).to_have_title(ANSWERED, timeout=WAIT_MS)
    expect(notices(page)).to_have_count(1, timeout=WAIT_MS)
    expect(notices(page)).to_contain_text(f"Kimi has answered in {name}.ipynb: lesson long 3")
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
    page.wait_for_function("!window.jupyterapp.shell.currentWidget.content.isDisposed")
    expect(page).to_have_title(PLAIN)
    expect(notices(page)).to_have_count(0)


def test_of_two_pages_one_tells_and_an_answer_anywhere_ends_it(
    lab: Lab, page: Page, name: str, server: Server
) -> None:
    control.order(server, call("print('one')"), say("Done."))
    notebook = opened(lab, page, name, LOAD, "%%kimi --ask always\ngo")
    notebook.save()
    other = page.context.new_page()
    second = Notebook.in_lab(other, lab, notebook.path, reset=False).wait_for_kernel()
    other.wait_for_function("window.jupyterapp.commands.hasCommand('nbagent:run')")
    for each in (page, other):
        each.evaluate(HIDE, True)
    notebook.run(0, 1)
    for each in (page, other):
        expect(each).to_have_title(NEEDS, timeout=WAIT_MS)
    page.wait_for_function("document.querySelectorAll('.Toastify__toast').length >= 0")
    shown = [notices(each) for each in (page, other)]
    expect(shown[0].or_(shown[0])).to_have_count(
        1 - shown[1].count() if shown[1].count() else shown[0].count()
    )
    n_told = sum(each.count() for each in shown)
    assert n_told == 1
    approve = notebook.output(1).get_by_role("button", name="Approve")
    approve.dispatch_event("click")
    sending = notebook.output(1).get_by_role("group", name="Send this result to the model?")
    expect(sending).to_be_attached(timeout=WAIT_MS)
    other.evaluate(HIDE, False)
    for each in (page, other):
        expect(each).to_have_title(PLAIN, timeout=WAIT_MS)
        expect(notices(each)).to_have_count(0, timeout=WAIT_MS)
    assert second.path == notebook.path


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
        page.evaluate(HIDE, True)
        notebook.run(0, 1)
        page.wait_for_function("window.told.length === 1", timeout=WAIT_MS)
        told = page.evaluate("window.told")
        assert told == [f"Kimi: Kimi needs you in {name}.ipynb: Run this?"]
        page.evaluate(HIDE, False)
        page.wait_for_function("window.told.at(-1) === 'closed'", timeout=WAIT_MS)
    finally:
        page.evaluate(SETTING, "{}")
