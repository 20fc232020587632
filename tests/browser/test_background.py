"""Runs in the background beside the user's own cells: outputs, waits, stops, a page loaded anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from nbagent.lessons import control
from nbagent.lessons.process import Server
from nbagent.trace import TRACE_MIME
from tests.browser.lab import WAIT_MS, Lab, Notebook
from tests.browser.test_control import call, opened, question, results, say
from tests.browser.test_survives import hurry, wait_until_kept

pytestmark = [pytest.mark.browser, pytest.mark.kernel]

DRAWS = """\
import matplotlib.pyplot as plt
print('of a run')
plt.plot([1, 2]);"""
PRINTS = "import time\nfor i in range(4):\n    print('mine', i)\n    time.sleep(0.1)"
AWAITS = "import asyncio\nfor i in range(4):\n    await asyncio.sleep(0.1)\n    print('awaited', i)"
PLOTS = "import matplotlib.pyplot as plt\nplt.bar([1], [2])\nprint('drawn')\nplt.show()"
IMAGE = {"image/png", "text/plain"}


def expect_over(output: Locator, text: str = "Done.") -> None:
    """The finished trace: its answer, and nothing to stop."""
    expect(output.get_by_text(text).first).to_be_visible(timeout=WAIT_MS)
    expect(output.get_by_role("button", name="Stop", exact=True)).to_have_count(0)


def shown(cell: Any) -> list[Any]:
    """What stands below a cell: text as it is, of the rest its types."""
    return [output.get("text") or set(output.get("data", output)) for output in cell.outputs]


def lines(word: str) -> str:
    return "".join(f"{word} {i}\n" for i in range(4))


def blocks(cell: Any) -> list[str]:
    """What the calls of a saved run have shown, by kind; the cell holds nothing but its trace."""
    (output,) = cell.outputs
    steps = output.data[TRACE_MIME]["snapshot"]["steps"]
    calls = [call for step in steps for call in step.get("calls", [])]
    return [block["kind"] for call in calls for block in call["outputs"]]


@pytest.mark.long
def test_two_runs_beside_the_users_cells(lab: Lab, page: Page, lessons: Server, name: str) -> None:
    n_calls = 10
    draws = [call(f"{DRAWS}  # {i}") for i in range(n_calls)]
    control.order(lessons, *draws, say("Done."), say("Done."))
    runs = [f"%%kimi --bg --conversation {each}\ngo" for each in ("one", "two")]
    notebook = opened(lab, page, name, *runs, PRINTS, AWAITS, PLOTS, PRINTS, AWAITS, PLOTS)
    notebook.run(0, 1, 2)
    for i in (1, 2):
        expect(notebook.output(i)).to_contain_text("of a run", timeout=WAIT_MS)
    notebook.run(3, 4, 5)
    notebook.wait_done(5)
    expect(notebook.output(1).get_by_role("button", name="Stop")).to_be_visible()
    notebook.screenshot("background.two")
    for i in (6, 7, 8):
        notebook.run(i)
        notebook.wait_done(i)
    for i in (1, 2):
        expect_over(notebook.output(i))
    notebook.screenshot("background.two.over")
    cells = notebook.save().cells
    shown_by_runs = blocks(cells[1]) + blocks(cells[2])
    assert shown_by_runs == ["text", "image"] * n_calls
    for first in (3, 6):
        assert shown(cells[first]) == [lines("mine")]
        assert shown(cells[first + 1]) == [lines("awaited")]
        assert shown(cells[first + 2]) == ["drawn\n", IMAGE]


NAIVE = """\
import asyncio
import matplotlib.pyplot as plt
async def run():
    await asyncio.sleep(0)
    plt.plot([1, 2])
task = asyncio.ensure_future(run())"""


@pytest.mark.long
def test_a_plain_task_draws_into_a_strangers_cell(lab: Lab, page: Page, name: str) -> None:
    """The positive control: what looks for strangers' outputs finds one."""
    waits = "import asyncio\nawait asyncio.wait([task])\nprint('mine')"
    notebook = opened(lab, page, name, NAIVE, waits)
    notebook.run(0, 1, 2)
    notebook.wait_done(2)
    assert shown(notebook.save().cells[2]) == ["mine\n", IMAGE]


HOLDS = """\
import asyncio, time
from pathlib import Path
while not Path({flag!r}).exists():
    {wait}
print('let go')"""
WAITS = {"sync": "time.sleep(0.05)", "await": "await asyncio.sleep(0.05)"}


@pytest.mark.long
@pytest.mark.parametrize("how", WAITS)
def test_it_says_that_it_waits_for_the_kernel(
    lab: Lab, page: Page, lessons: Server, name: str, how: str
) -> None:
    control.order(lessons, call("made = 6 * 7"), say("Done."))
    flag = f"{name}.go"
    holds = HOLDS.format(flag=flag, wait=WAITS[how])
    notebook = opened(lab, page, name, "%%kimi --bg\ngo", holds, "print(made)")
    notebook.run(0, 1, 2)
    output = notebook.output(1)
    expect(output).to_contain_text("Waiting for the kernel", timeout=WAIT_MS)
    notebook.screenshot(f"background.waiting.{how}")
    expect(notebook.cell(2).locator(".jp-InputPrompt")).to_have_text("[*]:")
    Path(lab.root / flag).touch()
    expect_over(output)
    notebook.run(3)
    expect(notebook.output(3)).to_contain_text("42")
    assert shown(notebook.save().cells[2]) == ["let go\n"]


