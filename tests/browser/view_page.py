"""The built view in a page of its own: a front end of a few lines that draws the widget.

The page's model is what `anywidget` promises to a module: `get`, `on`, `off`, `send`. What it
is told are the messages that the kernel's own feed makes of events.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Route

from nbagent.events import Event
from nbagent.trace.feed import Feed

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "trace"))  # its modules find each other by their names

VIEW = ROOT / "nbagent" / "trace" / "static" / "view.js"
BUILD = "Run `python labextension/build.py` and try again."
ADDRESS = "http://view.invalid/"

HOST = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>A notebook</title>
<style>body{margin:0;padding:12px;font:13px system-ui,'DejaVu Sans'}</style>
<script>window.__p = []; window.fire = () => { window.__p.push('fired'); };</script>
<main><h1>A notebook</h1><div class="jp-Cell" tabindex="-1"><div id="output"></div></div></main>
<script type="module">
import widget from './view.js';
class Model {
  constructor(trace, told) { Object.assign(this, { trace, told, sent: [], calls: {} }); }
  get() { return this.trace; }
  on(name, call) { this.calls[name] = call; }
  off(name) { delete this.calls[name]; }
  tell(content) { this.calls['msg:custom']?.(content); }
  send(command) {
    this.sent.push(command.action);
    if (command.action === 'ready' && this.told) queueMicrotask(() => this.tell(this.told));
  }
}
let end = () => {};
window.hide = () => { end(); end = () => {}; document.querySelector('#output').replaceChildren(); };
window.show = (trace, told) => {
  window.hide();
  window.model = new Model(trace, told);
  const el = document.createElement('div');
  document.querySelector('#output').append(el);
  end = widget.render({ model: window.model, el });
  window.shown = el.firstElementChild.shadowRoot;
};
window.ready = true;
</script>"""

THEME = """dark => {
  const [back, ink, line, strong] = dark
    ? ['#212121', 'rgba(255,255,255,.87)', '#424242', '#616161']
    : ['#fff', 'rgba(0,0,0,.87)', '#e0e0e0', '#bdbdbd'];
  const brand = dark ? '#2196f3' : '#1976d2';
  document.body.style = `--jp-layout-color1:${back};--jp-ui-font-color1:${ink};` +
    `background:${back};color:${ink};--jp-border-color2:${line};--jp-border-color1:${strong};` +
    `--jp-brand-color1:${brand};--jp-cell-editor-background:${dark ? '#111' : '#f5f5f5'}`;
  document.body.dataset.jpThemeLight = String(!dark);
}"""

FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))"


@dataclass
class ViewPage:
    """The page, and what it asked for besides itself and the view."""

    page: Page
    asked: list[str] = field(default_factory=list)

    def open(self) -> ViewPage:
        """Load the page; everything but itself and the view is refused, and kept in `asked`.

        Raises:
            FileNotFoundError: the front end was not built.
        """
        if not VIEW.is_file():
            raise FileNotFoundError(f"{VIEW} is missing. {BUILD}")
        self.page.route("**/*", self._serve)
        self.page.goto(ADDRESS)
        self.page.wait_for_function("window.ready")
        return self

    def _serve(self, route: Route) -> None:
        url = route.request.url
        if url == ADDRESS:
            route.fulfill(body=HOST, content_type="text/html")
        elif url == f"{ADDRESS}view.js":
            route.fulfill(path=VIEW, content_type="text/javascript")
        else:
            self.asked.append(url)
            route.abort()

    def live(self, events: Iterable[Event], *, whole: bool = False) -> None:
        """Show a run: the first half as a snapshot, the rest as it happens.

        Args:
            events: from the run's start.
            whole: tell all of it as it happens, not from a snapshot, which long runs shorten.
        """
        listed = list(events)
        feed = Feed(listed[0].run_id)  # type: ignore[attr-defined] # the first is RunStarted
        half = 1 if whole else len(listed) // 2
        for event in listed[:half]:
            feed.apply(event)
        feed.drain(0.0)
        snapshot = feed.snapshot(listed[half - 1].t, "c")
        for event in listed[half:]:
            feed.apply(event)
        self._tell("([trace, told]) => show(trace, told)", [{"run_id": feed.run_id}, snapshot])
        self.page.evaluate(FRAMES)
        self._tell("told => window.model.tell(told)", feed.drain(listed[-1].t))
        self.page.evaluate(FRAMES)

    def begun(self, events: Iterable[Event]) -> Callable[[Iterable[Event]], None]:
        """Show a run that has begun, and return what tells the view of further events."""
        listed = list(events)
        feed = Feed(listed[0].run_id)  # type: ignore[attr-defined] # the first is RunStarted
        for event in listed:
            feed.apply(event)
        feed.drain(0.0)
        snapshot = feed.snapshot(listed[-1].t, "c")
        self._tell("([trace, told]) => show(trace, told)", [{"run_id": feed.run_id}, snapshot])
        self.page.evaluate(FRAMES)

        def tell(more: Iterable[Event]) -> None:
            for event in more:
                feed.apply(event)
            self._tell("told => window.model.tell(told)", feed.drain(event.t))
            self.page.evaluate(FRAMES)

        return tell

    def stored(self, trace: dict[str, Any]) -> None:
        """Show what a notebook holds of a run, with no kernel to ask."""
        self._tell("trace => show(trace, null)", trace)
        self.page.evaluate(FRAMES)

    def _tell(self, script: str, value: Any) -> None:
        """Call with JSON as one text: Playwright takes a long value apart, a thing at a time."""
        self.page.evaluate(f"text => ({script})(JSON.parse(text))", json.dumps(value))

    def theme(self, name: str) -> None:
        """Take on the colours of JupyterLab's `light` or `dark` theme."""
        self.page.evaluate(THEME, name == "dark")

    def unfold(self) -> None:
        """Open every step."""
        self.page.get_by_role("button", name="Expand all").click()
        self.page.evaluate(FRAMES)
