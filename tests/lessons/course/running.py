"""Executes a notebook of the course as a test does: in private, on loopback, replies at once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from nbagent.lessons.course.verdict import MIME
from nbagent.lessons.running import client_of, lesson_server_of, private_environment
from tests.environment import REFUSED

CELL_LIMIT_S = 60


def executed(notebook: NotebookNode, **environ: str) -> NotebookNode:
    """The notebook, executed from top to bottom; a cell that raises does not end it.

    Args:
        notebook: left as it is.
        environ: added to the kernel's environment.
    """
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
    return copy


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
