"""What Tab completes in `%%kimi` cells, by IPython's way, and for pages while a cell is busy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbagent.kernel.attach import _references
from nbagent.kernel.mailbox import REQUEST
from nbagent.magics.firstline import magic_line
from nbagent.magics.options import OPTIONS, parse_line
from tests.live_kernel import TIMEOUT_S, LiveKernel

pytestmark = pytest.mark.kernel

FIXTURE = json.loads((Path(__file__).parent / "fixtures" / "prompts.json").read_text())

SETUP = """%load_ext nbagent
import math, os
import pandas as pd
df = pd.DataFrame({"mass": range(344), "sex": "f"})
def clean(frame):
    "Drop rows that have gaps."
    return frame
def my_loop(history):
    yield history
class Hostile:
    touched = []
    def __repr__(self): Hostile.touched.append("repr"); raise RuntimeError
    def __getattr__(self, name): Hostile.touched.append(name); raise RuntimeError
    @property
    def shape(self): Hostile.touched.append("shape"); return (1, 2)
    columns = shape
thing = Hostile()
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKernel]:
    folder: Path = tmp_path_factory.mktemp("files")
    (folder / "birds.csv").write_text("a,b\n1,2\n")
    (folder / "birds of 2007.csv").write_text("a\n")
    kernel = LiveKernel()
    assert kernel.run(f"{SETUP}os.chdir({str(folder)!r})").reply["status"] == "ok"
    yield kernel
    kernel.close()


def tab(kernel: LiveKernel, code: str) -> dict[str, str]:
    """What Tab offers at the end of a cell, with the words beside it; it must replace the word."""
    message_id = kernel.client.complete(code, len(code))
    while True:
        reply = kernel.client.get_shell_msg(timeout=TIMEOUT_S)
        if reply["parent_header"].get("msg_id") == message_id:
            break
    content = reply["content"]
    assert content["cursor_end"] == len(code)
    assert content["cursor_start"] == len(code) or code[content["cursor_start"] - 1] in " =,\n"
    return {
        item["text"]: item["type"] for item in content["metadata"]["_jupyter_types_experimental"]
    }


def ask(kernel: LiveKernel, code: str) -> dict[str, Any]:
    """What a page is told over the control channel."""
    command = {"run_id": "prompt", "request_id": code, "action": "complete"}
    message = kernel.client.session.msg(REQUEST, command | {"code": code, "cursor": len(code)})
    kernel.client.control_channel.send(message)
    while True:
        reply = kernel.client.get_control_msg(timeout=TIMEOUT_S)
        if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
            assert reply["content"]["ok"], reply["content"]
            return dict(reply["content"]["data"])


OFFERED = [
    ("%%kimi --max-s", {"--max-steps": "N: stop after N model calls (50)"}),
    ("%%kimi --ask never --sa", {"--save": "full|answer|none: how much stays in the file (full)"}),
    ("%%kimi --ask=ri", {"risky": "the default"}),
    ("%%kimi --endpoint sg", {"sglang": "SGLang on this machine"}),
    ("%%kimi --tools my_loop,cl", {"clean": "Drop rows that have gaps."}),
    ("%%kimi --loop ", {"my_loop": "function of 1 argument"}),
    ("%%kimi --conversation ma", {}),
    ("# above\n\n  %%kimi what is @d", {"@df": "DataFrame, 344 × 2"}),
    ("%%kimi\nIs @df.m", {"@df.mass": "column"}),
    ("%%kimi\nIs @bi", {'@"birds of 2007.csv"': "file, 2 B", "@birds.csv": "file, 8 B"}),
    ("%%kimi\nWhy @la", {"@last": "the last error, with its traceback"}),
    ("%%kimi\nFix @thi", {"@thing": "Hostile"}),
    ("%%kimi -- -x of @mat", {"@math": "module"}),
    ("%kimi comp", {"compact": "summarise its older messages before the next request"}),
    ("%kimi use les", {"lesson": "the lesson server on this machine"}),
    ("%kimi login --", {"--save": "keep the key for later sessions"}),
]


