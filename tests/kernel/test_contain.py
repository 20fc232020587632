"""What would end a kernel or wait for ever is refused in words; what was broken is put back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel.harness import LiveKernel

pytestmark = pytest.mark.kernel

REFUSED = {
    "exit()": "end the user's kernel",
    "quit()": "end the user's kernel",
    "exit": "end the user's kernel",
    "get_ipython().ask_exit()": "end the user's kernel",
    "input('? ')": "nobody is there",
    "import getpass as _g; _g.getpass()": "nobody is there",
    "breakpoint()": "debugger",
    "import pdb as _p; _p.set_trace()": "debugger",
    "from IPython.core.debugger import set_trace as _st; _st()": "debugger",
}


@pytest.mark.parametrize("code", REFUSED)
def test_refused_in_words_and_the_kernel_lives(kernel: LiveKernel, code: str) -> None:
    told = kernel.tool(code)
    assert told.error[0] == "NotInToolCode"
    assert REFUSED[code] in told.error[1]
    assert kernel.cell("print('alive')").stdout == "alive\n"


def test_post_mortem_debugging_is_refused(kernel: LiveKernel) -> None:
    told = kernel.tool(
        "try:\n    1/0\nexcept ZeroDivisionError:\n    import pdb as _p; _p.post_mortem()"
    )
    assert told.error[0] == "NotInToolCode"
    kernel.cell("%pdb on")
    assert kernel.tool("1/0").error[0] == "ZeroDivisionError"
    kernel.cell("%pdb off")


def test_sys_exit_ends_the_call_only(kernel: LiveKernel) -> None:
    told = kernel.tool("import sys\nsys.exit(3)")
    assert told.error == ["SystemExit", "3"]
    assert any("kernel and its variables live on" in note for note in told.notes)
    assert "To exit: use" not in told.text
    kernel.cell("del sys")


def test_without_containment_exit_kills_the_kernel(tmp_path: Path) -> None:
    """The positive control."""
    other = LiveKernel(tmp_path)
    try:
        other.send("get_ipython().run_cell('exit()')")
        while other.manager.is_alive():
            other.client.is_alive()
    finally:
        other.close()


def test_an_agent_in_tool_code_is_refused(kernel: LiveKernel) -> None:
    kernel.cell(
        "get_ipython().register_magic_function(lambda line, cell: print('ran'), 'cell', 'kimi')"
    )
    told = kernel.tool("%%kimi\nanything")
    assert "already at work" in told.error[1]
    assert kernel.cell("%%kimi\nanything").stdout == "ran\n"
    kernel.cell("del get_ipython().magics_manager.magics['cell']['kimi']")


def test_the_working_directory_comes_back(kernel: LiveKernel) -> None:
    where = kernel.cell("import os as _os; print(_os.getcwd())").stdout
    told = kernel.tool("import os as _os; _os.chdir('/')")
    assert any("put back" in note for note in told.notes)
    assert kernel.cell("print(_os.getcwd())").stdout == where


BREAKING = {
    "import json as _j; _j.dumps = None": "dumps",
    "import builtins as _b; _b.open = None; _b.print = None": "open",
    "import builtins as _b; del _b.len": "len",
    "import builtins as _b; del _b.getattr, _b.isinstance": "getattr",
    "import sys as _s; _s.displayhook = lambda value: None": "displayhook",
    "get_ipython().display_pub = None": "display_pub",
    "import sys as _s; _s.stdout = None": "stdout",
}


@pytest.mark.parametrize("code", BREAKING)
def test_what_tool_code_breaks_is_put_back_and_said(kernel: LiveKernel, code: str) -> None:
    told = kernel.tool(code)
    assert any(BREAKING[code] in note for note in told.notes)
    assert kernel.tool("print(len('abc'))").text == "3\n"
    assert kernel.cell("7").outputs[0]["data"]["text/plain"] == "7"


def test_closing_the_streams_does_not_silence_the_kernel(kernel: LiveKernel) -> None:
    told = kernel.tool(
        "import sys as _s, os as _o\n_s.stdout.close(); _o.close(1); _o.close(2)\nprint('on')"
    )
    assert told.text == "on\n"
    assert kernel.cell("print('still on')").stdout == "still on\n"
    assert kernel.tool("!echo shell").text == "shell\n"


def test_names_of_the_kernel_survive_being_deleted(kernel: LiveKernel) -> None:
    kernel.tool("del get_ipython, In, Out")
    assert kernel.cell("print(get_ipython() is not None, type(In), type(Out))").stdout.startswith(
        "True"
    )


def test_the_users_last_error_is_not_replaced_by_the_agents(kernel: LiveKernel) -> None:
    kernel.cell("1/0")
    kernel.tool("{}['x']")
    assert (
        kernel.cell("import sys as _s; print(_s.last_type.__name__)").stdout
        == "ZeroDivisionError\n"
    )


def test_a_call_inside_a_call_is_refused(kernel: LiveKernel) -> None:
    told = kernel.tool("_executor.execute('1', print)")
    assert "already under way" in told.error[1]
