"""`python -m tests.soak [--calls N] [--kills N] [--seed S] [--json PATH]`: a soak, its figures."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import environment
from tests.conftest import seed
from tests.scorecard.rows import in_digits
from tests.soak.figures import figures, others
from tests.soak.plans import planned
from tests.soak.soak import soak


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--calls", type=int, default=4_000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", default=seed())
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with TemporaryDirectory(prefix="nbagent-soak-") as folder:
        environment.enter(Path(folder))
        found = soak(planned(asked.calls, asked.kills, asked.seed), Path(folder))
    rows, more = figures(found), others(found)
    for row in rows:
        value = "-" if row.value is None else in_digits(row.value)
        sign = ">=" if row.at_least else "<="
        missed = "" if row.is_met else "  MISSED"
        print(f"{row.name:<32}{value:>10} {row.unit:<3}{sign} {row.aim:g}{missed}")
    told = {"figures": [asdict(row) | {"is_met": row.is_met} for row in rows], "more": more}
    print(json.dumps(told))
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=1) + "\n")
    sys.exit(not all(row.is_met for row in rows))


if __name__ == "__main__":
    main()
