"""What a person installs and imports: the names, the wheel, the texts that say how."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import nbagent

ROOT = Path(__file__).parents[1]
TEXTS = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "notebooks/00_quickstart.ipynb"]
HEAVY = {"openai", "pydantic", "IPython", "ipywidgets", "anywidget", "ipykernel", "jupyter_core"}
NAMES = [
    "Act",
    "Agent",
    "Ask",
    "Run",
    "Settings",
    "Tool",
    "ToolResult",
    "__version__",
    "agent_loop",
    "bridge",
    "load_ipython_extension",
    "show",
    "tool",
    "unload_ipython_extension",
]


def test_the_public_names_are_exactly_these() -> None:
    assert nbagent.__all__ == NAMES
    assert dir(nbagent) == NAMES


@pytest.mark.parametrize("name", [name for name in NAMES if name != "__version__"])
def test_every_public_name_is_there_and_explained(name: str) -> None:
    assert inspect.getdoc(getattr(nbagent, name))


def test_a_name_that_is_not_public_is_none() -> None:
    with pytest.raises(AttributeError, match="no attribute 'agents'"):
        _ = nbagent.agents  # type: ignore[attr-defined] # that is the point


def loaded_by(code: str) -> set[str]:
    """Names of the top-level modules that are loaded after running `code` in a new process."""
    show = "import json, sys; print(json.dumps([m for m in sys.modules if '.' not in m]))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{show}"], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_importing_does_no_work() -> None:
    before = loaded_by("")
    assert loaded_by("import nbagent") - before <= {"nbagent", "importlib", "warnings", "typing"}
    assert HEAVY & loaded_by("import IPython, openai") == {"IPython", "openai", "pydantic"}


def test_the_extension_does_not_load_the_client() -> None:
    assert "openai" not in loaded_by("import nbagent.magics")


# The wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = os.environ | {"HATCH_BUILD_NO_HOOKS": "true"}  # `make` has built the front end
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, env=built)
    (path,) = folder.glob("*.whl")
    assert path.name == f"nbagent_kimi-{nbagent.__version__}-py3-none-any.whl"
    return zipfile.ZipFile(path)


def test_the_wheel_holds_the_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    package = ROOT / "nbagent"
    sources = {f"nbagent/{path.relative_to(package)}" for path in package.rglob("*.py")}
    data = {"nbagent/py.typed", "nbagent/prompt.md", "nbagent/words/zh-CN.json"}
    data |= {f"nbagent/notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}
    data |= {"nbagent/trace/static/view.js", "nbagent/trace/static/step.js"}
    data |= {"nbagent/server/openapi.json", "nbagent/server/nbagent.json"}
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    extension = {name for name in held if ".data/data/share/jupyter/labextensions/nbagent/" in name}
    (enabled,) = [name for name in held if "/etc/jupyter/jupyter_server_config.d/" in name]
    assert held - extension - {enabled} == sources | data
    assert {"package.json", "install.json"} <= {name.rpartition("/")[2] for name in extension}
    assert any(name.endswith("/schemas/nbagent/plugin.json") for name in extension)
    assert any("/static/remoteEntry" in name for name in extension)
    assert "nbagent/lessons/scenarios/penguins.py" in held


def test_the_distribution_has_its_own_name(wheel: zipfile.ZipFile) -> None:
    (info,) = [name for name in wheel.namelist() if name.endswith("dist-info/METADATA")]
    metadata = wheel.read(info).decode()
    assert "\nName: nbagent-kimi\n" in metadata
    assert "\nLicense-Expression: MIT\n" in metadata
    (entry,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert "nbagent = nbagent.cli:main" in wheel.read(entry).decode()


# The texts


def names_the_stranger(text: str) -> list[str]:
    """Commands that would install the unrelated package of the same import name."""
    options = r"""(?:\s+-{1,2}[\w-]+(?:[ =][\w.]+)?)*"""
    return re.findall(rf"""install{options}\s+["']?nbagent(?![-\w/.])""", text)


@pytest.mark.parametrize("path", TEXTS)
def test_no_text_installs_the_stranger(path: str) -> None:
    assert names_the_stranger((ROOT / path).read_text()) == []


def test_no_message_installs_the_stranger() -> None:
    for path in (ROOT / "nbagent").rglob("*.py"):
        found = names_the_stranger(path.read_text())
        assert [line for line in found if "uninstall" not in line] == [], path


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("pip install nbagent", True),
        ('`pip install "nbagent[lab]"`', True),
        ("uv tool install --python 3.12 nbagent\n", True),
        ('pip install "nbagent-kimi[lab]"', False),
        ("pip install -e . then run nbagent", False),
    ],
)
def test_the_stranger_is_recognised(text: str, *, found: bool) -> None:
    assert bool(names_the_stranger(text)) is found


def test_the_changelog_begins_with_this_version() -> None:
    versions = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert nbagent.__version__ in versions[:2]


def written(pattern: str, strip: Callable[[str], str] = str.strip) -> set[str]:
    return {strip(found) for found in re.findall(pattern, (ROOT / "README.md").read_text())}


def test_the_readme_names_only_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = written(r"`make (\w+)`")
    assert named
    assert named <= targets


def test_the_readme_names_only_files_that_exist() -> None:
    links = written(r"\]\((?!https?:|#)([^)#]+)")
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
