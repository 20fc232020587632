"""Turns in their places: running a cell again replaces its turn only while it is the last."""

from __future__ import annotations

from typing import Any

from nbagent.conversation import Conversation, Turn, history_after
from nbagent.errors import AuthFailed
from nbagent.run import Run
from tests.scripted import call, calls, drive, make_run, says
from tests.strict import complaints


def ask(conversation: Conversation, prompt: str, cell: str, script: Any = None) -> Run:
    opening = conversation.opening(cell)
    history = history_after(opening.parent, "Be brief.")
    run = make_run(script or [says(f"to {prompt}")], prompt=prompt, history=history)
    conversation.add(run, opening, cell)
    return drive(run)


def said(turn: Turn | None) -> list[Any]:
    assert turn is not None
    return [m.get("content") for m in turn.run.messages if m["role"] == "user"]


def test_turns_go_on_from_one_another() -> None:
    conversation = Conversation()
    ask(conversation, "one", "a", [calls(call("x:0")), says("ok")])
    run = ask(conversation, "two", "b")
    assert said(conversation.head) == ["one", "two"]
    assert complaints([dict(m) for m in run.messages]) == []


def test_the_last_cell_run_again_replaces_its_turn_and_the_old_one_is_kept() -> None:
    conversation = Conversation()
    ask(conversation, "one", "a")
    old = ask(conversation, "two", "b")
    ask(conversation, "two, better", "b")
    assert said(conversation.head) == ["one", "two, better"]
    assert [turn.run for turn in conversation.turns].count(old) == 1
    assert conversation.turns[1].replaced_by is conversation.head
    assert conversation.opening("b").note.startswith("This replaces the run of this cell (run-1)")


def test_an_earlier_cell_run_again_goes_on_at_the_end_and_says_so() -> None:
    conversation = Conversation()
    ask(conversation, "one", "a")
    ask(conversation, "two", "b")
    assert "goes on at the end" in conversation.opening("a").note
    ask(conversation, "one again", "a")
    assert said(conversation.head) == ["one", "two", "one again"]


def test_without_cell_ids_turns_are_simply_appended() -> None:
    conversation = Conversation()
    for prompt in ("one", "one", "one"):
        ask(conversation, prompt, "")
    assert said(conversation.head) == ["one", "one", "one"]


def test_a_turn_that_never_got_a_reply_leaves_nothing_behind() -> None:
    conversation = Conversation()
    ask(conversation, "one", "a")
    ask(conversation, "lost", "b", [AuthFailed("no")])
    ask(conversation, "two", "c")
    assert said(conversation.head) == ["one", "two"]


def test_records_are_shared_from_turn_to_turn() -> None:
    conversation = Conversation()
    first = ask(conversation, "one", "a")
    second = ask(conversation, "two", "b")
    earlier = list(first.transcript.current.records)
    assert all(a is b for a, b in zip(second.transcript.current.records, earlier, strict=False))


def test_a_changed_system_prompt_takes_the_old_ones_place() -> None:
    conversation = Conversation()
    ask(conversation, "one", "a")
    records = history_after(conversation.head, "Be long.")
    roles = [(r.message["role"], r.message.get("content")) for r in records]
    assert roles[0] == ("system", "Be long.")
    assert [role for role, _ in roles].count("system") == 1
