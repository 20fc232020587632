"""A real Chromium opens saved pages: nothing runs, nothing is fetched, nothing is ugly."""

from __future__ import annotations

from typing import Any

import pytest
from payloads import PAYLOADS
from render_sample import cases, page
from test_hostile import everywhere
from trace_story import folded

from nbagent.trace import mimebundle

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    return cases()


ROWS = "summary > span[style*=inline-flex]"
TIMES = "div[style*=grid-row] > span:last-child"
FIRED = "<script>window.fired = 0; function fire() { window.fired += 1; }</script>"


def shown(browser: Any, html: str) -> tuple[int, list[str]]:
    """Open a page, click and unfold everything; return how often script ran, and what was asked."""
    asked: list[str] = []
    tab = browser.new_page()
    tab.route("**/*", lambda route: (asked.append(route.request.url), route.abort()))
    tab.set_content(FIRED + html, wait_until="load")
    tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    tab.evaluate(
        "document.querySelectorAll('*').forEach(e => e.dispatchEvent(new Event('mouseover')))"
    )
    tab.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    fired = tab.evaluate("window.fired")
    tab.close()
    return fired, asked


def test_no_payload_runs_or_fetches(browser: Any) -> None:
    bodies = []
    for payload in PAYLOADS:
        story = everywhere(payload)
        bodies.append(mimebundle(*folded(story.events), running=True)["text/html"])
        story.finish(payload, text=payload, reason="error")
        bodies.append(mimebundle(*folded(story.events))["text/html"])
    assert shown(browser, "\n".join(bodies)) == (0, [])


def test_the_payloads_do_run_in_raw_html(browser: Any) -> None:
    """The positive control: unescaped, most of them fire or fetch."""
    fired, asked = 0, []
    for payload in [*PAYLOADS[:5], PAYLOADS[22], PAYLOADS[26]]:
        ran, urls = shown(browser, f"<div>{payload}</div>")
        fired, asked = fired + bool(ran), asked + urls
    assert fired >= 3
    assert len(asked) >= 2


def boxes(tab: Any, selector: str) -> list[dict[str, float]]:
    script = "es => es.map(e => e.getBoundingClientRect().toJSON())"
    found: list[dict[str, float]] = tab.eval_on_selector_all(selector, script)
    return found


@pytest.mark.parametrize("name", ["done", "live", "scripted"])
@pytest.mark.parametrize("width", [900, 400, 320])
def test_a_page_fits_its_width(browser: Any, drawn: dict[str, str], name: str, width: int) -> None:
    tab = browser.new_page(viewport={"width": width, "height": 600})
    tab.set_content(page(drawn[name]))
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    images = tab.eval_on_selector_all("img", "es => es.filter(e => !e.naturalWidth).length")
    assert images == 0, "an image is broken"
    tab.close()


def test_columns_are_aligned(browser: Any, drawn: dict[str, str]) -> None:
    tab = browser.new_page(viewport={"width": 900, "height": 900})
    tab.set_content(page(drawn["done"]))
    arrows = boxes(tab, f"{ROWS} > span:nth-child(2) > span:last-child")
    assert len(arrows) == 5
    assert len({round(box["left"]) for box in arrows}) == 1
    times = boxes(tab, TIMES)
    rows = boxes(tab, ROWS)
    assert len(times) == len(rows) == 5
    assert len({round(box["right"]) for box in times}) == 1
    assert [abs(t["top"] - r["top"]) < 6 for t, r in zip(times, rows, strict=True)] == [True] * 5
    overlap = [r["right"] <= t["left"] for t, r in zip(times, rows, strict=True)]
    assert all(overlap), "a row's text runs under its time"
    tab.close()


def test_an_opened_step_moves_the_figures_with_the_rows(
    browser: Any, drawn: dict[str, str]
) -> None:
    tab = browser.new_page(viewport={"width": 900, "height": 900})
    tab.set_content(page(drawn["done"]))
    tab.eval_on_selector_all(ROWS, "es => es[1].closest('details').open = true")
    times = boxes(tab, TIMES)
    rows = boxes(tab, ROWS)
    assert [abs(t["top"] - r["top"]) < 6 for t, r in zip(times, rows, strict=True)] == [True] * 5
    tab.close()


def test_a_click_on_a_row_opens_it_everywhere(browser: Any, drawn: dict[str, str]) -> None:
    tab = browser.new_page(viewport={"width": 900, "height": 1400})
    tab.set_content(page(drawn["done"]))
    box = boxes(tab, "summary:has(> span[style*=inline-flex])")[1]
    tab.mouse.click(box["right"] - 20, box["top"] + 10)  # on its time
    assert tab.eval_on_selector_all(
        "summary:has(> span[style*=inline-flex])", "es => es.map(e => e.parentElement.open)"
    )[1]
    tab.close()
