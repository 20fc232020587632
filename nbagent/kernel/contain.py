"""What tool code may not do in a live kernel, and the words that say so.

`exit()` kills a kernel, `input()` and debuggers wait for an answer that nobody gives. Each raises
in tool code and tells the model what to do in its place. What tool code broke on its way is put
back: the working directory, built-in functions, the kernel's own names, signal handlers.
"""

from __future__ import annotations

import bdb
import builtins
import getpass
import json
import os
import pdb  # noqa: T100 -- to refuse it
import re
import sys
import warnings
from collections.abc import Callable
from typing import Any, NoReturn, Self

from nbagent.kernel.interrupts import Interrupts
from nbagent.kernel.swaps import Swaps

EXIT = (
    "exit() would end the user's kernel and lose all variables, so it was not run. "
    "Let the code end by itself; when the work is done, write your answer."
)
INPUT = (
    "{} cannot be used here: nobody is there to type. "
    "Write down the value you need, or ask the user in your answer and end your turn."
)
DEBUGGER = (
    "A debugger cannot be used here: it waits for commands that nobody types. "
    "Print what you want to see."
)
AGAIN = (
    "%%kimi cannot be used in tool code: an agent is already at work in this kernel. "
    "Do this step with plain Python."
)
SYSTEM_EXIT = "SystemExit ended this call only; the kernel and its variables live on."

_KERNEL_NAMES = ("_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "_dh", "In", "Out",
                 "get_ipython", "exit", "quit")  # fmt: skip
_SYS_NAMES = ("excepthook", "last_type", "last_value", "last_traceback", "last_exc")
_EXIT_HINT = "To exit: use"
"""How IPython comments on a SystemExit; it would lead the model to `exit()`."""


class NotInToolCode(RuntimeError):
    """Tool code used something that needs a person or would end the kernel."""


class Containment:
    """Contains tool code while the context lasts.

    Args:
        shell: the IPython shell.
        interrupts: its handler is put back if tool code replaced it.

    Attributes:
        notes: what was put back, one sentence each; filled when the context ends.
    """

    def __init__(self, shell: Any, interrupts: Interrupts) -> None:
        self._shell = shell
        self._interrupts = interrupts
        self._folder: str | None = None
        self._refused = Swaps()
        self._kept = Swaps()
        self._kept_silently = Swaps()
        self._hint_filter: Any = None
        self.notes: list[str] = []

    def __enter__(self) -> Self:
        self._folder = _folder()
        self._keep_names()
        self._refuse()
        warnings.filterwarnings("ignore", message=re.escape(_EXIT_HINT))
        self._hint_filter = warnings.filters[0]
        return self

    def __exit__(self, *exc: object) -> None:
        for swaps in (self._refused, self._kept, self._kept_silently):
            swaps.__exit__(*exc)
        filters: Any = warnings.filters
        if self._hint_filter in filters:
            filters.remove(self._hint_filter)
        self._restore_folder()
        changed = sorted(self._kept.disturbed)
        if self._interrupts.restore():
            changed.append("the SIGINT handler")
        if changed:
            self.notes.append(f"The code replaced {', '.join(changed)}; that was undone.")

    def _keep_names(self) -> None:
        for name in [name for name in vars(builtins) if name != "_"]:
            self._kept.keep(builtins, name)
        for name in ("dumps", "loads"):
            self._kept.keep(json, name)
        for name in _SYS_NAMES:
            self._kept_silently.keep(sys, name)
        for name in _KERNEL_NAMES:
            self._kept_silently.keep_item(self._shell.user_ns, name)
        for trap in (self._shell.display_trap, self._shell.builtin_trap):
            self._kept_silently.keep(trap, "_nested_level")
        for name in ("execution_count", "keepkernel_on_exit"):
            self._kept_silently.keep(self._shell, name)

    def _refuse(self) -> None:
        swaps = self._refused
        swaps.attr(self._shell, "ask_exit", _refusal(EXIT))
        swaps.attr(builtins, "input", _refusal(INPUT.format("input()")))
        swaps.attr(getpass, "getpass", _refusal(INPUT.format("getpass()")))
        swaps.attr(sys, "breakpointhook", _refusal(DEBUGGER))
        swaps.attr(bdb.Bdb, "set_trace", _refusal(DEBUGGER))
        swaps.attr(pdb.Pdb, "set_trace", _refusal(DEBUGGER))
        swaps.attr(pdb.Pdb, "interaction", _refusal(DEBUGGER))
        swaps.attr(self._shell, "call_pdb", new=False)
        for magics in self._shell.magics_manager.magics.values():
            if "kimi" in magics:
                swaps.item(magics, "kimi", _refusal(AGAIN))

    def _restore_folder(self) -> None:
        now = _folder()
        if self._folder is None or now == self._folder:
            return
        try:
            os.chdir(self._folder)
        except OSError:
            self.notes.append(f"The working directory {self._folder} is gone; it is {now} now.")
        else:
            self.notes.append(
                f"The working directory was put back to {self._folder}; use full paths, "
                "not os.chdir."
            )


def _refusal(text: str) -> Callable[..., NoReturn]:
    def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        raise NotInToolCode(text)

    return refuse


def _folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 -- a string, as it is shown and set again
    except OSError:  # it was deleted
        return None
