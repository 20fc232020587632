"""One run of an agent: a state machine that moves only when its driver moves it.

The Run holds the loop (`cursor`), the model calls (`asking`) and the tool calls (`calls`), asks
the policies and emits the events. It does no I/O and never blocks: `pending()` names the next
piece of work, `deliver()` brings its outcome. The kernel's pump, a script and the tests are
drivers; the step view will be another.

Read next: `nbagent.kernel.pump`, the driver under `%%kimi`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbagent.errors import HistoryError, ModelError, UsageError
from nbagent.events import (
    TRANSIENT,
    Event,
    FinishReason,
    KernelAwaited,
    Paused,
    RunFinished,
    RunStarted,
    Sent,
    Steered,
    StopAsked,
    ToolOutput,
)
from nbagent.loop import Act, Ask
from nbagent.messages import Content, Message, Record, Request, Transcript, text_of
from nbagent.meter import Meter
from nbagent.phrases import plural
from nbagent.policy import Budget
from nbagent.ports import Failure, Held, Piece, Reply
from nbagent.run.asking import Asking
from nbagent.run.calls import PendingCalls
from nbagent.run.cursor import Cursor
from nbagent.run.reading import code_of, write_events
from nbagent.run.recipe import Recipe
from nbagent.run.work import Decide, Decision, Elapsed, Outcome, RunTool, Shown, Work
from nbagent.tools import ToolResult


class Run:
    """One execution of an agent.

    Args:
        recipe: model, tools, loop and policies.
        prompt: what the person asked, with attachments.
        started: the first event, with the run's name; `seq` and `t` are stamped here.
        history: records of the conversation so far, system prompt first.
        sent: what the prompt carries, piece by piece, for the count of what leaves.
        cursor: where to go on from, for a fork; otherwise the loop starts.

    Attributes:
        started: the first event: prompt, model, host, cell.
        events: what happened, without the transient pieces.
        budget: what the run may still use.
        stopping: whether it was asked to stop; a signal handler may set this.
        interrupt_tool: set by the driver while a tool of this run is on the stack.
        drive_here: set by a driver in the background: drives the run to its end at once.
        decided: the open question and its answer, until the driver has taken it.
        finished: the last event, once it has ended.
    """

    def __init__(
        self,
        recipe: Recipe,
        *,
        prompt: Content,
        started: RunStarted,
        history: Iterable[Record] = (),
        sent: Sequence[Sent] = (),
        cursor: Cursor | None = None,
    ) -> None:
        self.recipe = recipe
        self.run_id = started.run_id
        self.transcript = Transcript(history)
        if cursor is None:
            user: Message = {"role": "user", "content": recipe.redact.value(prompt)}
            origin = [record.message for record in self.transcript.current.records]
            cursor = Cursor(recipe.loop, [*origin, user], recipe.tools)
        self.cursor = cursor
        self.meter = Meter()
        self.events: list[Event] = []
        self.budget = Budget.of(recipe.settings)
        self.stopping = False
        self.finished: RunFinished | None = None
        self.interrupt_tool: Callable[[], None] | None = None
        self.drive_here: Callable[[], None] | None = None
        self.decided: tuple[Decide, Decision] | None = None
        self._t0 = recipe.clock.now()
        self.started = started
        self._subscribers: list[Callable[[Event], None]] = []
        self._n_events = 0
        self._emitting = threading.RLock()
        self._stop_noted = False
        self._work: Work | None = None
        self._calls: PendingCalls | None = None
        self._queued: list[str] = []
        self._asking = Asking(
            recipe,
            self.transcript,
            attached=sent,
            emit=self._emit,
            since_start=lambda now: round(now - self._t0, 6),
            step=sum(send.move == "ask" for send in cursor.sends),
        )
        self._emit(started, at=self._t0)

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

    def metrics(self) -> dict[str, Any]:
        """The figures of the run and its steps: TTFT, tokens/s, tokens, cost, tool time."""
        return self.meter.metrics()

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
        return f"<Run {self.run_id}: {self._asking.step} steps, {state}>"

    # What a person does

    def stop(self) -> None:
        """Ask the run to stop, from any thread; a tool of it that is running is interrupted."""
        self.stopping = True
        if self.interrupt_tool is not None:
            self.interrupt_tool()

    def wait(self) -> Run:
        """Wait until a run in the background has ended, and return it; an interrupt stops it."""
        if self.drive_here is not None:
            self.drive_here()
        return self

    @property
    def question(self) -> Decide | None:
        """What the run waits for the person to decide, if it does."""
        return self._work if isinstance(self._work, Decide) else None

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

    def subscribe(self, consumer: Callable[[Event], None]) -> None:
        """Give every event to `consumer`, those so far first."""
        for event in self.events:
            consumer(event)
        self._subscribers.append(consumer)

    def fork(self, k: int, *, run_id: str) -> Run:
        """Return a new run that has made this run's first `k` moves; this one stays as it is.

        Only the history goes back; the kernel's variables are as they are now.
        """
        started = replace(self.started, run_id=run_id, note=f"forked from {self.run_id}")
        records = self.transcript.current.records
        cursor = self.cursor.at(k)
        return Run(self.recipe, prompt="", started=started, history=records, cursor=cursor)

    # What a driver does

    def pending(self) -> Work | None:
        """The work to be done now, the same object until it is delivered; None when finished."""
        if self.stopping and not isinstance(self._work, RunTool):
            self._work = self.decided = None
        if self._work is None and self.finished is None:
            with self._loop_guarded():
                self._work = self._next()
        return self._work

    def await_kernel(self, *, over: bool = False) -> None:
        """Note that a tool waits until the kernel is free, or that this is over."""
        self._emit(KernelAwaited(step=self._asking.step, over=over))

    def note_stop(self) -> None:
        """Tell, once, that a tool goes on although a stop was asked for; from any thread."""
        if not self._stop_noted:
            self._stop_noted = True
            self._emit(StopAsked(step=self._asking.step))

    def deliver(self, work: Work, outcome: Outcome) -> None:
        """Bring the outcome of `work`; what comes too late, after a stop, is left alone."""
        if work is not self._work:
            return
        if isinstance(outcome, Piece):
            self._asking.piece(outcome)
        elif isinstance(outcome, Held):
            self._asking.hold(outcome)
        elif isinstance(outcome, Shown):
            assert isinstance(work, RunTool)
            output = self.recipe.redact.value(outcome.output)
            self._emit(ToolOutput(step=work.step, index=work.index, output=output))
        else:
            self._work = self.decided = None
            self._settle(work, outcome)

    def _settle(self, work: Work, outcome: Outcome) -> None:
        """Take the last outcome of a piece of work."""
        if isinstance(outcome, Reply) and self._is_unmarked_script(outcome):
            text = "This endpoint is a lesson server; its reply was not taken for the model's."
            self._finish("error", f"{text} Use `--endpoint lesson`.", kind="scripted")
        elif isinstance(outcome, Reply):
            message = self._asking.take(outcome)
            if message is not None:
                with self._loop_guarded():
                    self.cursor.send(message)
        elif isinstance(outcome, Failure):
            self._fail(outcome.error)
        elif isinstance(outcome, ToolResult):
            assert self._calls is not None
            self._calls.finish(outcome)
        elif isinstance(outcome, Decision):
            self._decide(work, outcome)
        elif isinstance(outcome, Elapsed):
            self._asking.waited()

    def _is_unmarked_script(self, reply: Reply) -> bool:
        """Whether people wrote this reply although the run is not marked as scripted."""
        return reply.model == "scripted" and not self.recipe.model.facts.scripted

    # How it moves

    @contextmanager
    def _loop_guarded(self) -> Iterator[None]:
        """End the run if the loop breaks; the traceback of a learner's loop is theirs to see."""
        try:
            yield
        except HistoryError as error:
            self._finish("error", str(error), kind="history")
        except BaseException as error:
            self._finish("error", f"The loop raised {type(error).__name__}: {error}", kind="loop")
            raise

    def _next(self) -> Work | None:
        while True:
            want = self.cursor.want
            if isinstance(want, Act):
                work = self._next_call(want)
                if work is not None:
                    return work
                self._answer_calls()
            elif isinstance(want, Ask):
                return self._next_ask()
            elif self._queued and not self.stopping:
                self.cursor.restart(self._steer())
            else:
                self._answered()
                return None

    def _next_ask(self) -> Work | None:
        if self.stopping:
            self._finish("stopped", self._stopped_text())
            return None
        question = self._limit() if self._asking.between_steps else None
        return question or self._asking.next(self.cursor)

    def _next_call(self, want: Act) -> Work | None:
        if self._calls is None:
            open_ids = {call["id"] for call in self.cursor.open_calls}
            if not want.calls or any(call["id"] not in open_ids for call in want.calls):
                raise HistoryError("The loop wants to run calls that the model did not make.")
            places = [call["id"] for call in self.cursor.calls]
            self._calls = PendingCalls(
                want.calls,
                places=[places.index(call["id"]) for call in want.calls],
                step=self._asking.step,
                recipe=self.recipe,
                emit=self._emit,
            )
        if self.stopping:
            self._calls.stop()
        return self._calls.next()

    def _answer_calls(self) -> None:
        """All calls of this Act have results: send them, and what the person said meanwhile."""
        assert self._calls is not None
        results = self._calls.messages(images_inline=self.recipe.model.facts.images_in_tool_results)
        leaves_open = len(self._calls.calls) < len(self.cursor.open_calls)
        if not leaves_open and not self.stopping:
            results += self._steer()
        self._calls = None
        self.cursor.send(results)

    def _steer(self) -> list[Message]:
        queued, self._queued = self._queued, []
        for text in queued:
            self._emit(Steered(step=self._asking.step, text=self.recipe.redact(text)))
        return [{"role": "user", "content": self.recipe.redact(text)} for text in queued]

    def _limit(self) -> Decide | None:
        """The question that a reached limit puts, if one is reached."""
        spent = self._asking.spent_usd
        limit = self.budget.reached(
            steps=self._asking.step,
            cost_usd=spent,
            step_usd=self._asking.step_usd,
            elapsed_s=self.recipe.clock.now() - self._t0,
        )
        if limit is None:
            return None
        allowance = self.budget.allowance(limit)
        money = "" if spent is None else f"${spent:.2f} spent, "
        steps = plural(self._asking.step, "step")
        why = f"{allowance} limit reached after {steps} ({money}everything kept)."
        question = f"Go on for another {allowance}?"
        key = f"{self._asking.step}.limit.{limit}"
        self._emit(Paused(step=self._asking.step, why=why, question=question, key=key))
        return Decide("limit", question, why, key=key)

    def _decide(self, work: Work, decision: Decision) -> None:
        if isinstance(work, Decide) and work.kind == "limit":
            if decision.action == "run":
                self.budget = self.budget.extended()
            else:
                self._finish("limit", work.why)
        elif self._calls is not None:
            self._calls.decide(decision)

    def _fail(self, error: ModelError) -> None:
        if not self._asking.fail(error):
            self._finish("error", str(error), kind=error.kind)

    # How it ends

    def _answered(self) -> None:
        """The loop returned: a learner's loop may have left its last reply out of its list."""
        reply, messages = self.cursor.returned, self.cursor.messages
        left_out = reply is not None and (not messages or messages[-1] != reply)
        if reply is not None and left_out and not self.cursor.trusted:
            messages.append(reply)
        self.transcript.sync(messages, trusted=self.cursor.trusted)
        self._finish("answer")

    def _stopped_text(self) -> str:
        return (
            f"Stopped by you at step {self._asking.step}. Everything up to here is kept, variables "
            "included. Go on with the next %%kimi."
        )

    def _finish(self, reason: FinishReason, text: str = "", *, kind: str = "") -> None:
        """End the run: close the loop and emit the last event, once."""
        if self.finished is not None:
            return
        self.cursor.close()
        self._work = None
        answer = ""
        if reason == "answer" and self.cursor.returned is not None:
            answer = self.recipe.redact(text_of(self.cursor.returned))
        text = self.recipe.redact(text)
        self.finished = RunFinished(reason=reason, answer=answer, text=text, error_kind=kind)
        self._emit(self.finished)

    def _emit(self, event: Event, *, at: float | None = None) -> None:
        """Stamp and hand out an event: the one place where `seq` and `t` are set."""
        with self._emitting:
            now = self.recipe.clock.now() if at is None else at
            stamped = replace(event, seq=self._n_events, t=round(now - self._t0, 6))
            self._n_events += 1
            if not isinstance(stamped, TRANSIENT):
                self.events.append(stamped)
            self.meter.apply(stamped)
            for consumer in self._subscribers:
                consumer(stamped)
