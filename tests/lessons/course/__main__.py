"""`python -m tests.lessons.course 01 02`: execute lessons' notebooks and write their outputs.

Run it after a change that shows in them, look at them, and commit them. It also says what the
lessons' outlines should promise of their cost. `--concepts` lists what each lesson introduces.
"""

from __future__ import annotations

import sys

import nbformat

from nbagent.lessons.course import exercises, notebooks
from tests.lessons.course.at_home import as_at_home
from tests.lessons.course.glossary import concepts
from tests.lessons.course.running import errors, executed, executed_and_counted


def main() -> int:
    """Execute the lessons that the command line names; all if it names none."""
    if sys.argv[1:] == ["--concepts"]:
        for number, (introduces, uses) in concepts().items():
            print(f"{number} introduces {', '.join(introduces)}\n   uses {', '.join(uses) or '-'}")
        return 0
    for number in sys.argv[1:] or exercises.numbers():
        path = notebooks.source(number)
        done = executed(notebooks.read(path))
        nbformat.validate(done)
        nbformat.write(as_at_home(done), path)
        print(path.name, *errors(done), sep="\n  ")
        _, traffic = executed_and_counted(notebooks.solved(done))
        due = f"live_usd={traffic.live_usd:.2f}" if traffic else "nothing was sent"
        print(f"  solved: {traffic}, {due}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
