"""Undo: names that a run rebound or removed, put back as they were.

What a name stood for is kept, not copied: a change within a value cannot be taken back, and is
said so. What tool code wrote to files or sent elsewhere stays, too.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from nbagent.kernel.fingerprint import Fingerprints
from nbagent.kernel.lookup import own_variables


class Snapshot:
    """The user's names as they were before a run.

    Args:
        shell: the IPython shell.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._before = own_variables(shell)
        prints = Fingerprints()
        self._prints: dict[str, Hashable] = {
            name: prints.of(value) for name, value in self._before.items()
        }

    @property
    def names(self) -> frozenset[str]:
        """The names that there were."""
        return frozenset(self._before)

    def restore(self) -> tuple[list[str], list[str]]:
        """Put rebound and removed names back.

        Returns:
            The names put back, and those whose value was changed in place and stays so.
        """
        now = self._shell.user_ns
        missing = object()
        rebound = [
            name for name, value in self._before.items() if now.get(name, missing) is not value
        ]
        self._shell.user_ns.update({name: self._before[name] for name in rebound})
        prints = Fingerprints()
        changed = [
            name for name, value in self._before.items() if prints.of(value) != self._prints[name]
        ]
        return rebound, changed
