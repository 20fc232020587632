"""Where requests can go: presets, models and prices as plain data, and how a name is resolved.

Nothing here talks to anyone. A preset describes a kind of server; a base URL typed by the user
describes an unknown one, of which as little as possible is assumed.
"""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from nbagent.errors import SettingsError
from nbagent.settings import DEFAULT_ENDPOINT, DEFAULT_MODEL, URL_VARIABLES, Settings

Price: TypeAlias = tuple[float, float, float]
"""Dollars per million tokens: input, cached input, output."""

Dialect: TypeAlias = Literal["moonshot", "template", "plain"]
"""How thinking is asked for: Moonshot's `thinking` object (with its cache key), the chat
template's own switches (vLLM, SGLang), or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A server that speaks chat completions.

    Attributes:
        name: the preset's name, or the host of a typed URL.
        base_url: everything before `/chat/completions`, without a slash at the end; '' for a
            preset whose address is only known at run time (`lesson`).
        operator: who runs it, in words ('' if unknown).
        model: the model that is asked for by default; '' if the server is asked what it has.
        window_tokens: the default model's context window (0 if unknown).
        dialect: how thinking is asked for.
        reasoning_key: the field in which its replies carry reasoning.
        images_in_tool_results: whether a tool message may carry pictures.
        key_required: whether it refuses every request without a key.
        scripted: whether its replies are written by people.
    """

    name: str
    base_url: str
    operator: str = ""
    model: str = ""
    window_tokens: int = 0
    dialect: Dialect = "plain"
    reasoning_key: str = "reasoning_content"
    images_in_tool_results: bool = False
    key_required: bool = False
    scripted: bool = False

    @property
    def host(self) -> str:
        """The host as `host` or `host:port`, in lower case."""
        return urlsplit(self.base_url).netloc.lower()

    @property
    def origin(self) -> str:
        """Scheme and host: what a key is bound to."""
        return f"{urlsplit(self.base_url).scheme.lower()}://{self.host}"

    @property
    def loopback(self) -> bool:
        """Whether requests stay on this machine."""
        name = urlsplit(self.base_url).hostname or ""
        try:
            return name == "localhost" or ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False

    def at(self, base_url: str) -> Endpoint:
        """The same kind of server at another address.

        Raises:
            SettingsError: the address is no base URL.
        """
        return replace(self, base_url=checked_url(base_url))


PRESETS: Mapping[str, Endpoint] = {
    endpoint.name: endpoint
    for endpoint in (
        Endpoint(
            name="moonshot",
            base_url="https://api.moonshot.ai/v1",
            operator="Moonshot AI (international platform)",
            model=DEFAULT_MODEL,
            window_tokens=262_144,
            dialect="moonshot",
            images_in_tool_results=True,
            key_required=True,
        ),
        Endpoint(
            name="moonshot-cn",
            base_url="https://api.moonshot.cn/v1",
            operator="Moonshot AI (China platform)",
            model=DEFAULT_MODEL,
            window_tokens=262_144,
            dialect="moonshot",
            images_in_tool_results=True,
            key_required=True,
        ),
        Endpoint(
            name="vllm",
            base_url="http://localhost:8000/v1",
            operator="vLLM on this machine",
            dialect="template",
            reasoning_key="reasoning",
        ),
        Endpoint(
            name="sglang",
            base_url="http://localhost:30000/v1",
            operator="SGLang on this machine",
            dialect="template",
        ),
        Endpoint(
            name="lesson",
            base_url="",
            operator="the lesson server on this machine",
            model="scripted",
            window_tokens=262_144,
            dialect="moonshot",
            images_in_tool_results=True,
            scripted=True,
        ),
    )
}

PRICES_AS_OF = date(2026, 11, 22)
PRICES: Mapping[str, Price] = {
    "kimi-k2.6": (0.95, 0.16, 4.00),
    "kimi-k2.7-code": (0.95, 0.19, 4.00),
    "kimi-k3": (3.00, 0.30, 15.00),
    "kimi-k3.1-pro": (2.00, 0.20, 10.00),
}
"""List prices of Moonshot's international platform on that day; others bill in their own way."""

