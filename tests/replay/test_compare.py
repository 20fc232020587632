"""What counts as another result: a changed value does, an address or a timing does not."""

from __future__ import annotations

from typing import Any

import pytest

from nbagent.events import RunStarted, ToolFinished, ToolStarted
from nbagent.replay import differences
from nbagent.replay.compare import in_words, steady
from nbagent.run.recorded import recorded


def run_with(*contents: Any) -> list[Any]:
    events: list[Any] = [RunStarted(run_id="r", prompt="p", model="m")]
    for step, content in enumerate(contents, start=1):
        place = {"step": step, "index": 0, "name": "run_python"}
        events.append(ToolStarted(**place, call_id="c", arguments={}))
        events.append(ToolFinished(**place, content=content))
    return events


def picture(data: str) -> list[Any]:
    return [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}]


SAME = [
    ("<Figure at 0x7f46c3947e50>", "<Figure at 0x55d2a01b9c10>"),
    ("Wall time: 12.3 ms", "Wall time: 9 s"),
    ("CPU times: user 3 ms, sys: 0 ns, total: 3 ms", "CPU times: user 1 s, sys: 2 ns, total: 1 s"),
    ("1.2 ms ± 3 us per loop (mean ± std. dev.)", "4 s ± 1 s per loop (mean ± std. dev.)"),
    ("Cell In[3], line 2", "Cell In[17], line 2"),
    ("File /tmp/ipykernel_12/99.py:2", "File /tmp/ipykernel_7/1.py:2"),
    ("9 B left out; the whole output is in /a/b.txt", "9 B left out; the whole output is in /c"),
    ("[Names (+ new, ~ changed): ~df +a]", "[Names (+ new, ~ changed): +df +a]"),
    ("100%|##| 9/9 [00:01<00:00, 8.1it/s]", "100%|##| 9/9 [00:04<00:00, 2.0it/s]"),
    ("trailing  ", "trailing"),
]  # fmt: skip


@pytest.mark.parametrize(("was", "now"), SAME)
def test_what_means_nothing_is_no_difference(was: str, now: str) -> None:
    assert steady(was) == steady(now)
    assert was != now, "the control: as they are they differ"
    assert differences(recorded(run_with(was)), run_with(now)) == []


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("3", "5", ("3", "5")),
        ("a\nb\nc", "a\nB\nC", ("b", "B")),
        ("a", "a\nb", ("(nothing)", "b")),
        ("mean 12.3 s", "mean 15.1 s", ("mean 12.3 s", "mean 15.1 s")),
        ("[Names (…): +a]", "[Names (…): +b]", ("[Names (…): +a]", "[Names (…): +b]")),
        (picture("aa"), picture("bb"), ("a picture", "another picture")),
        (picture("aa"), "x", ("(nothing)", "x")),
        (picture("aa"), picture("aa") * 2, ("1 picture", "2 pictures")),
    ],
)
def test_a_changed_result_is_told_by_its_first_line(
    was: Any, now: Any, told: tuple[str, str]
) -> None:
    (found,) = differences(recorded(run_with("same", was)), run_with("same", now))
    assert (found.step, found.was, found.now) == (2, *told)


def test_in_words() -> None:
    record = recorded(run_with("1", "2"))
    assert in_words(record, run_with("1", "2")) == "As recorded: 2 results."
    assert in_words(record, run_with("1", "3")) == (
        "1 of 2 results differs from the record:\n  step 2, run_python: was '2', is '3'"
    )
    assert in_words(record, run_with()) == "No code ran again."
