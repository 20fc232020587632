"""A person without Node installs the wheel: both extensions are there, enabled, and answer."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import requests

from nbagent import __version__
from nbagent.doctor.jupyter import jupyter_findings
from tests.browser.lab import free_port
from tests.server.served import Served

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as `make build` makes it, of the front end that is built already."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = os.environ | {"HATCH_BUILD_NO_HOOKS": "true"}
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, env=built)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_enables_the_server_extension(wheel: Path) -> None:
    source = ROOT / "nbagent" / "server" / "nbagent.json"
    with zipfile.ZipFile(wheel) as held:
        (name,) = [n for n in held.namelist() if "jupyter_server_config.d" in n]
        assert name.endswith(".data/data/etc/jupyter/jupyter_server_config.d/nbagent.json")
        assert held.read(name) == source.read_bytes()


def said(*command: object, env: dict[str, str]) -> str:
    words, cwd = list(map(str, command)), env["HOME"]  # not in the checkout, which would be found
    done = subprocess.run(words, check=False, capture_output=True, text=True, env=env, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.long
@pytest.mark.timeout(400)
def test_a_fresh_environment_without_node(wheel: Path, tmp_path: Path) -> None:
    """Its own Python environment, from the wheel; what the wheel needs comes from this one."""
    fresh = tmp_path / "fresh"
    env = os.environ | {"PATH": f"{fresh}/bin"}  # no Node, and nothing else
    env.pop("PYTHONPATH", None)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", fresh], check=True)
    here = Path(requests.__file__).parents[1]
    env["JUPYTERLAB_DIR"] = str(Path(sys.prefix) / "share" / "jupyter" / "lab")
    (site,) = fresh.glob("lib/python3*/site-packages")
    (site / "needed.pth").write_text(f"{here}\n")  # after the environment's own packages
    python = fresh / "bin" / "python"
    install = ("-m", "pip", "install", "--quiet", "--no-deps", "--ignore-installed")
    said(python, *install, "--no-index", f"--prefix={fresh}", wheel, env=env)
    found = said(python, "-c", "import nbagent.server as s; print(s.__file__)", env=env)
    assert Path(found.strip()).is_relative_to(fresh)
    listed = said(python, "-m", "jupyter_server.extension.serverextension", "list", env=env)
    assert re.search(rf"nbagent\.server {__version__} \S*OK", listed), listed
    labs = said(python, "-m", "jupyterlab.labextensions", "list", env=env)
    assert re.search(r"nbagent v\S+ .*enabled.* \S*OK", labs), labs
    of_server = {name: env.get(name, "") for name in ("PATH", "PYTHONPATH", "JUPYTERLAB_DIR")}
    with Served(tmp_path / "served", env=of_server, fresh=fresh) as server:
        assert server.get("/ping").json()["api"] == 1
        page = server.by_token().get(f"{server.url}lab/extensions/nbagent/package.json", timeout=30)
        assert page.json()["name"] == "nbagent"
        lab = server.by_token().get(f"{server.url}lab", timeout=60).text
        (entry,) = re.findall(r'"(static/remoteEntry\.\w+\.js)"[^}]*"name": "nbagent"', lab)
        script = f"{server.url}lab/extensions/nbagent/{entry}"
        assert server.by_token().get(script, timeout=30).ok


def test_the_doctor_says_whether_past_runs_can_be_listed(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def words() -> str:
        (finding,) = [f for f in jupyter_findings() if f.name == "past runs"][:1]
        return finding.value

    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(server.home / "runtime"))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(server.home / "etc"))
    assert "enabled" in words()
    assert "answers at 1 running server" in words()
    pid, url = server.process.pid, f"http://127.0.0.1:{free_port()}/"
    told = {"pid": pid, "url": url, "port": 1, "hostname": "", "token": "", "root_dir": ""}
    silent = server.home / "runtime" / "jpserver-silent.json"
    silent.write_text(json.dumps(told))
    assert f"does not answer at {url}" in words()
    silent.unlink()
