"""What a call showed, in order and bounded: head and tail in memory, the whole on disk.

Streams of the same name are joined, as a notebook does. Text beyond the limit keeps its first and
its last half; pictures and data stay in their place up to a limit of bytes of their own. While
the call runs, pieces go on to a callback at a pace that a display can follow.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from nbagent.bounded import size_of
from nbagent.clock import Clock
from nbagent.events import Output
from nbagent.kernel.bundle import Bundle, bounded
from nbagent.kernel.spill import Spill
from nbagent.ports import OnOutput

TEXT_LIMIT = 200_000
"""Characters of text that one call keeps in memory: half for its head, half for its tail."""
RICH_LIMIT_BYTES = 8_000_000
"""Bytes of pictures, HTML and data that one call keeps."""
RICH_LIMIT = 200
"""Displays that one call keeps; text forms of later ones become stdout."""

_INSTALLED = re.compile(r"(?:/[^\s/:'\"\x1b]+)+/(site-packages|dist-packages|python3\.\d+)/")
"""The way to installed code: of no use to a reader, and the machine's own affair."""

_CELL = re.compile(r"(?:/[^\s/:'\"\x1b]+)+/ipykernel_\d+/\d+\.py")
"""The file that a cell counts as: another one in each kernel, and there is nothing in it."""

LIVE_EVERY_S = 0.033
LIVE_CHARS = 8_000
"""Pace and size of live pieces: at most about 30 a second, the last so many characters each."""


@dataclass(slots=True)
class _Piece:
    """A run of one stream's text, or one other output."""

    output: Output
    text: str = ""


@dataclass(slots=True)
class _Pending:
    """Stream text that was written and not yet settled."""

    name: str = ""
    parts: list[str] = field(default_factory=list)
    n_chars: int = 0


