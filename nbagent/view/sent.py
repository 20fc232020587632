"""What has left for the model, counted by kind: the line and the list of a trace."""

from __future__ import annotations

from typing import Any

from nbagent.events import Sent
from nbagent.phrases import clean, one_line, plural, size

PARTS_MAX = 40
"""The list stays readable; what comes later is counted with its last entry."""


class SentCount:
    """Counts the pieces that a run's requests carry, each for the first time."""

    def __init__(self) -> None:
        self.parts: list[dict[str, Any]] = []
        self.n_bytes = 0

    def add(self, piece: Sent) -> None:
        """Count a piece."""
        self.n_bytes += piece.n_bytes
        known = [p for p in self.parts if (p["kind"], p["name"]) == (piece.kind, piece.name)]
        if known or len(self.parts) >= PARTS_MAX:
            entry = known[0] if known else self.parts[-1]
            entry["n"] += 1
            entry["n_bytes"] += piece.n_bytes
        else:
            name = one_line(clean(piece.name), 60)
            self.parts.append({"kind": piece.kind, "name": name, "n": 1, "n_bytes": piece.n_bytes})

    def words(self) -> str:
        """The count in words: `sent 14 kB: prompt, df (summary), 3 tool results, 0 files`."""
        names = [p["name"] for p in self.parts if p["kind"] == "attachment"]
        files = [name for name in names if name.endswith("file)")]
        parts = [f"sent {size(self.n_bytes)}: prompt"]
        parts += [name for name in names if name not in files]
        messages, results, images = map(self._n, ("message", "tool_result", "image"))
        parts += [plural(messages, "message")] if messages else []
        parts += [plural(results, "tool result")] if results else []
        parts += [plural(images, "picture")] if images else []
        return ", ".join([*parts, plural(len(files), "file")])

    def _n(self, kind: str) -> int:
        return sum(part["n"] for part in self.parts if part["kind"] == kind)
