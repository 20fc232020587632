"""`%%kimi`: a cell's text becomes a run, driven here until it has ended.

The way of a cell: options and prompt are told apart (`options`), the session prepares a run
(`session`), the pump drives it (`nbagent.kernel.pump`), its trace is shown in place (`display`),
and the Run is bound to `_`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from IPython.core.error import UsageError as OneLine
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import magic_arguments

from nbagent.assembly import system_prompt
from nbagent.errors import NBAgentError, UsageError
from nbagent.magics.completing import NAME, Completing
from nbagent.magics.line import COMMANDS, run_command
from nbagent.magics.options import parse_line, with_options
from nbagent.magics.replaying import replay
from nbagent.magics.session import Session
from nbagent.words import told


@magics_class
class KimiMagics(Magics):
    """`%%kimi` and `%kimi`."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self.session = Session(shell)
        self.completing = Completing(self.session)
        self.matcher = self.completing.matcher()

    @no_var_expand
    @cell_magic("kimi")
    @magic_arguments()  # type: ignore[no-untyped-call, untyped-decorator] # IPython's are untyped
    @with_options
    def cell(self, line: str, cell: str) -> None:
        """Ask Kimi K2.6 to do something in this kernel; the output shows how.

        Options come first, then the prompt, on the magic's own line or below. `@name` attaches
        a variable, `@file.csv` a file, `@last` the last error. The Run is `_` afterwards.
        """
        self._one_line(lambda: self._ask(line, cell))

    def _ask(self, line: str, cell: str) -> None:
        options, first = parse_line(line)
        options.view = "answer" if options.q else options.view
        if options.system:
            settings, _ = self.session.settings(options)
            print(system_prompt(settings.system))  # noqa: T201 -- the cell's output
            return
        prompt = f"{first}\n{cell}".strip()
        if not prompt:
            raise UsageError(
                "The cell asks for nothing.",
                "Write what you want after %%kimi or below it. Nothing was sent.",
            )
        if options.dry_run:
            run, *_ = self.session.prepare(options, prompt)
            print(self.session.preview(run))  # noqa: T201 -- the cell's output
            return
        run = replay(self.session, options, prompt) or self.session.ask(options, prompt)
        if run.finished and run.finished.reason == "error" and not self.session.interactive:
            raise OneLine(told(run.finished.text))

    @no_var_expand
    @line_magic("kimi")  # type: ignore[arg-type] # IPython types it for functions, not methods
    def line(self, line: str) -> None:
        """Show where things stand, or do one of: {commands}.

        `%kimi` alone shows the status, `%kimi help` explains the commands.
        """
        self._one_line(lambda: run_command(self.session, line))

    if line.__doc__:
        line.__doc__ = line.__doc__.format(commands=", ".join(COMMANDS))

    def _one_line(self, act: Callable[[], None]) -> None:
        """Show what went wrong as one line without a traceback; the cell counts as failed."""
        try:
            act()
        except (NBAgentError, OSError) as error:
            raise OneLine(self.session.redact(told(str(error)))) from None

    def register_completions(self) -> None:
        """Complete options, commands and `@names`: with the Tab key, and for pages that ask."""
        self.session.driving.mailbox.put_up(NAME, self.completing.answer)
        self.shell.Completer.custom_matchers.append(self.matcher)
