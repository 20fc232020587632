"""A JupyterLab server and a page in a real browser, as few words as a test needs."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import nbformat
from jupyter_server.serverapp import list_running_servers
from nbformat.reader import NotJSONError
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, Locator, Page, Playwright, ViewportSize, expect

from nbagent.clock import SystemClock

SCREENS = Path(__file__).parents[2] / "build" / "screens"
START_S = 120.0
WAIT_MS = 60_000
GONE = (httpx.codes.NOT_FOUND, httpx.codes.GONE)
"""A session, or its kernel, has ended by itself meanwhile."""
NUMBERED = re.compile(r"\[\d+\]:")
VIEWPORT: ViewportSize = {"width": 1180, "height": 900}

QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
"""The browser itself must not leave the machine either."""

SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"checkForUpdates": False, "fetchNews": "false"},
    "@jupyterlab/completer-extension:manager": {"providerTimeout": 5_000},
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
}
"""No news, no questions, time for completions, and every cell of a notebook in the page."""
NO_AUTOSAVE = {"@jupyterlab/docmanager-extension:plugin": {"autosave": False}}


_KERNEL_READY = """() => {
    const context = window.jupyterapp?.shell.currentWidget?.sessionContext;
    const kernel = context?.session?.kernel;
    return context?.isReady && kernel?.connectionStatus === 'connected' && kernel.status === 'idle';
}"""

_SAVED = "() => window.jupyterapp.shell.currentWidget.context.model.dirty === false"

_OUTPUTS = """() => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells.map(
    cell => (cell.outputs ?? []).map(o => [o.data?.['text/plain'] ?? o.text ?? ''].flat().join(''))
)"""


def _on_disk(path: Path) -> nbformat.NotebookNode | None:
    """The notebook in a file; None while it is being written."""
    try:
        return nbformat.read(path, as_version=4)
    except NotJSONError:
        return None


def _outputs_of(notebook: nbformat.NotebookNode) -> list[list[str]]:
    """The same texts as the page's script gives, of a notebook that was read."""
    outputs = [cell.get("outputs", []) for cell in notebook.cells]
    return [[o.get("data", {}).get("text/plain", o.get("text", "")) for o in of] for of in outputs]


def launch(playwright: Playwright) -> Browser:
    """Start Chromium: the one that is installed, or else Playwright's own."""
    names = (os.environ.get("NBAGENT_CHROMIUM", ""), "chromium", "chromium-browser")
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    sandbox = ["--no-sandbox"] if os.getuid() == 0 else []
    return playwright.chromium.launch(executable_path=found, args=[*QUIET, *sandbox])


