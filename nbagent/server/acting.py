"""What a page may do with a run: stop it, and delete it from the record.

Neither runs any code: a stop is asked of the kernel that goes on with the run.
"""

from __future__ import annotations

from functools import partial

from jupyter_server.auth.decorator import authorized
from tornado import web

from nbagent.journal import Journal, RunLine
from nbagent.server.handler import Handler
from nbagent.server.records import Refused


class RunHandler(Handler):
    """One run's row; deletes it."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        """Answer with its row."""
        row = partial(_row, self)
        self.json(await self.records.ask_about(self.run_id(run_id), row))

    @web.authenticated
    @authorized
    async def delete(self, run_id: str) -> None:
        """Delete it for good, unless somebody goes on with it."""
        await self.records.ask_about(self.run_id(run_id), _delete)
        self.set_status(204)
        self.finish()


def _row(handler: Handler, _journal: Journal, line: RunLine) -> dict[str, object]:
    return handler.records.row(line)


def _delete(journal: Journal, line: RunLine) -> None:
    journal.delete([line.run_id])


class StopHandler(Handler):
    """Asks this server's kernels to stop a run."""

    @web.authenticated
    @authorized
    async def post(self, run_id: str) -> None:
        """Ask them, whether the run is on record here or not."""
        name = self.run_id(run_id)
        line = await self.records.ask(lambda journal: journal.line(name))
        if line is not None and line.state != "running":
            raise Refused(409, "The run has ended already.", "ended")
        is_stopping, words = await self.kernels.stop(name)
        if not is_stopping:
            raise Refused(409, words, "not_stopped")
        self.json({"run_id": name, "stopping": True})
