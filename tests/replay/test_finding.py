"""Which saved run a cell is replayed from: its own newest one that answered this prompt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbagent.clock import ManualClock
from nbagent.errors import UsageError
from nbagent.events import RunStarted
from nbagent.journal import Journal
from nbagent.replay import saved_run
from nbagent.replay.finding import no_record
from nbagent.run import Run
from tests.scripted import call, calls, drive, make_run, says

NOTEBOOK = "/home/ada/a.ipynb"


class Shelf:
    """A journal on disk, and runs put into it."""

    def __init__(self, directory: Path) -> None:
        self.journal = Journal(lambda: directory, clock=ManualClock())
        self.wall = 1_700_000_000.0

    def put(self, prompt: str = "Go on.", *, notebook: str = NOTEBOOK, **started: Any) -> str:
        """Keep a run that answers, or is stopped; return its name."""
        is_stopped = started.pop("stopped", False)
        given = make_run([calls(call("c")), says("yes")])
        self.wall += 60
        name = f"run-{int(self.wall) // 60:x}"
        begun = RunStarted(run_id=name, prompt=prompt, model="test", wall=self.wall, **started)
        run = Run(given.recipe, prompt=prompt, started=begun)
        return self.keep(run, notebook, is_stopped=is_stopped)

    def keep(self, run: Run, notebook: str, *, is_stopped: bool = False) -> str:
        keeper = self.journal.keep(run, {}, kernel="k1", notebook=notebook)
        run.subscribe(keeper.apply)
        if is_stopped:
            run.stop()
        drive(run)
        keeper.close()
        return run.run_id

    def found(self, prompt: str = "Go on.", **where: str) -> str:
        line = saved_run(self.journal, prompt, **where)
        return line.run_id if line else ""


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    shelf = Shelf(tmp_path)
    yield shelf
    shelf.journal.close()


def test_the_newest_of_the_same_cell_comes_first(shelf: Shelf) -> None:
    shelf.put(cell_id="a")
    mine = shelf.put(cell_id="a")
    other = shelf.put(cell_id="b")
    assert shelf.found(cell_id="a", notebook=NOTEBOOK) == mine
    assert shelf.found(cell_id="b", notebook=NOTEBOOK) == other


def test_a_changed_prompt_is_another_question(shelf: Shelf) -> None:
    name = shelf.put("Plot it.", cell_id="a")
    assert shelf.found("Plot it in red.", cell_id="a") == ""
    error = no_record(shelf.journal, "Plot it in red.", "a")
    assert f"{name} of this cell asked something else" in str(error)
    assert isinstance(error, UsageError)


def test_a_long_prompt_is_compared_whole(shelf: Shelf) -> None:
    long = "x" * 3_000
    name = shelf.put(long)
    assert shelf.found(long) == name
    assert shelf.found(long + "y") == ""


def test_what_has_no_answer_is_not_replayed(shelf: Shelf) -> None:
    name = shelf.put(cell_id="a", stopped=True)
    assert shelf.found(cell_id="a") == ""
    assert f"{name} asked the same and has no answer (stopped)" in str(
        no_record(shelf.journal, "Go on.", "a")
    )


def test_replays_and_forks_are_no_records(shelf: Shelf) -> None:
    name = shelf.put(cell_id="a")
    shelf.put(cell_id="a", replays=name)
    run = drive(make_run([calls(call("c")), says("yes")], prompt="Go on."))
    fork = run.forked(next(move.n for move in run.moves if move.place == "result"))
    fork.moves.until = "end"
    shelf.keep(fork, NOTEBOOK)
    assert shelf.found(cell_id="a") == name
    assert shelf.found() == name


def test_without_cell_ids_the_prompt_tells(shelf: Shelf) -> None:
    old, new = shelf.put("Count."), shelf.put("Count.", notebook="")
    assert shelf.found("Count.") == new
    assert shelf.found("Count.", notebook="/home/ada/other.ipynb") == new
    shelf.put("Sum.", notebook="/home/ada/other.ipynb")
    assert shelf.found("Sum.", notebook=NOTEBOOK) == "", "another notebook's run is not this one's"
    assert old != new


def test_the_same_words_are_told_apart_by_what_came_before(shelf: Shelf) -> None:
    names = [shelf.put(prompt) for prompt in ("Load.", "Go on.", "Plot.", "Go on.")]
    assert shelf.found(after=names[0], notebook=NOTEBOOK) == names[1]
    assert shelf.found(after=names[2], notebook=NOTEBOOK) == names[3]


def test_the_newest_with_these_words_would_be_the_wrong_one(shelf: Shelf) -> None:
    """The positive control: looking for the prompt alone finds another cell's run."""
    mine = shelf.put(cell_id="a")
    shelf.put(cell_id="b")
    assert shelf.journal.runs("Go on.")[0].run_id != mine
    assert shelf.found(cell_id="a") == mine
