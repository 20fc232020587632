"""`python -m tests.faults [PATH]`: plays the whole table and prints it; PATH gets the JSON too."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.faults.score import as_json, score


def main() -> None:
    lines, wrong = score()
    print(f"{'faults':<14}{'rows':>6}{'played':>9}{'as stated':>11}{'went on':>9}")
    for line in lines:
        counts = f"{line.faults:>6}{line.played:>9}{line.as_stated:>11}{line.survived:>9}"
        print(f"{line.group:<14}{counts}")
    told = as_json(lines, wrong)
    print(json.dumps(told))
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps(told, indent=1) + "\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
