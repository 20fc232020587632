"""Compaction: makes room in the model's window before a request, between two steps.

Old pictures leave first, where that is enough. Otherwise the model is asked for a summary, in one
extra request whose bytes begin with those of the last one, so that its prefix is in the provider's
cache. A reply that is no summary, or none at all, is replaced by a list made from the record. The
transcript, and with it the loop, is not touched: what changes is how requests show it.

Read next: `nbagent.run.window` for what that is, `nbagent.summary` for the words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeAlias

from nbagent.bounded import clip, size_of
from nbagent.errors import ModelError
from nbagent.events import Compacted, Compacting, Event, RetryScheduled, Sent, ToolFinished
from nbagent.messages import Record, Request, Revision, Usage, text_of
from nbagent.phrases import plural, share, size
from nbagent.policy import retry_delay_s
from nbagent.ports import Reply
from nbagent.run.outgoing import estimated_tokens
from nbagent.run.recipe import Recipe
from nbagent.run.window import Past, Projection, Window, n_lead, n_pictures
from nbagent.run.work import AskModel, WaitUntil
from nbagent.summary import (
    MECHANICAL_BYTES,
    SUMMARY_BYTES,
    Made,
    ask_for_summary,
    fault_of,
    framed,
    mechanical,
)

KEPT_STEPS = 6
"""The last steps stay in full, at most so many."""
KEPT_SHARE = 0.25
"""How much of the window these may take; the last step stays in any case."""
PICTURES_ENOUGH = 0.75
"""Pictures leave alone if that brings the context under this part of `compact_share`."""
LEAST_SHARE = 0.1
"""A full window is compacted if at least this part of it becomes free."""
LEAST_BYTES = 4_000
"""Fewer bytes of messages than this are not worth a summary."""

Why: TypeAlias = Literal["full", "asked", "overflow"]


class Emit(Protocol):
    """Hands out an event."""

    def __call__(self, event: Event, *, at: float | None = None) -> None:
        """Hand out `event`."""
        ...


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to leave.

    Attributes:
        revision: the transcript, of which `n` messages count.
        n_asked: how many messages the summary is made of: what the last request carried, or less.
        first: index of the first message that stays in full.
        leaving: indices of the messages that leave.
        older: these messages, as requests have carried them.
        n_steps: how many steps stay.
        lead_in: why, in words.
    """

    revision: Revision
    n: int
    n_asked: int
    first: int
    leaving: Sequence[int]
    older: Sequence[Record]
    n_steps: int
    lead_in: str

    @property
    def n_bytes(self) -> int:
        return sum(record.n_bytes for record in self.older)


