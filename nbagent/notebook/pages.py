"""The pages that show this kernel's notebook, and asking one of them to read or change cells.

A page says that it is there by a command on the control channel, which is read even while a cell
is busy. A request goes to it over a comm; its answer comes back as a command, on the control
thread, while the tool waits on the main thread and lets everything else go on meanwhile. Each
request is answered once, and nothing that a page sends is believed without a look: it is the
person's own browser, but an answer that makes no sense must not get into a history.

Read next: `nbagent.notebook.answers`, which looks at what a page answers.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from nbagent.clock import Clock
from nbagent.notebook.ops import Op

TARGET = "nbagent.cells"
"""The comm target that a page registers, and the name that its commands go to."""
DESK = "cells"
ANSWER_S = 5.0
"""How long a page may take to answer."""
CALL_S = 1.0
"""How long a page may take to say that it is there, where the kernel does not know yet."""
TICK_S = 0.02
MOST_PAGES, MOST_LATE = 50, 100
_MOST_CHARS, _MOST_PATH = 200, 4_096

Why: TypeAlias = Literal["none", "silent", "gone", "stopped"]
"""Why there is no answer: no page is there, it was too slow, it has closed, or a stop came."""
Mode: TypeAlias = Literal["apply", "propose"]


class Meanwhile(Protocol):
    """What goes on while a tool waits for a page."""

    def tick(self) -> None:
        """Let everything else go on for a moment."""
        ...

    def stops(self) -> AbstractContextManager[Callable[[], bool]]:
        """A context in which the function that it gives says whether a stop has come."""
        ...


Send: TypeAlias = Callable[[Mapping[str, Any], Callable[[Any], None]], Callable[[], None]]
"""Opens a comm to the pages with this data; takes what is told of their answers; gives `close`."""


@dataclass(slots=True)
class Page:
    """A page that shows the notebook.

    Attributes:
        id: its own name for itself.
        client: the kernel client of its requests, to know it by.
        path: its notebook's, for other pages that show the same one.
        focused: when it had the focus, in a count of such moments; 0 for never.
    """

    id: str
    client: str
    path: str = ""
    focused: int = 0


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose behalf something is asked.

    Attributes:
        run_id: the run.
        call_id: its tool call.
        client: the client of the page in which its cell was run.
        who: whose changes they are, in words; '' for Kimi's.
    """

    run_id: str = ""
    call_id: str = ""
    client: str = ""
    who: str = ""


