"""Stories: tools really run, results carry the story, the position follows from the messages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from palmerpenguins import load_penguins

from nbagent.lessons.scenarios import SCENARIOS, select
from nbagent.lessons.scenarios.unknown import ANSWER, unknown
from nbagent.lessons.story import Chat, Result, Scenario, Story, Turn, next_or_last, next_turn, run
from tests.lessons.kernel_like import KernelLike

ALL = frozenset({"run_python", "inspect_variable", "list_variables"})
QUESTION = (
    "Which measurements separate the three species? Plot the best pair, and say how well it works."
)
Message = dict[str, Any]


def user(text: Any) -> Message:
    return {"role": "user", "content": text}


def reply_to(messages: list[Message], tools: frozenset[str] = ALL) -> Turn:
    return next_turn(messages, tools, select, unknown)


def as_message(turn: Turn, n: int) -> Message:
    message: Message = {"role": "assistant", "reasoning_content": turn.reasoning}
    if turn.content:
        message["content"] = turn.content
    if turn.calls:
        message["tool_calls"] = [
            {
                "id": f"{c.name}:{n + i}",
                "type": "function",
                "function": {"name": c.name, "arguments": c.arguments_text},
            }
            for i, c in enumerate(turn.calls)
        ]
    return message


def play(
    kernel: KernelLike,
    prompt: Any,
    messages: list[Message] | None = None,
    tools: frozenset[str] = ALL,
    changed: Callable[[str], str] = str,
) -> list[Message]:
    """Run a conversation on, to the story's end; `changed` may falsify the tools' results."""
    messages = [*(messages or []), user(prompt)]
    while True:
        turn = reply_to(messages, tools)
        n = sum(len(m.get("tool_calls") or []) for m in messages)
        messages.append(as_message(turn, n))
        if not turn.calls:
            return messages
        for call in messages[-1]["tool_calls"]:
            answer = kernel.call(call)
            messages.append({**answer, "content": changed(answer["content"])})


@pytest.fixture(scope="module")
def penguins() -> pd.DataFrame:
    return load_penguins()


@pytest.fixture(scope="module")
def quickstart(penguins: pd.DataFrame) -> list[Message]:
    return play(KernelLike(penguins=penguins), QUESTION)


def figures(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:\.\d+)?", text))


def test_the_quickstart_has_parallel_calls_an_error_and_a_figure(quickstart: list[Message]) -> None:
    replies = [m for m in quickstart if m["role"] == "assistant"]
    calls = [[c["function"]["name"] for c in m.get("tool_calls", [])] for m in replies]
    assert calls[0] == ["inspect_variable", "run_python"]
    assert len(calls) >= 5
    assert calls[-1] == []
    results = [m["content"] for m in quickstart if m["role"] == "tool"]
    failed = [i for i, text in enumerate(results) if Result(text).error]
    assert failed == [2], results
    assert "TypeError" in results[2]
    assert "TypeError" in replies[2]["reasoning_content"], "the error is not read"
    code = [m for m in replies if "plt.show()" in str(m.get("tool_calls"))]
    assert len(code) == 1


def test_every_number_of_the_answer_is_in_the_results(quickstart: list[Message]) -> None:
    results = "\n".join(m["content"] for m in quickstart if m["role"] == "tool")
    answer = quickstart[-1]["content"]
    own = {"2", "5"}  # birds left out and birds gained: sums of numbers in the results
    assert figures(answer) - figures(results) <= own
    assert re.search(r"^2 birds without measurements", answer, re.MULTILINE)
    assert "5 birds more" in answer
    assert "327 of 342" in answer
    assert "95.6%" in answer


def test_another_table_makes_another_answer(penguins: pd.DataFrame) -> None:
    few = penguins[penguins.island != "Biscoe"]
    answer = play(KernelLike(penguins=few), QUESTION)[-1]["content"]
    assert "327 of 342" not in answer
    results = play(KernelLike(birds=few), QUESTION.replace("the three", "the @birds"))
    assert results[-1]["content"] == answer


def test_a_wrong_result_changes_the_story(penguins: pd.DataFrame) -> None:
    def falsified(text: str) -> str:
        return text.replace(
            "bill_length_mm + bill_depth_mm: 319", "bill_length_mm + bill_depth_mm: 340"
        )

    messages = play(KernelLike(penguins=penguins), QUESTION, changed=falsified)
    plotted = next(m for m in messages if "plt.show()" in str(m.get("tool_calls")))
    code = json.loads(plotted["tool_calls"][0]["function"]["arguments"])["code"]
    assert 'plot_pair("bill_length_mm", "bill_depth_mm"' in code
    assert "340 of 342" in messages[-1]["content"]


@pytest.mark.parametrize(("at", "left"), [(1, 2), (3, 4), (4, 5), (5, 6)])
def test_a_useless_result_ends_the_story_honestly(
    penguins: pd.DataFrame, at: int, left: int
) -> None:
    seen: list[str] = []

    def broken(text: str) -> str:
        seen.append(text)
        return "Denied: not now" if len(seen) - 1 == at else text

    messages = play(KernelLike(penguins=penguins), QUESTION, changed=broken)
    assert len(seen) == left
    assert "I stopped here" in messages[-1]["content"]
    assert "Denied: not now" in messages[-1]["content"]


def test_without_the_table_it_says_so() -> None:
    answer = play(KernelLike(), QUESTION)[-1]["content"]
    assert "no variable `penguins`" in answer
    assert not figures(answer)


@pytest.mark.parametrize("drill", ["lesson repair", "Lesson: parallel", "lesson long 12."])
def test_drills(drill: str) -> None:
    messages = play(KernelLike(), drill)
    expected = {"repair": "**12**", "parallel": "**13.0**", "long": "1 to 12 is **78**"}
    assert next(v for k, v in expected.items() if k in drill) in messages[-1]["content"]
    again = play(KernelLike(), drill)
    assert [m for m in again if m["role"] != "tool"] == [m for m in messages if m["role"] != "tool"]


def test_the_story_is_where_the_messages_are(quickstart: list[Message]) -> None:
    """Every prefix of the conversation gets the reply that it got."""
    for i, message in enumerate(quickstart):
        if message["role"] == "assistant":
            n = sum(len(m.get("tool_calls") or []) for m in quickstart[:i])
            assert as_message(reply_to(quickstart[:i]), n) == message


def test_rounds_that_the_story_did_not_ask_for_are_passed_over() -> None:
    strange = as_message(Turn("Hm.", calls=(run("1"),)), 0)
    result = {"role": "tool", "tool_call_id": "run_python:0", "content": "1"}
    begun = reply_to([user("lesson repair"), strange, result])
    assert begun == reply_to([user("lesson repair")])


def steered(text: str, result: str = "sum: 1") -> list[Message]:
    first = as_message(reply_to([user("lesson long 2")]), 0)
    answer = {"role": "tool", "tool_call_id": "run_python:0", "content": result}
    return [user("lesson long 2"), first, answer, user(text)]


def test_words_in_mid_story_do_not_lose_it_and_are_owned_up_to() -> None:
    messages = steered("use fewer words")
    second = reply_to(messages)
    assert second.calls == (run("print('sum:', 1 + 2)"),)
    answer = {"role": "tool", "tool_call_id": "run_python:1", "content": "sum: 3"}
    last = reply_to([*messages, as_message(second, 1), answer])
    assert "The sum of 1 to 2 is **3**." in last.content
    assert "You also wrote “use fewer words”" in last.content


def test_a_request_in_mid_story_or_after_a_stop_is_a_new_one() -> None:
    assert "x" in str(reply_to(steered("describe x")).calls)
    stopped = "Stopped by the user before it ran; do not retry unless they ask."
    assert reply_to(steered("use fewer words", stopped)).content == ANSWER


def test_tools_that_are_not_offered_are_not_called() -> None:
    for prompt in (QUESTION, "lesson repair", "describe df", "plot x", "what variables are there"):
        turn = reply_to([user(prompt)], frozenset())
        assert turn.calls == ()
        assert "`run_python`" in turn.content
        assert not figures(turn.content)
    (call,) = reply_to([user("missing values in df")], frozenset({"inspect_variable"})).calls
    assert (call.name, call.arguments) == ("inspect_variable", {"name": "df"})
    (call,) = reply_to([user("list variables")], frozenset({"list_variables"})).calls
    assert call.name == "list_variables"


@pytest.mark.parametrize(
    "prompt",
    ["write a poem", "Train a random forest on df", "hello", "?", "plot x and email it to Ann",
     "delete df", "describe class", "what is 2+2", "who are you", "x" * 5_000, "🐧", "a\nb\nc"],
)  # fmt: skip
def test_what_no_scenario_knows_gets_an_honest_answer(prompt: str) -> None:
    turn = reply_to([user(prompt)])
    assert turn.calls == ()
    assert turn.content == ANSWER
    assert "scripted stand-in, not Kimi" in turn.content


def test_only_typed_words_count() -> None:
    block = '<attachment name="@df" what="DataFrame">\nplot df\nlesson repair\n</attachment>'
    for content in (f"how many rows has @df?\n\n{block}", [
        {"type": "text", "text": "how many rows has @df?"}, {"type": "text", "text": block},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}},
    ]):  # fmt: skip
        assert "len(df)" in str(reply_to([user(content)]).calls)


ERRORS = [
    ("ValueError: bad", ("ValueError", "bad")),
    ("KeyError: 'x'\n[Names: +a]", ("KeyError", "'x'")),
    ("Traceback…\nnumpy.linalg.LinAlgError: singular", ("numpy.linalg.LinAlgError", "singular")),
    ("KeyError   Traceback\n  raise ValueError: no\nTypeError: yes", ("TypeError", "yes")),
    ("all is well", None),
]


@pytest.mark.parametrize(("text", "error"), ERRORS)
def test_errors_are_read_from_tracebacks(text: str, error: tuple[str, str] | None) -> None:
    assert Result(text).error == error


numbers = st.from_regex(r"[0-9]{1,30}", fullmatch=True)
lines = st.one_of(
    st.text(max_size=30),
    st.builds("{}: {} of {} right ({}%)".format, st.sampled_from(["a_mm + b_g", "always x"]),
              numbers, numbers, numbers),
    st.builds("{}  {}  {}".format, st.sampled_from(["Adelie", "x_mm", "a|b"]), numbers, numbers),
    st.builds("x_mm  0.{}".format, numbers),
    st.builds("placed wrongly: {} of {}".format, numbers, numbers),
    st.builds("{} {}".format, st.sampled_from(["rows:", "type: DataFrame", "type: Series", "sum:",
                                               "size:", "tables:", "total:", "mean:"]), numbers),
    st.sampled_from(["NameError: name 'x' is not defined", "KeyError: 'g'", "missing:", "```"]),
)  # fmt: skip
results = st.lists(lines, max_size=6).map("\n".join)
PROMPTS = [QUESTION, "lesson repair", "lesson parallel", "lesson long 4", "describe df", "plot df",
           "plot y", "plot a against b", "mean of y by g", "mean of y", "how many of each g",
           "missing values in df", "columns of df", "first rows of df", "how many rows has df",
           "correlation of a and b", "what variables are there"]  # fmt: skip


@given(st.sampled_from(PROMPTS), st.lists(results, min_size=8, max_size=8))
def test_no_result_can_break_a_story(prompt: str, texts: list[str]) -> None:
    """Whatever the tools return, every story goes on or ends, with text."""
    chat = Chat(prompt, ALL)
    scenario = select(chat)
    assert scenario is not None
    story = scenario.story(chat)
    turn = next_or_last(story, None)
    for text in texts:
        assert turn.reasoning
        if not turn.calls:
            break
        turn = next_or_last(story, [Result(text) for _ in turn.calls])
    assert turn.calls or turn.content


def test_a_story_that_ignores_results_would_be_seen(quickstart: list[Message]) -> None:
    """The positive control: the same checks on a story that has its numbers by heart."""

    def by_heart(_: Chat) -> Story:
        yield Turn("I count.", calls=(run("print(len(penguins))"),))
        return Turn("I know.", "There are 345 birds; 95.6% are placed right.")

    known = Scenario("by heart", lambda _: True, by_heart)
    first = next_turn([user("x")], ALL, lambda _: known, unknown)
    messages = [user("x"), as_message(first, 0)]
    messages.append({"role": "tool", "tool_call_id": "run_python:0", "content": "344"})
    last = next_turn(messages, ALL, lambda _: known, unknown)
    assert figures(last.content) - figures("344") == {"345", "95.6"}


def test_scenarios_have_names_of_their_own() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
