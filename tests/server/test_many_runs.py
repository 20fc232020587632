"""A thousand runs on record: every page of the list, each run once."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbagent.clock import SystemClock
from tests.journal.harness import a_journal, a_run, kept
from tests.server.served import Served

N = 1_000


@pytest.mark.long
def test_a_thousand_runs_are_listed(tmp_path: Path) -> None:
    clock = SystemClock()
    with Served(tmp_path) as server:
        journal = a_journal(server.data / "nbagent", clock=clock)
        for i in range(N):
            kept(journal, a_run(f"run-{i}"))
        journal.close()
        session, query, found, times = server.by_token(), {"limit": 100}, [], []
        while True:
            begun = clock.now()
            page = session.get(f"{server.api}/runs", params=query, timeout=60).json()
            times.append(clock.now() - begun)
            found += [row["run_id"] for row in page["runs"]]
            if page["next"] is None:
                break
            query["before"] = page["next"]
        begun = clock.now()
        whole = session.get(f"{server.api}/runs", params={"limit": N}, timeout=60).json()
        whole_s = clock.now() - begun
        searched = session.get(f"{server.api}/runs", params={"search": "run-77"}, timeout=60)
    assert found == [f"run-{i}" for i in reversed(range(N))]
    assert [row["run_id"] for row in whole["runs"]] == found
    assert len(searched.json()["runs"]) == 11
    worst = max(times)
    print(f"page of 100: at most {worst * 1e3:.0f} ms; all {N}: {whole_s * 1e3:.0f} ms")
