"""A thousand runs in the panel: few nodes, and a list that stays where it is while runs go on."""

from __future__ import annotations

import json
import statistics
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from nbagent.clock import SystemClock
from tests.browser.lab import WAIT_MS, Lab
from tests.browser.runs_page import API, Panel, row, tell

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.long]

N = 1_000
SCROLLS = """async () => {
  const list = document.querySelector('#nbagent-runs').shadowRoot.querySelector('.list');
  const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
  const times = [];
  let last = await frame();
  const step = (list.scrollHeight - list.clientHeight) / 120;
  for (let i = 1; i <= 120; i += 1) {
    list.scrollTop = i * step;
    const now = await frame();
    times.push(now - last);
    last = now;
  }
  return times;
}"""
BARE = """async () => {
  const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
  const times = [];
  let last = await frame();
  for (let i = 0; i < 120; i += 1) {
    const now = await frame();
    times.push(now - last);
    last = now;
  }
  return times;
}"""
PAINTED = """async () => {
  const start = performance.now();
  window.jupyterapp.shell.activateById('nbagent-runs');
  const seen = () => document.querySelector('#nbagent-runs').shadowRoot.querySelector('.rn2');
  while (!seen()) await new Promise(resolve => requestAnimationFrame(resolve));
  await new Promise(resolve => requestAnimationFrame(resolve));
  return performance.now() - start;
}"""
TOP = "list => list.getBoundingClientRect().top"


def many(now: float) -> list[dict[str, Any]]:
    titles = (f"Run number {i} of many" for i in range(N))
    return [row(f"run-{i}", title=title, wall=now - i) for i, title in enumerate(titles)]


def quantiles(times: list[float]) -> str:
    p95 = statistics.quantiles(times, n=20)[-1]
    return f"p50 {statistics.median(times):.1f}, p95 {p95:.1f}, max {max(times):.1f} ms"


def test_a_thousand_runs_are_a_few_nodes(lab: Lab, page: Page, record_property: Any) -> None:
    tell(page, many(SystemClock().wall()))
    page.goto(f"{lab.url}lab?token=test&reset")
    panel = Panel(page).ready()
    painted = page.evaluate(PAINTED)
    expect(panel.group("Today")).to_contain_text(str(N), timeout=WAIT_MS)
    bare, scrolled = page.evaluate(BARE), page.evaluate(SCROLLS)
    told = f"first rows {painted:.0f} ms; frames {quantiles(scrolled)}, at rest {quantiles(bare)}"
    record_property("panel", told)
    print(told)
    expect(panel.row(f"Run number {N - 1} of many")).to_be_visible()
    assert panel.node.locator(".it").count() < 60, "the control: a plain list has a thousand"
    panel.node.locator(".list").evaluate("list => { list.scrollTop = 0; }")
    expect(panel.row("Run number 0 of many")).to_be_visible()
    assert panel.gaps() == []


def test_what_is_in_sight_stays_while_runs_begin_and_end(lab: Lab, page: Page) -> None:
    """A line with the focus keeps it, and its place, and its node."""
    now = SystemClock().wall()
    rows = many(now)
    tell(page, rows)
    page.goto(f"{lab.url}lab?token=test&reset")
    panel = Panel(page).show()
    expect(panel.row("Run number 0 of many")).to_be_visible(timeout=WAIT_MS)
    expect(page.locator(".jp-Launcher")).to_be_visible(timeout=WAIT_MS)  # it takes the focus
    panel.node.locator(".list").evaluate("list => { list.scrollTop = 9_000; }")
    middle = panel.row("Run number 190 of many")
    middle.locator(".rb").focus()
    panel.expect_focus("Run number 190 of many")
    middle.evaluate("node => { node.marked = true; }")
    before = middle.evaluate(TOP)
    new = [row(f"new-{i}", title=f"New {i}", state="running", wall=now + i) for i in range(5)]

    def answer(route: Route) -> None:
        body = {"runs": [*new, *rows], "next": None, "journal": {"here": True, "note": ""}}
        route.fulfill(status=200, content_type="application/json", body=json.dumps(body))

    page.route(API, answer)
    page.evaluate("() => window.jupyterapp.commands.execute('nbagent:runs-refresh')")
    expect(panel.status).to_contain_text("5 running", timeout=WAIT_MS)
    assert abs(middle.evaluate(TOP) - before) <= 1
    assert middle.evaluate("node => node.marked") is True
    panel.expect_focus("Run number 190 of many")
