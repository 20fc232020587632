"""What all routes share: who may ask, what may be asked for, and how a refusal is said.

A request is authenticated and authorised (resource `nbagent`, action `read` or `write`) before its
method runs; origin and XSRF are checked as Jupyter's own API does, of a read too. Whatever cannot
be done is a status from 400 to 499 with `{"message", "reason"}`: words for a person, a word for a
program.

Read next: `nbagent.server.listing`.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from jupyter_server.base.handlers import APIHandler
from tornado import web

from nbagent.messages import json_bytes
from nbagent.server.kernels import Kernels
from nbagent.server.records import Records, Refused
from nbagent.server.watch import Watch

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
SEARCH_CHARS = 200
LARGEST = 2**53
"""The largest whole number that every JSON reader holds exactly."""


class Handler(APIHandler):
    """Base of the routes; `json` answers, `Refused` refuses."""

    auth_resource = "nbagent"

    def initialize(self, records: Records, watch: Watch, kernels: Kernels) -> None:
        """Take what the routes work with; tornado calls this for each request."""
        self.records, self.watch, self.kernels = records, watch, kernels

    async def prepare(self) -> None:  # type: ignore[override] # as Jupyter's own APIHandler
        """Check host, origin and XSRF before anything else is done."""
        await super().prepare()
        if self.request.method == "GET" and self.current_user:
            self.check_xsrf_cookie()  # as Jupyter does for files: no other site may include these

    def json(self, value: Any) -> None:
        """Answer with a JSON value."""
        self.finish(json_bytes(value))

    def write_error(self, status_code: int, **named: Any) -> None:
        """Say why not; never where in the code."""
        error = (named.get("exc_info") or (None, None))[1]
        phrase = HTTPStatus(status_code).phrase
        message, reason = phrase, phrase.lower().replace(" ", "_")
        if isinstance(error, Refused):
            message, reason = error.message, error.word
        elif isinstance(error, web.HTTPError):
            message = error.log_message or phrase
        self.json({"message": message, "reason": reason})

    def run_id(self, text: str) -> str:
        """The name of a run, as it stands in the path.

        Raises:
            Refused: it is no name.
        """
        if not RUN_ID.fullmatch(text):
            raise Refused(400, "That is no name of a run.", "bad_name")
        return text

    def number(self, name: str, default: int, least: int, most: int = LARGEST) -> int:
        """A whole number of the query.

        Raises:
            Refused: it is none, or too small or too large.
        """
        text = self.get_query_argument(name, str(default))
        if not re.fullmatch(r"[0-9]{1,16}", text, re.ASCII) or not least <= int(text) <= most:
            words = f"`{name}` is a whole number from {least:,} to {most:,}."
            raise Refused(400, words, "bad_parameter")
        return int(text)

    def word(self, name: str, among: tuple[str, ...]) -> str:
        """One of some words of the query, the first by default.

        Raises:
            Refused: it is none of them.
        """
        text = self.get_query_argument(name, among[0])
        if text not in among:
            raise Refused(400, f"`{name}` is one of {', '.join(among)}.", "bad_parameter")
        return text

    def search(self) -> str:
        """What the list is searched for, '' for everything.

        Raises:
            Refused: it is too long.
        """
        text = self.get_query_argument("search", "")
        if len(text) > SEARCH_CHARS:
            words = f"`search` has at most {SEARCH_CHARS} characters."
            raise Refused(400, words, "bad_parameter")
        return text