@dataclass(slots=True)
class _Waiting:
    """A request under way."""

    page: str
    done: threading.Event = field(default_factory=threading.Event)
    result: Any = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a request: the page's result, or why there is none.

    `request_id` is '' where nothing was asked; `path` is that of the page's notebook.
    """

    result: Any = None
    why: Why | Literal[""] = ""
    request_id: str = ""
    path: str = ""


class Pages:
    """The pages of one kernel's notebook.

    Args:
        send: opens a comm.
        meanwhile: what goes on while a tool waits.
        clock: the one clock.

    Attributes:
        offers: gives what a person has still to decide in the notebook that has a path.
        on_chosen: is told run and call of a proposal that the person has taken or dropped.
    """

    def __init__(self, send: Send, meanwhile: Meanwhile, clock: Clock) -> None:
        self._send = send
        self._meanwhile = meanwhile
        self._clock = clock
        self._pages: OrderedDict[str, Page] = OrderedDict()
        self._waiting: dict[str, _Waiting] = {}
        self._unanswered: OrderedDict[str, _Waiting] = OrderedDict()
        self._lock = threading.Lock()
        self._n_focused = 0
        self.offers: Callable[[str], list[dict[str, Any]]] = lambda _path: []
        self.on_chosen: Callable[[str, str], object] = lambda _run_id, _call_id: None
        self._close_call: Callable[[], None] = lambda: None
        self._is_awaited = False
        self._has_waited = False

    def __len__(self) -> int:
        return len(self._pages)

    def answer(self, action: str, command: Mapping[str, Any]) -> dict[str, Any]:
        """Take a page's command, on whichever thread brings it.

        Raises:
            LookupError: there is no such action, or it makes no sense.
        """
        act = {
            "page": self._come,
            "page_gone": self._go,
            "done": self._take,
            "chosen": self._choose,
        }.get(action)
        if act is None:
            raise LookupError(f"there is no action {action!r}")
        return act(command)

    def _come(self, command: Mapping[str, Any]) -> dict[str, Any]:
        page_id, client = command.get("page"), command.get("client")
        if not isinstance(page_id, str) or not 0 < len(page_id) <= _MOST_CHARS:
            raise LookupError("a page names itself in up to 200 characters")
        with self._lock:
            page = self._pages.setdefault(page_id, Page(page_id, ""))
            page.client = str(client or "")[:_MOST_CHARS]
            page.path = str(command.get("path") or "")[:_MOST_PATH]
            if command.get("focus") is True:
                self._n_focused += 1
                page.focused = self._n_focused
            while len(self._pages) > MOST_PAGES:
                self._pages.popitem(last=False)
        return {"proposals": self.offers(page.path)}

    def _go(self, command: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            self._pages.pop(str(command.get("page")), None)
        return {}

    def _choose(self, command: Mapping[str, Any]) -> dict[str, Any]:
        self.on_chosen(str(command.get("run")), str(command.get("call")))
        return {}

    def _take(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """Take an answer; of one that is given twice, the first counts."""
        request_id = str(command.get("answers"))
        with self._lock:
            waiting = self._waiting.get(request_id) or self._unanswered.get(request_id)
            if waiting is None:
                raise LookupError("nothing waits for this answer")
            if not waiting.done.is_set():
                waiting.result = command.get("result")
                waiting.done.set()
        return {}

    def call_out(self, client: str = "") -> None:
        """Ask whoever shows the notebook to say so, unless that client's page is known."""
        known = [page for page in list(self._pages.values()) if not client or page.client == client]
        if not known:
            self._is_awaited = True
            self._close_call()  # the one before; closed at once, the front end would miss it
            self._close_call = self._send({"nbagent": 1, "type": "who"}, lambda _: None)

    def await_one(self) -> None:
        """Call out and wait a moment for a page, once; where none comes, no later call waits."""
        if self._pages or self._has_waited:
            return
        self._has_waited = True
        self.call_out()
        until = self._clock.now() + CALL_S
        never = threading.Event()
        with self._meanwhile.stops() as is_stopped:
            while not self._pages and not is_stopped() and self._clock.now() < until:
                never.wait(TICK_S)
                self._meanwhile.tick()

    def ask(self, ops: Sequence[Op], asker: Asker, mode: Mode = "apply") -> Reply:
        """Ask a page to carry out operations, all or none, and wait for its answer.

        A page that does not answer is asked nothing more until it says again that it is there.

        Args:
            ops: what to do.
            asker: on whose behalf.
            mode: `propose` has the page ask the person first.
        """
        if self._is_awaited:
            self.await_one()
        page = self._chosen(asker.client)
        if page is None:
            return Reply(why="none")
        request_id, waiting = secrets.token_hex(8), _Waiting(page.id)
        with self._lock:
            self._waiting[request_id] = waiting
        close: Callable[[], None] | None = None
        try:
            close = self._send(
                self._request(request_id, page, ops, asker, mode),
                lambda data: self._take_from_comm(request_id, data),
            )
            why = self._await(waiting)
        finally:
            if close is not None:
                close()
            self._give_up(request_id)
        if why in ("silent", "gone"):
            self._go({"page": page.id})
            self.call_out()
        return Reply(waiting.result if not why else None, why, request_id, page.path)

    @staticmethod
    def _request(
        request_id: str, page: Page, ops: Sequence[Op], asker: Asker, mode: Mode
    ) -> dict[str, Any]:
        """A request as it goes over the comm."""
        return {
            "nbagent": 1,
            "type": "request",
            "request_id": request_id,
            "to": page.id,
            "path": page.path,
            "run_id": asker.run_id,
            "tool_call_id": asker.call_id,
            "mode": mode,
            "ops": list(ops),
            **({"who": asker.who} if asker.who else {}),
        }

    def _chosen(self, client: str) -> Page | None:
        """The page in which the cell was run, else the one that had the focus last."""
        with self._lock:
            pages = list(self._pages.values())
        own = [page for page in pages if client and page.client == client]
        return max(own or pages, key=lambda page: page.focused, default=None)

    def _await(self, waiting: _Waiting) -> Why | Literal[""]:
        until = self._clock.now() + ANSWER_S
        with self._meanwhile.stops() as is_stopped:
            while not waiting.done.wait(TICK_S):
                self._meanwhile.tick()
                if is_stopped():
                    return "stopped"
                if waiting.page not in self._pages:
                    return "gone"
                if self._clock.now() >= until:
                    return "silent"
        return ""

    def _give_up(self, request_id: str) -> None:
        """Wait no longer; an answer that comes late is kept for `came_late`."""
        with self._lock:
            waiting = self._waiting.pop(request_id)
            if not waiting.done.is_set():
                self._unanswered[request_id] = waiting
            while len(self._unanswered) > MOST_LATE:
                self._unanswered.popitem(last=False)

    def came_late(self, request_id: str) -> Any:
        """The result of a request whose answer came when nobody waited any more; else None."""
        with self._lock:
            waiting = self._unanswered.get(request_id)
            if waiting is None or not waiting.done.is_set():
                return None
            del self._unanswered[request_id]
            return waiting.result

    def _take_from_comm(self, request_id: str, data: Any) -> None:
        """Take an answer that came over the request's own comm."""
        command = data if isinstance(data, Mapping) else {}
        with self._lock:
            waiting = self._waiting.get(request_id)
            if waiting is not None and not waiting.done.is_set():
                waiting.result = command.get("result")
                waiting.done.set()
