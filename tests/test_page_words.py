"""Kernel and page say the same words: events, the trace's version, commands; keys that are free."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from nbagent.events import EVENT_TYPES, SCHEMA_VERSION

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "labextension" / "src"
SCHEMA = ROOT / "labextension" / "schema" / "plugin.json"
LAB = Path(sys.prefix) / "share" / "jupyter" / "lab" / "schemas"
_INTERFACE = re.compile(r"interface (\w+)(?: extends (\w+))? \{\n(.*?)\n\}", re.DOTALL)
_FIELD = re.compile(r"^  (\w+)\??:", re.MULTILINE)
_KIND = re.compile(r"^  kind: '(\w+)';", re.MULTILINE)


def interfaces(text: str) -> dict[str, set[str]]:
    """The fields of each event in TypeScript, by its kind."""
    own = {name: (base, body) for name, base, body in _INTERFACE.findall(text)}

    def of(name: str) -> set[str]:
        base, body = own[name]
        return set(_FIELD.findall(body)) | (of(base) if base else set())

    return {kind[1]: of(name) for name, (_, body) in own.items() if (kind := _KIND.search(body))}


def strangers(told: dict[str, set[str]]) -> list[str]:
    """What the page says of events that Python does not know."""
    known = {kind: {"kind", *(f.name for f in fields(cls))} for kind, cls in EVENT_TYPES.items()}
    return sorted(
        f"{kind}.{name}" for kind, names in told.items() for name in names - known.get(kind, set())
    )


def test_the_page_knows_every_event_and_no_other_field() -> None:
    told = interfaces((SOURCES / "view" / "events.ts").read_text())
    assert set(told) == set(EVENT_TYPES)
    assert strangers(told) == []
    assert strangers({"delta": {"kind", "txt"}}) == ["delta.txt"], "the control"


def test_the_page_draws_the_version_that_the_kernel_writes() -> None:
    (version,) = re.findall(r"const SCHEMA = (\d+);", (SOURCES / "renderer.ts").read_text())
    assert int(version) == SCHEMA_VERSION


def shortcuts(schema: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Each shortcut's keys, as they are on Linux and Windows and, where they differ, on a Mac."""
    for shortcut in schema.get("jupyter.lab.shortcuts", []):
        variants = [shortcut.get(name) for name in ("keys", "winKeys", "linuxKeys", "macKeys")]
        for keys in filter(None, variants):
            for modifier in ("Ctrl", "Cmd"):
                yield tuple(key.replace("Accel", modifier) for key in keys)


def taken(own: set[tuple[str, ...]], other: set[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """Those of ours that others have, or that begin or go on like one of theirs."""
    return {
        k for k in own if any(k[: len(o)] == o or o[: len(k)] == k for o in other if o != ("",))
    }


def test_no_shortcut_is_one_of_jupyterlabs_or_notebooks() -> None:
    """Wherever theirs hold: ours would shadow them, or they ours."""
    own = set(shortcuts(json.loads(SCHEMA.read_text())))
    schemas = sorted(LAB.rglob("*.json"))
    other = {keys for path in schemas for keys in shortcuts(json.loads(path.read_text()))}
    assert len(other) > 100, "JupyterLab's own are there to be looked at"
    assert taken(own, other) == set()
    assert taken({("Ctrl S",), ("D",)}, other) == {("Ctrl S",), ("D",)}, "the control"