WINDOWS: Mapping[str, int] = {
    "kimi-k2.6": 262_144,
    "kimi-k2.7-code": 262_144,
    "kimi-k2.7-code-highspeed": 262_144,
    "kimi-k3": 1_048_576,
    "kimi-k3.1-pro": 1_048_576,
    "kimi-k3.1-pro-highspeed": 1_048_576,
}
"""Context windows of Moonshot's models, in tokens."""

SWITCHABLE_THINKING = frozenset({"kimi-k2.6", "scripted"})
"""Models whose `thinking` object can be set; Moonshot's later ones always think and keep."""


def price_of(endpoint: Endpoint, model: str) -> Price | None:
    """The list price of `model` at `endpoint`, or None where it is not known."""
    known = endpoint.origin == PRESETS["moonshot"].origin
    return PRICES.get(model) if known else None


def window_of(endpoint: Endpoint, model: str) -> int:
    """The context window of `model` at `endpoint` in tokens, 0 if unknown."""
    if model == endpoint.model:
        return endpoint.window_tokens
    return WINDOWS.get(model, 0) if endpoint.dialect == "moonshot" else 0


def resolve_endpoint(settings: Settings, environ: Mapping[str, str]) -> Endpoint:
    """Find the endpoint that the settings name.

    `MOONSHOT_BASE_URL` (second name `KIMI_BASE_URL`) replaces the `moonshot` preset's URL. The
    `lesson` preset comes without an address; its caller gives it one with `Endpoint.at`.

    Args:
        settings: only `endpoint` is read: a preset's name or a base URL.
        environ: the process environment.

    Raises:
        SettingsError: the name is unknown or the URL cannot be one.
    """
    name = settings.endpoint.strip()
    if name == DEFAULT_ENDPOINT:
        url = environment_url(environ)
        return _elsewhere(PRESETS[name], url) if url else PRESETS[name]
    if name in PRESETS:
        return PRESETS[name]
    if "://" in name:
        return _typed(checked_url(name))
    raise SettingsError(
        f"There is no endpoint called {name!r}.{_did_you_mean(name)}",
        f"Known are {', '.join(PRESETS)}, or a base URL such as http://localhost:8000/v1.",
    )


def environment_url(environ: Mapping[str, str]) -> str:
    """The base URL that the environment sets for the `moonshot` preset, checked; '' if none."""
    for variable in URL_VARIABLES:
        if environ.get(variable, "").strip():
            return checked_url(environ[variable])
    return ""


def checked_url(url: str) -> str:
    """Return a base URL in the one form that is used here.

    Raises:
        SettingsError: it has no host, another scheme than http or https, or carries a password,
            a query or a fragment.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        usable = usable and text.isprintable() and " " not in text
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(
            f"{text!r} is not a base URL.",
            "A base URL looks like https://api.moonshot.ai/v1 or http://localhost:8000/v1.",
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise SettingsError(
            "The base URL carries a password, a query or a fragment, so it was not used.",
            "Give the address alone; `%kimi login` takes the key.",
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _typed(url: str) -> Endpoint:
    """A server that the user typed: a preset if it is one's address, else an unknown one."""
    unknown = Endpoint(name=urlsplit(url).netloc.lower(), base_url=url)
    for preset in PRESETS.values():
        if preset.base_url and preset.origin == unknown.origin:
            return replace(preset, base_url=url)
    return unknown


def _elsewhere(preset: Endpoint, url: str) -> Endpoint:
    """A preset at the user's own address: it speaks the same, but who runs it is unknown."""
    known = _typed(url)
    if known.operator:
        return known
    return replace(preset, base_url=url, operator="", model="", window_tokens=0, key_required=False)


def _did_you_mean(name: str) -> str:
    close = difflib.get_close_matches(name.lower(), PRESETS, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
