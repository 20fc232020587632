"""A run is killed at each state, and goes on: nothing acknowledged is lost, nothing done twice."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import seed
from tests.kills.checks import played
from tests.kills.life import STATES, kill_at
from tests.kills.naive import played_naively
from tests.kills.story import EFFECTS, STORIES, Story


@pytest.mark.parametrize("state", STATES)
def test_a_run_that_was_killed_goes_on(state: str, tmp_path: Path) -> None:
    chance = random.Random(f"{seed()} {state}")
    story = replace(chance.choice(STORIES), effect=chance.choice(EFFECTS[1:]))
    case = played(story, state, chance.randrange(3), tmp_path)
    assert case.recovered, (case, f"CI_SEED={seed()}")


@pytest.mark.long
@pytest.mark.timeout(480)
@pytest.mark.parametrize("effect", EFFECTS)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_story_goes_on_wherever_it_was_killed(story: Story, effect: str, tmp_path: Path) -> None:
    for state in STATES:
        for place in range(3):
            directory = tmp_path / f"{state} {place}"
            directory.mkdir()
            case = played(replace(story, effect=effect), state, place, directory)
            assert case.recovered, case


LOSES = {"S2", "S3", "S4", "S5", "S7", "S8", "S9", "S10"}
RUNS_AGAIN = {"S9", "S10"}


def test_a_loop_that_saves_messages_loses_events_and_runs_tools_again(tmp_path: Path) -> None:
    """The control: the same kills, and nobody is asked before a tool takes place twice."""
    lost, again = set(), set()
    for state in STATES[:-1]:
        directory = tmp_path / state
        directory.mkdir()
        facts, twice = played_naively(Story(), kill_at(Story(), state, 0), directory)
        lost |= {state.split()[0]} if facts else set()
        again |= {state.split()[0]} if twice else set()
    assert lost == LOSES
    assert again == RUNS_AGAIN
