"""A run as one row of a list: the same row from the journal and from a live run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nbagent.clock import ManualClock
from nbagent.errors import Overloaded
from nbagent.events import Reason
from nbagent.journal import Journal, RunLine
from nbagent.kernel.risk.kinds import KINDS
from nbagent.policy import Wait
from nbagent.run import Run
from nbagent.run.work import Decide, Decision
from nbagent.trace.listed import CUT_OFF, listed, listed_run, title_of
from tests.scripted import call, calls, drive, echo_tool, make_run, says

OF_NOW = {"tokens_per_s", "context_share", "elapsed_s", "words"}
"""What only a live run tells."""
PRICE = (1.0, 0.1, 2.0)


def line(**named: Any) -> RunLine:
    known: dict[str, Any] = dict.fromkeys(RunLine.__dataclass_fields__, "") | {
        "scripted": False, "wall": 1.0, "n_steps": 0, "n_tool_calls": 0,
        "completion_tokens": 0, "cost_usd": None, "elapsed_s": 0.0,
    }  # fmt: skip
    return RunLine(**known | named)


def test_a_run_on_record_and_the_same_run_live_are_the_same_row(tmp_path: Path) -> None:
    journal = Journal(lambda: tmp_path, clock=ManualClock())
    run = make_run([calls(call("a")), says("It is 4.")], facts={"price": PRICE})
    keeper = journal.keep(run, {}, kernel="k", notebook="/n/a.ipynb")
    run.subscribe(keeper.apply)
    drive(run)
    keeper.close()
    stored = listed(journal.runs()[0])
    live = listed_run(run, notebook="/n/a.ipynb", kernel="k") | {"wall": stored["wall"]}
    journal.close()
    assert set(stored) == set(live)
    assert {k for k in stored if stored[k] != live[k]} <= OF_NOW
    assert (live["state"], live["n_steps"], live["n_tool_calls"]) == ("answer", 2, 1)
    assert live["completion_tokens"] == 20
    assert live["cost_usd"] == pytest.approx(2 * (100 * 1.0 + 10 * 2.0) / 1e6)


def test_states_of_a_run_on_record() -> None:
    assert listed(line(state="running", held_by="process 7"))["state"] == "running"
    cut_off = listed(line(state="running"))
    assert (cut_off["state"], cut_off["words"]) == ("interrupted", CUT_OFF)
    assert listed(line(state="limit"))["words"] == "Limit reached"


def test_what_a_live_run_does() -> None:
    seen: list[tuple[str, str]] = []

    def note(run: Run, _i: int) -> None:
        row = listed_run(run)
        seen.append((row["state"], row["words"]))

    busy = Overloaded("The server is busy.", retry_after_s=3.0)
    drive(make_run([busy, calls(call("a")), says("done")]), between=note)
    assert {"running", "retrying"} == {state for state, _ in seen}
    assert any("Trying again in" in words for _, words in seen)


def test_a_run_that_waits_for_you_names_the_question() -> None:
    rows: list[dict[str, Any]] = []
    keys: list[str] = []
    run = make_run(
        [calls(call("a")), says("done")],
        tools=[echo_tool("external")],
        gate=lambda _: Wait("it acts outside the kernel"),
    )

    def decide(question: Decide) -> Decision:
        rows.append(listed_run(run))
        keys.append(question.key)
        return Decision("run")

    drive(run, decide=decide)
    assert rows[0]["state"] == "waiting"
    assert rows[0]["needs"] == {"title": "call echo?", "key": keys[0]}
    assert listed_run(run)["needs"] is None


def asked_about(*reasons: Reason) -> str:
    """What the row of a run says that waits for an OK."""
    titles: list[str] = []
    run = make_run(
        [calls(call("a")), says("done")],
        tools=[echo_tool("external")],
        gate=lambda _: Wait("it is risky", reasons),
    )

    def decide(_: Decide) -> Decision:
        titles.append(listed_run(run)["needs"]["title"])
        return Decision("run")

    drive(run, decide=decide)
    return titles[0]


def test_a_question_says_what_the_call_would_do() -> None:
    def of(*kinds: str) -> str:
        return asked_about(*(Reason(kind=kind, verb=KINDS[kind].verb) for kind in kinds))

    assert of("overwrites", "overwrites") == "overwrite files?"
    assert of("deletes", "network") == "delete files and use the network?"
    assert of("may_overwrite") == "may overwrite a file?"
    assert of("unclear") == "do what cannot be told beforehand?"
    assert [of(kind) for kind in ("process", "library", "hidden", "credentials")] == [
        "control processes?",
        "change a library?",
        "contain hidden characters?",
        "read credentials?",
    ]


def test_a_run_that_rests_is_paused() -> None:
    run = make_run([says("done")])
    run.go("move")
    run.pending()
    row = listed_run(run)
    assert (row["state"], row["needs"]) == ("paused", None)


def test_a_title_is_one_clean_line() -> None:
    assert title_of("\n\n  What is it?\nMore.") == "What is it?"
    assert title_of("a\x1b[31mb\u202ec") == "ab[U+202E]c"
    assert len(title_of("word " * 100)) <= 121
    assert title_of("") == ""


def test_a_scripted_run_is_not_mistaken_for_the_model() -> None:
    row = listed(line(state="answer", scripted=True, model="kimi-k2.6", cost_usd=1.0))
    assert (row["model"], row["cost_usd"], row["scripted"]) == ("scripted", None, True)
