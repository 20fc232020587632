"""What is said of a soak: figures, each beside what it is to be, and what is wrong with it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from nbagent.events import Compacted, Resumed, RunFinished, to_dict
from tests.faults.turns import LOST
from tests.soak import story
from tests.soak.server import digest
from tests.soak.soak import Soaked
from tests.strict import complaints

WARM_UP = 100
"""Calls of a kernel that its memory is not yet judged by."""
KB, MB = 1_000, 1_000_000


@dataclass(frozen=True)
class Figure:
    """One row: what was measured, and the most it may be (the least, where `at_least`)."""

    name: str
    value: float | None
    aim: float
    unit: str = ""
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether it was measured and is as it should be."""
        if self.value is None:
            return False
        return self.value >= self.aim if self.at_least else self.value <= self.aim


Samples = Sequence[dict[str, Any]]


def figures(found: Soaked) -> list[Figure]:
    """The rows of the scorecard that a soak gives."""
    plan, record = found.server.story, found.record
    n = plan.n_calls
    total, held = slope(found.samples, "rss"), slope(found.samples, "held")
    beyond = None if total is None or held is None else total - held
    return [
        Figure("simulated time", found.hours, plan.hours, "h", at_least=True),
        Figure("tool calls", len(set(found.ran)), n, at_least=True),
        Figure("faults injected", len(found.server.struck), plan.n_faults, at_least=True),
        Figure("faults survived", _survived(found), plan.n_faults, at_least=True),
        Figure("resumes", _count(found, Resumed), plan.n_kills, at_least=True),
        Figure("compactions", _count(found, Compacted), 4 * n / 4_000, at_least=True),
        Figure("silent re-runs", reruns(found.ran), 0),
        Figure("acknowledged events lost", lost(found), 0),
        Figure("faults in histories", len(wrong(found)), 0),
        Figure("memory per tool call", _per(total, KB), 8, "kB"),
        Figure("memory beyond messages", _per(beyond, KB), 2, "kB"),
        Figure("journal at 4,000 calls", found.journal_bytes / MB * 4_000 / n, 25, "MB"),
        Figure("replay, CPU", found.replay_s[0] * 4_000 / n, 1, "s"),
        Figure("saved output", found.trace_bytes / MB, 1, "MB"),
        Figure("CPU per step, late/early", late_to_early(found.samples), 1.5),
        Figure("descriptors and threads added", opened(found.samples), 0),
        Figure("run ended with its answer", float(_answered(record.finished)), 1, at_least=True),
    ]


def others(found: Soaked) -> dict[str, Any]:
    """What has no aim: what was run, and how."""
    server, plan = found.server, found.server.story
    early, late = cpu_ms(found.samples)
    return {
        "seed": plan.seed,
        "window_tokens": plan.window_tokens,
        "real_s": round(found.real_s, 1),
        "replay_real_s": round(found.replay_s[1], 2),
        "requests": server.n_asked,
        "summaries": server.n_summaries,
        "prefix_share": round(server.n_cached / max(server.n_bytes, 1), 4),
        "largest_request_bytes": server.largest,
        "message_bytes_per_call": _round(slope(found.samples, "held")),
        "cpu_ms_per_step_early": _round(early),
        "cpu_ms_per_step_late": _round(late),
        "rss_mb_at_end": round(found.samples[-1]["rss"] / MB, 1),
        "notebook_bytes": found.notebook_bytes,
        "journal_log_bytes": found.log_bytes,
        "trace_that_keeps_everything_mb": round(everything(found) / MB, 1),
        "faults": dict(Counter(server.struck)),
    }


def kernels(samples: Samples) -> list[Samples]:
    """The samples of each kernel."""
    return [[*rows] for _, rows in groupby(samples, key=lambda row: row["pid"])]


def slope(samples: Samples, name: str) -> float | None:
    """How much a figure grows with each call, by least squares; each kernel begins anew."""
    top = bottom = 0.0
    for rows in kernels(samples):
        warm = [row for row in rows if row["calls"] >= rows[0]["calls"] + WARM_UP]
        if len(warm) < 2:
            continue
        x = sum(row["calls"] for row in warm) / len(warm)
        y = sum(row[name] for row in warm) / len(warm)
        top += sum((row["calls"] - x) * (row[name] - y) for row in warm)
        bottom += sum((row["calls"] - x) ** 2 for row in warm)
    return top / bottom if bottom else None


def cpu_ms(samples: Samples) -> tuple[float | None, float | None]:
    """CPU of a step, in milliseconds: in the first fifth of the run after warm-up, in the last."""
    spans = [
        (b["calls"], 1000 * (b["cpu_s"] - a["cpu_s"]), b["steps"] - a["steps"])
        for rows in kernels(samples)
        for a, b in pairwise(rows[1:])
    ]
    fifth = len(spans) // 5
    if not fifth:
        return None, None
    parts = spans[:fifth], spans[-fifth:]
    first, last = (sum(ms for _, ms, _ in p) / sum(n for *_, n in p) for p in parts)
    return first, last


def late_to_early(samples: Samples) -> float | None:
    early, late = cpu_ms(samples)
    return late / early if early and late else None


def opened(samples: Samples) -> int | None:
    """How many descriptors and threads a kernel has at its end beyond those after warm-up."""
    most = None
    for rows in kernels(samples):
        warm = [row for row in rows if row["calls"] >= rows[0]["calls"] + WARM_UP]
        for name in ("fds", "threads"):
            half = len(warm) // 2
            if half:
                early, late = warm[:half], warm[half:]
                grown = min(row[name] for row in late) - max(row[name] for row in early)
                most = max(most or 0, grown)
    return most


def reruns(ran: Sequence[int]) -> int:
    """How often a call ran that had run before."""
    return len(ran) - len(set(ran))


def lost(found: Soaked) -> int:
    """How many events were acknowledged that are not on record as they were."""
    kept = {e.seq: digest(json.dumps(to_dict(e)).encode()) for e in found.record.events}
    told = found.acknowledged.items()
    return sum(kept.get(seq) not in digests or len(digests) > 1 for seq, digests in told)


def wrong(found: Soaked) -> list[str]:
    """What is wrong with what was sent, and with the history at the end."""
    messages = [dict(m) for m in found.record.origin]
    for send in found.record.sends:
        messages += map(dict, send.value if isinstance(send.value, list) else [send.value])
    text = json.dumps(messages)
    mixed = ["a failed attempt is in the history"] if LOST in text else []
    ids = [m["tool_call_id"] for m in messages if m["role"] == "tool"]
    due = [f"run_python:{call}" for call in range(found.server.story.n_calls)]
    order = [] if ids == due else ["calls are missing, or in another order"]
    return [*found.server.complaints, *complaints(messages), *mixed, *order]


def everything(found: Soaked) -> int:
    """What a trace takes that keeps all that happened, as JSON."""
    return sum(len(json.dumps(to_dict(event))) for event in found.record.events)


def _survived(found: Soaked) -> int:
    """The faults that struck, if the run has gone on to its answer."""
    return len(found.server.struck) if _answered(found.record.finished) else 0


def _answered(finished: RunFinished | None) -> bool:
    return finished is not None and finished.reason == "answer" and finished.answer == story.ANSWER


def _count(found: Soaked, kind: type) -> int:
    return sum(isinstance(event, kind) for event in found.record.events)


def _per(value: float | None, unit: float) -> float | None:
    return None if value is None else value / unit


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
