"""`nbagent demo`: the quickstart notebook, executed for real, and what happened in plain words.

A real kernel runs the agent's tools on real data; the replies come from the lesson server on this
machine. No key, endpoint or configuration of the user is in force, whatever the environment says.
What is told afterwards is read from the executed notebook.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import nbformat

from nbagent.errors import NBAgentError
from nbagent.lessons import address, control
from nbagent.lessons.process import Server
from nbagent.lessons.server import PACE_VARIABLE
from nbagent.notebook import put_in
from nbagent.phrases import clip, one_line, plural
from nbagent.trace import TRACE_MIME

NOTEBOOK = "00_quickstart.ipynb"
_NEEDED = ("nbclient", "nbconvert", "pandas", "matplotlib", "palmerpenguins")
_SCRUBBED = ("MOONSHOT_", "KIMI_", "NBAGENT_", "OPENAI_", "JUPYTER_", "IPYTHON")
_CELL_LIMIT_S = 170

Snapshot = Mapping[str, Any]
"""A run as a notebook stores it: the `snapshot` of our own MIME type, what is empty left out."""


def run_demo(out: Path, tell: Callable[[str], None]) -> str:
    """Execute the quickstart into `out`, and say what the agent did.

    Args:
        out: directory for the executed notebook and its HTML; made if it is not there.
        tell: given each line about what goes on meanwhile.

    Raises:
        NBAgentError: a package is missing, or a cell failed; the text says which.
    """
    _check_packages()
    out.mkdir(parents=True, exist_ok=True)
    tell("The quickstart, on real data in a real kernel. Replies are scripted: this is not Kimi.")
    notebook = nbformat.read(source(), as_version=4)
    target, page = out / NOTEBOOK, (out / NOTEBOOK).with_suffix(".html")
    try:
        with tempfile.TemporaryDirectory(prefix="nbagent-demo-") as private:
            execute(notebook, Path(private), tell)
    finally:
        nbformat.write(notebook, target)
        page.write_text(as_html(notebook), encoding="utf-8")
    tell("")
    return "\n\n".join([*(told(run) for run in runs_in(notebook)), _what_next(target, page)])


def source() -> Path:
    """The quickstart notebook: inside an installed package, or in the clone it runs from."""
    package = Path(__file__).parent
    installed = package / "notebooks" / NOTEBOOK
    return installed if installed.exists() else package.parent / "notebooks" / NOTEBOOK


def execute(notebook: nbformat.NotebookNode, private: Path, tell: Callable[[str], None]) -> None:
    """Execute a notebook in place, with a kernel of this interpreter.

    Args:
        notebook: what to execute.
        private: an empty directory that stands in for the user's Jupyter directories.
        tell: given a line for each cell that begins.

    Raises:
        NBAgentError: a cell failed.
    """
    from nbclient import NotebookClient  # noqa: PLC0415 -- an extra; checked before
    from nbclient.exceptions import CellExecutionError  # noqa: PLC0415 -- as above

    def begin(cell: nbformat.NotebookNode, cell_index: int) -> None:
        if cell.cell_type == "code":
            tell(f"  cell {cell_index + 1} of {len(notebook.cells)}: {one_line(cell.source, 70)}")

    def end(notebook: nbformat.NotebookNode) -> None:
        put_in(notebook)

    client = NotebookClient(
        notebook,
        timeout=_CELL_LIMIT_S,
        on_cell_start=begin,
        on_notebook_complete=end,
        record_timing=False,
    )
    client.create_kernel_manager()
    client.km.kernel_spec.argv[0] = sys.executable
    client.km.kernel_spec.argv.append("--log-level=ERROR")
    with _lesson_server_of(private):
        try:
            client.execute(env=private_environment(os.environ, private))
        except CellExecutionError as error:
            raise NBAgentError(
                f"A cell of the quickstart failed: {one_line(error.evalue, 200)}",
                "`nbagent doctor` checks the installation.",
            ) from error


def private_environment(environ: Mapping[str, str], private: Path) -> dict[str, str]:
    """An environment without the user's keys, endpoints and Jupyter configuration.

    Only the pace of the scripted replies may be set from outside.
    """
    kept = {name: value for name, value in environ.items() if not name.startswith(_SCRUBBED)}
    folders = ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    kept |= {name: str(private / name.lower()) for name in folders}
    return kept | {name: environ[name] for name in (PACE_VARIABLE,) if name in environ}


@contextmanager
def _lesson_server_of(private: Path) -> Iterator[None]:
    """End the lesson server that a kernel with this private directory has started."""
    try:
        yield
    finally:
        where = private / "jupyter_data_dir" / "nbagent" / address.FILE_NAME
        known = address.read(where)
        if known is not None:
            control.stop(Server(known.url, known.token))


def as_html(notebook: nbformat.NotebookNode) -> str:
    """The notebook as a page that fetches nothing from elsewhere."""
    from nbconvert import HTMLExporter  # noqa: PLC0415 -- an extra; checked before

    addresses = [name for name in HTMLExporter.class_trait_names() if name.endswith("_url")]
    exporter = HTMLExporter(**dict.fromkeys(addresses, ""))
    return str(exporter.from_notebook_node(notebook)[0])


def runs_in(notebook: nbformat.NotebookNode) -> list[Snapshot]:
    """The runs whose traces a notebook holds, in order."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [o["data"][TRACE_MIME]["snapshot"] for o in outputs if TRACE_MIME in o.get("data", {})]