SLEEPS = "import time\nprint('asleep now', flush=True)\ntime.sleep(600)"


def test_the_toolbar_stops_whichever_runs(lab: Lab, page: Page, lessons: Server, name: str) -> None:
    """While a cell of the user runs it ends that cell, while a tool runs it ends the run."""
    control.order(lessons, call(SLEEPS), say("Not stopped."))
    holds = f"print('mine', flush=True)\n{HOLDS.format(flag='never', wait=WAITS['sync'])}"
    cells = "%%kimi --bg --out run\ngo", holds, "print(run.finished.reason)"
    notebook = opened(lab, page, name, *cells)
    notebook.run(0, 1, 2)
    output = notebook.output(1)
    expect(output).to_contain_text("Waiting for the kernel", timeout=WAIT_MS)
    notebook.press_stop()
    expect(notebook.output(2)).to_contain_text("KeyboardInterrupt", timeout=WAIT_MS)
    expect(output).to_contain_text("asleep now", timeout=WAIT_MS)
    expect(page.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute("data-status", "busy")
    notebook.screenshot("background.tool")
    notebook.press_stop()
    expect_over(output, "Stopped by you")
    notebook.run(3)
    expect(notebook.output(3)).to_contain_text("stopped", timeout=WAIT_MS)
    error = notebook.save().cells[2].outputs[-1]
    assert error.ename == "KeyboardInterrupt"


@pytest.mark.long
@pytest.mark.parametrize("held", [False, True], ids=["free", "held"])
def test_the_button_stops_while_the_model_is_awaited(
    lab: Lab, page: Page, lessons: Server, name: str, *, held: bool
) -> None:
    """Also while a cell of the user holds the kernel, which goes on."""
    control.order(lessons, {"kind": "stall", "after": 6}, say("Not stopped."))
    holds = HOLDS.format(flag=f"{name}.go", wait=WAITS["sync"])
    cells = "%%kimi --bg --out run\nlesson long 3", holds, "print(run.finished.reason)"
    notebook = opened(lab, page, name, *cells)
    notebook.run(0, 1, *([2] if held else []))
    output = notebook.output(1)
    expect(output).to_contain_text("Thinking", timeout=WAIT_MS)
    output.get_by_role("button", name="Stop").click()
    expect_over(output, "Stopped by you")
    notebook.screenshot(f"background.stopped.{held}")
    Path(lab.root / f"{name}.go").touch()
    notebook.run(3)
    expect(notebook.output(3)).to_contain_text("stopped", timeout=WAIT_MS)
    if held:
        assert shown(notebook.save().cells[2]) == ["let go\n"]


@pytest.mark.long
@pytest.mark.parametrize("saved", [False, True], ids=["not saved", "saved"])
def test_a_page_loaded_anew_finds_it(
    lab: Lab, page: Page, lessons: Server, name: str, *, saved: bool
) -> None:
    cells = "%%kimi --bg --out run\nlesson long 12", "print(run.finished.reason)"
    notebook = opened(lab, page, name, *cells)
    notebook.run(0, 1)
    notebook.wait_done(1)
    expect(notebook.output(1).get_by_text("run_python").first).to_be_visible(timeout=WAIT_MS)
    if saved:
        notebook.save()
    other = page.context.new_page()
    page.close(run_before_unload=False)
    notebook = Notebook.in_lab(other, lab, notebook.path)
    output = notebook.output(1)
    expect(output.get_by_role("button", name="Stop")).to_be_visible(timeout=WAIT_MS)
    notebook.screenshot(f"background.again.{saved}")
    hurry(lessons)
    expect_over(output, "The sum of 1 to 12 is 78")
    wait_until_kept(notebook)
    (saved_output,) = notebook.save().cells[1].outputs
    assert "The sum of 1 to 12 is 78" in saved_output.data["text/plain"].replace("*", "")


@pytest.mark.long
def test_a_question_waits_beside_the_users_cells(
    lab: Lab, page: Page, lessons: Server, name: str
) -> None:
    """Also in a page loaded later; meanwhile cells run."""
    control.order(lessons, call("print('asked')"), say("Done."))
    notebook = opened(lab, page, name, "%%kimi --bg --ask always\ngo", "print('mine')")
    notebook.run(0, 1)
    question(notebook.output(1), "Run this?")
    notebook.run(2)
    expect(notebook.output(2)).to_contain_text("mine")
    notebook.save()
    other = page.context.new_page()
    page.close(run_before_unload=False)
    notebook = Notebook.in_lab(other, lab, notebook.path)
    output = notebook.output(1)
    question(output, "Run this?").get_by_role("button", name="Approve").click()
    question(output, "Send this result to the model?").get_by_role("button", name="Send").click()
    expect_over(output)
    assert results(lessons) == ["asked"]
    assert shown(notebook.save().cells[2]) == ["mine\n"]
