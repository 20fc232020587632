"""The step view for everyone: by axe-core, in both themes, by keyboard, with a finger, narrow.

It stands in a page of its own, with the kernel's side written by hand, in the states of which
`tests/trace/render_step.py` takes pictures.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.test_live_access import OVER, SMALL, judged
from tests.browser.view_page import ViewPage

from render_step import STATES  # isort: skip # view_page has shown the way to it
from render_view import bundled  # isort: skip # as above

pytestmark = pytest.mark.browser

HOST = (
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">'
    "<title>Steps</title><style>body{margin:0;padding:12px;font:13px system-ui,'DejaVu Sans'}"
    "</style><main><h1 tabindex=-1>A notebook</h1></main>"
)
STOPS = """[...window.shown.querySelectorAll('.sv :is(button,input,select,textarea,[tabindex])')]
.filter(node => node.tabIndex >= 0 && !node.disabled && !node.closest('[inert]'))
.filter(node => node.getClientRects().length && (node.type !== 'radio' || isStop(node)))"""
LEFT_OUT = f"""() => {{
  const isStop = radio => {{
    const all = [...radio.closest('fieldset,[role=dialog]').querySelectorAll('[type=radio]')];
    return radio === (all.find(each => each.checked) ?? all[0]);
  }};
  return {STOPS}.filter(node => !window.reached.has(node))
    .map(node => node.ariaLabel || node.textContent || node.className);
}}"""
NOTE = "window.reached.add(window.shown.activeElement)"
QUICK = ("before_request", "forking")
EACH = [pytest.param(state, marks=[] if state in QUICK else pytest.mark.long) for state in STATES]


@cache
def script() -> str:
    return bundled("scripts/step_page.ts")


def show(page: Page, state: str) -> ViewPage:
    at, act = STATES[state]
    page.set_content(HOST)
    page.add_script_tag(content=script())
    page.evaluate(f"window.shown = nbagent.show({at}).host.shadowRoot")
    if at != "null":
        expect(page.get_by_role("region", name="Step view")).to_contain_text("Paused")
    act(page)
    return ViewPage(page)


@pytest.mark.parametrize("state", EACH)
def test_axe_finds_nothing_serious(page: Page, state: str) -> None:
    view = show(page, state)
    for theme in ("light", "dark"):
        view.theme(theme)
        assert judged(view) == [], theme


@pytest.mark.parametrize("state", EACH)
def test_targets_are_large_enough(page: Page, state: str) -> None:
    show(page, state)
    assert page.evaluate(SMALL) == []
    page.evaluate("window.shown.querySelector('.ctl button').style = 'height:20px;min-height:0'")
    assert len(page.evaluate(SMALL)) == 1, "the control: a small one would be found"


def tabbed(page: Page) -> list[Any]:
    """What Tab never comes to in the step view, going once around the page."""
    page.evaluate("window.reached = new Set(); document.querySelector('h1').focus()")
    for _ in range(int(page.evaluate("window.shown.querySelectorAll('*').length / 4"))):
        page.keyboard.press("Tab")
        page.evaluate(NOTE)
        if page.evaluate("document.activeElement === document.body"):
            break
    left_out: list[Any] = page.evaluate(LEFT_OUT)
    return left_out


@pytest.mark.parametrize("state", EACH)
def test_tab_comes_to_everything(page: Page, state: str) -> None:
    """A dialog, too; then to nothing beside it in the step view."""
    show(page, state)
    assert tabbed(page) == []
    if page.get_by_role("dialog").count():
        outside = "[...window.reached].filter(n => n?.closest('.sv') && !n.closest('.sheet'))"
        assert page.evaluate(f"{outside}.length") == 0


def test_what_tab_leaves_out_is_seen(page: Page) -> None:
    """The positive control: a button that gives the focus to the next one."""
    show(page, "before_request")
    page.evaluate(
        """const node = window.shown.querySelector('.ctl button');
        node.addEventListener('focus', () => node.nextElementSibling.focus());"""
    )
    assert tabbed(page) == ["Back←"]


@pytest.mark.parametrize("width", [320, 590])
def test_the_page_never_scrolls_sideways(browser: Browser, width: int) -> None:
    size: ViewportSize = {"width": width, "height": 500}
    page = browser.new_page(viewport=size)
    for state in STATES:
        show(page, state)
        assert page.evaluate(OVER) <= 0, state
    page.close()
