"""The test session itself: nothing leaves the machine, nothing of the person's is touched."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

from tests.conftest import REFUSED

CONNECT = "import socket; socket.create_connection(('192.0.2.1', 80), 0.1)"
SWALLOW = f"try:\n    {CONNECT}\nexcept Exception:\n    print('swallowed')"


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "refused.txt"
    monkeypatch.setenv(REFUSED, str(path))
    return path


def test_connecting_elsewhere_is_refused_and_written_down(ledger: Path) -> None:
    with pytest.raises(RuntimeError, match="may not connect"):
        socket.create_connection(("192.0.2.1", 80), 0.1)
    assert "192.0.2.1" in ledger.read_text()


def test_a_datagram_is_refused_too(ledger: Path) -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as out,
        pytest.raises(RuntimeError, match="may not"),
    ):
        out.sendto(b"x", ("192.0.2.1", 53))
    assert ledger.exists()


def test_loopback_is_free(ledger: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    assert not ledger.exists()


def test_a_process_that_swallows_the_refusal_is_still_found(ledger: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SWALLOW], capture_output=True, text=True, check=True
    )
    assert done.stdout == "swallowed\n"
    assert "192.0.2.1" in ledger.read_text()


@pytest.mark.kernel
def test_a_kernel_is_guarded(ledger: Path) -> None:
    manager, client = start_new_kernel()
    try:
        reply = client.execute_interactive(CONNECT, output_hook=lambda _message: None)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert reply["content"]["ename"] == "NetworkRefused"
    assert ledger.exists()


def test_no_key_and_no_directory_of_the_person_is_in_reach() -> None:
    assert not [name for name in os.environ if name.startswith(("MOONSHOT_", "KIMI_"))]
    home = Path(os.environ["HOME"])
    assert home.name.startswith("nbagent-")
    assert Path(os.environ["JUPYTER_DATA_DIR"]).is_relative_to(home)
