"""A record that cannot be kept: the person is asked before the next tool, as nothing undoes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbagent.events import Event
from nbagent.journal import Journal, Keeper
from nbagent.run import Run
from nbagent.run.work import Decide, Decision
from tests.journal.harness import MADE_OF, a_journal, assert_is_whole
from tests.journal.test_full_disk import FAULTS, forbid
from tests.scripted import call, calls, drive, make_run, says
from tests.strict import complaints
from tests.test_resume import Counter


def script() -> list[Any]:
    """Two turns of two calls; each call's text is its number. What is thought needs room."""
    numbered = [call(f"c{i}:0", arguments=f'{{"text": "{i}"}}') for i in range(4)]
    thought = [" ".join(f"{k**7:x}" for k in range(n)) for n in (10, 5_000)]
    return [
        calls(*numbered[:2], reasoning=thought[0]),
        calls(*numbered[2:], reasoning=thought[1]),
        says("done"),
    ]


class Kept:
    """A run that is kept as the magics keep it, with a disk that fails when an event has come."""

    def __init__(self, directory: Path, *, scripted: bool = False) -> None:
        self.journal = a_journal(directory)
        self.counter = Counter("external")
        self.run = make_run(script(), tools=[self.counter.tool])
        self.keeper: Keeper = self.journal.keep(self.run, MADE_OF)
        self.run.subscribe(self.keeper.apply)
        if not scripted:
            self.run.keeping.keeper = self.keeper
        self.asked: list[Decide] = []

    def fails_at(
        self, kind: str, n: int, fault: Callable[[Journal], object] = forbid
    ) -> Callable[[], object]:
        """Let the disk fail once the `n`th event of a kind is on disk; what undoes that."""
        seen: list[Event] = []
        undo: list[Any] = []

        def look(event: Event) -> None:
            if event.kind == kind:
                seen.append(event)
                if len(seen) == n:
                    undo.append(fault(self.journal))

        self.run.subscribe(look)
        return lambda: [take_back() for take_back in undo]

    def drive(self, *answers: str, then: Callable[[], object] = lambda: None) -> Run:
        given = list(answers)

        def decide(question: Decide) -> Decision:
            self.asked.append(question)
            then()
            return Decision(given.pop(0), by="policy")  # type: ignore[arg-type] # one of its words

        return drive(self.run, decide=decide)


@pytest.mark.parametrize("words", FAULTS)
def test_a_disk_that_fails_is_asked_about_before_the_next_tool(words: str, tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.fails_at("tool_finished", 1, FAULTS[words])
    kept.drive("run")
    (question,) = kept.asked
    assert question.kind == "record"
    assert words in question.why
    assert kept.run.answer == "done"
    assert kept.counter.done == ["0", "1", "2", "3"]
    assert [e.kind for e in kept.run.events].count("paused") == 1


def test_where_nobody_answers_the_run_ends_before_that_tool(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    undo = kept.fails_at("tool_finished", 1)
    run = kept.drive("deny")
    assert kept.counter.done == ["0"]
    assert run.finished is not None
    assert (run.finished.reason, run.finished.error_kind) == ("error", "record")
    assert "not kept on disk now: the file cannot be written" in run.finished.text
    assert "in this kernel's memory" in run.finished.text
    assert complaints([dict(m) for m in run.messages]) == []
    undo()
    assert kept.keeper.retry()
    assert_all_is_there(kept)


def assert_all_is_there(kept: Kept) -> None:
    back = kept.journal.load(kept.run.run_id)
    assert list(back.events) == kept.run.events
    assert list(back.sends) == kept.run.cursor.sends
    kept.journal.close()


def test_with_room_again_it_goes_on_and_everything_is_on_disk(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    undo = kept.fails_at("tool_finished", 1)
    kept.drive("run", then=undo)
    assert kept.counter.done == ["0", "1", "2", "3"]
    assert len(kept.asked) == 1
    assert kept.keeper.problem == ""
    assert_all_is_there(kept)
    assert_is_whole(tmp_path / "journal.sqlite")


def test_what_fails_anew_is_asked_about_anew(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    undo = kept.fails_at("tool_finished", 1)
    kept.fails_at("tool_finished", 3, forbid)
    kept.drive("run", "run", then=undo)
    assert [question.kind for question in kept.asked] == ["record", "record"]
    assert kept.counter.done == ["0", "1", "2", "3"]


def test_a_stop_at_that_question_runs_nothing_more(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.fails_at("tool_finished", 1)
    kept.drive("run", then=lambda: (kept.run.stop(), kept.run.pending()))
    assert kept.run.finished is not None
    assert kept.run.finished.reason == "stopped"
    assert kept.counter.done == ["0"]
    assert complaints([dict(m) for m in kept.run.messages]) == []


@pytest.mark.parametrize("at", ["step_started", "reply_received", "tool_started", "tool_finished"])
def test_a_lost_lease_ends_the_run_before_the_next_tool(at: str, tmp_path: Path) -> None:
    kept = Kept(tmp_path)

    def take_over(journal: Journal) -> None:
        other = a_journal(tmp_path)
        with other._database.writing() as db:
            db.execute("UPDATE lease SET born = 'long ago'")
        other.keep(kept.run, MADE_OF)
        other.close()

    kept.fails_at(at, 1, take_over)
    run = kept.drive("run", "run")
    assert run.finished is not None
    assert run.finished.error_kind == "record"
    assert "Another kernel goes on with this run" in run.finished.text
    assert kept.counter.done == (["0"] if at.startswith("tool") else [])
    assert complaints([dict(m) for m in run.messages]) == []


@pytest.mark.parametrize("fault", [forbid, lambda journal: journal.close()])
def test_a_lesson_is_never_stopped(fault: Any, tmp_path: Path) -> None:
    kept = Kept(tmp_path, scripted=True)
    kept.fails_at("tool_finished", 1, fault)
    run = kept.drive()
    assert run.answer == "done"
    assert not kept.asked


def test_without_the_question_tools_run_of_which_nothing_is_kept(tmp_path: Path) -> None:
    """The control: after a crash here, the last three calls would run again and nobody ask."""
    kept = Kept(tmp_path, scripted=True)
    kept.fails_at("tool_finished", 1)
    kept.drive()
    on_disk = [e.kind for e in kept.journal.events("run-1")]
    assert kept.counter.done == ["0", "1", "2", "3"]
    assert on_disk.count("tool_started") == 1
