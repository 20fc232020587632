"""Lesson 09: its stories go on where a summary, or a call of unknown outcome, has left them."""

from __future__ import annotations

from typing import Any

from nbagent.lessons.scenarios import select
from nbagent.lessons.scenarios.unknown import unknown
from nbagent.lessons.story import Turn, next_turn, typed
from nbagent.run.calls import DONE, UNKNOWN
from nbagent.run.resume import FRESH_KERNEL
from nbagent.summary import framed
from tests.lessons.test_stories import as_message

ROWS = frozenset({"save_row", "list_rows"})
CODE = frozenset({"run_python"})
Message = dict[str, Any]


def answered(turn: Turn, n: int, *contents: str) -> list[Message]:
    message = as_message(turn, n)
    ids = [call["id"] for call in message["tool_calls"]]
    results = zip(ids, contents, strict=True)
    return [message, *({"role": "tool", "tool_call_id": i, "content": c} for i, c in results)]


def saving(*contents: str, note: str = "") -> tuple[Turn, list[Message]]:
    """The turn that follows once its calls have brought these results."""
    messages: list[Message] = [{"role": "user", "content": "Save the rows 1 to 2."}]
    for n, content in enumerate(contents):
        turn = next_turn(messages, ROWS, select, unknown)
        messages += answered(turn, n, content)
        if note and content == UNKNOWN:
            messages.append({"role": "user", "content": note})
    return next_turn(messages, ROWS, select, unknown), messages


def test_a_row_that_may_be_saved_is_looked_for_and_not_saved_again() -> None:
    turn, _ = saving("saved 1", UNKNOWN, note=FRESH_KERNEL)
    assert [call.name for call in turn.calls] == ["list_rows"]
    turn, _ = saving("saved 1", UNKNOWN, "1\n2\n", note=FRESH_KERNEL)
    assert not turn.calls
    assert "restarted" not in turn.content, "the client's note is no word of the user"


def test_a_row_that_is_not_there_is_saved_again() -> None:
    """The positive control: the story does read what the list says."""
    turn, _ = saving("saved 1", UNKNOWN, "1\n", note=FRESH_KERNEL)
    assert [(call.name, call.arguments) for call in turn.calls] == [("save_row", {"n": 2})]


def test_a_row_that_the_person_says_is_saved_is_not_saved_again() -> None:
    turn, _ = saving("saved 1", DONE, note=FRESH_KERNEL)
    assert not turn.calls
    assert turn.content == "The rows 1 to 2 are saved."
    turn, _ = saving("saved 1", "it broke", note=FRESH_KERNEL)
    assert "I stopped here" in turn.content, "the positive control: it reads what came back"


def test_what_a_person_wrote_in_between_is_still_theirs() -> None:
    assert typed({"role": "user", "content": "hurry"}) == "hurry"
    assert typed({"role": "user", "content": FRESH_KERNEL}) == ""


def test_adding_up_goes_on_after_a_summary() -> None:
    told = "- `subtotal = 10 + 5 print('sum:', subtotal)` gave: sum: 15"
    messages: list[Message] = [
        {"role": "user", "content": "Add up the numbers 1 to 6, one step a number."},
        dict(framed(told, is_mechanical=False)),
    ]
    turn = next_turn(messages, CODE, select, unknown)
    assert "10 + 5" in turn.calls[0].arguments["code"]
    turn = next_turn([*messages, *answered(turn, 4, "sum: 15")], CODE, select, unknown)
    assert "15 + 6" in turn.calls[0].arguments["code"]
