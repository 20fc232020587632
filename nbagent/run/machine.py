"""The machine of a run: moves only when its driver moves it, and never blocks.

`pending()` names the next piece of work, `deliver()` brings its outcome. The machine holds the
loop (`cursor`), the model calls (`asking`), the tool calls (`calls`) and the record of where it
was (`moves`), asks the policies and emits the events. The kernel's pump, a script and the tests
are drivers.

Read next: `nbagent.kernel.pump`, the driver under `%%kimi`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

from nbagent.errors import HistoryError, LoopError, ModelError
from nbagent.events import (
    TRANSIENT,
    Event,
    FinishReason,
    KernelAwaited,
    Place,
    RunFinished,
    RunStarted,
    Sent,
    Steered,
    StopAsked,
    ToolOutput,
)
from nbagent.loop import Act, Ask
from nbagent.messages import Content, Message, Messages, Record, Request, Transcript, text_of
from nbagent.meter import Meter
from nbagent.packed import Packed
from nbagent.phrases import plural
from nbagent.ports import Failure, Held, Piece, Reply
from nbagent.run.asking import Asking
from nbagent.run.calls import PendingCalls
from nbagent.run.cursor import Cursor
from nbagent.run.fork import Beginning
from nbagent.run.keeping import Keeping
from nbagent.run.limits import Limits
from nbagent.run.moves import InHand, Move, Moves
from nbagent.run.older import Older
from nbagent.run.recipe import Recipe
from nbagent.run.window import Past
from nbagent.run.work import Decide, Decision, Elapsed, Outcome, RunTool, Shown, Work
from nbagent.tools import ToolResult


class Machine:
    """Moves one execution of an agent.

    Args:
        recipe: model, tools, loop and policies.
        prompt: what the person asked, with attachments.
        started: the first event, with the run's name; `seq` and `t` are stamped here.
        history: records of the conversation so far, system prompt first.
        sent: what the prompt carries, piece by piece, for the count of what leaves.
        beginning: where to go on from, for a fork or a resumed run; otherwise the loop starts.

    Attributes:
        started: the first event: prompt, model, host, cell.
        events: what happened, without the transient pieces.
        moves: where it was, from the first request on.
        limits: what the run may still use.
        stopping: whether it was asked to stop; a signal handler may set this.
        interrupt_tool: set by the driver while a tool of this run is on the stack.
        decided: the open question and its answer, until the driver has taken it.
        forked_from: the run and the move that this one was forked from.
        keeping: whether its record is whole; the driver gives it the keeper.
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
        beginning: Beginning | None = None,
    ) -> None:
        self.recipe = recipe
        self.run_id = started.run_id
        self.transcript = Transcript(history)
        if beginning is None:
            user: Message = {"role": "user", "content": recipe.redact.value(prompt)}
            origin = Messages([*self.transcript.current.records, Record.of(user)])
            beginning = Beginning(Cursor(recipe.loop, origin, recipe.tools))
        self.cursor = beginning.cursor
        self.meter = Meter()
        self.events: Packed[Event] = Packed()
        self.moves = Moves(self._emit, beginning.made)
        self.moves.edit = beginning.edit
        self.moves.until = "move" if beginning.rests else "end"
        self.limits = Limits(recipe, self._emit, lambda: recipe.clock.now() - self._t0)
        self.stopping = False
        self.finished: RunFinished | None = None
        self.interrupt_tool: Callable[[], None] | None = None
        self.decided: tuple[Decide, Decision] | None = None
        self.forked_from: tuple[str, int] | None = None
        self.keeping = Keeping(self._emit)
        self._t0 = recipe.clock.now()
        self.started = started
        self._subscribers: list[Callable[[Event], None]] = []
        self._n_events = 0
        self._emitting = threading.RLock()
        self._stop_noted = False
        self._work: Work | None = None
        self._reply = beginning.reply
        self._begun: Beginning | None = beginning
        self._calls: PendingCalls | None = None
        self._unstarted: RunTool | None = None
        self._end_as: tuple[FinishReason, str, str] | None = None
        self._queued: list[str] = []
        self._notes = [beginning.note] if beginning.note else []
        self._said = list(beginning.said)
        self._asking = Asking(
            recipe,
            self.transcript,
            attached=sent,
            emit=self._emit,
            since_start=lambda now: round(now - self._t0, 6),
            step=beginning.step,
            past=Past.of(started.past),
            goal=len(self.cursor.origin) - 1,
            events=self.events,
            record=beginning.events,
            messages=self.cursor.messages,
        )
        self._older = Older(self.events, self.moves, self._asking, self.cursor, self.meter)
        self._start(beginning)

    def _start(self, beginning: Beginning) -> None:
        if beginning.events:
            self._take_up(beginning)
        else:
            self._emit(self.started, at=self._t0)

    def _take_up(self, beginning: Beginning) -> None:
        """Go on after the events of the record; time goes on from the last of them."""
        self.events.extend(beginning.events)
        last = self.events[-1]
        self._n_events = last.seq + 1
        self._t0 -= last.t
        for event in self.events:
            self.meter.apply(event)
            self.limits.apply(event)
        in_flight = self._asking.take_up(self.events)
        if isinstance(last, RunFinished):
            self.finished = last
        elif beginning.resumed is not None:
            self._emit(beginning.resumed)
            if in_flight:
                self._asking.lost(in_flight, beginning.partial)

    @property
    def elapsed_s(self) -> float:
        """Seconds since it began; once it has ended, how long it took."""
        return self.recipe.clock.now() - self._t0 if self.finished is None else self.events[-1].t

    # What a driver does

    def pending(self) -> Work | None:
        """The work to be done now, the same object until it is delivered; None when finished."""
        if self.stopping and not isinstance(self._work, RunTool):
            self._work = self.decided = None
            self.moves.drop()
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
            failure = self._asking.piece(outcome)
            if failure is not None:
                self.deliver(work, failure)
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
            self._reply = self._asking.take(outcome)
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
        except LoopError as error:
            self._finish("error", str(error), kind="loop")
        except BaseException as error:
            self._finish("error", f"The loop raised {type(error).__name__}: {error}", kind="loop")
            raise

    def _next(self) -> Work | None:
        while True:
            want = self.cursor.want
            if self._reply is not None:
                rest = self._hand_over(self._reply)
                if rest is not None:
                    return rest
            elif isinstance(want, Act):
                work = self._next_call(want)
                if work is not None:
                    return work
                self._answer_calls()
            elif isinstance(want, Ask):
                return self._next_ask()
            elif self._said or (self._queued and not self.stopping):
                self.cursor.restart(self._steer())
            else:
                self._answered()
                return None

    def _hand_over(self, reply: Message) -> Decide | None:
        """Give the reply in hand to the loop, unless the run rests here."""
        calls = reply.get("tool_calls") or []
        what = plural(len(calls), "call") if calls else "the answer"
        rest = self._pass_by("reply", reply, what=f"after reply {self._asking.step}: {what}.")
        if rest is None:
            changed = cast("Message | None", self.moves.taken())
            self._reply = None
            self.cursor.send(changed or reply)
        return rest

    def _pass_by(self, place: Place, in_hand: InHand, *, step: int = 0, what: str) -> Decide | None:
        move = self._here(Move(0, place, step or self._asking.step, -1, in_hand))
        return self.moves.pass_by(move, what=what, over=self.stopping)

    def _here(self, move: Move) -> Move:
        """A move with where the loop is."""
        return replace(move, sends=len(self.cursor.sends), line=self.cursor.line)

    def _next_ask(self) -> Work | None:
        if self.stopping:
            reason, text, kind = self._end_as or ("stopped", self._stopped_text(), "")
            self._finish(reason, text, kind=kind)
            return None
        if self._asking.between_steps and not self._asking.compaction.is_open:
            expected = self._asking.expected(self.cursor)
            question = self.limits.question(self._asking.step, expected)
            if question is not None:
                return question
        room = None if self._rests_before_request() else self._asking.make_room(self.cursor)
        if room is not None or not self._asking.between_steps:
            return room or self._asking.next()
        request, step = self._asking.prepare(self.cursor), self._asking.step + 1
        with self._emitting:
            self._older.pack()
        what = f"before request {step}. Nothing has been sent yet."
        rest = self._pass_by("request", request, step=step, what=what)
        changed = cast("Request | None", self.moves.taken()) if rest is None else None
        return rest or self._asking.next(changed or request)

    def _rests_before_request(self) -> bool:
        """Whether the run has come to its next request already, and rested there."""
        last = self.moves[-1] if self.moves else None
        return last is not None and (last.place, last.step) == ("request", self._asking.step + 1)

    def _next_call(self, want: Act) -> Work | None:
        if self._calls is None:
            self._calls = self._pending_calls(want)
        if self.keeping.lost:
            self._end_unkept(self.keeping.lost)
        if self.stopping:
            self._calls.stop()
            self._unstarted = None
        work = self._unstarted or self._calls.next()
        question = self.keeping.question(work) if isinstance(work, RunTool) else None
        self._unstarted = work if question and isinstance(work, RunTool) else None
        return question or work

    def _end_unkept(self, why: str) -> None:
        """Answer the open calls and end: what came next could not be told after a crash."""
        self._end_as, self.stopping = ("error", why, "record"), True

    def _pending_calls(self, want: Act) -> PendingCalls:
        open_ids = {call["id"] for call in self.cursor.open_calls}
        if not want.calls or any(call["id"] not in open_ids for call in want.calls):
            raise HistoryError("The loop wants to run calls that the model did not make.")
        places = [call["id"] for call in self.cursor.calls]
        begun, self._begun = self._begun, None
        return PendingCalls(
            want.calls,
            places=[places.index(call["id"]) for call in want.calls],
            step=self._asking.step,
            recipe=self.recipe,
            emit=self._emit,
            moves=self.moves,
            here=self._here,
            results=begun.results if begun else (),
            is_fresh=begun.is_fresh if begun else False,
            unknown=begun.unknown if begun else None,
            held=begun.held if begun else None,
        )

    def _answer_calls(self) -> None:
        """All calls of this Act have results: send them, and what the person said meanwhile."""
        assert self._calls is not None
        results = self._calls.messages(images_inline=self.recipe.model.facts.images_in_tool_results)
        leaves_open = len(self._calls.calls) < len(self.cursor.open_calls)
        if not leaves_open:
            results += self._steer()
        self._calls = None
        self.cursor.send(results)

    def _steer(self) -> list[Message]:
        """What joins the history now; after a stop, only what is on record already."""
        texts, self._notes, self._said = [*self._notes, *self._said], [], []
        queued = [] if self.stopping else [self.recipe.redact(text) for text in self._queued]
        self._queued = self._queued if self.stopping else []
        for text in queued:
            self._emit(Steered(step=self._asking.step, text=text))
        return [{"role": "user", "content": text} for text in [*texts, *queued]]

    def _decide(self, work: Work, decision: Decision) -> None:
        if not isinstance(work, Decide):
            return
        if work.kind == "move":
            self.moves.open = None
        elif work.kind == "record":
            if decision.action == "run":
                self.keeping.go_on()
            else:
                self._end_unkept(work.why)
        elif work.kind != "limit":
            assert self._calls is not None
            self._calls.decide(decision)
        elif ended := self.limits.decide(decision):
            self._finish("limit", ended)

    def _fail(self, error: ModelError) -> None:
        if self._asking.fail(error):
            return
        if self.moves[-1].place == "request" and self.moves[-1].was is not None:
            self._asking.refused(error)  # as the person wrote it; the loop's own can still go
            self.moves.come_again()
        else:
            text = self._asking.given_up(error)
            self._finish("error", text, kind=error.kind, discarded=error.partial)

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

    def _finish(
        self, reason: FinishReason, text: str = "", *, kind: str = "", discarded: str = ""
    ) -> None:
        """End the run: close the loop and emit the last event, once."""
        if self.finished is not None:
            return
        self.cursor.close()
        self._work = None
        self.moves.drop()
        answer = ""
        if reason == "answer" and self.cursor.returned is not None:
            answer = self.recipe.redact(text_of(self.cursor.returned))
        self.finished = RunFinished(
            reason=reason,
            answer=answer,
            text=self.recipe.redact(text),
            error_kind=kind,
            discarded=self.recipe.redact(discarded),
        )
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
            self.limits.apply(stamped)
            for consumer in self._subscribers:
                consumer(stamped)
