"""The routes: what each path of the lesson server answers, and how bytes go out.

The key is judged first, then the request is entered in the ledger, then answered. A stream goes
out in HTTP chunks, one an event, and the connection stays open for the next request.
"""

from __future__ import annotations

import hmac
import json
import math
import os
import select
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from nbagent.lessons import chat, judge
from nbagent.lessons.judge import WINDOW_TOKENS, Refused
from nbagent.lessons.ledger import Entry
from nbagent.lessons.orders import Page
from nbagent.lessons.pace import Pace, due_times
from nbagent.lessons.wire import MODEL, frames

if TYPE_CHECKING:
    from nbagent.lessons.server import LessonServer

_LAST_CHUNK = b"0\r\n\r\n"

BADGE = "replies written by people; not Kimi"
PACE_HEADER = "X-Nbagent-Pace"
MOST_BODY_BYTES = 20_000_000
"""Moonshot takes 100 MB; this server is small, and its window of tokens is full long before."""


class Handler(BaseHTTPRequestHandler):
    """Serves one connection."""

    protocol_version = "HTTP/1.1"
    server_version = "nbagent-lessons"
    sys_version = ""
    disable_nagle_algorithm = True
    server: LessonServer

    def setup(self) -> None:
        """Number the connection."""
        super().setup()
        self._number = next(self.server.connections)

    def do_GET(self) -> None:
        """Answer a GET."""
        self._serve()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._serve()

    def do_DELETE(self) -> None:
        """Answer a DELETE."""
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base's name
        """Keep quiet: the ledger is the log."""

    def _serve(self) -> None:
        with self.server.busy():
            try:
                self._answer()
            except ConnectionError:
                self.close_connection = True  # the client went away; nobody is left to tell

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        body = self._read_body()
        if body is None:
            return
        if parts.path == "/lesson/hello":
            self._hello(parse_qs(parts.query).get("nonce", [""])[0])
            return
        self._raw = body
        own = parts.path.startswith("/lesson/")
        headers = {k.lower(): v for k, v in self.headers.items() if k.lower() != "authorization"}
        ledger = self.server.state.ledger
        entry = (
            Entry(-1, self._number, self.command, self.path, headers, None)
            if own
            else ledger.open(self._number, self.command, self.path, headers, body)
        )
        try:
            entry.caller = judge.check_key(
                self.headers.get("Authorization"), self.server.address.token
            )
            self._route(parts.path)(entry)
        except Refused as refused:
            entry.error = refused.body()["error"]
            self._send_refusal(entry, refused)

    def _route(self, path: str) -> Callable[[Entry], None]:
        routes: dict[tuple[str, str], Callable[[Entry], None]] = {
            ("POST", "/v1/chat/completions"): self._chat,
            ("GET", "/v1/models"): self._models,
            ("GET", "/v1/users/me/balance"): self._balance,
            ("POST", "/v1/tokenizers/estimate-token-count"): self._estimate,
            ("GET", "/lesson/ledger"): self._ledger,
            ("DELETE", "/lesson/ledger"): self._clear_ledger,
            ("POST", "/lesson/next"): self._order,
            ("DELETE", "/lesson/next"): self._clear_orders,
            ("POST", "/lesson/pace"): self._set_pace,
            ("DELETE", "/lesson/pace"): self._reset_pace,
            ("POST", "/lesson/stop"): self._stop,
        }
        route = routes.get((self.command, path))
        if route is None:
            text = f"The requested resource {self.command} {path} was not found"
            raise Refused(404, "resource_not_found_error", text)
        return route

    # The endpoint's routes.

    def _chat(self, entry: Entry) -> None:
        server = self.server
        answer = chat.answer(self._raw, entry, server.state, int(server.clock.wall()))
        if isinstance(answer, Page):
            entry.status = answer.status
            self._send(answer.status, answer.html.encode(), "text/html; charset=utf-8")
            return
        entry.status = 200
        pace = Pace.parse(self.headers.get(PACE_HEADER, ""), server.state.pace)
        if answer.stream is not None:
            self._send_stream(answer, pace)
            return
        times = due_times(frames(answer.reply, include_usage=False), pace, answer.reply.id)
        if self._wait_until(server.clock.now() + max(times)):
            self._send_json(answer.reply.completion())

    def _models(self, entry: Entry) -> None:
        entry.status = 200
        model = {
            "id": MODEL,
            "object": "model",
            "created": 1_776_643_200,
            "owned_by": "nbagent",
            "context_length": WINDOW_TOKENS,
            "supports_image_in": True,
            "supports_video_in": False,
            "supports_reasoning": True,
        }
        self._send_json({"object": "list", "data": [model]})

    def _balance(self, entry: Entry) -> None:
        entry.status = 200
        money = {"available_balance": 1.0, "voucher_balance": 1.0, "cash_balance": 0.0}
        self._send_json({"code": 0, "data": money, "scode": "0x0", "status": True})

    def _estimate(self, entry: Entry) -> None:
        entry.status = 200
        total = {"total_tokens": chat.estimate(self._raw)}
        self._send_json({"code": 0, "data": total, "scode": "0x0", "status": True})

    # The server's own routes.

    def _hello(self, nonce: str) -> None:
        """Prove that this is the server of the address file, without showing its key."""
        key = self.server.address.token.encode()
        proof = hmac.new(key, nonce.encode(), "sha256").hexdigest()
        self._send_json({"build": self.server.address.build, "pid": os.getpid(), "proof": proof})

    def _ledger(self, _: Entry) -> None:
        """One entry a line, each sent by itself, so that the whole is never held in memory."""
        since = parse_qs(urlsplit(self.path).query).get("since", ["0"])[0]
        self._begin(200, "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for entry in self.server.state.ledger.since(int(since) if since.isdigit() else 0):
            self.wfile.write(_chunk(json.dumps(entry.to_json()).encode() + b"\n"))
        self.wfile.write(_LAST_CHUNK)

    def _clear_ledger(self, _: Entry) -> None:
        self.server.state.ledger.clear()
        self._send_json({})

    def _order(self, _: Entry) -> None:
        try:
            self.server.state.orders.place(_object(self._raw)["orders"])
        except (KeyError, ValueError) as fault:
            raise judge.invalid(f"orders: {fault}") from None
        self._send_json({"waiting": len(self.server.state.orders)})

    def _clear_orders(self, _: Entry) -> None:
        self.server.state.orders.clear()
        self._send_json({})

    def _set_pace(self, _: Entry) -> None:
        wanted = _object(self._raw)
        usual = Pace(ttft_s=float(wanted.get("ttft_s", self.server.state.pace.ttft_s)))
        pace = Pace.parse(str(wanted.get("tokens_per_s", "")), usual)
        self.server.state.pace = pace
        self._tell_pace()

    def _reset_pace(self, _: Entry) -> None:
        self.server.state.pace = self.server.state.usual_pace
        self._tell_pace()

    def _tell_pace(self) -> None:
        pace = self.server.state.pace
        rate = "inf" if math.isinf(pace.tokens_per_s) else pace.tokens_per_s
        self._send_json({"tokens_per_s": rate, "ttft_s": pace.ttft_s})

    def _stop(self, _: Entry) -> None:
        self._send_json({})
        self.server.stopping = True

    # Bytes.

    def _read_body(self) -> bytes | None:
        """The request's body; None if it was refused for its length, which ends the connection."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit():
            self.close_connection = True
            self._send(411, b"")
            return None
        if int(length) > MOST_BODY_BYTES:
            self.close_connection = True
            self._send(413, b"")
            return None
        return self.rfile.read(int(length))

    def _begin(self, status: int, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("X-Nbagent-Scripted", BADGE)
        self.send_header("Msh-Request-Id", f"lesson-{self.server.state.ledger.count}")
        if self.close_connection:
            self.send_header("Connection", "close")

    def _send(self, status: int, body: bytes, content_type: str = "application/json") -> None:
        self._begin(status, content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_json(self, value: Any, status: int = 200) -> None:
        self._send(status, json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))

    def _send_refusal(self, entry: Entry, refused: Refused) -> None:
        entry.status = refused.status
        body = json.dumps(refused.body(), ensure_ascii=False).encode("utf-8", "replace")
        self._begin(refused.status, "application/json")
        wait = (entry.order or {}).get("retry_after")
        if wait is not None:
            self.send_header("Retry-After", str(wait))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_stream(self, answer: chat.Answer, pace: Pace) -> None:
        start = self.server.clock.now()
        self._begin(200, "text/event-stream; charset=utf-8")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        stream = answer.stream or []
        ready = bytearray()
        for frame, due in zip(stream, due_times(stream, pace, answer.reply.id), strict=True):
            if start + due > self.server.clock.now():
                self.wfile.write(ready)
                ready.clear()
                if not self._wait_until(start + due):
                    return
            if frame.cut:
                self.close_connection = True
                break
            ready += _chunk(frame.encode())
        else:
            ready += _LAST_CHUNK
        self.wfile.write(ready)

    def _wait_until(self, t: float) -> bool:
        """Wait until the clock reads `t`; False, at once, if the client goes away meanwhile."""
        clock = self.server.clock
        while (left := t - clock.now()) > 0:
            readable, _, _ = select.select([self.connection], [], [], left)
            if not readable:
                continue
            if not self.connection.recv(1, socket.MSG_PEEK):
                self.close_connection = True
                return False
            clock.sleep(left)  # the next request is already there: it waits its turn
        return True


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except ValueError as fault:
        raise judge.invalid(f"the request body is not valid JSON: {fault}") from None
    if not isinstance(value, dict):
        raise judge.invalid("the request body must be an object")
    return value
