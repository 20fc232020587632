"""nbagent: a Jupyter-native agent toolkit for Kimi K2.6.

In a notebook: `%load_ext nbagent`, then `%%kimi` and a sentence. In a script:
`nbagent.Agent().run("…")`. Importing this package does no work; every name below is loaded when
it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbagent.agent import Agent
    from nbagent.kernel.aio import bridge
    from nbagent.loop import Act, Ask, agent_loop
    from nbagent.magics.stored import show
    from nbagent.run import Run
    from nbagent.settings import Settings
    from nbagent.tools import Tool, ToolResult, tool

__version__ = "0.1.0"

__all__ = [
    "Act",
    "Agent",
    "Ask",
    "Run",
    "Settings",
    "Tool",
    "ToolResult",
    "__version__",
    "agent_loop",
    "bridge",
    "load_ipython_extension",
    "show",
    "tool",
    "unload_ipython_extension",
]

_HOMES = {
    "Act": "nbagent.loop",
    "Agent": "nbagent.agent",
    "Ask": "nbagent.loop",
    "Run": "nbagent.run",
    "Settings": "nbagent.settings",
    "Tool": "nbagent.tools",
    "ToolResult": "nbagent.tools",
    "agent_loop": "nbagent.loop",
    "bridge": "nbagent.kernel.aio",
    "show": "nbagent.magics.stored",
    "tool": "nbagent.tools",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'nbagent' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__


def load_ipython_extension(shell: Any) -> None:
    """Make `%%kimi`, `%kimi` and `%config Kimi` available: `%load_ext nbagent`."""
    import_module("nbagent.magics").load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Take them away again: `%unload_ext nbagent`."""
    import_module("nbagent.magics").unload(shell)