def free_port() -> int:
    """A port that nobody listens on; older servers do not tell which one they chose."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


JUPYTERLAB, NOTEBOOK_7 = "lab/tree", "notebooks"
"""Where the front ends open a notebook."""


def with_overlay(overlay: Path) -> dict[str, str]:
    """The environment of a server that also has what is installed under a prefix of its own."""
    base = {"base": str(overlay), "platbase": str(overlay)}
    paths = {
        "PYTHONPATH": sysconfig.get_path("purelib", "posix_prefix", vars=base),
        "JUPYTER_PATH": str(overlay / "share" / "jupyter"),
        "JUPYTER_CONFIG_PATH": str(overlay / "etc" / "jupyter"),
    }
    return {
        name: os.pathsep.join(filter(None, (path, os.environ.get(name))))
        for name, path in paths.items()
    }


class Lab:
    """A JupyterLab server with directories of its own; Notebook 7 is served by it too.

    Args:
        home: for its notebooks, settings and log.
        overlay: where packages are installed that only this server has; None for none.
        autosave: whether notebooks are saved by themselves.
        more: further options of the server.
        settings: what is set in JupyterLab besides, by the plugin.
    """

    def __init__(
        self, home: Path, overlay: Path | None = None, *, autosave: bool = False,
        more: Sequence[str] = (), settings: Mapping[str, Any] = {},
    ) -> None:  # fmt: skip
        self.front_end = JUPYTERLAB
        self.root = home / "notebooks"
        folder = home / "settings"
        for made in (self.root, folder):
            made.mkdir()
        overrides = {**SETTINGS, **({} if autosave else NO_AUTOSAVE), **settings}
        (folder / "overrides.json").write_text(json.dumps(overrides))
        self._log = (home / "server.log").open("w+")
        options = [
            "--no-browser",
            "--allow-root",
            "--LabApp.expose_app_in_browser=True",
            "--JupyterNotebookApp.expose_app_in_browser=True",
            f"--LabApp.app_settings_dir={folder}",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={free_port()}",
            "--IdentityProvider.token=test",
            f"--ServerApp.root_dir={self.root}",
            *more,
        ]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            stdout=self._log,
            stderr=self._log,
            cwd=home,
            env=os.environ | (with_overlay(overlay) if overlay else {}),
        )
        self.url = self._wait_for_url()

    def as_notebook7(self) -> Self:
        """The same server, where notebooks are opened in Notebook 7."""
        same = copy(self)
        same.front_end = NOTEBOOK_7
        return same

    @contextmanager
    def windowed(self, page: Page, mode: str) -> Iterator[None]:
        """Let notebooks that are opened meanwhile keep cells out of view as this mode does."""

        def choose(settings: dict[str, str]) -> None:
            url = f"{self.url}lab/api/settings/@jupyterlab/notebook-extension:tracker"
            raw = {"raw": json.dumps(settings)}
            assert page.request.put(url, params={"token": "test"}, data=raw).ok

        choose({"windowingMode": mode})
        try:
            yield
        finally:
            choose({})

    def _wait_for_url(self) -> str:
        clock = SystemClock()
        deadline = clock.now() + START_S
        while clock.now() < deadline and self._process.poll() is None:
            for server in list_running_servers():
                if server["pid"] == self._process.pid:
                    return str(server["url"])
            clock.sleep(0.1)
        self._log.seek(0)
        raise RuntimeError(f"no JupyterLab: {self._log.read()[-2000:]}")

    def write(self, name: str, *cells: str) -> Path:
        """Write a notebook of code cells."""
        spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = new_notebook(
            cells=[new_code_cell(text) for text in cells], metadata={"kernelspec": spec}
        )
        path = self.root / f"{name}.ipynb"
        nbformat.write(notebook, path)
        return path

    def end_kernels(self) -> None:
        """End what earlier tests left: a run that waits there would wait in the next test too."""
        headers = {"Authorization": "token test"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=START_S) as client:
            for session in client.get("api/sessions").raise_for_status().json():
                ended = client.delete(f"api/sessions/{session['id']}")
                if ended.status_code not in GONE:
                    ended.raise_for_status()

    def close(self) -> None:
        """End the server and its kernels."""
        self._process.terminate()
        self._process.wait(timeout=START_S)
        self._log.close()


@dataclass
class Notebook:
    """A notebook open in a page."""

    page: Page
    path: Path

    @classmethod
    def in_lab(cls, page: Page, lab: Lab, path: Path, *, reset: bool = True) -> Self:
        """Open a notebook in the server's front end and wait until its cells are there."""
        query = "?token=test&reset" if reset else "?token=test"
        page.goto(f"{lab.url}{lab.front_end}/{path.name}{query}")
        notebook = cls(page, path)
        expect(notebook.cell(0)).to_be_visible(timeout=WAIT_MS)
        return notebook

    def wait_for_kernel(self) -> Self:
        """Wait until the kernel has answered its first question and is idle."""
        self.page.wait_for_function(_KERNEL_READY, timeout=WAIT_MS)
        return self

    def cell(self, i: int) -> Locator:
        """The i-th cell."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").nth(i)

    def output(self, i: int) -> Locator:
        """The output area of the i-th cell."""
        return self.cell(i).locator(".jp-Cell-outputArea")

    def run(self, *cells: int) -> None:
        """Run cells as a person does, one after the other, without waiting for any to end."""
        for i in cells:
            self.cell(i).locator(".cm-content").click()
            self.page.keyboard.press("Control+Enter")

    def wait_done(self, i: int, *, timeout_ms: int = WAIT_MS) -> None:
        """Wait until the i-th cell has run: its prompt holds a number."""
        prompt = self.cell(i).locator(".jp-InputPrompt")
        expect(prompt).to_have_text(NUMBERED, timeout=timeout_ms)

    def press_stop(self) -> None:
        """Press the toolbar's stop button."""
        buttons = '[data-command$=":interrupt"], [data-command$=":interrupt-kernel"]'
        self.page.locator(".jp-Toolbar").locator(buttons).first.click()

    def save(self) -> nbformat.NotebookNode:
        """Save with the keyboard, wait until what the page has is on disk, and read it.

        A server that saves by itself may write at any time, and for a while what was before.
        """
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("Control+s")
        self.page.wait_for_function(_SAVED, timeout=WAIT_MS)
        clock = SystemClock()
        deadline = clock.now() + WAIT_MS / 1000
        while clock.now() < deadline:
            read = _on_disk(self.path)
            if read is not None and _outputs_of(read) == self.page.evaluate(_OUTPUTS):
                return read
            if not self.page.evaluate(_SAVED):  # a run that goes on has changed it since
                self.page.keyboard.press("Control+s")
            clock.sleep(0.05)
        raise AssertionError("what is on disk is not what the page has")

    def theme(self, name: str) -> None:
        """Switch to `JupyterLab Light` or `JupyterLab Dark`."""
        self.page.evaluate(
            "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})",
            name,
        )
        light = str("Light" in name).lower()
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-light", light)
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)

    def screenshot(self, name: str) -> Path:
        """Take a picture of the page into `build/screens/`."""
        SCREENS.mkdir(parents=True, exist_ok=True)
        path = SCREENS / f"{name}.png"
        self.page.screenshot(path=path)
        return path
