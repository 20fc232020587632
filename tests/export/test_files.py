"""Exports on disk: whole or not at all, never over a file that is there, and read back."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import pytest

from nbagent.errors import UsageError
from nbagent.events import SCHEMA_VERSION, Compacted
from nbagent.export import Source, read_jsonl, save, written
from nbagent.redact import Redactor
from tests.export.hostile import Story


def test_a_file_is_written_as_the_persons_own(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        path = save(tmp_path / "a.html", "<p>é\n")
    finally:
        os.umask(before)
    assert path.read_bytes() == "<p>é\n".encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [p.name for p in tmp_path.iterdir()] == ["a.html"]


def test_a_file_that_is_there_stays_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text("mine")
    with pytest.raises(UsageError, match=r"is there already.*--force"):
        save(path, "new")
    assert path.read_text() == "mine"
    save(path, "new", force=True)
    assert path.read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["a.ipynb"]


def test_where_there_are_no_hard_links_a_file_stays_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(os, "link", refused)
    save(tmp_path / "a", "1")
    with pytest.raises(UsageError, match="is there already"):
        save(tmp_path / "a", "2")
    assert (tmp_path / "a").read_text() == "1"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(("name", "words"), [("no/a.html", "no directory"), ("", "a directory")])
def test_a_place_that_cannot_be_is_named(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        save(tmp_path / name, "x")
    assert list(tmp_path.iterdir()) == []


def test_a_plain_write_would_be_found(tmp_path: Path) -> None:
    """The positive control: the usual way of writing a file takes the place of one."""
    path = tmp_path / "a.ipynb"
    path.write_text("mine")
    path.write_text("new")
    assert path.read_text() != "mine"


def lines_of(text: str) -> io.StringIO:
    return io.StringIO(text)


def test_events_are_read_back_as_they_were() -> None:
    story = Story("a\u2028b\x85c").ask().say("hi").reply()
    story.add(Compacted(step=1, n_messages=2, summary="s"))
    events = [e for e in story.finish("hi").events if e.kind != "delta"]
    text = written("jsonl", [Source(events), Source(events[:2])])
    assert text.startswith('{"schema":"nbagent.events","version":1,')
    assert read_jsonl(lines_of(text)) == [events, events[:2]]
    bare = "\n".join(text.split("\n")[1:4])
    assert read_jsonl(lines_of(bare)) == [events[:3]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no json\n", "Line 1 is no JSON"),
        ("[1]\n", "Line 1 is no event"),
        ('{"kind": "zzz"}\n', "unknown event kind"),
        ('{"kind": "steered"}\n', "Line 1 is no event"),
        (f'{{"schema": "nbagent.events", "version": {SCHEMA_VERSION + 1}}}\n', "or a later one"),
    ],
)
def test_what_is_no_record_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_jsonl(lines_of(text))


def test_a_run_that_was_cut_off_says_so() -> None:
    story = Story().ask().think("Let me see.").calls("run_python", "{}").reply()
    cut = [Source(list(story.events))]
    assert "<b>Not finished</b>" in written("html", cut)
    assert "The record ends here, before the run did." in written("notebook", cut)
    whole = [Source(story.finish("There.").events)]
    assert "Not finished" not in written("html", whole)
    assert "The record ends here" not in written("notebook", whole)


def test_a_secret_that_became_known_later_is_masked() -> None:
    redact = Redactor()
    redact.add("hunter2hunter2")
    story = Story("my hunter2hunter2").ask().finish("hunter2hunter2!")
    source = Source(story.events, "hunter2hunter2")
    for form in ("notebook", "html", "jsonl"):
        assert "hunter2" in written(form, [source])
        assert "hunter2" not in written(form, [source.masked(redact)])
