"""The doors in a notebook: `%%kimi`, `%kimi`, `%config Kimi`, and the first lines they accept.

Read next: `nbagent.magics.cell`, which turns a cell into a run.
"""

from __future__ import annotations

from typing import Any

from nbagent.magics.cell import KimiMagics
from nbagent.magics.firstline import kimi_first_line


def load(shell: Any) -> None:
    """Register magics, configuration and the first-line transformer; loading twice is harmless."""
    if "kimi" in shell.magics_manager.magics["cell"]:
        return
    magics = KimiMagics(shell)
    shell.register_magics(magics)
    shell.configurables.append(magics.session.config)
    shell.input_transformers_cleanup.insert(0, kimi_first_line)
    for event, note in magics.session.cell_events:
        shell.events.register(event, note)
    magics.register_completions()


def unload(shell: Any) -> None:
    """Undo `load`."""
    magics = shell.magics_manager.registry.get("KimiMagics")
    if magics is None:
        return
    for kind in ("cell", "line"):
        shell.magics_manager.magics[kind].pop("kimi", None)
    shell.magics_manager.registry.pop("KimiMagics")
    shell.configurables.remove(magics.session.config)
    shell.input_transformers_cleanup.remove(kimi_first_line)
    shell.Completer.custom_matchers.remove(magics.matcher)
    for event, note in magics.session.cell_events:
        shell.events.unregister(event, note)
