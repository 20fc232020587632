"""The account's pace: learnt once, kept by all kernels, and never a reason for a run to fail."""

from __future__ import annotations

import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbagent.clock import ManualClock
from nbagent.kimi.pace import LEARNT_FOR_S, MINUTE_S, Pace, held_text, requests_per_minute
from nbagent.settings import Secret

LIMIT = "request reached organization max RPM: {}, please try again after 1 seconds"


def pace_in(path: Path, clock: ManualClock, key: str = "sk-one") -> Pace:
    return Pace("api.moonshot.ai", Secret(key), clock.wall, lambda: path)


def test_nothing_is_held_or_written_before_a_limit_is_learnt(tmp_path: Path) -> None:
    pace = pace_in(tmp_path, ManualClock())
    assert [pace.book().wait_s for _ in range(100)] == [0.0] * 100
    assert list(tmp_path.iterdir()) == []


def test_a_limit_of_one_kernel_paces_the_other(tmp_path: Path) -> None:
    clock = ManualClock()
    first, second = pace_in(tmp_path, clock), pace_in(tmp_path, clock)
    first.book()
    first.learn(LIMIT.format(3), 17.0)
    waits = [second.book().wait_s, first.book().wait_s, second.book().wait_s, first.book().wait_s]
    assert waits == [17.0, 60.0, 60.0, 77.0]
    assert pace_in(tmp_path, clock, key="sk-two").book().wait_s == 0.0


@given(
    rpm=st.integers(1, 5),
    steps=st.lists(st.tuples(st.floats(0, 40), st.sampled_from(["a", "b"])), max_size=25),
)
def test_no_minute_holds_more_than_the_limit(
    tmp_path_factory: pytest.TempPathFactory, rpm: int, steps: list[tuple[float, str]]
) -> None:
    path, clock = tmp_path_factory.mktemp("pace"), ManualClock()
    kernels = {name: pace_in(path, clock) for name in "ab"}
    kernels["a"].learn(LIMIT.format(rpm), None)
    times = []
    for seconds, name in steps:
        clock.sleep(seconds)
        times.append(kernels[name].book().at)
    times.sort()
    for early, late in zip(times, times[rpm:], strict=False):
        assert late - early >= MINUTE_S - 1e-3


def test_the_rule_above_can_fail() -> None:
    """Control: requests that go at once break the rule."""
    times = [0.0, 1.0, 2.0, 3.0]
    assert [late - early >= MINUTE_S for early, late in zip(times, times[3:], strict=False)] == [
        False
    ]


def test_a_place_given_back_is_free_again(tmp_path: Path) -> None:
    pace = pace_in(tmp_path, ManualClock())
    pace.learn(LIMIT.format(1), None)
    pace.book()
    held = pace.book()
    assert held.wait_s == MINUTE_S
    pace.give_back(held)
    assert pace.book().wait_s == MINUTE_S


def test_a_limit_is_forgotten_after_an_hour(tmp_path: Path) -> None:
    clock = ManualClock()
    pace = pace_in(tmp_path, clock)
    pace.learn(LIMIT.format(1), None)
    pace.book()
    assert pace.book().wait_s > 0
    clock.sleep(LEARNT_FOR_S + 1)
    assert [pace.book().wait_s for _ in range(3)] == [0.0] * 3


def test_a_pause_without_a_limit_is_kept_and_bounded(tmp_path: Path) -> None:
    clock = ManualClock()
    pace = pace_in(tmp_path, clock)
    pace.learn("TPM rate limit, current:5, limit:4", 86_400.0)
    place = pace.book()
    assert (place.wait_s, place.rpm) == (600.0, None)
    clock.sleep(600)
    assert pace.book().wait_s == 0.0


def test_a_clock_that_was_set_back_holds_nobody_for_long(tmp_path: Path) -> None:
    clock = ManualClock(start=1e6)
    pace = pace_in(tmp_path, clock)
    pace.learn(LIMIT.format(1), 30.0)
    pace.book()
    clock.t = 0.0
    assert pace.book().wait_s <= 600.0


def damaged(path: Path) -> None:
    (path / "pace.sqlite").write_bytes(b"this is no database" * 100)


def another_schema(path: Path) -> None:
    with sqlite3.connect(path / "pace.sqlite") as db:
        db.execute("CREATE TABLE account (x)")


