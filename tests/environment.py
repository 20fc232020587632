"""What tests and their kernels run in: directories of their own, no key, no network."""

from __future__ import annotations

import os
import runpy
from pathlib import Path

GUARD = Path(__file__).parent / "guard"
REFUSED = "NBAGENT_TEST_REFUSED"
"""Names the file that holds what the guard has refused."""
SCRUBBED = ("MOONSHOT_", "KIMI_", "NBAGENT_", "OPENAI_", "JUPYTER_", "JPY_", "IPYTHON")
PROXIES = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}


def enter(home: Path) -> None:
    """Change this process's environment, and with it that of what it starts."""
    for name in list(os.environ):
        if name.startswith(SCRUBBED) or name.lower() in PROXIES:
            del os.environ[name]
    folders = {
        "HOME": home,
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "IPYTHONDIR": home / "ipython",
        "MPLCONFIGDIR": home / "matplotlib",
    }
    for path in folders.values():
        path.mkdir(exist_ok=True)
    os.environ |= {name: str(path) for name, path in folders.items()}
    os.environ |= {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(GUARD), os.environ.get("PYTHONPATH")])),
        REFUSED: str(home / "refused.txt"),
        "NBAGENT_LESSON_PACE": "inf",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "LC_ALL": "C.UTF-8",
    }
    runpy.run_path(str(GUARD / "sitecustomize.py"))
