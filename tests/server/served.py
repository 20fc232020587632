"""A real Jupyter server with directories of its own, and a browser's session with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import requests
from requests.cookies import RequestsCookieJar

from nbagent.clock import SystemClock
from nbagent.server import routes
from tests.browser.lab import free_port

CONFIG = Path(routes.__file__).with_name("nbagent.json")
TOKEN = "a-test-token"
START_S = 60.0
OTHERS = ("jupyterlab", "notebook", "jupyter_lsp", "jupyter_server_terminals", "notebook_shim")
ORIGIN = "https://elsewhere.example"


class Served:
    """A Jupyter server in which nbagent's extension is enabled by its own configuration file.

    Args:
        home: for its directories and its log.
        base_url: as behind a hub.
        more: further options.
        env: further environment variables.
    """

    def __init__(
        self,
        home: Path,
        base_url: str = "/",
        more: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.home, self.data, self.root = home, home / "data", home / "work"
        enabled = home / "etc" / "jupyter_server_config.d"
        for folder in (self.data, self.root, home / "runtime", enabled):
            folder.mkdir(parents=True, exist_ok=True)
        (enabled / CONFIG.name).write_text(CONFIG.read_text())
        self.env = os.environ | {
            "JUPYTER_DATA_DIR": str(self.data),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "JUPYTER_CONFIG_PATH": str(home / "etc"),
            **(env or {}),
        }
        options = [
            *("--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
            f"--ServerApp.port={free_port()}",
            f"--IdentityProvider.token={TOKEN}",
            f"--ServerApp.root_dir={self.root}",
            f"--ServerApp.base_url={base_url}",
            *(f"--ServerApp.jpserver_extensions={name}=False" for name in OTHERS),
            *more,
        ]
        self.log = home / "server.log"
        with self.log.open("w") as log:
            command = [sys.executable, "-m", "jupyter_server", *options]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=home, env=self.env)
        self.url = self._wait_for_url()
        self.api = f"{self.url}nbagent/api"

    def _wait_for_url(self) -> str:
        clock = SystemClock()
        deadline = clock.now() + START_S
        file = self.home / "runtime" / f"jpserver-{self.process.pid}.json"
        while clock.now() < deadline and self.process.poll() is None:
            try:
                url = str(json.loads(file.read_text())["url"])
                if requests.get(f"{url}api", timeout=5).ok:
                    return url
            except (OSError, ValueError):
                clock.sleep(0.05)
        raise RuntimeError(f"no server: {self.log.read_text()[-3000:]}")

    def by_token(self) -> requests.Session:
        """A session of a script that has the token."""
        session = requests.Session()
        session.trust_env = False
        session.headers["Authorization"] = f"token {TOKEN}"
        return session

    def by_cookie(self) -> requests.Session:
        """A session of a browser that has logged in, with the header that its pages send."""
        session = requests.Session()
        session.trust_env = False
        session.cookies.update(self._login)
        session.headers["X-XSRFToken"] = session.cookies["_xsrf"]
        return session

    @cached_property
    def _login(self) -> RequestsCookieJar:
        session = requests.Session()
        session.trust_env = False
        session.get(f"{self.url}login", params={"token": TOKEN}, timeout=30)
        return session.cookies

    def get(self, path: str, **query: Any) -> requests.Response:
        """Ask as a script does."""
        return self.by_token().get(f"{self.api}{path}", params=query, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server and its kernels."""
        self.process.terminate()
        self.process.wait(timeout=30)


def lines_of(response: requests.Response) -> Iterator[dict[str, Any]]:
    """The lines of a stream, as they come."""
    for line in response.iter_lines(chunk_size=None):
        if line:
            yield json.loads(line)
