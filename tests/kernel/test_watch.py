"""Names and files that tool code changed are reported, at a bounded cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbagent.kernel.fingerprint import Fingerprints
from tests.kernel.harness import LiveKernel


def changed(value: Any, change: Any) -> bool:
    before = Fingerprints().of(value)
    change(value)
    return Fingerprints().of(value) != before


BIG = 1_000_000


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {"n": range(1000), "x": np.linspace(0, 1, 1000), "s": ["a", "b"] * 500,
         "c": pd.Categorical(["u", "v"] * 500), "t": pd.date_range("2024", periods=1000)}
    )  # fmt: skip


CHANGES = {
    "list append": ([1, 2], lambda v: v.append(3)),
    "list item": ([1, 2], lambda v: v.__setitem__(0, 9)),
    "list of lists": ([[1], [2]], lambda v: v[1].append(3)),
    "dict value": ({"a": 1}, lambda v: v.update(a=2)),
    "dict in a dict": ({"a": {"b": 1}}, lambda v: v["a"].update(b=2)),
    "set": ({1, 2}, lambda v: v.add(3)),
    "array item": (np.zeros(BIG), lambda v: v.__setitem__(123_457, 1.0)),
    "array sort": (np.arange(BIG)[::-1].copy(), lambda v: v.sort()),
    "transposed array": (np.zeros((100, 100)).T, lambda v: v.__setitem__((1, 1), 1.0)),
    "small array": (np.zeros(3, dtype="int8"), lambda v: v.__setitem__(0, 1)),
    "frame cell": (frame(), lambda v: v.__setitem__("n", v["n"].where(v["n"] != 7, 0))),
    "frame cell in place": (frame(), lambda v: v.loc.__setitem__((501, "x"), 5.0)),
    "frame text cell": (frame(), lambda v: v.loc.__setitem__((0, "s"), "z")),
    "frame category": (frame(), lambda v: v.loc.__setitem__((501, "c"), "u")),
    "frame column": (frame(), lambda v: v.insert(0, "new", 1)),
    "frame index": (frame(), lambda v: v.__setattr__("index", range(1, 1001))),
    "frame rows": (frame(), lambda v: v.__init__(v.drop(index=5))),
    "series": (frame()["x"].copy(), lambda v: v.__setitem__(501, 5.0)),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_in_place_is_seen(what: str) -> None:
    assert changed(*CHANGES[what])


@pytest.mark.parametrize("what", CHANGES)
def test_nothing_is_not_a_change(what: str) -> None:
    """The positive control: a fingerprint that always differs would pass the test above."""
    assert not changed(CHANGES[what][0], lambda v: (len(v), repr(v)[:10], list(v)[:3]))


def test_identity_alone_would_miss_changes_in_place() -> None:
    """The positive control for the fingerprint: a naive one is blind."""
    value = [1, 2]
    before = id(value)
    value.append(3)
    assert id(value) == before


def test_hostile_objects_do_no_harm() -> None:
    class Hostile(list[int]):
        def __len__(self) -> int:
            raise RuntimeError("no")

    assert Fingerprints().of(Hostile()) is not None


def test_the_work_is_bounded() -> None:
    prints = Fingerprints()
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep] * 3
    wide = [list(range(1000)) for _ in range(1000)]
    assert len(repr(prints.of(deep))) < 10_000
    assert len(repr(prints.of(wide))) < 100_000


@pytest.mark.kernel
def test_names_are_reported(kernel: LiveKernel) -> None:
    kernel.cell("kept, gone, grown, rebound = 1, 2, [1], 'a'")
    told = kernel.tool(
        "import math\nnew = 1; del gone; grown.append(2); rebound = 'b'; kept = 1; _hidden = 1"
    )
    assert told.changes == {
        "added": ["new"], "changed": ["grown", "rebound"], "removed": ["gone"], "files": []
    }  # fmt: skip
    kernel.cell("del kept, grown, rebound, new, math")


@pytest.mark.kernel
def test_files_written_are_reported(kernel: LiveKernel, folder: Path) -> None:
    there = kernel.cell("import os as _os; print(_os.getcwd())").stdout.strip()
    Path(there, "old.txt").write_text("x")
    told = kernel.tool(
        "import pandas as _pd, tempfile as _tf, os as _os\n"
        "_pd.DataFrame({'a': [1]}).to_csv('table.csv')\n"
        "open('old.txt').read()\n"
        "open('tmp.txt', 'w').close(); _os.replace('tmp.txt', 'final.txt')\n"
        "open('dropped.txt', 'w').close(); _os.remove('dropped.txt')\n"
        f"open({str(folder / 'far.txt')!r}, 'w').close()\n"
        "open('/dev/null', 'w').close()\n"
        "import plistlib as _fresh  # writes bytecode\n"
        "import matplotlib.pyplot as _plt; _plt.figure().savefig('figure.png'); _plt.close('all')"
    )
    assert told.changes["files"] == [
        "table.csv",
        "final.txt",
        str(folder / "far.txt"),
        "figure.png",
    ]


@pytest.mark.kernel
def test_files_of_the_user_are_not_the_tools(kernel: LiveKernel) -> None:
    kernel.cell("open('mine.txt', 'w').close()")
    assert kernel.tool("1").changes["files"] == []
