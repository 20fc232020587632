"""Chinese in a real kernel: answers, traces and prompts speak it; journal and requests do not."""
# ruff: noqa: RUF001 -- Chinese punctuation

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from nbagent.clock import SystemClock
from nbagent.lessons.control import clear, order
from nbagent.lessons.process import Server, ensure
from tests.live_kernel import LiveKernel

pytestmark = [pytest.mark.kernel, pytest.mark.long]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
VOLATILE = {"seq", "t", "wall", "run_id", "samples", "until_t", "key", "sha256", "request_id"}
VOLATILE |= {"cell_id", "cached_tokens"}
KEPT = """
import json
from nbagent.clock import SystemClock
from nbagent.events.as_json import to_dict
from nbagent.journal import Journal
run = _
print(json.dumps({
    "journal": [to_dict(e) for e in Journal(clock=SystemClock()).events(run.run_id)],
    "messages": list(run.messages),
    "events": [to_dict(e) for e in run.events],
}))
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[LiveKernel]:
    kernel = LiveKernel()
    kernel.run("%load_ext nbagent\n%kimi use lesson\n%config Kimi.max_steps = 3\ndf = 1")
    yield kernel
    kernel.close()


@pytest.fixture
def server() -> Server:
    server = ensure(SystemClock())
    clear(server)
    return server


def speak(kernel: LiveKernel, language: str) -> None:
    kernel.run(f"%config Kimi.language = '{language}'\n%kimi reset")


def steady(value: Any) -> Any:
    """What is kept of a run, without what differs between any two."""
    if isinstance(value, dict):
        return {k: steady(v) for k, v in value.items() if k not in VOLATILE}
    if isinstance(value, list):
        return [steady(part) for part in value if not _is_delta(part)]
    return value


def _is_delta(value: Any) -> bool:
    """Whether it is a piece of a reply, which is as long as it happens to arrive."""
    return isinstance(value, dict) and value.get("kind") == "delta"


def test_the_answers_of_the_line_magic_are_chinese(kernel: LiveKernel) -> None:
    speak(kernel, "zh-CN")
    for line in ("", "help", "history", "reset", "use lesson", "undo", "stop", "no_such"):
        text = kernel.run(f"%kimi {line}".rstrip()).text
        assert CHINESE.search(text), line
    status = kernel.run("%kimi").text
    assert [word for word in ("conversation", "isolation", "none:") if word in status] == []
    speak(kernel, "en")
    assert (
        "isolation     none: tools run in this kernel with your rights" in kernel.run("%kimi").text
    )


def test_what_is_kept_and_sent_is_the_same_in_both_languages(kernel: LiveKernel) -> None:
    kept, shown = [], []
    for language in ("en", "zh-CN"):
        speak(kernel, language)
        cell = kernel.run("%%kimi what is df?")
        shown.append(cell.traces[-1]["text/html"])
        kept.append(steady(json.loads(kernel.run(KEPT).text)))
    english, chinese = kept
    assert english == chinese
    assert english["journal"] == english["events"]
    assert not CHINESE.search(json.dumps(chinese, ensure_ascii=False))
    assert [bool(CHINESE.search(html)) for html in shown] == [False, True], "the control"


def test_a_question_is_put_in_chinese_and_kept_in_english(
    kernel: LiveKernel, server: Server
) -> None:
    code = "import os\nos.remove('/nowhere/at/all')"
    order(server, {"kind": "turn", "reasoning": "So.", "calls": [["run_python", {"code": code}]]})
    speak(kernel, "zh-CN")
    cell = kernel.run("%%kimi lesson repair", answer=lambda _prompt: "n")
    assert re.match(
        r"运行 run_python？需要你同意，因为它会删除文件（.*第 2 行）。请键入：y [a-z]{2}",
        cell.prompts[0],
    )
    asked = next(
        e for e in json.loads(kernel.run(KEPT).text)["journal"] if e["kind"] == "approval_asked"
    )
    assert asked["why"].startswith("deletes files (")


def test_the_page_and_the_environment_say_the_language_where_nothing_is_chosen() -> None:
    kernel = LiveKernel({"LC_ALL": "zh_CN.UTF-8"})
    try:
        kernel.run("%load_ext nbagent")
        assert CHINESE.search(kernel.run("%kimi help").text)
        kernel.run("%config Kimi.language = 'en'")
        assert not CHINESE.search(kernel.run("%kimi help").text)
    finally:
        kernel.close()
