"""Kernels that die, disks that fill and people who change their minds, in any order.

The model of it all is a few plain lists: what was acknowledged, what took place, what the person
has said of it. Hypothesis chooses what happens next.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from nbagent.errors import LeaseHeld, Overloaded
from nbagent.events import RunFinished, Steered, to_dict
from nbagent.journal import Journal
from nbagent.messages import json_bytes
from nbagent.ports import Failure
from nbagent.run import Run
from nbagent.run.work import AskModel, Decide, Decision, Elapsed, RunTool, WaitUntil
from nbagent.tools import ToolContext
from tests.journal.harness import a_journal, as_json, assert_is_whole
from tests.journal.test_full_disk import fill, forbid
from tests.kills.checks import history_of
from tests.kills.kernels import Clock, InMemory, Kernel, World, make_room, place_of, well
from tests.kills.story import EFFECTS, Cast, Story, one_by_one
from tests.scripted import NoExecutor
from tests.strict import complaints
from tests.test_resume import Killed

DAY_S = 86_400.0
EXAMPLES, STEPS = 500, 60
"""So many stories of at most so many steps, in the long run."""


class Model(World, RuleBasedStateMachine):
    """One user's kernels, one after another and two at a time."""

    n_steps = 0
    taken_up = staticmethod(Run.taken_up)

    @initialize()
    def nothing_yet(self) -> None:
        self.home = tempfile.TemporaryDirectory(prefix="nbagent-kills-")
        self.directory = Path(self.home.name)
        self.clock = Clock()
        self.story, self.notes = Story(), InMemory()
        self.said = {}
        self.again: Counter[str] = Counter()
        """How often the person has let a call run again."""
        self.unkept = set()
        self.kernel: Kernel | None = None
        self.cut_off = ""
        """The run that has no end on disk."""
        self.n_runs = self.n_kernels = 0

    # What can be asked of the model before a step

    def alive(self) -> bool:
        return self.kernel is not None

    def is_open(self) -> bool:
        return self.kernel is not None and self.kernel.run.finished is None

    def rests(self, kind: type, *kinds: str) -> bool:
        work = self.kernel.work if self.kernel else None
        return isinstance(work, kind) and (not kinds or getattr(work, "kind", "") in kinds)

    def do(self, action: Callable[[Kernel], object]) -> None:
        """Let the living kernel do something, which may kill it."""
        kernel = self.kernel
        assert kernel is not None
        try:
            action(kernel)
            kernel.look()
        except Killed:
            self.bury(kernel)
            return
        kernel.acknowledge()
        if kernel.run.finished is not None:
            self.ended(kernel)

    def bury(self, kernel: Kernel) -> None:
        kernel.bury()
        self.cut_off, self.kernel = kernel.run.run_id, None

    def ended(self, kernel: Kernel) -> None:
        """The run has ended: what holds then."""
        run = kernel.run
        if not kernel.keeper.problem:
            assert as_json(kernel.journal.events(run.run_id)) == as_json(run.events)
            assert kernel.journal.load(run.run_id).line.held_by == ""
        messages = [dict(m) for m in run.messages]
        assert complaints(messages) == []
        inherited = sum(m["role"] in {"assistant", "tool"} for m in run.cursor.origin)
        spoken = [m for m in run.messages if m["role"] in {"assistant", "tool"}]
        if run.started.note == "":
            assert history_of(run.events) == spoken[inherited:]
        for event in run.events:
            if isinstance(event, Steered):
                assert {"role": "user", "content": event.text} in messages

    # Runs

    @precondition(lambda self: not self.alive() and not self.cut_off)
    @rule(
        effect=st.sampled_from(EFFECTS),
        n_turns=st.integers(1, 3),
        n_calls=st.integers(1, 3),
        learner=st.booleans(),
        ask=st.sampled_from(["never", "always"]),
        is_long=st.booleans(),
    )
    def start_turn(self, learner: bool, is_long: bool, **what: Any) -> None:  # noqa: FBT001 -- a rule's values come by name
        if is_long:
            what |= {"n_chars": 4_000, "window_tokens": 3_000, "n_turns": 4}
        if learner:
            what["loop"] = one_by_one
        self.story, self.notes = Story(**what), InMemory()
        self.again, self.unkept = Counter(), set()
        self.n_runs += 1
        self.begin(lambda cast, _: cast.new_run(f"run-{self.n_runs}"))

    def begin(self, begin: Callable[[Cast, Journal], Run], *, is_same: bool = False) -> None:
        self.n_kernels += not is_same
        self.kernel = Kernel(self, f"boot-{self.n_kernels}", begin)
        self.cut_off = ""
        self.do(lambda _: None)

    @precondition(lambda self: self.alive() and not self.is_open())
    @rule()
    def leave(self) -> None:
        """The conversation is over; another kernel may begin something else."""
        assert self.kernel is not None
        if self.kernel.keeper.problem:
            return
        self.kernel.journal.close()
        self.kernel = None

    @precondition(lambda self: self.alive() and not self.is_open())
    @rule(is_fresh=st.booleans())
    def go_on(self, is_fresh: bool) -> None:  # noqa: FBT001 -- as above
        """`run.resume()`: another run goes on where one was stopped or failed."""
        old = self.kernel
        assert old is not None
        assert old.run.finished is not None
        if old.keeper.problem or old.run.finished.reason == "answer":
            return
        record = old.journal.load(old.run.run_id) if is_fresh else old.run.record

        def begin(cast: Cast, _: Journal) -> Run:
            return Run.going_on(record, cast.recipe, is_fresh=is_fresh)

        self.begin(begin, is_same=not is_fresh)
        old.journal.close()

    # What a driver brings

    @precondition(lambda self: self.rests(AskModel))
    @rule(n=st.integers(1, 9))
    def deliver_reply(self, n: int) -> None:
        """Some of a reply arrives, or all of it."""

        def arrive(kernel: Kernel) -> None:
            for _ in range(min(n, len(kernel.arrivals))):
                assert kernel.work is not None
                kernel.run.deliver(kernel.work, kernel.arrivals.pop(0))

        self.do(arrive)

    @precondition(lambda self: self.rests(AskModel))
    @rule()
    def fail(self) -> None:
        self.do(lambda k: k.run.deliver(k.work, Failure(self.clock.now(), Overloaded("busy"))))

    @precondition(lambda self: self.is_open())
    @rule(n=st.integers(1, 6))
    def go_on_well(self, n: int) -> None:
        """For some moves nothing happens that is worth a word."""
        for _ in range(n):
            if self.is_open():
                self.do(well)

    @precondition(lambda self: self.rests(WaitUntil))
    @rule()
    def wait(self) -> None:
        def elapse(kernel: Kernel) -> None:
            assert isinstance(kernel.work, WaitUntil)
            self.clock.sleep(kernel.work.until - self.clock.now())
            kernel.run.deliver(kernel.work, Elapsed())

        self.do(elapse)

    @precondition(lambda self: self.rests(RunTool))
    @rule(dies=st.sampled_from(["", "", "before", "after"]))
    def run_tool(self, dies: str) -> None:
        """The tool runs; the kernel may end before or after its effect."""

        def work(kernel: Kernel) -> None:
            assert isinstance(kernel.work, RunTool)
            if dies == "before":
                raise Killed
            result = kernel.use_tool(kernel.work)
            if dies == "after":
                raise Killed
            kernel.run.deliver(kernel.work, result)

        self.do(work)

    # What the person says

    @precondition(lambda self: self.rests(Decide, "call", "result"))
    @rule(action=st.sampled_from(["run", "run", "run", "deny", "edit"]))
    def approve_deny_or_edit(self, action: Any) -> None:
        def decide(kernel: Kernel) -> None:
            assert isinstance(kernel.work, Decide)
            text = place_of(kernel.work)
            is_call = kernel.work.kind == "call"
            changed = {"text": f"{text}e"} if is_call else {"content": "Edited."}
            kernel.run.deliver(
                kernel.work, Decision(action, arguments=changed if action == "edit" else None)
            )

        self.do(decide)

    @precondition(lambda self: self.rests(Decide, "outcome"))
    @rule(action=st.sampled_from(["run", "done", "deny"]))
    def say_what_became_of_it(self, action: Any) -> None:
        def decide(kernel: Kernel) -> None:
            assert isinstance(kernel.work, Decide)
            self.again[place_of(kernel.work)] += action == "run"
            kernel.run.deliver(kernel.work, Decision(action))

        self.do(decide)

    @precondition(lambda self: self.rests(Decide, "record", "limit", "move"))
    @rule(action=st.sampled_from(["run", "run", "deny"]))
    def go_on_or_not(self, action: Any) -> None:
        self.do(lambda kernel: kernel.run.deliver(kernel.work, Decision(action)))

    @precondition(lambda self: self.is_open())
    @rule()
    def stop(self) -> None:
        self.do(lambda kernel: kernel.run.stop())

    @precondition(lambda self: self.is_open())
    @rule(n=st.integers(0, 99))
    def steer(self, n: int) -> None:
        self.do(lambda kernel: kernel.run.say(f"And {n}."))

    @precondition(lambda self: self.is_open())
    @rule()
    def compact(self) -> None:
        self.do(lambda kernel: kernel.run.compact())

    # What goes wrong

    @precondition(lambda self: self.is_open())
    @rule()
    def crash(self) -> None:
        assert self.kernel is not None
        self.bury(self.kernel)

    @precondition(lambda self: self.is_open())
    @rule(fuse=st.sampled_from(["before", "after"]))
    def crash_at_the_next_event(self, fuse: str) -> None:
        """The kernel will die just before the next event is on disk, or just after."""
        assert self.kernel is not None
        self.kernel.fuse = fuse

    @precondition(lambda self: bool(self.cut_off))
    @rule(is_same=st.booleans())
    def resume(self, is_same: bool) -> None:  # noqa: FBT001 -- as above
        run_id = self.cut_off
        self.check_what_was_said(run_id)

        def take_up(cast: Cast, journal: Journal) -> Run:
            record = journal.load(run_id)
            kernel = f"boot-{self.n_kernels}"
            is_fresh = record.line.kernel != kernel
            return self.taken_up(record, cast.recipe, kernel=kernel, is_fresh=is_fresh)

        journal = a_journal(self.directory, clock=self.clock)
        finished = journal.load(run_id).finished
        journal.close()
        if finished is not None:
            self.cut_off = ""  # it had come to its end, and that is on disk
        else:
            self.begin(take_up, is_same=is_same)

    @precondition(lambda self: self.is_open())
    @rule()
    def a_second_kernel_tries(self) -> None:
        kernel = self.kernel
        assert kernel is not None
        if kernel.run.run_id not in self.said or kernel.keeper.is_lost:
            return
        with pytest.raises(LeaseHeld):
            self.taken_over(kernel)

    @precondition(lambda self: self.is_open())
    @rule()
    def another_machine_takes_over(self) -> None:
        """The first looks dead from there; when it comes back it is fenced off."""
        first = self.kernel
        assert first is not None
        if first.run.run_id not in self.said or first.keeper.problem or first.fuse:
            return
        make_room(first)  # who cannot reach the file cannot find out either
        self.change_leases("host = 'another', beat = 0")
        second = self.taken_over(first)
        n_there = len(list(second.journal.events(first.run.run_id)))
        self.fenced(first)
        assert len(list(second.journal.events(first.run.run_id))) == n_there
        first.journal.close()
        self.kernel = second
        self.do(lambda _: None)

    def taken_over(self, first: Kernel) -> Kernel:
        def take_up(cast: Cast, journal: Journal) -> Run:
            record = journal.load(first.run.run_id)
            return Run.taken_up(record, cast.recipe, kernel="boot-0", is_fresh=True)

        return Kernel(self, "boot-0", take_up)

    def fenced(self, first: Kernel) -> None:
        """Drive one that was fenced off to its end: no tool of it begins."""
        run, begun = first.run, first.work
        while (work := run.pending()) is not None:
            assert work is begun or not isinstance(work, RunTool)
            if isinstance(work, AskModel):
                first.look()
                while first.arrivals and run.pending() is work:
                    run.deliver(work, first.arrivals.pop(0))
            elif isinstance(work, RunTool):
                run.stop()
                context = ToolContext(NoExecutor(), lambda _output: None)
                cast = Cast(self.story, InMemory())
                run.deliver(work, cast.recipe.tools.call(work.call, context))
            elif isinstance(work, Decide):
                run.deliver(work, Decision("run"))
            else:
                self.clock.sleep(work.until - self.clock.now())
                run.deliver(work, Elapsed())
        assert complaints([dict(m) for m in run.messages]) == []

    @precondition(lambda self: self.is_open())
    @rule(refuse=st.sampled_from([fill, forbid]))
    def disk_full(self, refuse: Callable[[Journal], object]) -> None:
        """The disk is full from now on, or the file cannot be written."""
        assert self.kernel is not None
        if self.kernel.journal._database._db is not None:
            refuse(self.kernel.journal)

    @precondition(lambda self: self.alive() and bool(self.kernel.keeper.problem))
    @rule()
    def room_again(self) -> None:
        assert self.kernel is not None
        make_room(self.kernel)

    @precondition(lambda self: self.is_open())
    @rule(days=st.sampled_from([-1, 1]), seconds=st.floats(0, 20))
    def clock_jumps(self, days: int, seconds: float) -> None:
        """Somebody sets the clock, and some time passes."""
        self.clock.jumped_s += days * DAY_S
        self.clock.sleep(seconds)
        if self.kernel is not None:
            self.kernel.keeper.beat()

    # What always holds

    @invariant()
    def nothing_takes_place_twice(self) -> None:
        if not hasattr(self, "notes") or self.story.effect == "pure":
            return
        for place, n in Counter(text.rstrip("e") for text in self.notes.texts).items():
            assert n <= 1 + self.again[place] or place in self.unkept, place

    @invariant()
    def events_are_in_order(self) -> None:
        type(self).n_steps += 1
        if not getattr(self, "kernel", None):
            return
        assert self.kernel is not None
        numbers = [event.seq for event in self.kernel.run.events]
        assert all(a < b for a, b in pairwise(numbers))
        assert sum(isinstance(e, RunFinished) for e in self.kernel.run.events) <= 1

    def check_what_was_said(self, run_id: str) -> None:
        """What was acknowledged is on disk, as it was."""
        journal = a_journal(self.directory, clock=self.clock)
        there = {event.seq: json_bytes(to_dict(event)) for event in journal.events(run_id)}
        said = self.said.get(run_id, {})
        assert {seq: there.get(seq) for seq in said} == said
        journal.close()

    def teardown(self) -> None:
        if not hasattr(self, "home"):
            return
        try:
            self.come_to_an_end()
            for run_id in self.said:
                self.check_what_was_said(run_id)
            if (path := self.directory / "journal.sqlite").exists():
                assert_is_whole(path)
        finally:
            self.home.cleanup()

    def come_to_an_end(self) -> None:
        """Everything goes well from now on: the run ends, and all of it is on disk."""
        if self.cut_off:
            self.resume(is_same=False)
        if self.kernel is None:
            return
        make_room(self.kernel)
        self.kernel.fuse = ""
        while self.is_open():
            self.do(well)
        make_room(self.kernel)
        assert self.kernel.keeper.problem == ""
        self.ended(self.kernel)
        self.kernel.journal.close()


def played(n_examples: int, n_steps: int) -> int:
    """Play so many stories of so many steps; how many steps a kernel has made in all."""
    Model.n_steps = 0
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Model,
        settings=settings(
            max_examples=n_examples,
            stateful_step_count=n_steps,
            deadline=None,
            database=None,
            suppress_health_check=checks,
            print_blob=False,
        ),
    )
    return Model.n_steps
