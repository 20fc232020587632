"""One server per user: found, started, never mistaken, and gone when nobody needs it."""

from __future__ import annotations

import http.client
import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbagent.clock import ManualClock, SystemClock
from nbagent.errors import ConnectionFailed
from nbagent.lessons import address, control, process
from nbagent.lessons import server as lesson_server
from nbagent.lessons.address import Address
from nbagent.lessons.chat import State
from nbagent.lessons.process import Server
from nbagent.lessons.server import LessonServer

CLOCK = SystemClock()
RSS_LIMIT_KB = 40_000


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    yield tmp_path / "nbagent"
    known = address.read(tmp_path / "nbagent" / address.FILE_NAME)
    if known:
        hello(Server(known.url, known.token))
        control.stop(Server(known.url, known.token))


def hello(server: Server) -> dict[str, str]:
    connection = http.client.HTTPConnection(server.url[len("http://") : -len("/v1")], timeout=20)
    connection.request("GET", "/lesson/hello?nonce=n")
    reply: dict[str, str] = json.loads(connection.getresponse().read())
    connection.close()
    return reply


def status_kb(pid: int, field: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])


def test_it_is_started_once_found_again_and_private(home: Path) -> None:
    assert process.find(CLOCK) is None
    first = process.ensure(CLOCK)
    assert process.ensure(CLOCK) == first == process.find(CLOCK)
    assert first.url.startswith("http://127.0.0.1:")
    assert first.url.endswith("/v1")
    assert first.token not in repr(first)
    for path in home.glob("lesson-server.*"):
        if path.suffix != ".lock":
            assert path.stat().st_mode & 0o077 == 0, path
    pid = int(hello(first)["pid"])
    assert os.getsid(pid) != os.getsid(0), "not a session of its own"
    command = Path(f"/proc/{pid}/cmdline").read_text()
    assert first.token not in command


@pytest.mark.usefixtures("home")
def test_it_hears_loopback_only_and_sees_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-the-users-own")
    server = process.ensure(CLOCK)
    pid = int(hello(server)["pid"])
    assert b"sk-the-users-own" not in Path(f"/proc/{pid}/environ").read_bytes()
    port = f"{int(server.url.split(':')[2].removesuffix('/v1')):04X}"
    sockets = Path("/proc/net/tcp").read_text().splitlines()[1:]
    listening = [line.split()[1] for line in sockets if line.split()[3] == "0A"]
    assert [at for at in listening if at.endswith(f":{port}")] == [f"0100007F:{port}"]


@pytest.mark.usefixtures("home")
def test_two_processes_at_once_get_the_same_server() -> None:
    code = (
        "from nbagent.clock import SystemClock\n"
        "from nbagent.lessons.process import ensure\n"
        "server = ensure(SystemClock())\nprint(server.url, server.token)"
    )
    racers = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(3)
    ]
    found = {racer.communicate(timeout=60)[0] for racer in racers}
    assert len(found) == 1
    assert found.pop()


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"url": 1}', '{"url": "http://127.0.0.1:1/v1", "token": "t", "build": "b"}'],
)
def test_a_stale_address_is_replaced(text: str) -> None:
    process.address_path().write_text(text)
    server = process.ensure(CLOCK)
    assert hello(server)


@pytest.mark.usefixtures("home")
def test_a_dead_server_is_replaced() -> None:
    address.write(process.address_path(), Address("http://127.0.0.1:9/v1", "t", address.build()))
    assert hello(process.ensure(CLOCK))


