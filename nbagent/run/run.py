"""One run of an agent, as a person holds it: what it has said and done, and what they can do.

Read next: `nbagent.run.machine`, which moves it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from nbagent.errors import UsageError
from nbagent.events import (
    Event,
)
from nbagent.messages import Message, Request
from nbagent.phrases import plural
from nbagent.run.edits import edited
from nbagent.run.fork import beginning_at
from nbagent.run.machine import Machine
from nbagent.run.moves import InHand, Move, Until
from nbagent.run.reading import code_of, write_events
from nbagent.run.recipe import Recipe
from nbagent.run.resume import RunRecord, gone_on, restored, resumed, uncollected
from nbagent.run.window import Context, Past, past_from
from nbagent.run.work import Decide, Decision


class Driver(Protocol):
    """Whoever drives a run, as far as code that holds the run can ask for it."""

    def carry_on(self, run: Run, until: Callable[[], bool]) -> None:
        """Drive `run` in the calling cell until it has ended or `until` holds."""
        ...

    def fork(self, run: Run, n: int, edit: object, *, fresh: bool) -> Run:
        """Make a fork of `run`, see there, and drive it."""
        ...

    def resume(self, run: Run) -> Run:
        """Make a run that goes on from the end of `run`, see there, and drive it to its end."""
        ...


class Run(Machine):
    """One execution of an agent; made by `%%kimi`, `Agent.run` or `fork`.

    See `Machine` for how it is made and what it holds.

    Attributes:
        driver: set by whoever drives the run, for code that holds it.
        forks: the runs that were forked from it; `forked_from` of each names the move.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.driver: Driver | None = None
        self.forks: list[Run] = []

    # What a person reads

    @property
    def answer(self) -> str:
        """The final answer ('' while there is none)."""
        return self.finished.answer if self.finished else ""

    @property
    def messages(self) -> tuple[Message, ...]:
        """The transcript so far; the dicts are the provider's own, never to be changed."""
        return tuple(self.cursor.messages)

    @property
    def requests(self) -> tuple[Request, ...]:
        """The requests so far; `run.requests[0].json()` rebuilds a body exactly as it went."""
        return tuple(self._asking.requests)

    @property
    def past(self) -> Past:
        """What the next turn of the conversation takes over, besides the messages."""
        return self._asking.past()

    @property
    def context(self) -> Context:
        """How full the model's window is."""
        window = self._asking.window
        return Context(window.n_tokens, window.n_window, window.share(window.n_tokens))

    def metrics(self) -> dict[str, Any]:
        """The figures of the run and its steps: TTFT, tokens/s, tokens, cost, tool time.

        `context_share` is how full the model's window is, 0 to 1; None if its size is unknown.
        """
        figures = self.meter.metrics()
        figures["run"]["context_share"] = self.context.share or None
        return figures

    def code(self) -> str:
        """The Python that the run's tools ran without an error, step by step."""
        return code_of(self.events)

    def save(self, path: str | Path) -> Path:
        """Write the events as JSON lines, one event a line, and return the path."""
        return write_events(self.events, path)

    def __str__(self) -> str:
        return self.answer or (self.finished.text if self.finished else "still running")

    def __repr__(self) -> str:
        state = self.finished.reason if self.finished else "running"
        return f"<Run {self.run_id}: {plural(self._asking.step, 'step')}, {state}>"

    # What a person does

    def stop(self) -> None:
        """Ask the run to stop, from any thread; a tool of it that is running is interrupted."""
        self.stopping = True
        if self.interrupt_tool is not None:
            self.interrupt_tool()

    def wait(self) -> Run:
        """Drive the run to its end in this cell, and return it; an interrupt stops it."""
        self.go("end")
        return self._drive(lambda: False)

    def step(self) -> Move:
        """Make one move in this cell: send the request, hand over the reply, or run the tool.

        Returns:
            Where the run rests now, with what it has in hand; the last move once it has ended.
        """
        self.go("move")
        self._drive(lambda: self.moves.open is not None and self.decided is None)
        return self.moves[-1]

    def go(self, until: Until = "move", key: str = "") -> None:
        """Move on from a pause, or set where a run that goes on rests next; from any thread.

        Args:
            until: `move`, `tool`, `error`, `answer` or `end`: what it rests at next.
            key: names the pause that is left, if it was put by its `key`.

        Raises:
            UsageError: the run has left that pause already.
        """
        with self.moves.lock:
            pause = self.moves.open if self.decided is None else None
            if key and (pause is None or key != pause.key):
                raise UsageError("The run does not rest there now.", "Nothing was changed.")
            self.moves.until = until  # before the answer, which the driver may take at once
        if pause is not None:
            self.decide(Decision("run"))

    def edit(self, value: Any, key: str = "") -> None:
        """Change what is in hand at the pause; the run goes on with it, and stays paused now.

        Args:
            value: a request's body, the reply, a call's arguments (an object, or its JSON text) or
                a result's text; None takes an earlier change back.
            key: names the pause, if it was put by its `key`.

        Raises:
            UsageError: the run does not rest, or `value` cannot take the place of what is there.
        """
        pause = self.moves.open
        if pause is None or (key and key != pause.key):
            raise UsageError("The run does not rest there now.", "Nothing was changed.")
        self.moves.edit = None if value is None else self._edited(self.moves[-1], value)

    def _edited(self, move: Move, value: Any) -> InHand:
        """What the person has written, checked, with known secrets masked."""
        thinking = self.recipe.model.facts.thinking
        return edited(move, self.recipe.redact.value(value), thinking=thinking)

    def _drive(self, until: Callable[[], bool]) -> Run:
        if self.finished is None and self.driver is not None:
            self.driver.carry_on(self, until)
        return self

    @property
    def question(self) -> Decide | None:
        """What the run waits for the person to decide, if it does."""
        return self.moves.open or (self._work if isinstance(self._work, Decide) else None)

    def approve(self, *, always: bool = False) -> None:
        """Let what is in question run, or leave; `always` allows its kinds from now on.

        Raises:
            UsageError: the run asks nothing now.
        """
        self.decide(Decision("run", always=always))

    def deny(self, why: str = "") -> None:
        """Refuse what is in question; the model is told `why`.

        Raises:
            UsageError: the run asks nothing now.
        """
        self.decide(Decision("deny", why=why))

    def decide(self, decision: Decision, key: str = "") -> None:
        """Answer the open question, from any thread.

        Args:
            decision: the answer.
            key: the question that it answers, if it was put by `key`; an answer to another one,
                or to other bytes, is not taken.

        Raises:
            UsageError: the run asks nothing now, or something else.
        """
        question = self.question
        if question is None or self.decided is not None or (key and key != question.key):
            raise UsageError("The run does not ask this now.", "Nothing was changed.")
        self.decided = (question, decision)

    def say(self, text: str) -> None:
        """Steer: `text` joins the history at the next legal point."""
        self._queued.append(text)

    def compact(self) -> None:
        """Leave older messages out of the requests from the next one on; from any thread.

        A summary takes their place; `messages` keeps them.
        """
        self._asking.compaction.wanted = True

    def subscribe(self, consumer: Callable[[Event], None]) -> None:
        """Give every event to `consumer`, those so far first."""
        for event in self.events:
            consumer(event)
        self._subscribers.append(consumer)

    def resume(self) -> Run:
        """Go on where this run ended without an answer: stopped, at a limit, or by an error.

        What was said and done is reused; nothing is asked or run again. After a kernel restart,
        `%kimi resume` takes a run up from its record.

        Returns:
            The run that goes on, at its end; this one stays as it is.

        Raises:
            UsageError: it goes on still, or has its answer, or nothing drives it.
        """
        if self.finished is None:
            raise UsageError(f"{self.run_id} still goes on.", "`.wait()` waits for its end.")
        if self.finished.reason == "answer":
            raise UsageError(f"{self.run_id} has its answer.", "Ask on with %%kimi.")
        if self.driver is None:
            raise UsageError("Nothing drives this run, so it cannot go on.")
        return self.driver.resume(self)

    @property
    def record(self) -> RunRecord:
        """What a run that goes on from this one needs to know of it."""
        return RunRecord(events=self.events, origin=self.cursor.origin, sends=self.cursor.sends)

    @classmethod
    @uncollected()
    def taken_up(cls, record: RunRecord, recipe: Recipe, *, kernel: str, is_fresh: bool) -> Run:
        """The run of a record, under its own name: to be driven on, or, if it had ended, as it was.

        Args:
            record: what is known of it.
            recipe: model, tools and policies, made again.
            kernel: the kernel in which it goes on.
            is_fresh: whether that is another one than before.

        Raises:
            ReplayError: its loop does not do again what it did; the text names the difference.
        """
        if record.finished is None:
            place = resumed(record, recipe.loop, recipe.tools, kernel=kernel, is_fresh=is_fresh)
        else:
            place = restored(record, recipe.loop, recipe.tools)
        return cls(recipe, prompt="", started=record.started, beginning=place)

    @classmethod
    def going_on(
        cls, record: RunRecord, recipe: Recipe, *, is_fresh: bool = False, cell_id: str = ""
    ) -> Run:
        """Another run, which goes on where one has ended without an answer; see `resume`.

        Args:
            record: what is known of the one that has ended.
            recipe: model, tools and policies.
            is_fresh: whether it goes on in another kernel.
            cell_id: the cell in which it goes on.

        Raises:
            ReplayError: the loop does not do again what it did; the text names the difference.
        """
        place = gone_on(record, recipe.loop, recipe.tools, is_fresh=is_fresh)
        past = past_from(record.events, place.cursor.messages, Past.of(record.started.past))
        started = replace(
            record.started,
            past=past.told(),
            run_id=f"run-{secrets.token_hex(4)}",
            note=f"Goes on from {record.started.run_id}; what was before is reused.",
            in_hand=None,
            cell_id=cell_id,
            wall=recipe.clock.wall(),
        )
        return cls(recipe, prompt="", started=started, beginning=place)

    def fork(self, n: int, *, edit: object = None, fresh: bool = False) -> Run:
        """Return a new run that begins at this run's move `n`, paused; this one stays as it is.

        What was said and done before is reused, not asked or run again. Only the history goes
        back: the kernel's variables are as they are now, unless the fork gets a fresh kernel.

        Args:
            n: number of the move, from 1, as in `moves` and in the step view.
            edit: takes the place of what was in hand there; see `edit`.
            fresh: whether the fork's code runs in a kernel of its own, in which the code that ran
                before the move is run again; variables that your cells made are not there.

        Raises:
            UsageError: there is no such move, or the change cannot be made.
        """
        if self.driver is not None:
            return self.driver.fork(self, n, edit, fresh=fresh)
        if fresh:
            raise UsageError("Nothing drives this run, so there is no kernel to make anew.")
        return self.forked(n, edit)

    def forked(self, n: int, edit: object = None, recipe: Recipe | None = None) -> Run:
        """A fork, see `fork`, that its maker drives.

        Args:
            n: number of the move.
            edit: takes the place of what was in hand there, if it is not None.
            recipe: the fork's, if it is another one.

        Raises:
            UsageError: there is no such move, or the change cannot be made.
        """
        if not 1 <= n <= len(self.moves):
            made = plural(len(self.moves), "move")
            raise UsageError(f"The run has made {made}; there is no move {n}.")
        beginning = beginning_at(self.moves, n, self.cursor)
        if edit is not None:
            beginning = replace(beginning, edit=self._edited(self.moves[n - 1], edit))
        past = self._asking.past_at(self.moves[n - 1].step, beginning.cursor.messages)
        name = f"run-{secrets.token_hex(4)}"
        note = f"Forked from {self.run_id} at move {n}; what was before is reused, not asked again."
        in_hand = self.recipe.redact.value(beginning.in_hand())
        fork = Run(
            recipe or self.recipe,
            prompt="",
            started=replace(
                self.started, run_id=name, note=note, past=past.told(), in_hand=in_hand
            ),
            history=self.transcript.current.records,
            beginning=beginning,
        )
        fork.forked_from = (self.run_id, n)
        fork.moves.until = "move"
        self.forks.append(fork)
        return fork
