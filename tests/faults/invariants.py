"""What holds after every fault: H1 to H8, and what the table says of it.

Each function returns what is wrong, in words; an empty list is what is wanted. They look at what
the server received and at the events, and ask none of the product's own checks.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from threading import enumerate as threads
from typing import Any

from nbagent.events import (
    Event,
    ReplyReceived,
    RetryScheduled,
    RunFinished,
    StepStarted,
    ToolFinished,
    ToolStarted,
    to_dict,
)
from nbagent.loop import agent_loop
from nbagent.run import Run
from nbagent.run.cursor import Cursor
from nbagent.view import RunView
from tests.faults.fault import Outcome
from tests.faults.scene import KEY, PRICE, Seen
from tests.faults.turns import LOST, TURNS
from tests.strict import complaints

MOST_WORDS = 1_500
"""Characters of an error: a server's own words are cut."""
Messages = list[dict[str, Any]]


def every(seen: Seen, outcomes: list[Outcome]) -> list[str]:
    """All that is wrong with a run that has met faults with these outcomes."""
    found: list[str] = []
    for check in (
        h1_h2_each_call_has_one_result,
        h3_replies_come_back_as_they_were,
        h4_arguments_are_json,
        h5_the_record_makes_the_same_history,
        nothing_lost_is_seen_again,
        no_tool_runs_for_nothing,
        requests_share_their_beginning,
        the_run_ends_once,
        no_key_is_told,
    ):
        found += [f"{check.__name__}: {what}" for what in check(seen)]
    found += [f"h6_errors_say_what_to_do: {what}" for what in h6_errors_say_what_to_do(seen)]
    found += [f"h7: {what}" for what in h7_failed_attempts_cost_what_nobody_knows(seen, outcomes)]
    found += [f"as_stated: {what}" for what in as_stated(seen, outcomes)]
    return found


def sent(seen: Seen) -> list[Messages]:
    return [json.loads(body)["messages"] for body in seen.server.bodies]


def h1_h2_each_call_has_one_result(seen: Seen) -> Iterator[str]:
    """H1, H2: each call has one result, right behind it; no result stands alone."""
    yield from seen.server.complaints
    for messages in [*sent(seen), [dict(m) for m in seen.run.messages]]:
        yield from complaints(messages)


def h3_replies_come_back_as_they_were(seen: Seen) -> Iterator[str]:
    """H3: what the model said goes back unchanged: each meant reply, and no other."""
    meant = seen.server.meant
    for messages in [*sent(seen), [dict(m) for m in seen.run.messages]]:
        kept = [m for m in messages if m["role"] == "assistant"]
        for mine, theirs in zip(kept, meant, strict=False):
            if json.dumps(mine, sort_keys=True) != json.dumps(theirs, sort_keys=True):
                yield f"{mine} is not {theirs}"
        if len(kept) > len(meant):
            yield f"{len(kept)} replies are kept of {len(meant)}"


def h4_arguments_are_json(seen: Seen) -> Iterator[str]:
    """H4: the arguments that we send are JSON."""
    for messages in sent(seen):
        for call in (c for m in messages for c in m.get("tool_calls") or []):
            json.loads(call["function"]["arguments"])
            if not isinstance(call["function"]["arguments"], str):
                yield f"{call} has no text as arguments"


def h5_the_record_makes_the_same_history(seen: Seen) -> Iterator[str]:
    """H5: what the journal holds makes the same history, by its events and by its sends."""
    run, stored = seen.run, seen.stored
    assert stored is not None
    if [to_dict(event) for event in stored.events] != [to_dict(event) for event in run.events]:
        yield "the journal holds other events"
    rebuilt: Messages = list(map(dict, stored.origin))
    for event in stored.events:
        if isinstance(event, ReplyReceived):
            rebuilt.append(dict(event.message))
            ids = [call["id"] for call in event.message.get("tool_calls") or []]
        elif isinstance(event, ToolFinished):
            answer = {"role": "tool", "tool_call_id": ids[event.index], "content": event.content}
            rebuilt.append(answer)
    if rebuilt != list(map(dict, run.messages)):
        yield "the journal's events make another history"
    cursor = Cursor(agent_loop, stored.origin, run.recipe.tools).replay(stored.sends)
    if cursor.messages != run.cursor.messages:
        yield "the journal's sends make another history"


