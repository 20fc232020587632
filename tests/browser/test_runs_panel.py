"""The runs panel in a real JupyterLab: what it lists, and what each of its buttons does."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from nbagent.clock import SystemClock
from nbagent.lessons import control
from nbagent.lessons.process import Server
from tests.browser.lab import WAIT_MS, Lab, Notebook
from tests.browser.runs_page import Panel, made_up, tell
from tests.browser.test_control import call, opened, question, say
from tests.browser.test_live_access import AXE, SERIOUS

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.long]

KILLS = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"


def test_a_run_that_waits_is_decided_from_the_panel(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    control.order(server, call("print('one')"), say("It was one."))
    notebook = opened(lab, page, name, f"%%kimi --ask always\ngo {name}")
    notebook.run(0, 1)
    panel = Panel(page).show()
    title = f"go {name}"
    decide = panel.row(title).get_by_role("button", name="Decide", exact=True)
    expect(decide).to_be_visible(timeout=WAIT_MS)
    assert panel.below("Needs you") == [title]
    expect(panel.status).to_contain_text("1 needs you", timeout=WAIT_MS)
    panel.screenshot("runs.needs")
    decide.click()
    panel.tab.get_by_role("button", name="Approve").click(timeout=WAIT_MS)
    sending = question(panel.tab, "Send this result to the model?")
    sending.get_by_role("button", name="Send").click()
    expect(panel.tab).to_contain_text("It was one.", timeout=WAIT_MS)
    expect(panel.row(title)).to_contain_text("scripted", timeout=WAIT_MS)
    expect(panel.group("Needs you")).to_have_count(0)
    panel.screenshot("runs.decided")


def test_a_run_is_stopped_from_its_row(lab: Lab, page: Page, lessons: Server, name: str) -> None:
    notebook = opened(lab, page, name, "%%kimi\nlesson long 30")
    panel = Panel(page).show()
    notebook.run(0, 1)
    row = panel.row("lesson long 30").first
    expect(panel.status).to_contain_text("scripted, not Kimi", timeout=WAIT_MS)
    expect(panel.status).to_contain_text("step", timeout=WAIT_MS)
    panel.screenshot("runs.running")
    row.get_by_role("button", name="Stop", exact=True).click()
    expect(row).to_contain_text("stopped at step", timeout=WAIT_MS)
    notebook.wait_done(1)
    expect(panel.status).to_be_hidden()


def test_a_run_that_is_over_is_opened_found_exported_and_deleted(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    control.order(server, call("print('one')"), say("It was one."))
    spaces = ["x = 1"] * 25
    notebook = opened(lab, page, name, *spaces, f"%%kimi\ngo {name}", *spaces)
    last = len(spaces) + 1
    notebook.run(0, last)
    notebook.wait_done(last)
    notebook.save()
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    panel = Panel(page).show()
    title = f"go {name}"
    panel.row(title).locator(".rb").click()
    expect(panel.tab).to_contain_text("It was one.", timeout=WAIT_MS)
    panel.screenshot("runs.stored")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.close()")

    panel.menu(title, "Go to cell")
    expect(notebook.cell(last)).to_be_in_viewport(timeout=WAIT_MS)
    page.wait_for_function(
        "n => window.jupyterapp.shell.currentWidget.content.activeCellIndex === n", arg=last
    )
    for item, suffix in [("notebook", "ipynb"), ("HTML", "html"), ("JSONL", "jsonl")]:
        with page.expect_download() as download:
            panel.menu(title, f"Export as {item}")
        assert download.value.suggested_filename.endswith(suffix)
        text = Path(download.value.path()).read_text(encoding="utf-8")
        assert "It was one." in text or "print('one')" in text
        if suffix == "ipynb":
            nbformat.reads(text, as_version=4)

    panel.menu(title, "Delete…")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(title)
    panel.screenshot("runs.delete")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    expect(panel.row(title)).to_be_visible()
    panel.row(title).locator(".rb").focus()
    page.keyboard.press("Delete")
    dialog.get_by_role("button", name="Delete").click()
    expect(panel.row(title)).to_have_count(0)


def test_a_run_that_was_cut_off_is_resumed(lab: Lab, page: Page, server: Server, name: str) -> None:
    control.order(server, call("made = 6 * 7"), call(KILLS), say("It goes on."))
    notebook = opened(lab, page, name, f"%%kimi --ask never\ngo {name}")
    notebook.run(0, 1)
    panel = Panel(page).show()
    title = f"go {name}"
    page.get_by_role("dialog").get_by_role("button", name="Ok").click(timeout=WAIT_MS)
    row = panel.row(title)
    expect(row.get_by_role("button", name="Resume", exact=True)).to_be_visible(timeout=WAIT_MS)
    row.locator(".rb").focus()
    expect(panel.node.locator(".left2")).to_contain_text("on disk. A call that had begun")
    panel.screenshot("runs.interrupted")
    row.get_by_role("button", name="Resume", exact=True).click()
    expect(notebook.cell(2)).to_contain_text("%kimi resume run-", timeout=WAIT_MS)
    asked = question(notebook.output(2), "The kernel ended while this ran. Run it again?")
    panel.screenshot("runs.resumed")
    expect(row.get_by_role("button", name="Decide", exact=True)).to_be_visible(timeout=WAIT_MS)
    asked.get_by_role("button", name="Skip").click()
    expect(notebook.output(2)).to_contain_text("It goes on.", timeout=WAIT_MS)


def test_without_the_server_the_kernels_still_tell(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    page.route("**/nbagent/api/**", lambda route: route.fulfill(status=404, body="no"))
    control.order(server, say("Here."))
    notebook = opened(lab, page, name, f"%%kimi\ngo {name}")
    notebook.run(0, 1)
    notebook.wait_done(1)
    panel = Panel(page).show()
    expect(panel.node).to_contain_text("The server extension is not enabled here")
    expect(panel.row(f"go {name}")).to_be_visible(timeout=WAIT_MS)
    panel.row(f"go {name}").locator(".rb").click()
    expect(panel.tab).to_contain_text("Here.", timeout=WAIT_MS)
    panel.screenshot("runs.no-server")
    with page.expect_download() as download:
        panel.menu(f"go {name}", "Export as JSONL")
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert "run_started" in {json.loads(line).get("kind") for line in lines}


def test_a_kernel_with_a_record_of_its_own_is_marked(
    lab: Lab, page: Page, server: Server, name: str, tmp_path: Path
) -> None:
    """As a kernel behind a gateway: its data directory is none of the server's."""
    control.order(server, say("Elsewhere."))
    moved = f"import os\nos.environ['JUPYTER_DATA_DIR'] = {str(tmp_path)!r}"
    cells = [moved, "%load_ext nbagent\n%kimi use lesson", f"%%kimi\ngo {name}"]
    notebook = Notebook.in_lab(page, lab, lab.write(name, *cells)).wait_for_kernel()
    notebook.run(0, 1, 2)
    notebook.wait_done(2)
    panel = Panel(page).show()
    row = panel.row(f"go {name}")
    expect(row).to_contain_text("stored on the kernel's machine", timeout=WAIT_MS)
    row.locator(".rb").click()
    expect(panel.tab).to_contain_text("scripted stand-in", timeout=WAIT_MS)
    panel.screenshot("runs.elsewhere")


