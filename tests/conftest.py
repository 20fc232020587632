"""What every test runs in: directories of its own, no key, no network, scripted replies at once.

The tiers: tests marked `long` are left out, unless `--long sample` takes a seeded share of them or
`--long all` takes every one. The seed is the day's date, or `CI_SEED`; it is printed.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests import environment
from tests.browser.lab import VIEWPORT, WAIT_MS, Lab, launch
from tests.environment import REFUSED

HERE = Path(__file__).parent
COLLAB = HERE.parent / "build" / "collab"
CHINESE = HERE.parent / "build" / "chinese"
KERNELS = HERE.parent / "build" / "kernels"
HOME = pytest.StashKey[Path]()
SAMPLE = 0.1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long",
        choices=("none", "sample", "all"),
        default="none",
        help="how many of the tests marked `long` to run (none)",
    )


def pytest_configure(config: pytest.Config) -> None:
    home = Path(tempfile.mkdtemp(prefix="nbagent-"))
    config.stash[HOME] = home
    environment.enter(home)


def pytest_unconfigure(config: pytest.Config) -> None:
    home = config.stash.get(HOME, None)
    if home is not None:
        shutil.rmtree(home, ignore_errors=True)


def seed() -> str:
    return os.environ.get("CI_SEED") or f"{datetime.now(UTC):%Y-%m-%d}"


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if config.getoption("--long") == "sample":
        terminalreporter.write_line(f"long tests: a share of {SAMPLE:.0%}, CI_SEED={seed()}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    long = sorted((item for item in items if item.get_closest_marker("long")), key=_name)
    keep = {"none": [], "all": long, "sample": _sample(long)}[config.getoption("--long")]
    left_out = [item for item in long if item not in keep]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
    # Playwright's event loop occupies the main thread from its first test on, so these come last.
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


def _name(item: pytest.Item) -> str:
    return item.nodeid


def _sample(items: list[pytest.Item]) -> list[pytest.Item]:
    n = max(1, round(SAMPLE * len(items))) if items else 0
    return random.Random(seed()).sample(items, n)


@pytest.fixture(autouse=True)
def no_figures_left() -> Iterator[None]:
    """A figure that a test leaves open would be drawn upon by the next one."""
    yield
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests; what a busy machine is late with is still waited for."""
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One JupyterLab server for all browser tests."""
    server = Lab(tmp_path_factory.mktemp("lab"))
    yield server
    server.close()


@pytest.fixture
def lab(lab_server: Lab) -> Iterator[Lab]:
    """The JupyterLab server; what a test leaves running there ends with the test."""
    yield lab_server
    lab_server.end_kernels()


@pytest.fixture(scope="session")
def collab_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab server with jupyter-collaboration, as people have it: it saves by itself."""
    if not COLLAB.is_dir():
        pytest.fail(f"{COLLAB} is missing. Run `make build/collab` and try again.")
    server = Lab(tmp_path_factory.mktemp("collab"), COLLAB, autosave=True)
    yield server
    server.close()


@pytest.fixture
def collab_lab(collab_server: Lab) -> Iterator[Lab]:
    """The same for the server with jupyter-collaboration."""
    yield collab_server
    collab_server.end_kernels()


@pytest.fixture(scope="session")
def chinese_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab server whose pages are Chinese."""
    if not CHINESE.is_dir():
        pytest.fail(f"{CHINESE} is missing. Run `make build/chinese` and try again.")
    language = {"@jupyterlab/translation-extension:plugin": {"locale": "zh_CN"}}
    server = Lab(tmp_path_factory.mktemp("chinese"), CHINESE, settings=language)
    yield server
    server.close()


@pytest.fixture
def chinese_lab(chinese_server: Lab) -> Iterator[Lab]:
    """The same for the server whose pages are Chinese."""
    yield chinese_server
    chinese_server.end_kernels()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own for each test."""
    context = browser.new_context(viewport=VIEWPORT)
    context.set_default_timeout(WAIT_MS)
    yield context.new_page()
    context.close()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    _end_lesson_server()
    refused = Path(os.environ[REFUSED])
    if refused.exists():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print(f"\nA test tried to leave the machine:\n{refused.read_text()}")


def _end_lesson_server() -> None:
    from nbagent.clock import SystemClock  # noqa: PLC0415 -- after the environment is set
    from nbagent.lessons import control, process  # noqa: PLC0415 -- as above

    server = process.find(SystemClock()) if process.address_path().exists() else None
    if server is not None:
        control.stop(server)