def a_directory(path: Path) -> None:
    (path / "pace.sqlite").mkdir()


def held_by_another(path: Path) -> None:
    db = sqlite3.connect(path / "pace.sqlite", isolation_level=None, check_same_thread=False)
    db.execute("BEGIN EXCLUSIVE")
    HELD.append(db)


HELD: list[sqlite3.Connection] = []


@pytest.mark.parametrize("spoil", [damaged, another_schema, a_directory, held_by_another])
def test_a_spoilt_file_breaks_nothing(tmp_path: Path, spoil: object) -> None:
    spoil(tmp_path)  # type: ignore[operator] # one of the functions above
    pace = pace_in(tmp_path, ManualClock())
    assert pace.book().wait_s == 0.0
    pace.learn(LIMIT.format(1), None)
    pace.book()
    assert pace.book().wait_s == MINUTE_S
    while HELD:
        HELD.pop().close()


def test_no_directory_breaks_nothing() -> None:
    def nowhere() -> Path:
        raise PermissionError(13, "no")

    pace = Pace("h", None, ManualClock().wall, nowhere)
    pace.learn(LIMIT.format(1), None)
    pace.book()
    assert pace.book().wait_s == MINUTE_S


def test_kernels_that_book_at_once_get_places_of_their_own(tmp_path: Path) -> None:
    clock = ManualClock()
    pace_in(tmp_path, clock).learn(LIMIT.format(2), None)

    def book(_: int) -> list[float]:
        pace = pace_in(tmp_path, clock)
        return [pace.book().wait_s for _ in range(10)]

    with ThreadPoolExecutor(6) as pool:
        waits = sorted(wait_s for waits in pool.map(book, range(6)) for wait_s in waits)
    assert waits == [MINUTE_S * ((i + 1) // 2) for i in range(60)]


IN_A_PROCESS = """
import sys
from pathlib import Path
from nbagent.kimi.pace import Pace
from nbagent.settings import Secret

pace = Pace("api.moonshot.ai", Secret("sk-one"), lambda: 1000.0, lambda: Path(sys.argv[1]))
print("ready", flush=True)
for order in sys.stdin:
    if order.strip() == "learn":
        pace.learn("request reached organization max RPM: 2, please", None)
    print(*[pace.book().wait_s for _ in range(5)] if order.strip() == "book" else [], flush=True)
"""


def test_what_one_process_learns_paces_the_others(tmp_path: Path) -> None:
    command = [sys.executable, "-c", IN_A_PROCESS, str(tmp_path)]
    with ExitStack() as stack:
        kernels = [
            stack.enter_context(Popen(command, stdin=PIPE, stdout=PIPE, text=True, bufsize=1))
            for _ in range(3)
        ]

        def tell(kernel: Popen[str], order: str) -> None:
            assert kernel.stdin is not None
            kernel.stdin.write(f"{order}\n")

        def heard(kernel: Popen[str]) -> list[str]:
            assert kernel.stdout is not None
            return kernel.stdout.readline().split()

        assert [heard(kernel) for kernel in kernels] == [["ready"]] * 3
        tell(kernels[1], "book")
        assert heard(kernels[1]) == ["0.0"] * 5  # the control: nothing is learnt yet
        tell(kernels[0], "learn")
        assert heard(kernels[0]) == []
        for kernel in kernels:
            tell(kernel, "book")  # all at once
        waits = sorted(float(wait) for kernel in kernels for wait in heard(kernel))
        for kernel in kernels:
            assert kernel.stdin is not None
            kernel.stdin.close()
    assert waits == [MINUTE_S * ((i + 1) // 2) for i in range(15)]


def test_the_file_holds_no_key(tmp_path: Path) -> None:
    pace = pace_in(tmp_path, ManualClock(), key="sk-canary-0123456789")
    pace.learn(LIMIT.format(1), None)
    pace.book()
    assert all(b"canary" not in path.read_bytes() for path in tmp_path.iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["pace.sqlite"]


def test_the_words() -> None:
    assert requests_per_minute("max RPM: 3, please") == 3
    assert requests_per_minute("max RPM: 0") is requests_per_minute("max concurrency: 1") is None
    assert held_text(3, 16.2).startswith("Your account allows 3 requests a minute; the next one")
    assert "in 17 s" in held_text(None, 16.2)
