"""What is read back from the journal is what happened, and each message is stored once."""

from __future__ import annotations

import builtins
import json
import os
import sqlite3
import stat
import tempfile
import threading
from collections.abc import Callable
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbagent.clock import ManualClock
from nbagent.conversation import Conversation, history_after
from nbagent.errors import InvalidTurn, UsageError
from nbagent.events import (
    EVENT_TYPES,
    Changes,
    Delta,
    Event,
    Reason,
    ReplyReceived,
    RunFinished,
    Sent,
    StepStarted,
)
from nbagent.journal import Journal
from nbagent.messages import Record, json_bytes
from nbagent.redact import Redactor
from nbagent.run.cursor import Send
from tests.journal.harness import (
    MADE_OF,
    a_journal,
    a_run,
    a_script,
    as_json,
    assert_is_there,
    keep,
    kept,
)
from tests.scripted import call, calls, drive, echo_tool, make_run, says

anything = st.characters(exclude_categories=())
texts = st.text(anything, max_size=9) | st.text(alphabet='\x01=0123"\\,', max_size=8)
long_texts = st.tuples(texts, st.integers(0, 2)).map(
    lambda pair: pair[0] * 32 + "x" * 256 * pair[1]
)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts | long_texts
values = st.recursive(
    leaves, lambda v: st.lists(v, max_size=3) | st.dictionaries(texts, v, max_size=3), max_leaves=8
)
BY_TYPE = {"str": texts | long_texts, "int": st.integers(-1, 99), "bool": st.booleans()} | {
    "float": st.floats(0, 1e6),
    "dict[str, Any]": st.dictionaries(texts, values, max_size=3),
    "Content": texts | long_texts,
}
BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "samples": st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9), texts), max_size=3).map(tuple),
    "sent": st.lists(st.builds(Sent, kind=texts, name=long_texts), max_size=2).map(tuple),
    "reasons": st.lists(st.builds(Reason, kind=texts, verb=texts), max_size=2).map(tuple),
    "changes": st.none() | st.builds(Changes, added=st.lists(texts, max_size=2).map(tuple)),
    "display": st.lists(st.dictionaries(texts, values, max_size=3), max_size=2).map(tuple),
    "message": st.dictionaries(texts, values, max_size=3),
}


