"""JupyterLab in Chinese: no word of ours stands there in English, live, stepped, asked and over.

What the model says and what runs is Chinese or code here, so that every other English word is one
of the page's. The positive control is the same page in English, in which the same search finds
plenty. The pictures are in `build/screens/zh.*`.
"""
# ruff: noqa: RUF001 -- Chinese punctuation

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from nbagent.lessons import control
from nbagent.lessons.process import Server
from tests.browser.lab import WAIT_MS, Lab, Notebook
from tests.browser.runs_page import Panel
from tests.browser.test_without_extension import leave_out

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.long]

START = "%load_ext nbagent\n%kimi use lesson"
SAME_IN_CHINESE = {
    *("Kimi", "TTFT", "TTFA", "token", "tok", "JSON", "JSONL", "HTML", "Python", "curl", "POST"),
    *("Ctrl", "Shift", "Enter", "Esc", "End", "kB", "min", "ms", "K2", "Lab", "Jupyter"),
}
"""Names, units and keys."""
CODE = {
    *("run_python", "finish_reason", "tool_calls", "content", "stop", "kimi_loop", "Ask", "Act"),
}
"""What stands in a text as the code and the wire say it."""
ROLES = {"system", "user", "assistant", "tool"}
"""Messages are called so on the wire, and in the step view."""
_TEXTS = """root => {
  const found = [];
  const walk = node => {
    if (node.nodeType === Node.TEXT_NODE) found.push(node.data);
    if (node.nodeType === Node.ELEMENT_NODE) {
      if (node.matches('pre, code, kbd, style, script, .cm-editor, .mono, .nba-mono')) return;
      for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'aria-valuetext'])
        if (node.hasAttribute(name)) found.push(node.getAttribute(name));
      if (node.shadowRoot) node.shadowRoot.childNodes.forEach(walk);
    }
    node.childNodes.forEach(walk);
  };
  walk(root);
  return found;
}"""
PALETTE = "() => window.jupyterapp.commands.execute('apputils:activate-command-palette')"
_WORD = re.compile(r"[A-Za-z][A-Za-z_]+")
_NAMES = re.compile(
    r"You are an agent .*|\[Names .*|test-\S+|%kimi \w+( [\w-]+)?|_\.\w+(\(\))?|r-\w+|lesson\S*"
    r"|[\w/.-]+\.(ipynb|py)|ZeroDivisionError|division by zero|(?<=：)calls"
)


def english(*parts: Locator) -> set[str]:
    """The texts with an English word, of all that is in these parts of a page."""
    texts = {text.strip() for part in parts for text in part.evaluate(_TEXTS)}
    return {
        text for text in texts if set(_WORD.findall(_NAMES.sub("", text))) - SAME_IN_CHINESE - CODE
    }


def turn(text: str, code: str = "") -> dict[str, Any]:
    calls = [["run_python", {"code": code}]] if code else []
    return {"kind": "turn", "reasoning": "先看看数据。", "content": text, "calls": calls}


def opened(page: Page, lab: Lab, name: str, *cells: str) -> Notebook:
    notebook = Notebook.in_lab(page, lab, lab.write(name, START, *cells)).wait_for_kernel()
    notebook.run(0)
    notebook.wait_done(0)
    return notebook


def pictures(notebook: Notebook, what: str) -> None:
    """The page as it is now, light and dark."""
    for theme in ("Dark", "Light"):
        notebook.theme(f"JupyterLab {theme}")
        notebook.screenshot(f"zh.{what}.{theme.lower()}")


def test_a_run_that_asks_and_is_over(
    chinese_lab: Lab, page: Page, server: Server, name: str
) -> None:
    control.order(server, turn("", "import os\nos.remove('旧文件')"), turn("", "1/0"))
    control.order(server, turn("", "print(6)\n6"), turn("有六个。"))
    notebook = opened(page, chinese_lab, name, "%%kimi\n有几个？")
    notebook.run(1)
    output = notebook.output(1)
    trace = output.locator(".nbagent-trace")
    expect(
        output.get_by_text("无时间限制").or_(output.get_by_text("没有时间限制")).first
    ).to_be_visible(timeout=WAIT_MS)
    pictures(notebook, "asks")
    assert english(trace) == set()
    output.get_by_role("button", name="拒绝").first.click()
    output.get_by_role("textbox", name="给智能体的理由").fill("别删")
    page.keyboard.press("Enter")
    notebook.wait_done(1)
    expect(output).to_contain_text("有六个。")
    for button in ("全部展开", "快捷键", "在此轨迹中查找"):
        output.get_by_role("button", name=button, exact=True).click()
    assert english(trace) == set()
    pictures(notebook, "over")
    for mode in ("步骤", "表格", "速度"):
        output.get_by_role("button", name=mode, exact=True).click()
        assert english(trace) == set(), mode


