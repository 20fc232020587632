"""Runs as JSON: events, and what every renderer must make of them.

`python tests/trace/make_fixtures.py` writes `tests/fixtures/*.json` anew. Renderers in other
languages run the same files, so that they cannot drift: `events` fold to `snapshot` (the block
tree), `chart` (geometry in seconds and tokens/s), `metrics`, `plain`; `markdown.json` maps Markdown
to its tree.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from test_hostile import everywhere
from trace_story import CHANGES, Story, display_output, error_output, folded, png, stream_output

from nbagent.events import from_dict, to_dict
from nbagent.trace import mimebundle
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


def fixture(story: Story) -> dict[str, Any]:
    events = rounded(json.loads(json.dumps([to_dict(event) for event in story.events])))
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
        "run_repaired": fixture(repaired()),
        "run_scripted": fixture(scripted.reply(3).finish("Hello.")),
        "run_hostile": fixture(everywhere("<img src=x onerror=fire()>").finish("<b>x</b>")),
        "run_long": fixture(long()),
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
