"""What a person does with runs that are over: list, show, export. `nbagent.show` is here too."""

from __future__ import annotations

import os
import shlex
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from IPython import get_ipython

from nbagent.clock import SystemClock
from nbagent.errors import UsageError
from nbagent.events import Event
from nbagent.export import FORMATS, SUFFIXES, Format, Source, save, written
from nbagent.export.listing import table
from nbagent.export.stored import stored_conversation, stored_source
from nbagent.journal import Journal
from nbagent.meter import Meter
from nbagent.notebook import cells_from_history
from nbagent.phrases import clean
from nbagent.run import Run
from nbagent.trace import mimebundle
from nbagent.view import RunView
from nbagent.words import t

if TYPE_CHECKING:
    from nbagent.magics.session import Session

LISTED = 20
EXPORT_FORM = "`%kimi export [notebook|html|jsonl] [RUN] [PATH] [--conversation] [--force]`"


def runs(session: Session, rest: str) -> str:
    """`%kimi runs [TEXT]`: the last runs of every kernel, newest first."""
    lines = session.driving.journal.runs(rest, limit=LISTED)
    if lines:
        is_cut_off = any(line.state == "running" and not line.held_by for line in lines)
        hint = t("`%kimi resume [RUN]` takes up a run that was cut off.")
        return f"{table(lines)}\n{hint}" if is_cut_off else table(lines)
    own = [f"{run!r}  {run.started.prompt[:60]!r}" for run in session.runs.values()]
    return "\n".join(own) or t("No run yet.")


def show_run(session: Session, rest: str) -> str:
    """`%kimi show [RUN]`: a run's trace in the present cell."""
    name = _name(session, rest)
    run = session.runs.get(name)
    session.show(name, run.events if run else list(session.driving.journal.events(name)))
    return ""


def export(session: Session, rest: str) -> str:
    """`%kimi export`: write a run, or its whole conversation, to a file."""
    wanted = _export_options(rest)
    name = _name(session, wanted.run)
    run = session.runs.get(name)
    journal = session.driving.journal
    if wanted.conversation:
        sources = _turns(session, run) if run else stored_conversation(journal, name)
    else:
        sources = [source_of(session, run) if run else stored_source(journal, name)]
    path = Path(wanted.path or f"{name}{SUFFIXES[wanted.form]}")
    masked = [source.masked(session.redact) for source in sources]
    save(path, written(wanted.form, masked), force=wanted.force)
    return f"Written: {path}"


def _turns(session: Session, run: Run) -> list[Source]:
    """The runs of a conversation of this kernel, in order."""
    for conversation in session.conversations.values():
        turns = [turn.run for turn in conversation.line()]
        if run in turns:
            return [source_of(session, each) for each in turns]
    return [source_of(session, run)]


def source_of(session: Session, run: Run) -> Source:
    """A run of this kernel, with the cells that have run here without an error."""
    cells = cells_from_history(session.shell.history_manager.input_hist_raw, session.cell_ids)
    ran = [cell for cell in cells if cell.execution_count not in session.failed_cells]
    return Source.of(run.events, run.messages, ran)


def _export_options(rest: str) -> Namespace:
    """The words of `%kimi export`, in any order.

    Raises:
        UsageError: they cannot be understood.
    """
    wanted = Namespace(form=None, run="", path="", conversation=False, force=False)
    try:
        words = shlex.split(rest, posix=os.name == "posix")
    except ValueError as error:
        raise UsageError(f"A quote is left open: {error}.", f"Write {EXPORT_FORM}.") from error
    for word in words:
        if word in ("--conversation", "--force"):
            setattr(wanted, word[2:], True)
        elif word in FORMATS and wanted.form is None:
            wanted.form = word
        elif word.startswith("run-") and not Path(word).suffix and not wanted.run:
            wanted.run = word
        elif word.startswith("-") or wanted.path:
            raise UsageError(f"`%kimi export` does not know {word!r}.", f"Write {EXPORT_FORM}.")
        else:
            wanted.path = word
    wanted.form = wanted.form or form_of(wanted.path)
    return wanted


def form_of(path: str) -> Format:
    """The format that a file's name ends with; a notebook if it is none of ours."""
    suffix = Path(path).suffix
    found = next((form for form, ending in SUFFIXES.items() if suffix == ending), "notebook")
    return cast("Format", found)


def _name(session: Session, beginning: str) -> str:
    """The name of a run that is given by its beginning; of the last one if nothing is given.

    Raises:
        UsageError: there is none, or more than one.
    """
    if not beginning:
        own = session.driving.find(None)
        return own.run_id if own else _last(session.driving.journal, session.driving.notebook)
    own_names = [name for name in session.runs if name.startswith(beginning)]
    try:
        return session.driving.journal.find(beginning)
    except UsageError:
        if len(own_names) == 1:  # it is not on disk, or the only one of this kernel
            return own_names[0]
        raise


def _last(journal: Journal, notebook: str = "") -> str:
    """The name of the last run on record; of this notebook, if it has one.

    Raises:
        UsageError: there is none.
    """
    lines = journal.runs()
    here = [line for line in lines if notebook and line.notebook == notebook]
    if not lines:
        raise UsageError("No run yet.", "Ask something with %%kimi first.")
    return (here or lines)[0].run_id


def show(run_id: str | None = None) -> None:
    """Show a run's trace: in the present cell, or as text where there is no notebook.

    Args:
        run_id: its name, or how it begins; the last run if None.

    Raises:
        UsageError: there is no such run, or more than one that begins so.
    """
    shell = get_ipython()
    registered = shell.magics_manager.registry.get("KimiMagics") if shell is not None else None
    if registered is not None:
        show_run(registered.session, run_id or "")
        return
    journal = Journal(clock=SystemClock())
    name = journal.find(run_id) if run_id else _last(journal)
    events = list(journal.events(name))
    if shell is None:
        print(text_trace(events))  # noqa: T201 -- a script's display
    else:
        shell.display_pub.publish(mimebundle(*_folded(events)))


def text_trace(events: Sequence[Event]) -> str:
    """A run as text: its name, what was asked, a line for each step, the answer."""
    view, meter = _folded(events)
    asked = clean(view.started.prompt) if view.started else ""
    text: str = mimebundle(view, meter, mode="text")["text/plain"]
    return f"{view.run_id}: {asked}\n\n{text}"


def _folded(events: Sequence[Event]) -> tuple[RunView, Meter]:
    view, meter = RunView(), Meter()
    for event in events:
        view.apply(event)
        meter.apply(event)
    return view, meter
