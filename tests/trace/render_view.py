"""Draw the sample run with the TypeScript view: `python tests/trace/render_view.py OUT_DIR`.

The view stands in a page of its own, light and dark, live and finished, wide and narrow; with
Playwright and a Chromium each state is photographed. `npm ci` in `labextension` comes first.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from playwright.sync_api import Page, sync_playwright
from sample_run import tell
from trace_story import Story, error_output, stream_output

from nbagent.events import to_dict

FRONT = Path(__file__).parent.parent.parent / "labextension"
LIGHT = "--jp-layout-color1:#fff;--jp-ui-font-color1:rgba(0,0,0,.87);--jp-border-color1:#bdbdbd;"
LIGHT += "--jp-border-color2:#e0e0e0;--jp-brand-color1:#1976d2;--jp-cell-editor-background:#f5f5f5"
DARK = "--jp-layout-color1:#212121;--jp-ui-font-color1:rgba(255,255,255,.87);"
DARK += "--jp-border-color1:#616161;--jp-border-color2:#424242;--jp-brand-color1:#2196f3"


def long_run(n_steps: int = 2_000) -> Story:
    """Steps with two calls each, a failed and repaired one now and then."""
    story = Story("Clean all files", pace=0.1)
    for i in range(n_steps):
        story.ask().think(f"File {i}: look at its units. Then clean.", n=2)
        story.calls("run_python", "{}", 0.2).reply(60)
        failed = i % 40 == 7
        code = f"# Clean file {i}\nframe = load({i})\nframe.columns = names\nclean(frame)"
        output = error_output("KeyError", "'unit'", ["KeyError: 'unit'"])
        shown = output if failed else stream_output(f"{i} rows\n")
        story.run("run_python", shown, code=code, saw="ok", is_error=failed, s=0.5)
        story.run("run_python", stream_output("ok\n"), code=f"check({i})", saw="ok", index=1, s=0.2)
    return story.finish("All files are clean.")


def bundled(script: str = "scripts/page.ts") -> str:
    esbuild = FRONT / "node_modules/.bin/esbuild"
    command = [str(esbuild), script, "--bundle", "--format=iife", "--log-level=warning"]
    done = subprocess.run(command, cwd=FRONT, check=True, capture_output=True, text=True)
    return done.stdout


def events_of(story: Story) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = json.loads(json.dumps([to_dict(e) for e in story.events]))
    return events


def write_page(folder: Path, events: list[dict[str, Any]]) -> str:
    """Write the page and what it loads; its address comes back."""
    (folder / "page.js").write_text(bundled())
    (folder / "events.js").write_text(f"window.events = {json.dumps(events)}")
    head = (
        '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    )
    scripts = '<script src="page.js"></script><script src="events.js"></script>'
    style = "<style>body{margin:0;padding:12px;font:13px system-ui,'DejaVu Sans'}</style>"
    (folder / "page.html").write_text(f"{head}<title>View</title>{style}<main></main>{scripts}")
    return (folder / "page.html").as_uri()


def themed(page: Page, theme: str) -> None:
    style = LIGHT if theme == "light" else DARK
    back = "#fff" if theme == "light" else "#111"
    page.evaluate(
        """([style, back, light]) => {
          document.body.style = style + ';background:' + back;
          document.body.dataset.jpThemeLight = light;
        }""",
        [style, back, str(theme == "light").lower()],
    )


def shots(events: list[dict[str, Any]]) -> dict[str, str]:
    """What is photographed: a name, and the script that shows it."""
    failed = next(e["t"] for e in events if e["kind"] == "tool_finished" and e["is_error"])
    thinking = [e for e in events if e["kind"] == "delta" and e["phase"] == "reasoning"]
    output = [e["t"] for e in events if e["kind"] == "tool_output"]
    shown = {
        "thinking": [e["t"] for e in thinking if e["step"] == 3][-4],
        "running": output[0] + 0.01 if output else failed,
        "error": failed + 0.01,
    }
    scripts = {name: f"nbagent.show(events, {t})" for name, t in shown.items()}
    scripts["answering"] = f"nbagent.show(events, {events[-8]['t']})"
    return {**scripts, "finished": "nbagent.show(events)"}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    events = events_of(tell())
    address = write_page(folder, events)
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for theme in ("light", "dark"):
            for width in (900, 320):
                page = browser.new_page(viewport={"width": width, "height": 900})
                page.on("pageerror", lambda error: print("page error:", error))
                for name, script in shots(events).items():
                    page.goto(address)
                    themed(page, theme)
                    page.evaluate(f"void {script}")
                    page.wait_for_timeout(400)
                    page.screenshot(path=folder / f"{name}.{theme}.{width}.png", full_page=True)
                page.close()
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
