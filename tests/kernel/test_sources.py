"""The sources of thousands of calls are not kept, and those that a traceback can need are."""

from __future__ import annotations

import pytest

from nbagent.kernel.sources import KEPT, _can_go
from tests.kernel.harness import LiveKernel

pytestmark = pytest.mark.kernel

DEFINES = [
    "def f():\n    pass",
    "async def f():\n    pass",
    "class A:\n    x = 1",
    "f = lambda x: x + 1",
    "g = (x for x in [1])",
    "if True:\n    def f(): ...",
]
LEAVES_NOTHING = [
    "x = 1",
    "[x for x in range(3)]",
    "import os\nprint(os.sep)",
    "await f()",
    "1 +",
    "sum(x for x in y)",
]


def cell(code: str) -> tuple[int, None, list[str], str]:
    return len(code), None, code.splitlines(keepends=True), "cell"


@pytest.mark.parametrize("code", DEFINES)
def test_what_has_defined_something_stays(code: str) -> None:
    assert not _can_go(cell(code))


@pytest.mark.parametrize("code", LEAVES_NOTHING)
def test_what_has_left_nothing_can_go(code: str) -> None:
    assert _can_go(cell(code))


def test_what_is_no_cell_stays() -> None:
    assert not _can_go((3, 1.0, ["x=1"], "a_file.py"))
    assert not _can_go((lambda: "lazy",))
    assert not _can_go(None)


def test_many_calls_in_a_kernel(kernel: LiveKernel) -> None:
    kernel.tool("def raises_here(n):\n    return 1 / n  # a line of an old call")
    code = (
        "import linecache; _before = len(linecache.cache)\n"
        f"for _i in range({3 * KEPT}):\n"
        "    _executor.execute(f'_x = {_i}', _live.append)\n"
        "print(len(linecache.cache) - _before)"
    )
    assert int(kernel.cell(code).stdout) <= KEPT
    told = kernel.tool("raises_here(0)")
    assert "# a line of an old call" in str(told.outputs)
    assert (
        "return 1 / n" in kernel.tool("import inspect; print(inspect.getsource(raises_here))").text
    )


def test_ipython_keeps_them_all(kernel: LiveKernel) -> None:
    """The control: the same calls by IPython's own way."""
    code = (
        "import linecache; _before = len(linecache.cache)\n"
        f"for _i in range({3 * KEPT}):\n"
        "    get_ipython().run_cell(f'_y = {_i}', store_history=False)\n"
        "print(len(linecache.cache) - _before)"
    )
    assert int(kernel.cell(code).stdout) > 2 * KEPT
