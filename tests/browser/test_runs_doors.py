"""The other doors of the runs panel: status bar, commands, budget, paging, an input method."""

from __future__ import annotations

import json
import math
import re
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, Route, expect

from nbagent.clock import SystemClock
from nbagent.lessons import control
from nbagent.lessons.process import Server
from tests.browser.lab import WAIT_MS, Lab, Notebook
from tests.browser.runs_page import API, Panel, made_up, row, tell
from tests.browser.test_away import LOAD, held, notices, show
from tests.browser.test_away import opened as opened_beside
from tests.browser.test_composing import KEYS, composing, press
from tests.browser.test_control import call, opened, question, say
from tests.browser.test_live_access import AXE, SERIOUS
from tests.browser.test_step import Stepper
from tests.browser.test_survives import hurry

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.long]

THEMES = pytest.mark.parametrize("theme", ["Light", "Dark"])
STATUS_BAR = """() => [...document.querySelectorAll('#jp-main-statusbar .jp-StatusBar-Item')]
    .filter(item => item.offsetParent && !item.classList.contains('lm-mod-hidden'))
    .map(item => item.shadowRoot?.querySelector('.sbi') ?? item)
    .map(item => item.getBoundingClientRect())
    .map(box => [box.left, box.right])
    .filter(([left, right]) => right > left)
    .sort(([a], [b]) => a - b)"""
LABS_OWN = re.compile(r"^aria-allowed-attr: <jp-button .*aria-pressed", re.DOTALL)
"""Every button in a toolbar of JupyterLab 4.6 says whether it is pressed; ours are its own."""
BUDGET = "v => window.jupyterapp.serviceManager.settings.save('nbagent:plugin', v)"
TURNS = """() => document.querySelector('.nbagent-status').shadowRoot
    .querySelector('.spin') !== null"""
ENTERS = """field => field.dispatchEvent(new KeyboardEvent('keydown',
    {key: 'Enter', isComposing: true, bubbles: true, composed: true, cancelable: true}))"""
RISKY = "prices.append(3)"


def overlaps(page: Page) -> list[tuple[float, float]]:
    """Where an item of the status bar begins before the one at its left ends."""
    boxes = page.evaluate(STATUS_BAR)
    assert len(boxes) > 3, boxes
    return [(left[1], right[0]) for left, right in pairwise(boxes) if right[0] < left[1] - 1]


@THEMES
def test_the_status_item_leaves_the_others_their_place(lab: Lab, page: Page, theme: str) -> None:
    tell(page, made_up(SystemClock().wall()))
    page.unroute("**/api/sessions?*")
    notebook = Notebook.in_lab(page, lab, lab.write("penguins", "1")).wait_for_kernel()
    notebook.theme(f"JupyterLab {theme}")
    panel = Panel(page).show()
    expect(panel.status).to_contain_text("1 needs you", timeout=WAIT_MS)
    for width in (1180, 800):
        page.set_viewport_size({"width": width, "height": 700})
        expect(panel.status).to_be_visible()
        panel.screenshot(f"status.{width}.{theme.lower()}")
        assert overlaps(page) == [], width
        sign = panel.status.locator("svg").bounding_box()
        whole = panel.node.page.locator(".nbagent-status").bounding_box()
        assert sign is not None
        assert whole is not None
        assert sign["x"] + sign["width"] <= whole["x"] + whole["width"], width
    notebook.theme("JupyterLab Light")


def test_the_status_item_rests_when_the_run_has_ended(
    lab: Lab, page: Page, lessons: Server, name: str
) -> None:
    """To one who looks elsewhere it says that the answer is ready, and turns no more."""
    notebook = opened_beside(lab, page, name, LOAD, "%%kimi\nlesson long 40", elsewhere=True)
    panel = Panel(page).ready()
    notebook.run(0, 1)
    expect(panel.status).to_contain_text("step", timeout=WAIT_MS)
    assert page.evaluate(TURNS) is True, "the control"
    panel.screenshot("status.running")
    show(page, f"{name}-other.ipynb")
    hurry(lessons)
    expect(panel.status).to_contain_text("Answer ready", timeout=WAIT_MS)
    assert page.evaluate(TURNS) is False
    panel.screenshot("status.answer")
    panel.status.click()
    expect(panel.tab).to_contain_text("Lesson server", timeout=WAIT_MS)
    expect(panel.status).to_be_hidden()


