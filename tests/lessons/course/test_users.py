"""Eight users at once on one host: each has a uid, a home and a server of their own.

Only root may start processes of other users. Elsewhere all eight are one user with eight homes:
what nobody else may read is then judged by its mode alone, and the report says so.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

pytestmark = [pytest.mark.kernel, pytest.mark.long, pytest.mark.timeout(400)]
ROOT = Path(__file__).parents[3]
N, FIRST_UID = 8, 70_001
MOST_MB = 120.0
NOWHERE = "http://127.0.0.1:9"
IS_ROOT = os.getuid() == 0
PATH = os.pathsep.join([str(ROOT), *(each for each in sys.path if each.endswith("-packages"))])


def interpreter() -> str:
    """A Python of this version that another user can run; a user's own may lie in their home."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in dict.fromkeys([os.path.realpath(sys.executable), f"/usr/bin/{name}"]):
        try:
            subprocess.run(
                [path, "-c", "import ipykernel, openai"],
                check=True,
                capture_output=True,
                cwd="/",
                env={"PYTHONPATH": PATH, "HOME": "/nonexistent"},
                **identity(FIRST_UID),
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return path
    pytest.fail(f"no {name} that another user can run, so this cannot be tested here")


def identity(uid: int) -> dict[str, Any]:
    return {"user": uid, "group": uid, "extra_groups": []} if IS_ROOT else {}


def as_user(uid: int, look: Callable[[], bool]) -> bool:
    """Call a function as that user, in a process of its own."""
    child = os.fork()
    if child == 0:
        if IS_ROOT:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
        try:
            os._exit(int(look()))
        except BaseException:  # noqa: BLE001 -- the child must not come back
            os._exit(2)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in {0, 1}
    return code == 1


@pytest.fixture(scope="module")
def users() -> Iterator[list[dict[str, Any]]]:
    """Eight learners who have taken lesson 01 at the same time, and are still there."""
    place = Path(tempfile.mkdtemp(prefix="nbagent-users-"))
    place.chmod(0o755)
    python = interpreter()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, place)
        started = [stack.enter_context(begun(python, place, FIRST_UID + n)) for n in range(N)]
        told = []
        for n, process in enumerate(started):
            assert process.stdout
            line = process.stdout.readline()
            home = place / str(FIRST_UID + n)
            assert line, (home / "stderr").read_text()
            told.append(json.loads(line) | {"home": home})
        yield told
        for process in started:
            assert process.stdin
            process.stdin.close()
            assert process.wait(60) == 0


def begun(python: str, place: Path, uid: int) -> subprocess.Popen[str]:
    home = place / str(uid)
    home.mkdir(mode=0o755)
    if IS_ROOT:
        os.chown(home, uid, uid)
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), NOWHERE)
    places = {"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": PATH}
    with (home / "stderr").open("w") as stderr:
        return subprocess.Popen(
            [python, "-m", "tests.lessons.course.one_user"],
            env=places | proxies | {"NBAGENT_LESSON_PACE": "inf", "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            umask=0o022,
            **identity(uid),
        )


def status(url: str, token: str, path: str) -> int:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_each_gets_through_behind_a_proxy_that_leads_nowhere(users: list[dict[str, Any]]) -> None:
    for user in users:
        assert user["errors"] == []
        assert user["passed"] == {"01a": True, "01b": True}
    assert len({user["url"] for user in users}) == N
    assert len({user["token"] for user in users}) == N
    if IS_ROOT:
        assert len({user["uid"] for user in users}) == N


@pytest.mark.parametrize("path", ["/lesson/ledger", "/v1/models", "/v1/users/me/balance"])
def test_a_server_answers_its_own_user_only(users: list[dict[str, Any]], path: str) -> None:
    for user in users:
        assert user["requests"] >= 3
        assert status(user["url"], user["token"], path) == 200, "the positive control"
        assert status(user["url"], "", path) == 401
        for other in users:
            if other is not user:
                assert status(user["url"], other["token"], path) == 401


def test_nobody_reads_anothers_files(
    users: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    for user in users:
        own = next(user["home"].rglob("nbagent"))
        files = [path for path in own.rglob("*") if path.is_file()]
        assert {"lesson-server.json", "lessons.json"} <= {path.name for path in files}
        assert own.stat().st_mode & 0o077 == 0
        secret = own / "lesson-server.json"
        assert secret.stat().st_mode & 0o777 == 0o600
        assert (own / "lessons.json").stat().st_mode & 0o777 == 0o600
        if IS_ROOT:
            assert as_user(user["uid"], lambda path=secret: readable(path)), "the positive control"
            for other in users:
                if other is not user:
                    for path in files:
                        assert not as_user(other["uid"], lambda path=path: readable(path)), path
    if not IS_ROOT:
        with capsys.disabled():
            print("\nnot root: eight homes of one user; other users' rights judged by modes alone")


def readable(path: Path) -> bool:
    try:
        return bool(path.read_bytes())
    except PermissionError:
        return False


def test_each_takes_little_memory(
    users: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Kernel and lesson server after lesson 01, less the kernel before its first cell."""
    rss = sorted(user["rss"] for user in users)
    pss = sorted(user["pss"] for user in users)
    with capsys.disabled():
        print(f"\nover a bare kernel, MB: RSS {rss[0]:.0f} to {rss[-1]:.0f}, PSS {pss[-1]:.0f}")
    assert rss[0] > 1, "the positive control: something was measured"
    assert rss[-1] <= MOST_MB