@pytest.mark.parametrize(("code", "offered"), OFFERED, ids=[code for code, _ in OFFERED])
def test_tab_offers_what_fits_with_words(
    kernel: LiveKernel, code: str, offered: dict[str, str]
) -> None:
    if offered:
        assert tab(kernel, code) == offered
    told = {item["text"]: item["about"] for item in ask(kernel, code)["items"]}
    assert told == offered


def test_every_option_and_command_has_words(kernel: LiveKernel) -> None:
    options, commands = ask(kernel, "%%kimi "), ask(kernel, "%kimi ")
    assert len(options["items"]) > 20
    assert len(commands["items"]) > 15
    assert [i["text"] for i in options["items"] + commands["items"] if not i["about"]] == []


def test_a_cell_is_offered_by_its_id(kernel: LiveKernel) -> None:
    kernel.run("sorted([3, 1])", cell_id="a1b2c3")
    assert tab(kernel, "%%kimi\nExplain @cell:a1")["@cell:a1b2c3"] == "sorted([3, 1])"


PROSE = [
    "%%kimi\nThe mea",
    "%%kimi\nThe ",
    "%%kimi Print the ma",
    "%%kimi\nmail me@d",
    "%%kimi\nrun `pip install x@d",
    "%%kimi\n```\n@pd",
]


@pytest.mark.parametrize("code", PROSE)
def test_prose_is_left_alone(kernel: LiveKernel, code: str) -> None:
    assert tab(kernel, code) == {}
    assert ask(kernel, code)["items"] == []


@pytest.mark.parametrize("code", ["x = 1\n%%kimi @d", "'''\n%%kimi @d", "%%time\n@d", "@d"])
def test_other_cells_complete_as_ever(kernel: LiveKernel, code: str) -> None:
    message_id = kernel.client.complete(code, len(code))
    while True:
        reply = kernel.client.get_shell_msg(timeout=TIMEOUT_S)
        if reply["parent_header"].get("msg_id") == message_id:
            break
    assert "dict" in {match.strip() for match in reply["content"]["matches"]} or "'''" in code
    assert not any(match.startswith("@") for match in reply["content"]["matches"])
    assert ask(kernel, code)["items"] == []


def test_a_busy_kernel_answers_and_touches_nothing_of_the_user(kernel: LiveKernel) -> None:
    code = "import time\nprint('busy', flush=True)\nfor _ in range(6000): time.sleep(0.01)"
    message = kernel.client.session.msg("execute_request", {"code": code, "silent": True})
    kernel.client.shell_channel.send(message)
    while kernel.client.get_iopub_msg(timeout=TIMEOUT_S)["content"].get("text") != "busy\n":
        pass
    names = {item["text"]: item["about"] for item in ask(kernel, "%%kimi\nbusy: @")["items"]}
    parts = ask(kernel, "%%kimi\nbusy: @thing.")["items"]
    kernel.interrupt()
    reply = kernel.client.get_shell_msg(timeout=TIMEOUT_S)
    assert reply["content"]["status"] == "error"  # it was busy
    assert names["@df"] == "DataFrame, 344 × 2"
    assert names["@thing"] == "Hostile"
    assert parts == []
    assert "[]" in kernel.run("print(Hostile.touched)").text


def test_the_page_takes_the_options_for_what_they_are() -> None:
    assert FIXTURE["alone"] == [f for flags, kw in OPTIONS if "action" in kw for f in flags]


@pytest.mark.parametrize("cell", FIXTURE["cells"], ids=lambda cell: cell["text"][:20])
def test_the_page_takes_a_cell_for_what_it_is(cell: dict[str, Any]) -> None:
    magic = magic_line(cell["text"])
    assert (magic is None) == (cell["pieces"] is None)
    if magic is None or cell["text"].endswith("--ask"):
        return
    begin, end = magic
    _, first = parse_line(cell["text"][begin:end])
    named = [m[0].rstrip(".,-/~") for m in _references(first + cell["text"][end:])]
    assert named == [text for kind, text in cell["pieces"] if kind == "reference"]
