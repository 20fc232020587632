"""Every notebook, executed: a starter fails only at its checks, a solution passes them all.

Sockets reach this machine only. `make ci` runs all of this file, `make test` the shortest pair.
"""

from __future__ import annotations

import nbformat
import pytest
from nbformat import NotebookNode

from nbagent.lessons.course import exercises, notebooks
from tests.environment import REFUSED
from tests.lessons.course.running import errors, executed, executed_and_counted, verdicts

pytestmark = pytest.mark.kernel
QUICK = "01"
EACH = pytest.mark.parametrize(
    "number",
    [pytest.param(n, marks=[] if n == QUICK else [pytest.mark.long]) for n in exercises.numbers()],
)
NOWHERE = "http://127.0.0.1:9"
LEAVES = "import socket\nsocket.create_connection(('192.0.2.1', 80), 5)"


def notebook(number: str) -> NotebookNode:
    return notebooks.read(notebooks.source(number))


def check_all(number: str, done: NotebookNode, *, passed: bool) -> None:
    assert errors(done) == []
    found = verdicts(done)
    assert set(found) == {each.id for each in exercises.lesson(number).exercises}
    for verdict in found.values():
        assert verdict["passed"] is passed, verdict


@EACH
def test_the_starter_fails_only_at_its_checks(number: str) -> None:
    check_all(number, executed(notebook(number)), passed=False)


@EACH
def test_the_solution_passes_through_a_proxy_that_leads_nowhere(number: str) -> None:
    names = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    solved = notebooks.solved(notebook(number))
    done, traffic = executed_and_counted(solved, **dict.fromkeys(names, NOWHERE))
    check_all(number, done, passed=True)
    assert traffic is not None
    assert traffic.n_requests > 0
    promised = exercises.lesson(number).live_usd
    assert traffic.live_usd <= promised <= 1.5 * traffic.live_usd + 0.02, traffic


@pytest.mark.long
def test_a_cell_that_raises_would_be_noticed() -> None:
    """The positive control: without its client the notebook does not get through."""
    broken = notebook("01")
    broken.cells = [cell for cell in broken.cells if "OpenAI(" not in cell.source]
    assert any("NameError" in error for error in errors(executed(broken)))


@pytest.mark.long
def test_a_cell_that_leaves_the_machine_would_be_refused() -> None:
    """The positive control: a socket that leaves loopback does not open."""
    leaving = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(LEAVES)])
    done = executed(leaving, **{REFUSED: ""})
    assert any("NetworkRefused" in error for error in errors(done))
