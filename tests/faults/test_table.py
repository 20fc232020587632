"""Every fault at the first, a middle and the last turn: the run goes on or ends as stated."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbagent.events import Event, ReplyReceived, RunFinished
from nbagent.packed import Packed
from tests.conftest import seed
from tests.faults import invariants, score
from tests.faults.fault import Outcome
from tests.faults.oddities import UNSOLICITED
from tests.faults.scene import Scene, Seen
from tests.faults.table import TABLE
from tests.faults.turns import FAILED, MIDDLE

QUICK = 30
"""How many cases of the table are played in `make test`; others every day."""
CHAIN = 10
"""How many sequences of two faults one test plays."""


def sample() -> list[tuple[str, str]]:
    return random.Random(seed()).sample(list(score.cases()), QUICK)


def test_the_table_is_as_large_as_is_said() -> None:
    assert len(TABLE) >= 60
    assert len(list(score.cases())) >= 180


@pytest.mark.parametrize(("position", "name"), sample())
def test_some_faults(tmp_path: Path, position: str, name: str) -> None:
    assert score.wrong_with([(position, name)], tmp_path) == []


@pytest.mark.long
@pytest.mark.parametrize("name", TABLE)
def test_a_fault_at_every_turn(tmp_path: Path, name: str) -> None:
    for position, _ in score.cases([name]):
        directory = tmp_path / position
        directory.mkdir()
        assert score.wrong_with([(position, name)], directory) == []


@pytest.mark.long
@pytest.mark.parametrize("k", range(30))
def test_two_faults_one_after_the_other(tmp_path: Path, k: int) -> None:
    for i, plan in enumerate(score.pairs(CHAIN, f"{seed()} {k}")):
        directory = tmp_path / str(i)
        directory.mkdir()
        assert score.wrong_with(plan, directory) == [], plan


# Controls: each check can fail


@pytest.fixture
def seen(tmp_path: Path) -> Seen:
    """A run that has met two faults and is sound."""
    scene = Scene([(MIDDLE, TABLE["closed after arguments"])], tmp_path)
    found = scene.play()
    scene.close()
    assert invariants.every(found, [TABLE["closed after arguments"].then]) == []
    return found


def put_event(seen: Seen, at: int, event: Event) -> None:
    events = [*seen.run.events]
    events[at] = event
    seen.run.events = Packed(events)


def drops_a_result(seen: Seen) -> None:
    messages = [*seen.run.cursor.messages]
    del messages[3]
    seen.run.cursor.messages = messages


def changes_reasoning(seen: Seen) -> None:
    messages = [message.copy() for message in seen.run.cursor.messages]
    messages[2]["reasoning_content"] += " "
    seen.run.cursor.messages = messages


def mixes_texts(seen: Seen) -> None:
    seen.server.bodies[-1] = seen.server.bodies[-1].replace(b"One is left.", b"One LOST.")


def runs_a_tool_twice(seen: Seen) -> None:
    seen.noted.insert(1, "one")


def begins_anew(seen: Seen) -> None:
    seen.server.bodies[1] = b" " + seen.server.bodies[1]


def ends_twice(seen: Seen) -> None:
    seen.folded.append(seen.folded[-1])


def counts_what_failed(seen: Seen) -> None:
    at = next(i for i, e in enumerate(seen.run.events) if isinstance(e, ReplyReceived))
    event = seen.run.events[at]
    assert isinstance(event, ReplyReceived)
    usage: Any = {"prompt_tokens": 7_000, "completion_tokens": 900}
    put_event(seen, at, replace(event, usage=usage))


def fails_in_silence(seen: Seen) -> None:
    assert isinstance(seen.run.finished, RunFinished)
    seen.run.finished = replace(seen.run.finished, reason="error", text="Oh.")


def tells_the_key(seen: Seen) -> None:
    last = seen.run.events[-1]
    assert isinstance(last, RunFinished)
    put_event(seen, -1, replace(last, text="sk-canary-0123456789abcdef"))


SPOILT: list[tuple[Callable[[Seen], None], str]] = [
    (drops_a_result, "h1_h2"),
    (changes_reasoning, "h3"),
    (mixes_texts, "nothing_lost"),
    (runs_a_tool_twice, "no_tool_runs"),
    (begins_anew, "requests_share"),
    (ends_twice, "the_run_ends_once"),
    (counts_what_failed, "h7"),
    (fails_in_silence, "h6"),
    (tells_the_key, "no_key"),
]


@pytest.mark.parametrize(("spoil", "check"), SPOILT, ids=[check for _, check in SPOILT])
def test_a_check_can_fail(seen: Seen, spoil: Callable[[Seen], None], check: str) -> None:
    spoil(seen)
    found = invariants.every(seen, [TABLE["closed after arguments"].then])
    assert [what for what in found if what.startswith(check)], found


def test_what_is_stated_can_be_wrong(tmp_path: Path) -> None:
    """The table's own column: another outcome than the true one is found out."""
    wrong = replace(TABLE["503"], then=Outcome())
    scene = Scene([(MIDDLE, wrong)], tmp_path)
    found = invariants.every(scene.play(), [wrong.then])
    scene.close()
    assert any(what.startswith("as_stated") for what in found)


@pytest.mark.long
def test_an_answer_that_nobody_asked_for_is_a_known_miss(tmp_path: Path) -> None:
    """HTTP/1.1 does not say which request an answer is for, and openai's client does not look."""
    scene = Scene([(MIDDLE, UNSOLICITED)], tmp_path)
    seen = scene.play()
    scene.close()
    assert any(FAILED.reasoning in str(message) for message in seen.run.messages)
