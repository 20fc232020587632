"""What the model is told of a run, what the person sees, and the words for the outcome."""

from __future__ import annotations

import base64
import io
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from nbagent.clock import SystemClock
from nbagent.events import Output
from nbagent.kernel.interrupts import Interrupts
from nbagent.kernel.run_python import result_of, run_python_tool
from nbagent.kernel.shell import LiveShell
from nbagent.ports import Execution
from nbagent.tools import ToolContext, ToolResult
from tests.scripted import plain_shell


@pytest.fixture(scope="module")
def executor() -> LiveShell:
    return LiveShell(plain_shell(), SystemClock(), Interrupts())


def run(executor: LiveShell, code: str, limit_s: float | None = None) -> ToolResult:
    tool = run_python_tool(limit_s)
    return tool.call({"code": code}, ToolContext(executor, lambda output: None))


def text(result: ToolResult) -> str:
    return result.content if isinstance(result.content, str) else result.content[0]["text"]


def shown(data: dict[str, Any]) -> Output:
    return {"output_type": "display_data", "data": data, "metadata": {}}


def printed(words: str) -> Output:
    return {"output_type": "stream", "name": "stdout", "text": words}


def png(width: int, height: int, *, noise: bool = False) -> str:
    import numpy as np  # noqa: PLC0415 -- only here

    pixels = np.random.default_rng(0).integers(0, 255 if noise else 1, (height, width, 3), "uint8")
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("1 + 1", "value 2"),
        ("for i in range(3): print(i)", "3 lines"),
        ("pass", "no output"),
        ("{}['x']", "KeyError"),
        ("import pandas as pd; pd.DataFrame({'a': range(90)})", "table 90 × 1"),
        ("import matplotlib.pyplot as plt; plt.plot([1]); print(1)", "figure"),
        ("import matplotlib.pyplot as p; p.figure().gca(); p.figure().gca();", "2 figures"),
        ("import sys; sys.exit(1)", "SystemExit"),
        ("'x' * 100", "value " + "'" + "x" * 23 + "…"),
    ],
)
def test_the_outcome_in_a_few_words(executor: LiveShell, code: str, outcome: str) -> None:
    assert run(executor, code).outcome == outcome


def test_text_comes_in_order_without_colours(executor: LiveShell) -> None:
    result = run(
        executor, "import sys\nprint('\\x1b[31mred\\x1b[0m'); print('warn', file=sys.stderr); 5"
    )
    assert text(result).startswith("red\n[stderr] warn\n5")
    assert not result.is_error


def test_a_progress_bar_is_one_line(executor: LiveShell) -> None:
    result = run(executor, "for i in range(50): print(f'\\r{i} %', end='')")
    assert text(result).splitlines()[0] == "49 %"


def test_no_output_is_said(executor: LiveShell) -> None:
    assert "No output" in text(run(executor, "pass"))
    assert text(result_of(Execution()))


def test_an_error_shows_its_line_and_no_frames_of_ours(executor: LiveShell) -> None:
    result = run(executor, "a = 1\nb = a / 0")
    assert result.is_error
    assert "b = a / 0" in text(result)
    assert "ZeroDivisionError: division by zero" in text(result)
    assert "\x1b" not in text(result)
    refused = text(run(executor, "input()"))
    assert "contain.py" not in refused
    assert "skipping hidden" not in refused


def test_a_long_traceback_keeps_both_ends(executor: LiveShell) -> None:
    result = run(executor, "def f(n): return f(n - 1) if n else 1 / 0\nf(300)")
    assert len(text(result)) < 6_000
    assert "ZeroDivisionError" in text(result)


