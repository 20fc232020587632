"""What happens, as it happens: the list of runs, and one run, as lines of JSON.

A line is written only when the one before it has left, so a slow reader holds nothing in memory:
what it has not read is read from the journal later. A stream ends when its reader goes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, TypeAlias

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.iostream import StreamClosedError

from nbagent.clock import Clock
from nbagent.events import to_dict
from nbagent.journal import Journal, RunLine
from nbagent.messages import json_bytes
from nbagent.server.contents import has_ended, some_events
from nbagent.server.handler import Handler
from nbagent.server.kernels import Kernels
from nbagent.server.listing import MOST
from nbagent.server.records import Records, Refused
from nbagent.server.watch import Turn, Watch

BEAT_S = 10.0
"""After how long without a line a stream says that it is there, in seconds; then it also looks who
has died, which nobody writes down."""
LIST_S = 0.5
"""The list is read again at most so often, as a run under way writes four times a second."""
LISTED, AT_ONCE = 200, 100
"""Rows of the list that a stream follows by default, and events that it reads at a time."""
BEAT = {"type": "beat"}

Lines: TypeAlias = AsyncIterator[dict[str, Any]]


class _Stream(Handler):
    """A route that goes on writing lines."""

    _track_activity = False  # following is not using: an idle server may still be culled

    def initialize(self, records: Records, watch: Watch, kernels: Kernels, clock: Clock) -> None:  # type: ignore[override] # tornado gives what the route has
        """Take what it works with; the clock says when nothing was said for long."""
        super().initialize(records, watch, kernels)
        self.clock = clock
        self._is_gone = False

    def on_connection_close(self) -> None:
        """Note that the reader has gone; tornado calls this."""
        super().on_connection_close()
        self._is_gone = True

    async def pass_on(self, lines: Lines) -> None:
        """Write lines until they end or the reader goes."""
        self.set_header("Content-Type", "application/x-ndjson")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")  # a proxy may not hold lines back
        async with aclosing(lines):  # type: ignore[type-var] # an async generator
            async for line in lines:
                if self._is_gone:
                    return
                if line:
                    self.write(json_bytes(line) + b"\n")
                    try:
                        await self.flush()
                    except StreamClosedError:
                        return
        self.finish(set_content_type="application/x-ndjson")


class ListStream(_Stream):
    """The list of runs as it changes."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Write the first rows, then those that change."""
        search, limit = self.search(), self.number("limit", LISTED, 1, MOST)
        await self.pass_on(self._lines(search, limit))

    async def _lines(self, search: str, limit: int) -> Lines:
        page = await self._page(search, limit)
        yield {"type": "runs", **page}
        with self.watch.follow() as turn:
            async for is_beat in self._changes(turn):
                before, page = page, await self._page(search, limit)
                changed = _changed(before, page)
                if changed or is_beat:
                    yield changed or BEAT
                else:
                    yield {}

    async def _page(self, search: str, limit: int) -> dict[str, Any]:
        page = await self.records.ask(lambda _: self.records.page(search, limit, None))
        return page | {"journal": await self.kernels.place(page["journal"])}

    async def _changes(self, turn: Turn) -> AsyncIterator[bool]:
        """When the list is to be read again; whether because nothing was said for long."""
        seen, read_at = None, self.clock.now()
        while not self._is_gone:
            version, age_s = await turn(), self.clock.now() - read_at
            is_beat = age_s >= BEAT_S
            if is_beat or (version != seen and age_s >= LIST_S):
                seen, read_at = version, self.clock.now()
                yield is_beat


def _changed(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The line that tells what has changed of a page of the list; {} if nothing has."""
    was = {row["run_id"]: row for row in before["runs"]}
    rows = [row for row in now["runs"] if was.get(row["run_id"]) != row]
    gone = [name for name in was if name not in {row["run_id"] for row in now["runs"]}]
    if not rows and not gone and before["journal"] == now["journal"]:
        return {}
    return {"type": "changed", "runs": rows, "gone": gone, "journal": now["journal"]}


class RunStream(_Stream):
    """One run's events as they are kept."""

    @web.authenticated
    @authorized
    async def get(self, run_id: str) -> None:
        """Write its row, its events from `since` on, and how it ended."""
        name, since = self.run_id(run_id), self.number("since", 0, 0)
        row = await self.records.ask_about(name, lambda _, line: self.records.row(line))
        await self.pass_on(self._lines(name, since, row))

    async def _lines(self, name: str, since: int, row: dict[str, Any]) -> Lines:
        yield {"type": "run", "run": row}
        seen, said_at = None, self.clock.now()
        with self.watch.follow() as turn:
            while not self._is_gone:
                version, is_late = await turn(), self.clock.now() - said_at >= BEAT_S
                if version == seen and not is_late:
                    continue
                seen, has_more = version, True
                while has_more:
                    told, since, has_more, end = await self._next(name, since)
                    for event in told:
                        yield event
                    if end:
                        yield end
                        return
                if is_late or told:
                    said_at = self.clock.now()
                yield BEAT if is_late and not told else {}

    async def _next(
        self, name: str, since: int
    ) -> tuple[list[dict[str, Any]], int, bool, dict[str, Any]]:
        """The next events, where to go on, whether there are more now, and the last line."""

        def asked(
            journal: Journal, line: RunLine
        ) -> tuple[list[dict[str, Any]], int, bool, dict[str, Any]]:
            events, following = some_events(journal, name, since, AT_ONCE)
            after = following or (events[-1].seq + 1 if events else since)
            is_over = has_ended(events) or line.state != "running" or not line.held_by
            is_end = is_over and following is None
            end = {"type": "ended", "run": self.records.row(line)} if is_end else {}
            return [to_dict(e) for e in events], after, following is not None, end

        try:
            return await self.records.ask_about(name, asked)
        except Refused as refused:
            return [], since, False, {"type": "gone", "message": refused.message}
