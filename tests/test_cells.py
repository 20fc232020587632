"""The cell tools against a page that follows the protocol, person and agent editing in turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from nbagent.clock import ManualClock
from nbagent.messages import json_bytes
from nbagent.notebook import Cell, Notebook
from nbagent.notebook.cells import Cells, Seen
from nbagent.notebook.diff import cell_diff
from nbagent.notebook.draft import Draft
from nbagent.notebook.pages import ANSWER_S, Asker, Pages
from nbagent.notebook.tools import cell_tools
from nbagent.redact import Redactor
from nbagent.tools import Tool, ToolContext, ToolResult, Toolset
from tests.cell_page import Model
from tests.here import Here, a_call
from tests.mfjs_rules import violations

SECRET = "sk-a-secret-of-the-person-1234567890"


class Browser:
    """Pages at the other end, and what goes on while the kernel waits.

    Attributes:
        reach: what a page does with a request; it answers at once if nothing is set.
        meanwhile: what happens in each tick.
    """

    def __init__(self, *, checks: bool = True) -> None:
        self.clock = ManualClock()
        self.model = Model(checks=checks)
        self.pages = Pages(self.send, self, self.clock)
        self.asked: list[Mapping[str, Any]] = []
        self.reach: Callable[[Mapping[str, Any]], None] = self.take
        self.meanwhile: Callable[[], None] = lambda: self.clock.sleep(1.0)
        self.stopped = False
        self.n_called = 0

    def send(self, data: Mapping[str, Any], _on: Callable[[Any], None]) -> Callable[[], None]:
        if data["type"] == "who":
            self.n_called += 1
        else:
            self.asked.append(data)
            self.reach(data)
        return lambda: None

    def tick(self) -> None:
        self.meanwhile()

    @contextmanager
    def stops(self) -> Iterator[Callable[[], bool]]:
        yield lambda: self.stopped

    def come(
        self, page: str = "p", client: str = "", *, focus: bool = False, path: str = ""
    ) -> dict[str, Any]:
        facts = {"page": page, "client": client, "focus": focus, "path": path}
        return self.pages.answer("page", facts)

    def take(self, request: Mapping[str, Any]) -> None:
        if request["mode"] == "propose":
            self.done(request, {"ok": True, "proposed": True})
        else:
            self.done(request, self.model.answer(request["ops"]))

    def done(self, request: Mapping[str, Any], result: Any) -> None:
        self.pages.answer("done", {"answers": request["request_id"], "result": result})

    def never(self, _request: Mapping[str, Any]) -> None:
        """Leave a request unanswered."""


def run_python() -> Tool:
    def call(arguments: dict[str, Any], _: ToolContext) -> ToolResult:
        shown = {"output_type": "stream", "name": "stdout", "text": f"ran {arguments['code']}"}
        return ToolResult(content=shown["text"], display=(shown,))

    return Tool("run_python", "", {"type": "object"}, call)


class Agent:
    """The tools, called as the model calls them."""

    def __init__(self, browser: Browser, *, own: str = "", plan: bool = False) -> None:
        redact = Redactor()
        redact.add(SECRET)
        self.draft = Draft()
        browser.pages.offers = self.draft.told
        browser.pages.on_chosen = self.draft.drop
        self.saved = Notebook((), "Saved.")
        self.cells = Cells(
            browser.pages, self.draft, lambda: self.saved, Seen(), own=own, plan=plan
        )
        self.tools = Toolset(cell_tools(self.cells, run_python(), redact.value))

    def call(self, tool_name: str, **arguments: Any) -> ToolResult:
        context = ToolContext(Here(), print, run_id="run-1", call_id="call-1")
        return self.tools.call(a_call(tool_name, json_bytes(arguments).decode()), context)


@pytest.fixture
def browser() -> Browser:
    browser = Browser()
    browser.come()
    return browser


# --- pages -------------------------------------------------------------------------------------


def test_the_page_of_the_cell_is_asked_else_the_one_looked_at_last_else_the_first() -> None:
    browser = Browser()

    def asked(client: str) -> str:
        browser.pages.ask([{"op": "read"}], Asker(client=client))
        return str(browser.asked[-1]["to"])

    assert browser.pages.ask([{"op": "read"}], Asker()).why == "none"
    browser.come("first", "c1")
    browser.come("second", "c2")
    assert asked("elsewhere") == "first"
    browser.come("second", "c2", focus=True)
    assert asked("elsewhere") == "second"
    assert asked("c1") == "first"
    browser.pages.answer("page_gone", {"page": "second"})
    assert asked("c2") == "first"


def test_a_page_that_is_silent_is_given_up_after_five_seconds(browser: Browser) -> None:
    agent = Agent(browser)
    browser.reach = browser.never
    began = browser.clock.now()
    result = agent.call("insert_cell", source="x")
    assert browser.clock.now() - began == ANSWER_S
    assert str(result.content).startswith(
        "The page that shows this notebook has not answered, so this is only proposed"
    )
    assert browser.n_called == 1, "it is asked whether it is there after all"
    n_asked = len(browser.asked)
    agent.call("insert_cell", source="y")
    assert len(browser.asked) == n_asked, "but it is not waited for again"
    told = browser.come()["proposals"]
    assert [each["ops"][0]["source"] for each in told] == ["x", "y"]


def test_what_the_person_has_not_decided_is_told_to_a_page_that_is_loaded_anew() -> None:
    browser = Browser()
    assert browser.come(path="a.ipynb") == {"proposals": []}
    agent = Agent(browser, plan=True)
    assert agent.call("insert_cell", source="x").outcome == "proposed"
    (told,) = browser.come("anew", path="a.ipynb")["proposals"]
    assert (told["run_id"], told["tool_call_id"]) == ("run-1", "call-1")
    assert [op["source"] for op in told["ops"]] == ["x"]
    assert browser.come("other", path="b.ipynb") == {"proposals": []}, "of another notebook"
    assert not agent.draft.of("run-1"), "the page has it: it is no draft, and in no file"
    agent.call("insert_cell", source="y")
    (told,) = browser.come("anew", path="a.ipynb")["proposals"]
    assert told["ops"][0]["source"] == "y", "the same call's earlier words give way"
    browser.pages.answer("chosen", {"run": "run-1", "call": "call-1", "how": "dismissed"})
    assert browser.come("anew", path="a.ipynb") == {"proposals": []}


def test_a_page_that_closes_in_the_midst_is_not_waited_for(browser: Browser) -> None:
    browser.reach = browser.never
    browser.meanwhile = lambda: browser.pages.answer("page_gone", {"page": "p"})  # type: ignore[assignment,return-value]
    began = browser.clock.now()
    result = Agent(browser).call("insert_cell", source="x")
    assert "was closed" in str(result.content)
    assert browser.clock.now() == began


@pytest.mark.parametrize(
    ("action", "command"),
    [
        ("page", {}),
        ("page", {"page": ""}),
        ("page", {"page": 5}),
        ("page", {"page": "x" * 500}),
        ("done", {"answers": "nothing"}),
        ("nonsense", {}),
    ],
)
def test_what_makes_no_sense_is_no_command(
    browser: Browser, action: str, command: dict[str, Any]
) -> None:
    with pytest.raises(LookupError):
        browser.pages.answer(action, command)


def test_pages_are_few(browser: Browser) -> None:
    for i in range(500):
        browser.come(f"page-{i}")
    assert len(browser.pages) == 50


GARBAGE: list[Any] = [
    None,
    [],
    "yes",
    {},
    {"ok": "yes"},
    {"ok": True},
    {"ok": True, "results": [{"id": "../../etc"}]},
    {"ok": True, "results": [1, 2, 3]},
    {"ok": False},
    {"ok": False, "reason": "changed", "id": ["x"], "source": 5, "hash": {}},
    {"ok": True, "results": [{"ok": True, "cells": [{"id": "a"}], "path": 3}]},
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_an_answer_that_makes_no_sense_is_told_as_such(browser: Browser, garbage: Any) -> None:
    cell, agent = browser.model.add(0, "x = 1"), Agent(browser)
    agent.call("read_notebook", ids=[cell])
    browser.reach = lambda request: browser.done(request, garbage)
    edited, read = agent.call("edit_cell", id=cell, source="x"), agent.call("read_notebook")
    assert edited.is_error
    assert "nobody knows" in str(edited.content) or "Nothing was changed" in str(edited.content)
    assert "makes no sense" in str(read.content)
    assert browser.model.cells[0]["source"] == "x = 1"


# --- what is changed ---------------------------------------------------------------------------


def a_cell(browser: Browser, source: str) -> str:
    return browser.model.add(len(browser.model.cells), source)


def test_a_part_that_occurs_once_is_replaced(browser: Browser) -> None:
    cell, agent = a_cell(browser, "a = 1\na = 2\nb = 3"), Agent(browser)
    agent.call("read_notebook", ids=[cell])
    for old, said in (("a =", "more than once"), ("c =", "nowhere")):
        assert said in str(agent.call("edit_cell", id=cell, old=old, new="").content)
    for wrong in ({}, {"source": "x", "old": "a = 1"}):
        assert "Give either" in str(agent.call("edit_cell", id=cell, **wrong).content)
    agent.call("edit_cell", id=cell, old="a = 2\n", new="")
    assert browser.model.cells[0]["source"] == "a = 1\nb = 3"


def test_a_cell_that_was_shown_in_part_is_changed_in_parts(browser: Browser) -> None:
    long = a_cell(browser, "\n".join(f"line_{i} = {i}" for i in range(5_000)))
    secret = a_cell(browser, f"key = '{SECRET}'\nx = 1")
    agent = Agent(browser)
    for cell in (long, secret):
        text = str(agent.call("read_notebook", ids=[cell]).content)
        assert len(text) < 20_000
        refused = agent.call("edit_cell", id=cell, source="key = '***'\nx = 2")
        assert "only a part of this cell" in str(refused.content)
    agent.call("edit_cell", id=secret, old="x = 1", new="x = 2")
    assert browser.model.cells[1]["source"] == f"key = '{SECRET}'\nx = 2"
    agent.call("edit_cell", id=long, old="line_4999 = 4999", new="line_4999 = 0")
    assert browser.model.cells[0]["source"].endswith("line_4998 = 4998\nline_4999 = 0")


def test_an_empty_notebook_and_every_kind_of_cell(browser: Browser) -> None:
    agent = Agent(browser, own="gone")
    assert "There are no cells." in str(agent.call("read_notebook").content)
    for kind in ("code", "markdown", "raw"):
        assert agent.call("insert_cell", source=kind, kind=kind).outcome == "inserted"
    assert [(c["type"], c["source"]) for c in browser.model.cells] == [
        ("code", "code"),
        ("markdown", "markdown"),
        ("raw", "raw"),
    ]
    assert agent.call("insert_cell", source="x", kind="table").outcome == "arguments do not fit"
    assert agent.call("insert_cell", source="x", after="no-such").outcome == "no such cell"


def test_new_cells_go_on_below_each_other_when_one_was_deleted(browser: Browser) -> None:
    own = a_cell(browser, "%%kimi")
    a_cell(browser, "last")
    agent = Agent(browser, own=own)
    agent.call("insert_cell", source="a")
    browser.model.cells = [cell for cell in browser.model.cells if cell["source"] != "a"]
    agent.call("insert_cell", source="b")
    assert [cell["source"] for cell in browser.model.cells] == ["%%kimi", "b", "last"]


def test_a_person_sees_the_difference(browser: Browser) -> None:
    cell, agent = a_cell(browser, "a = 1\nb = 2"), Agent(browser)
    agent.call("read_notebook", ids=[cell])
    result = agent.call("edit_cell", id=cell, source="a = 1\nb = 3")
    assert result.display[0]["data"] == {"text/plain": "  a = 1\n- b = 2\n+ b = 3"}


def test_a_difference_is_short_and_quickly_found() -> None:
    lines = [f"x{i}" for i in range(1_000)]
    changed = [*lines[:700], "new", *lines[701:]]
    assert cell_diff("\n".join(lines), "\n".join(changed)).splitlines() == [
        "…",
        "  x698",
        "  x699",
        "- x700",
        "+ new",
        "  x701",
        "  x702",
    ]
    many = "\n".join(map(str, range(100_000)))
    assert cell_diff("", many).splitlines()[-1] == "… 99,940 more lines"
    assert cell_diff("", "\n".join(lines[:61])).splitlines()[-1] == "… 1 more line"


def test_outputs_that_are_too_large_stay_with_the_run(browser: Browser) -> None:
    cell, agent = a_cell(browser, "y" * 4_100), Agent(browser)
    agent.call("read_notebook", ids=[cell])
    huge = replace_output(agent, "z" * 5_000_000)
    result = huge.call("run_cell", id=cell, code="y" * 4_100)
    assert "too large to be put into the cell" in str(result.content)
    assert browser.model.cells[0]["outputs"] == []


def replace_output(agent: Agent, text: str) -> Agent:
    def call(_arguments: dict[str, Any], _: ToolContext) -> ToolResult:
        shown = {"output_type": "stream", "name": "stdout", "text": text}
        return ToolResult(content="long", display=(shown,))

    tool = Tool("run_python", "", {"type": "object"}, call)
    agent.tools = Toolset(cell_tools(agent.cells, tool, lambda value: value))
    return agent


def test_a_secret_does_not_reach_an_output(browser: Browser) -> None:
    cell, agent = a_cell(browser, f"'{SECRET}'"), Agent(browser)
    agent.call("read_notebook", ids=[cell])
    agent.call("run_cell", id=cell, code=f"'{SECRET}'")
    (shown,) = browser.model.cells[0]["outputs"]
    assert SECRET not in shown["text"]


def test_code_that_the_person_changed_runs_and_leaves_the_cell(browser: Browser) -> None:
    cell, agent = a_cell(browser, "a = 1"), Agent(browser)
    agent.call("read_notebook", ids=[cell])
    result = agent.call("run_cell", id=cell, code="a = 2")
    assert str(result.content) == "ran a = 2\n[The cell itself was left as it is.]"
    assert browser.model.cells[0]["outputs"] == []


def test_a_draft_stands_for_the_page(browser: Browser) -> None:
    browser.pages.answer("page_gone", {"page": "p"})
    agent = Agent(browser, own="own")
    agent.saved = Notebook((Cell("a", "code", "x = 1"), Cell("own", "code", "%%kimi")), "Saved.")
    agent.call("read_notebook", ids=["a"])
    agent.call("edit_cell", id="a", source="x = 2")
    agent.call("insert_cell", source="new")
    outline = str(agent.call("read_notebook").content).splitlines()
    assert outline[0] == "Saved. With 2 proposed changes of yours, not in the notebook yet."
    assert [line.rpartition(": ")[2] for line in outline[1:]] == ["x = 2", "%%kimi", "new"]
    agent.saved = Notebook((Cell("a", "code", "x = 9"), Cell("own", "code", "%%kimi")), "Saved.")
    refused = agent.call("edit_cell", id="a", source="x = 3")
    assert "was changed since you read it" in str(refused.content)


def test_the_tools_are_accepted_and_say_what_they_change(browser: Browser) -> None:
    for plan in (False, True):
        tools = Agent(browser, plan=plan).tools
        assert [violations(tool.parameters) for tool in tools] == [[]] * 5
        for name in ("insert_cell", "edit_cell", "delete_cell"):
            tool = tools.get(name)
            assert tool is not None
            assert (tool.effect, tool.reasons({})) == ("external", ())
            assert tool.changes({}) == ("" if plan else "changes cells of the notebook")


# --- person and agent in turns -----------------------------------------------------------------

WAYS = ("at once", "after typing", "twice", "late", "gone", "garbage")


class Turns(RuleBasedStateMachine):
    """Whatever the person typed stands where they typed it, unless they took it out themselves.

    Each of their edits adds a word of its own. The agent keeps what it has read and adds to it, so
    that a word which is gone was lost.
    """

    checks = True

    @initialize(n=st.integers(1, 4))
    def begin(self, n: int) -> None:
        self.browser = Browser(checks=self.checks)
        self.browser.come()
        self.words: dict[str, list[str]] = {}
        self.order: list[str] = []
        self.held: list[Mapping[str, Any]] = []
        self.n = 0
        for _ in range(n):
            self.person_adds(0)
        self.agent = Agent(self.browser, own=self.order[0])

    # the person

    @rule(at=st.integers(0, 9))
    def person_adds(self, at: int) -> None:
        place = min(at, len(self.order))
        below = self.order[place - 1] if place else None
        index = (self.browser.model.at(below) or 0) + 1 if below else 0
        cell = self.browser.model.add(index, "")
        self.order.insert(place, cell)
        self.words[cell] = []
        self.person_types(place)

    @rule(which=st.integers(0, 9))
    def person_types(self, which: int) -> None:
        cell = self.order[which % len(self.order)]
        index = self.browser.model.at(cell)
        assert index is not None
        self.n += 1
        word = f"word{self.n}."
        self.words[cell].append(word)
        here = self.browser.model.cells[index]
        here["source"] = f"{here['source']}\n{word}" if self.n % 2 else f"{word}\n{here['source']}"

    @precondition(lambda self: len(self.order) > 1)
    @rule(which=st.integers(1, 9))
    def person_deletes(self, which: int) -> None:
        self._gone(self.order[1 + which % (len(self.order) - 1)])

    def _gone(self, cell: str) -> None:
        index = self.browser.model.at(cell)
        if index is not None:
            del self.browser.model.cells[index]
        self.order.remove(cell)
        del self.words[cell]

    # the page

    @rule()
    def a_late_answer_comes(self) -> None:
        while self.held:
            self.browser.take(self.held.pop())

    @rule()
    def a_page_comes(self) -> None:
        self.browser.come()

    def _act(self, way: str, which: int, act: Callable[[], ToolResult]) -> ToolResult:
        """Let the agent act while the page takes requests in some way."""
        browser = self.browser

        def reach(request: Mapping[str, Any]) -> None:
            if request["ops"][0]["op"] == "read" or way == "at once":
                browser.take(request)
            elif way == "late":
                self.held.append(request)
            elif way == "gone":
                browser.pages.answer("page_gone", {"page": request["to"]})
            elif way == "garbage":
                browser.done(request, [way])
            else:
                self.person_types(which)
                browser.take(request)
                if way == "twice":
                    browser.done(request, {"ok": False, "reason": "changed"})

        browser.reach = reach
        return act()

    # the agent

    @rule(which=st.integers(0, 9))
    def agent_reads(self, which: int) -> None:
        self.agent.call("read_notebook", ids=[self.order[which % len(self.order)]])

    @rule(which=st.integers(0, 9), typed=st.integers(0, 9), way=st.sampled_from(WAYS))
    def agent_edits(self, which: int, typed: int, way: str) -> None:
        cell = self.order[which % len(self.order)]
        known = self.agent.cells.seen.find(cell)
        source = f"{known.source}\nagent" if known else "agent"
        self._act(way, typed, lambda: self.agent.call("edit_cell", id=cell, source=source))

    @rule(typed=st.integers(0, 9), way=st.sampled_from(WAYS), text=st.text("ab\n", max_size=5))
    def agent_inserts(self, typed: int, way: str, text: str) -> None:
        self._act(way, typed, lambda: self.agent.call("insert_cell", source=text))

    @precondition(lambda self: len(self.order) > 1)
    @rule(which=st.integers(1, 9), typed=st.integers(0, 9), way=st.sampled_from(WAYS[:3]))
    def agent_deletes(self, which: int, typed: int, way: str) -> None:
        cell = self.order[1 + which % (len(self.order) - 1)]
        known = self.agent.cells.seen.find(cell)
        read = known.source if known else ""
        words = list(self.words[cell])
        result = self._act(way, typed, lambda: self.agent.call("delete_cell", id=cell))
        if result.outcome == "deleted":
            assert self.words[cell] == words, "what was typed meanwhile is not deleted"
            assert all(word in read for word in words), "only what it has read is deleted"
            self._gone(cell)

    @invariant()
    def nothing_is_lost_or_misplaced(self) -> None:
        if not hasattr(self, "order"):
            return
        there = {cell["id"]: cell["source"] for cell in self.browser.model.cells}
        for cell, words in self.words.items():
            assert cell in there, "a cell of the person is gone"
            assert [w for w in words if w not in there[cell]] == [], "a word is gone"
        kept = [cell["id"] for cell in self.browser.model.cells if cell["id"] in self.words]
        assert kept == self.order, "the person's cells stand as they put them"


def run_turns(machine: type[Turns], n: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=n,
            stateful_step_count=25,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            report_multiple_bugs=False,
        ),
    )


def test_no_edit_is_lost_or_misplaced() -> None:
    run_turns(Turns, 60)


@pytest.mark.long
def test_no_edit_is_lost_or_misplaced_in_many_turns() -> None:
    run_turns(Turns, 1_000)


class Careless(Turns):
    checks = False


def test_a_page_that_does_not_check_loses_edits() -> None:
    """The positive control: without the hash the same turns lose what the person typed."""
    with pytest.raises(AssertionError, match=r"gone|meanwhile|only what it has read"):
        run_turns(Careless, 200)
