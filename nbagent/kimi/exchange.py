"""One request, from its place in the account's pace to its checked reply.

The exchange runs inside the I/O thread. It ends in exactly one `Reply` or `Failure`, unless it
is cancelled; then nothing more is delivered.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from nbagent.clock import Clock
from nbagent.errors import ModelError
from nbagent.kimi.assemble import ErrorFrame
from nbagent.kimi.faults import request_id_of
from nbagent.kimi.network import stalled
from nbagent.kimi.pace import Pace, held_text
from nbagent.kimi.reader import Reader
from nbagent.kimi.transport import Transport
from nbagent.kimi.watchdog import TICK_S, Watchdog
from nbagent.messages import Request
from nbagent.ports import Arrival, Failure, Held, Piece, Reply
from nbagent.settings import Settings

USAGE_GRACE_S = 2.0
"""How long token counts are waited for after the finish_reason, in seconds."""
END_GRACE_S = 0.5
"""How long the body's end is waited for after `[DONE]`, so that the connection can be kept."""


class Delivery:
    """Hands arrivals to the sink until it is closed; after `close` returns, nothing more comes."""

    def __init__(self, sink: Callable[[Arrival], None]) -> None:
        self._sink = sink
        self._lock = threading.RLock()
        self._open = True

    def send(self, arrival: Arrival) -> None:
        """Hand over an arrival."""
        with self._lock:
            if self._open:
                self._sink(arrival)

    def close(self) -> None:
        """Hand over nothing more."""
        with self._lock:
            self._open = False


@dataclass(frozen=True, slots=True)
class Line:
    """What exchanges with one endpoint share."""

    transport: Transport
    pace: Pace
    clock: Clock
    settings: Settings


class Exchange:
    """One request and its reply.

    Args:
        line: the endpoint's transport, pace, clock and limits.
        request: what to send.
        delivery: where arrivals go.
    """

    def __init__(self, line: Line, request: Request, delivery: Delivery) -> None:
        self._line = line
        self._request = request
        self._delivery = delivery
        self._reader = Reader()
        self._watchdog = Watchdog(line.clock)
        self._request_id = ""

    async def run(self) -> None:
        """Keep the pace, send, read, check and deliver."""
        try:
            await self._keep_pace()
            await self._converse()
            last: Arrival = self._reply()
        except ModelError as error:
            error.partial = error.partial or self._reader.reply.partial
            error.request_id = error.request_id or self._request_id
            last = Failure(self._line.clock.now(), error.with_traceback(None))
        self._delivery.send(last)

    def broken(self, future: Future[None]) -> None:
        """Deliver a failure if the exchange itself broke: whoever waits must hear of it."""
        error = None if future.cancelled() else future.exception()
        if error is not None:
            what = f"nbagent itself failed during a request ({type(error).__name__})."
            fault = ModelError(what, "Please report this.", request_id=self._request_id)
            self._delivery.send(Failure(self._line.clock.now(), fault))

    async def _keep_pace(self) -> None:
        """Wait for the request's place; give it back if the wait is given up."""
        clock, pace = self._line.clock, self._line.pace
        place = pace.book()
        if place.wait_s <= 0:
            return
        now = clock.now()
        until = now + place.wait_s
        self._delivery.send(Held(now, until, held_text(place.rpm, place.wait_s)))
        try:
            while clock.now() < until:  # noqa: ASYNC110 -- the injected clock has no event to wait on
                await asyncio.sleep(TICK_S)
        except asyncio.CancelledError:
            pace.give_back(place)
            raise

    async def _converse(self) -> None:
        """Send the request and read its answer; faults after a finish_reason do not count."""
        fault: ModelError | None = None
        try:
            with self._watchdog:
                await self._send_and_read()
        except ModelError as error:
            fault = error
        except ErrorFrame as frame:
            fault = self._line.transport.faults.from_frame(frame.error, self._request_id)
        except asyncio.CancelledError:
            if self._watchdog.expired is None:
                raise
            fault = stalled(self._line.transport.faults.endpoint, *self._watchdog.expired)
        if fault is not None and not self._reader.reply.finish_reason:
            raise fault

    async def _send_and_read(self) -> None:
        settings, transport = self._line.settings, self._line.transport
        self._watchdog.limit_whole(settings.reply_minutes * 60)
        self._watchdog.arm(settings.first_delta_seconds, "first token")
        response = await transport.post("/chat/completions", self._request.body())
        self._request_id = request_id_of(response.headers)
        await transport.read(response, self._take)
        self._pass_on(self._reader.end(self._line.clock.now()))

    def _take(self, chunk: bytes) -> None:
        """Understand what was just read, and wait for what should come next."""
        reply = self._reader.reply
        pieces = self._reader.feed(chunk, self._line.clock.now())
        self._pass_on(pieces)
        if reply.done:
            self._watchdog.arm(END_GRACE_S, "end of its answer")
        elif reply.finish_reason:
            self._watchdog.arm(USAGE_GRACE_S, "token counts")
        elif pieces:
            self._watchdog.arm(self._line.settings.between_deltas_seconds, "further token")

    def _pass_on(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            self._delivery.send(piece)

    def _reply(self) -> Reply:
        whole = self._reader.finish()
        return Reply(
            self._line.clock.now(),
            whole.message,
            whole.finish_reason,
            whole.usage,
            self._request_id,
            whole.model,
        )
