"""The real endpoint in a lesson: a door on loopback that keeps the pace and counts the cost.

A learner's plain client goes to this door and never holds the key; the door adds it, waits where
a new account's three requests a minute need it, passes the reply on as it comes, and keeps what
the checks look at. `%%kimi` and `Agent` go to the endpoint itself, by their own settings; what
they cost is read from the journal.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from nbagent.clock import Clock
from nbagent.journal import Journal, RunLine
from nbagent.lessons.course.prices import cost_usd
from nbagent.lessons.course.requests import PATH, Request
from nbagent.phrases import plural
from nbagent.settings import DEFAULT_MODEL, KEY_VARIABLES, URL_VARIABLES, Secret

LIVE_VARIABLE = "NBAGENT_LIVE"
DEFAULT_URL = "https://api.moonshot.ai/v1"
PER_MINUTE = 3
MINUTE_S = 60.0
TIMEOUT_S = 600.0
MOST_REFUSALS = 5
"""How often a request is sent again after a 429 that names a wait."""
WAIT = re.compile(r"try again after (\d+(?:\.\d+)?) seconds?")
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def wanted(environ: Mapping[str, str]) -> bool:
    """Whether the user asked for the real model. A key alone never does."""
    return environ.get(LIVE_VARIABLE) == "1"


def key_in(environ: Mapping[str, str]) -> Secret | None:
    """The user's key, or None."""
    return next((Secret(environ[name]) for name in KEY_VARIABLES if environ.get(name)), None)


def url_in(environ: Mapping[str, str]) -> str:
    """The endpoint's base URL."""
    named = next((environ[name] for name in URL_VARIABLES if environ.get(name)), DEFAULT_URL)
    return named.rstrip("/")


class Limiter:
    """Lets so many requests a minute through, one at a time.

    Args:
        clock: time.
        tell: given a line before a wait.
        per_minute: how many.
    """

    def __init__(
        self, clock: Clock, tell: Callable[[str], None], per_minute: int = PER_MINUTE
    ) -> None:
        self._clock = clock
        self._tell = tell
        self._begun: deque[float] = deque(maxlen=per_minute)
        self.turn = threading.Lock()

    def wait(self) -> None:
        """Wait until the next request may go; the caller holds `turn`."""
        if len(self._begun) == self._begun.maxlen:
            self.pause(self._begun[0] + MINUTE_S - self._clock.now())
        self._begun.append(self._clock.now())

    def pause(self, seconds: float) -> None:
        """Wait so long, and say so."""
        if seconds > 0:
            self._tell(
                f"The next request goes in {seconds:.0f} s: a new account may send {PER_MINUTE} "
                "a minute. Nothing is wrong and nothing is lost."
            )
            self._clock.sleep(seconds)


class Runs:
    """The user's runs that a real model answers, from now on.

    Args:
        clock: for the journal.
    """

    def __init__(self, clock: Clock) -> None:
        self._journal = Journal(clock=clock)
        self._before = {run.run_id for run in self._journal.runs()}

    def since(self) -> list[RunLine]:
        """Those that have begun, newest first, as the journal knows them."""
        runs = self._journal.runs()
        return [run for run in runs if not run.scripted and run.run_id not in self._before]


