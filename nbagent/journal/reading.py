"""What is read from the journal: the list of runs, and one run as it was kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from json import loads
from sqlite3 import Connection
from typing import Any, Literal, cast

from nbagent.errors import UsageError
from nbagent.events import Event
from nbagent.journal.lease import Holder, held_by
from nbagent.journal.packing import Texts, from_spans, messages_of, unpack, unpack_events
from nbagent.messages import Message
from nbagent.run.cursor import Send
from nbagent.run.resume import RunRecord, uncollected

CHUNK = 500
"""How many events are read at a time."""
NAMED = 5
"""How many runs an error names."""
NEWEST = 2**62
"""No run has such a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """One line of the list of runs.

    Attributes:
        run_id: its name.
        prompt: the beginning of what was asked.
        model: the model's name.
        scripted: whether people wrote the replies.
        conversation: the conversation's name.
        notebook: the notebook's path ('' if unknown); `cell_id` the cell in it.
        kernel: the boot id of the kernel that made it.
        wall: when it began, in seconds since the epoch.
        state: `running`, or why it ended: answer, stopped, limit, error.
        completion_tokens: tokens that the model wrote, as far as the endpoint counted them.
        cost_usd: what it cost; None if unknown.
        elapsed_s: how long it took.
        answer: the beginning of the answer.
        held_by: who goes on with it, in words; '' if nobody does. A run whose state is `running`
            and that nobody holds was broken off.
    """

    run_id: str
    prompt: str
    model: str
    scripted: bool
    conversation: str
    notebook: str
    cell_id: str
    kernel: str
    wall: float
    state: str
    n_steps: int
    n_tool_calls: int
    completion_tokens: int
    cost_usd: float | None
    elapsed_s: float
    answer: str
    held_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun(RunRecord):
    """A run as the journal holds it; origin and sends of a run of an older nbagent are empty.

    Attributes:
        line: its line in the list.
        made_of: what its recipe was made of.
    """

    line: RunLine
    made_of: dict[str, Any] = field(default_factory=dict)


STORED = tuple(name for name in RunLine.__dataclass_fields__ if name != "held_by")
_SELECT = f"SELECT id, {', '.join(STORED)} FROM run"  # noqa: S608 -- our own names
_SEARCHED = "run_id || ' ' || prompt || ' ' || conversation || ' ' || notebook || ' ' || model"


def lines(db: Connection, text: str, limit: int, me: Holder, now: float) -> list[RunLine]:
    """The list of runs, newest first; all of them if `limit` is negative. See `Journal.runs`."""
    return page(db, text, NEWEST if limit < 0 else limit, me, now)[0]


def page(
    db: Connection, text: str, limit: int, me: Holder, now: float, *, before: int | None = None
) -> tuple[list[RunLine], int | None]:
    """Some of the list of runs, newest first; see `Journal.page`."""
    rows = db.execute(
        f"{_SELECT} WHERE id < ? AND instr(lower({_SEARCHED}), lower(?)) > 0 "
        "ORDER BY id DESC LIMIT ?",
        (NEWEST if before is None else before, text, limit + 1),
    ).fetchall()
    found = [_line(db, row, me, now) for row in rows[:limit]]
    return found, rows[limit - 1][0] if len(rows) > limit else None


def line(db: Connection, run_id: str, me: Holder, now: float) -> RunLine | None:
    """One line of the list; see `Journal.line`."""
    row = db.execute(f"{_SELECT} WHERE run_id = ?", (run_id,)).fetchone()
    return _line(db, row, me, now) if row else None


def _line(db: Connection, row: Sequence[Any], me: Holder, now: float) -> RunLine:
    number, *values = row
    named = dict(zip(STORED, values, strict=True))
    named["scripted"] = bool(named["scripted"])
    holder = held_by(db, number, me, now)
    words = ""
    if holder is not None:
        words = "this kernel" if holder.owner == me.owner else f"process {holder.pid}"
    return RunLine(**named, held_by=words)


def find(db: Connection, beginning: str) -> str:
    """The one run whose name begins so; see `Journal.find`."""
    names = [
        str(name)
        for (name,) in db.execute(
            "SELECT run_id FROM run WHERE substr(run_id, 1, ?) = ? ORDER BY id DESC",
            (len(beginning), beginning),
        )
    ]
    if beginning in names:
        return beginning
    if not names:
        raise UsageError(f"There is no run {beginning!r}.", "`%kimi runs` lists them.")
    if len(names) > 1:
        some = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
        raise UsageError(f"{len(names)} runs begin with {beginning!r}: {some}.", "Name one.")
    return names[0]


def number_of(db: Connection, run_id: str) -> int:
    """The number of a run.

    Raises:
        UsageError: there is no such run.
    """
    found = db.execute("SELECT id FROM run WHERE run_id = ?", (run_id,)).fetchone()
    if found is None:
        raise UsageError(f"There is no run {run_id!r}.", "`%kimi runs` lists them.")
    return cast("int", found[0])


def some_events(
    db: Connection, number: int, since: int, texts: Texts, limit: int = CHUNK
) -> tuple[list[Event], int | None]:
    """The next events of a run, and the `seq` to go on from; None after the last ones."""
    rows = db.execute(
        "SELECT seq, t, kind, body FROM event WHERE run = ? AND seq >= ? ORDER BY seq LIMIT ?",
        (number, since, limit),
    ).fetchall()
    return unpack_events(db, rows, texts), rows[-1][0] + 1 if len(rows) == limit else None


@uncollected()
def stored_run(db: Connection, run_id: str, me: Holder, now: float) -> StoredRun:
    """A whole run; see `Journal.load`."""
    number = number_of(db, run_id)
    texts: Texts = {}
    row = db.execute(f"{_SELECT} WHERE id = ?", (number,)).fetchone()
    (masked,) = db.execute("SELECT masked FROM run WHERE id = ?", (number,)).fetchone()
    begun = db.execute("SELECT origin, made_of FROM beginning WHERE run = ?", (number,)).fetchone()
    origin, made_of = begun or ("[]", b"{}")
    (sends_seq,) = db.execute("SELECT max(seq) FROM send WHERE run = ?", (number,)).fetchone()
    rows = db.execute(
        "SELECT move, yielded, given FROM send WHERE run = ? ORDER BY k", (number,)
    ).fetchall()
    begins = [*from_spans(loads(origin))]
    sends = [(move, yielded, [*from_spans(loads(given))]) for move, yielded, given in rows]
    messages = messages_of(db, {*begins, *chain.from_iterable(given for *_, given in sends)}, texts)
    partials = db.execute("SELECT text FROM partial WHERE run = ? ORDER BY n", (number,))
    return StoredRun(
        line=_line(db, row, me, now),
        events=tuple(_all_events(db, number, texts)),
        origin=tuple(messages[i] for i in begins),
        sends=tuple(_send(*row, messages) for row in sends),
        sends_seq=0 if sends_seq is None else sends_seq,
        made_of=unpack(db, made_of, texts),
        partial=b"".join(text for (text,) in partials).decode("utf-8", "surrogatepass"),
        masked=bool(masked),
    )


def _all_events(db: Connection, number: int, texts: Texts) -> Iterator[Event]:
    since: int | None = 0
    while since is not None:
        events, since = some_events(db, number, since, texts)
        yield from events


def _send(
    move: Literal["ask", "act", "restart"],
    yielded: str,
    given: Sequence[int],
    messages: Mapping[int, Message],
) -> Send:
    value = [messages[i] for i in given]
    return Send(move, yielded, value[0] if move == "ask" else value)
