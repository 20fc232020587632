"""The fold of a run for display: what it says, and that it stays bounded."""

from __future__ import annotations

import json
import sys
from itertools import pairwise

import pytest
from trace_story import Story, display_output, error_output, folded, png, stream_output

from nbagent.events import (
    ApprovalAsked,
    ApprovalGiven,
    Changes,
    Compacted,
    Delta,
    RetryScheduled,
    StepStarted,
    ToolOutput,
)
from nbagent.view import RunView
from nbagent.view.lines import LINES_MAX
from nbagent.view.run_view import FULL_STEPS

FAILED = error_output("KeyError", "'specie'", ["Traceback", "KeyError: 'specie'"])


def repaired_story() -> Story:
    story = Story().ask().think("First try. More.").calls("run_python", "{}").reply()
    story.run("run_python", FAILED, code="a = 1\ndf['specie']", saw="KeyError", is_error=True)
    story.ask().think("").calls("run_python", "{}").reply()
    story.run(
        "run_python",
        stream_output("ok\n"),
        code="# The right name\na = 1\ndf['species']",
        saw="ok\n",
    )
    return story.ask().say("There.").reply().finish("There.")


def test_a_step_is_told_in_one_line() -> None:
    view, _ = folded(repaired_story().events)
    assert [(s.line, s.tools, s.outcome) for s in view.steps] == [
        ("First try", "run_python", "KeyError"),
        ("The right name", "run_python", "text"),
        ("There", "", "answer"),
    ]


def test_a_repair_links_to_the_failed_call_and_shows_the_difference() -> None:
    view, _ = folded(repaired_story().events)
    first, second = view.steps[0].calls[0], view.steps[1].calls[0]
    assert first.repaired
    assert second.repairs == 1
    assert second.diff == "+ # The right name\n  a = 1\n- df['specie']\n+ df['species']"
    assert view.counts() == "1 failed and repaired"


def test_other_code_is_no_repair() -> None:
    story = (
        Story()
        .ask()
        .calls("run_python", "{}")
        .reply()
        .run("run_python", FAILED, code="x", is_error=True)
    )
    story.ask().calls("run_python", "{}").reply().run(code="import os\nos.getcwd()\nprint(2)")
    view, _ = folded(story.events)
    assert view.steps[1].calls[0].repairs is None
    assert view.counts() == "1 failed"


def test_what_was_sent_is_counted() -> None:
    story = Story().ask(
        ("prompt", "", 80),
        ("attachment", "df (summary)", 2_000),
        ("attachment", "a.csv (file)", 900),
        ("tools", "", 11),
    )
    for n in range(3):
        story.ask(("tool_result", "run_python", 3_000 + n))
    view, _ = folded(story.events)
    assert view.sent.words() == "sent 12 kB: prompt, df (summary), 3 tool results, 1 file"


def test_states_are_said_in_words() -> None:
    view = RunView()
    seen = []
    story = Story().ask().think("hm", n=1).calls("run_python", "{}").reply()
    for event in story.events:
        view.apply(event)
        seen.append(view.state(event.t + 3.2))
    assert seen[1] == "Waiting for the first token 3.2 s"
    assert "Thinking" in seen
    assert "Writing a tool call" in seen
    view.apply(ApprovalAsked(step=1, index=0, name="run_python", why="deletes files", t=9))
    assert view.state() == "Waiting for you: run_python"
    view.apply(ApprovalGiven(step=1, index=0, decision="deny", why="keep it", t=9))
    view.apply(
        RetryScheduled(
            step=1, attempt=1, reason="rate", text="Rate limited (429).", until_t=23, t=9
        )
    )
    assert view.state(9.0) == "Rate limited (429). Trying again in 14.0 s"
    assert view.counts() == "1 denied"


def test_changes_are_summed_up() -> None:
    story = Story().ask()
    story.run(code="1", changes=Changes(added=("a", "b"), changed=("df",)))
    story.run(code="2", index=1, changes=Changes(changed=("a",), removed=("b",)))
    assert folded(story.events)[0].changes() == "+a ~df"


def test_streams_join_while_they_run_and_the_end_replaces_them() -> None:
    view = RunView()
    story = Story().ask()
    for piece in ("fold 1\n", "fold 2\n"):
        story.add(ToolOutput(step=1, index=0, output=stream_output(piece)))
    for event in story.events:
        view.apply(event)
    assert [b["text"] for b in view.blocks()] == ["fold 1\nfold 2\n"]
    view.apply(ToolOutput(step=1, index=0, output={"output_type": "clear_output"}))
    assert view.blocks() == []


