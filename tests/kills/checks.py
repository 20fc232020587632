"""What must hold of a run that was killed and went on; none of the product's checks is asked.

Each function returns what is wrong, in words; an empty list is what is wanted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbagent.events import (
    ApprovalAsked,
    ApprovalGiven,
    Event,
    ReplyReceived,
    RunFinished,
    Steered,
    ToolFinished,
    ToolStarted,
    from_dict,
    to_dict,
)
from nbagent.journal import Journal
from nbagent.messages import json_bytes
from nbagent.run import Run
from nbagent.run.resume import FRESH_KERNEL
from tests.journal.harness import as_json
from tests.kills.life import Kill, Life, kill_at, killed
from tests.kills.story import ANSWER, SECRET, Story
from tests.strict import complaints

UNKNOWN_TOLD = "nobody knows whether it took place"
DONE_TOLD = "The user says that it was done"


@dataclass
class Case:
    """One kill, and what came of it."""

    story: Story
    kill: Kill
    lost: list[str] = field(default_factory=list)
    """Acknowledged events that are not there."""
    silent: list[str] = field(default_factory=list)
    """Calls that took place twice, and nobody had said so."""
    wrong: list[str] = field(default_factory=list)
    n_acknowledged: int = 0
    n_kills: int = 0

    @property
    def recovered(self) -> bool:
        return not (self.lost or self.silent or self.wrong)


def played(story: Story, state: str, place: int, directory: Path) -> Case:
    """Kill a run once, or as often as its story says, and let it go on to its end."""
    case = Case(story, kill_at(story, state, place))
    said: dict[int, bytes] = {}
    for n in range(story.n_lives):
        later = min(place + n, 2)
        kill = kill_at(story, state, later)
        if state == "S12 run end" and n:
            break  # it has ended
        kernel = f"boot-{n}" if story.is_fresh else "boot-0"
        if n and kill.turn <= case.kill.turn:
            kill = Kill("S12 run end", 2, 2)
        case.n_kills += 1
        for line in killed(directory, story, kill, kernel=kernel):
            said[json.loads(line)["seq"]] = line
    case.n_acknowledged = len(said)
    life = Life(directory, story, kernel="boot-9" if story.is_fresh else "boot-0")
    case.lost += missing(life.journal, said)
    before = list(life.journal.load("run-1").events)
    run = life.go()
    case.lost += missing(life.journal, said)
    case.silent += silent_reruns(life, run.events)
    case.wrong += wrong_with(life, run, before)
    life.close()
    case.wrong += ends_the_same(directory, story, run)
    return case


def missing(journal: Journal, said: dict[int, bytes]) -> list[str]:
    there = dict(zip(*_by_seq(journal), strict=True))
    return [f"event {seq} is lost or changed" for seq in said if there.get(seq) != said[seq]]


def _by_seq(journal: Journal) -> tuple[list[int], list[bytes]]:
    events = list(journal.events("run-1"))
    return [event.seq for event in events], as_json(events)


def silent_reruns(life: Life, events: list[Event]) -> list[str]:
    """Calls that took place more often than the person had let them."""
    if life.story.effect == "pure":
        return []
    again = Counter(
        f"{e.step}.{e.index}"
        for e in events
        if isinstance(e, ApprovalGiven) and e.about == "outcome" and e.decision == "run"
    )
    took_place = Counter(life.cast.notes.lines())
    return [text for text, n in took_place.items() if n > 1 + again[text]]


def wrong_with(life: Life, run: Run, before: list[Event]) -> list[str]:
    found = []
    for check in (ends, h1_to_h4, h5, h7, seqs, outcomes, told_of_kernel):
        found += [f"{check.__name__}: {what}" for what in check(life, run, before)]
    return found


def ends(life: Life, run: Run, _: list[Event]) -> Iterator[str]:
    if run.answer != ANSWER:
        yield f"it ended with {run.finished}"
    if life.problem:
        yield life.problem
    if life.story.n_chars and not any(e.kind == "compacted" for e in run.events):
        yield "nothing was compacted, so the story tests less than it says"


def h1_to_h4(life: Life, run: Run, _: list[Event]) -> Iterator[str]:
    """H1, H2, H4: one result a call, and arguments that are JSON; H3: replies unchanged."""
    for request in life.cast.model.requests:
        yield from complaints(request.json()["messages"])
    yield from complaints([dict(m) for m in run.messages])
    received = [json_bytes(e.message) for e in run.events if isinstance(e, ReplyReceived)]
    kept = [json_bytes(m) for m in on_disk(life, run) if m["role"] == "assistant"]
    if received != kept:
        yield "H3: replies are not kept as they were received"


def h5(life: Life, run: Run, _: list[Event]) -> Iterator[str]:
    """H5: the record on disk makes the same history, by its sends and by its events."""
    record = life.journal.load("run-1")
    again = run.cursor.replay(record.sends, is_checked=not record.masked)
    if again.messages != on_disk(life, run):
        yield "the recorded sends make another history"
    spoken = [m for m in on_disk(life, run) if m["role"] in {"assistant", "tool"}]
    if history_of(list(record.events)) != spoken:
        yield "the events make another history"
    said = [e.text for e in record.events if isinstance(e, Steered)]
    if [text for text in said if {"role": "user", "content": text} not in run.messages]:
        yield "something that the person said is not in the history"


def on_disk(life: Life, run: Run) -> list[Any]:
    """The history as it goes to disk, with secrets masked."""
    return [life.cast.recipe.redact.value(dict(message)) for message in run.messages]


def history_of(events: list[Event]) -> list[Any]:
    """Replies and results, put together from the events alone."""
    made: list[Any] = []
    ids: list[str] = []
    for event in events:
        if isinstance(event, ReplyReceived):
            made.append(event.message)
            ids = [each["id"] for each in event.message.get("tool_calls") or []]
        elif isinstance(event, ToolFinished):
            made.append(
                {"role": "tool", "tool_call_id": ids[event.index], "content": event.content}
            )
    return made


def h7(_life: Life, run: Run, _: list[Event]) -> Iterator[str]:
    """H7: attempts that were cut off cost what nobody knows."""
    attempts = sum(e.kind == "step_started" for e in run.events)
    replies = sum(e.kind == "reply_received" for e in run.events)
    figures = run.metrics()["run"]
    if figures["unknown_attempts"] != attempts - replies:
        yield f"{figures['unknown_attempts']} attempts of unknown cost, not {attempts - replies}"


def seqs(life: Life, run: Run, _: list[Event]) -> Iterator[str]:
    """Numbers rise by one where nothing transient lies between, and the run ends once, last."""
    numbers = [event.seq for event in run.events]
    if numbers != sorted(set(numbers)):
        yield "numbers of events do not rise"
    if [e.kind for e in run.events].count("run_finished") != 1:
        yield "it did not end once"
    if not isinstance(run.events[-1], RunFinished):
        yield "its end is not the last event"
    if as_json(life.journal.events("run-1")) != as_json(run.events):
        yield "the journal holds other events"
    again = [from_dict(json.loads(json.dumps(to_dict(e)))) for e in run.events]
    if again != run.events:
        yield "events do not survive JSON"


def outcomes(life: Life, run: Run, before: list[Event]) -> Iterator[str]:
    """A call that began and has no result: run again if that is harmless, else asked and told."""
    open_call = unfinished(before)
    asked = [q for q in life.cast.asked if q.kind == "outcome"]
    if open_call is None or life.story.effect == "pure":
        if asked:
            yield "an outcome was asked for that is known"
        return
    if [q.call and q.call["id"] for q in asked] != [open_call.call_id]:
        yield f"{open_call.call_id} is open, and {asked} was asked"
        return
    (told,) = [m for m in run.messages if m.get("tool_call_id") == open_call.call_id]
    wanted = {"deny": UNKNOWN_TOLD, "done": DONE_TOLD, "run": "Noted"}[life.story.outcome]
    if wanted not in str(told["content"]):
        yield f"the model was told {told['content']}"


def unfinished(events: list[Event]) -> ToolStarted | None:
    """The call whose outcome the record does not hold, in whatever form."""
    begun: ToolStarted | None = None
    for event in events:
        if isinstance(event, ToolStarted):
            begun = event
        elif isinstance(event, ToolFinished) or (
            isinstance(event, ApprovalAsked) and event.about == "result"
        ):
            begun = None
    return begun


def told_of_kernel(life: Life, run: Run, before: list[Event]) -> Iterator[str]:
    """In a new kernel the model is told so, unless it has said its last word already."""
    told = sum(str(m.get("content")).count(FRESH_KERNEL) for m in run.messages)
    last = [e for e in before if isinstance(e, ReplyReceived)][-1:]
    is_over = bool(last) and not last[0].message.get("tool_calls")
    wanted = life.story.n_lives if life.story.is_fresh else 0
    if told > wanted or (told < wanted and not is_over):
        yield f"told of a new kernel {told} times, not {wanted}"


def ends_the_same(directory: Path, story: Story, run: Run) -> list[str]:
    """Taken up once more, it is over and as it was."""
    life = Life(directory, story, kernel="boot-10")
    n_notes = len(life.cast.notes.lines())
    again = life.go()
    life.close()
    found = []
    if list(again.messages) != on_disk(life, run) or again.answer != run.answer:
        found.append("taken up after its end, it is another run")
    if life.cast.model.requests or len(life.cast.notes.lines()) != n_notes:
        found.append("taken up after its end, it went on")
    if SECRET.encode() in (directory / "journal.sqlite").read_bytes():
        found.append("a secret is on disk")
    return found