def test_the_step_view(chinese_lab: Lab, page: Page, server: Server, name: str) -> None:
    control.order(server, turn("", "a = 1\nprint(a)"), turn("", "1/0"), turn("好了。"))
    notebook = opened(page, chinese_lab, name, "%%kimi --step\n开始")
    notebook.run(1)
    view = notebook.output(1).get_by_role("region", name="单步视图")
    expect(view).to_be_visible(timeout=WAIT_MS)
    page.keyboard.press("?")
    for n in range(1, 9):
        expect(view).to_contain_text(f"共 {n}", timeout=WAIT_MS)
        for tab in ("历史", "请求", "回复", "工具"):
            view.get_by_role("tab", name=tab).click()
            assert english(view) - ROLES == set(), (n, tab)
        if n in {1, 4, 7}:
            pictures(notebook, f"step.{n}")
        if n < 8:
            view.get_by_role("button", name="单步", exact=False).last.click()
    view.get_by_role("button", name="运行到结束").click()
    notebook.wait_done(1)


def test_panel_palette_and_cells(chinese_lab: Lab, page: Page, server: Server, name: str) -> None:
    control.order(server, {"kind": "turn", "reasoning": "加一格。", "content": "", "calls": [
        ["insert_cell", {"source": "n = 2"}]]}, turn("加好了。"))  # fmt: skip
    notebook = opened(page, chinese_lab, name, "%%kimi --ask never\n加一格", "n = '1' + 1")
    notebook.run(1)
    notebook.wait_done(1)
    notebook.run(3)
    notebook.wait_done(3)
    panel = Panel(page).show()
    expect(panel.row("加一格")).to_be_visible(timeout=WAIT_MS)
    pictures(notebook, "panel")
    assert english(panel.node, page.locator(".nbagent-status")) == set()
    bar = notebook.cell(2).locator(".bar.inserted")
    fix = notebook.cell(3).get_by_role("button", name="用 Kimi 修复")
    expect(bar).to_be_visible()
    expect(fix).to_be_visible()
    assert english(bar, fix) == set()
    page.evaluate(PALETTE)
    palette = page.locator("#modal-command-palette")
    palette.locator("input").fill("Kimi")
    commands = palette.locator("[data-command^='nbagent:']")
    expect(commands.first).to_be_visible()
    assert commands.count() > 3
    assert english(*commands.all()) == set()
    notebook.screenshot("zh.palette")


def test_the_widget_asks_the_kernel_for_its_words(
    chinese_lab: Lab, page: Page, server: Server, name: str
) -> None:
    leave_out(page, "nbagent")
    control.order(server, turn("", "import os\nos.remove('旧文件')"), turn("没有删。"))
    notebook = opened(page, chinese_lab, name, "%%kimi\n删掉")
    notebook.run(1)
    output = notebook.output(1)
    shown = output.locator(".jp-OutputArea-output")
    deny = output.get_by_role("button", name="拒绝")
    expect(deny).to_be_visible(timeout=WAIT_MS)
    notebook.screenshot("zh.widget")
    assert english(*shown.all()) == set()
    deny.click()
    output.get_by_role("textbox", name="给智能体的理由").fill("别删")
    page.keyboard.press("Enter")
    notebook.wait_done(1)
    expect(output).to_contain_text("没有删。")
    assert english(*shown.all()) - {"Image"} == set(), "JupyterLab calls each picture so"


def test_the_control_an_english_page_is_found_english(
    lab: Lab, page: Page, server: Server, name: str
) -> None:
    control.order(server, turn("", "print(6)"), turn("有六个。"))
    notebook = opened(page, lab, name, "%%kimi\n有几个？")
    notebook.run(1)
    notebook.wait_done(1)
    found = english(notebook.output(1).locator(".nbagent-trace"))
    assert {"2 steps", "Expand all"} <= found
