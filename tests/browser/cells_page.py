"""A notebook whose cells an agent changes, in a page: its cells, bars and cards, and the orders."""

from __future__ import annotations

from typing import Any

import nbformat
from playwright.sync_api import Locator, Page

from nbagent.clock import SystemClock
from nbagent.lessons import control
from nbagent.lessons.process import Server
from tests.browser.lab import WAIT_MS, Lab, Notebook
from tests.browser.test_live_access import SERIOUS

START = "%load_ext nbagent\n%kimi use lesson"
HEAVY = 'df = [3000.0, 5600.0]\nheavy = [m for m in df if m > "5000"]\nlen(heavy)'
FIXED = HEAVY.replace('"5000"', "5000")
ASK = "%%kimi --ask never --out run\nchange my cells"
PLAN = "%%kimi --plan --out run\nfix my cell"
RAN = """id => window.jupyterapp.shell.currentWidget.content.model.toJSON().cells
  .some(cell => cell.id === id && cell.execution_count)"""
"""Whether a cell has run, wherever it is by now."""
LOADED = "() => window.jupyterapp?.shell.currentWidget?.context?.isReady"
SERIOUS_IN_STRIPS = SERIOUS.replace("axe.run(document", "axe.run({include: ['.nbagent-strip']}")
"""What axe finds in bars and cards."""
START_AT, HEAVY_AT, SPARE_AT, ASK_AT = range(4)
Call = tuple[str, dict[str, Any]]


def turn(*calls: Call, text: str = "") -> dict[str, Any]:
    made = [[name, arguments] for name, arguments in calls]
    return {"kind": "turn", "reasoning": "So.", "content": text, "calls": made}


class Study:
    """A notebook of four cells, or `more`, and the agent that is to change them."""

    def __init__(
        self, page: Page, lab: Lab, server: Server, name: str, ask: str = ASK, *more: str
    ) -> None:
        path = lab.write(name, START, HEAVY, "spare = 1", ask, *more)
        self.ids = [cell.id for cell in nbformat.read(path, as_version=4).cells]
        self.server = server
        self.notebook = Notebook.in_lab(page, lab, path).wait_for_kernel()
        self.page = page
        self.notebook.run(START_AT)
        self.notebook.wait_done(START_AT)

    @property
    def edit(self) -> Call:
        return "edit_cell", {"id": self.ids[HEAVY_AT], "source": FIXED}

    @property
    def insert(self) -> Call:
        return "insert_cell", {"source": "# seen\nn = 2", "after": self.ids[HEAVY_AT]}

    @property
    def delete(self) -> Call:
        return "delete_cell", {"id": self.ids[SPARE_AT]}

    def order(self, *calls: Call) -> None:
        read: Call = ("read_notebook", {"ids": self.ids[:3]})
        control.order(self.server, turn(read), turn(*calls), turn(text="Done."))

    def run(self, *calls: Call) -> None:
        """Let the agent read the cells, make these calls in one step, and end."""
        self.order(*calls)
        self.run_asked()

    def run_asked(self) -> None:
        """Run the cell that asks the agent, to its end."""
        self.notebook.run(self.at(self.ids[ASK_AT]))
        self.wait_asked()

    def wait_asked(self) -> None:
        """Wait until the run has ended."""
        self.page.wait_for_function(RAN, arg=self.ids[ASK_AT], timeout=WAIT_MS)

    def reload(self, lab: Lab) -> None:
        """Open the notebook anew, and wait until what was saved is there."""
        self.notebook = Notebook.in_lab(self.page, lab, self.notebook.path)
        self.page.wait_for_function(LOADED, timeout=WAIT_MS)

    @property
    def trace(self) -> Locator:
        """The run's trace."""
        return self.notebook.output(self.at(self.ids[ASK_AT]))

    @property
    def active_at(self) -> int:
        """Where the active cell is."""
        script = "() => window.jupyterapp.shell.currentWidget.content.activeCellIndex"
        return int(self.page.evaluate(script))

    def write_below(self, code: str) -> None:
        """Write code into a new cell below all others, and run that."""
        script = """source => { const { content } = window.jupyterapp.shell.currentWidget;
          const n = content.widgets.length;
          content.model.sharedModel.insertCell(n, { cell_type: 'code', source }); return n; }"""
        at = self.page.evaluate(script, code)
        self.notebook.run(at)
        self.notebook.wait_done(at)

    def at(self, cell_id: str) -> int:
        """Where a cell is now."""
        ids: list[str] = [cell["id"] for cell in self.cells()]
        return ids.index(cell_id)

    def cells(self) -> list[dict[str, Any]]:
        script = """() => [...window.jupyterapp.shell.currentWidget.content.model.cells].map(
          cell => ({ ...cell.sharedModel.toJSON(), id: cell.id, trusted: cell.trusted }))"""
        found: list[dict[str, Any]] = self.page.evaluate(script)
        return found

    def sources(self) -> list[str]:
        """What stands in the cells but the first and the last."""
        sources = [str(cell["source"]) for cell in self.cells()[1:]]
        return [source for source in sources if not source.startswith("%%")]

    def expect_cells(self, n: int) -> None:
        """Wait until the notebook has so many cells."""
        count = "n => window.jupyterapp.shell.currentWidget.content.widgets.length === n"
        self.page.wait_for_function(count, arg=n, timeout=WAIT_MS)

    def expect_sources(self, *expected: str) -> None:
        """Wait until these stand there, in this order."""
        clock = SystemClock()
        deadline = clock.now() + WAIT_MS / 1000
        while self.sources() != [*expected]:
            assert clock.now() < deadline, self.sources()
            clock.sleep(0.05)

    def metadata(self) -> dict[str, Any]:
        script = "() => window.jupyterapp.shell.currentWidget.content.model.toJSON().metadata"
        found: dict[str, Any] = self.page.evaluate(script)
        return found

    def group(self, name: str) -> Locator:
        return self.page.get_by_role("group", name=name, exact=True)


def press(group: Locator, name: str) -> None:
    """Press a button of a bar or card."""
    group.get_by_role("button", name=name, exact=True).click()


EDITED, ADDED, DELETED = (
    f"Lesson server {what}" for what in ("edited this cell", "added this cell", "deleted a cell")
)