class Compaction:
    """Makes room for a run's requests.

    Args:
        recipe: endpoint, settings, and what describes variables.
        window: how requests show the transcript.
        past: what the run takes over.
        goal: index of the run's own prompt.
        head: what each request carries before its messages.
        emit: where events go.
        since_start: turns the clock's `now()` into seconds since the run began.
        events: what has happened in the run; it is only read.

    Attributes:
        wanted: whether the person has asked for it; may be set from any thread.
        step: the step before whose request it was last done, or is being done.
        goals: indices of the prompts that stay in full: this run's, and that of the turn before.
    """

    def __init__(
        self,
        recipe: Recipe,
        window: Window,
        *,
        past: Past,
        goal: int,
        head: bytes,
        emit: Emit,
        since_start: Callable[[float], float],
        events: Sequence[Event],
    ) -> None:
        self.wanted = False
        self.step = 0
        self.goals = (*past.goals[-1:], goal)
        self._recipe = recipe
        self._window = window
        self._made, self._n_read = past.made, 0
        self._head = head
        self._emit = emit
        self._since_start = since_start
        self._events = events
        self._plan: _Plan | None = None
        self._attempt = 0
        self._failures: Counter[str] = Counter()
        self._retry: WaitUntil | None = None
        self._overflowed_step = 0
        self._unsent: tuple[Sent, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether a summary is being asked for."""
        return self._plan is not None

    @property
    def made(self) -> Made:
        """What tool code has made so far."""
        events = self._events[self._n_read :]
        self._n_read += len(events)
        results = (event for event in events if isinstance(event, ToolFinished))
        self._made = self._made.after(each.changes for each in results if each.changes)
        return self._made

    def begin(self, revision: Revision, n: int, step: int, *, overflowed: bool = False) -> bool:
        """Begin, if it is time to; at most once a step.

        Args:
            revision: the transcript.
            n: how many messages of it the next request stands for.
            step: the step of that request.
            overflowed: whether the endpoint has just refused it as too long.

        Returns:
            Whether a summary is to be asked for now.
        """
        tokens = self._window.estimate(revision, n)
        why = self._why(tokens, step, overflowed=overflowed)
        if why is None:
            return False
        self.wanted = False
        plan = self._planned(revision, n, tokens, why)
        if plan is None or (why == "full" and self._leave_out_pictures(plan, step)):
            return False
        if why == "full" and not self._is_worth_it(plan):
            return False
        self.step, self._plan, self._attempt = step, plan, 0
        self._failures.clear()
        return True

    def _why(self, tokens: int, step: int, *, overflowed: bool) -> Why | None:
        limit = self._recipe.settings.compact_share
        if not self._recipe.model.facts.sends:
            return None  # a record has no window, and no summary to give
        if overflowed:
            is_first, self._overflowed_step = step != self._overflowed_step, step
            return "overflow" if limit and is_first else None
        if step == self.step:
            return None
        if self.wanted:
            return "asked"
        return "full" if limit and self._window.share(tokens) >= limit else None

    def _planned(self, revision: Revision, n: int, tokens: int, why: Why) -> _Plan | None:
        """What could leave, None if nothing of a size."""
        shown, records = self._window.projection, revision.records[:n]
        since = max(shown.first, n_lead(records))
        steps = [i for i in range(since, n) if records[i].message["role"] == "assistant"]
        if not steps:
            return None
        room = KEPT_SHARE * min(self._window.n_window or tokens, tokens)
        first, n_steps = steps[-1], 1
        for i in reversed(steps[-KEPT_STEPS:-1]):
            if estimated_tokens(records[i:]) > room:
                break
            first, n_steps = i, n_steps + 1
        before = [*(i for i in shown.goals if i < since), *range(since, first)]
        leaving = [i for i in before if i not in self.goals]
        older = [shown.shown_as(i, records[i]) for i in leaving]
        lead_in = self._lead_in(tokens, why)
        asked = first if why == "overflow" else steps[-1]  # all of it might be too long again
        plan = _Plan(revision, n, asked, first, leaving, older, n_steps, lead_in)
        return plan if plan.n_bytes >= LEAST_BYTES else None

    def _lead_in(self, tokens: int, why: Why) -> str:
        if why == "overflow":
            return "The request was longer than the window"
        full = f"Context was {share(self._window.share(tokens))} full"
        return full if self._window.n_window else "You asked for it"

    def _is_worth_it(self, plan: _Plan) -> bool:
        return estimated_tokens(plan.older) >= LEAST_SHARE * self._window.n_window

    def _leave_out_pictures(self, plan: _Plan, step: int) -> bool:
        """Let old pictures leave if that is enough."""
        count = sum(n_pictures(record) for record in plan.older)
        if not count:
            return False
        shown = self._window.projection
        goals = tuple(dict.fromkeys((*shown.goals, *self.goals)))
        bare = replace(shown, goals=goals, pictures_before=max(plan.first, shown.pictures_before))
        after = self._window.estimate_as(bare, plan.revision, plan.n)
        limit = self._recipe.settings.compact_share * self._window.n_window
        if after > PICTURES_ENOUGH * limit:
            return False
        left = [bare.shown_as(i, plan.revision.records[i]) for i in plan.leaving]
        self._window.show(bare, plan.revision, plan.n)
        self.step = step
        text = (
            f"{plan.lead_in}: {plural(count, 'older picture')} left the requests. Everything else "
            f"is kept, {_last_steps(plan.n_steps)} with their pictures."
        )
        n_bytes = plan.n_bytes - sum(record.n_bytes for record in left)
        self._tell(bare, n_pictures=count, n_bytes=n_bytes, text=text)
        return True

    # The request for a summary

    def next(self) -> AskModel | WaitUntil:
        """The request for the summary, or how long it waits before it goes again."""
        assert self._plan is not None
        if self._retry is not None:
            return self._retry
        plan, window, recipe = self._plan, self._window, self._recipe
        message = ask_for_summary(self._told()[0])
        ask = Record.of(recipe.redact.value(message))
        shown = window.shown(plan.revision, plan.n).records
        records = [*shown[: window.n_shown(plan.revision, plan.n_asked)], ask]
        tail = recipe.model.tail(window.estimate(plan.revision, plan.n))
        request = Request(self._head, Revision(-1, records), len(records), tail)
        self._attempt += 1
        piece = Sent(kind="message", name="request for a summary", n_bytes=ask.n_bytes)
        self._emit(
            Compacting(
                step=self.step,
                attempt=self._attempt,
                n_messages=request.n,
                n_bytes=request.n_bytes,
                sent=(piece,) if self._attempt == 1 else (),
            )
        )
        return AskModel(request, self.step, self._attempt)

    def _told(self) -> tuple[Mapping[str, str], Sequence[str]]:
        """The variables and files that the model may hear of.

        None where the person is asked about every result: they may have kept one to themselves.
        """
        if self._recipe.settings.ask == "always":
            return {}, ()
        return self._recipe.alive(self.made.names), self.made.files

    def waited(self) -> None:
        """The moment that `next` named has come."""
        self._retry = None

    def fail(self, error: ModelError) -> None:
        """Take a failure: the request goes again, or the record makes the summary."""
        self._failures[error.kind] += 1
        recipe, attempt = self._recipe, self._failures[error.kind]
        delay_s = retry_delay_s(error, attempt, recipe.settings, recipe.chance)
        if delay_s is None:
            self._make_do(error.message, None)
            return
        until = self._recipe.clock.now() + delay_s
        text = self._recipe.redact(str(error))
        self._emit(
            RetryScheduled(
                step=self.step,
                attempt=0,
                reason=error.kind,
                text=text,
                until_t=self._since_start(until),
            )
        )
        self._retry = WaitUntil(until, text) if delay_s else None

    def take(self, reply: Reply) -> None:
        """Take the reply: the summary, if it is one."""
        assert self._plan is not None
        fault = fault_of(reply.message)
        if reply.finish_reason == "length":
            fault = "it was cut at its token limit"
        text = self._recipe.redact(clip(text_of(reply.message).strip(), SUMMARY_BYTES))
        if not fault and size_of(text) >= self._plan.n_bytes:
            fault = "it is longer than what it stands for"
        if fault:
            self._make_do(fault, reply.usage)
        else:
            self._done(text, usage=reply.usage)

    def _make_do(self, why: str, usage: Usage | None) -> None:
        """Make the summary from the record."""
        assert self._plan is not None
        plan = self._plan
        variables, files = self._told()
        summary = mechanical(
            goal=text_of(plan.revision.records[self.goals[-1]].message),
            variables=variables,
            files=files,
            older=[record.message for record in plan.older],
            before=self._window.projection.summary,
            limit_bytes=min(MECHANICAL_BYTES, plan.n_bytes // 2),
        )
        self._done(self._recipe.redact(summary), usage=usage, why=self._recipe.redact(why))

    def _done(self, summary: str, *, usage: Usage | None, why: str = "") -> None:
        assert self._plan is not None
        plan, self._plan, self._retry = self._plan, None, None
        shown = Projection(
            first=plan.first,
            goals=self.goals,
            summary=summary,
            is_mechanical=bool(why),
            pictures_before=self._window.projection.pictures_before,
        )
        self._window.show(shown, plan.revision, plan.n)
        n_bytes = Record.of(framed(summary, is_mechanical=bool(why))).n_bytes
        self._unsent = (Sent(kind="message", name="summary", n_bytes=n_bytes),)
        self._tell(
            shown,
            n_messages=len(plan.older),
            n_pictures=sum(n_pictures(record) for record in plan.older),
            n_bytes=plan.n_bytes,
            text=self._words(plan, summary, why),
            why=why,
            usage=usage,
        )

    def _words(self, plan: _Plan, summary: str, why: str) -> str:
        became = f"a {size(size_of(summary))} summary"
        if why:
            became = f"a {size(size_of(summary))} list made without the model ({why})"
        n_alive, n_files = len(self._recipe.alive(self.made.names)), len(self.made.files)
        kept = ["your goal"]
        kept += [plural(n_alive, "variable")] if n_alive else []
        kept += [plural(n_files, "file")] if n_files else []
        kept.append(_last_steps(plan.n_steps))
        left = plural(len(plan.older), "older message")
        return f"{plan.lead_in}: {left} became {became}. Kept in full: {', '.join(kept)}."

    def _tell(
        self,
        shown: Projection,
        *,
        n_bytes: int,
        text: str,
        n_messages: int = 0,
        n_pictures: int = 0,
        why: str = "",
        usage: Usage | None = None,
    ) -> None:
        self._emit(
            Compacted(
                step=self.step,
                n_messages=n_messages,
                summary=shown.summary,
                n_pictures=n_pictures,
                n_bytes=n_bytes,
                first=shown.first,
                goals=shown.goals,
                pictures_before=shown.pictures_before,
                mechanical=shown.is_mechanical,
                why=why,
                text=text,
                usage=usage,
            )
        )

    def newly_sent(self) -> tuple[Sent, ...]:
        """What the next request carries because of it, once."""
        sent, self._unsent = self._unsent, ()
        return sent


def _last_steps(n: int) -> str:
    return "the last step" if n == 1 else f"the last {n} steps"
