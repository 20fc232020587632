"""CPU per step of nbagent against a bare loop over the SDK: `python -m tests.bench [--quick]`.

Paired: each round runs both, one after the other, each in a fresh process against the same server
process, so that what else the machine does meets both. Reported are medians over steps; `first`
and `last` are those of the first and the last tenth (at least ten) of the steps.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from importlib.metadata import version

FULL = ((50, 3), (300, 1))
QUICK = ((30, 1),)
AIM = 0.15


def measured(name: str, port: str, n: int) -> list[float]:
    command = [sys.executable, "-m", "tests.bench.clients", name, port, str(n)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    spent: list[float] = json.loads(run.stdout)
    return spent


def row(name: str, n: int, rounds: list[list[float]], ratio: str) -> str:
    tenth = max(n // 10, 10)
    middle = statistics.median(ms for spent in rounds for ms in spent)
    first = statistics.median(ms for spent in rounds for ms in spent[:tenth])
    last = statistics.median(ms for spent in rounds for ms in spent[-tenth:])
    return (
        f"{n:>4}  {name:<18}{middle:>10.2f}{ratio:>8}{first:>9.2f}{last:>9.2f}{last / first:>9.2f}"
    )


def main() -> None:
    plan = QUICK if "--quick" in sys.argv[1:] else FULL
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.server"], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    port = server.stdout.readline().strip()
    out = [
        f"openai {version('openai')}, Python {sys.version.split()[0]}; CPU ms per step, aim {AIM}",
        f"{'N':>4}  {'client':<18}{'median':>10}{'ratio':>8}{'first':>9}{'last':>9}{'growth':>9}",
    ]
    try:
        for n, rounds in plan:
            pairs = [(measured("ours", port, n), measured("bare", port, n)) for _ in range(rounds)]
            ratio = statistics.median(sum(a) / sum(b) for a, b in pairs)
            out.append(row("nbagent", n, [a for a, _ in pairs], f"{ratio:.3f}"))
            out.append(row("bare loop", n, [b for _, b in pairs], "1"))
    finally:
        server.terminate()
        server.wait()
    sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
