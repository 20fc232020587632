"""`python -m tests.journal [PATH]`: kills writers of a journal at random, counts what is lost."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conftest import seed
from tests.journal.harness import a_journal, a_run, assert_is_whole
from tests.journal.test_kills import SCRIPT, journalled, killed, lost
from tests.scripted import drive

KILLS = 300


def main() -> None:
    chance, whole = random.Random(seed()), drive(a_run("run-1", SCRIPT))
    n_told = n_lost = 0
    with TemporaryDirectory() as folder:
        directory = Path(folder)
        for i in range(KILLS):
            told = killed(journalled, directory, f"run-{i}", chance)
            journal = a_journal(directory)
            n_told += len(told)
            n_lost += len(lost(journal, f"run-{i}", told, whole))
            journal.close()
        assert_is_whole(directory / "journal.sqlite")
    found = {"seed": seed(), "kills": KILLS, "acknowledged": n_told, "lost": n_lost}
    print(json.dumps(found))
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps(found, indent=1) + "\n")
    sys.exit(bool(n_lost))


if __name__ == "__main__":
    main()