def test_names_and_files_are_told(executor: LiveShell, tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    result = run(executor, f"fresh = 1\nopen({str(path)!r}, 'w').close()")
    assert "+fresh" in text(result)
    assert str(path) in text(result)
    assert result.changes is not None
    assert result.changes.added == ("fresh",)
    executor.execute("del fresh", lambda output: None)


def test_a_long_output_is_cut_with_its_whole_on_disk(executor: LiveShell) -> None:
    result = run(executor, "for i in range(10_000): print('line', i)")
    assert len(text(result).encode()) < 17_000
    assert "line 0\n" in text(result)
    assert "line 9999" in text(result)
    assert f"{result.cut_bytes:,} bytes of output were left out" in text(result)
    assert result.spill in text(result)
    whole = Path(result.spill)
    assert whole.read_text().splitlines()[5000] == "line 5000"
    assert stat.S_IMODE(whole.stat().st_mode) == 0o600
    assert sum(len(o["text"]) for o in result.display) == len(whole.read_text()) + 1


def test_what_goes_to_disk_is_redacted(executor: LiveShell) -> None:
    def redact(words: str) -> str:
        return words.replace("s3cret", "[hidden]")

    outputs = (printed("s3cret " * 5_000),)
    result = result_of(Execution(outputs=outputs), redact=redact)
    assert "s3cret" not in Path(result.spill).read_text()


def test_pictures_are_made_small_and_follow_the_text() -> None:
    result = result_of(Execution(outputs=(shown({"image/png": png(2000, 500)}), printed("after"))))
    assert text(result) == "[picture, attached below]\nafter"
    assert isinstance(result.content, list)
    data = result.content[1]["image_url"]["url"].partition(",")[2]
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        assert max(image.size) == 800
    assert result.display[0]["data"]["image/png"] == png(2000, 500)


def test_pictures_have_a_budget() -> None:
    many = tuple(shown({"image/png": png(40 + i, 40)}) for i in range(7))
    result = result_of(Execution(outputs=many))
    assert len(result.content) == 1 + 4
    assert text(result).count("attached below") == 4
    assert text(result).count("shown to the user only") == 3
    loud = tuple(shown({"image/png": png(800, 600, noise=True)}) for _ in range(4))
    sent = result_of(Execution(outputs=loud)).content
    assert sum(len(str(part)) for part in sent) < 1_000_000


def test_a_broken_picture_is_named_not_sent() -> None:
    result = result_of(Execution(outputs=(shown({"image/png": "bm90IGEgcG5n"}),)))
    assert result.content == "[picture, shown to the user only]"


def test_without_pillow_a_large_picture_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    large = png(1200, 900, noise=True)
    monkeypatch.setitem(sys.modules, "PIL", None)
    result = result_of(Execution(outputs=(shown({"image/png": large}),)))
    assert result.content == "[picture, shown to the user only]"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"image/svg+xml": "<svg/>", "text/plain": "<x>"}, "[SVG picture, shown to the user only]"),
        ({"application/vnd.plotly.v1+json": {}, "text/plain": "Figure()"}, "[plotly figure, shown"),
        (
            {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "HBox()"},
            "[widget, shown",
        ),
        ({"text/html": "<table>", "text/plain": "   a\n0  1"}, "   a\n0  1"),
        (
            {"text/html": "<b>", "text/plain": "<IPython.core.display.HTML object>"},
            "[text/html, shown",
        ),
        ({"text/markdown": "# Title", "text/plain": "<Markdown object>"}, "# Title"),
        ({"text/plain": "<Model at 0x1>"}, "<Model at 0x1>"),
    ],
)
def test_each_kind_of_display_has_a_text_form(data: dict[str, Any], words: str) -> None:
    assert text(result_of(Execution(outputs=(shown(data),)))).startswith(words)


def test_a_time_limit_says_how_to_go_on(executor: LiveShell) -> None:
    result = run(executor, "while True: pass", limit_s=0.2)
    assert result.outcome == "timed out after 0.2 s"
    assert "smaller pieces" in text(result)
    assert result.is_error
    assert not result.interrupted


def test_a_stop_says_not_to_retry() -> None:
    execution = Execution(interrupted=True, error=("KeyboardInterrupt", ""))
    result = result_of(execution)
    assert result.interrupted
    assert result.outcome == "stopped"
    assert "Stopped by the user" in text(result)
    assert "Do not retry" in text(result)


def test_plain_ipython_shows_figures_and_subprocesses(executor: LiveShell) -> None:
    code = (
        "import subprocess as s, matplotlib.pyplot as plt; s.run(['echo', 'hello']); plt.plot(1);"
    )
    result = run(executor, code)
    assert isinstance(result.content, list)
    assert "hello\n" in text(result)
    assert result.content[1]["type"] == "image_url"


def test_in_plain_ipython_nothing_is_kept_of_a_value(executor: LiveShell) -> None:
    shell = plain_shell()
    before = dict(shell.user_ns["Out"])
    run(executor, "'a value'")
    assert shell.user_ns["Out"] == before


def test_the_schema_is_small_and_the_effect_known() -> None:
    tool = run_python_tool()
    assert tool.effect == "kernel"
    assert tool.parameters["required"] == ["code"]
    assert len(str(tool.schema())) < 1_200


def test_a_traceback_does_not_say_where_packages_are_installed(executor: LiveShell) -> None:
    result = run(executor, "import json\njson.loads('{')")
    assert "json/decoder.py" in text(result)
    assert sys.prefix not in text(result)
    assert sys.base_prefix not in text(result)
