"""What broke below HTTP, named by its layer: dns, proxy, tls, refused, timeout, reset.

An HTTP client wraps the cause several times over; the layer is read from the whole chain.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from nbagent.errors import ConnectionFailed
from nbagent.kimi.endpoints import Endpoint

_WORDS = {
    "dns": (
        "The name {host} could not be resolved (DNS).",
        "Check the network and the address.",
    ),
    "proxy": (
        "The proxy {proxy} did not connect to {host}.",
        "Check HTTPS_PROXY, or add the host to NO_PROXY.",
    ),
    "tls": (
        "No secure connection to {host} (TLS): {cause}.",
        "If a company's certificate stands in between, set SSL_CERT_FILE to its CA bundle.",
    ),
    "refused": (
        "Nothing answers at {host} (connection refused).",
        "Start the server there, or check the address.",
    ),
    "timeout": (
        "{host} could not be reached in time (timeout).",
        "Check the network, or a firewall on the way.",
    ),
    "reset": (
        "The connection to {host} broke off: {cause}.",
        "What had arrived was discarded; the request can be sent again.",
    ),
}


def connection_failed(error: BaseException, endpoint: Endpoint) -> ConnectionFailed:
    """The typed error for a failure of the network.

    Args:
        error: what the HTTP client raised; its chain of causes is read, nothing of it is kept.
        endpoint: where the request went.
    """
    chain = list(_causes(error))
    proxy = proxy_of(endpoint)
    layer = _layer(chain, behind_proxy=bool(proxy))
    words = [str(e) for e in chain if str(e)]
    cause = words[-1].rstrip(".")[:200] if words else "no reason was given"
    message, remedy = (
        text.format(host=endpoint.host, proxy=proxy or "of the environment", cause=cause)
        for text in _WORDS[layer]
    )
    return ConnectionFailed(message, remedy, layer=layer)


def stalled(endpoint: Endpoint, waited_s: float, what: str) -> ConnectionFailed:
    """The error for a server that keeps the line open and says nothing of use.

    Args:
        endpoint: where the request went.
        waited_s: how long it was waited for.
        what: what did not come, as the end of "sent no …".
    """
    return ConnectionFailed(
        f"{endpoint.host} sent no {what} for {waited_s:g} s, so the request was ended.",
        "What had arrived was discarded; the request can be sent again.",
        layer="stall",
    )


def proxy_of(endpoint: Endpoint) -> str:
    """The proxy that the environment sets for an endpoint, as `host:port`; '' if none holds."""
    parts = urlsplit(endpoint.base_url)
    if endpoint.loopback or proxy_bypass(parts.netloc):
        return ""
    proxies = getproxies()
    url = proxies.get(parts.scheme) or proxies.get("all") or ""
    return urlsplit(url).netloc.rpartition("@")[2]


def _layer(chain: list[BaseException], *, behind_proxy: bool) -> str:
    names = " ".join(type(e).__name__ for e in chain)
    signs = {
        "proxy": "ProxyError" in names,
        "tls": any(isinstance(e, ssl.SSLError) for e in chain),
        "unreached": behind_proxy and "Connect" in names,
        "dns": any(isinstance(e, socket.gaierror) for e in chain),
        "refused": any(isinstance(e, ConnectionRefusedError) for e in chain),
        "timeout": "Timeout" in names,
    }
    found = next((name for name, there in signs.items() if there), "reset")
    return "proxy" if found == "unreached" else found


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception, what caused it, and the members of groups on the way, each once."""
    seen: set[int] = set()
    stack = [error]
    while stack:
        current = stack.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if isinstance(current, BaseExceptionGroup):
            stack += current.exceptions
        stack += [e for e in (current.__context__, current.__cause__) if e is not None]
