"""Keys, each bound to the host it was given for, and where they are kept.

A key from the environment goes to the environment's own URL or to Moonshot's two platforms; any
other host needs one of its own from `%kimi login`, or none. No method shows, logs or returns a
key except inside a `Secret`.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from nbagent.errors import SettingsError
from nbagent.kimi.endpoints import PRESETS, Endpoint, environment_url
from nbagent.paths import data_dir
from nbagent.settings import KEY_VARIABLES, Secret

SERVICE = "nbagent"
"""Name under which the keyring files our keys."""


def checked_key(text: str) -> Secret:
    """Make a `Secret` of what was typed or set.

    Raises:
        SettingsError: it cannot be sent in a header, so it is no key.
    """
    key = text.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise SettingsError(
            "What was given as a key is empty or holds characters that no key has.",
            "Copy the key again, without spaces or line breaks.",
        )
    return Secret(key)


class KeyStore:
    """The keys of this process, of the environment and of earlier logins.

    Args:
        directory: gives the private directory that holds `keys.json`.
    """

    def __init__(self, directory: Callable[[], Path] = data_dir) -> None:
        self._directory = directory
        self._remembered: dict[str, Secret] = {}

    def find(self, endpoint: Endpoint, environ: Mapping[str, str]) -> Secret | None:
        """The key for an endpoint: this session's login, the environment's, a saved one, or None.

        Raises:
            SettingsError: the key file is damaged or readable by others.
        """
        if endpoint.host in self._remembered:
            return self._remembered[endpoint.host]
        return _environment_key(endpoint, environ) or self._saved(endpoint.host)

    def remember(self, host: str, secret: Secret) -> None:
        """Use a key for a host (`host` or `host:port`) until this process ends."""
        self._remembered[host] = secret

    def save(self, host: str, secret: Secret) -> str:
        """Keep a key for later sessions, in the system's keyring or else in a 0600 file.

        Returns:
            Where it is kept, in words.
        """
        self.remember(host, secret)
        entries = self._read()
        keyring = _keyring()
        if keyring is not None and _offer(keyring, host, secret):
            self._write(entries | {host: None})
            return "the system's keyring"
        self._write(entries | {host: secret.reveal()})
        return str(self._path)

    def forget(self, host: str) -> bool:
        """Forget a host's key, here and where it was saved; say whether there was one."""
        known = self._remembered.pop(host, None) is not None
        entries = self._read()
        if host not in entries:
            return known
        keyring = _keyring()
        if entries.pop(host) is None and keyring is not None:
            try:
                keyring.delete_password(SERVICE, host)
            except keyring.errors.KeyringError:
                known = True  # it was removed with the keyring's own tools
        self._write(entries)
        return True

    @property
    def _path(self) -> Path:
        return self._directory() / "keys.json"

    def _saved(self, host: str) -> Secret | None:
        entries = self._read()
        if host not in entries:
            return None
        key = entries[host]
        keyring = _keyring()
        if key is None and keyring is not None:
            try:
                key = keyring.get_password(SERVICE, host)
            except keyring.errors.KeyringError as error:
                raise SettingsError(
                    f"The system's keyring did not give the key for {host}.",
                    "Unlock it, or log in again with `%kimi login`.",
                ) from error
        return Secret(key) if key else None

    def _read(self) -> dict[str, str | None]:
        """Saved entries by host; None stands for a key that the keyring holds."""
        try:
            with self._path.open(encoding="utf-8") as file:
                if os.name == "posix" and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise SettingsError(
                        f"Other users can read {self._path}, so no key was taken from it.",
                        f"Run `chmod 600 {self._path}`; if others use this machine, renew the key.",
                    )
                entries = json.load(file)
        except OSError:
            return {}
        except ValueError:
            entries = None
        if not isinstance(entries, dict):
            raise SettingsError(
                f"{self._path} is damaged, so no key was taken from it.",
                "Delete it and log in again with `%kimi login --save`.",
            )
        return entries

    def _write(self, entries: Mapping[str, str | None]) -> None:
        """Replace the file as a whole; `mkstemp` makes it 0600 from the start."""
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix="keys-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(dict(entries), file, sort_keys=True)
        Path(name).replace(self._path)


def _environment_key(endpoint: Endpoint, environ: Mapping[str, str]) -> Secret | None:
    text = next((environ[name] for name in KEY_VARIABLES if environ.get(name, "").strip()), "")
    if not text:
        return None
    homes = {PRESETS["moonshot"].origin, PRESETS["moonshot-cn"].origin}
    url = environment_url(environ)
    if url:
        homes.add(Endpoint(name="environment", base_url=url).origin)
    return checked_key(text) if endpoint.origin in homes else None


def _keyring() -> ModuleType | None:
    """The `keyring` package if the user has installed it."""
    return import_module("keyring") if find_spec("keyring") else None


def _offer(keyring: ModuleType, host: str, secret: Secret) -> bool:
    try:
        keyring.set_password(SERVICE, host, secret.reveal())
    except keyring.errors.KeyringError:
        return False  # no keyring service runs here, as on most servers
    return True
