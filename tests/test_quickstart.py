"""The quickstart, executed as `make demo` does, and judged by the data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import combinations
from pathlib import Path
from threading import Thread
from typing import Any

import nbformat
import numpy as np
import pytest
from palmerpenguins import load_penguins

from nbagent.demo import NOTEBOOK, run_demo, runs_in, source, told
from nbagent.lessons.running import private_environment
from nbagent.phrases import BADGE
from nbagent.trace import TRACE_MIME

MEASURES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
CONFIG = "c = get_config()\nc.Kimi.endpoint = 'http://127.0.0.1:{port}/v1'\n"


@dataclass
class Demo:
    out: Path
    said: str
    meanwhile: list[str]
    requests_elsewhere: list[str]

    @property
    def notebook(self) -> nbformat.NotebookNode:
        return nbformat.read(self.out / NOTEBOOK, as_version=4)

    @property
    def run(self) -> Any:
        (run,) = runs_in(self.notebook)
        return run

    @property
    def calls(self) -> list[Any]:
        return [call for step in self.run["steps"] for call in step.get("calls", ())]


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[tuple[int, list[str]]]:
    """A server that must not be asked anything, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.send_error(500)

        do_GET = do_POST  # noqa: N815 -- the base's name

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], asked
        server.shutdown()


@pytest.fixture(scope="module")
def demo(
    tmp_path_factory: pytest.TempPathFactory, elsewhere: tuple[int, list[str]]
) -> Iterator[Demo]:
    """The demo, where the environment and the configuration point to another server."""
    port, asked = elsewhere
    out, profile = tmp_path_factory.mktemp("demo"), tmp_path_factory.mktemp("ipython")
    (profile / "profile_default").mkdir()
    (profile / "profile_default" / "ipython_config.py").write_text(CONFIG.format(port=port))
    url = f"http://127.0.0.1:{port}/v1"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(profile))
        for name in ("MOONSHOT_API_KEY", "KIMI_API_KEY", "OPENAI_API_KEY"):
            patch.setenv(name, "sk-must-not-be-used")
        for name in ("MOONSHOT_BASE_URL", "NBAGENT_ENDPOINT", "OPENAI_BASE_URL"):
            patch.setenv(name, url)
        meanwhile: list[str] = []
        yield Demo(out, run_demo(out, meanwhile.append), meanwhile, asked)


pytestmark = pytest.mark.kernel


def test_the_environments_key_and_endpoint_are_not_used(demo: Demo) -> None:
    assert demo.requests_elsewhere == []
    assert demo.run["scripted"]
    for path in demo.out.iterdir():
        assert "sk-must-not-be-used" not in path.read_text()


def test_the_other_server_would_have_noticed(elsewhere: tuple[int, list[str]]) -> None:
    """The positive control: with the environment as it was, a run goes there."""
    port, asked = elsewhere
    environ = {"NBAGENT_ENDPOINT": f"http://127.0.0.1:{port}/v1", "HOME": "/h"}
    assert "NBAGENT_ENDPOINT" not in private_environment(environ, Path("/p"))
    from nbagent import Agent, Settings  # noqa: PLC0415 -- only here

    run = Agent(settings=Settings(endpoint=environ["NBAGENT_ENDPOINT"], model="m")).run("hello")
    assert run.finished is not None
    assert run.finished.reason == "error"
    assert asked.pop()
    asked.clear()


def test_an_error_is_met_and_repaired(demo: Demo) -> None:
    failed = [call for call in demo.calls if call.get("is_error")]
    assert len(failed) == 1
    assert failed[0]["repaired"]
    assert len(demo.run["steps"]) >= 4
    assert "1 failed and repaired" in demo.run["counts"]


def test_what_is_told_is_what_happened(demo: Demo) -> None:
    failed = next(call for call in demo.calls if call.get("is_error"))
    assert f"in {len(demo.run['steps'])} steps, {len(demo.calls)} tool calls" in demo.said
    assert f"failed with {failed['outcome']}" in demo.said
    assert demo.run["answer"].splitlines()[0].lstrip("# ") in demo.said
    assert str(demo.out / NOTEBOOK) in demo.said
    assert "not Kimi" in demo.meanwhile[0]
    without = {**demo.run, "steps": demo.run["steps"][-1:], "answer": "Another answer."}
    assert "failed" not in told(without)
    assert "Another answer." in told(without)


