"""The runs panel in a page, for tests: what is in it, and a server's list that a test makes up."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self

from playwright.sync_api import Locator, Page, Route, expect

from nbagent.clock import SystemClock
from tests.browser.lab import SCREENS, WAIT_MS

SHOW = "() => window.jupyterapp.shell.activateById('nbagent-runs')"
HAS = """() => window.jupyterapp?.commands.hasCommand('nbagent:runs-refresh')
    && window.jupyterapp.commands.keyBindings.some(b => b.command === 'nbagent:toggle-panel')
    && window.jupyterapp.restored.then(() => true)"""
FOCUSED = (
    "() => document.querySelector('#nbagent-runs').shadowRoot.activeElement?.textContent ?? ''"
)
API = re.compile(r"/nbagent/api/runs(\?|$)")


class Panel:
    """The panel in a page of JupyterLab."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.node = page.locator("#nbagent-runs")
        self.tab = page.locator(".nbagent-run-tab:not(.lm-mod-hidden)")
        self.status = page.locator(".nbagent-status .sbi")

    def ready(self) -> Self:
        """Wait until it can be opened."""
        self.page.wait_for_function(HAS, timeout=WAIT_MS)
        return self

    def show(self) -> Self:
        """Open it, or leave it open."""
        self.ready()
        self.page.evaluate(SHOW)
        expect(self.node).to_be_visible(timeout=WAIT_MS)
        return self

    def row(self, title: str) -> Locator:
        """The run of that title."""
        return self.node.locator(".rn2").filter(has_text=title)

    def group(self, name: str) -> Locator:
        """The line above a group."""
        return self.node.locator(".gh").filter(has_text=name)

    def below(self, name: str) -> list[str]:
        """The titles of the runs that stand in a group."""
        lines = self.node.locator(".it").evaluate_all(
            "all => all.map(it => [it.querySelector('.gh b')?.textContent ?? '',"
            " it.querySelector('.ti')?.textContent ?? ''])"
        )
        found, group = [], ""
        for head, title in lines:
            group = head or group
            if title and group == name:
                found.append(title)
        return found

    def gaps(self) -> list[float]:
        """The heights between lines, where there is more or less than none."""
        boxes = self.node.locator(".it").evaluate_all(
            "all => all.map(it => it.getBoundingClientRect()).map(box => [box.top, box.bottom])"
        )
        both = pairwise(boxes)
        return [below[0] - above[1] for above, below in both if abs(below[0] - above[1]) > 1]

    def menu(self, title: str, item: str) -> None:
        """Choose from a run's menu."""
        self.row(title).click(button="right", position={"x": 60, "y": 12})
        self.page.locator(".lm-Menu").get_by_text(item, exact=True).click()

    def expect_focus(self, text: str) -> None:
        """Wait until what has the focus in the panel has this text."""
        has = f"text => ({FOCUSED})().includes(text)"
        self.page.wait_for_function(has, arg=text, timeout=WAIT_MS)

    def screenshot(self, name: str) -> None:
        """Take a picture of the page into `build/screens/`."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENS / f"{name}.png")


def row(run_id: str, **facts: Any) -> dict[str, Any]:
    """A row as the server lists it: of a run that has its answer, but for what is given."""
    return {
        "run_id": run_id,
        "title": "Plot bill length against bill depth",
        "notebook": "penguins.ipynb",
        "cell_id": "cell-1",
        "model": "kimi-k2.6",
        "scripted": False,
        "conversation": "main",
        "state": "answer",
        "words": "Done",
        "needs": None,
        "n_steps": 4,
        "n_tool_calls": 3,
        "completion_tokens": 1_200,
        "tokens_per_s": None,
        "context_share": None,
        "cost_usd": 0.009,
        "cost_is_least": False,
        "elapsed_s": 21.0,
        "wall": SystemClock().wall(),
        "held_by": "",
        "kernel": "k",
    } | facts


def made_up(now: float) -> list[dict[str, Any]]:
    """A run in each state, as the design shows them."""
    return [
        row("run-1", title="Which columns of df have missing values?", state="waiting",
            words="Waiting for you: run_python", needs={"title": "overwrite a file?", "key": "k"},
            held_by="process 7", wall=now - 1),
        row("run-2", title="Fit the survival models again without 2009", state="running",
            words="Thinking", notebook="colony.ipynb", n_steps=212, elapsed_s=4_440.0,
            cost_usd=1.92, completion_tokens=610_000, held_by="process 8", wall=now - 2),
        row("run-3", title="Summarise the field notes by station", state="running",
            words="Waiting for the kernel", notebook="notes.ipynb", elapsed_s=41.0,
            held_by="process 9", wall=now - 3),
        row("run-4", title="Look up the ring numbers", state="retrying",
            words="Rate limited (429). Trying again in 14.0 s", held_by="process 9", wall=now - 4),
        row("run-5", wall=now - 5),
        row("run-6", title="Read the 2009 sheet", state="error", words="quota used up",
            notebook="colony.ipynb", wall=now - 6),
        row("run-7", title="Count duplicates by ring number", state="stopped",
            words="Stopped by you", notebook="colony.ipynb", n_steps=3, wall=now - 7),
        row("run-8", title="Simulate the colony for 80 years", state="limit",
            words="50-step limit reached.", notebook="colony.ipynb", n_steps=50, wall=now - 8),
        row("run-9", title="Fit the survival models", state="interrupted", words="Cut off",
            notebook="colony.ipynb", n_steps=212, n_tool_calls=200, wall=now - 9),
        row("run-a", title="Of yesterday", wall=now - 86_400),
        row("run-b", title="Of last week", scripted=True, wall=now - 8 * 86_400),
    ]  # fmt: skip


def tell(page: Page, rows: Sequence[dict[str, Any]]) -> None:
    """Let the server's list be this one, with no session beside; its stream says nothing."""

    def answer(route: Route) -> None:
        body = {"runs": list(rows), "next": None, "journal": {"here": True, "note": ""}}
        route.fulfill(status=200, content_type="application/json", body=json.dumps(body))

    page.route(API, answer)
    page.route("**/api/sessions?*", lambda route: route.fulfill(status=200, json=[]))
    page.route("**/nbagent/api/stream*", lambda route: route.fulfill(status=200, body=""))
