"""The list of runs, one row of it, and what this is."""

from __future__ import annotations

from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado import web

from nbagent import __version__
from nbagent.server.handler import LARGEST, Handler

API_VERSION = 1
PAGE, MOST = 100, 1_000
"""How many runs a page of the list has, and at most."""
DESCRIPTION = Path(__file__).with_name("openapi.json")


class PingHandler(Handler):
    """Whether it is there, and of which version."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer."""
        self.json({"version": __version__, "api": API_VERSION})


class DescriptionHandler(Handler):
    """The description of this API."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the file."""
        self.finish(DESCRIPTION.read_bytes())


class RunsHandler(Handler):
    """The runs, newest first."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a page of the list."""
        search, limit = self.search(), self.number("limit", PAGE, 1, MOST)
        before = self.number("before", LARGEST, 1)
        page = await self.records.ask(lambda _: self.records.page(search, limit, before))
        page["journal"] = await self.kernels.place(page["journal"])
        self.json(page)
