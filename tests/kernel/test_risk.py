"""What is risky in code is found on its line; ordinary code is let through."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbagent.kernel.risk import KINDS, Risk, read_only, risks_of
from tests.kernel.risk_rows import (
    CHANGING,
    KNOWN_MISSES,
    LOOKING,
    OBFUSCATED,
    RISKY,
    SILENT,
    namespace,
)

Look = Callable[[str], tuple[Risk, ...]]


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text("a,b\n" * 4000)
    os.utime("data.csv", (1_700_000_000, 1_700_000_000))
    names = namespace()
    return lambda code: risks_of(code, names, set(names))


@pytest.mark.parametrize(("code", "kind", "line"), RISKY, ids=[code[:60] for code, *_ in RISKY])
def test_what_is_risky_is_found_on_its_line(look: Look, code: str, kind: str, line: int) -> None:
    assert (kind, line) in {(risk.kind, risk.line) for risk in look(code)}


@pytest.mark.parametrize("code", SILENT, ids=[code[:60] for code in SILENT])
def test_ordinary_code_is_let_through(look: Look, code: str) -> None:
    assert look(code) == ()


@pytest.mark.parametrize("code", OBFUSCATED, ids=[code[:60] for code in OBFUSCATED])
def test_what_is_hidden_asks_or_is_a_known_miss(look: Look, code: str) -> None:
    assert bool(look(code)) == (code not in KNOWN_MISSES)


def test_the_tables_are_what_they_say() -> None:
    assert len({code for code, *_ in RISKY}) == len(RISKY) >= 120
    assert len(set(SILENT)) == len(SILENT) >= 80
    assert len(set(OBFUSCATED)) == len(OBFUSCATED) >= 40
    assert set(OBFUSCATED) >= KNOWN_MISSES
    assert len(KNOWN_MISSES) == 14
    assert {kind for _, kind, _ in RISKY} == set(KINDS)


WORDS = re.compile(
    r"remove|rmtree|unlink|rename|open\(|to_csv|write|savefig|requests|http|subprocess|system|!|%"
    r"|pip|environ|getpass|kill|exit|\bdel\b|inplace|append|sort|\] =|exec|eval|pickle|ctypes"
)


def test_a_search_for_words_would_not_do() -> None:
    """The positive control: a naive check misses risks and cries at ordinary code."""
    missed = [code for code, *_ in RISKY if not WORDS.search(code)]
    alarms = [code for code in SILENT if WORDS.search(code)]
    assert len(missed) > 30
    assert len(alarms) > 30


def test_a_risk_says_what_is_known(look: Look) -> None:
    (risk,) = look("import pandas\n\ndf.to_csv('data.csv')")
    assert risk == Risk("overwrites", "'data.csv'", 3, risk.detail)
    assert re.fullmatch(r"16 kB, last changed 2023-11-1\d", risk.detail)
    (risk,) = look("sh.rmtree('data.csv')")
    assert (risk.what, risk.detail.split(",")[0]) == ("shutil.rmtree", "'data.csv'")
    assert [risk.what for risk in look("df['x'] = lst.append(1)")] == ["lst", "df"]


def test_risks_come_in_the_order_of_their_lines(look: Look) -> None:
    code = "def late():\n    sh.rmtree('x')\nlst.append(1)\n!ls\ndel df"
    lines = [risk.line for risk in look(code)]
    assert lines == sorted(lines) == [2, 3, 4, 5]


def test_names_are_known_by_what_they_are_now(look: Look) -> None:
    assert look("import shutil as pd")[0].kind == "variables"
    assert look("import pandas as pd") == ()
    assert look("f('a', 'b')") == ()
    assert risks_of("f('a')", {"f": os.remove}, set())[0].kind == "deletes"
    assert risks_of("f('a')", {"f": subprocess.run}, set())[0].kind == "program"


def test_an_alias_made_between_calls_is_still_the_persons() -> None:
    table = [1]
    names = {"table": table, "t": table, "own": [2]}
    assert [r.what for r in risks_of("t.append(1)", names, {"table"})] == ["table"]
    assert risks_of("own.append(1)\nown = 3", names, {"table"}) == ()


def test_a_child_kernel_has_no_names_to_look_at() -> None:
    assert [r.kind for r in risks_of("os.remove('x')", {}, {"os", "df"})] == ["deletes"]
    assert [r.kind for r in risks_of("df['a'] = 1", {}, {"os", "df"})] == ["variables"]
    assert risks_of("import pandas as pd\ndf.head()", {}, {"pd", "df"}) == ()
    assert risks_of("run", {}, {"run"}) == ()
    assert [r.what for r in risks_of("run x.py", {}, set())] == ["%run x.py"]


class Hostile:
    """Every look at it that runs code of its own is noted."""

    looks: list[str] = []  # noqa: RUF012 -- shared on purpose

    def __getattribute__(self, name: str) -> Any:
        Hostile.looks.append(name)
        raise RuntimeError(name)

    def __eq__(self, other: object) -> bool:
        Hostile.looks.append("==")
        raise RuntimeError

    __hash__ = None  # type: ignore[assignment]


class HostileMeta(type):
    def __getattribute__(cls, name: str) -> Any:
        Hostile.looks.append(name)
        raise RuntimeError(name)


class HostileClass(metaclass=HostileMeta):
    pass


def test_objects_are_not_touched() -> None:
    names = {"x": Hostile(), "y": object.__new__(HostileClass), "z": HostileClass}
    Hostile.looks.clear()
    found = risks_of("x.a.b(y)[z] = x\nz.q = y.c()\nprint(x == y)\nx.clear()", names, set(names))
    assert [(risk.kind, risk.line) for risk in found] == [("library", 2), ("variables", 4)]
    assert Hostile.looks == []


def test_nothing_is_imported_or_run(tmp_path: Path) -> None:
    (tmp_path / "trap.py").write_text("raise SystemExit('imported')")
    code = "import trap\nfrom trap import *\ntrap.go()\nopen('made', 'w')"
    code += '\nexec(\'import trap; open("made", "w")\')'
    script = f"from nbagent.kernel.risk import risks_of; print(risks_of({code!r}, {{}}, set()))"
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert "trap" not in ran.stderr
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("code", LOOKING)
def test_looking_is_read_only(look: Look, code: str) -> None:
    assert look("") == ()
    assert read_only(code, namespace()) == ""


@pytest.mark.parametrize("code", CHANGING)
def test_changing_is_not_and_says_why(look: Look, code: str) -> None:
    assert look("") == ()
    Path("train.py").write_text("print('a night of training')")
    Path("mine").mkdir()
    Path("mine/__init__.py").write_text("")
    assert read_only(code, namespace()) == CHANGING[code]
