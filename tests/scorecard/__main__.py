"""`python -m tests.scorecard [--seed S] [--fresh]`: measures what is not measured yet; the table.

The figures are in `build/scorecard/`. It fails if a figure misses its aim, or if one is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict

from tests.conftest import seed
from tests.scorecard.parts import PARTS, ROOT, measured
from tests.scorecard.rows import rows, table


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scorecard", description=__doc__)
    parser.add_argument("--seed", default=seed())
    parser.add_argument("--fresh", action="store_true", help="measure everything anew")
    asked = parser.parse_args()
    os.environ["CI_SEED"] = asked.seed
    directory = ROOT / "build" / "scorecard"
    directory.mkdir(parents=True, exist_ok=True)
    if asked.fresh:
        for path in directory.glob("*.json"):
            path.unlink()
    figures, whence = {}, {}
    for name in PARTS:
        print(f"{name} …", flush=True)
        figures[name], whence[name] = measured(name, directory, asked.seed)
    found = rows(figures)
    lines = table(found)
    told_of = [*(f"{name}: {words}" for name, words in whence.items()), f"seed {asked.seed}"]
    print("\n".join(["", *lines, "", *told_of]))
    told = {"seed": asked.seed, "rows": [asdict(row) for row in found], "parts": figures}
    (directory / "scorecard.md").write_text("\n".join(lines) + "\n")
    (directory / "scorecard.json").write_text(json.dumps(told, indent=1) + "\n")
    sys.exit(not all(row.is_met for row in found))


if __name__ == "__main__":
    main()
