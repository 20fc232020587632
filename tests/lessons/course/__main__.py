"""`python -m tests.lessons.course 01 02`: execute lessons' notebooks and write their outputs.

Run it after a change that shows in them, look at them, and commit them.
"""

from __future__ import annotations

import sys

import nbformat

from nbagent.lessons.course import exercises, notebooks
from tests.lessons.course.at_home import as_at_home
from tests.lessons.course.running import errors, executed


def main() -> int:
    """Execute the lessons that the command line names; all if it names none."""
    for number in sys.argv[1:] or exercises.numbers():
        path = notebooks.source(number)
        done = executed(notebooks.read(path))
        nbformat.validate(done)
        nbformat.write(as_at_home(done), path)
        print(path.name, *errors(done), sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
