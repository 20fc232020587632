"""Whatever a run's events hold, its exports are valid files in which that is only text."""

from __future__ import annotations

import io
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbagent.events import TRANSIENT, Event
from nbagent.export import Source, read_jsonl, written
from tests.export.hostile import EVENTS, PAYLOADS, everywhere, words
from tests.export.rendered import markdown_faults, notebook_faults, page_faults

PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}


def hostile_source(text: str) -> Source:
    events = [e for e in everywhere(text).finish(text).events if not isinstance(e, TRANSIENT)]
    code = f"# {text}\n{text}"
    for event in events:
        if event.kind in ("tool_started", "tool_finished"):
            object.__setattr__(event, "name", "run_python")  # so that it becomes a cell
    return Source(events, [{"type": "text", "text": code}, PICTURE])


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_is_only_text(payload: str) -> None:
    source = hostile_source(payload)
    assert page_faults(written("html", [source, source])) == []
    notebook = notebook_of(source, source)
    codes = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert any(payload in code for code in codes), "the code itself is exact"
    assert notebook_faults(notebook) == []


def notebook_of(*sources: Source) -> Any:
    """The notebook as a reader has it; one that is not valid does not get here."""
    notebook = nbformat.reads(written("notebook", sources), as_version=4)
    nbformat.validate(notebook)
    return notebook


def test_naive_exports_would_be_found() -> None:
    """The positive control: the same payloads as they came, in a page and in a Markdown cell."""
    assert sum(bool(raw_faults(page_faults, f"<p>{payload}</p>")) for payload in PAYLOADS) > 40
    assert sum(bool(raw_faults(markdown_faults, payload)) for payload in PAYLOADS) > 30


def raw_faults(look: object, text: str) -> object:
    try:
        return look(text)  # type: ignore[operator] # one of the two above
    except AssertionError:
        return ["broken"]


kept = st.one_of(*(made for kind, made in EVENTS.items() if kind not in TRANSIENT))


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(kept, max_size=25))
def test_any_events_are_exported(events: list[Event]) -> None:
    source = Source(events)
    page = written("html", [source])
    assert page_faults(page) == []
    page.encode()
    assert notebook_faults(notebook_of(source)) == []
    lines = io.StringIO(written("jsonl", [source, source]))
    assert read_jsonl(lines) == [events, events]


@settings(max_examples=40, deadline=None)
@given(words)
def test_any_text_in_any_place_stays_text(text: str) -> None:
    source = hostile_source(text)
    assert page_faults(written("html", [source])) == []
    assert notebook_faults(notebook_of(source)) == []