class Live:
    """The real endpoint, by way of a door on this machine.

    Args:
        url: the endpoint's base URL.
        key: the user's key for it.
        clock: time.
        tell: given a line before a wait.
        model: the model's name.
    """

    live = True

    def __init__(
        self,
        url: str,
        key: Secret,
        clock: Clock,
        tell: Callable[[str], None],
        model: str = DEFAULT_MODEL,
    ) -> None:
        self.url = url
        self.model = model
        self.api_key = f"lesson-{secrets.token_urlsafe(24)}"
        self._key = key
        self._limiter = Limiter(clock, tell)
        self._runs = Runs(clock)
        self._seen: list[Request] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _door(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def host(self) -> str:
        """The endpoint's host."""
        return str(urlsplit(self.url).hostname)

    def requests(self) -> Sequence[Request]:
        """The chat requests since the lesson began, oldest first."""
        return tuple(self._seen)

    def cost(self) -> str:
        """What the lesson cost so far, in words: the client's requests, and runs of nbagent."""
        runs = self._runs.since()
        asked, ran = self.cost_usd(), _known_sum([run.cost_usd for run in runs])
        rows = [f"{plural(len(self._seen), 'request')} to the real model: {_dollars(asked)}."]
        if runs:
            rows.append(
                f"{plural(len(runs), 'run')} of yours since the lesson began: {_dollars(ran)}."
            )
            rows.append(f"Together {_dollars(_known_sum([asked, ran]))}.")
        return "\n".join(rows)

    def cost_usd(self) -> float | None:
        """What the client's requests cost, by their tokens; None if the price is not known."""
        return _known_sum([cost_usd(each.usage, self.model) for each in self._seen if each.usage])

    def close(self) -> None:
        """Close the door."""
        self._server.shutdown()
        self._server.server_close()

    def forward(self, raw: bytes, answer: Callable[[int, str], Callable[[bytes], None]]) -> None:
        """Send a request on and its reply back, piece by piece; keep what came of it.

        Args:
            raw: the request's body.
            answer: given status and content type, returns what takes the reply's pieces.
        """
        with self._limiter.turn:
            self._seen.append(Request(raw=raw, url=f"{self.url}/chat/completions"))
            at = len(self._seen) - 1
            for _ in range(MOST_REFUSALS):
                self._limiter.wait()
                response = self._send(raw)
                text = b"" if response.status != 429 else response.read()  # noqa: PLR2004 -- HTTP
                named = WAIT.search(text.decode("utf-8", "replace"))
                if named is None:
                    break
                self._limiter.pause(float(named[1]))
            whole = bytearray(text)
            kind = response.headers.get("Content-Type", "application/json")
            take = answer(response.status, kind)
            with closing(response):
                if text:
                    take(text)
                while piece := response.read1(65_536):
                    whole += piece
                    take(piece)
            self._seen[at] = _with_outcome(self._seen[at], response.status, kind, bytes(whole))

    def _send(self, raw: bytes) -> Any:
        headers = {"Authorization": f"Bearer {self._key.reveal()}"}
        headers["Content-Type"] = "application/json"
        request = urllib.request.Request(  # noqa: S310 -- the endpoint that the user set
            f"{self.url}/chat/completions", raw, headers, method="POST"
        )
        proxies = [urllib.request.ProxyHandler({})] if self.host in LOOPBACK else []
        try:
            return urllib.request.build_opener(*proxies).open(request, timeout=TIMEOUT_S)
        except urllib.error.HTTPError as refused:
            return refused


def _known_sum(costs: Sequence[float | None]) -> float | None:
    """The sum; None where one of them is not known."""
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None


def _dollars(usd: float | None) -> str:
    return "cost not known" if usd is None else f"${usd:.4f}"


def _door(place: Live) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        """Takes the requests of the learner's client."""

        def do_POST(self) -> None:
            """Pass a chat request on."""
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            given = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if not secrets.compare_digest(given.encode(), place.api_key.encode()):
                self._begin(401, "application/json")(_error("Incorrect API key provided"))
            elif self.path != PATH:
                self._begin(404, "application/json")(_error(f"no {self.path} in a lesson"))
            else:
                self._forward(raw)

        def _forward(self, raw: bytes) -> None:
            try:
                place.forward(raw, self._begin)
            except urllib.error.URLError as fault:
                text = f"{place.host} cannot be reached: {fault.reason}"
                self._begin(502, "application/json")(_error(text))

        def _begin(self, status: int, kind: str) -> Callable[[bytes], None]:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()

            def take(piece: bytes) -> None:
                self.wfile.write(piece)
                self.wfile.flush()

            return take

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base's name
            """Keep quiet: the lesson's requests are the log."""

    return Door


def _error(text: str) -> bytes:
    return json.dumps({"error": {"message": text, "type": "lesson_error"}}).encode()


def _with_outcome(request: Request, status: int, kind: str, whole: bytes) -> Request:
    """What came of a request, read from the reply's bytes; of a stream, its token counts."""
    if "event-stream" in kind:
        events = [line[5:] for line in whole.splitlines() if line.startswith(b"data:")]
        objects = [_object(event) for event in events]
    else:
        objects = [_object(whole)]
    usage, reply = None, None
    for each in objects:
        choice: dict[str, Any] = next(iter(each.get("choices") or []), {})
        usage = each.get("usage") or choice.get("usage") or usage
        reply = choice.get("message") or reply
    error = next((each["error"] for each in objects if "error" in each), None)
    return replace(request, status=status, error=error, reply=reply, usage=usage)


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
