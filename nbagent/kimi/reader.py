"""A response body, from bytes in any portions to a checked reply; pure.

A streaming request is normally answered by server-sent events; some servers answer with the
whole completion as JSON, and what is no API answers with a web page. The body's first byte tells
them apart; its content type does not, as gateways get it wrong.
"""

from __future__ import annotations

from nbagent.errors import InvalidTurn, NotAnApi
from nbagent.kimi.assemble import Assembled, Assembler
from nbagent.kimi.sse import MAX_EVENT_BYTES, EventTooLong, SseParser
from nbagent.ports import Piece

_BLANK = b" \t\r\n\xef\xbb\xbf"


class Reader:
    """Reads one body.

    Attributes:
        reply: what was understood so far.
    """

    def __init__(self) -> None:
        self.reply = Assembler()
        self._sse = SseParser()
        self._json: bytearray | None = None
        self._begun = False

    def feed(self, chunk: bytes, t: float) -> list[Piece]:
        """Take the next bytes, read at `t`, and return the pieces that they complete.

        Raises:
            InvalidTurn: they are malformed, or beyond all measure.
            ErrorFrame: the server reported an error in mid-stream.
        """
        if not self._begun:
            head = chunk.lstrip(_BLANK)
            self._begun = bool(head)
            if head.startswith(b"{"):
                self._json = bytearray()
        if self._json is None:
            pieces: list[Piece] = []
            for payload in self._payloads(chunk):
                pieces += self.reply.feed(payload, t)
            return pieces
        self._json += chunk
        if len(self._json) > MAX_EVENT_BYTES:
            raise InvalidTurn("The reply is longer than any reply can be.")
        return []

    def end(self, t: float) -> list[Piece]:
        """Say that the body is over, and return the pieces that only now are whole.

        Raises:
            InvalidTurn: a reply that came in one piece is malformed.
            ErrorFrame: as `feed`.
        """
        if self._json is not None:
            return self.reply.feed_whole(bytes(self._json).lstrip(_BLANK), t)
        if self.reply.finish_reason:
            return []  # a last event that was cut adds nothing to a finished reply
        try:
            return [piece for payload in self._sse.end() for piece in self.reply.feed(payload, t)]
        except InvalidTurn:
            return []  # cut in the midst of an event; that the reply is cut is said at its end

    def finish(self) -> Assembled:
        """The checked reply.

        Raises:
            ModelError: there is none; see `Assembler.finish`.
        """
        if not self.reply.n_chunks and self._sse.stray:
            what = "a web page" if self._sse.stray.lstrip().startswith(b"<") else "a plain text"
            raise NotAnApi(
                f"The endpoint answered with {what}, not with a chat completion.",
                "Check the base URL; most servers want /v1 at its end.",
            )
        return self.reply.finish()

    def _payloads(self, chunk: bytes) -> list[bytes]:
        try:
            return self._sse.feed(chunk)
        except EventTooLong:
            raise InvalidTurn("The reply is longer than any reply can be.") from None
