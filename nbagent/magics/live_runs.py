"""What a page may ask of a kernel about all its runs: their list, and a run written as a file.

A run's own commands go to its desk; these go to the name `kernel`. So a page lists the runs of a
kernel whose files it cannot see, on another machine or behind a gateway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbagent.export import FORMATS, written
from nbagent.kernel.mailbox import Command
from nbagent.magics.stored import source_of
from nbagent.trace.listed import listed_run

if TYPE_CHECKING:
    from nbagent.magics.session import Session
    from nbagent.run import Run

NAME = "kernel"
"""Whom a command names that is about no single run."""
LISTED = 200
"""Runs that are listed, the newest; those that go on are listed always."""


class LiveRuns:
    """Answers pages about the runs of this kernel.

    Args:
        session: the kernel's.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ended: dict[str, dict[str, Any]] = {}
        """Rows that do not change any more."""

    def answer(self, action: str, command: Command) -> Any:
        """Answer a page; runs on whichever thread brings the command.

        Raises:
            LookupError: there is no such action or run.
        """
        if action == "runs":
            return {"runs": self._rows()}
        if action == "export":
            return {"text": self._written(str(command.get("run")), str(command.get("format")))}
        raise LookupError(f"a kernel is not asked for {action!r}")

    def _rows(self) -> list[dict[str, Any]]:
        """A row a run, newest first."""
        runs = list(reversed(list(self._session.runs.values())))
        older = (run for run in runs[LISTED:] if run.finished is None)
        return [self._row(run) for run in (*runs[:LISTED], *older)]

    def _row(self, run: Run) -> dict[str, Any]:
        """A run's row; what it holds passes the mask for secrets."""
        if run.run_id in self._ended:
            return self._ended[run.run_id]
        driving, is_over = self._session.driving, run.finished is not None
        row = listed_run(run, notebook=driving.notebook, kernel=driving.kernel)
        row = self._session.redact.value(row)
        if is_over:
            self._ended[run.run_id] = row
        return row

    def _written(self, run_id: str, form: str) -> str:
        run = self._session.runs.get(run_id)
        if run is None:
            raise LookupError(f"this kernel has no run {run_id!r}")
        if form not in FORMATS:
            raise LookupError(f"a run is not written as {form!r}")
        source = source_of(self._session, run).masked(self._session.redact)
        return written(form, [source])
