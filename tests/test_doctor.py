"""The doctor on machines that are in order, and on some that are not."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nbagent.cli import main
from nbagent.doctor import report
from nbagent.doctor.access import access_findings, storage_findings
from nbagent.doctor.findings import Finding, Report
from nbagent.doctor.jupyter import jupyter_findings
from nbagent.doctor.packages import package_findings
from nbagent.kimi.endpoints import PRESETS
from nbagent.kimi.keys import KeyStore
from nbagent.paths import file_system_of
from nbagent.settings import Secret

CANARY = "sk-canary-5f1d0e9c7b6a"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data" / "nbagent"


def find(findings: list[Finding] | tuple[Finding, ...], name: str) -> Finding:
    return next(finding for finding in findings if finding.name == name)


def model(environ: dict[str, str], endpoint: str = "") -> tuple[Finding, ...]:
    return access_findings(endpoint, environ, KeyStore())


# The report


def test_a_machine_in_order_has_no_problem(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    for word in ("Packages", "Jupyter", "Model", "Storage", "openai", "No problem found"):
        assert word in said


def test_a_problem_is_marked_counted_and_the_exit_code() -> None:
    bad = Finding("key", "not found", "Nothing works.", "Do this.", problem=True)
    found = Report((("Model", (bad, Finding("proxy", "none set"))),))
    assert not found.ok
    assert found.text.splitlines() == [
        "Model",
        "! key               not found",
        " " * 20 + "Nothing works. Do this.",
        "  proxy             none set",
        "",
        "1 problem found, marked ! above.",
    ]


def test_an_unknown_endpoint_is_a_problem(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--endpoint", "monshot"]) == 1
    assert "Did you mean 'moonshot'?" in capsys.readouterr().out


# Keys, endpoints, proxies


def test_no_key_is_shown_anywhere(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", CANARY)
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{CANARY}@proxy.example:3128")
    KeyStore().save("api.moonshot.cn", Secret(CANARY))
    assert CANARY in str(os.environ)
    assert CANARY in (data / "keys.json").read_text()
    for endpoint in ("", "moonshot-cn", "http://127.0.0.1:9/v1"):
        said = report(endpoint).text
        assert CANARY not in said
        assert "proxy.example:3128" in said


@pytest.mark.usefixtures("data")
def test_where_a_key_comes_from() -> None:
    assert "in KIMI_API_KEY" in find(model({"KIMI_API_KEY": CANARY}), "key").value
    KeyStore().save("api.moonshot.ai", Secret("sk-other"))
    assert "`%kimi login`" in find(model({}), "key").value


@pytest.mark.usefixtures("data")
def test_a_missing_key_is_a_problem_only_where_the_endpoint_was_asked_for() -> None:
    assert find(model({}), "key").level == "note"
    assert find(model({}, "moonshot"), "key").level == "problem"
    assert find(model({"NBAGENT_ENDPOINT": "moonshot-cn"}), "key").level == "problem"
    assert find(model({}, "lesson"), "key").level == "fine"


@pytest.mark.usefixtures("data")
def test_a_key_that_goes_elsewhere_is_explained() -> None:
    key = find(model({"MOONSHOT_API_KEY": CANARY}, "https://models.example/v1"), "key")
    assert key.value == "not found"
    assert "only to the host that it was given for" in key.remark
    assert "models.example" in key.remedy


@pytest.mark.usefixtures("data")
def test_a_server_on_this_machine_is_knocked_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        assert find(model({}, url), "endpoint").level == "fine"
    gone = find(model({}, url), "endpoint")
    assert gone.problem
    assert "Nothing listens" in gone.remark


@pytest.mark.usefixtures("data")
def test_the_proxy_and_whom_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert "go through proxy.example:3128" in find(model({}), "proxy").remark
    assert "never use it" in find(model({}, "lesson"), "proxy").remark
    monkeypatch.setenv("NO_PROXY", PRESETS["moonshot"].host)
    assert "do not use it" in find(model({}), "proxy").remark


@pytest.mark.usefixtures("data")
def test_certificates(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    assert find(model({"SSL_CERT_FILE": str(bundle)}), "SSL_CERT_FILE").level == "fine"
    assert find(model({"SSL_CERT_FILE": f"{bundle}.gone"}), "SSL_CERT_FILE").problem
    unread = find(model({"REQUESTS_CA_BUNDLE": str(bundle)}), "REQUESTS_CA_BUNDLE")
    assert "Set SSL_CERT_FILE" in unread.remedy


# Packages and environments


def distribution(site: Path, name: str, version: str) -> None:
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def test_the_stranger_of_the_same_name_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(finding.name != "nbagent" for finding in package_findings())
    distribution(tmp_path, "nbagent", "0.3.1")
    monkeypatch.syspath_prepend(tmp_path)
    stranger = find(package_findings(), "nbagent")
    assert stranger.problem
    assert "pip uninstall nbagent" in stranger.remedy


def test_a_package_that_is_too_old_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find(package_findings(), "openai").level == "fine"
    distribution(tmp_path, "openai", "1.99.0")
    monkeypatch.syspath_prepend(tmp_path)
    old = find(package_findings(), "openai")
    assert old.problem
    assert 'pip install "openai' in old.remedy


def test_a_kernel_that_hangs_is_pointed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distribution(tmp_path, "ipykernel", "7.2.0")
    monkeypatch.syspath_prepend(tmp_path)
    found = find(package_findings(), "ipykernel")
    assert found.level != "fine"
    assert not found.problem
    assert "7.4" in found.remedy


def another_lab(root: Path) -> Path:
    """An environment with a JupyterLab, as far as its files tell."""
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "python3").symlink_to(sys.executable)
    script = root / "bin" / "jupyter-lab"
    script.write_text(f"#!{root}/bin/python3\n")
    script.chmod(0o755)
    distribution(root / "lib" / "python3.12" / "site-packages", "jupyterlab", "4.4.0")
    return root


def kernelspec(folder: Path, name: str, python: str) -> None:
    home = folder / "kernels" / name
    home.mkdir(parents=True)
    argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (home / "kernel.json").write_text(
        json.dumps({"argv": argv, "language": "python", "display_name": name})
    )


def test_a_lab_elsewhere_needs_a_kernel_and_the_extensions(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = another_lab(tmp_path / "lab")
    monkeypatch.setenv("PATH", str(lab / "bin"), prepend=os.pathsep)
    findings = jupyter_findings()
    problems = {finding.name: finding for finding in findings if finding.problem}
    assert set(problems) == {"ipywidgets", "anywidget", "kernel"}
    assert f"4.4.0 ({lab})" in [finding.value for finding in findings]

    kernelspec(data.parent, "mine", f"{sys.prefix}/bin/python3")
    for extension in ("@jupyter-widgets/jupyterlab-manager", "anywidget"):
        (lab / "share" / "jupyter" / "labextensions" / extension).mkdir(parents=True)
    assert not [finding for finding in jupyter_findings() if finding.problem]


def test_kernels_that_cannot_load_nbagent(tmp_path: Path, data: Path) -> None:
    other = tmp_path / "other"
    (other / "bin").mkdir(parents=True)
    (other / "bin" / "python3").symlink_to(sys.executable)
    kernelspec(data.parent, "gone", "/nowhere/bin/python3")
    kernelspec(data.parent, "other", f"{other}/bin/python3")
    findings = jupyter_findings()
    assert "kernelspec remove gone" in find(findings, "kernel gone").remedy
    assert "not installed there" in find(findings, "kernel other").remark
    distribution(other / "lib" / "python3.11" / "site-packages", "nbagent-kimi", "0.1.0")
    assert find(jupyter_findings(), "kernel other").level == "fine"


# Storage


def test_the_data_directory_is_private(data: Path) -> None:
    assert "made at the first run" in storage_findings()[0].value
    data.mkdir(parents=True, mode=0o700)
    assert storage_findings()[0].level == "fine"
    data.chmod(0o755)
    assert storage_findings()[0].problem
    assert "chmod 700" in storage_findings()[0].remedy


def as_nobody(look: Callable[[], bool]) -> bool:
    """Call a function as a user without rights, in a process of its own."""
    child = os.fork()
    if child == 0:
        if os.getuid() == 0:
            os.setuid(65_534)
        os._exit(int(look()))
    return bool(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def test_a_data_directory_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", "/proc/data")
    assert as_nobody(lambda: storage_findings()[0].problem)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    assert not storage_findings()[0].problem


def test_network_file_systems_are_named(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    rows = ("/dev/vda / ext4 rw", "server:/home /home nfs4 rw", "x /home/a\\040b fuse.sshfs rw")
    mounts.write_text("".join(f"{row} 0 0\n" for row in rows))
    assert file_system_of(Path("/home/me/nbagent"), mounts) == "nfs4"
    assert file_system_of(Path("/home/a b/x"), mounts) == "fuse.sshfs"
    assert file_system_of(Path("/homework"), mounts) == "ext4"
    assert file_system_of(Path("/home"), tmp_path / "none") == ""
