"""A list whose older items are packed reads like any list, and holds what is shared once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbagent.events import Event, ReplyReceived, Sent, StepStarted, ToolFinished
from nbagent.messages import Messages, Record, Request, Revision
from nbagent.packed import Block, Packed, Packer
from tests.scripted import says

WORDS = "a few words that nobody has said before "
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.text(max_size=3)),
        st.tuples(st.just("pack"), st.integers(0, 6)),
    ),
    max_size=25,
)


def packed_by(moves: list[tuple[str, Any]], kind: type[Packed[str]] = Packed) -> Packed[str]:
    made, packer = kind(), Packer()
    for move, value in moves:
        if move == "append":
            made.append(value)
        else:
            n = min(value, len(made.recent))
            made.pack_first(n, packer.pack([], [*made.recent[:n]]), 1)
    return made


def reads_like_a_list(made: Packed[str], items: list[str]) -> bool:
    n, places = len(items), range(-len(items) - 2, len(items) + 2)
    slices = [slice(a, b, c) for a in places for b in (None, *places) for c in (None, 2, -1)]
    return (
        len(made) == n
        and [*made] == items
        and [*reversed(made)] == items[::-1]
        and all(made[i] == items[i] for i in range(-n, n))
        and all(made[s] == items[s] for s in slices)
        and made == items
        and made != [*items, "one more"]
    )


@given(MOVES)
def test_it_reads_like_a_list(moves: list[tuple[str, Any]]) -> None:
    items = [value for move, value in moves if move == "append"]
    made = packed_by(moves)
    assert reads_like_a_list(made, items)
    for i in (len(items), -len(items) - 1):
        with pytest.raises(IndexError):
            made[i]


def test_a_list_that_counts_wrongly_is_found() -> None:
    """The control: one that forgets what it has packed."""

    class Forgets(Packed[str]):
        def pack_first(self, n: int, _block: Block, _place: int) -> None:
            parts, recent = self._state
            self._state = parts, recent[n:]

    moves = [("append", "x"), ("append", "y"), ("pack", 1)]
    assert reads_like_a_list(packed_by(moves), ["x", "y"])
    assert not reads_like_a_list(packed_by(moves, Forgets), ["x", "y"])


def some_events(n: int) -> list[Event]:
    made: list[Event] = []
    for i in range(n):
        reply = says(f"{WORDS}{i}", "日本 \ud800")
        made += [
            StepStarted(step=i, sent=(Sent(kind="prompt", n_bytes=i),), seq=3 * i),
            ReplyReceived(step=i, attempt=1, message=reply, finish_reason="stop", seq=3 * i + 1),
            ToolFinished(step=i, index=0, name="f", content=WORDS * 5, seq=3 * i + 2),
        ]
    return made


def test_events_come_back_as_they_were() -> None:
    events = some_events(20)
    again = Packer().pack(events)[0]
    assert again == events
    assert all(type(a) is type(b) and a is not b for a, b in zip(again, events, strict=True))


def test_what_two_lists_share_is_one_thing_afterwards() -> None:
    events = some_events(3)
    messages = [e.message for e in events if isinstance(e, ReplyReceived)]
    block = Packer().pack(messages, events)
    assert block[1][1].message is block[0][0]


def test_packed_is_much_smaller() -> None:
    events = some_events(200)
    block = Packer().pack(events)
    assert len(block._body) < 0.1 * sum(len(repr(event)) for event in events)


def test_what_is_outside_stays_the_same_object() -> None:
    revision = Revision(0, [Record.of(says("x"))])
    requests = [Request(b'"model":"m"', revision, 1, b"") for _ in range(3)]
    again = Packer(Revision).pack(requests)[0]
    assert again == requests
    assert all(request.revision is revision for request in again)


class Strange:
    """Not ours: packing it would run its code."""

    def __reduce__(self) -> Any:
        raise AssertionError


@pytest.mark.parametrize("strange", [Strange(), {"x": Strange()}, lambda: None, Strange])
def test_what_is_no_plain_value_stays_as_it_is(strange: Any) -> None:
    event = ToolFinished(step=1, index=0, name="f", content="x", display=({"data": strange},))
    (again,) = Packer().pack([event])[0]
    assert again.display[0]["data"] is strange


def test_what_is_nested_too_deeply_stays_as_it_is() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert Packer().pack([deep])[0][0] is deep


def test_a_record_lets_go_of_its_message() -> None:
    message = says(WORDS)
    messages = Messages.of([says("first"), message])
    record, body = messages.records[1], messages.records[1].body
    record.pack(Packer().pack([message]), 0)
    assert record.is_packed
    assert record.message == message
    assert record.message is not message
    assert (record.body, record.n_bytes) == (body, len(body))
    assert messages == [says("first"), message]


def test_the_last_item_can_be_replaced() -> None:
    events: Packed[Any] = Packed(some_events(2))
    events.pack_first(3, Packer().pack([*events.recent[:3]]), 0)
    events.replace_last(replace(events[-1], outcome="other"))
    assert events[-1].outcome == "other"
    assert len(events) == 6
