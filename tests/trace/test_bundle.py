"""The saved forms: what they hold, in which order, how large they are, and how they differ."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from pages import Page, faults
from render_sample import stripped
from sample_run import tell
from trace_story import Story, display_output, folded, png, stream_output

from nbagent.phrases import BADGE
from nbagent.trace import TRACE_MIME, mimebundle
from nbagent.trace.bundle import budget, saved_bytes
from nbagent.view.outputs import picture_of

SCRIPTED = {
    "scripted": True,
    "price": None,
    "host": "127.0.0.1:4242",
    "operator": "",
    "model": "scripted",
}


def bundle_of(story: Story, **options: Any) -> dict[str, Any]:
    return mimebundle(*folded(story.events), **options)


def notebook(bundle: dict[str, Any], path: Path) -> Path:
    output = new_output("display_data", data=bundle)
    cell = new_code_cell(
        "%%kimi\nWhat is missing?", outputs=[output], execution_count=1, id="cell-1"
    )
    book = new_notebook(cells=[cell])
    nbformat.validate(book)
    nbformat.write(book, path)
    return path


@pytest.fixture(scope="module")
def done() -> dict[str, Any]:
    return bundle_of(tell())


def test_four_forms_in_one_bundle(done: dict[str, Any]) -> None:
    assert list(done) == [TRACE_MIME, "text/html", "text/markdown", "text/plain"]
    assert done[TRACE_MIME]["run_id"] == "r1"
    assert done[TRACE_MIME] == json.loads(json.dumps(done[TRACE_MIME], sort_keys=True))


def test_the_reader_meets_things_in_order(done: dict[str, Any]) -> None:
    html = done["text/html"]
    marks = [
        "5 steps",
        "$0.01",
        "+per",
        "Five of eight columns",
        "<img alt=",
        "3700.0",
        "Trace",
        "TypeError",
        "In code",
    ]
    marks[4] = 'alt="Figure'
    places = [html.index(mark) for mark in marks]
    assert places == sorted(places)


def test_the_page_keeps_the_rules_of_static_html(done: dict[str, Any]) -> None:
    assert faults(done["text/html"]) == []


def test_the_rules_can_be_broken() -> None:
    """The positive control of the check above."""
    for bad in (
        "<script>x</script>",
        "<a href='x'>x</a>",
        "<img src='http://x'>",
        "<p style='color:red'>x</p>",
    ):
        assert faults(bad)


def test_each_image_is_stored_once(done: dict[str, Any]) -> None:
    images = [
        v for t, n, v in Page(done["text/html"]).attributes if n == "src" and "image/png" in v
    ]
    assert len(images) == len(set(images)) == 1
    payload = images[0].partition(",")[2]
    assert json.dumps(done).count(payload[100:300]) == 1


def test_a_figure_shown_twice_is_stored_once() -> None:
    output = display_output(png=png(40, 30, 1, noisy=True))
    story = Story()
    for _ in range(4):
        story.ask().run("run_python", output, code="plot()")
    html = bundle_of(story.finish("x"))["text/html"]
    assert html.count("data:image/png") == 1
    assert "The same figure as before" in html


def test_a_repair_is_a_difference(done: dict[str, Any]) -> None:
    assert "Tries step 3 again; what changed:" in done["text/html"]
    assert "- typical = df.groupby(&quot;species&quot;).median()\n+ typical" in done["text/html"]


def test_readable_with_styles_and_images_stripped(done: dict[str, Any]) -> None:
    bare = stripped(done["text/html"])
    page = Page(bare)
    assert "style" not in {name for _, name, _ in page.attributes}
    for words in (
        "Nine of the eleven",
        "step 3: ",
        "TTFT",
        "Model saw",
        "Reasoning, 251 tokens",
        "Gentoo",
    ):
        assert words in page.text
    lines = [line for line in page.text.split("\n") if "inspect_variable →" in line]
    assert lines == [
        "1 Ask for the schema and the missing counts first inspect_variable → ✓ 5 of 8 columns"
    ]
    assert re.search(r"step 3: \d\.\d s", page.text)


def test_text_forms_hold_no_time_cost_or_id(done: dict[str, Any]) -> None:
    for mime in ("text/plain", "text/markdown"):
        assert not re.search(r"\d s\b|\$0|tok/s|r1|%H", done[mime].replace("3.2 %", ""))
    assert done["text/plain"].startswith(
        "5 steps, 4 tool calls, 1 failed and repaired. +per +fig +typical ~df\n"
    )


def test_scripted_is_never_mistaken() -> None:
    for running in (False, True):
        bundle = bundle_of(tell(**SCRIPTED), running=running)
        page = Page(bundle["text/html"]).text.strip()
        assert page.startswith(BADGE)
        if not running:
            assert page.count(BADGE) == 2
            assert page.index("Five of eight") - page.rindex(BADGE) < len(BADGE) + 5
        plain = bundle["text/plain"]
        assert plain.startswith(BADGE)
        assert plain.count(BADGE) == 2
        assert plain.split(BADGE)[2].lstrip().startswith("## Five")
        assert bundle["text/markdown"].count("SCRIPTED · replies written by people") == 2
        assert "tok/s." not in page
        assert "$0" not in page
        data = bundle[TRACE_MIME]
        assert data["metrics"]["run"]["cost_usd"] is None
        assert data["snapshot"]["model"] == "scripted"


def test_while_it_runs_the_state_stands_first() -> None:
    story = tell()
    events = story.events[: len(story.events) // 3]
    view, meter = folded(events)
    bundle = mimebundle(view, meter, running=True, t=view.t + 0.4)
    words = Page(bundle["text/html"]).text.strip()
    assert words.startswith(view.state())
    assert faults(bundle["text/html"]) == []
    waiting, meter = folded(Story().ask().events)
    first = mimebundle(waiting, meter, running=True, t=3.2)
    assert first["text/plain"] == "Waiting for the first token 3.2 s"


def test_older_steps_are_one_line_while_it_runs() -> None:
    story = Story()
    for i in range(20):
        story.ask().think(f"Step {i} thinks.").calls("run_python", "{}").reply().run(code="1")
    html = bundle_of(story, running=True)["text/html"]
    assert "1\N{EN DASH}17" in html
    assert html.count("grid-row") == 4 + 3


def test_how_much_is_kept(done: dict[str, Any]) -> None:
    answer = bundle_of(tell(), save="answer")
    assert "Five of eight" in answer["text/html"]
    assert "Trace" not in answer["text/html"]
    assert len(json.dumps(answer)) < len(json.dumps(done))
    none = bundle_of(tell(), save="none")
    assert list(none) == ["text/plain"]
    assert "Five of eight" not in none["text/plain"]
    text = bundle_of(tell(), mode="text")
    assert "text/html" not in text
    assert (
        "3  Compare with a typical bird of each species  run_python -> TypeError"
        in text["text/plain"]
    )
    brief = bundle_of(tell(), mode="answer")
    assert "Trace" not in brief["text/html"]


@pytest.mark.parametrize(
    ("mode", "is_followed"), [("live", True), ("text", False), ("answer", False)]
)
def test_a_page_follows_a_run_only_where_the_kernel_tells_of_it(
    mode: str, *, is_followed: bool
) -> None:
    """It would say that the kernel is gone, of one that is there."""
    assert (TRACE_MIME in bundle_of(tell(), mode=mode, running=True)) == is_followed
    assert TRACE_MIME in bundle_of(tell(), mode=mode)


@pytest.mark.parametrize(
    ("reason", "text"), [("stopped", "Stopped by you at step 1."), ("error", "No key.")]
)
def test_an_end_without_an_answer_says_why(reason: str, text: str) -> None:
    story = Story().ask().think("hm").finish(reason=reason, text=text)
    bundle = bundle_of(story)
    assert all(
        text in bundle[mime].replace("\\", "")
        for mime in ("text/html", "text/markdown", "text/plain")
    )


def test_what_to_type_is_code_where_a_run_ends() -> None:
    text = "Stopped by `it`. Go on with `%kimi <b>` or ` alone."
    html = bundle_of(Story().finish(text=text, reason="stopped"))["text/html"]
    assert "<code>it</code>. Go on with <code>%kimi &lt;b&gt;</code> or ` alone." in html


def heavy(n: int) -> Story:
    story = Story()
    pictures = [display_output(png=png(900, 150, i, noisy=True)) for i in range(5)]
    for i in range(n):
        story.ask().think("Because it is so. " * 400, n=6).calls("run_python", "{}").reply()
        outputs = [stream_output("row of numbers\n" * 2_000), pictures[i % 5]]
        story.run(
            "run_python", *outputs, code="x = 1\n" * 900, saw="y" * 9_000, is_error=i % 9 == 0
        )
    return story.ask().say("Well. " * 9_000).reply().finish("Well. " * 9_000)


@pytest.mark.parametrize("n", [3, 49, pytest.param(70, marks=pytest.mark.long)])
def test_the_saved_output_keeps_the_size_rule(n: int, tmp_path: Path) -> None:
    bundle = bundle_of(heavy(n))
    written = notebook(bundle, tmp_path / "n.ipynb").stat().st_size
    allowed = 256_000 if n <= 50 else 1_000_000
    assert written <= allowed + 1_000, "the cell itself takes a few hundred bytes"
    assert written <= budget(n + 1) + 1_000
    assert saved_bytes(bundle) >= written * 0.9, "the estimate must not flatter"
    assert "left out" in bundle["text/html"]
    assert faults(bundle["text/html"]) == []


def test_a_heavy_run_would_break_the_rule_unbounded() -> None:
    """The positive control: the same run, kept whole, is far too large."""
    assert len(json.dumps([str(e) for e in heavy(3).events])) > 1_000_000


def test_pictures_are_at_most_800_pixels_wide() -> None:
    story = Story().ask().run("run_python", display_output(png=png(1600, 900, 5)), code="plot()")
    html = bundle_of(story.finish("x"))["text/html"]
    found = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", html)
    picture = picture_of({"image/png": found[0]})
    assert picture is not None
    assert picture.width == 800


def changed_lines(a: Path, b: Path) -> list[str]:
    """Lines that differ between two notebooks, outside our JSON."""
    books = [json.loads(path.read_text()) for path in (a, b)]
    texts = []
    for book in books:
        for output in book["cells"][0]["outputs"]:
            output["data"].pop(TRACE_MIME)
        texts.append(json.dumps(book, indent=1, sort_keys=True).split("\n"))
    assert len(texts[0]) == len(texts[1]), "a run may not add lines"
    return [line for line, other in zip(*texts, strict=True) if line != other]


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("runs")
    first = notebook(bundle_of(tell()), folder / "a.ipynb")
    return first, notebook(bundle_of(tell(pace=1.37, run_id="r2", wall=99.0)), folder / "b.ipynb")


def test_two_runs_with_equal_replies_differ_in_few_lines(two_runs: tuple[Path, Path]) -> None:
    changed = changed_lines(*two_runs)
    assert 0 < len(changed) <= 5, [line[:80] for line in changed]
    with_json = two_runs[0].read_text().split("\n"), two_runs[1].read_text().split("\n")
    assert (
        sum(a != b for a, b in zip(*with_json, strict=False)) > 5
    )  # the control: the JSON does differ


def test_many_steps_differ_in_as_few_lines(tmp_path: Path) -> None:
    paths = []
    for pace in (1.0, 2.2):
        story = Story(pace=pace)
        for i in range(45):
            story.ask().think(f"Part {i}.").calls("run_python", "{}").reply().run(code=f"part({i})")
        bundle = bundle_of(story.finish("Done."))
        paths.append(notebook(bundle, tmp_path / f"{pace}.ipynb"))
    assert len(changed_lines(*paths)) <= 5


def nbdiff(*arguments: str) -> str:
    command = [sys.executable, "-m", "nbdime.nbdiffapp", "--no-color", "--no-git", *arguments]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert shown.returncode in (0, 1), shown.stderr
    return shown.stdout


@pytest.mark.long
def test_nbdime_reads_the_difference(two_runs: tuple[Path, Path]) -> None:
    """nbdime takes an output with another JSON, or 10 kB of other HTML, as replaced whole."""
    paths = [str(path) for path in two_runs]
    shown = nbdiff(*paths)
    places = {line.split()[-1].rstrip(":") for line in shown.split("\n") if line.startswith("## ")}
    assert {place.rpartition("/outputs")[0] for place in places} == {"/cells/0"}
    assert "Five of eight columns" in shown


@pytest.mark.long
def test_nbstripout_leaves_nothing_of_a_run(two_runs: tuple[Path, Path], tmp_path: Path) -> None:
    copies = [str(shutil.copy(path, tmp_path)) for path in two_runs]
    command = [sys.executable, "-m", "nbstripout", *copies]
    subprocess.run(command, capture_output=True, timeout=60, check=True)
    left = [Path(copy).read_text() for copy in copies]
    assert left[0] == left[1]
    assert "Adelie" not in left[0]


def test_a_failure_to_draw_is_said_and_goes_no_further() -> None:
    view, meter = folded(tell().events)
    view.steps = None  # type: ignore[assignment] # broken on purpose
    bundle = mimebundle(view, meter)
    assert bundle["text/plain"].startswith("This run could not be drawn (TypeError")
    assert "Five of eight" in bundle["text/plain"]


def test_a_run_without_events_is_drawn() -> None:
    assert faults(mimebundle(*folded([]))["text/html"]) == []
