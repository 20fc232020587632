"""Notebooks of the course with `NBAGENT_LIVE=1`, against a stand-in for the real endpoint.

The stand-in is a lesson server on loopback to which the settings of a real endpoint lead, and
which gives the real model's name: by its own it would be known for what it is. The clock of the
pace is a hand-moved one, so that its minutes are counted and not waited for.
"""

from __future__ import annotations

import re

import nbformat
import pytest
from nbformat import NotebookNode

from nbagent.lessons import control, routes, wire
from nbagent.lessons.course import exercises, notebooks
from nbagent.lessons.course.live import MINUTE_S, PER_MINUTE
from nbagent.lessons.course.prices import CACHED_USD, INPUT_USD, OUTPUT_USD, cost_usd
from nbagent.lessons.process import Server
from nbagent.settings import DEFAULT_MODEL
from tests.lessons.course.running import Traffic, errors, executed_and_counted, verdicts

pytestmark = [pytest.mark.kernel, pytest.mark.long]
BEFORE = f"""\
%load_ext nbagent
%config Kimi.price = ({INPUT_USD}, {CACHED_USD}, {OUTPUT_USD})
from nbagent.clock import ManualClock
from nbagent.lessons.course.classroom import here
clock = here()._clock = ManualClock()"""
AFTER = "print('waited', clock.slept, 'in', len(lesson.requests))"
TOGETHER = re.compile(r"Together \$(\d+\.\d+)\.")


@pytest.fixture
def stand_in(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The lesson server under the real model's name, with an empty ledger."""
    for module in (routes, wire):
        monkeypatch.setattr(module, "MODEL", DEFAULT_MODEL)
    control.clear(server)
    return server


def solved(number: str, server: Server, **environ: str) -> tuple[NotebookNode, Traffic | None]:
    """A solved notebook, executed where a key and an address for the real endpoint are set."""
    book = notebooks.solved(notebooks.read(notebooks.source(number)))
    ends = [nbformat.v4.new_code_cell(source) for source in (BEFORE, AFTER)]
    book.cells = [ends[0], *book.cells, ends[1]]
    key, url = "MOONSHOT_API_KEY", "MOONSHOT_BASE_URL"
    return executed_and_counted(book, **{key: server.token, url: server.url}, **environ)


def printed(book: NotebookNode) -> str:
    """What the cells printed, in order."""
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


def sent(server: Server) -> list[control.Entry]:
    """The chat requests that the stand-in received."""
    return [entry for entry in control.ledger(server) if entry["usage"]]


@pytest.mark.parametrize("number", ["01", "03"])
def test_it_is_taken_live(stand_in: Server, number: str) -> None:
    book, own_server = solved(number, stand_in, NBAGENT_LIVE="1")
    assert errors(book) == []
    assert [verdict["passed"] for verdict in verdicts(book).values()] == [True, True]
    assert own_server is None, "no scripted replies beside the real ones"
    assert stand_in.token not in nbformat.writes(book)
    said = printed(book)
    promised = f"may cost about ${exercises.lesson(number).live_usd:.2f}"
    assert 0 <= said.find("LIVE") < said.find(promised) < said.find("Together"), said
    paid = [cost_usd(entry["usage"]) or 0.0 for entry in sent(stand_in)]
    found = TOGETHER.search(said)
    assert found is not None
    assert float(found[1]) == pytest.approx(sum(paid), abs=0.0002)
    waited = re.search(r"waited \[(.*)\] in (\d+)", said)
    assert waited is not None
    minutes = (int(waited[2]) - 1) // PER_MINUTE
    assert waited[1] == ", ".join([str(MINUTE_S)] * minutes)


def test_a_key_alone_sends_nothing_there(stand_in: Server) -> None:
    book, own_server = solved("01", stand_in)
    assert errors(book) == []
    assert sent(stand_in) == []
    assert own_server is not None
    assert "Scripted replies" in printed(book)
