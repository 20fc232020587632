"""Model calls of a run: requests out, pieces in, replies accepted or asked for again.

One object a run. It turns the loop's list into byte-stable requests, counts steps and attempts,
keeps a failed attempt's text out of the history, and hands accepted messages back unchanged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from nbagent.errors import HistoryError, InvalidTurn, ModelError
from nbagent.events import Delta, Event, ReplyReceived, RetryScheduled, Sent, StepStarted
from nbagent.messages import Message, Request, Transcript, Usage, first_fault, reasoning_of, text_of
from nbagent.meter import cost_usd
from nbagent.meter.sampling import SampleLog
from nbagent.policy import retry_delay_s
from nbagent.ports import Held, Piece, Reply
from nbagent.run.cursor import Cursor
from nbagent.run.outgoing import estimated_tokens, newly_sent
from nbagent.run.recipe import Recipe
from nbagent.run.work import AskModel, WaitUntil


class Emit(Protocol):
    """Hands out an event; `at` is the clock's `now()` of what it tells, the present if None."""

    def __call__(self, event: Event, *, at: float | None = None) -> None:
        """Hand out `event`."""
        ...


class Asking:
    """Makes a run's requests and takes its replies.

    Args:
        recipe: the endpoint and the settings.
        transcript: the run's records.
        attached: what the prompt brings along, piece by piece.
        emit: where events go.
        since_start: turns the clock's `now()` into seconds since the run began.
        step: steps already made, for a fork.
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
    ) -> None:
        self.recipe = recipe
        self.transcript = transcript
        self.requests: list[Request] = []
        self.step = step
        self.attempt = 0
        self.spent_usd: float | None = None
        """Dollars spent so far, as far as the price is known."""
        self.step_usd = 0.0
        """What the last reply cost."""
        self._attached = tuple(attached)
        self._emit = emit
        self._since_start = since_start
        self._head = recipe.model.head(recipe.tools)
        self._failures: Counter[str] = Counter()
        self._retry: WaitUntil | None = None
        self._answered = step > 0
        self._n_ready = 0
        self._n_sent = 0
        self._n_counted = 0
        self._last_tokens = 0
        self._samples = SampleLog()
        self._masks = self._fresh_masks()

    @property
    def between_steps(self) -> bool:
        """Whether the next request begins a new step."""
        return self.attempt == 0

    def prepare(self, cursor: Cursor) -> Request:
        """The next step's request, as it is to go; nothing is sent yet.

        Raises:
            HistoryError: the loop's list would be refused by the endpoint.
        """
        messages = cursor.messages
        revision = self.transcript.sync(messages, trusted=cursor.trusted)
        thinking = self.recipe.model.facts.thinking
        fault = first_fault(messages, thinking=thinking, start=revision.checked)
        if fault or cursor.asks_the_same_again:
            raise HistoryError(_refused(fault, cursor))
        revision.checked = self._n_ready = n = len(messages)
        estimate = self._last_tokens + estimated_tokens(revision.records[self._n_counted : n])
        return Request(self._head, revision, n, self.recipe.model.tail(estimate))

    def next(self, request: Request | None = None) -> AskModel | WaitUntil:
        """Begin a step with its request, or make the next attempt at it when its time has come.

        Args:
            request: what `prepare` has made, perhaps changed; None for another attempt.
        """
        if self._retry is not None:
            return self._retry
        request = request or self.requests[-1]
        self._announce(request)
        return AskModel(request, self.step, self.attempt)

    def _announce(self, request: Request) -> None:
        if self.between_steps:
            self.step += 1
        self.attempt += 1
        self.requests.append(request)
        self._samples = SampleLog()
        self._masks = self._fresh_masks()
        self._emit(
            StepStarted(
                step=self.step,
                attempt=self.attempt,
                n_messages=request.n,
                n_bytes=request.n_bytes,
                sha256=request.sha256(),
                sent=newly_sent(request, self._n_sent, self._attached),
            )
        )
        self._n_sent = self._n_ready

    def waited(self) -> None:
        """The moment that `next` named has come."""
        self._retry = None

    def piece(self, piece: Piece) -> None:
        """Take a streamed piece."""
        self._samples.add(self._since_start(piece.t), piece.text, piece.phase)
        mask = self._masks.get(piece.phase)
        self._emit(
            Delta(
                step=self.step,
                attempt=self.attempt,
                phase=piece.phase,
                text=mask.feed(piece.text) if mask else piece.text,
                call_index=piece.call_index,
                name=piece.name,
            ),
            at=piece.t,
        )

    def _count(self, usage: Usage) -> None:
        """Note what the reply cost, and how many tokens the history holds now."""
        self._last_tokens = usage["prompt_tokens"] + usage["completion_tokens"]
        self._n_counted = self._n_sent + 1
        cost = cost_usd(usage, self.recipe.model.facts.price)
        if cost is not None:
            self.step_usd = cost
            self.spent_usd = (self.spent_usd or 0.0) + cost

    def _fresh_masks(self) -> dict[str, Any]:
        """One masking stream a phase: a secret may be split across pieces."""
        return {phase: self.recipe.redact.stream() for phase in ("reasoning", "answer")}

    def hold(self, held: Held) -> None:
        """The endpoint's pace makes the request wait before it goes."""
        self._emit(
            RetryScheduled(
                step=self.step,
                attempt=0,
                reason="pace",
                text=held.text,
                until_t=self._since_start(held.until),
            )
        )

    def fail(self, error: ModelError, *, kind: str = "") -> bool:
        """Take a failure: schedule another attempt, or return False if there is none."""
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

    def given_up(self, error: ModelError) -> str:
        """Why the run ends with a failure: its cause, what was kept, what to do next."""
        tried = f"{self.attempt} attempts have failed." if self.attempt > 1 else ""
        kept = "Everything up to here is kept; the next %%kimi goes on from it."
        named = f"(Request {error.request_id}.)" if error.request_id else ""
        parts = (error.message, error.remedy, tried, kept, named)
        return " ".join(part for part in parts if part)

    def refused(self, error: ModelError) -> None:
        """A request as the person had changed it was refused: the step begins anew."""
        self._emit(
            RetryScheduled(
                step=self.step,
                attempt=self.attempt,
                reason="edited",
                text=self.recipe.redact(str(error)),
                until_t=self._since_start(self.recipe.clock.now()),
            )
        )
        self.step -= 1
        self.attempt = 0

    def take(self, reply: Reply) -> Message | None:
        """Accept a reply and return its message unchanged, or None if it is asked for again.

        Tool calls without reasoning would make the next request fail while thinking is on: they
        are asked for again once, then kept with a blank as reasoning, and marked.
        """
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
                samples=self._samples.samples(reply.usage),
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