def test_a_broken_event_is_named_and_nothing_else_is_lost() -> None:
    view = RunView()
    for event in Story().ask().events:
        view.apply(event)
    view.apply(ToolOutput(step=1, index=0, output=None))  # type: ignore[arg-type] # broken on purpose
    view.apply(Delta(step=1, attempt=1, phase="answer", text="yes"))
    assert len(view.faults) == 1
    assert view.steps[0].live_answer == "yes"
    with pytest.raises(AttributeError):  # the control: unguarded, the same event raises
        view._tool_output(ToolOutput(step=1, index=0, output=None))  # type: ignore[arg-type] # as above


def test_discarded_attempts_and_notes_stay_with_their_step() -> None:
    story = (
        Story()
        .ask()
        .think("half a tho")
        .retry("Stream cut.", 1.0, discarded="half a tho")
        .ask(attempt=2)
    )
    story.think("whole").say("yes").reply().steer("use blue").add(
        Compacted(step=1, n_messages=61, summary="s", text="61 older messages went.")
    )
    step = folded(story.events)[0].snapshot()["steps"][0]
    assert step["retries"] == [{"attempt": 1, "reason": "Stream cut.", "discarded": "half a tho"}]
    assert step["steered"] == ["use blue"]
    assert step["notes"] == ["61 older messages went."]


def long_story(n: int) -> Story:
    story = Story()
    for i in range(n):
        story.ask().think(f"Look at part {i}. " + "Because. " * 50, n=2).calls(
            "run_python", "{}", 0.1
        ).reply()
        fails = i % 40 == 7
        output = FAILED if fails else stream_output("row\n" * 500)
        story.run("run_python", output, code=f"part({i})", saw="row\n" * 100, is_error=fails)
    return story.ask().say("Done.").reply().finish("Done.")


def test_thousands_of_steps_become_ranges() -> None:
    view, _ = folded(long_story(2_000).events)
    assert view.n_steps == 2_001
    assert view.n_calls == 2_000
    assert len(view.steps) == FULL_STEPS
    assert len(view.ranges) <= 12
    assert view.counts().startswith("50 failed")
    numbers = [(r.first, r.last) for r in view.ranges]
    assert numbers[0][0] == 1
    assert all(b[0] == a[1] + 1 for a, b in pairwise(numbers))


def test_memory_does_not_grow_with_the_run() -> None:
    shown = [folded(long_story(n).events)[0].snapshot() for n in (100, 1_000)]
    lines = [row for snapshot in shown for row in snapshot.pop("lines")]
    sizes = [len(json.dumps(snapshot)) for snapshot in shown]
    assert sizes[1] < sizes[0] * 1.1
    assert max(map(len, lines)) < 300, "a step of which a line is left takes little"
    view = RunView()
    for n in range(LINES_MAX + FULL_STEPS + 10):
        view.apply(StepStarted(step=n + 1))
    assert len(view.lines) == LINES_MAX
    assert view.lines[0].startswith("11\t")
    naive = sum(
        sys.getsizeof(e) for e in long_story(1_000).events
    )  # the control: keeping events grows
    assert naive > 5 * sum(sys.getsizeof(e) for e in long_story(100).events)


def test_pictures_are_kept_once_and_bounded() -> None:
    story = Story()
    for i in range(30):
        output = display_output(png=png(400, 250, i, noisy=True))
        story.ask().run("run_python", output, code="plot()")
        story.run("run_python", output, code="plot()", index=1)
    view, _ = folded(story.events)
    assert sum(len(p.data) for p in view.pictures.values()) <= 8_000_000
    newest = view.steps[-1].calls[0].outputs[0]["picture"]
    assert newest in view.pictures


def test_a_snapshot_is_json_and_holds_no_picture() -> None:
    data = png(300, 200, 3, noisy=True)
    story = (
        Story().ask().run("run_python", display_output(png=data, plain="<Figure>"), code="plot()")
    )
    text = json.dumps(folded(story.events)[0].snapshot())
    assert data[:200] not in text


def test_a_step_that_never_started_is_made() -> None:
    view = RunView()
    view.apply(Delta(step=3, attempt=1, phase="answer", text="late"))
    view.apply(StepStarted(step=4))
    assert [s.number for s in view.steps] == [3, 4]
