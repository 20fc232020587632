"""A server that costs nothing: one canned reply, written at once, over and over.

Run as `python -m tests.bench.server`; it prints its port. The reply is a step as K2.6 sends it:
200 reasoning deltas, one tool call in 30 fragments, usage, `[DONE]`; one HTTP chunk an event.
"""

from __future__ import annotations

import asyncio
import sys

from tests.kimi.wire_server import DONE, USAGE, call, delta, event

REASONING = " word"
N_REASONING, N_ARGUMENTS = 200, 30


def reply() -> bytes:
    events = [delta(role="assistant", content="")]
    events += [delta(reasoning_content=REASONING)] * N_REASONING
    events.append(delta(tool_calls=[call(0, "", id="run_python:0", name="run_python")]))
    events.append(delta(tool_calls=[call(0, '{"code": "')]))
    events += [delta(tool_calls=[call(0, "print(df) ")])] * N_ARGUMENTS
    events.append(delta(tool_calls=[call(0, '"}')]))
    events.append(delta("tool_calls", USAGE))
    events += [event({"choices": [], "usage": USAGE}), DONE]
    chunks = [f"{len(one):x}\r\n".encode() + one + b"\r\n" for one in events]
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    return head + b"".join(chunks) + b"0\r\n\r\n"


async def serve() -> None:
    whole = reply()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
                await reader.readexactly(int(length))
                writer.write(whole)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
