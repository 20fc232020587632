"""Putting proposals into a notebook's file, unless a running Jupyter has that notebook open."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import nbformat
from jupyter_server.serverapp import list_running_servers

from nbagent.errors import UsageError
from nbagent.export.files import save
from nbagent.notebook.proposals import carries, put_in
from nbagent.phrases import plural

_ASK_S = 2.0


def apply_to_file(source: Path, out: Path, *, force: bool = False) -> str:
    """Put what a notebook carries as proposals into its cells, and write it.

    Args:
        source: the notebook.
        out: where it is written; may be the same.
        force: whether another file than `source` may be written over.

    Returns:
        What was done, in words.

    Raises:
        UsageError: it is no notebook, or one of the two is open in Jupyter; nothing was written.
        OSError: the disk refuses.
    """
    notebook = _read(source)
    n = carries(notebook)
    if not n:
        return f"{source} carries no proposals. Nothing was written."
    open_at = next((at for path in {source, out} for at in _open_at(path)), "")
    if open_at:
        raise UsageError(
            f"{out} is open in the Jupyter at {open_at}, and its page would not notice.",
            "Close it there (shut its kernel down) or give `-o`. Nothing was written.",
        )
    text = nbformat.writes(put_in(notebook), version=nbformat.NO_CONVERT)
    is_same = out.resolve() == source.resolve()
    path = save(out, text + "\n", force=force or is_same)
    return (
        f"{plural(n, 'proposal')} looked at; each cell that was changed is marked. Written: {path}"
    )


def _read(path: Path) -> Any:
    try:
        return nbformat.read(path, as_version=4)
    except (ValueError, nbformat.ValidationError, AttributeError, KeyError, TypeError) as error:
        raise UsageError(f"{path} cannot be read as a notebook.", "Nothing was written.") from error


def _open_at(path: Path) -> Iterator[str]:
    """The running Jupyter servers that have a session for this file, as far as they tell."""
    wanted = path.resolve()
    for server in list_running_servers():
        root = Path(str(server.get("root_dir") or server.get("notebook_dir") or ""))
        for session in _sessions(server):
            name = str(session.get("path") or "").rpartition(":")[2]  # `RTC:a.ipynb`
            if name and (root / name).resolve() == wanted:
                yield str(server["url"])


def _sessions(server: dict[str, Any]) -> list[dict[str, Any]]:
    """What a server has open; nothing of one that does not answer."""
    url = urlsplit(str(server.get("url", "")))
    connection = http.client.HTTPConnection(url.netloc, timeout=_ASK_S)
    try:
        token = quote(str(server.get("token", "")))
        connection.request("GET", f"{url.path}api/sessions?token={token}")
        found = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return []
    finally:
        connection.close()
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
