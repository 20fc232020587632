"""Whatever the model or a tool says, it is text; whatever the events are, a view is drawn."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pages import Page, faults
from payloads import PAYLOADS
from trace_story import Story, display_output, error_output, folded, stream_output

from nbagent.events import (
    EVENT_TYPES,
    ApprovalAsked,
    ApprovalGiven,
    Changes,
    Compacted,
    Compacting,
    Delta,
    Edited,
    Event,
    KernelAwaited,
    Paused,
    Reason,
    ReplyReceived,
    Resumed,
    RetryScheduled,
    RunFinished,
    RunStarted,
    Sent,
    Steered,
    StepStarted,
    StopAsked,
    ToolFinished,
    ToolOutput,
    ToolStarted,
)
from nbagent.phrases import clean
from nbagent.trace import mimebundle
from nbagent.trace.bundle import BUDGET_BYTES, saved_bytes


def everywhere(text: str) -> Story:
    """A run that has `text` in every place that a model, a tool or an endpoint can fill."""
    story = Story(text, model=text, host=text, operator=text, note=text)
    story.ask(("attachment", text, 5)).think(text).retry(text, 1.0, discarded=text).ask(attempt=2)
    story.think(text).say(text).calls(text, "{}").reply().steer(text)
    outputs = [
        stream_output(text),
        stream_output(text, "stderr"),
        error_output(text, text, [text]),
        display_output(html=text, plain="<repr>"),
        display_output(html=f"<table><tr><th>{text}</th></tr><tr><td>{text}</td></tr></table>"),
        display_output(js=text),
        display_output(png=text, plain=text),
        display_output(**{"application/vnd.plotly.v1+json": {}, "text/html": text}),
        display_output(**{f"application/vnd.{text}+json": {}}),
    ]
    changes = Changes(added=(text,), changed=(text,), files=(text,))
    for i in range(2):
        story.run(
            text,
            *outputs,
            code=f"# {text}\n{text}",
            saw=text,
            index=i,
            is_error=i == 0,
            outcome=text,
            changes=changes,
        )
    reason = Reason(kind=text, verb=text, doing=text, what=text, line=1, detail=text)
    story.question(reason, name=text, why=text, arguments={"code": text}).decide(
        "deny", by=text, why=text
    )
    story.add(Paused(step=1, why=text, question=text, key=text))
    story.add(Edited(step=1, place="reply", message={"role": "assistant", "content": text}))
    story.add(Edited(step=1, place="result", index=0, content=text))
    story.add(Compacted(step=1, n_messages=2, summary=text, text=text))
    story.ask().question(reason, name=text, why=text, about="result", content=text)
    story.ask().question(reason, name=text, why=text, arguments={text: text})
    story.ask().run("other", arguments={text: text}).ask().think(text).say(text).reply()
    return story


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_is_only_text(payload: str) -> None:
    story = everywhere(payload)
    running = mimebundle(*folded(story.events), running=True)
    done = mimebundle(*folded(story.finish(payload, text=payload, reason="error").events))
    for bundle in (running, done):
        assert faults(bundle["text/html"]) == []
        assert set(bundle) >= {"text/plain", "text/markdown"}
        outside = "".join(bundle["text/markdown"].replace("\\`", "").split("`")[::2])
        assert "<" not in outside
        assert "](" not in outside.replace("\\]", "")
    assert clean(payload).strip()[:12] in Page(done["text/html"]).text


def test_unescaped_text_would_be_found() -> None:
    """The positive control: the same payloads in raw HTML break the rules."""
    found = [payload for payload in PAYLOADS if "<" in payload and _raw_is_bad(payload)]
    assert len(found) > 40


def _raw_is_bad(payload: str) -> bool:
    try:
        return bool(faults(f"<div>{payload}</div>"))
    except AssertionError:
        return True


words = st.text(max_size=60) | st.sampled_from(PAYLOADS)
times = st.floats(0, 1e6)
steps = st.integers(0, 5)
small = st.integers(0, 3)
outputs: st.SearchStrategy[Any] = st.one_of(
    st.builds(stream_output, words, st.sampled_from(["stdout", "stderr"])),
    st.builds(error_output, words, words, st.lists(words, max_size=3)),
    st.builds(lambda html, plain: display_output(html=html, plain=plain), words, words),
    st.builds(lambda png: display_output(png=png), words),
    st.dictionaries(
        st.sampled_from(["output_type", "data", "text", "name"]),
        words | st.none() | st.integers(),
        max_size=3,
    ),
)
changes = st.none() | st.builds(
    Changes,
    added=st.lists(words, max_size=3).map(tuple),
    files=st.lists(words, max_size=2).map(tuple),
)
messages = st.fixed_dictionaries(
    {"role": st.just("assistant")}, optional={"content": words, "reasoning_content": words}
)
usages = st.none() | st.fixed_dictionaries(
    {"prompt_tokens": st.integers(0, 300_000), "completion_tokens": st.integers(0, 99_999)},
    optional={"cached_tokens": st.integers(0, 300_000), "reasoning_tokens": st.integers(0, 99_999)},
)
PLACES = ["request", "reply", "call", "result"]
phases = st.sampled_from(["reasoning", "answer", "arguments"])
samples = st.lists(st.tuples(times, st.floats(0, 500), phases), max_size=12).map(tuple)
sent = st.lists(st.builds(Sent, kind=words, name=words, n_bytes=small), max_size=3).map(tuple)
EVENTS: dict[type[Event], st.SearchStrategy[Any]] = {
    RunStarted: st.builds(
        RunStarted,
        t=times,
        run_id=words,
        prompt=words,
        model=words,
        host=words,
        scripted=st.booleans(),
        replays=words,
        in_hand=st.none() | st.fixed_dictionaries({"reply": messages, "results": st.lists(words)}),
    ),
    StepStarted: st.builds(
        StepStarted, t=times, step=steps, attempt=small, sent=sent, note=words, est_tokens=small
    ),
    Delta: st.builds(Delta, t=times, step=steps, attempt=small, phase=phases, text=words),
    ReplyReceived: st.builds(
        ReplyReceived,
        t=times,
        step=steps,
        attempt=small,
        message=messages,
        finish_reason=words,
        usage=usages,
        samples=samples,
        marks=st.lists(words, max_size=2).map(tuple),
    ),
    ApprovalAsked: st.builds(
        ApprovalAsked, t=times, step=steps, index=small, name=words, why=words
    ),
    ApprovalGiven: st.builds(
        ApprovalGiven,
        t=times,
        step=steps,
        index=small,
        decision=st.sampled_from(["run", "edit", "deny"]),
        why=words,
    ),
    ToolStarted: st.builds(
        ToolStarted,
        t=times,
        step=steps,
        index=small,
        call_id=words,
        name=words,
        arguments=st.dictionaries(words, words | st.none() | st.integers(), max_size=2)
        | st.builds(lambda c: {"code": c}, words),
    ),
    ToolOutput: st.builds(ToolOutput, t=times, step=steps, index=small, output=outputs),
    ToolFinished: st.builds(
        ToolFinished,
        t=times,
        step=steps,
        index=small,
        name=words,
        content=words,
        display=st.lists(outputs, max_size=3).map(tuple),
        is_error=st.booleans(),
        stopped=st.booleans(),
        outcome=words,
        changes=changes,
    ),
    RetryScheduled: st.builds(
        RetryScheduled,
        t=times,
        step=steps,
        attempt=small,
        reason=words,
        text=words,
        until_t=times,
        discarded=words,
    ),
    KernelAwaited: st.builds(KernelAwaited, t=times, step=steps, over=st.booleans()),
    Paused: st.builds(Paused, t=times, step=steps, why=words, place=st.sampled_from(["", *PLACES])),
    Edited: st.builds(
        Edited,
        t=times,
        step=steps,
        place=st.sampled_from(PLACES),
        index=small,
        message=st.none() | messages,
        content=words,
    ),
    StopAsked: st.builds(StopAsked, t=times, step=steps),
    Steered: st.builds(Steered, t=times, step=steps, text=words),
    Compacting: st.builds(Compacting, t=times, step=steps, attempt=small, n_messages=small),
    Compacted: st.builds(
        Compacted,
        t=times,
        step=steps,
        n_messages=small,
        summary=words,
        text=words,
        why=words,
        usage=st.none() | st.just({"prompt_tokens": 5, "completion_tokens": 2}),
    ),
    Resumed: st.builds(Resumed, t=times, step=steps, text=words, fresh=st.booleans()),
    RunFinished: st.builds(
        RunFinished,
        t=times,
        reason=st.sampled_from(["answer", "stopped", "limit", "error"]),
        answer=words,
        text=words,
        error_kind=words,
        discarded=words,
    ),
}


def test_every_kind_of_event_is_tried() -> None:
    assert set(EVENTS) == set(EVENT_TYPES.values())


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.one_of(*EVENTS.values()), max_size=25), st.booleans())
def test_any_events_are_drawn(events: list[Event], running: bool) -> None:  # noqa: FBT001 -- drawn by hypothesis
    view, meter = folded(events)
    bundle = mimebundle(view, meter, running=running, t=1.0)
    assert "could not be drawn" not in bundle["text/plain"]
    assert faults(bundle["text/html"]) == []
    assert saved_bytes(bundle) <= BUDGET_BYTES
    json.dumps(bundle).encode()
    for text in (bundle["text/html"], bundle["text/plain"], bundle["text/markdown"]):
        text.encode()  # no lone surrogate reaches a message
    run = meter.metrics()["run"]
    assert run["wall_s"] >= 0
    assert all(row["wall_s"] >= 0 for row in meter.metrics()["steps"])


@settings(max_examples=60, deadline=None)
@given(words)
def test_any_text_in_any_place_stays_text(text: str) -> None:
    bundle = mimebundle(*folded(everywhere(text).finish(text).events))
    assert faults(bundle["text/html"]) == []
    assert "could not be drawn" not in bundle["text/plain"]
