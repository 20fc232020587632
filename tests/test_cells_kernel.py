"""The agent writes cells, in a real kernel, through a page that follows the protocol."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from nbagent.clock import SystemClock
from nbagent.lessons import control
from nbagent.lessons.process import Server, ensure
from tests.cell_page import PageKernel
from tests.live_kernel import Cell

pytestmark = pytest.mark.kernel

CLOCK = SystemClock()


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "So.", "content": "", "calls": [[name, arguments]]}


def said(content: str) -> dict[str, Any]:
    return {"kind": "turn", "reasoning": "So.", "content": content, "calls": []}


@pytest.fixture(scope="module")
def server() -> Server:
    return ensure(CLOCK)


@pytest.fixture(scope="module")
def shared() -> Iterator[PageKernel]:
    kernel = PageKernel()
    kernel.run("%load_ext nbagent\n%kimi use lesson")
    yield kernel
    kernel.close()


@pytest.fixture
def kernel(shared: PageKernel, server: Server) -> PageKernel:
    control.clear(server)
    control.set_pace(server, math.inf)
    shared.model.cells.clear()
    shared.asked.clear()
    shared.is_there = True
    shared.run("from pathlib import Path")
    return shared


def ask(kernel: PageKernel, server: Server, *orders: dict[str, Any], options: str = "") -> Cell:
    control.order(server, *orders, said("Done."))
    own = kernel.model.cells[-1]["id"] if kernel.model.cells else ""
    return kernel.run(f"%%kimi -n --out run {options}\nGo on.", cell_id=own, answer=str)


def results(kernel: PageKernel) -> list[str]:
    text = kernel.run(
        "for m in run.messages:\n"
        "    if m['role'] == 'tool':\n"
        "        print(m['content'], end='\\x00')"
    ).text
    return [part.strip() for part in text.split("\0")][:-1]


def sources(kernel: PageKernel) -> list[str]:
    return [cell["source"] for cell in kernel.model.cells]


def test_cells_are_inserted_below_the_cell_that_asked(kernel: PageKernel, server: Server) -> None:
    kernel.model.add(0, "x = 1")
    kernel.model.add(1, "%%kimi")
    ask(
        kernel,
        server,
        call("insert_cell", source="# A", kind="markdown"),
        call("insert_cell", source="print(x)\nx"),
        call("insert_cell", source="first", kind="raw", after="start"),
        call("insert_cell", source="last", after="end"),
    )
    assert sources(kernel) == ["first", "x = 1", "%%kimi", "# A", "print(x)\nx", "last"]
    assert {request["who"] for request in kernel.asked} == {"Lesson server"}
    new = kernel.model.cells[4]["id"]
    assert results(kernel)[1] == (
        f"Inserted a code cell of 2 lines as cell 4, id {new}. The user can still undo it."
    )


def test_a_cell_is_read_changed_and_deleted(kernel: PageKernel, server: Server) -> None:
    first = kernel.model.add(0, "a = 1\nb = 2")
    second = kernel.model.add(1, "# old", "markdown")
    kernel.model.add(2, "%%kimi")
    trace = ask(
        kernel,
        server,
        call("read_notebook"),
        call("edit_cell", id=first, source="a = 2\nb = 2"),
        call("read_notebook", ids=[first, second]),
        call("edit_cell", id=first, source="a = 2\nb = 2"),
        call("edit_cell", id=first, old="b = 2", new="b = a"),
        call("delete_cell", id=second),
    )
    assert sources(kernel) == ["a = 2\nb = a", "%%kimi"]
    outline, refused, _, changed, again, deleted = results(kernel)
    assert outline.startswith("study.ipynb as it is open now.\n1. [cell")
    assert refused.startswith("You have not read this cell as it is now, so nothing was changed.")
    assert refused.endswith(f"[{first}] code\na = 1\nb = 2")
    assert changed == f"Changed cell {first}. The user can still undo it."
    assert again == changed
    assert deleted == f"Deleted cell {second}. The user can still undo it."
    html = trace.traces[-1]["text/html"]
    assert "- a = 1\n+ a = 2\n  b = 2" in html


def test_what_the_person_typed_meanwhile_is_kept(kernel: PageKernel, server: Server) -> None:
    cell = kernel.model.add(0, "mine = 1")
    kernel.model.add(1, "%%kimi")

    def type_on(request: dict[str, Any]) -> None:
        if request["ops"][0]["op"] == "edit" and kernel.model.cells[0]["source"] == "mine = 1":
            kernel.model.cells[0]["source"] = "mine = 2"
        PageKernel.take(kernel, request)

    kernel.take = type_on  # type: ignore[method-assign]
    try:
        ask(
            kernel,
            server,
            call("read_notebook", ids=[cell]),
            call("edit_cell", id=cell, source="theirs = 1"),
            call("edit_cell", id=cell, old="mine = 2", new="mine = 3"),
        )
    finally:
        del kernel.take
    assert sources(kernel)[0] == "mine = 3"
    assert results(kernel)[1] == (
        "This cell was changed since you read it, so nothing was changed. It is now:\n"
        f"[{cell}] code\nmine = 2"
    )


def test_a_cell_is_run_once_and_keeps_what_it_showed(kernel: PageKernel, server: Server) -> None:
    cell = kernel.model.add(0, "n_runs = globals().get('n_runs', 0) + 1\nprint('run', n_runs)\n42")
    note = kernel.model.add(1, "# note", "markdown")
    own = kernel.model.add(2, "%%kimi")
    kernel.run("globals().pop('n_runs', None)")
    trace = ask(
        kernel,
        server,
        call("run_cell", id=cell),
        call("run_cell", id=cell),
        call("run_cell", id=note),
        call("run_cell", id=own),
    )
    refused, ran, a_note, itself = results(kernel)
    assert refused.startswith("You have not read this cell as it is now, so nothing was run.")
    assert ran.startswith("run 1\n42\n")
    assert ran.endswith(f"[This is now the output of cell {cell}.]")
    assert a_note == f"{note} is a markdown cell; only code can be run."
    assert itself.startswith(f"{own} is the cell that you are running in")
    shown = kernel.model.cells[0]["outputs"]
    assert [output["output_type"] for output in shown] == ["stream", "execute_result"]
    assert kernel.run("print(n_runs)").text.strip() == "1"
    calls = trace.traces[-1]["application/vnd.nbagent.trace+json"]["snapshot"]["steps"]
    assert calls[1]["calls"][0]["code"].startswith("n_runs = ")
    assert kernel.run("print(run.code())").text.count("n_runs") == 3


def test_what_is_risky_in_a_cell_is_asked_about_with_its_code(
    kernel: PageKernel, server: Server
) -> None:
    kernel.come()
    cell = kernel.model.add(0, "import shutil\nshutil.rmtree('nowhere')")
    kernel.model.add(1, "%%kimi")
    control.order(
        server,
        call("read_notebook", ids=[cell]),
        call("run_cell", id=cell),
        said("Done."),
    )
    asked = kernel.run("%%kimi -n --out run\nGo on.", cell_id=kernel.model.cells[1]["id"])
    assert "Denied: nobody is here to ask: deletes files" in results(kernel)[1], asked.text
    found = kernel.run(
        "(asked,) = [e for e in run.events if e.kind == 'approval_asked']\n"
        "print(asked.arguments['code'])\nprint(asked.why)"
    ).text
    assert "shutil.rmtree('nowhere')" in found
    assert "deletes files (shutil.rmtree, line 2)" in found


def test_the_cell_of_the_run_itself_stays(kernel: PageKernel, server: Server) -> None:
    own = kernel.model.add(0, "%%kimi")
    ask(
        kernel,
        server,
        call("edit_cell", id=own, source="gone"),
        call("delete_cell", id=own),
        call("edit_cell", id="nowhere-1", source="x"),
    )
    edited, deleted, nowhere = results(kernel)
    assert sources(kernel) == ["%%kimi"]
    assert "Nothing was changed." in edited
    assert "Nothing was deleted." in deleted
    assert nowhere == "There is no cell nowhere-1; read_notebook lists them. Nothing was changed."


def test_plan_mode_proposes(kernel: PageKernel, server: Server) -> None:
    cell = kernel.model.add(0, "x = y + 1")
    kernel.model.add(1, "%%kimi")
    kernel.proposed.clear()
    ask(
        kernel,
        server,
        call("read_notebook", ids=[cell]),
        call("edit_cell", id=cell, source="x = z + 1"),
        call("insert_cell", source="z = 1"),
        call("run_python", code="open('made', 'w')"),
        options="--plan",
    )
    assert sources(kernel) == ["x = y + 1", "%%kimi"]
    assert [op["op"] for op in kernel.proposed] == ["edit", "insert"]
    _, edited, inserted, denied = results(kernel)
    assert edited == (
        f"Proposed to the user: change cell {cell}. Nothing changes until they accept."
    )
    assert inserted.startswith("Proposed to the user: insert a code cell of 1 line.")
    assert denied.startswith("Denied: this run only plans")


def test_an_attached_cell_is_as_the_page_shows_it(kernel: PageKernel, server: Server) -> None:
    cell = kernel.model.add(0, "prices['Apr']")
    kernel.model.add(1, "%%kimi")
    error = {"output_type": "error", "ename": "KeyError", "evalue": "'Apr'", "traceback": ["Key…"]}
    kernel.model.cells[0]["outputs"] = [error]
    kernel.run("prices = {'May': 3}")
    control.order(server, call("edit_cell", id=cell, source="prices['May']"), said("Done."))
    own = kernel.model.cells[1]["id"]
    kernel.run(f"%%kimi -n --out run\nFix @cell:{cell}", cell_id=own, answer=str)
    text = kernel.run("print(run.messages[1]['content'])").text
    assert "prices['Apr']\noutput:\nKey…\nvariables that it uses:\nprices: dict" in text
    assert sources(kernel)[0] == "prices['May']", "an attached cell counts as read"


FAILING = [
    ("print(pricse)", "print(prices)", "prices = [1]"),
    ("tabel = {'Mar': 1}\ntabel['Mrr']", "", ""),
    ("rows = {'total': 1}\n1 + rows['totl']", "1 + rows['total']", "rows = {'total': 1}"),
    ("for i in [1]\n    print(i)", "for i in [1]:", ""),
    ("print('a)", "print('a')", ""),
    ("x = 2.5 > '2'", "x = 2.5 > 2", ""),
]


@pytest.mark.long
@pytest.mark.parametrize(("source", "mended", "before"), FAILING)
def test_a_cell_that_failed_is_mended_by_rule(
    kernel: PageKernel, source: str, mended: str, before: str
) -> None:
    kernel.run(before)
    cell = kernel.model.add(0, source)
    own = kernel.model.add(1, "%%kimi --plan")
    kernel.model.cells[0]["outputs"] = kernel.run(source, cell_id=cell).outputs
    kernel.proposed.clear()
    prompt = f"Fix @cell:{cell}, which ends with an error.\nPropose the smallest change."
    answer = kernel.run(f"%%kimi --plan -n --out run\n{prompt}", cell_id=own, answer=str)
    if mended:
        (op,) = kernel.proposed
        assert (op["op"], op["id"]) == ("edit", cell)
        assert mended in op["source"], answer.text
    else:
        assert kernel.proposed == []
    assert sources(kernel)[0] == source


@pytest.mark.parametrize("garbage", [None, {"ok": True, "results": [1]}])
def test_an_answer_that_makes_no_sense_breaks_nothing(
    kernel: PageKernel, server: Server, garbage: Any
) -> None:
    kernel.model.add(0, "%%kimi")
    kernel.take = lambda request: kernel.done(request, garbage)  # type: ignore[method-assign]
    try:
        ask(kernel, server, call("insert_cell", source="x"), call("read_notebook"))
    finally:
        del kernel.take
    inserted, read = results(kernel)
    assert "nobody knows" in inserted or "Nothing was inserted" in inserted
    assert "makes no sense" in read or "cells" in read
    assert kernel.run("print(run.finished.reason)").text.strip() == "answer"


def test_a_stop_ends_the_wait(kernel: PageKernel, server: Server) -> None:
    kernel.model.add(0, "%%kimi")

    def stop(request: dict[str, Any]) -> None:
        kernel.interrupt()

    kernel.take = stop  # type: ignore[method-assign]
    try:
        ask(kernel, server, call("insert_cell", source="x"))
    finally:
        del kernel.take
    (stopped,) = results(kernel)
    assert stopped.startswith("Stopped by the user before the page had answered")
    assert kernel.run("print(run.finished.reason)").text.strip() == "stopped"


def test_a_run_in_the_background_writes_cells(kernel: PageKernel, server: Server) -> None:
    cell = kernel.model.add(0, "shown = 5\nprint(shown)")
    own = kernel.model.add(1, "%%kimi --bg")
    control.order(
        server,
        call("read_notebook", ids=[cell]),
        call("run_cell", id=cell),
        call("insert_cell", source="x = 1"),
        said("Done."),
    )
    kernel.run("%%kimi --bg -n --out run\nGo on.", cell_id=own, answer=str)
    kernel.look_on("run.finished is not None")
    assert sources(kernel) == ["shown = 5\nprint(shown)", "%%kimi --bg", "x = 1"]
    assert kernel.model.cells[0]["outputs"][0]["text"] == "5\n"
    assert kernel.run("print(run.finished.reason)").text.strip() == "answer"


def test_answers_that_come_twice_or_late_count_once(kernel: PageKernel, server: Server) -> None:
    kernel.model.add(0, "%%kimi")
    late: list[dict[str, Any]] = []

    def leave(request: dict[str, Any]) -> None:
        if not late:
            late.append(request)
            kernel.command("page_gone", page=request["to"])
            return
        if request["ops"][0]["op"] == "read":
            kernel.done(late[0], kernel.model.answer(late[0]["ops"]))
            kernel.done(late[0], {"ok": False, "reason": "changed"})
        PageKernel.take(kernel, request)
        kernel.done(request, "garbage")

    kernel.take = leave  # type: ignore[method-assign]
    try:
        ask(
            kernel,
            server,
            call("insert_cell", source="x = 1"),
            call("read_notebook"),
            call("insert_cell", source="y = 1"),
        )
    finally:
        del kernel.take
    first, read, second = results(kernel)
    words = "The page that shows this notebook was closed, so this is only proposed"
    assert first.startswith(words)
    assert "1 change that you were told was only proposed is in place." in read
    assert second.startswith("Inserted a code cell")
    assert sorted(sources(kernel)) == ["%%kimi", "x = 1", "y = 1"]


def test_a_run_is_taken_back_by_one_word(kernel: PageKernel, server: Server) -> None:
    kernel.model.add(0, "%%kimi")
    ask(kernel, server, call("insert_cell", source="x = 1"))
    kernel.take = lambda request: kernel.done(  # type: ignore[method-assign]
        request,
        {
            "ok": True,
            "results": [{"ok": True, "reverted": ["a"], "kept": [{"id": "b", "why": ""}]}],
        },
    )
    try:
        undone = kernel.run("%kimi undo cells")
    finally:
        del kernel.take
    assert kernel.asked[-1]["ops"] == [{"op": "revert", "run": kernel.asked[-1]["run_id"]}]
    assert "Taken back: 1 change" in undone.text
    assert "Left, as you have changed them since: b." in undone.text


def test_a_replay_runs_the_code_and_leaves_the_cells(kernel: PageKernel, server: Server) -> None:
    cell = kernel.model.add(0, "made = 7\nprint(made)")
    own = kernel.model.add(1, "%%kimi")
    ask(
        kernel,
        server,
        call("read_notebook", ids=[cell]),
        call("run_cell", id=cell),
        call("insert_cell", source="x = 1"),
    )
    kernel.model.cells[0]["source"] = "made = 8\nprint(made)"
    kernel.model.cells[0]["outputs"] = []
    before = [dict(each) for each in kernel.model.cells]
    kernel.asked.clear()
    kernel.run("del made")
    replayed = kernel.run("%%kimi -n --replay\nGo on.", cell_id=own, answer=str)
    assert kernel.model.cells == before
    assert {op["op"] for request in kernel.asked for op in request["ops"]} == {"read"}
    assert kernel.run("print(made)").text.strip() == "7", replayed.text
    assert "insert_cell was not run again: it acts outside this kernel." in replayed.text
    assert "run_cell: was" not in replayed.text


def test_the_tools_take_few_bytes(kernel: PageKernel, server: Server) -> None:
    kernel.model.add(0, "%%kimi")
    ask(kernel, server)
    sizes = kernel.run(
        "import json\n"
        "offered = {t.name: len(json.dumps(t.schema())) for t in run.recipe.tools}\n"
        "names = ['read_notebook', 'insert_cell', 'edit_cell', 'delete_cell', 'run_cell']\n"
        "print(sum(offered[name] for name in names))"
    ).text
    assert int(sizes) < 3_500
