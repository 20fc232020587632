"""The view for everyone: by axe-core, by keyboard, narrow, zoomed, in forced colours, calm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from nbagent.events import ApprovalAsked, Event, KernelAwaited, Paused, Reason
from nbagent.trace import TRACE_MIME, mimebundle
from tests.browser.view_page import ROOT, ViewPage

from render_view import long_run  # isort: skip # view_page has shown the way to them
from trace_story import Story, display_output, error_output, folded  # isort: skip # as above
from trace_story import CHANGES, png, stream_output  # isort: skip # as above

pytestmark = pytest.mark.browser

AXE = ROOT / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ['violations'] });
  return violations.filter(v => ['serious', 'critical'].includes(v.impact))
    .flatMap(v => v.nodes.map(n => `${v.id}: ${n.html.slice(0, 160)} ${n.failureSummary}`));
}"""
FOCUSED = """(() => {
  const active = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;
  return (active.getAttribute('aria-label') || active.textContent || active.className).trim();
})()"""
ROW = "Number(window.shown.activeElement?.closest('.item')?.dataset.key?.slice(1) ?? -1)"
CODE = "# Group by species\nper = df.groupby('species').median()\nper.round(1)"
TABLE = "<table><thead><tr><th></th><th>mass</th></tr></thead><tbody><tr><th>Gentoo</th><td>5000"


def told() -> Story:
    """Everything a run is made of, up to an answer that is being written."""
    story = Story("Which species is heaviest?", scripted=True, note="Scripted, not a model.")
    story.ask(("prompt", "", 26), ("attachment", "df (summary)", 900))
    story.think("Group by species. Then compare.").retry("overloaded", 1.0, discarded="Well")
    story.ask(attempt=2).think("Group by species.").calls("run_python", "{}").reply(reasoning=90)
    failed = error_output("TypeError", "no median of text", ["Traceback", "TypeError: no median"])
    story.run("run_python", failed, code=CODE, saw="TypeError", is_error=True, outcome="TypeError")
    story.ask().think("Numbers only.").calls("run_python", "{}").reply().steer("And plot it.")
    shown = (stream_output("a line\n" * 30), display_output(html=TABLE), display_output(png=png()))
    story.run("run_python", *shown, code=CODE.replace("()", "(1)"), saw="ok", changes=CHANGES)
    return (
        story.ask().think("Now I know.").say("## Gentoo\n\n`5000` g, **the most**.\n\n- one\n- two")
    )


DELETES = Reason(
    kind="deletes", verb="deletes files", doing="deleting files", what="os.remove", line=2,
    detail="'data.csv', 15 kB, last changed 2026-11-23",
)  # fmt: skip
ASKS = {"code": "import os\nos.remove('data.csv')\nprint('gone')"}


def asking(about: str = "call") -> Story:
    """Up to a question about a call, or about a result that is to leave."""
    story = Story("Clean up.", scripted=True, note="Scripted, not a model.")
    story.ask(("prompt", "", 9)).think("Delete it.").calls("run_python", "{}").reply()
    facts: Any = {"step": 1, "index": 0, "name": "run_python", "key": f"1.0.{about}.a"}
    if about == "call":
        why = "deletes files (os.remove, line 2)"
        return story.add(ApprovalAsked(**facts, why=why, arguments=ASKS, reasons=(DELETES,)))
    story.run("run_python", stream_output("gone\n"), code=ASKS["code"], saw="gone")
    story.events.pop()  # it has run, and its result waits
    return story.add(ApprovalAsked(**facts, why="you are asked", about="result", content="gone"))


def show_question(view: ViewPage, state: str) -> None:
    view.live(asking("result" if "result" in state else "call").events)
    for form in ("Edit", "Deny"):
        if form.lower() in state:
            view.page.get_by_role("button", name=form).click()


