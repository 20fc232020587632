"""Draw the sample run as pages, and as pictures: `python tests/trace/render_sample.py OUT_DIR`.

Pages are written in a light and a dark host; with Playwright and a Chromium they are also
photographed at 900, 400 and 320 pixels, and once with styles and images stripped.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from playwright.sync_api import sync_playwright
from sample_run import tell
from trace_story import folded

from nbagent.trace import mimebundle

FONT = "font-family:system-ui,'DejaVu Sans',sans-serif;font-size:13px"
HOSTS = {"light": "background:#fff;color:#212121", "dark": "background:#212121;color:#e0e0e0"}


def page(html: str, host: str = "light") -> str:
    head = (
        '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    )
    return f'{head}<body style="margin:0;padding:16px;{HOSTS[host]};{FONT}">{html}</body>'


def stripped(html: str) -> str:
    """What is left where styles and images are taken away."""
    return re.sub(r"<img[^>]*>", "", re.sub(r' style="[^"]*"', "", html))


def cases() -> dict[str, str]:
    story = tell()
    view, meter = folded(story.events)
    done = mimebundle(view, meter)["text/html"]
    opened = done.replace("<details style", '<details open="open" style').replace(
        "max-height:560px;", ""
    )
    half = story.events[: len(story.events) * 55 // 100]
    live_view, live_meter = folded(half)
    live = mimebundle(live_view, live_meter, running=True, t=live_view.t + 0.4)["text/html"]
    paced = tell(scripted=True, price=None, host="127.0.0.1:40123", operator="", model="scripted")
    scripted = mimebundle(*folded(paced.events))["text/html"]
    return {"done": done, "opened": opened, "live": live, "scripted": scripted}


def photograph(out: Path, pages: dict[str, str]) -> None:
    chromium = shutil.which("chromium")
    options: dict[str, Any] = {"executable_path": chromium} if chromium else {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(args=["--no-sandbox"], **options)
        for name, html in pages.items():
            for width in (900, 400, 320) if "light" in name else (900,):
                tab = browser.new_page(viewport={"width": width, "height": 600})
                tab.set_content(html)
                tab.screenshot(path=out / f"{name}.{width}.png", full_page=True)
                tab.close()
        browser.close()


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    pages = {f"{name}.{host}": page(html, host) for name, html in cases().items() for host in HOSTS}
    pages["stripped.light"] = page(stripped(cases()["done"]))
    for name, html in pages.items():
        (out / f"{name}.html").write_text(html)
    photograph(out, pages)
    sys.stdout.write(f"{len(pages)} pages in {out}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
