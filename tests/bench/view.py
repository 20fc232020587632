"""The live view's figures, in a real JupyterLab: `python -m tests.bench.view [--quick]`.

First a reply of about 4,000 deltas in 10 s, shown by `%%kimi` and, in turn with it, by what people
write without it; then a trace of 4,000 calls, opened and scrolled. Reported are medians over the
rounds; nothing is asserted of speed, but a measurement that did not take place is an error.
"""

from __future__ import annotations

import os
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from nbagent.clock import SystemClock
from nbagent.lessons import control, process
from tests.bench import long_trace, stream
from tests.bench.table import table
from tests.browser.lab import Lab, launch

ROOT = Path(__file__).parents[2]
ROUNDS, QUICK_ROUNDS = 3, 1


def isolate(home: Path) -> None:
    """Give this process, and all that it starts, directories of their own and no key."""
    scrubbed = ("MOONSHOT_", "KIMI_", "NBAGENT_", "OPENAI_", "JUPYTER_", "JPY_", "IPYTHON")
    for name in [name for name in os.environ if name.startswith(scrubbed)]:
        del os.environ[name]
    names = ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    for name in names:
        (home / name.lower()).mkdir()
        os.environ[name] = str(home / name.lower())
    os.environ |= {"HOME": str(home), "PYTHONPATH": str(ROOT)}
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"


def report(browser: Browser, home: Path, rounds: int) -> list[str]:
    """Measure everything; the lines to print."""
    lessons = process.ensure(SystemClock())
    lab = Lab(home)
    try:
        streamed = stream.measure(browser, lab, lessons, rounds)
        opened = long_trace.measure(browser, lab, rounds)
    finally:
        lab.close()
        control.stop(lessons)
    names = [f"{name} {version(name)}" for name in ("jupyterlab", "ipykernel", "openai")]
    return [
        ", ".join([*names, f"Chromium {browser.version}, Python {sys.version.split()[0]}"]),
        f"medians of {rounds}; load average of the last 5 minutes {os.getloadavg()[1]:.1f}",
        f"\nA reply that takes {stream.REPLY_S:.0f} s",
        *table(stream.HEADS, streamed),
        f"\nA run of {long_trace.N_STEPS:,} steps with two calls each",
        long_trace.GROUPS,
        *table(long_trace.HEADS, opened),
    ]


def main() -> None:
    rounds = QUICK_ROUNDS if "--quick" in sys.argv[1:] else ROUNDS
    with tempfile.TemporaryDirectory(prefix="nbagent-") as folder:
        home = Path(folder)
        isolate(home)
        with sync_playwright() as playwright:
            browser = launch(playwright)
            lines = report(browser, home, rounds)
            browser.close()
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
