"""A chat request as a lesson sees it: what was really received, and what came of it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nbagent.lessons.process import Server

PATH = "/v1/chat/completions"
NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Request:
    """One chat request.

    Attributes:
        raw: the exact bytes of its body; empty if they were dropped to make room.
        status: HTTP status of the answer; 0 while there is none.
        error: the answer's error, `message` and `type`, if it was refused.
        reply: the assistant message that came back, if one did.
        usage: the reply's token counts.
        url: where it went.
    """

    raw: bytes
    status: int = 0
    error: Mapping[str, Any] | None = None
    reply: Mapping[str, Any] | None = None
    usage: Mapping[str, Any] | None = None
    url: str = ""

    @property
    def body(self) -> dict[str, Any]:
        """The body as an object; empty if it cannot be read."""
        try:
            value = json.loads(self.raw)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages that it carried."""
        messages = self.body.get("messages")
        return messages if isinstance(messages, list) else []

    @property
    def refusal(self) -> str:
        """Why it was refused, in the endpoint's words; '' if it was not."""
        return str((self.error or NOTHING).get("message", ""))

    def curl(self) -> str:
        """The same request as a command line; the key stays in the variable `KEY`."""
        body = json.dumps(self.body, indent=2, ensure_ascii=False)
        return "\n".join(
            [
                f"curl {self.url} \\",
                '  -H "Authorization: Bearer $KEY" \\',
                "  -H 'Content-Type: application/json' \\",
                f"  -d {shlex.quote(body)}",
            ]
        )


def from_ledger(entries: Iterable[Mapping[str, Any]], server: Server) -> list[Request]:
    """The chat requests of this process in a lesson server's ledger.

    Args:
        entries: as `nbagent.lessons.control.ledger` gives them.
        server: the server.
    """
    return [
        Request(
            raw=entry["body"] or b"",
            status=entry["status"],
            error=entry["error"],
            reply=entry["reply"],
            usage=entry["usage"],
            url=f"{server.url}/chat/completions",
        )
        for entry in entries
        if (entry["method"], entry["path"], entry["caller"]) == ("POST", PATH, server.caller)
    ]
