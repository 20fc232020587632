"""Executes a notebook of the course as a test does: in private, on loopback, replies at once."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from nbagent.lessons import address, control
from nbagent.lessons.course.prices import estimate_usd
from nbagent.lessons.course.verdict import MIME
from nbagent.lessons.process import Server
from nbagent.lessons.running import (
    client_of,
    data_dir_of,
    lesson_server_of,
    private_environment,
)
from tests.environment import REFUSED

CELL_LIMIT_S = 60


@dataclass(frozen=True)
class Traffic:
    """What a notebook sent: chat requests that were answered, and their prompts in tokens."""

    n_requests: int
    prompt_tokens: int

    @property
    def live_usd(self) -> float:
        """What the lesson's outline should say, in dollars, rounded up to cents."""
        return math.ceil(estimate_usd(self.n_requests, self.prompt_tokens) * 100) / 100


def executed(notebook: NotebookNode, **environ: str) -> NotebookNode:
    """The notebook, executed from top to bottom; a cell that raises does not end it.

    Args:
        notebook: left as it is.
        environ: added to the kernel's environment.
    """
    return executed_and_counted(notebook, **environ)[0]


def executed_and_counted(
    notebook: NotebookNode, **environ: str
) -> tuple[NotebookNode, Traffic | None]:
    """The same, with what its kernel sent to the lesson server; None where it started none."""
    copy: NotebookNode = nbformat.from_dict(notebook)
    for cell in copy.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    with tempfile.TemporaryDirectory(prefix="nbagent-course-") as private:
        client = client_of(
            copy, timeout=CELL_LIMIT_S, allow_errors=True, shutdown_kernel="immediate"
        )
        kept = {name: os.environ[name] for name in (REFUSED,) if name in os.environ}
        environment = {**private_environment(os.environ, Path(private)), **kept, **environ}
        with lesson_server_of(Path(private)):
            client.execute(env=environment, cwd=private)
            traffic = _traffic(data_dir_of(Path(private)) / address.FILE_NAME)
    return copy, traffic


def _traffic(path: Path) -> Traffic | None:
    known = address.read(path)
    if known is None:
        return None
    entries = control.ledger(Server(known.url, known.token))
    counted = [entry["usage"] for entry in entries if entry["usage"]]
    return Traffic(len(counted), sum(usage["prompt_tokens"] for usage in counted))


def errors(notebook: NotebookNode) -> list[str]:
    """Each cell that raised, and what."""
    return [
        f"{cell.id}: {output.ename}: {output.evalue}"
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    ]


def verdicts(notebook: NotebookNode) -> dict[str, dict[str, Any]]:
    """The last verdict on each exercise that the notebook shows."""
    return {shown["exercise"]: shown for shown in _shown(notebook)}


def _shown(notebook: NotebookNode) -> Iterator[dict[str, Any]]:
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if MIME in output.get("data", {}):
                yield output.data[MIME]