def show(view: ViewPage, state: str) -> None:
    story = told()
    if state.startswith("question"):
        show_question(view, state)
    elif state == "paused":
        why, question = "50-step limit reached.", "Go on for another 50 steps?"
        view.live(story.reply().add(Paused(step=4, why=why, question=question, key="4")).events)
    elif state == "queued":
        view.live(story.reply().add(KernelAwaited(step=4)).events)
    elif state == "live":
        view.live(story.events)
    elif state == "tool":
        view.live(
            story.events[: next(i for i, e in enumerate(story.events) if e.kind == "tool_output")]
        )
    elif state == "finished":
        story.reply().finish("## Gentoo\n\n`5000` g, **the most**.")
        view.stored(mimebundle(*folded(story.events))[TRACE_MIME])
    elif state == "error":
        view.live(story.finish(reason="error", text="The endpoint answered 500.").events)
    else:
        view.live(long_events(), whole=True)


@cache
def long_events() -> list[Event]:
    kept = [event for event in long_run(2_000).events if event.kind != "delta"]
    return [replace(event, seq=seq) for seq, event in enumerate(kept)]


QUESTIONS = ["question", "question, edit", "question, deny", "question on a result"]
STATES = ["live", "tool", "paused", "queued", *QUESTIONS, "finished", "error", "4,000 calls"]


def some(states: Iterable[str], *quick: str) -> list[Any]:
    """The states as cases, of which all but the quick ones are long."""
    return [pytest.param(s, marks=[] if s in quick else pytest.mark.long) for s in states]


def judged(view: ViewPage) -> list[str]:
    assert AXE.is_file(), f"{AXE} is missing. Run `npm ci` in labextension and try again."
    view.page.add_script_tag(path=AXE)
    found: list[str] = view.page.evaluate(SERIOUS)
    return found


@pytest.mark.parametrize("state", some(STATES, "live", "question", "finished", "4,000 calls"))
def test_axe_finds_nothing_serious(page: Page, state: str) -> None:
    view = ViewPage(page).open()
    show(view, state)
    for theme in ("light", "dark"):
        view.theme(theme)
        assert judged(view) == [], theme
        if theme == "light" and state != "4,000 calls":
            view.unfold()
            view.page.get_by_role("button", name="Keys").click()


SMALL = """(() => {
  const targets = 'button,input,textarea,select,summary,a[href],[role=slider]';
  const around = node => {  // a chip's target is larger than what is drawn of it
    const { content, position, top } = getComputedStyle(node, '::after');
    return content !== 'none' && position === 'absolute' ? Math.max(0, -2 * parseFloat(top)) : 0;
  };
  return [...window.shown.querySelectorAll(targets)].map(node => {
    const target = node.type === 'radio' ? node.closest('label') : node;
    const { width, height } = target.getBoundingClientRect();
    return [node.ariaLabel || node.textContent, width, height + (width && around(node))];
  }).filter(([, width, height]) => width && (width < 24 || height < 24));
})()"""


@pytest.mark.parametrize("state", some(STATES, "live", "question, edit", "finished"))
def test_targets_are_large_enough(page: Page, state: str) -> None:
    view = ViewPage(page).open()
    show(view, state)
    if state != "4,000 calls":
        view.unfold()
        page.get_by_role("button", name="Keys").click()
    page.keyboard.press("/")
    assert page.evaluate(SMALL) == []
    page.evaluate(
        "window.shown.querySelector('[aria-label=Keys]').style = 'height:20px;min-height:0'"
    )
    assert len(page.evaluate(SMALL)) == 1, "the control: a small one would be found"


