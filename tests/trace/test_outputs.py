"""Outputs become bounded text: tables, cleaned text, and what goes on below the trace."""

from __future__ import annotations

import base64

import pandas as pd
import pytest
from trace_story import display_output, error_output, png, stream_output

from nbagent import phrases
from nbagent.view.outputs import TABLE_COLUMNS, TABLE_ROWS, block_of, goes_below, table_of


@pytest.mark.parametrize(
    "mime",
    [
        "application/vnd.plotly.v1+json",
        "application/vnd.vegalite.v5+json",
        "application/vnd.jupyter.widget-view+json",
        "application/vnd.bokehjs_exec.v0+json",
        "application/geo+json",
    ],
)
def test_data_with_a_renderer_goes_below(mime: str) -> None:
    output = display_output(**{mime: {}}, html="<script>x</script>", plain="Figure")
    assert goes_below(output)
    assert block_of(output)[0]["kind"] == "below"


@pytest.mark.parametrize(
    "mime",
    [
        "text/html",
        "application/javascript",
        "image/png",
        "text/plain",
        "application/vnd.nbagent.trace+json",
    ],
)
def test_the_rest_stays_in_the_trace(mime: str) -> None:
    assert not goes_below(display_output(**{mime: "x"}))
    assert not goes_below(stream_output("x"))


def test_a_dataframe_becomes_a_table_of_text() -> None:
    frame = pd.DataFrame(
        {"a": [1, 2], "<b>": ["<script>", None]}, index=pd.Index(["x", "y"], name="key")
    )
    block, _ = block_of(display_output(html=frame._repr_html_(), plain=repr(frame)))
    assert block["head"] == [["key", "a", "<b>"]]
    assert block["rows"][0] == ["x", "1", "<script>"]


def test_a_styled_and_a_nested_frame_are_tables_too() -> None:
    frame = pd.DataFrame([[1.0, 2.0]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")]))
    assert table_of(frame._repr_html_()) == {
        "kind": "table",
        "head": [["", "a", ""], ["", "x", "y"]],
        "rows": [["0", "1.0", "2.0"]],
        "note": "",
    }
    styled = table_of(frame.style.format(precision=1).to_html())
    assert styled is not None
    assert styled["rows"] == [["0", "1.0", "2.0"]]


def test_a_large_frame_is_bounded_and_says_its_shape() -> None:
    frame = pd.DataFrame({f"c{i}": range(300) for i in range(40)})
    with pd.option_context("display.max_rows", 300, "display.max_columns", 40):
        block = table_of(frame._repr_html_())
    assert block is not None
    assert len(block["rows"]) == TABLE_ROWS
    assert {len(row) for row in block["rows"]} == {TABLE_COLUMNS}
    assert "300 rows" in block["note"]
    assert block["note"].endswith("the first ones shown")


def test_html_and_script_are_shown_as_text() -> None:
    block, _ = block_of(
        display_output(html="<b>hi</b>", plain="<IPython.core.display.HTML object>")
    )
    assert (block["kind"], block["text"]) == ("source", "<b>hi</b>")
    block, _ = block_of(
        display_output(js="alert(1)", plain="<IPython.core.display.Javascript object>")
    )
    assert block["what"].startswith("JavaScript")


def test_an_object_with_a_readable_repr_keeps_it() -> None:
    block, _ = block_of(display_output(html="<b>hi</b>", plain="Model(r2=0.9)"))
    assert block == {"kind": "text", "name": "result", "text": "Model(r2=0.9)"}


def test_a_picture_must_be_base64() -> None:
    assert block_of(display_output(png=png(30)))[1] is not None
    assert block_of(display_output(png='x" onerror="alert(1)', plain="fig"))[1] is None
    wide = block_of(display_output(png=png(1234)))[1]
    assert wide is not None
    assert wide.width == 1234


def test_tracebacks_lose_their_colours() -> None:
    block, _ = block_of(error_output("E", "bad", ["\x1b[0;31mE\x1b[0m: bad", "line"]))
    assert block["traceback"] == "E: bad\nline"
    assert block["n_lines"] == 2


def test_nothing_invisible_is_shown() -> None:
    hidden = "a\u202eb\u200bc\x00d\ud800e\U000e0041f"
    assert phrases.clean(hidden) == "a[U+202E]b[U+200B]c[U+0000]d[U+D800]e[U+E0041]f"
    assert phrases.clean("\x1b]8;;http://x\x07link\x1b]8;;\x07") == "link"
    assert phrases.clean("10%\r50%\r100%\nok\r\n") == "100%\nok\n"


def test_long_text_keeps_head_and_tail() -> None:
    text = phrases.clip("\n".join(f"line {i}" for i in range(5_000)), 1_000)
    assert text.startswith("line 0\n")
    assert text.endswith("line 4999")
    assert "kB left out here" in text
    assert len(text) < 1_100


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (phrases.seconds(0.04), "0.0 s"),
        (phrases.seconds(6.94), "6.9 s"),
        (phrases.seconds(73), "73 s"),
        (phrases.seconds(306), "5 min 06"),
        (phrases.seconds(599.6), "10 min"),
        (phrases.seconds(4440), "1 h 14"),
        (phrases.size(14_200), "14 kB"),
        (phrases.size(999), "999 B"),
        (phrases.size(1_210), "1.2 kB"),
        (phrases.count(262_144), "262 k"),
        (phrases.count(2_039), "2,039"),
        (phrases.dollars(0.0153), "$0.015"),
        (phrases.dollars(None), "—"),
        (phrases.gist("Sex is worst: see. Then more."), "Sex is worst: see"),
        (phrases.gist("先看缺失值。再画图。"), "先看缺失值。"),
    ],
)
def test_numbers_are_written_one_way(shown: str, expected: str) -> None:
    assert shown == expected


def test_svg_is_a_picture_and_stays_text() -> None:
    picture = block_of(display_output(**{"image/svg+xml": "<svg xmlns='x'/>"}))[1]
    assert picture is not None
    assert base64.b64encode(picture.data.encode())
