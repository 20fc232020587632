"""Runs as JSON: events, and what every renderer must make of them.

`python tests/trace/make_fixtures.py` writes `tests/fixtures/*.json` anew. Renderers in other
languages run the same files, so that they cannot drift: `events` fold to `snapshot` (the block
tree), `chart` (geometry in seconds and tokens/s), `metrics`, `plain`; `late_many` is what a late
view is told of `run_many`; `markdown.json` maps Markdown to its tree.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from test_hostile import everywhere
from trace_story import CHANGES, Story, display_output, error_output, folded, png, stream_output

from nbagent.events import (
    Compacted,
    Edited,
    Event,
    KernelAwaited,
    Paused,
    Reason,
    Resumed,
    RetryScheduled,
    StopAsked,
    ToolFinished,
    ToolOutput,
    ToolStarted,
    from_dict,
    to_dict,
)
from nbagent.messages import Message
from nbagent.trace import mimebundle
from nbagent.trace.feed import Feed
from nbagent.trace.markdown import parse

FOLDER = Path(__file__).parent.parent / "fixtures"
MARKDOWN = [
    "## Two *of* five\n\nText with `code`, **bold** and [a link](https://x.y/z).",
    "1. one\n2. two\n   - inner\n\n> quoted\n> still",
    "| a | b |\n|:--|--:|\n| x | 1 |\n\n```python\nprint(1)\n```\n\n---",
    "Price $5, formula $x_1^2$, snake_case, <b>no markup</b>",
]


def repaired() -> Story:
    story = Story("Which species is heaviest?")
    story.ask(("prompt", "", 26), ("attachment", "df (summary)", 900)).think(
        "Group by species. Then compare."
    )
    story.calls("run_python", '{"code": "…"}').reply(120, reasoning=40)
    error = error_output(
        "KeyError", "'specie'", ["Traceback (most recent call last)", "KeyError: 'specie'"]
    )
    story.run(
        "run_python",
        error,
        code="df.groupby('specie').mean()",
        saw="KeyError: 'specie'",
        is_error=True,
    )
    story.ask(("tool_result", "run_python", 20)).think("The name was wrong.").stall(2.5).think(
        " Again.", wait=0.0
    )
    story.calls("run_python", '{"code": "…"}').reply(90, reasoning=30)
    head = "<thead><tr><th></th><th>mass</th></tr></thead>"
    body = "<tbody><tr><th>Gentoo</th><td>5076.0</td></tr></tbody>"
    frame = f"<table class='dataframe'>{head}{body}</table>"
    story.run(
        "run_python",
        stream_output("3 groups\n"),
        display_output(html=frame),
        display_output(png=png(40, 20)),
        code="df.groupby('species').mean()",
        saw="3 groups",
        changes=CHANGES,
        outcome="figure",
    )
    story.ask().retry("The server is busy.", 1.0).ask(attempt=2, s=1.0).say(
        "**Gentoo**, 5,076 g."
    ).reply(20)
    return story.finish("**Gentoo**, 5,076 g.")


def long() -> Story:
    story = Story("Go on")
    for i in range(54):
        story.ask().think(f"Part {i}.", n=2).calls("run_python", "{}", 0.1).reply(30).run(
            code=f"part({i})", s=0.1
        )
    return story.finish("Done.")


def many() -> list[Event]:
    """A run so long that a late view begins from what stands for its first half."""
    story = Story("Clean every file")
    for i in range(80):
        story.ask(("tool_result", "run_python", 900)).think(f"File {i}.", n=1)
        story.calls("run_python", "{}", 0.2).reply(60, prompt=1_000 + 40 * (i % 12), reasoning=20)
        if i in (20, 70):
            story.steer("Leave the units alone.")
        if i == 12:
            words = "61 older messages became a 300 B summary."
            summary = "What was done. " * 20
            compacted = Compacted(step=story.step, n_messages=61, summary=summary, text=words)
            story.add(compacted)
        failed = i % 30 == 7
        shown = error_output("KeyError", "'unit'", ["KeyError: 'unit'"]) if failed else None
        code = "# Clean file 3\nclean(3)" if i in (60, 75) else f"# Clean file {i}\nclean({i})"
        story.run("run_python", *([shown] if shown else ()), code=code, is_error=failed)
        if i == 9:
            story.ask().retry("The server is busy.", 1.0).ask(attempt=2).say("Wait.").reply(4)
    return [event for event in story.finish("All clean.").events if event.kind != "delta"]


def asked() -> Story:
    """A run that asks: about a call, its result, a denied call, one that waits, and its limit."""
    deletes = Reason(kind="deletes", verb="deletes files", doing="deleting files", what="rmtree")
    changes = Reason(kind="variables", verb="changes your variables", what="df", line=2, detail="x")
    story = Story("Tidy up").ask().think("Tidy.").calls("run_python", "{}").reply(20)
    code = "import shutil\nshutil.rmtree('old')\ndf['x'] = 1"
    story.question(deletes, changes, arguments={"code": code}).decide("run", always=("deletes",))
    story.add(
        ToolStarted(step=1, index=0, call_id="a", name="run_python", arguments={"code": code})
    )
    story.question(about="result", content="gone", why="you are asked").decide(
        "deny", about="result"
    )
    story.add(ToolFinished(step=1, index=0, name="run_python", content="kept"), 0.2)
    story.add(KernelAwaited(step=1)).add(KernelAwaited(step=1, over=True), 1.0)
    story.ask().think("More.").calls("run_python", "{}").reply(20)
    story.question(deletes, arguments={"code": code}).decide("deny", why="keep it")
    finished = ToolFinished(
        step=2,
        index=0,
        name="run_python",
        content="Denied: keep it",
        is_error=True,
        outcome="denied",
    )
    story.add(finished).add(Paused(step=2, why="$1.00 limit reached.", question="Go on?", key="2"))
    story.ask(s=2.0).think("Again.").calls("run_python", "{}").reply(20)
    return story.question(deletes, index=0, arguments={"path": "old"}, name="remove")


def stepped() -> Story:
    """A run that rests between its moves, whose reply and result the person has changed."""
    story = Story("Count").add(Paused(step=1, why="Paused before request 1.", place="request"))
    story.ask(s=1.0).think("Count.").calls("run_python", "{}").reply(20)
    story.add(Paused(step=1, why="Paused after reply 1: 1 call.", place="reply"), 2.0)
    mine: Message = {"role": "assistant", "reasoning_content": "Mine.", "content": "Look"}
    story.add(Edited(step=1, place="reply", message=mine))
    story.run("run_python", code="len(df)", saw="3")
    story.add(Paused(step=1, why="Paused after run_python.", place="result", index=0))
    story.add(Edited(step=1, place="result", index=0, content="four"), 1.0)
    story.add(Paused(step=2, why="Paused before request 2.", place="request"))
    story.add(Edited(step=2, place="request")).ask(s=1.0).say("Four.").reply(4)
    return story.add(Paused(step=2, why="Paused after reply 2: the answer.", place="reply"))


def resumed(*, answered: bool) -> Story:
    """A run whose kernel ended in its second call; a person is asked what became of that."""
    story = Story("Save it").ask().think("Save.").calls("run_python", "{}").reply(20)
    story.run(code="n = 1", s=0.3).ask().think("On.").calls("run_python", "{}").reply(20)
    arguments = {"code": "df.to_csv('out.csv')"}
    begun = ToolStarted(step=2, index=0, call_id="a", name="run_python", arguments=arguments)
    story.add(begun, 0.1)
    story.add(
        Resumed(step=2, text="Resumed from the record in a new kernel.", kernel="k2", fresh=True),
        2.0,
    )
    why = "nobody knows whether it finished"
    story.question(about="outcome", arguments=arguments, name="run_python", why=why)
    if not answered:
        return story
    story.decide("done", about="outcome")
    done = "The user says that it was done."
    story.add(ToolFinished(step=2, index=0, name="run_python", content=done), 0.1)
    story.ask(s=1.0).say("Sav")
    lost = "The kernel ended while this reply came."
    story.add(Resumed(step=3, text="Resumed from the record.", kernel="k3"), 1.0)
    story.add(
        RetryScheduled(step=3, attempt=1, reason="resumed", text=lost, until_t=0.0, discarded="Sav")
    )
    return story.ask().say("Saved.").reply(4).finish("Saved.")


def stopped(*, over: bool) -> Story:
    """A run that was stopped in its second call, which took its time; a third did not run."""
    story = Story("Count").ask().think("Count.").calls("run_python", "{}").reply(20)
    story.run(code="n = 1", s=0.3).ask().think("On.").calls("run_python", "{}").reply(20)
    code = "# Count to the end\nwhile True:\n    n += 1"
    arguments = {"code": code}
    story.add(
        ToolStarted(step=2, index=0, call_id="a", name="run_python", arguments=arguments), 0.1
    )
    story.add(StopAsked(step=2), 1.0)
    if not over:
        return story.add(ToolOutput(step=2, index=0, output=stream_output("still here\n")), 6.0)
    shown = error_output("KeyboardInterrupt", "", ["Cell In[1], line 3", "KeyboardInterrupt: "])
    facts = {"name": "run_python", "is_error": True, "stopped": True}
    finished = ToolFinished(
        step=2, index=0, content="[Stopped]", display=(shown,), outcome="stopped", **facts
    )
    story.add(finished, 6.0)
    story.add(ToolFinished(step=2, index=1, content="[Stopped]", outcome="did not run", **facts))
    return story.finish(reason="stopped", text="Stopped by you at step 2.")


def late(events: list[Event]) -> list[dict[str, Any]]:
    """The events of the snapshot that a late view is given."""
    feed = Feed("r1")
    for event in events:
        feed.apply(event)
    told: list[dict[str, Any]] = feed.snapshot(events[-1].t, "")["events"]
    return told


def fixture(happened: list[Event]) -> dict[str, Any]:
    events = rounded(json.loads(json.dumps([to_dict(event) for event in happened])))
    view, meter = folded(from_dict(event) for event in events)
    facts = {
        "events": events,
        "snapshot": view.snapshot(),
        "metrics": meter.metrics(),
        "chart": meter.chart(),
        "plain": mimebundle(view, meter)["text/plain"],
        "plain_steps": mimebundle(view, meter, mode="text")["text/plain"],
    }
    return rounded(json.loads(json.dumps(facts)))


def rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value


def fixtures() -> dict[str, Any]:
    scripted = (
        Story("hi", scripted=True, price=None, model="scripted", host="127.0.0.1:1")
        .ask()
        .say("Hello.")
    )
    return {
        "run_repaired": fixture(repaired().events),
        "run_asked": fixture(asked().events),
        "run_stepped": fixture(stepped().events),
        "run_stopping": fixture(stopped(over=False).events),
        "run_stopped": fixture(stopped(over=True).events),
        "run_outcome": fixture(resumed(answered=False).events),
        "run_resumed": fixture(resumed(answered=True).events),
        "run_scripted": fixture(scripted.reply(3).finish("Hello.").events),
        "run_hostile": fixture(everywhere("<img src=x onerror=fire()>").finish("<b>x</b>").events),
        "run_long": fixture(long().events),
        "run_many": fixture(many()),
        "late_many": rounded(json.loads(json.dumps(late(many())))),
        "markdown": [{"source": source, "blocks": parse(source)} for source in MARKDOWN],
    }


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, content in fixtures().items():
        text = json.dumps(
            content, indent=None, sort_keys=True, separators=(",", ":"), ensure_ascii=True
        )
        (FOLDER / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    write()