class Sink:
    """Collects one call's outputs; any thread may write.

    Args:
        on_output: gets each output, or piece of a stream, while the call runs, one at a time; it
            may be called on any thread that writes. Besides nbformat's outputs it gets
            `update_display_data` (with `transient`) and `clear_output`, shaped as on the wire.
        clock: paces the live pieces.
        shield: a section that no interrupt cuts.
        spill: where the whole goes if the limit is passed.
    """

    def __init__(
        self,
        on_output: OnOutput,
        clock: Clock,
        shield: Callable[[], AbstractContextManager[object]],
        spill: Spill,
    ) -> None:
        self._on_output = on_output
        self._clock = clock
        self._shield = shield
        self._spill = spill
        self._lock = threading.RLock()
        self._pending = _Pending()
        self._shown_at = clock.now()
        self._head: list[_Piece] = []
        self._tail: deque[_Piece] = deque()
        self._head_room = TEXT_LIMIT // 2
        self._tail_chars = 0
        self._n_rich = 0
        self._rich_room = RICH_LIMIT_BYTES
        self._cut_bytes = 0
        self._trimmed_bytes = 0
        self._by_id: dict[str, _Piece] = {}
        self._clear_next = False
        self._calling: int | None = None

    @property
    def in_callback(self) -> bool:
        """Whether this thread is inside `on_output`: what is shown there is not the call's."""
        return self._calling == threading.get_ident()

    def stream(self, name: str, text: str) -> None:
        """Take text of stdout or stderr."""
        with self._shield(), self._lock:
            if name != self._pending.name:
                self._settle()
                self._pending.name = name
            self._pending.parts.append(text)
            self._pending.n_chars += len(text)
            if self._pending.n_chars >= LIVE_CHARS or self._is_time():
                self._settle()

    def tick(self) -> None:
        """Show text that waits, if it is time to."""
        with self._shield(), self._lock:
            if self._is_time():
                self._settle()

    def rich(
        self, output_type: str, data: dict[str, Any], metadata: dict[str, Any], display_id: str = ""
    ) -> None:
        """Take a display or a result."""
        with self._shield(), self._lock:
            self._settle()
            self._make_clear()
            bundle = self._bounded(data)
            self._n_rich += 1
            if self._n_rich > RICH_LIMIT:
                self._keep_text("stdout", f"{str(bundle.data.get('text/plain', ''))[:200]}\n")
                return
            output: Output = {
                "output_type": output_type,
                "data": bundle.data,
                "metadata": dict(metadata or {}),
            }
            if output_type == "execute_result":
                output["execution_count"] = None
            piece = self._add(output, in_file=bool(bundle.whole))
            if display_id:
                self._by_id[display_id] = piece
            self._show(output)

    def update(self, data: dict[str, Any], metadata: dict[str, Any], display_id: str) -> bool:
        """Replace a display of this call; False if the call has no such display."""
        with self._shield(), self._lock:
            piece = self._by_id.get(display_id)
            if piece is None:
                return False
            self._settle()
            piece.output["data"] = self._bounded(data).data
            piece.output["metadata"] = dict(metadata or {})
            transient = {"display_id": display_id}
            self._show(
                {**piece.output, "output_type": "update_display_data", "transient": transient}
            )
            return True

    def error(self, name: str, message: str, traceback: Iterable[str]) -> None:
        """Take an exception."""
        with self._shield(), self._lock:
            self._settle()
            self._make_clear()
            output: Output = {
                "output_type": "error",
                "ename": name,
                "evalue": message,
                "traceback": [
                    _CELL.sub("<input>", _INSTALLED.sub(r"…/\1/", line)) for line in traceback
                ],
            }
            self._add(output)
            self._show(output)

    def clear(self, *, wait: bool) -> None:
        """Drop everything shown so far, now or when the next output comes."""
        with self._shield(), self._lock:
            self._settle()
            self._clear_next = True
            if not wait:
                self._make_clear()
            self._show({"output_type": "clear_output", "wait": wait})

    def finish(self) -> tuple[tuple[Output, ...], int, str]:
        """End the collecting.

        Returns:
            The outputs, how many bytes were left out of them, and the path of the whole ('' if
            nothing was left out).
        """
        with self._shield(), self._lock:
            self._settle()
            self._spill.close()
            pieces = list(self._head)
            if self._trimmed_bytes:
                where = f"; the whole is in {self._spill.path}" if self._spill.path else ""
                note = f"\n… [{self._trimmed_bytes:,} bytes left out here{where}] …\n"
                pieces.append(_Piece({"output_type": "stream", "name": "stdout"}, note))
            cut_bytes = self._cut_bytes + self._trimmed_bytes
            return _joined([*pieces, *self._tail]), cut_bytes, self._spill.path

    def _is_time(self) -> bool:
        return self._clock.now() - self._shown_at >= LIVE_EVERY_S

    def _settle(self) -> None:
        """Store pending text and show it."""
        if not self._pending.parts:
            return
        name, text = self._pending.name, "".join(self._pending.parts)
        self._pending = _Pending(name)
        self._make_clear()
        self._keep_text(name, text)
        self._show({"output_type": "stream", "name": name, "text": text[-LIVE_CHARS:]})

    def _keep_text(self, name: str, text: str) -> None:
        if self._spill.path:
            self._spill.write(text)
        output: Output = {"output_type": "stream", "name": name}
        kept = text[: self._head_room] if not self._tail else ""
        if kept:
            self._head_room -= len(kept)
            self._head.append(_Piece(output, kept))
        rest = text[len(kept) :]
        if rest:
            self._tail.append(_Piece(output, rest))
            self._tail_chars += len(rest)
            self._trim()

    def _bounded(self, data: dict[str, Any]) -> Bundle:
        bundle = bounded(data, self._rich_room)
        self._rich_room -= bundle.n_bytes
        self._cut_bytes += bundle.cut_bytes
        if bundle.whole:
            self._begin_file()
            self._spill.write(f"{bundle.whole}\n")
        return bundle

    def _begin_file(self) -> None:
        """Put everything so far into the file; from now on it gets whatever comes."""
        if not self._spill.path:
            for piece in (*self._head, *self._tail):
                self._spill.write(piece.text or _text_form(piece.output))

    def _add(self, output: Output, *, in_file: bool = False) -> _Piece:
        piece = _Piece(output)
        if self._spill.path and not in_file:
            self._spill.write(_text_form(output))
        (self._tail or self._head).append(piece)
        return piece

    def _trim(self) -> None:
        """Drop the oldest text of the tail until it fits; other outputs move to the head."""
        excess = self._tail_chars - TEXT_LIMIT // 2
        if excess > 0:
            self._begin_file()
        while excess > 0:
            piece = self._tail[0]
            if not piece.text:
                self._head.append(self._tail.popleft())
                continue
            dropped = piece.text[:excess]
            piece.text = piece.text[excess:]
            if not piece.text:
                self._tail.popleft()
            excess -= len(dropped)
            self._tail_chars -= len(dropped)
            self._trimmed_bytes += size_of(dropped)

    def _make_clear(self) -> None:
        if not self._clear_next:
            return
        self._clear_next = False
        self._head.clear()
        self._tail.clear()
        self._by_id.clear()
        self._head_room, self._tail_chars = TEXT_LIMIT // 2, 0
        self._rich_room, self._n_rich = RICH_LIMIT_BYTES, 0
        self._cut_bytes = self._trimmed_bytes = 0

    def _show(self, output: Output) -> None:
        self._shown_at = self._clock.now()
        outer, self._calling = self._calling, threading.get_ident()
        try:
            self._on_output(output)
        finally:
            self._calling = outer


def _text_form(output: Output) -> str:
    """What of an output goes into a text file."""
    if output["output_type"] == "error":
        return "\n".join(output["traceback"]) + "\n"
    return f"{output.get('data', {}).get('text/plain', '')}\n"


def _joined(pieces: Iterable[_Piece]) -> tuple[Output, ...]:
    """Pieces as outputs: neighbouring text of one stream becomes one output."""
    outputs: list[Output] = []
    texts: list[str] = []
    for piece in [*pieces, _Piece({"output_type": ""})]:
        last = outputs[-1] if outputs else {}
        if piece.text and last.get("name") == piece.output["name"]:
            texts.append(piece.text)
            continue
        if texts:
            last["text"], texts = "".join(texts), []
        outputs.append(dict(piece.output))
        if piece.text:
            texts = [piece.text]
    return tuple(outputs[:-1])