HOLDERS = {
    "the cell": "document.querySelector('.jp-Cell').focus()",
    "Stop": "[...window.shown.querySelectorAll('.hd button')].at(-1).focus()",
    "a note": "window.shown.querySelector('.steer input').focus()",
}
HOLDER = "(document.activeElement.shadowRoot?.activeElement ?? document.activeElement)"


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("ends", some([*QUESTIONS[::3], "paused", "live"], "question"))
def test_the_focus_stays_where_it_is(page: Page, holder: str, ends: str) -> None:
    """While it streams, when a tool runs, when a question appears."""
    story = told() if ends in ("paused", "live") else asking("result" if "res" in ends else "call")
    if ends == "paused":
        story.reply().add(Paused(step=4, why="50 steps.", question="Go on?", key="4"))
    view = ViewPage(page).open()
    told_now = view.begun(story.events[:2])
    page.evaluate(HOLDERS[holder])
    page.evaluate(f"window.holder = {HOLDER}")
    for event in story.events[2:]:
        told_now([event])
        assert page.evaluate(f"{HOLDER} === window.holder"), event.kind
    page.evaluate("window.shown.querySelector('.item button')?.focus()")
    assert not page.evaluate(f"{HOLDER} === window.holder"), "the control: a theft would be seen"


HEARD = "[...window.shown.querySelectorAll('[role=status],[role=alert],[aria-live]')]"


@pytest.mark.parametrize("state", some(STATES, "live", "question"))
def test_one_region_speaks(page: Page, state: str) -> None:
    view = ViewPage(page).open()
    show(view, state)
    assert page.evaluate(f"{HEARD}.map(e => e.getAttribute('role')).sort()") == ["alert", "status"]
    assert page.evaluate(f"{HEARD}.every(e => e.closest('.vh'))"), "it holds nothing that is shown"


def test_tokens_are_not_spoken(page: Page) -> None:
    story = Story("Go.", scripted=True)
    story.ask(("prompt", "", 3)).think("word " * 400, n=200)
    view = ViewPage(page).open()
    told_now = view.begun(story.events[:2])
    page.evaluate(
        f"""(window.spoken = [], {HEARD}.forEach(e => new MutationObserver(() =>
        window.spoken.push(e.textContent)).observe(e, {{ childList: true, characterData: true,
        subtree: true }})))"""
    )
    for event in story.events[2:]:
        told_now([event])
    spoken = page.evaluate("window.spoken")
    assert len(spoken) <= 2, spoken
    assert not [words for words in spoken if "word" in words]


def test_axe_finds_what_is_wrong(page: Page) -> None:
    """The positive control: grey on grey in the view, and a button without a name."""
    view = ViewPage(page).open()
    show(view, "live")
    view.page.evaluate("window.shown.querySelector('.words').style.color = '#ddd'")
    view.page.evaluate("window.shown.querySelector('.hd').append(document.createElement('button'))")
    kinds = {words.split(":")[0] for words in judged(view)}
    assert kinds >= {"button-name", "color-contrast"}


