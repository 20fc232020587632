"""`KimiModel`: an endpoint as the model port, and `connect`, which makes one.

Read next: `nbagent.kimi.exchange`, where one request happens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from nbagent.clock import Clock
from nbagent.errors import NotAnApi, SettingsError
from nbagent.kimi.endpoints import SWITCHABLE_THINKING, Endpoint, price_of, window_of
from nbagent.kimi.exchange import Delivery, Exchange, Line
from nbagent.kimi.io_thread import IoThread
from nbagent.kimi.network import stalled
from nbagent.kimi.pace import Pace
from nbagent.kimi.transport import Transport
from nbagent.messages import Request, json_bytes
from nbagent.paths import data_dir
from nbagent.ports import Arrival, ModelFacts, Offered
from nbagent.settings import DEFAULT_MODEL, Secret, Settings

WINDOW_MARGIN = 2048
"""Tokens of the window that are left free, as a prompt's size is an estimate before it is sent."""
MIN_REPLY = 1024
"""The shortest reply that is asked for; if the window has no room even for that, the endpoint
says so in its own words, which name the sizes."""


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model that an endpoint lists; `window_tokens` is 0 where it does not say."""

    name: str
    window_tokens: int = 0


class KimiModel:
    """One model at one endpoint (the `Model` port).

    Args:
        settings: limits of replies and waits, thinking.
        endpoint: where requests go.
        secret: the key for exactly that host, or None.
        clock: the one clock.
        model: the model's name on the wire.
        window_tokens: its context window (0 if unknown).
        cache_key: the conversation's or run's id, for the provider's prompt cache.
        directory: gives the private directory where the account's pace is kept.
    """

    def __init__(
        self,
        settings: Settings,
        endpoint: Endpoint,
        secret: Secret | None,
        clock: Clock,
        *,
        model: str,
        window_tokens: int,
        cache_key: str = "",
        directory: Callable[[], Path] = data_dir,
    ) -> None:
        self._made = partial(
            KimiModel,
            settings,
            endpoint,
            secret,
            clock,
            model=model,
            window_tokens=window_tokens,
            cache_key=cache_key,
            directory=directory,
        )
        self._settings = settings
        self._endpoint = endpoint
        self._cache_key = cache_key
        self._io = IoThread(f"nbagent-io {endpoint.host}")
        pace = Pace(endpoint.host, secret, clock.wall, directory)
        self._transport = Transport(endpoint, secret, model, clock, pace)
        self._line = Line(self._transport, pace, clock, settings)
        always = endpoint.dialect == "moonshot" and model not in SWITCHABLE_THINKING
        self._facts = ModelFacts(
            model=model,
            host=endpoint.host,
            url=f"{endpoint.base_url}/chat/completions",
            operator=endpoint.operator,
            scripted=endpoint.scripted or model == "scripted",
            thinking=always or (settings.thinking and endpoint.dialect != "plain"),
            window_tokens=window_tokens,
            price=settings.price or price_of(endpoint, model),
            images_in_tool_results=endpoint.images_in_tool_results,
            reasoning_key=endpoint.reasoning_key,
        )

    @property
    def facts(self) -> ModelFacts:
        """What is known of model and endpoint before the first request."""
        return self._facts

    def head(self, tools: Sequence[Offered]) -> bytes:
        """The body's fields before the messages; the same bytes for the same tools.

        No sampling parameter is sent: K2.6 has fixed ones and refuses others.
        """
        fields: dict[str, Any] = {
            "model": self._facts.model,
            "stream": True,
            "stream_options": {"include_usage": True},
            **self._thinking(),
        }
        if self._endpoint.dialect == "moonshot" and self._cache_key:
            fields["prompt_cache_key"] = self._cache_key
        if tools:
            fields["tools"] = [tool.schema() for tool in tools]
        return json_bytes(fields)[1:-1]

    def tail(self, prompt_tokens: int) -> bytes:
        """The body's fields after the messages: how long the reply may be.

        Args:
            prompt_tokens: estimated size of the prompt.
        """
        longest = self._settings.max_tokens
        if self._facts.window_tokens:
            room = self._facts.window_tokens - prompt_tokens - WINDOW_MARGIN
            longest = max(min(longest, room), MIN_REPLY)
        return json_bytes({"max_completion_tokens": longest})[1:-1]

    def start(self, request: Request, sink: Callable[[Arrival], None]) -> Callable[[], None]:
        """Send a request; `sink` gets its arrivals from the I/O thread, `Reply` or `Failure` last.

        Returns:
            A function that cancels the call at once; after it, `sink` gets nothing more.
        """
        delivery = Delivery(sink)
        exchange = Exchange(self._line, request, delivery)
        future = self._io.submit(exchange.run())
        future.add_done_callback(exchange.broken)

        def cancel() -> None:
            delivery.close()
            future.cancel()

        return cancel

    def list_models(self) -> list[ListedModel]:
        """Ask the endpoint which models it has.

        Raises:
            ModelError: it could not be asked, or does not say.
        """
        future = self._io.submit(self._transport.get("/models"))
        limit_s = self._settings.first_delta_seconds
        try:
            listed = future.result(timeout=limit_s)
        except TimeoutError:
            raise stalled(self._endpoint, limit_s, "list of models") from None
        finally:
            future.cancel()
        entries = listed.get("data") if isinstance(listed, dict) else None
        if not isinstance(entries, list):
            raise NotAnApi(
                f"{self._endpoint.host} did not answer with a list of models.",
                "Check the base URL; most servers want /v1 at its end.",
            )
        return [_listed(entry) for entry in entries if isinstance(entry, dict) and entry.get("id")]

    def close(self) -> None:
        """Cancel what runs, close connections and thread."""
        self._io.close(self._transport.close())

    def again(self) -> KimiModel:
        """The same endpoint by a thread and connections of its own."""
        return self._made()

    def _thinking(self) -> dict[str, Any]:
        """How this endpoint is told to think, and to be given its earlier reasoning again."""
        on, keep = self._settings.thinking, self._settings.keep == "all"
        if self._endpoint.dialect == "moonshot" and self._facts.model in SWITCHABLE_THINKING:
            if not on:
                return {"thinking": {"type": "disabled"}}
            return {"thinking": {"type": "enabled"} | ({"keep": "all"} if keep else {})}
        if self._endpoint.dialect == "template":
            switches = {"thinking": on} | ({"preserve_thinking": True} if on and keep else {})
            return {"chat_template_kwargs": switches}
        return {}


def connect(
    settings: Settings,
    endpoint: Endpoint,
    secret: Secret | None,
    clock: Clock,
    *,
    cache_key: str = "",
    model_given: bool = False,
    directory: Callable[[], Path] = data_dir,
) -> KimiModel:
    """Make the model that the settings name.

    Nothing is sent, with one exception: if nobody named a model and the endpoint is one of which
    we do not know what it has, it is asked. Its only model is taken, or the default one if it is
    among several.

    Args:
        settings: model, limits, thinking.
        endpoint: where requests go.
        secret: the key for exactly that host, or None.
        clock: the one clock.
        cache_key: the conversation's or run's id, for the provider's prompt cache.
        model_given: whether a person named `settings.model`; then it is never replaced.
        directory: gives the private directory where the account's pace is kept.

    Raises:
        SettingsError: the endpoint offers several models and none was named.
        ModelError: the endpoint was asked for its models and did not answer.
    """

    def made(model: str, window_tokens: int) -> KimiModel:
        return KimiModel(
            settings,
            endpoint,
            secret,
            clock,
            model=model,
            window_tokens=window_tokens,
            cache_key=cache_key,
            directory=directory,
        )

    named = model_given or settings.model != DEFAULT_MODEL
    if endpoint.model and (endpoint.scripted or not named):
        return made(endpoint.model, endpoint.window_tokens)
    if named:
        return made(settings.model, window_of(endpoint, settings.model))
    only = _only_model(made(settings.model, 0), endpoint)
    return made(only.name, only.window_tokens)


def _only_model(asker: KimiModel, endpoint: Endpoint) -> ListedModel:
    try:
        models = asker.list_models()
    finally:
        asker.close()
    if len(models) == 1:
        return models[0]
    for model in models:
        if model.name == DEFAULT_MODEL:
            return model
    names = ", ".join(model.name for model in models[:20]) or "none"
    raise SettingsError(
        f"{endpoint.host} was asked which model to use and lists: {names}.",
        "Name one with -m.",
    )


def _listed(entry: dict[str, Any]) -> ListedModel:
    """Moonshot says `context_length`, vLLM and SGLang `max_model_len`."""
    window = entry.get("context_length") or entry.get("max_model_len")
    return ListedModel(str(entry["id"]), window if isinstance(window, int) else 0)
