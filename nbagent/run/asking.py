"""Model calls of a run: requests out, pieces in, replies accepted or asked for again.

One object a run. It turns the loop's list into byte-stable requests, counts steps and attempts,
keeps a failed attempt's text out of the history, and hands accepted messages back unchanged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from nbagent.errors import HistoryError, InvalidTurn, ModelError
from nbagent.events import Event, ReplyReceived, RetryScheduled, Sent, StepStarted
from nbagent.messages import (
    Message,
    Request,
    Revision,
    Transcript,
    Usage,
    first_fault,
    reasoning_of,
    text_of,
)
from nbagent.packed import Packed
from nbagent.policy import retry_delay_s
from nbagent.ports import Failure, Held, Piece, Reply
from nbagent.run.compaction import Compaction, Emit
from nbagent.run.cursor import Cursor
from nbagent.run.outgoing import Estimate, newly_sent
from nbagent.run.recipe import Recipe
from nbagent.run.streaming import Streaming
from nbagent.run.window import NO_PAST, Past, Window, past_from, window_tokens
from nbagent.run.work import AskModel, WaitUntil


class Asking:
    """Makes a run's requests and takes its replies.

    Args:
        recipe: the endpoint and the settings.
        transcript: the run's records.
        attached: what the prompt brings along, piece by piece.
        emit: where events go.
        since_start: turns the clock's `now()` into seconds since the run began.
        step: steps already made, for a fork.
        past: what the run took over from the turn before.
        goal: index of the run's own prompt among its messages.
        events: what has happened in the run; it is only read.
        record: what had happened in the run already, where it goes on from its record.
        messages: what was said in it.
    """

    def __init__(
        self,
        recipe: Recipe,
        transcript: Transcript,
        *,
        attached: Sequence[Sent],
        emit: Emit,
        since_start: Callable[[float], float],
        step: int = 0,
        past: Past = NO_PAST,
        goal: int = 0,
        events: Sequence[Event] = (),
        record: Sequence[Event] = (),
        messages: Sequence[Message] = (),
    ) -> None:
        self.recipe = recipe
        self.transcript = transcript
        self.requests: Packed[Request] = Packed()
        self.step = step
        self.attempt = 0
        self.ahead = Estimate()
        """What `prepare` expects of the request that it has made."""
        self._attached = tuple(attached)
        self._emit = emit
        self._events = events
        self._since_start = since_start
        self._head = recipe.model.head(recipe.tools)
        self._failures: Counter[str] = Counter()
        self._retry: WaitUntil | None = None
        self._answered = step > 0
        self._n_ready = 0
        self._n_sent = 0
        self._usage: Usage | None = None
        self._n_repeated = 0
        self._prepared: Request | None = None
        self._renewed: Request | None = None
        self._overflowed = False
        self._began_with = past
        facts = recipe.model.facts
        self.window = Window(
            past_from(record, messages, past),
            self._head,
            n_window=window_tokens(recipe.settings, facts),
            thinking=facts.thinking,
        )
        self.compaction = Compaction(
            recipe,
            self.window,
            past=past,
            goal=goal,
            head=self._head,
            emit=emit,
            since_start=since_start,
            events=events,
        )
        self._stream = Streaming(recipe)

    @property
    def between_steps(self) -> bool:
        """Whether the next request begins a new step."""
        return self.attempt == 0

    @property
    def upcoming(self) -> int:
        """The step of the next request."""
        return self.step + self.between_steps

    def prepare(self, cursor: Cursor) -> Request:
        """The next step's request, as it is to go; nothing is sent yet.

        Raises:
            HistoryError: the loop's list would be refused by the endpoint.
        """
        revision, n = self._checked(cursor)
        shown, n_shown = self.window.shown(revision, n), self.window.n_shown(revision, n)
        self._n_ready, self._n_repeated = n, max(n_shown - (n - self._n_sent), 0)
        self.ahead = self._estimate(revision, n)
        tail = self.recipe.model.tail(self.ahead.tokens)
        self._prepared = Request(self._head, shown, n_shown, tail, n - n_shown)
        return self._prepared

    def expected(self, cursor: Cursor) -> Estimate:
        """What the next request would carry and cost, before room is made for it.

        Raises:
            HistoryError: the loop's list would be refused by the endpoint.
        """
        return self._estimate(*self._checked(cursor))

    def _estimate(self, revision: Revision, n: int) -> Estimate:
        return Estimate.of(self.window.estimate(revision, n), self._usage, self._price)

    def _checked(self, cursor: Cursor) -> tuple[Revision, int]:
        """The loop's list as records, and how many they are."""
        messages, known = cursor.messages, self.transcript.current
        is_checked = cursor.trusted and known.checked == len(known.records) == len(messages)
        if is_checked and not cursor.asks_the_same_again:
            return known, len(messages)  # nothing has come since; looking at all of them takes time
        revision = self.transcript.sync(messages, trusted=cursor.trusted)
        thinking = self.recipe.model.facts.thinking
        fault = first_fault(messages, thinking=thinking, start=revision.checked)
        if fault or cursor.asks_the_same_again:
            raise HistoryError(_refused(fault, cursor))
        revision.checked = len(messages)
        return revision, len(messages)

    def make_room(self, cursor: Cursor) -> AskModel | WaitUntil | None:
        """What is to be done before the next request, as the window is full; None for nothing.

        Raises:
            HistoryError: the loop's list would be refused by the endpoint.
        """
        if not self.compaction.is_open and self.between_steps:
            self.compaction.begin(*self._checked(cursor), self.upcoming)
        if self.compaction.is_open:
            return self.compaction.next()
        if self._overflowed:
            self._overflowed, self._renewed = False, self.prepare(cursor)
        return None

    def past(self) -> Past:
        """What the next turn takes over."""
        return Past(
            projection=self.window.projection,
            goals=self.compaction.goals,
            made=self.compaction.made,
            n_tokens=self.window.n_tokens,
            n_counted=self.window.n_counted,
        )

    def past_at(self, step: int, messages: Sequence[Message]) -> Past:
        """What a fork takes over that begins within `step`, with these messages."""
        before = [event for event in self._events if getattr(event, "step", 0) <= step]
        return past_from(before, messages, self._began_with)

    @property
    def _price(self) -> tuple[float, float, float] | None:
        facts = self.recipe.model.facts
        return None if facts.scripted else facts.price

    def next(self, request: Request | None = None) -> AskModel | WaitUntil:
        """Begin a step with its request, or make the next attempt at it when its time has come.

        Args:
            request: what `prepare` has made, perhaps changed; None for another attempt.
        """
        if self._retry is not None:
            return self._retry
        request = request or self._renewed or self.requests[-1]
        self._renewed = None
        self._announce(request)
        return AskModel(request, self.step, self.attempt)

    def _announce(self, request: Request) -> None:
        if self.between_steps:
            self.step += 1
        self.attempt += 1
        self.requests.append(request)
        self._stream = Streaming(self.recipe)
        told = self.ahead.usd is not None and self.ahead.usd >= self.recipe.settings.tell_usd
        self._emit(
            StepStarted(
                step=self.step,
                attempt=self.attempt,
                n_messages=request.n,
                n_bytes=request.n_bytes,
                sha256=request.sha256(),
                sent=self._newly_sent(request),
                est_tokens=self.ahead.tokens,
                est_usd=self.ahead.usd,
                note=str(self.ahead) if told and self.attempt == 1 else "",
            )
        )
        self._n_sent = self._n_ready

    def _newly_sent(self, request: Request) -> tuple[Sent, ...]:
        """What a request carries that none before it did; the first carries everything."""
        because = self.compaction.newly_sent()
        if not self.recipe.model.facts.sends:
            return ()
        sent = newly_sent(request, self._n_repeated, self._attached)
        self._n_repeated = request.n
        return (*because, *sent) if self._n_sent else sent

    def take_up(self, events: Iterable[Event]) -> StepStarted | None:
        """Take over what earlier requests of this run have counted.

        Returns:
            The attempt that was on its way at the end, if one was.
        """
        open_attempt: StepStarted | None = None
        self._n_sent = max(self.window.n_counted - 1, 0)
        for event in events:
            if isinstance(event, StepStarted):
                open_attempt = event
            elif isinstance(event, ReplyReceived):
                open_attempt, self._usage = None, event.usage or self._usage
            elif isinstance(event, RetryScheduled) and event.attempt:
                open_attempt = None
        return open_attempt

    def lost(self, attempt: StepStarted, partial: str) -> None:
        """An attempt was on its way when the kernel ended: it is made again."""
        self._emit(
            RetryScheduled(
                step=attempt.step,
                attempt=attempt.attempt,
                reason="resumed",
                text="The kernel ended while this reply came.",
                until_t=self._since_start(self.recipe.clock.now()),
                discarded=partial,
            )
        )

    def waited(self) -> None:
        """The moment that `next` named has come."""
        self._retry = None
        self.compaction.waited()

    def piece(self, piece: Piece) -> Failure | None:
        """Take a streamed piece; what has failed, if the reply goes in circles now.

        Those of a summary are not shown.
        """
        if self.compaction.is_open:
            return None
        t = self._since_start(piece.t)
        delta = self._stream.take(piece, t, step=self.step, attempt=self.attempt)
        self._emit(delta, at=piece.t)
        circles = self._stream.circles(piece)
        return Failure(piece.t, circles) if circles else None

    def _count(self, usage: Usage) -> None:
        """Note how many tokens the history holds now."""
        self._usage = usage
        self.window.count(usage, self._n_sent)

    def hold(self, held: Held) -> None:
        """The endpoint's pace makes the request wait before it goes."""
        self._emit(
            RetryScheduled(
                step=self.compaction.step if self.compaction.is_open else self.step,
                attempt=0,
                reason="pace",
                text=held.text,
                until_t=self._since_start(held.until),
            )
        )

    def fail(self, error: ModelError, *, kind: str = "") -> bool:
        """Take a failure: schedule another attempt, or return False if there is none."""
        if self.compaction.is_open:
            self.compaction.fail(error)
            return True
        if error.kind == "overflow" and self._makes_room():
            self._overflowed = True
            self._again(error, "overflow")
            return True
        kind = kind or error.kind
        self._failures[kind] += 1
        delay_s = retry_delay_s(
            error,
            self._failures[kind],
            self.recipe.settings,
            self.recipe.chance,
            is_first=not self._answered,
        )
        if delay_s is None:
            return False
        until = self.recipe.clock.now() + delay_s
        text = self.recipe.redact(str(error))
        self._emit(
            RetryScheduled(
                step=self.step,
                attempt=self.attempt,
                reason=kind,
                text=text,
                until_t=self._since_start(until),
                discarded=self.recipe.redact(error.partial),
            )
        )
        self._retry = WaitUntil(until, text) if delay_s else None
        return True

    def _makes_room(self) -> bool:
        """Whether what the endpoint refused as too long can be made shorter, once a step."""
        if self._prepared is not None and self.requests[-1] is not self._prepared:
            return False  # the person's own
        revision = self.transcript.current
        return self.compaction.begin(revision, self._n_ready, self.step, overflowed=True)

    def given_up(self, error: ModelError) -> str:
        """Why the run ends with a failure: its cause, what was kept, what to do next."""
        tried = f"{self.attempt} attempts have failed." if self.attempt > 1 else ""
        kept = "Everything up to here is kept; go on with `%kimi continue` or the next %%kimi."
        named = f"(Request {error.request_id}.)" if error.request_id else ""
        parts = (error.message, error.remedy, tried, kept, named)
        return " ".join(part for part in parts if part)

    def refused(self, error: ModelError) -> None:
        """A request as the person had changed it was refused: the step begins anew."""
        self._again(error, "edited")
        self.step -= 1
        self.attempt = 0

    def _again(self, error: ModelError, reason: str) -> None:
        """Tell that a refused request gives way to another one."""
        self._emit(
            RetryScheduled(
                step=self.step,
                attempt=self.attempt,
                reason=reason,
                text=self.recipe.redact(str(error)),
                until_t=self._since_start(self.recipe.clock.now()),
            )
        )

    def take(self, reply: Reply) -> Message | None:
        """Accept a reply and return its message unchanged, or None if it is asked for again.

        Tool calls without reasoning would make the next request fail while thinking is on: they
        are asked for again once, then kept with a blank as reasoning, and marked.
        """
        if self.compaction.is_open:
            self.compaction.take(reply)
            return None
        message, marks = reply.message, []
        facts = self.recipe.model.facts
        if facts.thinking and message.get("tool_calls") and not reasoning_of(message):
            if not self._failures["no_reasoning"]:
                error = InvalidTurn(
                    "The reply calls tools without its reasoning.", partial=text_of(message)
                )
                self.fail(error, kind="no_reasoning")
                return None
            message = {**message}
            message[facts.reasoning_key] = " "  # type: ignore[literal-required] # a field of Message
            marks.append("no_reasoning")
        if reply.finish_reason == "length":
            marks.append("cut_at_limit")
        if reply.usage is None:
            marks.append("no_usage")
        else:
            self._count(reply.usage)
        self._emit(
            ReplyReceived(
                step=self.step,
                attempt=self.attempt,
                message=self.recipe.redact.value(message),
                finish_reason=reply.finish_reason,
                usage=reply.usage,
                samples=self._stream.samples(reply.usage),
                request_id=reply.request_id,
                marks=tuple(marks),
            ),
            at=reply.t,
        )
        self.attempt = 0
        self._answered = True
        self._failures.clear()
        return message


def _refused(fault: str | None, cursor: Cursor) -> str:
    """Why the loop's list is not sent, and how a learner's loop is mended."""
    if fault is None:
        return (
            f"The loop asks with the same {len(cursor.messages)} messages again, so nothing was "
            "sent: the last reply is not among them. `messages.append(reply)` puts it there."
        )
    text = f"This history would be refused, so it was not sent: {fault}."
    if not cursor.trusted and "no result" in fault:
        return f"{text} `messages.extend(results)` puts in what `yield Act(calls)` has brought."
    if not cursor.trusted and "reasoning" in fault:
        return f"{text} A reply joins the list as it came: `messages.append(reply)`."
    return text
