"""Kernels behind a gateway: another server has them, with a record of their runs of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from nbagent.clock import SystemClock
from nbagent.lessons.process import Server
from tests.browser.lab import START_S, WAIT_MS, Lab, free_port
from tests.browser.runs_page import Panel
from tests.browser.test_control import opened

pytestmark = [pytest.mark.browser, pytest.mark.kernel, pytest.mark.long]

MARK = "stored on the kernel's machine"


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Lab]:
    """A JupyterLab whose kernels are another server's, which has a data directory of its own."""
    port = free_port()
    own = {"JUPYTER_DATA_DIR": str(tmp_path / "data"), "JUPYTER_RUNTIME_DIR": str(tmp_path / "run")}
    options = ["--no-browser", "--allow-root", "--IdentityProvider.token=gateway"]
    options += [f"--ServerApp.port={port}", f"--ServerApp.root_dir={tmp_path}"]
    gateway = subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", *options],
        env=os.environ | own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    wait_for(url)
    home = tmp_path / "lab"
    home.mkdir()
    lab = Lab(home, more=[f"--GatewayClient.url={url}", "--GatewayClient.auth_token=gateway"])
    yield lab
    lab.close()
    gateway.terminate()
    gateway.wait(timeout=START_S)


def wait_for(url: str) -> None:
    """Wait until a server answers."""
    clock = SystemClock()
    deadline = clock.now() + START_S
    while clock.now() < deadline:
        try:
            requests.get(f"{url}/api", timeout=5)
        except requests.ConnectionError:
            clock.sleep(0.1)
        else:
            return
    raise RuntimeError("no gateway")


@pytest.mark.timeout(240)
def test_a_run_behind_a_gateway_is_shown_and_marked(
    behind: Lab, page: Page, lessons: Server, name: str
) -> None:
    notebook = opened(behind, page, name, "%%kimi\nlesson long 3")
    panel = Panel(page).show()
    notebook.run(0, 1)
    row = panel.row("lesson long 3")
    expect(row).to_contain_text(MARK, timeout=WAIT_MS)
    panel.screenshot("runs.gateway.live")
    expect(row).to_contain_text("4 steps", timeout=WAIT_MS)
    expect(row).to_contain_text(MARK)
    expect(panel.node).to_contain_text("and their runs are kept on that machine")
    row.locator(".rb").click()
    expect(panel.tab).to_contain_text("Lesson server", timeout=WAIT_MS)
    panel.screenshot("runs.gateway")
