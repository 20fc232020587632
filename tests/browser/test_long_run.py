"""A run of thousands of steps in the view: overview, filters, keys, old steps from the kernel."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from nbagent.events import to_dict
from nbagent.trace import TRACE_MIME, mimebundle
from tests.browser.test_live_access import long_events
from tests.browser.view_page import FRAMES, ViewPage

from trace_story import folded  # isort: skip # view_page has shown the way to it

pytestmark = pytest.mark.browser

DASH = "\N{EN DASH}"
NODES = "window.shown.querySelectorAll('*').length"
OPEN = ".group[data-key^=g] > .st[aria-expanded=true] .no"


def shown(page: Page) -> ViewPage:
    """The run as a page sees it that was opened late: half from a base, half as it happened."""
    view = ViewPage(page).open()
    view.live(long_events())
    return view


def test_the_overview_opens_ranges_by_keys_clicks_and_pointer(page: Page) -> None:
    shown(page)
    slider = page.get_by_role("slider", name="Range of steps that is open")
    slider.focus()
    expect(slider).to_have_attribute("aria-valuetext", "No range is open; 10 in all")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(OPEN)).to_have_text(f"201{DASH}400")
    expect(slider).to_have_attribute("aria-valuenow", "2")
    page.get_by_role("button", name="Next range").click()
    expect(page.locator(OPEN)).to_have_text(f"401{DASH}600")
    box = slider.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.95 * box["width"], box["y"] + 20)
    page.mouse.down()
    expect(page.locator(OPEN)).to_have_text(f"1,801{DASH}2,000")
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 20)
    page.mouse.up()
    expect(page.locator(OPEN)).to_have_text(f"1,401{DASH}1,600")
    page.evaluate(FRAMES)
    assert page.evaluate(NODES) < 900


def test_filters_narrow_the_list_and_errors_are_walked(page: Page) -> None:
    shown(page)
    page.get_by_role("button", name="Failed 50", exact=True).click()
    rows = page.locator(".item .no")
    expect(rows.first).to_have_text("8")
    expect(page.locator("[aria-setsize='50']").first).to_be_visible()
    page.get_by_role("button", name="All 2,000").click()
    expect(rows.first).to_have_text(f"1{DASH}200")
    page.get_by_role("button", name="Next error (50) E").click()
    opened = page.locator(".item.open .no")
    expect(opened).to_have_text("8")
    page.get_by_role("button", name="Previous error").click()
    expect(opened.last).to_have_text("1,968")


def test_an_old_step_is_asked_for_and_said_to_be_away(page: Page) -> None:
    """With a kernel that answers, and in a stored trace without one."""
    view = shown(page)
    reply = {"nbagent": 1, "type": "reply", "run_id": "r1", "ok": True}
    events = [to_dict(e) for e in long_events() if 0 < getattr(e, "step", 0) < 14]
    page.evaluate(
        """([reply, events]) => {
          const { model } = window;
          model.send = command => queueMicrotask(() => model.tell({
            ...reply, request_id: command.request_id,
            data: command.action === 'steps' ? { events } : {} }));
        }""",
        json.loads(json.dumps([reply, events])),
    )
    first = page.locator("[data-key=s1]")
    for key in ("g1", "n1", "s1"):
        page.locator(f"[data-key={key}] > .st").click()
    expect(first).to_contain_text("frame = load(0)")
    view.stored(mimebundle(*folded(long_events()))[TRACE_MIME])
    page.evaluate("void (window.model.send = () => { throw new Error('no kernel'); })")
    for key in ("g1", "n1", "s1"):
        page.locator(f"[data-key={key}] > .st").click()
    expect(first).to_contain_text("%kimi show r1")
