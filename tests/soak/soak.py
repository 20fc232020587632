"""One soak: kernels that run the story and are killed, and what all of it left behind."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook, output_from_msg

from nbagent.clock import SystemClock
from nbagent.journal import Journal, StoredRun
from nbagent.kernel.mailbox import REQUEST
from nbagent.magics.live import WIDGET_MIME
from nbagent.run import Recipe, Run
from nbagent.settings import Settings
from nbagent.tools import Toolset
from nbagent.trace import TRACE_MIME
from tests.live_kernel import LiveKernel
from tests.scripted import ScriptedModel
from tests.soak import story
from tests.soak.clock import SharedClock
from tests.soak.server import Plan, SoakServer

CLOCK = SystemClock()
MODEL = "kimi-k2.6"


class SoakKernel(LiveKernel):
    """A kernel, and a page that follows its run and answers what is asked after a resume."""

    def __init__(self, folder: Path, server: SoakServer) -> None:
        self._run_id = ""
        self._n_sent = 0
        folders = {"JUPYTER_DATA_DIR": str(folder / "data")}
        super().__init__(folders | {"MOONSHOT_BASE_URL": server.url})
        window = server.story.window_tokens
        self.run(
            "import os\n"
            f"os.chdir({str(folder)!r})\n"
            "from tests.soak import inside\n"
            f"inside.begin(get_ipython(), {str(folder)!r})\n"
            f"%config Kimi.model = {MODEL!r}\n"
            "%config Kimi.max_steps = 1_000_000\n"
            "%config Kimi.ask = 'never'\n"
            f"%config Kimi.max_context_tokens = {window}"
        )
        assert self.cell.reply["status"] == "ok", self.cell.text

    def look_at(self, message: dict[str, Any]) -> None:
        data = message["content"].get("data") or {}
        if message["msg_type"] == "display_data" and WIDGET_MIME in data and TRACE_MIME in data:
            self._run_id = data[TRACE_MIME]["run_id"]
            self._command("ready")
        told = data.get("content") or {} if message["msg_type"] == "comm_msg" else {}
        for event in told.get("events", ()):
            if event["kind"] == "approval_asked":
                self._command("decide", key=event["key"], decision="deny")

    def _command(self, action: str, **fields: Any) -> None:
        self._n_sent += 1
        request = {"run_id": self._run_id, "request_id": str(self._n_sent), "action": action}
        self.client.control_channel.send(
            self.client.session.msg(REQUEST, request | {"by": "renderer"} | fields)
        )

    def die(self) -> None:
        """End the kernel as the machine would: nothing is said first."""
        os.kill(self.manager.provisioner.process.pid, signal.SIGKILL)


@dataclass
class Soaked:
    """What a soak left behind.

    Attributes:
        server: the endpoint that was asked.
        record: the run as the journal holds it.
        cells: source and outputs of the cells.
        samples: what the kernels noted of themselves.
        ran: the calls that ran, each time that they did.
        acknowledged: for each event that was acknowledged, by number, the digests of it.
        hours: how long it took by the shared clock.
        real_s: how long it took.
        replay_s: how long the run takes to be read and to stand where it stood; CPU and real.
        journal_bytes: the journal's file at the end.
        log_bytes: what its log took beside it, until it was closed.
    """

    server: SoakServer
    record: StoredRun
    cells: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)
    ran: list[int] = field(default_factory=list)
    acknowledged: dict[int, set[bytes]] = field(default_factory=dict)
    hours: float = 0.0
    real_s: float = 0.0
    replay_s: tuple[float, float] = (0.0, 0.0)
    journal_bytes: int = 0
    log_bytes: int = 0

    @property
    def notebook_bytes(self) -> int:
        """The notebook as JupyterLab saves it: every cell, killed ones with what they had shown."""
        return len(saved(self.cells))

    @property
    def trace_bytes(self) -> int:
        """The largest output of one cell, saved."""
        return max(len(saved([cell])) for cell in self.cells)


def saved(cells: list[tuple[str, list[dict[str, Any]]]]) -> bytes:
    """A notebook with these cells, as it is written to disk."""
    made = []
    for source, outputs in cells:
        told = [
            output_from_msg({"header": {"msg_type": o["output_type"]}, "content": o})
            for o in outputs
        ]
        made.append(new_code_cell(source, outputs=told))
    return str(nbformat.writes(new_notebook(cells=made))).encode()


def soak(plan: Plan, folder: Path) -> Soaked:
    """Let kernels work through the story, each going on where the one before was killed."""
    clock = SharedClock(folder / "clock", "server")
    (folder / "data").mkdir(exist_ok=True)
    server = SoakServer(plan, clock)
    began, real = clock.now(), CLOCK.now()
    try:
        cells = list(_cells(plan, folder, server))
    finally:
        server.close()
    hours, real_s = (clock.now() - began) / 3600, CLOCK.now() - real
    journal = Journal(lambda: folder / "data" / "nbagent", clock=clock)
    found = Soaked(server, journal.load(journal.runs(limit=1)[0].run_id), cells)
    found.hours, found.real_s = hours, real_s
    found.replay_s = min(_replayed(journal, found.record.line.run_id) for _ in range(3))
    found.log_bytes = sum(p.stat().st_size for p in journal_files(folder))
    journal.close()
    found.journal_bytes = sum(p.stat().st_size for p in journal_files(folder))
    found.log_bytes -= found.journal_bytes
    _read_notes(folder, found)
    return found


def journal_files(folder: Path) -> Iterator[Path]:
    return (folder / "data" / "nbagent").glob("journal.sqlite*")


def _cells(
    plan: Plan, folder: Path, server: SoakServer
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Run the prompt, then resume it as often as the kernel is killed."""
    source = f"%%kimi\n{story.PROMPT}"
    for _ in range(plan.n_kills + 1):
        with _kernel(folder, server) as kernel:
            n_killed = len(server.killed)
            try:
                kernel.run(source, cell_id="soak", answer=lambda _: "n")
            except AssertionError:
                assert len(server.killed) > n_killed, "the kernel has died by itself"
            yield source, kernel.cell.outputs
        if len(server.killed) == n_killed:
            break
        source = "%kimi resume"


@contextmanager
def _kernel(folder: Path, server: SoakServer) -> Iterator[SoakKernel]:
    kernel = SoakKernel(folder, server)
    server.kill = kernel.die
    try:
        yield kernel
    finally:
        kernel.close()


def _replayed(journal: Journal, run_id: str) -> tuple[float, float]:
    """Seconds to read a run and to put it where it stood, of CPU and real ones."""
    recipe = Recipe(model=ScriptedModel([]), tools=Toolset([]), settings=Settings(), clock=CLOCK)
    since, cpu = CLOCK.now(), time.process_time()
    Run.taken_up(journal.load(run_id), recipe, kernel="another", is_fresh=True)
    return time.process_time() - cpu, CLOCK.now() - since


def _read_notes(folder: Path, found: Soaked) -> None:
    from tests.soak.inside import ACKNOWLEDGED  # noqa: PLC0415 -- it is a kernel's

    found.samples = [json.loads(line) for line in (folder / "samples.jsonl").open()]
    found.ran = [int(line) for line in (folder / "count.txt").open()]
    for seq, told in ACKNOWLEDGED.iter_unpack((folder / "acknowledged.bin").read_bytes()):
        found.acknowledged.setdefault(seq, set()).add(told)
