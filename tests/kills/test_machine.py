"""Whatever happens to kernels, disks and people, in whatever order, a run is not lost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nbagent.run import Run
from nbagent.run.recipe import Recipe
from nbagent.run.resume import RunRecord, resumed
from tests.kills.machine import EXAMPLES, STEPS, Model, played


def test_whatever_happens_in_whatever_order() -> None:
    assert played(6, 30) > 80


@pytest.mark.long
@pytest.mark.timeout(480)
def test_whatever_happens_in_twenty_thousand_steps() -> None:
    n_steps = played(EXAMPLES, STEPS)
    print(f"{n_steps} steps")
    assert n_steps >= 20_000


def runs_again(record: RunRecord, recipe: Recipe, *, kernel: str, is_fresh: bool) -> Run:
    """A resume that takes a call without a result for one that did not take place."""
    place = resumed(record, recipe.loop, recipe.tools, kernel=kernel, is_fresh=is_fresh)
    beginning = replace(place, unknown=None)
    return Run(recipe, prompt="", started=record.started, beginning=beginning)


class Forgets(Model):
    taken_up = staticmethod(runs_again)


@pytest.mark.parametrize(("machine", "is_found"), [(Model, False), (Forgets, True)])
def test_a_resume_that_forgets_intents_is_found_out(
    machine: type[Model], *, is_found: bool
) -> None:
    """The control."""
    model = machine()
    model.nothing_yet()
    model.start_turn(False, False, effect="external", n_turns=1, n_calls=1, ask="never")  # noqa: FBT003 -- as Hypothesis calls it
    model.deliver_reply(9)
    model.approve_deny_or_edit("run")
    model.run_tool("after")
    model.resume(is_same=False)
    if is_found:
        model.approve_deny_or_edit("run")
        model.run_tool("")
        with pytest.raises(AssertionError, match=r"1\.0"):
            model.nothing_takes_place_twice()
    else:
        model.say_what_became_of_it("deny")
        model.nothing_takes_place_twice()
    model.teardown()
