"""A run as a file: a download that can do nothing to the server's origin, with no secret in it."""

from __future__ import annotations

import json
from collections.abc import Callable

import nbformat
import pytest

from nbagent.export import read_jsonl
from nbagent.journal import Journal
from tests.journal.harness import a_run, as_json, kept
from tests.scripted import call, calls, says
from tests.server.conftest import SECRET
from tests.server.served import Served

KINDS = {"notebook": ".ipynb", "html": ".html", "jsonl": ".jsonl"}


@pytest.mark.parametrize("form", KINDS)
def test_a_file_is_a_download_in_a_sandbox(server: Served, story: str, form: str) -> None:
    answer = server.get(f"/runs/{story}/export", format=form)
    assert answer.status_code == 200
    named = answer.headers["Content-Disposition"]
    assert named.startswith("attachment;")
    assert f"{story}{KINDS[form]}" in named
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert "sandbox" in policy
    assert "default-src 'none'" in policy


def test_files_hold_the_run(server: Served, journal: Journal, story: str) -> None:
    asked = server.get(f"/runs/{story}/export", format="notebook").text
    notebook = nbformat.reads(asked, as_version=4)
    nbformat.validate(notebook)
    assert "four" in asked
    lines = server.get(f"/runs/{story}/export", format="jsonl").text.splitlines()
    (events,) = read_jsonl(lines)
    assert as_json(events) == as_json(journal.events(story))


def test_hostile_text_stays_text(server: Served, journal: Journal) -> None:
    hostile = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    run = kept(journal, a_run("run-hostile", [says(hostile)], prompt=hostile))
    page = server.get(f"/runs/{run.run_id}/export", format="html").text
    assert "<script" not in page
    assert "<img src=x" not in page


def test_a_secret_of_the_server_leaves_by_no_route(
    server: Served, journal: Journal, another_story: Callable[[], str]
) -> None:
    """A kernel that did not know it has kept it; nothing says it further."""
    script = [calls(call("a", arguments=json.dumps({"text": SECRET}))), says(f"It is {SECRET}.")]
    run = kept(journal, a_run("run-secret", script, prompt=f"What is {SECRET}?"))
    assert any(SECRET.encode() in line for line in as_json(run.events))
    paths = ("", "/trace", "/steps", "/request?step=2", "/events", "/stream", "/export")
    more = ("/export?format=html", "/export?format=jsonl")
    for path in (*paths, *more):
        answer = server.get(f"/runs/run-secret{path}")
        assert answer.status_code == 200, path
        assert SECRET not in answer.text, path
        assert "hidden" in answer.text, path
    assert SECRET not in server.get("/runs").text
    assert SECRET not in server.log.read_text()
