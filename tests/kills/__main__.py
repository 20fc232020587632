"""`python -m tests.kills [PATH]`: kills every story at every state, lets the state machine run,
and prints the score; PATH gets the JSON too. Some minutes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.kills.machine import EXAMPLES, STEPS, played
from tests.kills.score import as_json, score

HEAD = f"{'killed at':<22}{'kills':>7}{'went on':>9}{'events':>8}{'lost':>6}{'re-runs':>9}"


def main() -> None:
    lines, wrong = score()
    n_steps = played(EXAMPLES, STEPS)
    print(f"{HEAD}   naive: lost, re-runs")
    for line in lines:
        counts = f"{line.kills:>7}{line.recoveries:>9}{line.acknowledged:>8}"
        ours = f"{line.lost:>6}{line.silent_reruns:>9}"
        naive = f"{line.naive_lost:>13}{line.naive_silent_reruns:>9}"
        print(f"{line.state:<22}{counts}{ours}{naive}")
    print(f"state machine: {n_steps:,} steps")
    told = as_json(lines, wrong, n_steps)
    print(json.dumps(told))
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps(told, indent=1) + "\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