@pytest.mark.parametrize("door", ["row", "status"])
def test_decide_puts_the_focus_on_the_question(
    lab: Lab, page: Page, server: Server, name: str, door: str
) -> None:
    control.order(server, call(RISKY), say("Added."))
    notebook = opened(lab, page, name, "prices = [1]", f"%%kimi\ngo {name}")
    notebook.run(0, 1, 2)
    panel = Panel(page).show()
    line = panel.row(f"go {name}")
    expect(line).to_contain_text("change your variables?", timeout=WAIT_MS)
    expect(panel.status).to_contain_text("1 needs you", timeout=WAIT_MS)
    if door == "row":
        line.get_by_role("button", name="Decide", exact=True).click()
    else:
        panel.status.click()
    asked = question(panel.tab, "Run this? It changes your variables.")
    expect(asked).to_be_focused(timeout=WAIT_MS)
    expect(asked).to_be_in_viewport()
    panel.screenshot(f"runs.decide.{door}")
    page.keyboard.press("a")
    expect(panel.tab).to_contain_text("Added.", timeout=WAIT_MS)


@THEMES
def test_a_budget_of_a_day_has_a_gauge(lab: Lab, page: Page, theme: str) -> None:
    tell(page, made_up(SystemClock().wall()))
    page.goto(f"{lab.url}lab?token=test&reset")
    panel = Panel(page).show()
    foot = panel.node.locator(".pf2")
    expect(foot).to_contain_text("today", timeout=WAIT_MS)
    gauge = foot.get_by_role("img")
    expect(gauge).to_be_hidden()
    page.evaluate(BUDGET, json.dumps({"day_usd": 5}))
    try:
        page.reload()
        panel.show()
        Notebook(page, Path()).theme(f"JupyterLab {theme}")
        expect(gauge).to_have_attribute("aria-label", "40 % of your budget of a day")
        expect(foot).to_contain_text("of $5.00")
        panel.screenshot(f"runs.budget.{theme.lower()}")
        boxes = foot.locator("> span").evaluate_all(
            "all => all.filter(n => n.offsetParent).map(n => [n.scrollWidth, n.clientWidth])"
        )
        assert [box for box in boxes if box[0] > box[1] + 1] == [], "nothing is cut"
    finally:
        page.evaluate(BUDGET, "{}")
        Notebook(page, Path()).theme("JupyterLab Light")


def test_show_more_reads_the_next_page(lab: Lab, page: Page) -> None:
    now = SystemClock().wall()
    day = 86_400
    pages = [
        [row(f"a{i}", title=f"Old {i}", wall=now - 9 * day - i) for i in range(20)],
        [row(f"b{i}", title=f"Older {i}", wall=now - 99 * day - i) for i in range(3)],
    ]
    asked: list[str] = []

    def answer(route: Route, request: Request) -> None:
        asked.append(request.url)
        n = 1 if "before=" in request.url else 0
        journal = {"here": True, "note": ""}
        rows = {"runs": pages[n], "next": None if n else "a19", "journal": journal}
        route.fulfill(status=200, content_type="application/json", body=json.dumps(rows))

    tell(page, [])
    page.route(API, answer)
    page.goto(f"{lab.url}lab?token=test&reset")
    panel = Panel(page).show()
    expect(page.locator(".jp-Launcher")).to_be_visible(timeout=WAIT_MS)  # it takes the focus
    panel.group("Earlier").click(timeout=WAIT_MS)
    expect(panel.row("Old 0")).to_be_visible()
    assert not any("before=" in url for url in asked), "nothing is read before it is asked for"
    more = panel.node.get_by_role("button", name="Show more")
    more.scroll_into_view_if_needed()
    panel.screenshot("runs.more")
    more.click()
    expect(panel.group("Earlier")).to_contain_text("23", timeout=WAIT_MS)
    expect(more).to_have_count(0)
    page.keyboard.press("End")
    expect(panel.row("Older 2")).to_be_visible()
    assert [url for url in asked if "before=a19" in url], asked


