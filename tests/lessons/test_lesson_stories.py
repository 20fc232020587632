"""The stories of lessons 04 to 06: what they make of what comes back, the reasoning included."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbagent.lessons.course.race import Setting, html, told
from nbagent.lessons.scenarios import select
from nbagent.lessons.scenarios.l04 import warmest
from nbagent.lessons.scenarios.l06 import find, make
from nbagent.lessons.scenarios.unknown import unknown
from nbagent.lessons.story import Chat, Result, Story, Turn, next_or_last, next_turn
from tests.lessons.test_stories import as_message, user

Message = dict[str, Any]
Remember = Callable[[Message], Message]

MEANS = {"oslo": "37.2 F", "lima": "66.2 F", "quito": "287.8 K", "cairo": "21.5 C"}
TOOLS = frozenset({"list_stations", "mean_reading"})


def kept(reply: Message) -> Message:
    return reply


def blanked(reply: Message) -> Message:
    return {**reply, "reasoning_content": " "}


def silenced(reply: Message) -> Message:
    return {**blanked(reply), "content": ""}


def blanked_at_the_third() -> Remember:
    n = itertools.count(1)
    return lambda reply: blanked(reply) if next(n) == 3 else reply


def conversation(remember: Remember, means: dict[str, str]) -> tuple[list[str], str]:
    """The stations asked for, '' for a list of them, and the answer."""
    messages: list[Message] = [user("Which station is warmest on average?")]
    asked: list[str] = []
    while True:
        turn = next_turn(messages, TOOLS, select, unknown)
        if not turn.calls:
            return asked, turn.content
        reply = as_message(turn, len(asked))
        messages.append(remember(reply))
        for call in reply["tool_calls"]:
            station = json.loads(call["function"]["arguments"]).get("station", "")
            asked.append(station)
            content = means[station] if station else str(list(means))
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": content})


ALL_ONCE = ["", "oslo", "lima", "quito", "cairo"]


def test_with_its_thoughts_it_asks_each_station_once() -> None:
    asked, answer = conversation(kept, MEANS)
    assert asked == ALL_ONCE
    assert "**Cairo** is warmest on average, with **21.5 °C**" in answer


@pytest.mark.parametrize("remember", [blanked, blanked_at_the_third()], ids=["all", "one"])
def test_without_a_thought_it_begins_again(remember: Remember) -> None:
    asked, answer = conversation(remember, MEANS)
    assert asked == ["", "oslo", "lima", *ALL_ONCE]
    assert answer == conversation(kept, MEANS)[1]


def test_without_thoughts_and_words_it_gives_up() -> None:
    asked, answer = conversation(silenced, MEANS)
    assert len(asked) < 10
    assert "neither my thoughts nor my words" in answer


def test_other_means_make_another_answer() -> None:
    _, answer = conversation(kept, MEANS | {"lima": "86.0 F"})
    assert "**Lima** is warmest on average, with **30.0 °C**" in answer


def test_a_note_that_is_changed_changes_the_answer() -> None:
    """The positive control: the notes are read from what comes back, and from nowhere else."""

    def forged(reply: Message) -> Message:
        thought = reply["reasoning_content"].replace("Note: oslo 2.9", "Note: oslo 99.9")
        return {**reply, "reasoning_content": thought}

    assert "**Oslo**" in conversation(forged, MEANS)[1]


def test_a_cut_output_is_searched_where_it_was_kept() -> None:
    note = "[9 bytes of output were left out; the whole output is in /x/output-ab_1.txt, and …]"
    story = find(
        Chat("Which line of log holds the fault?", frozenset({"run_python", "read_output"}))
    )
    next(story)
    turn = story.send([Result(f"0001 well\n{note}")])
    assert turn.calls[0].arguments == {"name": "output-ab_1.txt", "pattern": "(?i)fault"}
    assert (
        "2345 fault" in next_or_last(story, [Result("line 2: 2345 fault\n[1 line fits]")]).content
    )


def test_a_whole_output_needs_no_search() -> None:
    story = find(Chat("Which row of log has the fault", frozenset({"run_python", "read_output"})))
    next(story)
    assert "0001 fault" in next_or_last(story, [Result("0000 well\n0001 fault")]).content


def test_a_denial_is_taken_and_not_worked_around() -> None:
    story = make(Chat("Make a from a with c = d / e", frozenset({"run_python"})))
    next(story)
    turn = next_or_last(story, [Result("Denied: not now")])
    assert turn.calls == ()
    assert "nothing ran" in turn.content


LONG = "Make a from b with c = d / e, and plot it."
STORIES: list[tuple[Callable[[Chat], Story], Chat]] = [
    (warmest, Chat("Which station is warmest?", TOOLS)),
    (make, Chat(LONG, frozenset({"run_python", "inspect_variable"}))),
    (find, Chat("Which line of a holds the b?", frozenset({"run_python", "read_output"}))),
]
texts = st.sampled_from(
    ["['a', 'b']", "21.5 C", "x K", "TypeError: no", "NameError: name 'b' is not defined", "",
     "mean: 3.5\nrows: 2", "the whole output is in output-a.txt", "Denied: nobody is here"]
)  # fmt: skip
results = st.builds(Result, texts, st.sampled_from(["", "Note: a 1.0 °C", "I begin again"]))


@given(st.sampled_from(STORIES), st.lists(results, min_size=12, max_size=12))
def test_no_result_can_break_them(told_of: tuple[Callable[[Chat], Story], Chat], came: Any) -> None:
    tell, chat = told_of
    story = tell(chat)
    turn: Turn = next_or_last(story, None)
    for result in came:
        assert turn.reasoning
        if not turn.calls:
            break
        turn = next_or_last(story, [result for _ in turn.calls])
    assert turn.calls or turn.content


def test_the_race_says_what_the_articles_say_and_what_they_leave_out() -> None:
    decoding = Setting(ttft_s=0.0, tool_s=0.0)
    assert sum(decoding.parts(100)) == pytest.approx(50.0)
    assert sum(decoding.parts(400)) == pytest.approx(12.5)
    assert decoding.times_faster == pytest.approx(4.0)
    waits = {(0.5, 0.0): 2.0, (0.5, 1.0): 1.43, (1.5, 2.0): 1.2}
    for (ttft_s, tool_s), faster in waits.items():
        setting = Setting(ttft_s=ttft_s, tool_s=tool_s)
        assert setting.times_faster == pytest.approx(faster, abs=0.005)
    assert 'alt="50 turns of 100 tokens' in html(Setting())
    assert "the whole 1.43 times" in told(Setting())