def events_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Events of one kind, with anything in the fields whose type is known here."""
    fitting = {
        f.name: BY_NAME[f.name] if f.name in BY_NAME else BY_TYPE.get(str(f.type), texts)
        for f in fields(kind)
        if f.name in BY_NAME or str(f.type) in BY_TYPE or f.default is MISSING
    }
    return st.builds(kind, **fitting)


kept_kinds = [kind for kind in EVENT_TYPES.values() if kind is not RunFinished]
messages = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool"]), "content": texts | long_texts},
    optional={"unknown": values},
)


def test_a_run_comes_back(tmp_path: Path) -> None:
    run = kept(a_journal(tmp_path))
    journal = a_journal(tmp_path)
    assert_is_there(journal, run)
    back = journal.load("run-1")
    assert (back.made_of["loop"], back.masked, back.partial) == ("agent_loop", False, "")
    assert list(journal.events("run-1", since=3)) == [e for e in run.events if e.seq >= 3]
    line = back.line
    assert (line.state, line.answer, line.kernel, line.notebook) == (
        "answer",
        "done",
        "boot-1",
        "a.ipynb",
    )
    assert (line.n_steps, line.n_tool_calls, line.completion_tokens) == (2, 1, 20)
    assert line.held_by == ""


def test_its_files_are_this_user_s_alone(tmp_path: Path) -> None:
    os.umask(old := os.umask(0))
    directory = tmp_path / "new" / "nbagent"
    journal = a_journal(directory)
    umask = os.umask(0)
    try:
        keep(journal, a_run())
    finally:
        os.umask(umask)
    assert old == umask
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}
    assert files == {f"journal.sqlite{end}": 0o600 for end in ("", "-wal", "-shm")}


@given(
    st.lists(st.one_of(*map(events_of, kept_kinds)), max_size=6),
    st.lists(messages, max_size=6),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_happened_comes_back(events: list[Any], history: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        journal = a_journal(Path(directory))
        run = make_run([], history=[Record.of(message) for message in history])
        keeper = journal.keep(run, {})
        run.cursor.sends.extend(
            [Send("act", "x", history), *(Send("ask", "y", m) for m in history)]
        )
        kept_events = list(run.events)
        for seq, event in enumerate(events, 1):
            stamped = replace(event, seq=seq)
            keeper.apply(stamped)
            kept_events += [] if stamped.kind in {"delta", "tool_output"} else [stamped]
        keeper.retry()
        back = journal.load("run-1")
        assert as_json(back.events) == as_json(kept_events)
        assert list(back.sends) == run.cursor.sends
        assert back.origin == run.cursor.origin
        assert list(map(json_bytes, back.origin)) == list(map(json_bytes, run.cursor.origin))
        journal.close()


def conversation_bytes(tmp_path: Path, keep_turn: Callable[[Journal, Any], int], n: int) -> int:
    """How many bytes `n` turns of a conversation take."""
    journal, conversation, total = a_journal(tmp_path), Conversation(), 0
    for i in range(n):
        opening = conversation.opening("")
        answer = f"answer {i} " + "".join(chr(0x4E00 + (i * 37 + k * k) % 5000) for k in range(400))
        history = history_after(opening.parent, "Be brief.")
        run = a_run(f"run-{i}", [says(answer)], prompt=f"prompt {i}", history=history)
        conversation.add(run, opening, "")
        total = keep_turn(journal, run)
        drive(run)
    journal.close()
    return total


def used(journal: Journal, run: Any) -> int:
    keep(journal, run)
    return journal._size()


def test_a_conversation_is_stored_once(tmp_path: Path) -> None:
    """Fifty turns take fifty times one turn, although the last one holds all of them."""
    few = conversation_bytes(tmp_path / "few", used, 10)
    many = conversation_bytes(tmp_path / "many", used, 50)
    assert many < 6 * few
    rows = sqlite3.connect(tmp_path / "many" / "journal.sqlite")
    assert rows.execute("SELECT count(*) FROM message").fetchone() == (1 + 50 + 50,)
    assert len(rows.execute("SELECT origin FROM beginning WHERE run = 50").fetchone()[0]) < 40
    rows.close()

    def naive(_journal: Journal, run: Any, written: list[int] = [0]) -> int:  # noqa: B006 -- counts
        written[0] += len(json_bytes(run.messages))
        return written[0]

    few, control = (conversation_bytes(tmp_path / "c", naive, n) for n in (10, 50))
    assert control > 12 * few, "the control: the whole history at each turn grows quadratically"


def test_a_long_output_is_stored_once(tmp_path: Path) -> None:
    output = "".join(f"{i * i % 9973:x} " for i in range(20_000))
    script = [calls(call(f"a:{i}", arguments=json.dumps({"text": output}))) for i in range(3)]
    run = kept(a_journal(tmp_path), a_run("run-1", [*script, says("done")]))
    n_bytes = (tmp_path / "journal.sqlite").stat().st_size
    assert sum(len(json_bytes(m)) for m in run.messages) > 6 * len(output)
    assert n_bytes < 3 * len(output)


def test_what_streams_is_kept_until_the_reply_is(tmp_path: Path) -> None:
    clock = ManualClock()
    journal, run = a_journal(tmp_path, clock=clock), a_run(clock=clock)
    keeper = keep(journal, run)
    keeper.apply(StepStarted(seq=1, step=1))
    for i, text in enumerate(["Al", "most ", "do", "ne"], 2):
        keeper.apply(Delta(seq=i, step=1, attempt=1, phase="answer", text=text))
        clock.sleep(0.2)
    assert journal.load("run-1").partial == "Almost do", "four times a second, not at each piece"
    drive(run)
    assert journal.load("run-1").partial == ""


def test_a_failed_attempt_leaves_no_partial_text(tmp_path: Path) -> None:
    clock = ManualClock()
    journal = a_journal(tmp_path, clock=clock)
    run = a_run("run-1", [InvalidTurn("cut", partial="half"), says("whole")], clock=clock)
    seen: list[str] = []
    keeper = keep(journal, run)
    keeper.apply(Delta(seq=1, step=1, attempt=1, phase="answer", text="half"))
    drive(run, between=lambda *_: seen.append(journal.load("run-1").partial))
    assert (seen[0], seen[-1]) == ("half", "")
    assert [e.discarded for e in journal.events("run-1") if e.kind == "retry_scheduled"] == ["half"]  # type: ignore[attr-defined] # of this kind


def test_secrets_are_masked_on_their_way(tmp_path: Path) -> None:
    secret = "hunter2-correct-horse"
    redact = Redactor()
    redact.add(secret)
    run = a_run("run-1", [says("fine", reasoning=f"It is {secret}.")], redact=redact)
    journal = a_journal(tmp_path)
    keeper = journal.keep(run, {"note": secret})
    run.subscribe(keeper.apply)
    drive(run)
    back = journal.load("run-1")
    assert back.masked
    assert back.made_of == {"note": "[hidden]"}
    journal.close()
    assert secret.encode() not in (tmp_path / "journal.sqlite").read_bytes()
    clean = kept(journal, a_run("run-2"))
    assert not journal.load(clean.run_id).masked


def test_a_run_goes_on_in_another_kernel(tmp_path: Path) -> None:
    """Events that are there are not written again, whoever replays them."""
    first = a_journal(tmp_path)
    run = a_run("run-1", a_script(3))
    keeper = keep(first, run)
    drive_some(run, 6)
    keeper.close()
    n_there = len(list(first.events("run-1")))
    assert 3 < n_there == len(run.events)
    assert first.load("run-1").line.state == "running"
    kept(a_journal(tmp_path), run)
    assert_is_there(first, run)


class Enough(Exception):
    """The run has made as many moves as it should."""


def drive_some(run: Any, n: int) -> None:
    def until(_run: Any, i: int) -> None:
        if i == n:
            raise Enough

    with pytest.raises(Enough):
        drive(run, between=until)


def test_a_fork_is_a_run_of_its_own(tmp_path: Path) -> None:
    journal = a_journal(tmp_path)
    run = kept(journal, a_run("run-1", a_script(2)))
    fork = run.forked(4)
    fork.moves.until = "end"
    fork.recipe.model.script = [says("another end")]  # type: ignore[attr-defined] # a test's model
    kept(journal, fork)
    assert_is_there(journal, fork)
    assert_is_there(journal, run)


def test_tools_that_break_python_do_not_break_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise AssertionError("tool code did this")

    journal, run = a_journal(tmp_path), a_run("run-1", [])
    keeper = keep(journal, run)
    with monkeypatch.context() as patch:
        patch.setattr(builtins, "open", broken)
        patch.setattr(json, "dumps", broken)
        patch.setattr(sqlite3, "connect", broken)
        keeper.apply(StepStarted(seq=1, step=1, sha256="x" * 300))
        with pytest.raises(AssertionError):
            json.dumps({})  # the control: what a plain keeper would call
    assert keeper.problem == ""
    assert len(list(journal.events("run-1"))) == 2


def test_threads_take_turns(tmp_path: Path) -> None:
    journal, run = a_journal(tmp_path), a_run()
    keeper = keep(journal, run)
    seqs = iter(range(1, 81))
    turn = threading.Lock()

    def work() -> None:
        for _ in range(20):
            with turn:
                keeper.apply(StepStarted(seq=next(seqs), step=1))
            journal.runs()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.seq for event in journal.events("run-1")] == list(range(81))


def test_a_fork_of_the_process_leaves_the_file_alone(tmp_path: Path) -> None:
    journal, run = a_journal(tmp_path), a_run()
    keeper = keep(journal, run)
    parents = journal._database._db
    child = os.fork()
    if child == 0:
        keeper.apply(StepStarted(seq=1, step=99))
        is_fine = len(journal.runs()) == 1 and not keeper.retry()
        os._exit(int(is_fine and journal._database._db is not parents))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1, "it reads, by its own means"
    drive(run)
    assert keeper.problem == ""
    assert_is_there(journal, run)


def test_the_clock_may_jump(tmp_path: Path) -> None:
    clock = ManualClock()
    journal, run = a_journal(tmp_path, clock=clock), a_run("run-1", a_script(6))
    keep(journal, run)

    def jump(_run: Any, i: int) -> None:
        clock.t += 86_400 if i % 2 else -86_400

    drive(run, between=jump)
    assert_is_there(journal, run)


def test_runs_are_found_by_their_beginning(tmp_path: Path) -> None:
    journal = a_journal(tmp_path)
    for name in ("run-aa", "run-ab", "run-b"):
        kept(journal, a_run(name, prompt=f"about {name}"))
    assert [line.run_id for line in journal.runs()] == ["run-b", "run-ab", "run-aa"]
    assert [line.run_id for line in journal.runs("ABOUT run-a")] == ["run-ab", "run-aa"]
    assert [line.run_id for line in journal.runs(limit=1)] == ["run-b"]
    assert journal.find("run-b") == journal.find("run-b") == "run-b"
    for wrong, words in (("run-a", "2 runs begin"), ("run-c", "no run 'run-c'"), ("x", "no run")):
        with pytest.raises(UsageError, match=words):
            journal.find(wrong)
    for look in (journal.load, journal.events):
        with pytest.raises(UsageError, match="no run"):
            look("run-a")


def test_what_a_column_cannot_hold(tmp_path: Path) -> None:
    """Half a surrogate pair, a count beyond all sense, and what is no JSON."""
    half = "\ud83d"
    with pytest.raises(UnicodeEncodeError):
        sqlite3.connect(":memory:").execute("SELECT ?", (half,))
    journal = a_journal(tmp_path)
    run = a_run("run-1", [says(half, reasoning=half * 300)], prompt=half)
    keeper = journal.keep(run, {half: half}, notebook=f"{half}.ipynb")
    keeper.apply(Delta(seq=1, step=1, attempt=1, phase="answer", text=half))
    assert journal.load("run-1").partial == half
    run.subscribe(keeper.apply)
    drive(run)
    assert keeper.problem == ""
    assert_is_there(journal, run)
    assert journal.load("run-1").made_of == {half: half}
    keeper = keep(journal, other := a_run("run-2"))
    odd: Any = {("a", 1): echo_tool(), None: {1, 2}}
    usage: Any = {"prompt_tokens": 1, "completion_tokens": 10**30}
    keeper.apply(
        ReplyReceived(seq=1, step=1, attempt=1, message=odd, finish_reason="", usage=usage)
    )
    assert keeper.problem == ""
    assert len(list(journal.events(other.run_id))) == 2


def interrupted(*_: Any) -> Any:
    raise KeyboardInterrupt


def test_an_interrupt_while_it_writes_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, run = a_journal(tmp_path), a_run()
    for name in ("pack", "message_id", "pack_event"):
        with monkeypatch.context() as patch:
            patch.setattr(f"nbagent.journal.keeper.{name}", interrupted)
            with pytest.raises(KeyboardInterrupt):
                journal.keep(run, MADE_OF)
    assert journal.runs() == []
    db = journal._database._db
    assert db is not None
    db.execute("PRAGMA query_only = ON")
    keeper = journal.keep(run, MADE_OF)
    assert keeper.problem
    db.execute("PRAGMA query_only = OFF")
    with monkeypatch.context() as patch:
        patch.setattr("nbagent.journal.keeper.pack_event", interrupted)
        with pytest.raises(KeyboardInterrupt):
            keeper.retry()
    assert keeper.retry(), keeper.problem

    def apply(event: Event) -> None:
        if event.kind in {"step_started", "tool_finished"}:
            with monkeypatch.context() as patch:
                patch.setattr("nbagent.journal.keeper.pack_event", interrupted)
                with pytest.raises(KeyboardInterrupt):
                    keeper.apply(event)
        else:
            keeper.apply(event)

    run.subscribe(apply)
    drive(run)
    assert keeper.problem == ""
    assert_is_there(journal, run)