def test_the_panel_is_shown_and_hidden_by_one_command(lab: Lab, page: Page) -> None:
    tell(page, made_up(SystemClock().wall()))
    page.goto(f"{lab.url}lab?token=test&reset")
    panel = Panel(page).ready()
    expect(page.locator(".jp-Launcher")).to_be_visible(timeout=WAIT_MS)
    expect(panel.node).to_be_hidden()
    page.keyboard.press("Control+Shift+Y")
    expect(panel.node).to_be_visible()
    panel.row("Which columns").locator(".rb").click(timeout=WAIT_MS)
    page.keyboard.press("Control+Shift+Y")  # also from within
    expect(panel.node).to_be_hidden()
    menu = page.locator(".lm-Menu:visible")
    page.locator(".lm-MenuBar-item").get_by_text("Run", exact=True).click()
    menu.get_by_text("Kimi", exact=True).click()
    menu.get_by_text("Show Kimi Runs").click()
    expect(panel.node).to_be_visible()
    assert not page.evaluate("() => window.jupyterapp.commands.hasCommand('nbagent:runs-show')")


def test_the_last_run_is_resumed_by_command(
    lab: Lab, page: Page, lessons: Server, name: str
) -> None:
    notebook = opened(lab, page, name, "%%kimi\nlesson long 30")
    page.wait_for_function("window.jupyterapp.commands.hasCommand('nbagent:resume')")
    can = "window.jupyterapp.commands.isEnabled('nbagent:resume')"
    assert page.evaluate(can) is False
    notebook.run(0, 1)
    panel = Panel(page)
    expect(panel.status).to_contain_text(re.compile("step [2-9]"), timeout=WAIT_MS)
    page.evaluate("() => void window.jupyterapp.commands.execute('nbagent:stop')")
    expect(notebook.output(1)).to_contain_text("Stopped by you", timeout=WAIT_MS)
    page.wait_for_function(can, timeout=WAIT_MS)
    control.set_pace(lessons, math.inf)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Shift+C")
    page.locator(".lm-CommandPalette-input").fill("Resume the Last Kimi")
    chosen = page.locator(".lm-CommandPalette-item.lm-mod-active")
    expect(chosen).to_contain_text("Resume the Last Kimi")
    page.keyboard.press("Enter")
    expect(notebook.cell(2)).to_contain_text("%kimi resume run-", timeout=WAIT_MS)
    notebook.wait_done(2)
    expect(notebook.output(2)).to_contain_text("The sum of 1 to 30 is 465", timeout=WAIT_MS)
    notebook.screenshot("resume-command")


def test_an_input_method_asks_the_server_nothing(lab: Lab, page: Page) -> None:
    """What is composed filters what is here; the server is asked for the word that was taken."""
    rows = [*made_up(SystemClock().wall()), row("zh", title="企鹅的体重")]
    tell(page, rows)
    page.goto(f"{lab.url}lab?token=test&reset")
    expect(page.locator(".jp-Launcher")).to_be_visible(timeout=WAIT_MS)
    panel = Panel(page).show()
    expect(panel.row("Which columns")).to_be_visible(timeout=WAIT_MS)
    page.evaluate(KEYS)
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "search=" in r.url else None)
    panel.node.get_by_role("button", name="Search runs").click()
    field = panel.node.get_by_role("searchbox")
    with composing(page, "企鹅"):
        press(page, "Enter")
        expect(panel.row("企鹅的体重")).to_be_visible()
        panel.screenshot("runs.composing")
        assert asked == []
        press(page, "Escape")
        expect(field).to_be_focused()
    expect(field).to_have_value("企鹅")
    expect(panel.node.locator(".rn2")).to_have_count(1)
    page.wait_for_function(
        "() => performance.getEntriesByType('resource').some(e => e.name.includes('search='))"
    )
    assert all("%E4%BC%81%E9%B9%85" in url for url in asked), asked
    page.keyboard.press("Escape")
    expect(field).to_be_hidden()  # the control