def test_the_keyboard_reaches_everything(page: Page) -> None:
    view = ViewPage(page).open()
    show(view, "live")
    page.locator(".jp-Cell").focus()
    names: list[Any] = []
    while "Stop" not in names:
        assert len(names) < 12, names
        page.keyboard.press("Tab")
        names.append(page.evaluate(FOCUSED))
    page.keyboard.press("?")
    expect(page.get_by_role("note", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("note", name="Keys")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    first = page.evaluate(ROW)
    page.keyboard.press("ArrowDown")
    assert page.evaluate(ROW) == first + 1
    page.keyboard.press("ArrowUp")
    assert page.evaluate(ROW) == first
    row = page.locator(f".item[data-key=s{first}] .st")
    page.keyboard.press("ArrowRight")
    expect(row).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowLeft")
    expect(row).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className") == "jp-Cell"
    page.keyboard.press(".")
    assert "stop" not in page.evaluate("window.model.sent"), (
        "a key went to a view without the focus"
    )
    page.get_by_role("button", name="Stop").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("window.model.sent").count("stop") == 1


OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
OUTSIDE = """[...window.shown.querySelectorAll('button')].filter(node => {
  const box = node.getBoundingClientRect();
  const scrolls = node.closest('.scroll,pre');
  return box.width && !scrolls && (box.right > innerWidth + 0.5 || box.left < -0.5);
}).map(node => node.textContent || node.ariaLabel)"""


@pytest.mark.parametrize(
    ("width", "scale"),
    [(320, 4), pytest.param(590, 2, marks=pytest.mark.long)],
    ids=["320 px", "200 %"],
)
def test_the_page_never_scrolls_sideways(browser: Browser, width: int, scale: int) -> None:
    """A page of 1180 px at 200 % zoom is one of 590 px with twice the dots."""
    size: ViewportSize = {"width": width, "height": 500}
    page = browser.new_page(viewport=size, device_scale_factor=scale)
    view = ViewPage(page).open()
    for state in STATES:
        show(view, state)
        assert page.evaluate(OVER) <= 0, state
        assert page.evaluate(OUTSIDE) == [], state
        if state != "4,000 calls":
            view.unfold()
            page.get_by_role("button", name="Keys").click()
            assert page.evaluate(OVER) <= 0, f"{state}, unfolded"
            assert page.evaluate(OUTSIDE) == [], f"{state}, unfolded"
    page.evaluate("document.querySelector('#output').style.width = '2000px'")
    assert page.evaluate(OVER) > 0, "the control: what is too wide would be seen"
    page.close()


TIGHT = """[...window.shown.querySelectorAll('button')].filter(node => {
  const box = node.getBoundingClientRect();
  const texts = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  for (let text; box.width && (text = texts.nextNode());) {
    let at = text.parentElement;  // what may be cut short shows that it was
    while (at !== node && getComputedStyle(at).overflowX === 'visible') at = at.parentElement;
    const words = document.createRange();
    words.selectNodeContents(text);
    const { left, right, width } = words.getBoundingClientRect();
    const isOut = left < box.left - 0.5 || right > box.right + 0.5;
    if (at === node && width && isOut) return true;
  }
}).map(node => node.ariaLabel || node.textContent)"""


@pytest.mark.parametrize("state", some(STATES, "question"))
def test_no_words_are_wider_than_their_button(page: Page, state: str) -> None:
    """In a page of 1180 px: alone, beside JupyterLab's side bar, and with a cell beside it."""
    page.set_viewport_size({"width": 1180, "height": 500})
    view = ViewPage(page).open()
    for width in (1156, 760, 690, 566):
        page.evaluate(f"document.querySelector('#output').style.width = '{width}px'")
        show(view, state)
        assert page.evaluate(TIGHT) == [], width
    page.evaluate("window.shown.querySelectorAll('.seg,.b').forEach(e => e.style.maxWidth='30px')")
    assert page.evaluate(TIGHT), "the control: words that stick out would be seen"


@pytest.mark.parametrize("dark", [False, True])
def test_forced_colours(page: Page, *, dark: bool) -> None:
    page.emulate_media(forced_colors="active", color_scheme="dark" if dark else "light")
    view = ViewPage(page).open()
    show(view, "live")
    view.unfold()
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")
    assert judged(view) == []
    stop = page.get_by_role("button", name="Stop")
    page.keyboard.press("Tab")
    stop.focus()
    style = "e => [getComputedStyle(e).outlineStyle, getComputedStyle(e).outlineWidth]"
    assert stop.evaluate(style) == ["solid", "2px"]
    seen = "e => getComputedStyle(e).borderTopColor !== getComputedStyle(e).backgroundColor"
    assert stop.evaluate(seen), "Stop has no edge"


MOVING = "window.shown.getAnimations().filter(a => a.playState === 'running').length"


def test_reduced_motion(page: Page) -> None:
    view = ViewPage(page).open()
    for state in ("live", "tool"):
        page.emulate_media(reduced_motion="no-preference")
        show(view, state)
        assert page.evaluate(MOVING) > 0, "the control: something moves if nobody minds"
        page.emulate_media(reduced_motion="reduce")
        assert page.evaluate(MOVING) == 0
