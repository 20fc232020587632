"""The server's side: runs on record for pages, over HTTP, in a Jupyter server.

`routes` is the table of all routes; `handler` is what they share: who may ask, and how it is said
that something cannot be done. `listing` and `contents` read runs, `streams` follows them, `acting`
stops and deletes. `records` asks the journal on threads of its own, `watch` looks whether it has
changed, `kernels` asks this server's kernels. `openapi.json` describes it all.

Installing the package enables it, by `nbagent.json` in Jupyter's configuration. It reads what
kernels have kept, in which secrets are masked, and runs none of it.
"""

from __future__ import annotations

from typing import Any

from nbagent import __version__

__all__ = ["__version__"]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """What Jupyter asks an extension for: the module that it loads."""
    return [{"module": "nbagent.server"}]


def _load_jupyter_server_extension(app: Any) -> None:
    """Add the routes to a server.

    Args:
        app: the `ServerApp`.
    """
    from nbagent.server.routes import add_routes  # noqa: PLC0415 -- only a server needs them

    add_routes(app.web_app)