def nearest_mean(columns: list[str]) -> tuple[int, int]:
    """How many birds the rule places right, and of how many: the data's own word."""
    birds = load_penguins().dropna(subset=MEASURES)
    species, fold = birds["species"].to_numpy(), np.arange(len(birds)) % 5
    right = 0
    for k in range(5):
        known, unseen = birds[fold != k], birds[fold == k][columns].to_numpy()
        kinds = sorted(set(known["species"]))
        means = [known.loc[known["species"] == kind, columns].mean().to_numpy() for kind in kinds]
        scaled = (unseen[:, None] - np.stack(means)) / known[columns].std().to_numpy()
        guess = np.array(kinds)[(scaled**2).sum(axis=2).argmin(axis=1)]
        right += int((guess == species[fold == k]).sum())
    return right, len(birds)


def test_the_answers_numbers_are_true(demo: Demo) -> None:
    answer = demo.run["answer"]
    scores = {pair: nearest_mean(list(pair)) for pair in combinations(MEASURES, 2)}
    rows = re.findall(r"\| (\d+) of (\d+) \| ([\d.]+)% \|", answer)
    due = [*sorted(scores.values(), reverse=True), nearest_mean(MEASURES)]
    assert [(int(right), int(n)) for right, n, _ in rows] == due
    assert all(f"{int(right) / int(n):.1%}" == f"{share}%" for right, n, share in rows)
    best = max(scores, key=lambda pair: scores[pair][0])
    right, n = scores[best]
    headline = answer.splitlines()[0].lower()
    assert f"{right / n:.1%}" in headline
    assert all(name.rsplit("_", 1)[0].replace("_", " ") in headline for name in best)


def test_a_wrong_number_would_be_seen() -> None:
    right, n = nearest_mean(MEASURES[:1])
    assert (right, n) != nearest_mean(MEASURES)


def test_the_reader_can_check_the_headline(demo: Demo) -> None:
    checked = next(cell for cell in demo.notebook.cells if "guess_species(best)" in cell.source)
    (output,) = checked.outputs
    share = re.search(r"[\d.]+%", output.text)
    assert share
    assert share[0] in demo.run["answer"].splitlines()[0]


def traces(notebook: nbformat.NotebookNode) -> list[Any]:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output.data for output in outputs if TRACE_MIME in output.get("data", {})]


def test_the_badge_stands_first_and_at_the_answer_in_every_form(demo: Demo) -> None:
    (data,) = traces(demo.notebook)
    assert data["text/plain"].startswith(BADGE)
    assert data["text/plain"].count(BADGE) == 2
    assert data["text/markdown"].count("SCRIPTED") == 2
    assert data["text/html"].count("SCRIPTED") == 2


def test_the_committed_notebook_is_this_notebook_executed(demo: Demo) -> None:
    committed = nbformat.read(source(), as_version=4)
    nbformat.validate(committed)
    assert [c.source for c in committed.cells] == [c.source for c in demo.notebook.cells]
    assert all(c.outputs or "import" in c.source for c in committed.cells if c.cell_type == "code")
    (then,), (now,) = traces(committed), traces(demo.notebook)
    assert then["text/plain"] == now["text/plain"], "execute it again and commit it"
    assert "image/png" in then["text/html"]


def test_the_notebook_reads_well_on_a_code_host() -> None:
    committed = nbformat.read(source(), as_version=4)
    for cell in committed.cells:
        if cell.cell_type == "code":
            assert cell.source.count("\n") < 6
    (data,) = traces(committed)
    assert "<style" not in data["text/html"]
    assert "<script" not in data["text/html"]
    prose = "\n".join(c.source for c in committed.cells if c.cell_type == "markdown")
    for word in ("CC0", "MIT", "Gorman", "palmerpenguins"):
        assert word in prose


def test_the_page_fetches_nothing(demo: Demo) -> None:
    page = (demo.out / NOTEBOOK).with_suffix(".html").read_text()
    fetched = (
        r"""<(?:script|img|link|iframe)[^>]+(?:src|href)=["']?https?:|@import url\(["']?http"""
    )
    assert re.search(fetched, page) is None
    assert re.search(fetched, '<script src="https://cdn.example/x.js">')
