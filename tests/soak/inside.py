"""What a kernel of a soak notes of itself: what was acknowledged, what ran, what it takes.

It works from outside the product: the name of the clock is replaced before the extension is
loaded, and each run has one more consumer of its events, after the keeper's.
"""

from __future__ import annotations

import json
import os
import struct
import time
import zlib
from pathlib import Path
from typing import Any

from IPython.display import Image, display

from nbagent.events import TRANSIENT, Event, RetryScheduled, StepStarted, ToolFinished, to_dict
from nbagent.magics import session as session_module
from nbagent.run import Run
from tests.soak.clock import SharedClock
from tests.soak.server import digest

EVERY = 50
"""Calls between two samples."""
ACKNOWLEDGED = struct.Struct("<q8s")
SIDE = 48


def begin(shell: Any, folder: str) -> None:
    """Load nbagent with the shared clock, and follow each run of this kernel."""
    home = Path(folder)
    clock = SharedClock(home / "clock", "kernel")
    session_module.SystemClock = lambda: clock  # type: ignore[assignment,misc] # the one place that makes it
    shell.run_line_magic("load_ext", "nbagent")
    driving = shell.magics_manager.registry["KimiMagics"].session.driving
    shown = driving.display

    def followed(run: Run) -> Any:
        made = shown(run)
        Witness(home, clock, run, driving.journal)
        return made

    driving.display = followed
    counter = os.open(home / "count.txt", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    shell.user_ns |= {"count": lambda call: os.write(counter, b"%d\n" % call) and None}
    shell.user_ns |= {"picture": picture}


class Witness:
    """Follows a run, after its keeper.

    Args:
        folder: where the files go.
        clock: jumps over the waits that the run tells of.
        run: the run.
        journal: is asked for its file.
    """

    def __init__(self, folder: Path, clock: SharedClock, run: Run, journal: Any) -> None:
        flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY
        self._acknowledged = os.open(folder / "acknowledged.bin", flags)
        self._samples = os.open(folder / "samples.jsonl", flags)
        self._clock = clock
        self._run = run
        self._journal = journal
        self._is_live = False
        self.n_calls = self.n_steps = 0
        run.subscribe(self.apply)
        self._is_live = True
        self._sample()

    def apply(self, event: Event) -> None:
        self.n_calls += isinstance(event, ToolFinished)
        self.n_steps += isinstance(event, StepStarted)
        if not self._is_live:
            return
        if not isinstance(event, TRANSIENT):
            told = digest(json.dumps(to_dict(event)).encode())
            os.write(self._acknowledged, ACKNOWLEDGED.pack(event.seq, told))
        if isinstance(event, RetryScheduled):
            self._clock.sleep(event.until_t - event.t)
        if isinstance(event, ToolFinished) and self.n_calls % EVERY == 0:
            self._sample()

    def _sample(self) -> None:
        records = self._run.transcript.current.records
        path = self._journal.path
        sample = {
            "pid": os.getpid(),
            "calls": self.n_calls,
            "steps": self.n_steps,
            "rss": _rss_bytes(),
            "cpu_s": time.process_time(),
            "fds": len([*Path("/proc/self/fd").iterdir()]),
            "threads": len([*Path("/proc/self/task").iterdir()]),
            "held": sum(record.n_bytes for record in records),
            "journal": sum(p.stat().st_size for p in path.parent.glob(path.name + "*")),
            "t": self._clock.now(),
        }
        os.write(self._samples, json.dumps(sample).encode() + b"\n")


def _rss_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def picture(call: int) -> None:
    """Show a picture that no compression makes small."""
    rows = b"".join(b"\0" + os.urandom(3 * SIDE) for _ in range(SIDE))
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    blocks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    png = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in blocks
    )
    print("picture", call)
    display(Image(b"\x89PNG\r\n\x1a\n" + png))