class Stranger(http.server.BaseHTTPRequestHandler):
    """Another program on the port: it answers everything, and remembers what it was told."""

    heard: list[str]

    def do_GET(self) -> None:
        self.heard.append(f"{self.path} {self.headers}")
        body = json.dumps({"proof": "of nothing", "build": address.build()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.usefixtures("home")
def test_a_stranger_on_the_port_is_not_taken_and_never_sees_the_key() -> None:
    heard: list[str] = []
    handler = type("Handler", (Stranger,), {"heard": heard})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{stranger.server_address[1]}/v1"
        address.write(process.address_path(), Address(url, "secret-token", address.build()))
        server = process.ensure(CLOCK)
        stranger.shutdown()
    assert server.url != url
    assert heard
    assert "secret-token" not in "".join(heard)


@pytest.mark.usefixtures("home")
def test_a_server_that_runs_other_code_is_not_reused() -> None:
    first = process.ensure(CLOCK)
    known = address.read(process.address_path())
    assert known
    address.write(process.address_path(), Address(known.url, known.token, "older"))
    second = process.ensure(CLOCK)
    assert second != first
    control.stop(first)
    pid = int(hello(second)["pid"])
    assert process.find(CLOCK) == second, "the end of the first took the second's address away"
    assert pid


def test_a_start_that_fails_says_where_the_log_is(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NBAGENT_LESSON_IDLE_MINUTES", "many")
    with pytest.raises(ConnectionFailed) as failed:
        process.ensure(CLOCK)
    log = home / "lesson-server.log"
    assert str(log) in str(failed.value)
    assert "many" in log.read_text()


@pytest.mark.usefixtures("home")
def test_it_ends_when_idle_and_takes_its_address_away() -> None:
    path = process.address_path()
    command = [sys.executable, "-m", "nbagent.lessons.server", "--address", str(path)]
    server = subprocess.run([*command, "--idle-minutes", "0.001"], timeout=60, check=False)
    assert server.returncode == 0
    assert not path.exists()


def test_a_server_that_nobody_can_find_ends_before_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lesson_server, "ABANDONED_S", 0.01)
    path = tmp_path / address.FILE_NAME
    path.write_text("another server's")
    server = LessonServer(CLOCK, State())
    thread = threading.Thread(target=server.serve, args=(path, 1_000.0))
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert path.read_text() == "another server's"


def test_a_directory_that_cannot_be_written_to_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "file"))
    with pytest.raises(ConnectionFailed, match="JUPYTER_DATA_DIR"):
        process.ensure(CLOCK)


def test_a_lock_that_is_never_given_back_is_said(tmp_path: Path) -> None:
    path = tmp_path / address.FILE_NAME
    with (
        address.locked(path, CLOCK),
        pytest.raises(ConnectionFailed, match="for 30 s") as failed,
        address.locked(path, ManualClock()),
    ):
        pass
    assert failed.value.layer == "timeout"


def test_a_request_that_is_on_keeps_it_from_being_idle() -> None:
    server = LessonServer.__new__(LessonServer)
    server.clock = CLOCK
    server._lock, server._active, server._last = threading.Lock(), 0, CLOCK.now() - 100
    assert server.idle_s() >= 100
    with server.busy():
        assert server.idle_s() == 0
    assert server.idle_s() < 100


def test_in_the_foreground_it_says_where_it_is(home: Path) -> None:
    code = (
        "import sys\nfrom nbagent.clock import SystemClock\n"
        "from nbagent.lessons.process import serve\nsys.exit(serve(SystemClock()))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout
        said = [first.stdout.readline() for _ in range(4)]
        assert "this is not Kimi" in "".join(said)
        again = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
        )
        assert "running already" in again.stdout
        assert said[1] in again.stdout
        first.terminate()
        assert first.wait(60) == 0
    assert not (home / address.FILE_NAME).exists()


@pytest.mark.usefixtures("home")
def test_the_server_stays_small_and_loads_the_standard_library_only() -> None:
    server = process.ensure(CLOCK)
    pid = int(hello(server)["pid"])
    connection = http.client.HTTPConnection(server.url[len("http://") : -len("/v1")], timeout=20)
    head = {"Authorization": f"Bearer {server.token}", "X-Nbagent-Pace": "inf"}
    messages = [{"role": "user", "content": "lesson long 50"}]
    for n in range(60):
        messages.append({"role": "user", "content": f"{n} " + "more words " * 250})
        body = json.dumps({"model": "scripted", "messages": messages, "stream": True})
        connection.request("POST", "/v1/chat/completions", body, head)
        assert connection.getresponse().read().endswith(b"[DONE]\n\n")
    connection.close()
    assert len(control.ledger(server)) == 60
    rss, peak = status_kb(pid, "VmRSS"), status_kb(pid, "VmHWM")
    print(f"lesson server: {rss} kB resident, {peak} kB at most")
    assert peak <= RSS_LIMIT_KB
    mapped = Path(f"/proc/{pid}/maps").read_text()
    assert "pydantic" not in mapped


def test_what_the_server_imports() -> None:
    code = (
        "import sys\nbefore = set(sys.modules)\nimport nbagent.lessons.server\n"
        "tops = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(tops - set(sys.stdlib_module_names)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path = {sys.path!r}\n{code}"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert loaded.stdout.split() == ["nbagent"]
