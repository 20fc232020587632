"""Whether JupyterLab and the kernel belong together: they often live in different environments.

The kernel runs `%%kimi`; JupyterLab draws widgets and starts kernels. Where they are not the same
environment, JupyterLab needs a kernel that starts this one, and the widget extensions of its own.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_core.paths import jupyter_config_path, jupyter_path
from jupyter_server.serverapp import list_running_servers

from nbagent.doctor.findings import Finding
from nbagent.doctor.packages import OURS, version_of
from nbagent.phrases import plural

_EXTENSIONS = {"ipywidgets": "@jupyter-widgets/jupyterlab-manager", "anywidget": "anywidget"}
"""The JupyterLab extension that each package brings."""
ENABLED = Path("jupyter_server_config.d", "nbagent.json")
"""What enables the server's extension, in a directory of Jupyter's configuration."""
PING_S = 2.0
"""How long a running server may take to answer, in seconds."""


def jupyter_findings() -> list[Finding]:
    """The JupyterLab installations in reach, and the kernels that Python notebooks can have."""
    labs = sorted(_labs())
    if not labs:
        lab = Finding(
            "JupyterLab",
            "none here or on PATH, and none is running",
            remedy=f'Run `pip install "{OURS}[lab]"` if you want it here.',
        )
        return [lab, *_kernels()]
    here = Path(sys.prefix)
    return [
        *(finding for prefix in labs for finding in _lab(prefix, same=prefix == here)),
        *_kernels(),
    ]


def _labs() -> set[Path]:
    """Environments with a JupyterLab: this one, those that run here, and the one on PATH."""
    pids = [int(server["pid"]) for server in list_running_servers()]
    parent = os.environ.get("JPY_PARENT_PID", "")
    if parent.isdecimal():
        pids.append(int(parent))
    prefixes = {prefix for pid in pids if (prefix := _prefix_of_process(pid))}
    prefixes.add(Path(sys.prefix))
    command = shutil.which("jupyter-lab")
    on_path = _prefix_of_script(Path(command)) if command else None
    if on_path:
        prefixes.add(on_path)
    return {prefix for prefix in prefixes if version_of("jupyterlab", _site(prefix))}


def _prefix_of_process(pid: int) -> Path | None:
    """The environment of a running Python process, where the system tells (Linux)."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    return _prefix_of_python(os.fsdecode(words[0]))


def _prefix_of_script(path: Path) -> Path | None:
    """The environment whose Python a script's first line names."""
    try:
        with path.open("rb") as file:
            first = os.fsdecode(file.readline(500)).strip()
    except OSError:
        return None
    return _prefix_of_python(first.removeprefix("#!").strip().strip('"'))


def _prefix_of_python(python: str) -> Path | None:
    """`/x` for `/x/bin/python3`; None for anything else."""
    path = Path(python)
    is_python = path.is_absolute() and path.name.startswith("python")
    return path.parent.parent if is_python and path.parent.name == "bin" else None


def _site(prefix: Path) -> list[str]:
    """Where an environment keeps its packages."""
    found = [*prefix.glob("lib/python3*/site-packages"), *prefix.glob("lib/python3*/dist-packages")]
    return [str(path) for path in found]


def _lab(prefix: Path, *, same: bool) -> Iterator[Finding]:
    where = "this environment" if same else str(prefix)
    yield Finding("JupyterLab", f"{version_of('jupyterlab', _site(prefix))} ({where})")
    yield _runs_panel(prefix, where)
    for package, extension in _EXTENSIONS.items():
        folders = [prefix / "share" / "jupyter" / "labextensions"]
        folders += [Path(folder) for folder in jupyter_path("labextensions")] if same else []
        if not any((folder / extension).is_dir() for folder in folders):
            yield Finding(
                package,
                f"its extension is missing in {where}",
                "Widgets that your code or the agent's code shows are not drawn there. The trace "
                "of a run is: it needs no widget.",
                f"Run `{prefix}/bin/python -m pip install {package}` and restart JupyterLab.",
                problem=True,
            )
    if not same and not _serves_this_environment():
        yield Finding(
            "kernel",
            f"JupyterLab in {prefix} has no kernel for this environment",
            f"A notebook there does not find nbagent in {sys.prefix}.",
            f"Run `{sys.executable} -m ipykernel install --user --name {Path(sys.prefix).name}`.",
            problem=True,
        )


def _runs_panel(prefix: Path, where: str) -> Finding:
    """Whether the server's extension, which lists past runs, is enabled, and who answers by it."""
    folders = {prefix / "etc" / "jupyter", *map(Path, jupyter_config_path())}
    if not any((folder / ENABLED).is_file() for folder in folders):
        return Finding(
            "past runs",
            f"the server's extension is not enabled in {where}",
            "Its pages show the runs of live kernels alone.",
            f'Run `{prefix}/bin/python -m pip install "{OURS}"` and restart JupyterLab.',
        )
    servers = [s for s in list_running_servers() if _prefix_of_process(int(s["pid"])) == prefix]
    silent = [str(server["url"]) for server in servers if not _answers(server)]
    if silent:
        return Finding(
            "past runs",
            f"the server's extension does not answer at {', '.join(silent)}",
            "That server was started before it was installed, or does not let it load.",
            "Restart it.",
        )
    here = f", answers at {plural(len(servers), 'running server')}" if servers else ""
    return Finding("past runs", f"the server's extension is enabled ({where}){here}")


def _answers(server: Mapping[str, Any]) -> bool:
    """Whether a server of this machine answers by the extension; a refusal is an answer too."""
    url = f"{server['url']}nbagent/api/ping"
    headers = {"Authorization": f"token {server.get('token', '')}"}
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(Request(url, headers=headers), timeout=PING_S):  # noqa: S310 -- a server of this user's own list
            return True
    except HTTPError as error:
        return error.code == HTTPStatus.FORBIDDEN
    except (OSError, ValueError):
        return False


def _serves_this_environment() -> bool:
    return any(_prefix_of_python(python) == Path(sys.prefix) for _, python in _python_specs())


def _python_specs() -> Iterable[tuple[str, str]]:
    """`(name, interpreter)` of each installed kernel for Python."""
    for name, entry in KernelSpecManager().get_all_specs().items():
        spec = entry["spec"]
        if spec.get("language", "").lower() == "python" and spec.get("argv"):
            yield name, spec["argv"][0]


def _kernels() -> Iterator[Finding]:
    for name, python in sorted(_python_specs()):
        prefix = _prefix_of_python(python)
        label = f"kernel {name}"
        if prefix is None:
            yield Finding(label, f"{python} (of the environment that starts it)")
        elif prefix == Path(sys.prefix):
            yield Finding(label, f"{python} (this environment)")
        elif not Path(python).exists():
            yield Finding(
                label,
                python,
                "This interpreter does not exist, so the kernel cannot start.",
                f"Run `jupyter kernelspec remove {name}`.",
            )
        elif not version_of(OURS, _site(prefix)):
            yield Finding(
                label,
                python,
                f"{OURS} is not installed there, so `%load_ext nbagent` fails in it.",
                f'Run `{python} -m pip install "{OURS}"` if you want it there.',
            )
        else:
            yield Finding(label, python)
