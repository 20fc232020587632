"""Which names code needs: what it reads before it makes it, whatever scopes it has."""

from __future__ import annotations

import pytest

from nbagent.export.names import needed, uses


@pytest.mark.parametrize(
    ("codes", "names"),
    [
        (["a = 1\nb = a"], []),
        (["b = a"], ["a"]),
        (["b = a", "a = 1"], ["a"]),
        (["import pandas as pd\ndf = pd.DataFrame()"], []),
        (["df['x'] = 1"], ["df"]),
        (["n += 1"], ["n"]),
        (["def f(x, *, y=z):\n    w = x\n    return w + v"], ["v", "z"]),
        (["[x * k for x in rows]"], ["k", "rows"]),
        (["class A(Base):\n    def m(self):\n        return self.x"], ["Base"]),
        (["try:\n    1\nexcept ValueError as e:\n    print(e)"], []),
        (["await asyncio.sleep(0)"], ["asyncio"]),
        (["%matplotlib inline\n!ls\nprint(q)"], ["q"]),
        (["for i in range(3):\n    print(i)"], []),
        (["match d:\n    case [x]:\n        print(x)\n    case [*y]:\n        y"], ["d"]),
        (["if a:\n    b = 1\nelse:\n    b = c\nprint(b)"], ["a", "c"]),
        (["with open('f') as f:\n    f.read()"], []),
        (["lambda t: t + u"], ["u"]),
    ],
)
def test_needed(codes: list[str], names: list[str]) -> None:
    assert needed(codes) == names


def test_code_that_cannot_be_parsed_reads_every_word() -> None:
    assert uses(["total = ) half"], ["half"])


@pytest.mark.parametrize(
    ("codes", "is_used"),
    [
        (["half = 1", "print(half)"], False),
        (["print(half)"], True),
        (["half = half + 1"], True),
        (["x = 1"], False),
        ([], False),
    ],
)
def test_uses(codes: list[str], *, is_used: bool) -> None:
    assert uses(codes, ["half"]) is is_used


def test_words_alone_would_not_tell() -> None:
    """The positive control: looking for the word takes a name that is made for one that is used."""
    code = "half = 1"
    assert "half" in code
    assert not uses([code], ["half"])
