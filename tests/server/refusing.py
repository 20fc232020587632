"""An authoriser that a request can ask to refuse; and a route as it must not be."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join

REFUSE = "X-Refuse"
"""The header with the `action:resource` that is refused."""


class Refusing(Authorizer):
    """Lets everything pass but what the request's header names."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return handler.request.headers.get(REFUSE) != f"{action}:{resource}"


class Naive(APIHandler):
    """Forgets to ask who is there."""

    async def get(self) -> None:
        self.finish(b"{}")


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "tests.server.refusing"}]


def _load_jupyter_server_extension(app: Any) -> None:
    base = app.web_app.settings["base_url"]
    app.web_app.add_handlers(".*$", [(url_path_join(base, "naive"), Naive)])
