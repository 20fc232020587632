"""The journal, asked on threads of its own, so that no answer of the server waits for a disk.

What is known of the whole: where the journal is, whether it can be read, and whether the kernels
of this server keep their runs in it. Secrets that are in this server's environment are masked once
more in all that leaves.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from tornado import web

from nbagent.errors import LeaseHeld, UsageError
from nbagent.journal import Journal, RunLine
from nbagent.redact import Redactor
from nbagent.trace.listed import listed

_Answer = TypeVar("_Answer")

THREADS = 2
"""Reading is one at a time; drawing what was read is beside it."""
_DAMAGE = (ValueError, TypeError, LookupError, AttributeError, zlib.error)
"""What reading raises where bytes within the file were changed that SQLite does not check."""


class Refused(web.HTTPError):
    """Something cannot be done.

    Args:
        status: of HTTP, from 400 to 499.
        message: why, and what to do, for a person.
        word: the same for a program.
    """

    def __init__(self, status: int, message: str, word: str) -> None:
        super().__init__(status)
        self.message, self.word = message, word


class Records:
    """Runs on record.

    Args:
        journal: the user's.
        redact: masks secrets.
        root: the directory that the server's paths are relative to; None if it has none.
    """

    def __init__(self, journal: Journal, redact: Redactor, root: Path | None) -> None:
        self.journal, self.redact = journal, redact
        self._root = root
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="nbagent-records")

    async def ask(self, question: Callable[[Journal], _Answer]) -> _Answer:
        """Ask the journal.

        Args:
            question: asks it, on another thread, and makes an answer of JSON values.

        Raises:
            Refused: it cannot be read, or not be written; in words.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: self._asked(question))

    async def ask_about(
        self, run_id: str, question: Callable[[Journal, RunLine], _Answer]
    ) -> _Answer:
        """Ask the journal about one run.

        Raises:
            Refused: there is no such run, or as above.
        """

        def asked(journal: Journal) -> _Answer:
            line = journal.line(run_id)
            if line is None:
                raise Refused(404, f"There is no run {run_id} on record here.", "no_such_run")
            return question(journal, line)

        return await self.ask(asked)

    def _asked(self, question: Callable[[Journal], _Answer]) -> _Answer:
        try:
            return self.redact.value(question(self.journal))
        except LeaseHeld as error:
            raise Refused(409, str(error), "held") from error
        except UsageError as error:
            raise Refused(409, str(error), "no_journal") from error
        except _DAMAGE as error:
            words = f"The record of this run is damaged and cannot be read ({type(error).__name__})"
            raise Refused(409, f"{words}. It was left as it is.", "damaged") from error

    def row(self, line: RunLine) -> dict[str, Any]:
        """A row of the list, its notebook as a path of the server where it has one."""
        row = listed(line)
        path = Path(line.notebook)
        is_outside = bool(line.notebook) and path.is_absolute()
        if is_outside and self._root is not None and path.is_relative_to(self._root):
            return row | {"notebook": path.relative_to(self._root).as_posix(), "outside": False}
        return row | {"outside": is_outside}

    def page(self, search: str, limit: int, before: int | None) -> dict[str, Any]:
        """Some of the list, and where it is from; to be asked by `ask`."""
        note = ""
        try:
            lines, following = self.journal.page(search, limit=limit, before=before)
        except UsageError as error:
            lines, following, note = [], None, str(error)
        place = {"here": self.journal.is_there and not note, "note": note or self.journal.note}
        return {"runs": [self.row(line) for line in lines], "next": following, "journal": place}