def h6_errors_say_what_to_do(seen: Seen) -> Iterator[str]:
    """H6: an error has a kind, cause, request id, what was kept, what to do next."""
    last = finished(seen)
    if last.reason != "error":
        return
    if not last.error_kind or not last.text:
        yield "it has no kind or no words"
    if len(last.text) > MOST_WORDS:
        yield f"it has {len(last.text)} characters"
    if "kept" not in last.text:
        yield f"it does not say what was kept: {last.text}"
    if "req-bad" not in last.text and seen.server.request_ids[-1:] == ["req-bad"]:
        yield f"it does not name the request: {last.text}"
    if "%%kimi" not in last.text:
        yield f"it does not say how to go on: {last.text}"


def h7_failed_attempts_cost_what_nobody_knows(seen: Seen, outcomes: list[Outcome]) -> Iterator[str]:
    """H7: the tokens of failed attempts are unknown: neither nothing nor counted."""
    figures = seen.run.metrics()["run"]
    replies = [e for e in seen.run.events if isinstance(e, ReplyReceived)]
    known = [e.usage for e in replies if e.usage]
    completion = sum(usage["completion_tokens"] for usage in known)
    if len(known) == len(replies) and (figures["completion_tokens"] or 0) != completion:
        yield f"{figures['completion_tokens']} tokens are shown, {completion} were told"
    dollars = sum(u["prompt_tokens"] * PRICE[0] + u["completion_tokens"] * PRICE[2] for u in known)
    if known and abs(figures["cost_usd"] - dollars / 1e6) > 1e-12:
        yield f"{figures['cost_usd']} dollars are shown, {dollars / 1e6} were told"
    unknown = sum(outcome.n_unknown for outcome in outcomes)
    if figures["unknown_attempts"] != unknown:
        yield f"{figures['unknown_attempts']} attempts of unknown cost are shown, not {unknown}"


def nothing_lost_is_seen_again(seen: Seen) -> Iterator[str]:
    """What a failed attempt said stands nowhere but among what was discarded."""
    if any(LOST in json.dumps(meant) for meant in seen.server.meant):
        return  # the row says that it is taken
    for name, told in {
        "a request": b"".join(seen.server.bodies).decode(),
        "the history": json.dumps(seen.run.messages),
        "the answer": seen.run.answer,
        "the trace": json.dumps(without_discarded(seen.run.events)),
    }.items():
        if LOST in told:
            yield f"{name} holds a piece of a failed attempt"


def without_discarded(events: list[Event]) -> Any:
    """The view of a run, its discarded attempts left out."""
    view = RunView()
    for event in events:
        view.apply(event)
    snapshot = view.snapshot()
    for step in snapshot["steps"]:
        step["retries"] = []
    return snapshot


def no_tool_runs_for_nothing(seen: Seen) -> Iterator[str]:
    """Each call of a whole reply runs once, and nothing else runs."""
    runnable = [text for message in seen.server.meant for text in runnable_calls(message)]
    if finished(seen).reason == "answer" and seen.noted != runnable:
        yield f"{seen.noted} ran, not {runnable}"
    if finished(seen).reason != "answer" and seen.noted != runnable[: len(seen.noted)]:
        yield f"{seen.noted} ran, not the beginning of {runnable}"
    started = Counter((e.step, e.index) for e in seen.run.events if isinstance(e, ToolStarted))
    yield from (f"call {call} began {n} times" for call, n in started.items() if n > 1)


def runnable_calls(message: dict[str, Any]) -> Iterator[str]:
    """What the calls of a message note, those left out that cannot be run."""
    for call in message.get("tool_calls") or []:
        arguments = json.loads(call["function"]["arguments"])
        is_object = call["function"]["name"] == "note" and isinstance(arguments, dict)
        if is_object and set(arguments) == {"text"} and isinstance(arguments["text"], str):
            yield arguments["text"]


def requests_share_their_beginning(seen: Seen) -> Iterator[str]:
    """Each request begins with the bytes of the one before it; another attempt is the same."""
    for earlier, later in pairwise(seen.server.bodies):
        if not later.startswith(earlier[: earlier.rindex(b"]")]):
            yield "a request does not begin with the one before it"
    steps = [e for e in seen.run.events if isinstance(e, StepStarted)]
    for first, second in pairwise(steps):
        if first.step == second.step and first.sha256 != second.sha256:
            yield f"attempt {second.attempt} of step {second.step} is another request"


