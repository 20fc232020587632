"""What the scorecard is made of: four programs, each with figures of its own.

A part whose sources are as they were when it was measured is not run again.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CALM_S = 1_800
"""No part takes longer, in seconds."""


PARTS = {
    "faults": "tests.faults",
    "kills": "tests.kills",
    "journal": "tests.journal",
    "soak": "tests.soak",
}
"""Programs by name; the last line that each prints is a JSON object."""


def measured(name: str, directory: Path, seed: str) -> tuple[dict[str, Any] | None, str]:
    """The figures of a part, and where they come from, in words; None if there are none.

    Args:
        name: the part.
        directory: where figures are kept.
        seed: chooses what is random.
    """
    module = PARTS[name]
    if not _is_there(module):
        return None, f"skipped: there is no {module}"
    path, stamp = directory / f"{name}.json", f"{sources()} {seed}"
    kept = _kept(path, stamp)
    if kept is not None:
        return kept, "measured before, of the same sources"
    command = [sys.executable, "-m", module]
    try:
        run = subprocess.run(
            command, cwd=ROOT, check=False, timeout=CALM_S, stdout=subprocess.PIPE, text=True
        )
    except subprocess.TimeoutExpired:
        return None, f"took longer than {CALM_S} s"
    sys.stdout.write(run.stdout)
    figures = told(run.stdout)
    if figures is None:
        return None, f"ended with {run.returncode} and no figures"
    path.write_text(json.dumps({"stamp": stamp, "figures": figures}, indent=1) + "\n")
    return figures, "measured now"


def told(text: str) -> dict[str, Any] | None:
    """The JSON object in the last line that a program printed; None if there is none."""
    last = next(reversed(text.strip().splitlines()), "")
    try:
        found = json.loads(last)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _is_there(module: str) -> bool:
    return find_spec(module) is not None and find_spec(f"{module}.__main__") is not None


def _kept(path: Path, stamp: str) -> dict[str, Any] | None:
    """The figures of an earlier run, if they are of this stamp."""
    if not path.exists():
        return None
    kept = json.loads(path.read_text())
    return dict(kept["figures"]) if kept["stamp"] == stamp else None


def sources() -> str:
    """A hash of everything that could change a figure."""
    digest = hashlib.sha256()
    for folder in ("nbagent", "tests"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(str(path.relative_to(ROOT)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
