"""What a model, a tool or an endpoint says stays text: live, in our renderer, and as it is saved.

Each payload goes through reasoning, answer, arguments, outputs, names of files and errors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.sign import NotebookNotary
from nbformat.v4 import new_output
from playwright.sync_api import Page, expect

from nbagent.clock import SystemClock
from nbagent.lessons import control
from nbagent.lessons.process import ensure
from nbagent.trace import TRACE_MIME, mimebundle
from tests.browser.lab import WAIT_MS, Lab, Notebook
from tests.browser.view_page import FRAMES, ViewPage

from payloads import PAYLOADS  # isort: skip # view_page has shown the way to them
from test_hostile import everywhere  # isort: skip # as above
from trace_story import folded  # isort: skip # as above

pytestmark = pytest.mark.browser

SAVED = PAYLOADS[::2]
FIRE = "window.__p = []; window.fire = () => { window.__p.push('fired'); }"

TOUCH = """root => {
  for (const details of root.querySelectorAll('details')) details.open = true;
  for (const node of root.querySelectorAll('*')) {
    for (const name of ['mouseover', 'mouseenter', 'focus', 'load', 'error', 'toggle'])
      node.dispatchEvent(new Event(name));
  }
  for (const button of root.querySelectorAll('.ch > .b, .seg button:last-child')) button.click();
}"""
"""Point at everything, focus everything, and look at what the model saw."""

FOREIGN = """root => {
  const kinds = 'a,area,audio,base,body,button[name],embed,form,frame,iframe,link,marquee,math,' +
    'meta,object,script,select,source,textarea,video,animate,foreignObject,mglyph,x,image,use';
  const links = 'src srcset href xlink:href action formaction data poster'.split(' ');
  const found = [...root.querySelectorAll(kinds)].map(node => node.outerHTML.slice(0, 80));
  const fine = /^(data:image\\/|blob:)/;
  for (const node of root.querySelectorAll('*')) {
    for (const { name, value } of node.attributes) {
      const isBad = name.startsWith('on') || name.startsWith('data-commandlinker') ||
        name === 'srcdoc' || (links.includes(name) && !fine.test(value)) ||
        (name === 'id' && !/^nb[a-z]*[\\w-]*$/.test(value)) ||
        (name === 'style' && /url\\(|expression|import/.test(value.replace(/url\\("?#/g, '')));
      if (isBad) found.push(`${node.localName} ${name}=${value}`);
    }
  }
  return found;
}"""
"""Elements and attributes that no trace is made of."""


UNFOLDED_AND_TOUCHED = f"""async () => {{
  window.shown.querySelector('[aria-label="Expand all"]').click();
  await {FRAMES};
  ({TOUCH})(window.shown);
  await {FRAMES};
  const commands = document.querySelectorAll('[data-commandlinker-command]').length;
  return {{ foreign: ({FOREIGN})(window.shown), fired: window.__p, commands }};
}}"""


def assert_only_text(view: ViewPage, payload: str) -> None:
    found = view.page.evaluate(UNFOLDED_AND_TOUCHED)
    assert found == {"foreign": [], "fired": [], "commands": 0}, payload
    assert view.asked == []


def words_of(view: ViewPage) -> str:
    return str(view.page.evaluate("window.shown.querySelector('.run').textContent"))


@pytest.mark.parametrize(
    "first", [0, *(pytest.param(n, marks=pytest.mark.long) for n in (1, 2, 3))]
)
def test_nothing_fires_in_the_view(page: Page, first: int) -> None:
    """Live, at its end, and from what the notebook stores, as the renderer draws it."""
    view = ViewPage(page).open()
    for payload in PAYLOADS[first::4]:
        story = everywhere(payload)
        view.live(story.events)
        assert_only_text(view, payload)
        assert _plainest(payload) in words_of(view)
        story.finish(payload, text=payload, reason="error")
        view.live(story.events)
        assert_only_text(view, payload)
        view.stored(mimebundle(*folded(story.events))[TRACE_MIME])
        assert_only_text(view, payload)
        assert _plainest(payload) in words_of(view)


def _plainest(payload: str) -> str:
    """The longest part that neither Markdown nor cleaning changes."""
    plain = "".join(c if c.isalnum() or c in "()/:=." else " " for c in payload)
    return max(plain.split(), key=len)


def test_the_same_texts_fire_as_html(page: Page) -> None:
    """The positive control: the same page, the same payloads, but taken for HTML."""
    view = ViewPage(page).open()
    fired = []
    for payload in PAYLOADS:
        if "http-equiv" in payload:
            continue  # it would take the page away
        view.page.evaluate(
            """payload => {
              window.shown = document.createElement('div');
              document.querySelector('#output').replaceChildren(window.shown);
              const range = document.createRange();
              range.selectNode(document.querySelector('#output'));
              window.shown.append(range.createContextualFragment(payload));
            }""",
            payload,
        )
        view.page.evaluate(f"({TOUCH})(window.shown)")
        view.page.evaluate(FRAMES)
        if view.page.evaluate("window.__p.splice(0).length"):
            fired.append(payload)
    assert len(fired) >= 15
    assert any("leak.invalid" in url for url in view.asked)


def outputs_of(payload: str) -> list[dict[str, Any]]:
    """What a notebook saves of a run: whole, and as it is where our JSON is not known."""
    story = everywhere(payload).finish(payload, text=payload, reason="error")
    whole = mimebundle(*folded(story.events))
    return [whole, {mime: data for mime, data in whole.items() if mime != TRACE_MIME}]


def open_saved(
    lab: Lab, page: Page, name: str, bundles: list[dict[str, Any]], *, trusted: bool
) -> list[str]:
    """Open a notebook of outputs, one's own or a stranger's; who else was asked comes back."""
    path = lab.write(name, *["1"] * len(bundles))
    notebook = nbformat.read(path, as_version=4)
    for cell, bundle in zip(notebook.cells, bundles, strict=True):
        cell.outputs = [new_output("display_data", data=bundle)]
    notebook.metadata.kernelspec = {"name": "gone", "display_name": "Gone", "language": "gone"}
    nbformat.write(notebook, path)
    if trusted:
        NotebookNotary().sign(notebook)
    return open_quietly(lab, page, path)


def open_quietly(lab: Lab, page: Page, path: Path) -> list[str]:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(FIRE)
    Notebook.in_lab(page, lab, path)
    page.locator(".jp-Dialog .jp-mod-reject", has_text="No Kernel").click()
    page.locator(".jp-OutputArea-output").last.scroll_into_view_if_needed()
    return asked


TRACES = (
    "[...document.querySelectorAll('.nbagent-trace > div')].map(d => d.shadowRoot).filter(Boolean)"
)


def assert_nothing_fired(lab: Lab, page: Page, asked: list[str]) -> None:
    page.evaluate(f"{TRACES}.forEach({TOUCH})")
    page.evaluate(f"document.querySelectorAll('.jp-OutputArea-output').forEach({TOUCH})")
    page.evaluate(FRAMES)
    assert page.evaluate("window.__p") == []
    assert page.evaluate(f"{TRACES}.flatMap({FOREIGN})") == []
    marked = ".jp-OutputArea-output [data-commandlinker-command]"
    assert page.evaluate(f"document.querySelectorAll('{marked}').length") == 0
    assert [u for u in asked if not u.startswith((lab.url, "data:", "blob:", "ws:"))] == []


@pytest.mark.long
@pytest.mark.parametrize("trusted", [True, False])
def test_nothing_fires_in_a_saved_notebook(lab: Lab, page: Page, *, trusted: bool) -> None:
    """By our renderer, and as the HTML that stands beside it."""
    bundles = [bundle for payload in SAVED for bundle in outputs_of(payload)]
    asked = open_saved(lab, page, f"saved-{trusted}", bundles, trusted=trusted)
    expect(page.locator(".nbagent-trace")).to_have_count(len(SAVED), timeout=WAIT_MS)
    page.evaluate(f"{TRACES}.forEach(r => r.querySelector('[aria-label=\"Expand all\"]').click())")
    assert page.evaluate(f"{TRACES}.length") == len(SAVED)
    assert_nothing_fired(lab, page, asked)


@pytest.mark.long
def test_html_in_a_saved_notebook_does_fire(lab: Lab, page: Page) -> None:
    """The positive control: in a notebook of one's own the same texts as HTML run and fetch."""
    bundles = [
        {"text/html": f"<div>{payload}</div>"} for payload in PAYLOADS[:20] + PAYLOADS[26:27]
    ]
    asked = open_saved(lab, page, "saved-html", bundles, trusted=True)
    page.evaluate(FRAMES)
    assert len(page.evaluate("window.__p")) > 3
    with pytest.raises(AssertionError):
        assert_nothing_fired(lab, page, asked)


HANDFUL = [PAYLOADS[i] for i in (0, 2, 7, 9, 27, 40, 56)]


@pytest.mark.kernel
def test_nothing_fires_while_a_run_goes_on(lab: Lab, page: Page) -> None:
    """A real run in JupyterLab: the model says it, the tools do it, the notebook keeps it."""
    text = "\n\n".join(HANDFUL)
    name = HANDFUL[1]
    code = (
        f"import sys\nfrom IPython.display import HTML, display\nbad = {text!r}\n"
        f"open({name!r}, 'w').close()\nprint(bad)\nprint(bad, file=sys.stderr)\n"
        "display(HTML(bad))\nraise ValueError(bad)"
    )
    turns: list[dict[str, Any]] = [
        {
            "kind": "turn",
            "reasoning": text,
            "content": text,
            "calls": [["run_python", {"code": code}]],
        },
        {"kind": "turn", "reasoning": text, "calls": [["inspect_variable", {"name": text}]]},
        {"kind": "turn", "reasoning": text, "content": f"{text}\n\nThe end."},
    ]
    path = lab.write("hostile-run", "%load_ext nbagent\n%kimi use lesson", f"%%kimi\n{text}")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.add_init_script(FIRE)
    notebook = Notebook.in_lab(page, lab, path).wait_for_kernel()
    server = ensure(SystemClock())
    control.clear(server)
    control.order(server, *turns)
    notebook.run(0, 1)
    notebook.wait_done(1)
    expect(notebook.output(1)).to_contain_text("The end.", timeout=WAIT_MS)
    notebook.output(1).get_by_role("button", name="Expand all").click()
    expect(notebook.output(1)).to_contain_text("ValueError")
    assert_nothing_fired(lab, page, asked)
    saved = notebook.save()
    (output,) = [o for o in saved.cells[1].outputs if o.output_type == "display_data"]
    assert TRACE_MIME in output.data
