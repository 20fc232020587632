"""An HTTP server on raw sockets: it can do everything that a broken server, proxy or network does.

A script is a list of answers, one for each request; the last one repeats. An answer is a function
of the connection and says whether the connection stays open.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

STREAM = "text/event-stream"


@dataclass(frozen=True)
class Received:
    connection: int
    line: str
    headers: dict[str, str]
    body: bytes


class Connection:
    def __init__(self, server: WireServer, sock: socket.socket, number: int) -> None:
        self.server, self.sock, self.number = server, sock, number
        self.buffer = b""

    def request(self) -> Received | None:
        while b"\r\n\r\n" not in self.buffer:
            if not self._more():
                return None
            if self.buffer.startswith(b"\x16"):  # a TLS greeting
                self.sock.sendall(b"HTTP/1.1 400 This is plain HTTP\r\n\r\n")
                return None
        head, _, rest = self.buffer.partition(b"\r\n\r\n")
        line, *rows = head.decode("latin-1").split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (row.partition(":") for row in rows)}
        length = int(headers.get("content-length", 0))
        self.buffer = rest
        while len(self.buffer) < length:
            if not self._more():
                return None
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Received(self.number, line, headers, body)

    def _more(self) -> bool:
        data = self.sock.recv(1 << 16)
        self.buffer += data
        return bool(data)

    def head(self, status: int = 200, content_type: str = STREAM, **headers: str) -> None:
        self.server.request_ids.append(headers.get("Msh_Request_Id", ""))
        rows = [f"HTTP/1.1 {status} X", f"Content-Type: {content_type}"]
        rows += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.sock.sendall("\r\n".join([*rows, "", ""]).encode("latin-1"))

    def chunked(self, *, request_id: str = "req-1") -> None:
        self.head(Transfer_Encoding="chunked", Msh_Request_Id=request_id)

    def chunk(self, data: bytes) -> None:
        self.sock.sendall(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def end(self) -> bool:
        self.sock.sendall(b"0\r\n\r\n")
        return True

    def reset(self) -> bool:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def hold(self) -> bool:
        """Keep silent until the client closes the connection, then note that it did."""
        while self._more():
            pass
        self.server.client_closed.set()
        return False


Answer = Callable[[Connection], bool]


class WireServer:
    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.script: list[Answer] = []
        self.requests: list[Received] = []
        self.request_ids: list[str] = []
        self.connections: list[socket.socket] = []
        self.threads: list[threading.Thread] = []
        self.client_closed = threading.Event()
        self.arrived = threading.Event()
        self.listen()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def answers(self, *script: Answer) -> WireServer:
        self.script = list(script)
        return self

    def next_answer(self, _received: Received) -> Answer:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def listen(self) -> None:
        self._start(self._accept, self.listener)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        self.threads.append(threading.Thread(target=target, args=args, daemon=True))
        self.threads[-1].start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections.append(sock)
            number = len(self.connections)
            self._start(self._serve, sock, number)

    def _serve(self, sock: socket.socket, number: int) -> None:
        connection = Connection(self, sock, number)
        try:
            while (received := connection.request()) is not None:
                self.requests.append(received)
                self.arrived.set()
                if not self.next_answer(received)(connection):
                    break
        except OSError:
            self.client_closed.set()
        sock.close()

    def shut(self) -> None:
        """Close the listener and every connection; whoever waits at one of them is woken."""
        for sock in (self.listener, *self.connections):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def close(self) -> None:
        self.shut()


def event(value: Any) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def delta(_finish: str | None = None, _usage: dict[str, Any] | None = None, **fields: Any) -> bytes:
    choice: dict[str, Any] = {"index": 0, "delta": fields, "finish_reason": _finish}
    if _usage:
        choice["usage"] = _usage
    return event(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1795334401,
            "model": "kimi-k2.6",
            "choices": [choice],
        }
    )


DONE = b"data: [DONE]\n\n"
USAGE = {
    "prompt_tokens": 31,
    "completion_tokens": 22,
    "total_tokens": 53,
    "cached_tokens": 16,
    "completion_tokens_details": {"reasoning_tokens": 12},
}


def call(
    index: int | None,
    arguments: str,
    *,
    id: str | None = None,  # noqa: A002 -- the wire's word
    name: str | None = None,
) -> Any:
    fragment: dict[str, Any] = {"function": {"arguments": arguments}}
    if index is not None:
        fragment["index"] = index
    if id is not None:
        fragment |= {"id": id, "type": "function"}
    if name is not None:
        fragment["function"]["name"] = name
    return fragment


THINKS = [delta(role="assistant", content=""), delta(reasoning_content="The mean of")]
THINKS += [delta(reasoning_content=" 2 and 4 is 3."), delta(reasoning_content="")]
SAYS = [delta(content="It is "), delta(content="3.")]
CALLS = [
    delta(tool_calls=[call(0, "", id="run_cell:0", name="run_cell")]),
    delta(tool_calls=[call(0, '{"code": "df')]),
    delta(tool_calls=[call(0, '.head()"}')]),
    delta(tool_calls=[call(1, "", id="list_vars:1", name="list_vars")]),
    delta(tool_calls=[call(1, "{}")]),
]
ANSWER = [*THINKS, *SAYS, delta("stop", USAGE), DONE]
TOOLS = [*THINKS, *CALLS, delta("tool_calls", USAGE), DONE]


def streams(events: Iterable[bytes], *, request_id: str = "req-1") -> Answer:
    """Answer with events, one HTTP chunk each, and keep the connection."""
    events = list(events)

    def answer(connection: Connection) -> bool:
        connection.chunked(request_id=request_id)
        for one in events:
            connection.chunk(one)
        return connection.end()

    return answer


def says(status: int, body: str | dict[str, Any], **headers: str) -> Answer:
    """Answer with a status and a body."""
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "text/html" if isinstance(body, str) else "application/json"
    data = text.encode()

    def answer(connection: Connection) -> bool:
        connection.head(status, kind, Content_Length=str(len(data)), **headers)
        connection.sock.sendall(data)
        return True

    return answer


def refuses(status: int, type_: str, message: str, **headers: str) -> Answer:
    """Answer with an error in Moonshot's form."""
    return says(status, {"error": {"message": message, "type": type_}}, **headers)
