"""Draw the step view of a run written by hand: `python tests/trace/render_step.py OUT_DIR`.

The view stands in a page of its own, light and dark, wide and narrow; with Playwright and a
Chromium each state is photographed. `npm ci` in `labextension` comes first.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from playwright.sync_api import Page, sync_playwright
from render_view import bundled, themed

STATES: dict[str, tuple[str, Callable[[Page], None]]] = {}


def state(at: str) -> Callable[[Callable[[Page], None]], Callable[[Page], None]]:
    """A state to photograph: where the run rests, and what a person does then."""

    def note(act: Callable[[Page], None]) -> Callable[[Page], None]:
        STATES[act.__name__] = (at, act)
        return act

    return note


@state("13")
def before_request(_page: Page) -> None:
    """Nothing has been sent yet."""


@state("13")
def exact_bytes(page: Page) -> None:
    page.get_by_role("button", name="Exact bytes").click()


@state("13")
def opened(page: Page) -> None:
    for chip in page.locator(".fold").all()[:3]:
        chip.click()
    page.get_by_role("button", name="Copy as ▾").click()


@state("8")
def after_tool(_page: Page) -> None:
    """What the model will see beside what you see."""


@state("13")
def looking_back(page: Page) -> None:
    page.get_by_role("button", name="Back").click()
    page.get_by_role("tab", name="History").click()


@state("8")
def editing(page: Page) -> None:
    page.get_by_role("button", name="Edit").last.click()


@state("8")
def edited(page: Page) -> None:
    page.get_by_role("button", name="Edit").last.click()
    page.get_by_role("textbox", name="Edit result").fill(
        "TypeError … Hint: median needs numeric_only=True."
    )
    page.get_by_role("button", name="Save").click()
    page.get_by_role("tab", name="History").click()


@state("null")
def forking(page: Page) -> None:
    page.get_by_role("button", name="Step through").click()
    page.get_by_label("Go to move").fill("14")
    page.get_by_label("Go to move").press("Enter")
    page.get_by_role("button", name="Fork").click()


@state("14")
def forked(page: Page) -> None:
    page.get_by_role("button", name="Fork").click()
    page.get_by_role("dialog").get_by_role("button", name="Fork").click()


@state("12")
def error(page: Page) -> None:
    page.get_by_role("button", name="Keys").click()


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "page.js").write_text(bundled("scripts/step_page.ts"))
    head = (
        '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    )
    style = "<style>body{margin:0;padding:12px;font:13px system-ui,'DejaVu Sans'}</style>"
    page_html = f"{head}<title>Steps</title>{style}<main></main><script src='page.js'></script>"
    (folder / "page.html").write_text(page_html)
    with sync_playwright() as play:
        chromium = shutil.which("chromium")
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for theme, width in [(t, w) for w in (884, 600, 320) for t in ("light", "dark")]:
            page = browser.new_page(viewport={"width": width, "height": 760})
            page.on("pageerror", lambda error: print("page error:", error))
            for name, (at, act) in STATES.items():
                page.goto((folder / "page.html").as_uri())
                themed(page, theme)
                page.evaluate(f"void nbagent.show({at})")
                page.wait_for_timeout(150)
                act(page)
                page.wait_for_timeout(150)
                page.screenshot(path=folder / f"{name}.{theme}.{width}.png", full_page=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
