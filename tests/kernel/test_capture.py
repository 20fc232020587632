"""What tool code shows arrives once, in order and bounded, and nothing leaks into the cell."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.kernel.harness import LiveKernel

pytestmark = pytest.mark.kernel

MIXED = """
import sys
from IPython.display import display, HTML
print("one")
display(HTML("<b>two</b>"))
print("three", file=sys.stderr)
print("four")
5
"""


def test_streams_displays_and_value_come_in_order(kernel: LiveKernel) -> None:
    told = kernel.tool(MIXED)
    assert told.shape == ["stdout", "display_data", "stderr", "stdout", "execute_result"]
    assert told.bundles[0]["text/html"] == "<b>two</b>"
    assert told.value == "5"
    assert told.leaked == []


def test_ipythons_own_capture_lets_a_traceback_out(kernel: LiveKernel) -> None:
    """The positive control: why there is a capture of our own."""
    stock = kernel.cell(
        "from IPython.utils.capture import capture_output as _co\n"
        "with _co() as _c: get_ipython().run_cell('1/0')"
    )
    assert [o["output_type"] for o in stock.outputs] == ["error"]
    ours = kernel.tool("1/0")
    assert ours.shape == ["error"]
    assert ours.error == ["ZeroDivisionError", "division by zero"]
    assert ours.leaked == []


def test_an_error_inside_the_cell_keeps_its_frames_and_no_others(kernel: LiveKernel) -> None:
    told = kernel.tool("def inner():\n    return {}['missing']\ninner()")
    traceback = "\n".join(told.outputs[0]["traceback"])
    assert "inner" in traceback
    assert "nbagent" not in traceback


def test_a_syntax_error_is_an_output(kernel: LiveKernel) -> None:
    told = kernel.tool("def broken(:")
    assert told.error[0] == "SyntaxError"
    assert told.shape == ["error"]


def test_subprocess_output_is_captured(kernel: LiveKernel) -> None:
    told = kernel.tool(
        "import subprocess, os\n"
        "_ = subprocess.run(['sh', '-c', 'echo out; echo err >&2'])\n"
        "os.write(1, 'é'.encode());"
    )
    by_name = {n: "".join(o["text"] for o in told.outputs if o["name"] == n) for n in told.shape}
    assert by_name == {"stdout": "out\né", "stderr": "err\n"}
    assert told.leaked == []


def test_forked_children_print_into_the_capture(kernel: LiveKernel) -> None:
    told = kernel.tool(
        "import os\npid = os.fork()\n"
        "if pid == 0:\n    print('from the child')\n    os._exit(0)\n"
        "os.waitpid(pid, 0);"
    )
    assert "from the child" in told.text
    kernel.cell("del pid")


def test_magics_and_shell_commands(kernel: LiveKernel) -> None:
    told = kernel.tool("%time _x = 1\n_y = !echo hello\nprint(_y)\n!echo shell")
    assert "Wall time" in told.text
    assert "['hello']" in told.text
    assert "shell" in told.text
    assert told.leaked == []


def test_a_logging_handler_made_before_writes_into_the_capture(kernel: LiveKernel) -> None:
    kernel.cell(
        "import logging as _logging\n_log = _logging.getLogger('t')\n"
        "_log.addHandler(_logging.StreamHandler())"
    )
    told = kernel.tool("_log.warning('old handler')")
    assert told.text == "old handler\n"
    assert told.shape == ["stderr"]


def test_display_updates_change_the_display_in_place(kernel: LiveKernel) -> None:
    told = kernel.tool(
        "from IPython.display import display\n"
        "h = display('first', display_id=True)\nprint('between')\nh.update('second')"
    )
    assert told.shape == ["display_data", "stdout"]
    assert told.bundles[0]["text/plain"] == "'second'"
    live = kernel.cell("print([o['output_type'] for o in _live])").stdout
    assert "update_display_data" in live
    kernel.cell("del h")


def test_clear_output_clears_the_call_only(kernel: LiveKernel) -> None:
    told = kernel.tool(
        "from IPython.display import clear_output\n"
        "print('gone'); clear_output(wait=True); print('kept')"
    )
    assert told.text == "kept\n"
    assert told.leaked == []


def test_figures_are_flushed_also_after_an_error(kernel: LiveKernel) -> None:
    told = kernel.tool("import matplotlib.pyplot as plt\nplt.plot([1, 2])\n1/0")
    assert told.shape == ["error", "display_data"]
    assert "image/png" in told.bundles[0]
    assert told.leaked == []


TITLED = "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.title('Oslo'); plt.ylabel('°C')"


def test_a_figure_says_in_words_what_it_shows(kernel: LiveKernel) -> None:
    """Also where the backend is chosen in this very call, which drops printers of figures."""
    again = "get_ipython().run_line_magic('matplotlib', 'inline')"
    (shown,) = [b for b in kernel.tool(f"{again}\n{TITLED}").bundles if "image/png" in b]
    assert shown["text/plain"] == "Oslo (y: °C)"
    (shown,) = [b for b in kernel.tool(f"{TITLED}\nplt.show()").bundles if "image/png" in b]
    assert shown["text/plain"] == "Oslo (y: °C)"
    (plain,) = kernel.tool("plt.plot([1, 2]); plt.show()").bundles
    assert plain["text/plain"].startswith("<Figure size"), "the control: it says nothing"
    own = kernel.cell(f"{TITLED}\nplt.show()").outputs
    assert [o["data"]["text/plain"] for o in own if "data" in o][-1].startswith("<Figure size")


def test_a_form_of_the_users_own_for_figures_is_kept(kernel: LiveKernel) -> None:
    form = "get_ipython().display_formatter.formatters['text/plain']"
    kernel.cell(
        "%matplotlib inline\n"  # choosing the backend later would drop the form
        "from matplotlib.figure import Figure as _Figure\n"
        f"{form}.for_type(_Figure, lambda figure, p, _: p.text('mine'))"
    )
    shown = kernel.tool(f"{TITLED}\nplt.show()").bundles[-1]
    kernel.cell(f"{form}.pop(_Figure)")
    assert shown["text/plain"] == "mine"


def test_out_in_underscore_and_counter_are_untouched(kernel: LiveKernel) -> None:
    before = kernel.cell("print(len(In), sorted(Out), get_ipython().execution_count)").stdout
    kernel.cell("41")
    kernel.tool("for _ in range(3): pass\n1234")
    after = kernel.cell("print(_, 1234 in Out.values())").stdout
    assert after == "41 False\n"
    counts = kernel.cell("print(len(In), sorted(Out), get_ipython().execution_count)").stdout
    n_in, n_count = int(before.split()[0]), int(before.split()[-1])
    assert (int(counts.split()[0]), int(counts.split()[-1])) == (n_in + 4, n_count + 4)


def test_values_are_not_kept_alive(kernel: LiveKernel) -> None:
    kernel.cell(
        "import weakref as _weakref, gc as _gc\nclass _Big:\n    def __repr__(self): return 'big'"
    )
    kernel.tool("_b = _Big(); _r = _weakref.ref(_b); _b")
    assert kernel.cell("del _b; _gc.collect(); print(_r())").stdout == "None\n"


def test_history_keeps_no_copy_of_what_was_printed(kernel: LiveKernel) -> None:
    kept = "getattr(get_ipython().history_manager, 'outputs', {}).values()"
    size = f"print(sum(len(str(o.bundle)) for v in {kept} for o in v))"
    before = int(kernel.cell(size).stdout)
    kernel.tool("print('x' * 1_000_000)")
    assert int(kernel.cell(size).stdout) - before < 300_000


def test_a_semicolon_silences_the_value(kernel: LiveKernel) -> None:
    assert kernel.tool("7;").outputs == []
    assert kernel.tool('!echo "it\'s"\n8').value == "8"


def test_fifty_megabytes_leave_memory_and_notebook_bounded(kernel: LiveKernel) -> None:
    told = kernel.tool("for _i in range(50):\n    print(str(_i % 10) * 1_000_000)")
    assert len(told.text) < 210_000
    assert told.cut_bytes > 49_000_000
    assert told.text.startswith("000")
    assert told.text.rstrip().endswith("999")
    spill = Path(told.spill)
    assert spill.stat().st_size == 50 * 1_000_001
    assert stat.S_IMODE(spill.stat().st_mode) == 0o600
    assert str(spill) in told.text
    spill.unlink()


def test_a_long_value_is_cut_and_kept_whole_on_disk(kernel: LiveKernel) -> None:
    told = kernel.tool("print('before')\n'y' * 2_000_000")
    assert len(told.bundles[0]["text/plain"]) < 60_000
    whole = Path(told.spill).read_text()
    assert whole.startswith("before\n'yyy")
    assert len(whole) > 2_000_000
    Path(told.spill).unlink()


def test_large_data_is_left_out_with_a_note(kernel: LiveKernel) -> None:
    told = kernel.tool(
        "from IPython.display import display\n"
        "display({'text/html': 'x' * 9_000_000, 'text/plain': 'plain'}, raw=True)"
    )
    assert "text/html" not in told.bundles[0]
    assert "text/html, 9,000,000 bytes, left out" in told.bundles[0]["text/plain"]


def test_thousands_of_displays_stay_few_outputs(kernel: LiveKernel) -> None:
    told = kernel.tool("from IPython.display import display\nfor _i in range(2000): display(_i)")
    assert len(told.outputs) < 250
    assert "1999" in told.text


def test_live_pieces_are_paced_and_complete_in_the_end(kernel: LiveKernel) -> None:
    told = kernel.tool("for _i in range(20_000): print(_i)")
    n = int(kernel.cell("print(len(_live))").stdout)
    assert n < 2_000
    assert told.text.endswith("19999\n")


def test_what_is_shown_inside_the_callback_goes_to_the_page(kernel: LiveKernel) -> None:
    request = kernel.send(
        "from IPython.display import display as _display\n"
        "def _show(o):\n    _display({'text/plain': 'TRACE'}, raw=True); print('(trace)')\n"
        "_told(_executor.execute('print(1)', _show))"
    )
    told = kernel.told(request)
    assert told.text == "1\n"
    assert any("TRACE" in str(o) for o in told.leaked)


RICH = """
import plotly.graph_objects as go
from tqdm.notebook import tqdm
import ipywidgets, pandas as pd
from IPython.display import display
display(go.Figure(go.Scatter(y=[1, 2, 3])))
for _ in tqdm(range(3)): pass
ipywidgets.interact(lambda a: a, a=3)
pd.DataFrame({'a': [1, 2]}).style.highlight_max()
"""


def test_rich_outputs_arrive_with_all_their_mimes(kernel: LiveKernel) -> None:
    told = kernel.tool(RICH)
    assert told.error is None
    mimes = [set(bundle) for bundle in told.bundles]
    assert any("application/vnd.plotly.v1+json" in kinds for kinds in mimes)
    assert sum("application/vnd.jupyter.widget-view+json" in kinds for kinds in mimes) >= 2
    assert any("highlight" in str(b) or "<style" in str(b.get("text/html")) for b in told.bundles)
    kernel.cell("del go, tqdm, ipywidgets, pd, display")


def test_what_an_output_widget_shows_belongs_to_the_widget(kernel: LiveKernel) -> None:
    told = kernel.tool(
        "import ipywidgets\nfrom IPython.display import clear_output\n"
        "print('kept')\n"
        "with ipywidgets.Output() as _out:\n"
        "    clear_output(); print('in the widget')\n"
        "print('after')"
    )
    assert told.text == "kept\nafter\n"
    assert "in the widget\n" in [o.get("text") for o in told.leaked]
    kernel.cell("del ipywidgets, clear_output")


def test_late_output_of_a_thread_is_labelled(kernel: LiveKernel) -> None:
    kernel.tool(
        "import threading\n_go, _done = threading.Event(), threading.Event()\n"
        "def late():\n    _go.wait()\n    print('too late')\n    _done.set()\n"
        "threading.Thread(target=late, name='worker').start()"
    )
    told = kernel.tool("_go.set(); _done.wait(); print('own')")
    assert "[late output of worker] too late\n" in told.text
    assert "own\n" in told.text.splitlines(keepends=True)
    kernel.cell("del late, threading")


def test_late_output_between_calls_is_labelled_in_the_cell(kernel: LiveKernel) -> None:
    start = (
        "import threading as _th\n_go, _done = _th.Event(), _th.Event()\n"
        "def _late():\n    _go.wait()\n    print('between calls')\n    _done.set()\n"
        "_th.Thread(target=_late, name='worker').start()"
    )
    told = kernel.told(kernel.send(f"_tool({start!r})\n_go.set(); _done.wait();print('mine')"))
    assert [o["text"] for o in told.leaked] == ["[late output of worker] between calls\nmine\n"]


def test_a_process_left_running_is_labelled_and_does_not_block(kernel: LiveKernel) -> None:
    kernel.tool(
        "import subprocess\n"
        "_p = subprocess.Popen(['sh', '-c', 'read x; echo $x'], stdin=subprocess.PIPE, text=True)"
    )
    told = kernel.tool("_p.communicate('from the process')\n__import__('time').sleep(0.2)")
    assert "[late output of a background process] from the process" in told.text
    kernel.cell("del subprocess")
