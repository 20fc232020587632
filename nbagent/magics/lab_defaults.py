"""Defaults that a person has set in JupyterLab's settings: what holds where nothing else is said.

A page tells them on the shell channel, just before it lets a `%%kimi` cell run, so they are in
force for that cell and a change holds from the next one on. They come below `%config Kimi` and the
environment. A key is never among them. The page's language comes with them.
"""

from __future__ import annotations

from typing import Any

from traitlets import TraitError

from nbagent.kernel.mailbox import Command
from nbagent.magics.config import Kimi
from nbagent.words import page_speaks

ADDRESS = "settings"
"""Where the mailbox brings them."""
NAMES = ("model", "endpoint", "ask", "max_steps", "max_usd")
"""The settings of runs that JupyterLab's schema has too, by the same names."""


class LabDefaults:
    """What the last page has told."""

    def __init__(self) -> None:
        self._told = Kimi()

    def chosen(self) -> dict[str, Any]:
        """The settings that somebody has set; None for the others."""
        return {name: getattr(self._told, name) for name in NAMES}

    def answer(self, action: str, command: Command) -> dict[str, Any]:
        """Take the defaults of a page in place of those before.

        Raises:
            LookupError: there is no such action, or a value is of the wrong kind; then what was
                told before still holds.
        """
        if action != "defaults":
            raise LookupError(f"there is no action {action!r}")
        values = command.get("values")
        told = Kimi()
        for name in NAMES:
            try:
                setattr(told, name, values.get(name) if isinstance(values, dict) else None)
            except TraitError as error:
                raise LookupError(f"JupyterLab's setting {name} cannot be used: {error}") from error
        self._told = told
        language = command.get("language")
        page_speaks(language if isinstance(language, str) else "")
        return {"in_force": {name: v for name, v in self.chosen().items() if v is not None}}
