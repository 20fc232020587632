"""A page that shows a notebook, as the labextension is one: it answers what the kernel asks of it.

It follows the protocol by itself: a model of the notebook, the check of the hash, marks.
"""

from __future__ import annotations

import contextlib
import copy
import hashlib
from dataclasses import dataclass, field
from queue import Empty
from typing import Any

from nbagent.kernel.mailbox import REQUEST
from tests.live_kernel import LiveKernel


def hashed(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()[:16]


@dataclass
class Model:
    """The notebook as a page holds it; the person edits it as they like.

    Attributes:
        checks: whether an edit is refused that was made for another source (the control has none).
    """

    cells: list[dict[str, Any]] = field(default_factory=list)
    checks: bool = True
    n_made: int = 0

    def add(self, at: int, source: str, kind: str = "code") -> str:
        self.n_made += 1
        cell_id = f"cell-{self.n_made}"
        cell = {"id": cell_id, "type": kind, "source": source, "outputs": [], "count": None}
        self.cells.insert(at, cell)
        return cell_id

    def at(self, cell_id: str) -> int | None:
        return next((i for i, cell in enumerate(self.cells) if cell["id"] == cell_id), None)

    def answer(self, ops: list[dict[str, Any]]) -> dict[str, Any]:
        """Do all of it or nothing."""
        before, results = copy.deepcopy(self.cells), []
        for at, op in enumerate(ops):
            result = self._do(op)
            if not result["ok"]:
                self.cells = before
                return result | {"at": at}
            results.append(result)
        return {"ok": True, "results": results}

    def _do(self, op: dict[str, Any]) -> dict[str, Any]:
        if op["op"] == "read":
            return {"ok": True, "cells": [_told(c) for c in self.cells], "path": "a/study.ipynb"}
        if op["op"] == "insert":
            return self._insert(op)
        at = self.at(op["id"])
        if at is None:
            return {"ok": False, "reason": "no_such_cell", "id": op["id"]}
        cell = self.cells[at]
        now = hashed(cell["source"])
        if self.checks and now != op["expected"]:
            facts = {"id": op["id"], "source": cell["source"], "hash": now}
            return {"ok": False, "reason": "changed", **facts}
        before = cell["source"]
        if op["op"] == "delete":
            del self.cells[at]
        elif op["op"] == "edit":
            cell["source"] = op["source"]
        else:
            cell["outputs"] = op["outputs"]
        facts = {"id": op["id"], "before": before, "index": at}
        return {"ok": True, "hash": hashed(cell["source"]), **facts}

    def _insert(self, op: dict[str, Any]) -> dict[str, Any]:
        above = self.at(op["after"]) if op["after"] not in (None, "end") else None
        if op["after"] not in (None, "end") and above is None:
            return {"ok": False, "reason": "no_such_cell", "id": op["after"]}
        place = len(self.cells) if op["after"] == "end" else 0 if above is None else above + 1
        cell_id = self.add(place, op["source"], op["type"])
        facts = {"id": cell_id, "hash": hashed(op["source"]), "before": None, "index": place}
        return {"ok": True, **facts}


def _told(cell: dict[str, Any]) -> dict[str, Any]:
    facts = {name: cell[name] for name in ("id", "type", "source", "outputs")}
    return facts | {"hash": hashed(cell["source"]), "execution_count": cell["count"]}


class PageKernel(LiveKernel):
    """A kernel, and a page that shows its notebook.

    Attributes:
        model: the page's notebook.
        asked: every request that the page was sent.
        is_there: whether the page answers at all.
    """

    def __init__(self, env: dict[str, str] | None = None) -> None:
        super().__init__(env)
        self.model = Model()
        self.asked: list[dict[str, Any]] = []
        self.is_there = True
        self.proposed: list[dict[str, Any]] = []
        self.n_sent = 0

    def look_at(self, message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] != "comm_open" or content["target_name"] != "nbagent.cells":
            return
        if not self.is_there:
            return
        if content["data"]["type"] == "who":
            self.come()
        else:
            self.asked.append(content["data"])
            self.take(content["data"])

    def look_on(self, until: str) -> None:
        """Answer requests, whichever cell they come from, until an expression holds."""
        while True:
            self.client.execute("", user_expressions={"over": until}, store_history=False)
            reply = self._reply_meanwhile()
            over = reply["content"]["user_expressions"]["over"].get("data", {})
            if over.get("text/plain") == "True":
                return
            self._look_around()

    def _reply_meanwhile(self) -> dict[str, Any]:
        """The reply to a cell; a tool that asks meanwhile holds it up until it is answered."""
        while True:
            with contextlib.suppress(Empty):
                reply: dict[str, Any] = self.client.get_shell_msg(timeout=0.1)
                if reply["msg_type"] == "execute_reply":
                    return reply
            self._look_around()

    def _look_around(self) -> None:
        with contextlib.suppress(Empty):
            while True:
                self.look_at(self.client.get_iopub_msg(timeout=0.1))

    def take(self, request: dict[str, Any]) -> None:
        """Carry out a request; for a page that does otherwise."""
        if request["mode"] == "propose" and request["ops"][0]["op"] != "read":
            self.proposed += request["ops"]
            self.done(request, {"ok": True, "proposed": True})
        else:
            self.done(request, self.model.answer(request["ops"]))

    def come(self, page: str = "page-1", *, client: str = "", focus: bool = False) -> None:
        session = client or self.client.session.session
        self.command("page", page=page, client=session, collaborative=False, focus=focus)

    def done(self, request: dict[str, Any], result: Any) -> None:
        self.command("done", answers=request["request_id"], result=result)

    def command(self, action: str, **fields: Any) -> None:
        self.n_sent += 1
        content = {"run_id": "cells", "request_id": f"p{self.n_sent}", "action": action, **fields}
        self.client.control_channel.send(self.client.session.msg(REQUEST, content))
