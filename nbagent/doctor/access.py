"""Where requests would go, with which key, through what; and where nbagent keeps its files.

Nothing is sent to a foreign host for this. A server on this machine is knocked at.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies

from jupyter_core.paths import jupyter_data_dir

from nbagent.doctor.findings import Finding
from nbagent.errors import SettingsError
from nbagent.kimi.endpoints import Endpoint, environment_url, resolve_endpoint
from nbagent.kimi.keys import KeyStore
from nbagent.kimi.network import proxy_of
from nbagent.paths import file_system_of, is_network
from nbagent.settings import DEFAULT_ENDPOINT, KEY_VARIABLES, URL_VARIABLES, Settings

_CA_FILE, _CA_FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"
_OTHER_CA = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_KNOCK_S = 1.0


def access_findings(
    endpoint: str, environ: Mapping[str, str], keys: KeyStore
) -> tuple[Finding, ...]:
    """Endpoint, key, proxy and CA variables that are in force.

    Args:
        endpoint: preset name or base URL that was asked for; '' for the one in force.
        environ: the process environment.
        keys: where keys are looked for.
    """
    chosen = endpoint or environ.get("NBAGENT_ENDPOINT") or DEFAULT_ENDPOINT
    try:
        found = resolve_endpoint(Settings(endpoint=chosen), environ)
    except SettingsError as error:
        wrong = Finding("endpoint", chosen, error.message, error.remedy, problem=True)
        return (wrong, *_proxies(None), *_certificates(environ))
    explicit = bool(endpoint or environ.get("NBAGENT_ENDPOINT") or environment_url(environ))
    return (
        _endpoint(found, endpoint, environ),
        _key(found, environ, keys, explicit=explicit),
        *_proxies(found),
        *_certificates(environ),
    )


def _endpoint(found: Endpoint, asked: str, environ: Mapping[str, str]) -> Finding:
    if found.scripted:
        return Finding("endpoint", "lesson (scripted replies on this machine; not Kimi)")
    variable = next((name for name in URL_VARIABLES if environ.get(name, "").strip()), "")
    if asked:
        source = "as asked"
    elif environ.get("NBAGENT_ENDPOINT"):
        source = "from NBAGENT_ENDPOINT"
    else:
        source = f"from {variable}" if variable else "built in"
    value = f"{found.base_url} ({source})"
    if found.loopback and not _listens(found):
        return Finding(
            "endpoint",
            value,
            f"Nothing listens at {found.host} now.",
            "Start the server there, or choose another with `--endpoint` or `%kimi use`.",
            problem=True,
        )
    return Finding("endpoint", value)


def _listens(endpoint: Endpoint) -> bool:
    parts = urlsplit(endpoint.base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname, port), timeout=_KNOCK_S):
            return True
    except OSError:
        return False


def _key(
    endpoint: Endpoint, environ: Mapping[str, str], keys: KeyStore, *, explicit: bool
) -> Finding:
    if endpoint.scripted:
        return Finding("key", "not needed")
    try:
        secret = keys.find(endpoint, environ)
    except SettingsError as error:
        return Finding("key", "not usable", error.message, error.remedy, problem=True)
    variable = next((name for name in KEY_VARIABLES if environ.get(name, "").strip()), "")
    if secret is not None:
        given = bool(variable) and environ[variable].strip() == secret.reveal()
        source = f"in {variable}" if given else "from `%kimi login`"
        return Finding("key", f"found, {source}; it goes to {endpoint.host} only")
    if variable:
        remark = f"{variable} is set, but a key goes only to the host that it was given for."
    elif not endpoint.key_required:
        return Finding("key", "none; this endpoint may not need one")
    elif explicit:
        remark = f"{endpoint.host} answers nobody without a key."
    else:
        remark = "Without one, notebooks get scripted replies and headless runs end with an error."
    remedy = "Set MOONSHOT_API_KEY, or type `%kimi login` in a notebook."
    if variable:
        remedy = f"Type `%kimi login` in a notebook to give one for {endpoint.host}."
    problem = endpoint.key_required and explicit
    return Finding("key", "not found", remark, remedy, problem=problem)


def _proxies(endpoint: Endpoint | None) -> Iterator[Finding]:
    proxies = {scheme: url for scheme, url in sorted(getproxies().items()) if scheme != "no"}
    if not proxies:
        yield Finding("proxy", "none set")
        return
    shown = ", ".join(f"{scheme} {without_credentials(url)}" for scheme, url in proxies.items())
    exceptions = getproxies().get("no", "")
    value = f"{shown}; not for {exceptions}" if exceptions else shown
    if endpoint is None or endpoint.scripted or endpoint.loopback:
        remark = "Requests to this machine never use it."
    elif proxy_of(endpoint):
        remark = f"Requests to {endpoint.host} go through {proxy_of(endpoint)}."
    else:
        remark = f"Requests to {endpoint.host} do not use it."
    yield Finding("proxy", value, remark)


def without_credentials(url: str) -> str:
    """A proxy's URL without user name and password."""
    head, separator, rest = url.rpartition("@")
    scheme = head.partition("://")[0] if "://" in head else ""
    return f"{scheme}://***@{rest}" if separator and scheme else f"***@{rest}" if separator else url


def _certificates(environ: Mapping[str, str]) -> Iterator[Finding]:
    known = {name: environ[name] for name in (_CA_FILE, _CA_FOLDER) if environ.get(name)}
    for name, path in known.items():
        if Path(path).exists():
            yield Finding(name, path)
        else:
            yield Finding(
                name,
                path,
                "There is nothing at this path, so secure connections fail.",
                f"Correct or unset {name}.",
                problem=True,
            )
    others = [name for name in _OTHER_CA if environ.get(name)]
    if others and not known:
        yield Finding(
            others[0],
            environ[others[0]],
            "The client that talks to the model does not read this variable.",
            f"Set {_CA_FILE} to the same file if your network needs it.",
        )


def storage_findings() -> list[Finding]:
    """The data directory: there, private, writable, and on a disk of this machine."""
    path = Path(jupyter_data_dir()) / "nbagent"
    value = str(path)
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    if not os.access(existing, os.W_OK):
        return [
            Finding(
                "data directory",
                value,
                f"{existing} cannot be written to, so runs and keys cannot be kept.",
                "Make it writable, or set JUPYTER_DATA_DIR to a directory of yours.",
                problem=True,
            )
        ]
    if not path.exists():
        return [Finding("data directory", f"{value} (made at the first run)")]
    if path.stat().st_mode & 0o077:
        return [
            Finding(
                "data directory",
                value,
                "Other users of this machine can look into it.",
                f"Run `chmod 700 {path}`.",
                problem=True,
            )
        ]
    kind = file_system_of(path)
    if is_network(kind):
        return [
            Finding(
                "data directory",
                f"{value} ({kind})",
                "It is on a network file system, where locks can fail.",
                "Set JUPYTER_DATA_DIR to a directory on a local disk.",
            )
        ]
    return [Finding("data directory", f"{value} (private, writable)")]
