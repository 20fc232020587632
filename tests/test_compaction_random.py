"""Random histories, windows and acts of a person: no history is broken and no word is lost."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from nbagent.errors import AuthFailed, ConnectionFailed
from nbagent.events import Event
from nbagent.messages import Message, Transcript, first_fault, text_of
from nbagent.ports import Reply
from nbagent.run import Run
from nbagent.run.compaction import KEPT_STEPS, Compaction
from nbagent.run.recipe import Recipe
from nbagent.run.window import Past, Window, projection_from
from nbagent.run.work import AskModel
from nbagent.settings import Settings
from nbagent.tools import Toolset
from tests.compacting import (
    CUT,
    SUMMARY,
    SYSTEM,
    SmallModel,
    begins_with,
    carried,
    compactions,
    picture,
    run_of,
)
from tests.scripted import call, calls, drive, says
from tests.strict import complaints

TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=40)
ROWS = st.integers(1, 800)
PARTS = st.sampled_from(["text", "text", "text", "picture", "steered"])


@st.composite
def histories(draw: Any) -> tuple[list[Message], tuple[int, ...]]:
    """A valid history of some turns that ends where a request would go, and where its goals are."""
    messages: list[Message] = []
    goals = []
    if draw(st.booleans()):
        messages.append({"role": "system", "content": draw(TEXTS)})
    n_steps = draw(st.lists(st.integers(0, 4), max_size=2))
    for n in [*n_steps, draw(st.integers(1, 16))]:
        if len(goals) > 0:
            messages.append(says(draw(TEXTS)))
        goals.append(len(messages))
        messages.append({"role": "user", "content": draw(TEXTS)})
        for _ in range(n):
            messages += draw(steps())
    return messages, tuple(goals)


@st.composite
def steps(draw: Any) -> list[Message]:
    """A reply with calls, their results, and perhaps what the person said meanwhile."""
    n = draw(st.integers(1, 3))
    made = [calls(*(call(f"work:{i}") for i in range(n)), reasoning=draw(TEXTS))]
    for i in range(n):
        content: Any = draw(TEXTS) + " row" * draw(ROWS)
        if draw(PARTS) == "picture":
            content = [{"type": "text", "text": content}, picture(3_000)]
        made.append({"role": "tool", "tool_call_id": f"work:{i}", "content": content})
    if draw(PARTS) == "steered":
        made.append({"role": "user", "content": draw(TEXTS)})
    return made


def compaction_of(goals: tuple[int, ...], n_window: int, events: list[Event]) -> Compaction:
    recipe = Recipe(
        model=SmallModel(0),
        tools=Toolset([]),
        settings=Settings(compact_share=0.5),
        clock=None,  # type: ignore[arg-type] # nothing waits here
    )
    past = Past(goals=goals[:-1])
    window = Window(past, b'"model":"test"', n_window=n_window, thinking=True)
    return Compaction(
        recipe,
        window,
        past=past,
        goal=goals[-1],
        head=b'"model":"test"',
        emit=lambda event, **_: events.append(event),  # type: ignore[arg-type,misc]
        since_start=lambda now: now,
        events=[],
    )


@settings(max_examples=40, deadline=None)
@given(
    histories(),
    st.integers(1_000, 12_000),
    st.lists(st.sampled_from(["asked", "full", "overflow", "failing"]), min_size=1, max_size=4),
)
def test_any_projection_is_a_valid_history_and_smaller(
    history: tuple[list[Message], tuple[int, ...]], n_window: int, whys: list[str]
) -> None:
    messages, goals = history
    assert first_fault(messages) is None
    events: list[Any] = []
    compaction = compaction_of(goals, n_window, events)
    revision = Transcript().sync(messages, trusted=True)
    legal = [i for i, m in enumerate(messages) if m["role"] == "assistant" and i > goals[-1]]
    points = [*legal, len(messages)]
    for step, why in enumerate(whys, start=1):
        n = points[len(points) * step // len(whys) - 1]
        compact_once(compaction, revision, n, step, why)
        projection = compaction._window.projection
        if events and events[-1].kind == "compacted":
            assert projection_from([events[-1]]) == projection
        if projection.first:
            assert messages[projection.first]["role"] == "assistant"
            bodies = {r.body for r in compaction._window.shown(revision, n).records}
            assert {revision.records[goal].body for goal in goals[-2:]} <= bodies


def compact_once(compaction: Compaction, revision: Any, n: int, step: int, why: str) -> None:
    """Compact if it can be, and check what is shown before and after."""
    window = compaction._window
    before = [record.body for record in window.shown(revision, n).records]
    compaction.wanted = why == "asked"
    if compaction.begin(revision, n, step, overflowed=why == "overflow"):
        work = compaction.next()
        assert isinstance(work, AskModel)
        assert first_fault(carried(work.request)) is None
        asked = [record.body for record in work.request.records]
        assert asked[:-1] == before[: len(asked) - 1]
        if why == "failing":
            compaction.fail(AuthFailed("no"))
        else:
            compaction.take(Reply(0.0, says(SUMMARY), "stop", None))
    shown = window.shown(revision, n).records
    assert first_fault([record.message for record in shown]) is None
    assert complaints([dict(record.message) for record in shown]) == []
    after = [record.body for record in shown]
    assert after == before or sum(map(len, after)) < sum(map(len, before))
    if revision.records[0].message["role"] == "system":
        assert shown[0] is revision.records[0]
    kept = [record.message for record in shown if record.message["role"] == "assistant"]
    if window.projection.first and step == compaction.step:
        assert 1 <= len(kept) <= KEPT_STEPS


@settings(max_examples=40, deadline=None)
@given(histories(), st.integers(0, 40))
def test_to_drop_the_oldest_messages_is_no_way(
    history: tuple[list[Message], tuple[int, ...]], k: int
) -> None:
    """The control: a naive cut that falls within a step is refused, by us and by the judge."""
    messages, _ = history
    results = [i for i, message in enumerate(messages) if message["role"] == "tool"]
    cut = messages[results[k % len(results)] :]
    assert first_fault(cut) is not None
    assert complaints([dict(message) for message in cut])


SUMMARIES = st.sampled_from([SUMMARY, SUMMARY, CUT, AuthFailed("No."), ConnectionFailed("Cut.")])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(SUMMARIES, max_size=6),
    st.dictionaries(st.integers(0, 200), st.sampled_from(["say", "compact", "stop"]), max_size=5),
    st.integers(2_500, 9_000),
    st.sampled_from([10**9, 5_000, 3_000]),
)
def test_whatever_happens_when_no_request_is_invalid_and_no_message_is_lost(
    summaries: list[Any], acts: dict[int, str], n_window: int, holds: int
) -> None:
    model = SmallModel(30, summaries=iter(summaries), holds=holds, window_tokens=n_window)
    run = run_of(model, history=[SYSTEM], retry_attempts=2)

    def between(run: Run, i: int) -> None:
        if acts.get(i) == "say":
            run.say("and the units")
        elif acts.get(i) == "compact":
            run.compact()
        elif acts.get(i) == "stop":
            run.stop()

    drive(run, between=between)
    assert [event.kind for event in run.events].count("run_finished") == 1
    assert complaints([dict(message) for message in run.messages]) == []
    assert tuple(run.cursor.replay(run.cursor.sends).messages) == run.messages
    for request in model.sent:
        assert complaints([dict(message) for message in carried(request)]) == []
        assert carried(request)[:2] == list(run.messages[:2])
    steps = [request for request in model.sent if request not in model.asked]
    broken = [later for earlier, later in pairwise(steps) if not begins_with(later, earlier)]
    assert len(broken) <= len(compactions(run))
    assert run.past.projection == projection_from(run.events)
    said = [text_of(m) for m in run.messages if m["role"] == "user"]
    steered = [event for event in run.events if event.kind == "steered"]
    assert said == ["Clean all of it.", *["and the units"] * len(steered)]