def told(run: Snapshot) -> str:
    """What a run did, in plain words."""
    n_calls = sum(len(step.get("calls", ())) for step in run["steps"])
    counts = f"{plural(len(run['steps']), 'step')}, {plural(n_calls, 'tool call')}"
    lines = [
        f"Asked: {one_line(run['prompt'], 300)}",
        "",
        f"What the agent did, in {counts}:",
        *(line for step in run["steps"] for line in _step_lines(step)),
        "",
        "What it answered:",
        f"  {_headline(run['answer'])}",
    ]
    if run.get("changes"):
        lines += ["", f"What it left in the kernel: {run['changes']}"]
    return "\n".join(lines)


def _step_lines(step: Snapshot) -> Iterator[str]:
    calls = step.get("calls", ())
    if not calls:
        yield f"  {step['step']}. answered"
    for n, call in enumerate(calls):
        number = f"{step['step']}." if n == 0 else "  "
        title = f": {call['title']}" if call.get("title") else ""
        yield f"  {number} {call['name']}{one_line(title, 90)}"
        if call.get("is_error"):
            end = "; it read the error and repaired its code" if call.get("repaired") else ""
            yield f"     failed with {_error(call)}{end}"


def _error(call: Snapshot) -> str:
    found = (block for block in call.get("outputs", ()) if block["kind"] == "error")
    message = next((f": {one_line(block['message'], 90)}" for block in found), "")
    return f"{call['outcome']}{message}"


def _headline(answer: str) -> str:
    first = next((line for line in answer.splitlines() if line.strip()), "nothing")
    return clip(first.lstrip("# ").strip(), 300)


def _check_packages() -> None:
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise NBAgentError(
            f"The demo needs {', '.join(missing)}, which is not installed.",
            'Run `pip install "nbagent-kimi[lab,data]"`.',
        )


def _what_next(target: Path, page: Path) -> str:
    lab = "make lab" if Path("Makefile").exists() else f"jupyter lab {target}"
    return "\n".join(
        [
            f"The executed notebook  {target}",
            f"The same as a page     {page}",
            f"Try it yourself        {lab}",
            "Use Kimi K2.6          `%kimi login` in a notebook, or set MOONSHOT_API_KEY, and",
            "                       leave out `%kimi use lesson`",
        ]
    )