def test_an_input_method_goes_to_no_match(lab: Lab, page: Page, server: Server, name: str) -> None:
    control.order(server, call("print('企鹅')"), call("print('企鹅 企鹅')"), say("企鹅。"))
    notebook = opened(lab, page, name, "%%kimi --ask never\ngo")
    page.evaluate(KEYS)
    notebook.run(0, 1)
    notebook.wait_done(1)
    output = notebook.output(1)
    expect(output.get_by_role("button", name="All code as cells")).to_be_visible()
    output.get_by_role("button", name="Find in this trace").click()
    field = output.get_by_role("searchbox")
    matched = output.get_by_role("search").get_by_text("3 steps", exact=True)
    at = output.get_by_text("1 of 3", exact=True)
    with composing(page, "企鹅"):
        press(page, "Enter")
        expect(matched).to_be_visible()
        expect(at).to_have_count(0)
        press(page, "Escape")
        expect(field).to_be_visible()
    expect(field).to_have_value("企鹅")
    page.keyboard.press("Enter")
    expect(at).to_be_visible()  # the control
    notebook.screenshot("composing-find")


def test_an_input_method_forks_nothing(lab: Lab, page: Page, server: Server, name: str) -> None:
    """The dialog has no text of its own; an Enter that ends a composition may still come to it."""
    control.order(server, call("print('one')"), say("Done."), say("Forked."))
    notebook = opened(lab, page, name, "%%kimi --step\ngo")
    notebook.run(0, 1)
    stepper = Stepper(notebook.output(1), page)
    stepper.at("Paused before request 1")
    stepper.focus("Step")
    stepper.step("Paused after reply 1")
    stepper.step("Paused before run_python")
    stepper.step("Paused after run_python")
    stepper.step("Paused before request 2")
    stepper.press("ArrowLeft")
    stepper.at("Looking back at move 4 of 5.")
    stepper.press("e")
    page.evaluate(KEYS)
    dialog = stepper.view.get_by_role("dialog")
    with composing(page, "企鹅"):
        press(page, "Control+Enter")
        expect(dialog).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(dialog).to_be_visible()
    dialog.get_by_role("radio").first.evaluate(ENTERS)
    notebook.screenshot("composing-fork")
    expect(dialog).to_be_visible()
    stepper.fork()  # the control


@THEMES
def test_axe_finds_nothing_in_buttons_and_notifications(
    lab: Lab, page: Page, server: Server, name: str, theme: str
) -> None:
    waits, let_go = held(lab, name)
    control.order(server, waits, say("Done."))
    cells = (LOAD, "1/0", "%%kimi --ask always\ngo")
    notebook = opened_beside(lab, page, name, *cells, elsewhere=True)
    notebook.theme(f"JupyterLab {theme}")
    notebook.run(0, 1)
    notebook.wait_done(1)
    notebook.run(2)
    asked = question(notebook.output(2), "Run this?")
    notebook.cell(1).locator(".jp-InputPrompt").click()
    expect(notebook.cell(1).get_by_role("button", name="Fix with Kimi")).to_be_visible()
    expect(page.get_by_role("button", name="Stop Kimi")).to_be_visible()
    page.add_script_tag(path=AXE)
    try:
        assert found_in(page, ".nbagent-fix", ".nbagent-stop", ".nbagent-status") == []
        notebook.screenshot(f"axe.buttons.{theme.lower()}")
        asked.get_by_role("button", name="Approve").click()
        show(page, f"{name}-other.ipynb")
        let_go()
        expect(notices(page)).to_have_count(1, timeout=WAIT_MS)
        assert found_in(page, ".Toastify__toast") == []
        notebook.screenshot(f"axe.notification.{theme.lower()}")
    finally:
        notebook.theme("JupyterLab Light")
    page.evaluate(
        """() => {
          const item = document.querySelector('.nbagent-status').shadowRoot.querySelector('.sbi');
          item.replaceChildren();
          item.removeAttribute('aria-label');
          item.removeAttribute('title');
        }"""
    )
    assert found_in(page, ".nbagent-status"), "the control: a button without a name is found"


def found_in(page: Page, *places: str) -> list[str]:
    """What axe finds in parts of the page."""
    within = SERIOUS.replace("axe.run(document,", f"axe.run({json.dumps(list(places))},")
    assert within != SERIOUS
    found: list[str] = page.evaluate(within)
    return [words for words in found if not LABS_OWN.search(words)]