def test_another_sessions_kernel_is_asked_while_somebody_looks(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    """Its notebook is open in no page any more."""
    page.route("**/nbagent/api/**", lambda route: route.fulfill(status=404, body="no"))
    control.order(server, say("Left."))
    notebook = opened(lab, page, name, f"%%kimi\ngo {name}")
    notebook.run(0, 1)
    notebook.wait_done(1)
    notebook.save()
    page.goto(f"{lab.url}lab?token=test&reset")
    panel = Panel(page).show()
    expect(panel.row(f"go {name}")).to_be_visible(timeout=WAIT_MS)
    panel.row(f"go {name}").locator(".rb").click()
    expect(panel.tab).to_contain_text("Left.", timeout=WAIT_MS)


def test_search_finds_here_and_on_the_server(lab: Lab, page: Page) -> None:
    tell(page, made_up(SystemClock().wall()))
    page.goto(f"{lab.url}lab?token=test&reset")
    expect(page.locator(".jp-Launcher")).to_be_visible(timeout=WAIT_MS)  # it takes the focus
    panel = Panel(page).show()
    panel.node.get_by_role("button", name="Search runs").click()
    expect(panel.node.get_by_role("searchbox")).to_be_focused()
    with page.expect_request(lambda r: "search=of+last" in r.url):
        page.keyboard.type("of last")
    expect(panel.node.locator(".rn2")).to_have_count(1)
    expect(panel.row("Of last week")).to_be_visible()
    page.keyboard.press("End")
    page.keyboard.type(" year")
    expect(panel.node).to_contain_text("No run matches “of last year”.")
    page.keyboard.press("Escape")
    expect(panel.row("Of last week")).to_have_count(0)
    expect(panel.group("Earlier")).to_have_attribute("aria-expanded", "false")


def test_keys_go_through_the_list(lab: Lab, page: Page) -> None:
    tell(page, made_up(SystemClock().wall()))
    page.goto(f"{lab.url}lab?token=test&reset")
    expect(page.locator(".jp-Launcher")).to_be_visible(timeout=WAIT_MS)  # it takes the focus
    panel = Panel(page).show()
    expect(panel.row("Which columns")).to_be_visible(timeout=WAIT_MS)
    panel.row("Which columns").locator(".rb").focus()
    page.keyboard.press("ArrowDown")
    panel.expect_focus("Interrupted1")
    page.keyboard.press("ArrowDown")
    panel.expect_focus("Interrupted: Fit the survival models")
    page.keyboard.press("ArrowLeft")
    panel.expect_focus("Interrupted1")
    page.keyboard.press("ArrowLeft")
    expect(panel.group("Interrupted")).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowRight")
    expect(panel.group("Interrupted")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("End")
    panel.expect_focus("Earlier1")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    panel.expect_focus("Of last week")
    page.keyboard.press("Shift+F10")
    expect(page.locator(".lm-Menu")).to_be_visible()
    panel.screenshot("runs.menu")
    page.keyboard.press("Escape")
    page.keyboard.press("Home")
    panel.expect_focus("Needs you1")


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_axe_finds_nothing_serious(lab: Lab, page: Page, theme: str) -> None:
    tell(page, made_up(SystemClock().wall()))
    page.goto(f"{lab.url}lab?token=test&reset")
    panel = Panel(page).show()
    expect(panel.row("Which columns")).to_be_visible(timeout=WAIT_MS)
    Notebook(page, Path()).theme(f"JupyterLab {theme}")
    panel.row("Which columns").locator(".rb").focus()
    panel.screenshot(f"runs.states.{theme.lower()}")
    panel.row("Fit the survival models").last.locator(".rb").focus()
    page.add_script_tag(path=AXE)
    assert panel.gaps() == [], "each line begins where the one above it ends"
    within = SERIOUS.replace("axe.run(document,", "axe.run('#nbagent-runs, .nbagent-status',")
    assert within != SERIOUS
    found = page.evaluate(within)
    Notebook(page, Path()).theme("JupyterLab Light")  # the server keeps it for the next test
    assert found == []


def test_nothing_has_run_yet(lab: Lab, page: Page) -> None:
    tell(page, [])
    page.goto(f"{lab.url}lab?token=test&reset")
    panel = Panel(page).show()
    expect(panel.node).to_contain_text("No runs yet")
    expect(panel.status).to_be_hidden()
    panel.screenshot("runs.empty")
    panel.node.get_by_role("button", name="How to use a real key").click()
    expect(page.get_by_role("dialog")).to_contain_text("%kimi login")


def test_a_page_that_does_not_look_asks_nothing(lab: Lab, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "/nbagent/" in r.url else None)
    page.goto(f"{lab.url}lab?token=test&reset")
    panel = Panel(page).ready()
    assert [url for url in asked if "/nbagent/api/" in url] == []
    panel.show()
    page.wait_for_function(
        "() => performance.getEntriesByType('resource').some(e => e.name.includes('nbagent/api'))"
    )


def test_notebook_7_has_the_panel(lab: Lab, page: Page, server: Server, name: str) -> None:
    control.order(server, say("In a notebook."))
    notebook = opened(lab.as_notebook7(), page, name, f"%%kimi\ngo {name}")
    notebook.run(0, 1)
    notebook.wait_done(1)
    panel = Panel(page).show()
    expect(panel.row(f"go {name}")).to_be_visible(timeout=WAIT_MS)
    panel.row(f"go {name}").locator(".rb").click()
    answer = panel.tab.get_by_text("In a notebook.").first
    expect(answer).to_be_in_viewport(timeout=WAIT_MS)
    panel.screenshot("runs.notebook7")
