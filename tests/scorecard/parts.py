"""What the scorecard is made of: four programs, each with figures of its own, as JSON.

A part whose sources are as they were when it was measured is not run again.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CALM_S = 1_800
"""No part takes longer, in seconds."""


@dataclass(frozen=True)
class Part:
    """One program.

    Attributes:
        name: its name.
        module: what is run; with a path its figures are written there.
        options: what stands before the path.
    """

    name: str
    module: str
    options: Sequence[str] = ()


PARTS = (
    Part("faults", "tests.faults"),
    Part("kills", "tests.kills"),
    Part("journal", "tests.journal"),
    Part("soak", "tests.soak", ("--json",)),
)


def measured(part: Part, directory: Path, seed: str) -> tuple[dict[str, Any] | None, str]:
    """The figures of a part, and where they come from, in words; None if there are none.

    Args:
        part: the part.
        directory: where figures are kept.
        seed: chooses what is random.
    """
    if not _is_there(part.module):
        return None, f"skipped: there is no {part.module}"
    path, stamp = directory / f"{part.name}.json", f"{sources()} {seed}"
    kept = _kept(path, stamp)
    if kept is not None:
        return kept, "measured before, of the same sources"
    raw = path.with_suffix(".new")
    raw.unlink(missing_ok=True)
    command = [sys.executable, "-m", part.module, *part.options, str(raw)]
    try:
        run = subprocess.run(command, cwd=ROOT, check=False, timeout=CALM_S)
    except subprocess.TimeoutExpired:
        return None, f"took longer than {CALM_S} s"
    if not raw.exists():
        return None, f"ended with {run.returncode} and no figures"
    figures: dict[str, Any] = json.loads(raw.read_text())
    raw.unlink()
    path.write_text(json.dumps({"stamp": stamp, "figures": figures}, indent=1) + "\n")
    return figures, "measured now"


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