def the_run_ends_once(seen: Seen) -> Iterator[str]:
    """RunFinished comes once, and last; each request was made by the run, none by the SDK."""
    ends = [i for i, event in enumerate(seen.folded) if isinstance(event, RunFinished)]
    if ends != [len(seen.folded) - 1]:
        yield f"RunFinished stands at {ends} of {len(seen.folded)} events"
    asked = sum(isinstance(event, StepStarted) for event in seen.folded)
    if len(seen.server.bodies) > asked:
        yield f"{len(seen.server.bodies)} requests came of {asked}"


def no_key_is_told(seen: Seen) -> Iterator[str]:
    if KEY in json.dumps([to_dict(event) for event in seen.run.events]):
        yield "an event holds the key"


def as_stated(seen: Seen, outcomes: list[Outcome]) -> Iterator[str]:
    """The run went on and ended as the table says."""
    last = finished(seen)
    failed = [e for e in seen.run.events if isinstance(e, RetryScheduled) and e.attempt > 0]
    over = next((outcome for outcome in outcomes if outcome.is_over), Outcome())
    if last.reason != over.end or (over.end == "error" and last.error_kind != over.kind):
        yield f"it ended with {last.reason} {last.error_kind}: {last.text}"
    if len(failed) != sum(outcome.retries for outcome in outcomes):
        yield f"{len(failed)} attempts were made again: {[e.reason for e in failed]}"
    for outcome in outcomes:
        yield from _retried_as_stated(outcome, failed, last)
        yield from _taken_as_stated(outcome, seen.run.events)
    answer = over.answer or (TURNS[-1].content if over.end == "answer" else "")
    if last.answer != answer:
        yield f"the answer is {last.answer!r}"


def _retried_as_stated(
    outcome: Outcome, failed: list[RetryScheduled], last: RunFinished
) -> Iterator[str]:
    told = " ".join([last.text, *(event.text for event in failed)])
    if outcome.words not in told:
        yield f"{outcome.words!r} is not told: {told}"
    if outcome.retries and outcome.kind not in [event.reason for event in failed]:
        yield f"no attempt failed with {outcome.kind}: {[e.reason for e in failed]}"
    if outcome.wait_s is not None:
        low, high = outcome.wait_s
        high += len(failed) - 1  # where others have failed before it, it waits longer
        waits = [event.until_t - event.t for event in failed]
        if not any(low - 1e-6 <= wait <= high + 1e-6 for wait in waits):
            yield f"no wait is between {low} and {high} s: {waits}"


def _taken_as_stated(outcome: Outcome, events: list[Event]) -> Iterator[str]:
    results = [str(e.content) for e in events if isinstance(e, ToolFinished)]
    if outcome.result and not any(outcome.result in result for result in results):
        yield f"{outcome.result!r} is not told to the model: {results}"
    marks = [mark for e in events if isinstance(e, ReplyReceived) for mark in e.marks]
    if outcome.mark and outcome.mark not in marks:
        yield f"{outcome.mark} is no mark of {marks}"


def finished(seen: Seen) -> RunFinished:
    assert seen.run.finished is not None
    return seen.run.finished


def the_conversation_goes_on(run: Run, seen: Seen, before: list[str]) -> Iterator[str]:
    """The next request of the conversation is taken."""
    if run.finished is None or run.finished.reason != "answer":
        yield f"the conversation does not go on: {run}"
    yield from seen.server.complaints[len(before) :]


# H8


def held() -> tuple[int, int]:
    """Threads of the client that live, and file descriptors that are open."""
    mine = [t for t in threads() if t.name.startswith(("nbagent-io", "AnyIO"))]
    return len(mine), len(list(Path("/proc/self/fd").iterdir()))


def h8_nothing_is_left_open(before: tuple[int, int]) -> Iterator[str]:
    """H8: threads and file descriptors are as they were, once client and server are closed."""
    after = held()
    if any(now > then for now, then in zip(after, before, strict=True)):
        yield f"h8: threads and descriptors went from {before} to {after}"
