"""`nbagent runs`: the runs on record, listed, shown, exported and removed.

What a command needs is loaded when it is called, so that the others need not wait for it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nbagent.cli.group import Commands
from nbagent.errors import UsageError
from nbagent.words import counted, t, told

if TYPE_CHECKING:
    from nbagent.journal import Journal

FORMATS = ("notebook", "html", "jsonl")
DEFAULT_DAYS = 90.0


def _journal() -> Journal:
    from nbagent.clock import SystemClock  # noqa: PLC0415 -- see above
    from nbagent.journal import Journal  # noqa: PLC0415 -- see above

    return Journal(clock=SystemClock())


@click.group(cls=Commands)
def runs() -> None:
    """Runs on record, of every kernel. A run may be named by how its name begins."""


@runs.command("list")
@click.option("--json", "as_rows", is_flag=True, help="A JSON array, names with their units.")
@click.option("--search", default="", metavar="TEXT", help="Only runs with this in their prompt.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), metavar="N")
def list_runs(*, as_rows: bool, search: str, limit: int) -> None:
    """List runs, newest first."""
    from nbagent.export.listing import as_json, table  # noqa: PLC0415 -- see above

    journal = _journal()
    lines = journal.runs(search, limit=limit)
    if journal.note:
        click.echo(told(journal.note), err=True)
    if as_rows:
        click.echo(as_json(lines))
    else:
        click.echo(table(lines) if lines else t("No run found.") if search else t("No run yet."))


@runs.command()
@click.argument("run", default="")
def show(run: str) -> None:
    """Show the trace of RUN, or of the last one, as text."""
    from nbagent.magics.stored import text_trace  # noqa: PLC0415 -- see above

    journal = _journal()
    click.echo(text_trace(list(journal.events(_named(journal, run)))))


@runs.command()
@click.argument("form", type=click.Choice(FORMATS), metavar="FORMAT")
@click.argument("run", default="")
@click.option("-o", "--out", default="", metavar="PATH", help="The file; - for the terminal.")
@click.option("--conversation", is_flag=True, help="The whole conversation, its runs in order.")
@click.option("--force", is_flag=True, help="Take the place of a file that is there.")
def export(*, form: str, run: str, out: str, conversation: bool, force: bool) -> None:
    """Write RUN, or the last one, to a file that needs no nbagent.

    FORMAT is notebook (the code that ran, which makes the variables again), html (the trace as one
    page) or jsonl (the events).
    """
    from nbagent.export import SUFFIXES, save, written  # noqa: PLC0415 -- see above
    from nbagent.export.stored import (  # noqa: PLC0415 -- see above
        stored_conversation,
        stored_source,
    )
    from nbagent.redact import Redactor  # noqa: PLC0415 -- see above

    journal, redact = _journal(), Redactor()
    redact.add_environment(os.environ)
    name = _named(journal, run)
    found = stored_conversation(journal, name) if conversation else [stored_source(journal, name)]
    kind = next(each for each in SUFFIXES if each == form)
    text = written(kind, [source.masked(redact) for source in found])
    if out == "-":
        click.echo(text, nl=False)
    else:
        path = save(Path(out or f"{name}{SUFFIXES[kind]}"), text, force=force)
        click.echo(t("Written: {path}", path=path))


@runs.command()
@click.argument("names", nargs=-1, required=True, metavar="RUN...")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(*, names: tuple[str, ...], yes: bool) -> None:
    """Delete runs from the record, for good."""
    journal = _journal()
    found = list(dict.fromkeys(journal.find(_given(name)) for name in names))
    if not yes and not click.confirm(t("Delete {runs} for good?", runs=", ".join(found))):
        click.echo(t("Nothing was deleted."))
        return
    click.echo(t("Deleted: {runs}.", runs=counted(journal.delete(found), "run")))


@runs.command()
@click.option(
    "--older-than",
    type=click.FloatRange(0),
    metavar="DAYS",
    help=f"Remove runs that began longer ago ({DEFAULT_DAYS:.0f} if nothing is given).",
)
@click.option(
    "--max-mb",
    type=click.FloatRange(0),
    metavar="MB",
    help="Remove the oldest until the record is no larger.",
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def gc(*, older_than: float | None, max_mb: float | None, dry_run: bool) -> None:
    """Remove old runs from the record; a run that goes on stays."""
    from nbagent.phrases import size  # noqa: PLC0415 -- see above

    if older_than is None and max_mb is None:
        older_than = DEFAULT_DAYS
    swept = _journal().gc(older_than_days=older_than, max_mb=max_mb, dry_run=dry_run)
    facts = {"runs": counted(swept.n_runs, "run"), "size": size(swept.n_bytes)}
    would = t("Would remove: {runs}, {size}.", **facts)
    click.echo(would if dry_run else t("Removed: {runs}, {size}.", **facts))


def _named(journal: Journal, run: str) -> str:
    """The name of the run that begins so; of the last one if nothing is given.

    Raises:
        UsageError: there is none, or more than one.
    """
    if run:
        return journal.find(run)
    last = journal.runs(limit=1)
    if not last:
        raise UsageError("No run yet.")
    return last[0].run_id


def _given(name: str) -> str:
    if not name:
        raise UsageError("An empty name names no run.", "Nothing was deleted.")
    return name
