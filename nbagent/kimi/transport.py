"""The openai client of one endpoint: it builds requests, authenticates and sends bytes.

Only public parts of the SDK are used, those that its versions 2 and 3 share: `client.post` with
a stream class hands over the raw response, so that the body goes out as the bytes that we built
and comes in as the bytes that were sent. Version 2 stands on httpx, version 3 on httpx2; what is
needed of either is taken from the SDK's own classes. openai is imported at the first request.

Every header is on a list: the SDK would add the user's OpenAI organisation, project and custom
headers from the environment, and facts about the machine, to requests that go to other firms.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from nbagent.clock import Clock
from nbagent.errors import ModelError, RateLimited
from nbagent.kimi.endpoints import Endpoint
from nbagent.kimi.faults import Faults
from nbagent.kimi.network import connection_failed
from nbagent.kimi.pace import Pace
from nbagent.settings import Secret

CONNECT_S = 15.0
"""Limit of making a connection, in seconds; silence after that is the watchdog's business."""
KEEP_ALIVE_S = 60.0
"""How long an idle connection is kept for the next step, in seconds."""

HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "user-agent",
    }
)
"""The headers that leave this machine, beside Authorization."""


class Transport:
    """Sends requests to one endpoint; to be used inside one event loop.

    Args:
        endpoint: where to send.
        secret: the key, or None.
        model: the model's name, for the texts of errors.
        clock: for dates in `Retry-After`.
        pace: learns the account's limits from refusals.
    """

    def __init__(
        self, endpoint: Endpoint, secret: Secret | None, model: str, clock: Clock, pace: Pace
    ) -> None:
        self.faults = Faults(endpoint, model, secret)
        self._endpoint = endpoint
        self._secret = secret
        self._clock = clock
        self._pace = pace
        self._client: Any = None
        self._http_error: type[Exception] = OSError
        self._bytes_as = "content"

    async def post(self, path: str, body: bytes) -> Any:
        """Send a body; return the response, its headers read and its body still to come.

        Raises:
            ModelError: it could not be sent, or the status is no success.
        """
        client, openai = self._client_and_sdk()
        fault: ModelError
        try:
            stream = await client.post(
                path,
                cast_to=object,
                stream=True,
                stream_cls=openai.AsyncStream[object],
                **{self._bytes_as: body},
            )
        except (openai.APIError, self._http_error) as error:
            fault = self._fault(error)
        else:
            return stream.response
        raise fault

    async def get(self, path: str) -> object:
        """Fetch a JSON value; what is no JSON comes as text or None.

        Raises:
            ModelError: it could not be had.
        """
        client, openai = self._client_and_sdk()
        fault: ModelError
        try:
            value: object = await client.get(path, cast_to=object)
        except (openai.APIError, self._http_error) as error:
            fault = self._fault(error)
        except ValueError:
            return None
        else:
            return value
        raise fault

    async def read(self, response: Any, take: Callable[[bytes], None]) -> None:
        """Pass a body's bytes to `take` as they are read from the socket, to the body's end.

        Raises:
            ConnectionFailed: the connection broke.
        """
        fault: ModelError | None = None
        try:
            async for chunk in response.aiter_bytes():
                take(chunk)
        except self._http_error as error:
            fault = connection_failed(error, self._endpoint)
        finally:
            await response.aclose()
        if fault is not None:
            raise fault

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _fault(self, error: Any) -> ModelError:
        """Type a foreign error; it holds the request with its key and is not kept."""
        response = getattr(error, "response", None)
        if response is None:
            return connection_failed(error, self._endpoint)
        fault = self.faults.from_status(
            response.status_code, response.headers, response.text, self._clock.wall()
        )
        if isinstance(fault, RateLimited):
            self._pace.learn(response.text, fault.retry_after_s)
        return fault

    def _client_and_sdk(self) -> tuple[Any, ModuleType]:
        openai = import_module("openai")
        if self._client is None:
            http_library = _http_library(openai)
            self._http_error = http_library.HTTPError
            http_client = openai.DefaultAsyncHttpxClient(
                limits=http_library.Limits(keepalive_expiry=KEEP_ALIVE_S),
                trust_env=not self._endpoint.loopback,
                follow_redirects=False,
                event_hooks={"request": [self._only_our_headers]},
            )
            self._client = openai.AsyncOpenAI(
                api_key="set by a hook",
                base_url=self._endpoint.base_url,
                max_retries=0,
                timeout=openai.Timeout(None, connect=CONNECT_S),
                http_client=http_client,
            )
            # The SDK's name for ready bytes changed within its version 2.
            known = inspect.signature(self._client.post).parameters
            self._bytes_as = "content" if "content" in known else "body"
        return self._client, openai

    async def _only_our_headers(self, request: Any) -> None:
        """Strike unknown headers from a request that is about to go, and put the key in."""
        for name in [name for name in request.headers if name.lower() not in HEADERS]:
            del request.headers[name]
        if self._secret is not None:
            request.headers["Authorization"] = f"Bearer {self._secret.reveal()}"


def _http_library(openai: ModuleType) -> ModuleType:
    """Httpx or httpx2: whichever the installed SDK stands on."""
    bases = openai.DefaultAsyncHttpxClient.__mro__
    base = next(cls for cls in bases if cls.__name__ == "AsyncClient")
    return import_module(base.__module__.partition(".")[0])
