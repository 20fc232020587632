"""The `nbagent` command: what it lists, how it ends, and what a slip of the fingers gets."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nbagent import __version__, errors
from nbagent.cli import exit_code, main, nbagent
from nbagent.lessons.address import Address


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"nbagent, version {__version__}\n"


def test_help_lists_the_commands_that_exist_and_no_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--help"]) == 0
    listed = re.findall(
        r"^  (\w+) ", capsys.readouterr().out.partition("Commands:")[2], re.MULTILINE
    )
    assert listed == sorted(nbagent.commands) == ["cells", "demo", "doctor", "lessons", "runs"]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["docter"], "Did you mean `nbagent doctor`?"),
        (["lessons", "srve"], "Did you mean `nbagent lessons serve`?"),
        (["zzz"], "The commands are demo, doctor, lessons, runs, cells."),
        (["doctor", "--endpont", "x"], "--endpoint"),
    ],
)
def test_a_near_miss_is_a_usage_error_with_a_hint(
    words: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert hint in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NoKeyError("x"), 5),
        (errors.ConnectionFailed("x"), 5),
        (errors.AuthFailed("x"), 5),
        (errors.SettingsError("x"), 2),
        (errors.UsageError("x"), 2),
        (errors.ContextOverflow("x"), 1),
        (errors.NBAgentError("x"), 1),
    ],
)
def test_exit_codes(error: errors.NBAgentError, code: int) -> None:
    assert exit_code(error) == code


def test_an_error_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbagent.demo._NEEDED", ("no_such_package",))
    assert main(["demo", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "no_such_package" in said
    assert said.count("\n") == 1


@contextmanager
def serving() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`nbagent lessons serve` as a person runs it, and what it said first."""
    command = [sys.executable, "-m", "nbagent", "lessons", "serve", "--pace", "inf"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        first = process.stdout.readline() + process.stdout.readline()
        try:
            yield process, first
        finally:
            process.kill()


def test_lessons_serve_until_ctrl_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    with serving() as (process, first):
        url = re.search(r"http://127\.0\.0\.1:\d+/v1", first)
        assert url
        assert main(["lessons", "serve"]) == 0
        assert f"running already at {url[0]}" in capsys.readouterr().out
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130


def test_a_key_of_the_lesson_server_is_in_no_repr() -> None:
    address = Address("http://127.0.0.1:1/v1", "lesson-secret", "b")
    assert "lesson-secret" not in repr(address)
    assert "lesson-secret" in address.token
